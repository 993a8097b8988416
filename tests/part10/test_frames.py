"""Where the frames are: native, encapsulated, with tables and without, and what misleads."""

import struct

import pytest
from pydicom.encaps import encapsulate_extended

from dicomweb.errors import NotFound
from dicomweb.part10 import FrameTable
from dicomweb.part10.bulk import read_frame
from dicomweb.part10.frames import item_table, native_table
from tests import samples
from tests.part10 import oracle

JPEG, J2K, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"
H264 = "1.2.840.10008.1.2.4.102"


def frames_of(data: bytes) -> list[bytes]:
    header = oracle.scan_bytes(data)
    table = FrameTable.unpack(header.frames.pack())
    return [
        read_frame(table, n, header.bulk, header.transfer_syntax, 0, len(data), oracle.reader(data))
        for n in range(1, table.count + 1)
    ]


def encapsulated(frames, syntax=JPEG, *, fragments=1, table=True, **values) -> bytes:
    dataset = samples.make_image(**values)
    samples.compress(dataset, frames, fragments=fragments, table=table)
    return samples.encode(dataset, syntax)


def jpeg(number: int, size: int = 40) -> bytes:
    return b"\xff\xd8\xff" + bytes([number]) * size + b"\x00\xff\xd9"


THREE = [jpeg(1), jpeg(2, 100), jpeg(3, 60)]


def test_native_frames_are_computed():
    data = samples.make_instance(rows=4, columns=6, frames=3)
    pixels = data[-144:]
    assert frames_of(data) == [pixels[:48], pixels[48:96], pixels[96:]]


@pytest.mark.parametrize("value", [None, 0])
def test_no_number_of_frames_is_one(value):
    dataset = samples.make_image()
    if value is not None:
        dataset.NumberOfFrames = value
    assert len(frames_of(samples.encode(dataset))) == 1


@pytest.mark.parametrize("bytes_per_pixel", [2, 3])
def test_subsampled_colour_has_two_bytes_a_pixel_unless_it_is_stored_in_full(bytes_per_pixel):
    dataset = samples.make_image(rows=4, columns=6)
    dataset.SamplesPerPixel, dataset.BitsAllocated, dataset.NumberOfFrames = 3, 8, 2
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.PlanarConfiguration = 0
    dataset.PixelData = bytes(range(2 * 24 * bytes_per_pixel))
    data = samples.encode(dataset)
    assert [len(frame) for frame in frames_of(data)] == [24 * bytes_per_pixel] * 2
    assert oracle.scan_bytes(data).doubts == ()


def test_frames_of_single_bits_are_cut_out_of_their_bytes():
    rows, columns, frames = 3, 5, 4
    bits = [(i * 7 % 3) % 2 for i in range(rows * columns * frames)]
    packed = sum(bit << i for i, bit in enumerate(bits)).to_bytes(8, "little")
    dataset = samples.make_image(rows=rows, columns=columns)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.NumberOfFrames = 0, frames
    dataset.PixelData = packed
    found = frames_of(samples.encode(dataset))
    numbers = [int.from_bytes(frame, "little") for frame in found]
    expected = [sum(b << i for i, b in enumerate(bits[n * 15 : n * 15 + 15])) for n in range(4)]
    assert numbers == expected


def test_a_table_of_single_bits_says_that_frames_share_bytes():
    assert not native_table(4, 100, 16, 8).shares_bytes
    table = native_table(4, 100, 15, 8)
    assert table.shares_bytes
    assert table.spans(2) == [(101, 3)]


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("fragments", [1, 2, 3])
def test_fragments_are_put_together_with_and_without_a_table(table, fragments):
    data = encapsulated(THREE, fragments=fragments, table=table)
    assert [frame.rstrip(b"\0") for frame in frames_of(data)] == THREE


def test_the_extended_offset_table_counts_where_the_basic_one_is_empty():
    dataset = samples.make_image(NumberOfFrames=3)
    value, offsets, lengths = encapsulate_extended(THREE)
    dataset.add_new(0x7FE00010, "OB", value)
    dataset["PixelData"].is_undefined_length = True
    dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    found = frames_of(samples.encode(dataset, JPEG))
    assert [frame.rstrip(b"\0") for frame in found] == THREE


def test_a_basic_offset_table_that_points_outside_is_not_trusted():
    data = encapsulated(THREE, fragments=2)
    place = data.index(b"\xfe\xff\x00\xe0\x0c\x00\x00\x00") + 8
    wrong = data[:place] + struct.pack("<3I", 0, 7, 2**31) + data[place + 12 :]
    assert [frame.rstrip(b"\0") for frame in frames_of(wrong)] == THREE


