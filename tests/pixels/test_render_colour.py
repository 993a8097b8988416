"""Colour by number: palettes of every packing, luminance and chroma, planes, wide samples."""

from typing import Any

import numpy as np
import pytest
import samples
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_palette_files
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, convert_color_space

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.palette import Palette, colour, read_palette, well_known
from dicomweb.pixels.tables import no_bulk
from tests.pixels.rendering import Instance, instance_of, metadata_of

COLOURS = np.array(
    [
        [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]],
        [[0, 0, 0], [128, 128, 128], [255, 255, 0], [0, 255, 255]],
    ],
    np.uint8,
)


def coloured(values: NDArray[Any], photometric: str = "RGB", **attributes: Any) -> Dataset:
    dataset = samples.make_image(rows=values.shape[0], columns=values.shape[1])
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = dataset.BitsStored = 8 * values.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = values.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def test_red_green_blue_stay_what_they_are() -> None:
    assert np.array_equal(instance_of(coloured(COLOURS)).png(), COLOURS)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("kind", ["image/png", "image/jpeg"])
def test_another_number_of_samples_than_three_is_no_colour(count: int, kind: str) -> None:
    values = np.zeros((4, 6, count), np.uint8)
    with pytest.raises(NotAcceptable, match=f"{count} samples"):
        instance_of(coloured(values, SamplesPerPixel=count)).picture(kind)


def test_a_window_means_nothing_to_colour() -> None:
    dataset = coloured(COLOURS, WindowCenter=40, WindowWidth=2)
    assert np.array_equal(instance_of(dataset).png(), COLOURS)


def test_planes_are_put_together() -> None:
    dataset = coloured(COLOURS, PlanarConfiguration=1)
    dataset.PixelData = COLOURS.transpose(2, 0, 1).tobytes()
    assert np.array_equal(instance_of(dataset).png(), COLOURS)


def test_luminance_and_chroma_agree_with_pydicom() -> None:
    stored = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    oracle = convert_color_space(stored, "YBR_FULL", "RGB")
    picture = instance_of(coloured(stored, "YBR_FULL")).png()
    assert np.abs(picture.astype(int) - oracle).max() <= 1


def test_shared_chroma_is_given_to_both_columns() -> None:
    stored = np.array([76, 76, 85, 255, 150, 150, 44, 21], np.uint8)
    dataset = coloured(COLOURS[:1], "YBR_FULL_422")
    dataset.PixelData = stored.tobytes()
    picture = instance_of(dataset).png()
    expected = [[[254, 0, 0], [254, 0, 0], [0, 255, 1], [0, 255, 1]]]
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_partial_range_reaches_black_and_white() -> None:
    stored = np.array([[[16, 128, 128], [235, 128, 128]]], np.uint8)
    picture = instance_of(coloured(stored, "YBR_PARTIAL_420")).png()
    assert picture.tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint16, 16), (np.uint16, 12), (np.uint32, 32)])
def test_wide_samples_become_eight_bits(dtype: type, bits: int) -> None:
    wide = np.round(COLOURS * (((1 << bits) - 1) / 255)).astype(dtype)
    dataset = coloured(wide, BitsStored=bits, HighBit=bits - 1)
    assert np.array_equal(instance_of(dataset).png(), COLOURS)


@pytest.mark.parametrize("photometric", ["HSV", "ARGB", "CMYK", "NONSENSE"])
def test_a_retired_colour_space_is_refused(photometric: str) -> None:
    with pytest.raises(NotAcceptable):
        instance_of(coloured(COLOURS, photometric)).png()


def indexed(values: NDArray[Any], described: list[int], **attributes: Any) -> Dataset:
    dataset = samples.make_image(rows=values.shape[0], columns=values.shape[1])
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    dataset.BitsAllocated = dataset.BitsStored = 8 * values.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    for tag in (0x00281101, 0x00281102, 0x00281103):
        dataset.add_new(tag, "SS" if described[1] < 0 else "US", described)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def filled(dataset: Dataset, entries: NDArray[Any], base: int = 0x00281201) -> Dataset:
    """With the three columns of `entries` as palette data."""
    for channel in range(3):
        dataset.add_new(base + channel, "OW", np.ascontiguousarray(entries[:, channel]).tobytes())
    return dataset


