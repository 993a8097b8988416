"""JPEG and PNG files on their way to DICOM: whatever they hold, an image or one clear refusal."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicomweb.errors import BadRequest, Refusal, TooLarge, UnsupportedMediaType
from dicomweb.pixels.foreign import media_type_of, read_foreign

_PIXELS = np.random.default_rng(7).integers(0, 256, (24, 40, 3), np.uint8)


def _file(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(_PIXELS).save(buffer, kind, **options)
    return buffer.getvalue()


FILES = [_file("JPEG"), _file("JPEG", progressive=True), _file("JPEG", restart_marker_blocks=1)]
FILES += [_file("PNG"), _file("PNG", compress_level=0)]


@settings(max_examples=150)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    st.integers(0, 10_000),
)
def test_a_damaged_file_is_an_image_or_refused(
    file: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(file[: max(end % (len(file) * 2), 4)])
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        image = read_foreign(bytes(damaged))
    except (BadRequest, TooLarge, UnsupportedMediaType):
        return
    if not image.is_jpeg:
        size = image.rows * image.columns * image.samples * image.bits_allocated // 8
        assert len(image.pixels) == size


@given(st.binary(max_size=300))
def test_any_bytes_are_an_image_or_refused(data: bytes) -> None:
    with pytest.raises(Refusal):
        read_foreign(b"\xff\xd8\xff" + data)


@pytest.mark.parametrize("file", FILES, ids=["baseline", "progressive", "restarts", "png", "raw"])
def test_every_cut_is_noticed(file: bytes) -> None:
    for length in range(3, len(file) - 12, len(file) // 40):
        with pytest.raises((BadRequest, UnsupportedMediaType)):
            read_foreign(file[:length])


def test_what_a_camera_appends_is_left_out() -> None:
    image = read_foreign(FILES[0] + b"\xff\xd8 a preview \xff\xd9")
    assert image.pixels == FILES[0]


def test_a_png_keeps_its_pixels() -> None:
    assert read_foreign(_file("PNG")).pixels == _PIXELS.tobytes()


def test_a_profile_goes_along() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_foreign(_file("JPEG", icc_profile=profile)).profile == profile
    assert read_foreign(_file("PNG", icc_profile=b"no profile")).profile == b""


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    file = bytearray(_file("PNG"))
    assert file[12:16] == b"IHDR"
    file[16:24] = struct.pack(">2I", 50_000, 50_000)
    file[29:33] = struct.pack(">I", zlib.crc32(file[12:29]))
    with pytest.raises(TooLarge):
        read_foreign(bytes(file))


def test_only_two_kinds_are_known() -> None:
    assert media_type_of(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert media_type_of(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert media_type_of(b"GIF89a") == media_type_of(b"") == ""