def test_frames_begin_with_their_codestream_where_nothing_else_tells():
    frames = [b"\xff\x4f\xff\x51" + bytes([n]) * 50 for n in (1, 2, 3)]
    data = encapsulated(frames, J2K, fragments=2, table=False)
    assert frames_of(data) == frames


def test_rle_has_one_fragment_a_frame():
    frames = [bytes([n]) * 64 for n in (1, 2)]
    assert frames_of(encapsulated(frames, RLE, table=False)) == frames


def test_a_single_frame_has_all_fragments():
    data = encapsulated([jpeg(1, 100)], fragments=4, table=False)
    assert frames_of(data) == [jpeg(1, 100)]


def test_video_is_one_frame_of_all_fragments():
    dataset = samples.make_image()
    samples.compress(dataset, [b"abcd" * 10], fragments=3)
    dataset.NumberOfFrames = 25
    assert frames_of(samples.encode(dataset, H264)) == [b"abcd" * 10]


def test_fewer_fragments_than_frames_are_as_many_frames():
    dataset = samples.make_image()
    samples.compress(dataset, THREE)
    dataset.NumberOfFrames = 5
    data = samples.encode(dataset, JPEG)
    assert len(frames_of(data)) == 3
    assert oracle.scan_bytes(data).doubts[0].sentence == "There are 3 fragments for 5 frames."


def test_native_pixel_data_that_end_early_have_fewer_frames():
    data = samples.make_instance(rows=4, columns=6, frames=3)[:-60]
    assert [len(frame) for frame in frames_of(data)] == [48, 36]


def test_native_pixels_under_a_compressed_syntax_are_told_from_compressed_ones():
    data = samples.make_instance(rows=4, columns=6)
    syntax = b"1.2.840.10008.1.2.1\0"
    header = oracle.scan_bytes(data.replace(syntax, b"1.2.840.10008.1.2.5\0"))
    assert header.frames.native
    assert "native" in header.doubts[0].sentence


def test_pixel_data_without_rows_are_one_block():
    dataset = samples.make_image()
    del dataset.Rows
    data = samples.encode(dataset)
    assert [len(frame) for frame in frames_of(data)] == [48]
    assert "Rows" in oracle.scan_bytes(data).doubts[0].sentence


@pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
def test_float_pixel_data_have_frames(keyword):
    dataset = samples.make_image(rows=2, columns=2, NumberOfFrames=2)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit
    size = 4 if keyword == "FloatPixelData" else 8
    dataset.BitsAllocated = size * 8
    setattr(dataset, keyword, bytes(range(8 * size)))
    assert [len(frame) for frame in frames_of(samples.encode(dataset))] == [4 * size] * 2


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"])
def test_frames_without_a_place_in_the_file_are_read_through_their_value(syntax):
    dataset = samples.make_image(rows=4, columns=6, frames=3)
    pixels = dataset.PixelData
    data = samples.encode(dataset, syntax)
    if syntax.endswith(".2"):  # pydicom does not turn the bytes
        swapped = b"".join(pixels[i + 1 : i + 2] + pixels[i : i + 1] for i in range(0, 144, 2))
        data = data.replace(pixels, swapped)
    assert oracle.scan_bytes(data).frames.inside
    assert b"".join(frames_of(data)) == pixels


def test_a_frame_beyond_the_last_is_not_found():
    table = native_table(2, 0, 64, 16)
    for number in (0, 3, -1):
        with pytest.raises(NotFound):
            table.spans(number)


def test_a_table_beyond_four_gigabytes_has_wide_offsets():
    starts = [2**33, 2**33 + 2**32 - 2, 2**34]
    table = FrameTable.unpack(item_table(starts).pack())
    assert table.spans(2) == [(2**33 + 2**32 + 6, 2**34 - 2**33 - 2**32 - 6)]


def test_a_table_of_five_thousand_frames_is_small_and_tells_one_frame_at_once():
    table = item_table(list(range(1000, 1000 + 5001 * 500, 500)))
    assert len(table.pack()) < 20_100
    assert table.spans(5000) == [(1000 + 4999 * 500 + 8, 492)]


def test_an_instance_without_pixel_data_has_no_table():
    assert oracle.scan_bytes(samples.encode(samples.make_dataset())).frames is None