RAINBOW = np.random.default_rng(2).integers(0, 256, (256, 3), np.uint8)
INDICES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_a_palette_of_bytes_gives_its_colours() -> None:
    dataset = filled(indexed(INDICES, [256, 0, 8]), RAINBOW)
    assert np.array_equal(instance_of(dataset).png(), RAINBOW[INDICES])


def test_a_palette_of_words_gives_its_high_bytes() -> None:
    wide = RAINBOW.astype("<u2") * 257
    dataset = filled(indexed(INDICES, [256, 0, 16]), wide)
    assert np.array_equal(instance_of(dataset).png(), RAINBOW[INDICES])
    assert np.array_equal(apply_color_lut(INDICES, dataset) >> 8, RAINBOW[INDICES])


@pytest.mark.parametrize("bits", [8, 16])
def test_bytes_in_words_are_bytes(bits: int) -> None:
    dataset = filled(indexed(INDICES, [256, 0, bits]), RAINBOW.astype("<u2"))
    assert np.array_equal(instance_of(dataset).png(), RAINBOW[INDICES])


def test_inputs_beyond_the_palette_take_its_ends() -> None:
    values = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
    dataset = filled(indexed(values, [256, -128, 8]), RAINBOW)
    expected = RAINBOW[np.clip(values + 128, 0, 255)]
    assert np.array_equal(instance_of(dataset).png(), expected)


def test_a_palette_of_65536_entries_says_0() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    entries = np.stack([np.arange(65536), np.arange(65536)[::-1], np.full(65536, 700)], axis=1)
    picture = instance_of(filled(indexed(values, [0, 0, 16]), entries.astype("<u2"))).png()
    assert np.array_equal(picture[..., 0], values >> 8)
    assert np.array_equal(picture[..., 1], 255 - (values >> 8))


def segmented(cells: list[int], bits: int, count: int) -> Palette | None:
    dataset = indexed(INDICES, [count, 0, bits])
    stored = np.array(cells, "<u2" if bits > 8 else "u1")
    filled(dataset, np.stack([stored] * 3, axis=1), 0x00281221)
    return read_palette(metadata_of(dataset), no_bulk, signed=False)


def test_segments_are_discrete_linear_and_copied() -> None:
    # Two values, a way to 90 in four steps, and both once more from byte 0 on, again from 90.
    palette = segmented([0, 2, 5, 10, 1, 4, 90, 2, 2, 0, 0, 0, 0], 8, 12)
    assert palette is not None
    red = palette.table[:, 0].tolist()
    assert red == [5, 10, 30, 50, 70, 90, 5, 10, 30, 50, 70, 90]


def test_segments_of_words_agree_with_pydicom() -> None:
    cells = [0, 3, 100, 20000, 65535, 1, 100, 0, 1, 153, 40000]
    dataset = indexed(INDICES, [256, 0, 16])
    filled(dataset, np.stack([np.array(cells, "<u2")] * 3, axis=1), 0x00281221)
    instance = instance_of(dataset)
    dataset.file_meta = samples.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = instance.transfer_syntax
    oracle = apply_color_lut(INDICES, dataset) >> 8
    assert np.array_equal(instance.png(), oracle)


def test_a_copied_segment_of_words_is_named_by_its_byte() -> None:
    palette = segmented([0, 1, 0, 0, 2, 0x1000, 0x8000, 2, 1, 6, 0], 16, 5)
    assert palette is not None
    assert palette.table[:, 0].tolist() == [0, 0x10, 0x80, 0x10, 0x80]


@pytest.mark.parametrize("cells", [[1, 4, 90], [2, 1, 0, 0, 0, 0], [7, 1, 1], [0, 0, 1], [1]])
def test_damaged_segments_are_refused(cells: list[int]) -> None:
    dataset = indexed(INDICES, [256, 0, 8])
    filled(dataset, np.stack([np.array(cells, "u1")] * 3, axis=1), 0x00281221)
    with pytest.raises(NotAcceptable, match="palette"):
        instance_of(dataset).png()


