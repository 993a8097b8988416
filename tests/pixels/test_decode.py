"""Stored frames to samples, by number: words and the bits in them, packing, colour, bad input."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import samples
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.colour import to_rgb
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel, Kind, photometric_after
from tests.pixels.stored_images import make_image, make_samples, stored

EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."


def words(*values: int, bits: int = 16, **more: Any) -> tuple[bytes, ImagePixel]:
    """One row of 16-bit words and its description."""
    frame = struct.pack(f"<{len(values)}H", *values)
    settings: dict[str, Any] = {"bits_stored": bits, "high_bit": bits - 1} | more
    return frame, ImagePixel(rows=1, columns=len(values), **settings)


@pytest.mark.parametrize(
    ("stored_words", "more", "expected"),
    [
        ((0x0FFF, 0x0800), {}, [4095, 2048]),
        ((0xFFFF, 0xF800), {}, [4095, 2048]),
        ((0x0FFF, 0x0800), {"signed": True}, [-1, -2048]),
        ((0xF7FF, 0xFFFF), {"signed": True}, [2047, -1]),
        ((0xFFF0, 0x800F), {"high_bit": 15}, [4095, 2048]),
        ((0xFFF0, 0x800F), {"high_bit": 15, "signed": True}, [-1, -2048]),
        ((0x7FF8, 0x8007), {"high_bit": 14}, [4095, 0]),
    ],
    ids=[
        "clean",
        "overlay above",
        "negative",
        "overlay above a sign",
        "high",
        "high, signed",
        "mid",
    ],
)
def test_a_sample_is_the_bits_below_high_bit_and_nothing_else(
    stored_words: tuple[int, ...], more: dict[str, Any], expected: list[int]
) -> None:
    frame, image = words(*stored_words, bits=12, **more)
    assert decode(frame, image).tolist() == [expected]


@pytest.mark.parametrize("allocated", [8, 16, 32, 64])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN])
def test_native_words_of_every_width_and_sign_are_read(
    allocated: int, signed: bool, syntax: str
) -> None:
    values = np.array(
        [[0, 1, (1 << (allocated - 1)) - 1]], f"{'i' if signed else 'u'}{allocated // 8}"
    )
    image = ImagePixel(
        1,
        3,
        bits_allocated=allocated,
        bits_stored=allocated,
        high_bit=allocated - 1,
        signed=signed,
        transfer_syntax=syntax,
        word_vr="OB",
    )
    frame = values.astype(values.dtype.newbyteorder("<" if syntax == EXPLICIT else ">")).tobytes()
    found = decode(frame, image)
    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


@pytest.mark.parametrize(("kind", "dtype"), [(Kind.FLOAT, "f4"), (Kind.DOUBLE, "f8")])
@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN, RLE])
def test_floats_are_read_bit_by_bit(kind: Kind, dtype: str, syntax: str) -> None:
    values = np.array([[0.5, -1e30, np.inf, np.nan]], dtype)
    image = ImagePixel(1, 4, bits_allocated=8 * values.itemsize, kind=kind, transfer_syntax=syntax)
    order = ">" if syntax == BIG_ENDIAN else "<"
    frame = values.astype(values.dtype.newbyteorder(order)).tobytes()
    if syntax == RLE:
        planes = [frame[byte :: values.itemsize] for byte in reversed(range(values.itemsize))]
        segments = [bytes([3]) + plane + b"\0" for plane in planes]
        offsets = [64 + 6 * number for number in range(len(segments))]
        head = struct.pack("<16L", len(segments), *offsets, *[0] * (15 - len(segments)))
        frame = head + b"".join(segments)
    assert np.array_equal(decode(frame, image), values, equal_nan=True)


def test_bits_are_read_low_bit_first() -> None:
    image = ImagePixel(3, 3, bits_allocated=1, bits_stored=1, high_bit=0)
    assert decode(b"\x0b\xff", image).tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_bytes_in_big_endian_words_change_places() -> None:
    image = make_image(8, rows=1, columns=3, transfer_syntax=BIG_ENDIAN, word_vr="OW")
    assert decode(b"\2\1\0\3", image).tolist() == [[1, 2, 3]]


def test_colour_by_plane_becomes_colour_by_pixel() -> None:
    image = make_image(8, samples=3, rows=1, columns=2, planar=1)
    assert decode(bytes([1, 2, 3, 4, 5, 6]), image).tolist() == [[[1, 3, 5], [2, 4, 6]]]


def test_chroma_shared_by_two_columns_is_given_to_each() -> None:
    image = make_image(8, samples=3, rows=1, columns=4, photometric="YBR_FULL_422")
    found = decode(bytes([10, 20, 1, 2, 30, 40, 3, 4]), image)
    assert found.tolist() == [[[10, 1, 2], [20, 1, 2], [30, 3, 4], [40, 3, 4]]]
    assert photometric_after(image) == "YBR_FULL"


def test_full_chroma_under_the_name_of_half_chroma_is_read_as_it_lies() -> None:
    image = make_image(8, samples=3, rows=1, columns=2, photometric="YBR_FULL_422")
    assert decode(bytes(range(6)), image).tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_a_native_frame_that_is_too_short_is_refused() -> None:
    frame, image = words(1, 2, 3)
    with pytest.raises(NotAcceptable, match="5 bytes where 6 are needed"):
        decode(frame[:-1], image)


def test_a_transfer_syntax_without_decoder_is_named() -> None:
    _, image = words(1, transfer_syntax=f"{JPEG}103")
    with pytest.raises(NotAcceptable, match=r"4\.103"):
        decode(b"", image)


@pytest.mark.parametrize("tail", ["80", "90", "201"])
@pytest.mark.parametrize("bits", [12, 16])
def test_pixel_representation_decides_over_the_sign_in_the_stream(tail: str, bits: int) -> None:
    signed = make_image(bits, signed=True)
    values = make_samples(signed).view(np.uint16) & np.uint16((1 << bits) - 1)
    encoders = {
        "80": imagecodecs.jpegls_encode,
        "90": lambda array: imagecodecs.jpeg2k_encode(array, codecformat="J2K", reversible=True),
        "201": lambda array: imagecodecs.htj2k_encode(array, reversible=True),
    }
    image = make_image(bits, signed=True, transfer_syntax=f"{JPEG}{tail}")
    assert np.array_equal(decode(bytes(encoders[tail](values)), image), make_samples(signed))


def test_a_signed_stream_of_an_unsigned_image_is_read_as_unsigned() -> None:
    values = np.array([[-2000, -1, 0, 2047]], np.int16)
    stream = imagecodecs.jpeg2k_encode(values, codecformat="J2K", reversible=True)
    image = ImagePixel(1, 4, bits_stored=16, high_bit=15, transfer_syntax=f"{JPEG}90")
    assert decode(bytes(stream), image).tolist() == [[63536, 65535, 0, 2047]]


def test_a_lossy_codec_that_oversteps_the_samples_is_clipped_not_cut() -> None:
    values = np.full((16, 16), 1023, np.uint16)
    values[::2, ::2] = 0
    stream = bytes(imagecodecs.jpeg8_encode(values, 60, bitspersample=12))
    assert imagecodecs.jpeg8_decode(stream).max() > 1023
    image = ImagePixel(16, 16, bits_stored=10, high_bit=9, transfer_syntax=f"{JPEG}51")
    found = decode(stream, image)
    assert found.max() == 1023
    assert (found[values == 1023] > 800).all()


def _formula(array: NDArray[Any], bits: int, *, partial: bool) -> NDArray[Any]:
    """PS3.3 C.7.6.3.1.2 in floating point; the partial range as ITU-R BT.601 has it."""
    y, cb, cr = np.moveaxis(array.astype(float), -1, 0)
    middle, top = 1 << (bits - 1), (1 << bits) - 1
    cb, cr = cb - middle, cr - middle
    if partial:
        step = 1 << (bits - 8)
        y, cb, cr = (
            (y - 16 * step) * top / (219 * step),
            cb * top / (224 * step),
            cr * top / (224 * step),
        )
    rgb = (y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb)
    return np.clip(np.stack(rgb, -1), 0, top)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_PARTIAL_422"])
def test_luminance_and_chroma_become_rgb_by_the_formula(bits: int, photometric: str) -> None:
    image = make_image(bits, samples=3, photometric=photometric, rows=200, columns=200)
    array = (
        np.random.default_rng(0).integers(0, 1 << bits, (200, 200, 3)).astype(f"u{(bits + 7) // 8}")
    )
    expected = _formula(array, bits, partial=photometric != "YBR_FULL")
    found = to_rgb(array, image)
    assert found.dtype == array.dtype
    assert np.abs(found - expected).max() <= 0.51


@pytest.mark.parametrize("photometric", ["HSV", "ARGB", "CMYK"])
def test_a_retired_colour_space_is_refused(photometric: str) -> None:
    image = make_image(8, samples=3 if photometric == "HSV" else 4, photometric=photometric)
    with pytest.raises(NotAcceptable, match=photometric):
        to_rgb(np.zeros(image.shape, np.uint8), image)


RED = np.zeros((32, 32, 3), np.uint8) + np.array([200, 30, 60], np.uint8)


@pytest.mark.parametrize(
    ("photometric", "coded", "marker"),
    [
        ("RGB", "RGB", "none"),
        ("RGB", "RGB", "adobe"),
        ("RGB", "YCBCR", "jfif"),
        ("RGB", "YCBCR", "adobe"),
        ("YBR_FULL", "YCBCR", "none"),
        ("YBR_FULL", "YCBCR", "jfif"),
        ("YBR_FULL_422", "YCBCR", "adobe"),
        ("YBR_FULL_422", "YCBCR", "lying adobe"),
        ("YBR_PARTIAL_420", "YCBCR", "none"),
    ],
)
def test_a_jpeg_is_red_whatever_says_so(photometric: str, coded: str, marker: str) -> None:
    plain = bytes(imagecodecs.jpeg8_encode(RED, 95, colorspace="RGB", outcolorspace=coded))
    image = make_image(8, samples=3, rows=32, columns=32, photometric=photometric)
    found = decode(_marked(plain, coded, marker), replace(image, transfer_syntax=f"{JPEG}50"))
    assert np.abs(found.astype(int) - RED).max() <= 3


def _marked(stream: bytes, coded: str, marker: str) -> bytes:
    """The stream with components 1, 2, 3 and only one sign of its colour space, or none."""
    frame = stream.index(b"\xff\xc0")
    scan = stream.index(b"\xff\xda")
    found = bytearray(stream)
    for number in range(3):
        found[frame + 10 + 3 * number] = number + 1
        found[scan + 5 + 2 * number] = number + 1
    tables = stream.index(b"\xff\xdb")
    adobe = b"\xff\xee\0\x0eAdobe\0d\0\0\0\0"
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    true = bytes([coded == "YCBCR"])
    signs = {"none": b"", "jfif": jfif, "adobe": adobe + true, "lying adobe": adobe + b"\0"}
    return b"\xff\xd8" + signs[marker] + bytes(found[tables:])


def test_a_jpeg_whose_components_are_called_rgb_is_rgb() -> None:
    stream = bytes(imagecodecs.jpeg8_encode(RED, 95, colorspace="RGB", outcolorspace="RGB"))
    image = make_image(
        8, samples=3, rows=32, columns=32, photometric="YBR_FULL_422", transfer_syntax=f"{JPEG}50"
    )
    assert np.abs(decode(stream, image).astype(int) - RED).max() <= 3


def test_lossless_components_with_huffman_tables_of_their_own_are_told_apart() -> None:
    image = make_image(8, samples=3, photometric="YBR_FULL", transfer_syntax=f"{JPEG}57")
    values = make_samples(image)
    values[..., 1] //= 5
    plain: dict[str, Any] = {"lossless": True, "predictor": 1, "subsampling": "444"}
    stream = bytearray(
        imagecodecs.jpeg8_encode(values, colorspace="YCBCR", outcolorspace="YCBCR", **plain)
    )
    # libjpeg-turbo uses table 1 for chroma and forgets to say so in the scan header.
    scan = stream.index(b"\xff\xda")
    stream[scan + 8] = stream[scan + 10] = 0x10
    assert np.array_equal(decode(bytes(stream), image), values)


def test_every_lossless_form_of_one_slice_holds_the_same_samples() -> None:
    folder = samples.folder() / "transfer-syntaxes" / "one-ct-slice"
    native = decode(*_first(folder / "CTImage.dcm"))
    names = ("BigEndian", "Deflated", "2000Lossless", "LSLossless", "14SV1", "Process14", "RLE")
    paths = [path for name in names for path in folder.glob(f"*{name}*.dcm")]
    assert len(paths) >= len(names)
    for path in paths:
        assert np.array_equal(decode(*_first(path)), native), path.name


@pytest.mark.parametrize("name", ["liver", "liver_nonbyte_aligned"])
@pytest.mark.parametrize("form", ["rle", "j2k", "deflate"])
def test_one_bit_frames_are_the_same_in_every_form(name: str, form: str) -> None:
    folder = samples.folder() / "pydicom-data"
    native, other = stored(folder / f"{name}.dcm"), stored(folder / f"{name}_{form}.dcm")
    for one, two in zip(native.frames, other.frames, strict=True):
        assert np.array_equal(decode(one, native.image), decode(two, other.image))


def test_high_throughput_and_lossy_forms_resemble_one_another() -> None:
    folder = samples.folder() / "transfer-syntaxes" / "htj2k"
    lossless = decode(*_first(folder / "HTJ2KLossless_08_RGB.dcm")).astype(int)
    lossy = decode(*_first(folder / "HTJ2K_08_RGB.dcm")).astype(int)
    assert np.abs(lossless - lossy).mean() < 3


def test_a_stream_that_says_unsigned_under_a_signed_image_has_its_negative_values() -> None:
    path = next(path for path in samples.pydicom_files() if "pixelrep_mismatch" in path.name)
    found = decode(*_first(path))
    assert found.dtype == np.int16
    assert (found.min(), found[0, 0]) == (-2000, -2000)


def _first(path: Path) -> tuple[bytes, ImagePixel]:
    found = stored(path, most=1)
    return found.frames[0], found.image
