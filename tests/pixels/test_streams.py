"""What streams say of themselves: hostile ones are refused, and nothing else happens."""

import io
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicomweb.errors import NotAcceptable, Refusal
from dicomweb.pixels.films import describe_film
from dicomweb.pixels.pictures import read_pictures
from dicomweb.pixels.streams import describe

GREY = np.arange(24 * 16, dtype=np.uint8).reshape(24, 16)
DEEP = GREY.astype(np.uint16) * 16


def _saved(array: np.ndarray, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, name, **options)
    return stream.getvalue()


SEEDS = {
    "image/jpeg": _saved(GREY, "JPEG"),
    "image/jls": bytes(imagecodecs.jpegls_encode(GREY)),
    "image/jp2": _saved(GREY, "JPEG2000"),
    "image/jphc": bytes(imagecodecs.htj2k_encode(GREY)),
    "image/jxl": bytes(imagecodecs.jpegxl_encode(GREY)),
    "image/png": _saved(GREY, "PNG"),
    "image/gif": _saved(GREY, "GIF"),
}
STREAMS = [name for name in SEEDS if name not in ("image/png", "image/gif")]


@pytest.mark.parametrize(
    ("media_type", "frame", "precision"),
    [
        ("image/jpeg", SEEDS["image/jpeg"], 8),
        ("image/jpeg", bytes(imagecodecs.jpeg_encode(DEEP, bitspersample=12)), 12),
        ("image/jpeg", bytes(imagecodecs.ljpeg_encode(DEEP, bitspersample=12)), 12),
        ("image/jls", SEEDS["image/jls"], 8),
        ("image/jls", bytes(imagecodecs.jpegls_encode(DEEP)), 12),
        ("image/jp2", SEEDS["image/jp2"], 8),
        ("image/jp2", bytes(imagecodecs.jpeg2k_encode(DEEP, bitspersample=12)), 12),
        ("image/jphc", SEEDS["image/jphc"], 8),
        ("image/jxl", SEEDS["image/jxl"], 8),
    ],
)
def test_size_and_bits_are_read(media_type: str, frame: bytes, precision: int) -> None:
    found = describe(media_type, lambda count: frame[:count], decode=True)
    assert found is not None
    assert (found.rows, found.columns, found.samples) == (24, 16, 1)
    assert found.precision in (precision, 16 if precision > 8 else 8)


def test_a_type_without_a_head_tells_nothing() -> None:
    assert describe("image/dicom-rle", lambda count: b"anything") is None


def test_a_head_behind_a_long_profile_is_found() -> None:
    frame = _saved(GREY, "JPEG", icc_profile=bytes(300_000))
    found = describe("image/jpeg", lambda count: frame[:count])
    assert found is not None
    assert found.rows == 24


@st.composite
def _damaged(draw: st.DrawFn, names: list[str]) -> tuple[str, bytes]:
    name = draw(st.sampled_from(names))
    data = bytearray(SEEDS[name])
    for _ in range(draw(st.integers(1, 8))):
        data[draw(st.integers(0, min(len(data) - 1, 200)))] = draw(st.integers(0, 255))
    return name, bytes(data[: draw(st.integers(0, len(data)))])


@given(_damaged(STREAMS))
@settings(max_examples=300, deadline=None)
def test_a_damaged_stream_is_described_or_refused(case: tuple[str, bytes]) -> None:
    name, frame = case
    with suppress(NotAcceptable):
        assert describe(name, lambda count: frame[:count]) is not None


@given(_damaged(["image/png", "image/gif"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_damaged_picture_is_read_or_refused(case: tuple[str, bytes], grey: bool) -> None:
    name, file = case
    with suppress(Refusal):
        pictures = read_pictures(file, name, grey=grey)
        size = pictures.rows * pictures.columns * pictures.samples * pictures.bits // 8
        assert all(len(frame) == size for frame in pictures.frames)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\0\0\0\x08ftyp", b"\0\0\0\x08ftyp\0\0\0\x60moov"]),
)
@settings(max_examples=300, deadline=None)
def test_no_film_makes_it_fail(data: bytes, head: bytes) -> None:
    film = head + data
    found = describe_film(lambda offset, length: film[offset : offset + length], len(film))
    assert found is None or (found.rows > 0 and found.columns > 0)


def test_an_mpeg_2_sequence_header_tells_the_size() -> None:
    film = b"\0\0\1\xb3" + ((720 << 12) | 576).to_bytes(3, "big") + bytes(20)
    found = describe_film(lambda offset, length: film[offset : offset + length], len(film))
    assert found is not None
    assert (found.columns, found.rows) == (720, 576)