def test_segments_that_end_early_give_what_they_have() -> None:
    palette = segmented([0, 200, 7, 8, 9], 8, 256)
    assert palette is not None
    assert palette.table[:, 0].tolist() == [7, 8, 9]


def test_segments_that_copy_each_other_for_ever_end() -> None:
    assert segmented([0, 1, 7, *([2, 1, 0, 0, 0, 0] * 5000)], 8, 256) is not None
    assert segmented([0, 1, 7, *([2, 255, 0, 0, 0, 0] * 5000)], 8, 256) is None


def test_an_image_without_its_palette_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="palette"):
        instance_of(indexed(INDICES, [256, 0, 8])).png()


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "hotiron"),
        (2, "pet"),
        (3, "hotmetalblue"),
        (4, "pet20step"),
        (5, "spring"),
        (6, "summer"),
        (7, "fall"),
        (8, "winter"),
    ],
)
def test_well_known_palettes_go_by_uid(number: int, name: str) -> None:
    uid = f"1.2.840.10008.1.5.{number}"
    palette = well_known(uid)
    assert palette is not None
    stored = dcmread(get_palette_files(f"{name}.dcm")[0])
    assert str(stored.SOPInstanceUID) == uid
    assert np.array_equal(colour(INDICES, palette), apply_color_lut(INDICES, palette=uid))


def supplemental(presentation: str) -> Instance:
    values = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    dataset = filled(indexed(values, [100, 900, 8]), RAINBOW[:100])
    dataset.PhotometricInterpretation, dataset.PixelPresentation = "MONOCHROME2", presentation
    dataset.WindowCenter, dataset.WindowWidth = 512, 1024
    return instance_of(dataset)


@pytest.mark.parametrize("presentation", ["COLOR", "MIXED"])
def test_a_supplemental_palette_begins_above_the_grey(presentation: str) -> None:
    flat = supplemental(presentation).png().reshape(-1, 3)
    assert np.array_equal(flat[900:1000], RAINBOW[:100])
    assert np.array_equal(flat[1000:], np.repeat(RAINBOW[99:100], 24, axis=0))
    assert (flat[:900] == flat[:900, :1]).all()
    assert flat[899, 0] == round(899 / 1023 * 255)


def test_a_palette_beside_a_monochrome_image_does_not_count() -> None:
    assert supplemental("MONOCHROME").png().ndim == 2


def labels(**attributes: Any) -> Instance:
    values = np.array([[0, 1, 2], [5, 1, 3]], np.uint8)
    dataset = samples.make_image(rows=2, columns=3)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelData = 7, values.tobytes()
    segment = Dataset()
    # CIELab of sRGB red.
    segment.SegmentNumber, segment.RecommendedDisplayCIELabValue = 2, [35580, 53654, 50854]
    dataset.SegmentSequence = [segment]
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return instance_of(dataset)


def test_labels_have_the_colours_of_their_segments() -> None:
    picture = labels().png()
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert np.abs(picture[0, 2].astype(int) - [255, 0, 0]).max() <= 3
    different = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert len(different) == 5


def test_the_padding_of_a_label_map_is_its_background() -> None:
    instance = labels()
    instance.metadata["00280120"] = {"vr": "US", "Value": [5]}
    assert instance.png()[1, 0].tolist() == [0, 0, 0]


def test_a_fractional_segmentation_is_white_at_its_maximum() -> None:
    dataset = samples.make_image(rows=1, columns=3)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
    dataset.SegmentationType, dataset.MaximumFractionalValue = "FRACTIONAL", 100
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelData = 7, bytes([0, 50, 100, 0])
    assert instance_of(dataset).png().tolist() == [[0, 128, 255]]


def test_one_bit_is_black_and_white() -> None:
    dataset = samples.make_image(rows=2, columns=4)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.PixelData = 0, bytes([0b10010110, 0])
    expected = [[0, 255, 255, 0], [255, 0, 0, 255]]
    assert instance_of(dataset).png().tolist() == expected
