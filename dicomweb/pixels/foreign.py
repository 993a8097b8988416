"""JPEG and PNG files as the pixels of a Secondary Capture: kept where DICOM knows them, or decoded.

A baseline or extended JPEG of 8 bits stays the stream that it is (PS3.5 8.2.1). What DICOM has no
transfer syntax for, or would show turned, becomes native: progressive and CMYK JPEG, JPEG that its
EXIF orientation turns, PNG. Transparent pixels are laid on black.
"""

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomweb.errors import BadRequest, TooLarge, UnsupportedMediaType

JPEG_MAGIC, PNG_MAGIC = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
NATIVE = "1.2.840.10008.1.2.1"
# Start of frame marker → transfer syntax under which the stream may stay.
_KEPT = {0xC0: "1.2.840.10008.1.2.4.50", 0xC1: "1.2.840.10008.1.2.4.51"}
_PROGRESSIVE = 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Decoded, this is 200 MB: an image of a camera has a quarter of it. Rows and columns are US.
MAX_PIXELS = 64_000_000
MAX_SIDE = 65_535
_ORIENTATION = 0x0112
_MAX_PROFILE = 1_000_000


@dataclass(frozen=True, slots=True)
class Foreign:
    """An image as DICOM describes it (PS3.3 C.7.6.3).

    `pixels` is one frame: native, little endian, by pixel, or (`is_jpeg`) a JPEG stream. `ratio` is
    that of a lossy compression in the past or present, 0 where there was none.
    """

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    photometric: str
    transfer_syntax: str
    pixels: bytes
    is_jpeg: bool
    ratio: float
    profile: bytes = b""


@dataclass(frozen=True, slots=True)
class _Jpeg:
    """The frame header of a JPEG stream, and where the stream ends."""

    marker: int
    precision: int
    rows: int
    columns: int
    components: tuple[tuple[int, int], ...]  # identifier, sampling factors
    adobe: int  # colour transform of the Adobe segment, -1 without one
    has_jfif: bool
    end: int


def media_type_of(first: bytes) -> str:
    """`image/jpeg` or `image/png` by the first bytes of a file, empty for anything else."""
    if first.startswith(JPEG_MAGIC):
        return "image/jpeg"
    return "image/png" if first.startswith(PNG_MAGIC) else ""


def read_foreign(data: bytes) -> Foreign:
    """The image of a JPEG or PNG file.

    Raises BadRequest for a broken one, TooLarge for one of too many pixels, UnsupportedMediaType
    for what is neither, or a JPEG of a rare kind.
    """
    kind = media_type_of(data)
    if not kind:
        raise UnsupportedMediaType("An image must be JPEG or PNG.")
    header = _frame_header(data) if kind == "image/jpeg" else None
    if header is not None:
        _refuse_rare(header)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on odd metadata, which is not looked at
        picture = _opened(data)
        try:
            turned = int(picture.getexif().get(_ORIENTATION, 1))
        except Exception:  # broken EXIF says nothing
            turned = 1
        profile = picture.info.get("icc_profile") or b""
        decoded = _decoded(picture)
    if header is not None and header.marker in _KEPT and turned in (0, 1) and _is_simple(header):
        return _kept(data, header, profile)
    return _native(_oriented(decoded, turned), header, len(data), profile)


def _opened(data: bytes) -> Image.Image:
    try:
        picture = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception:  # decoders raise what they like on hostile files
        raise BadRequest("The image is broken: it cannot be read.") from None
    columns, rows = picture.size
    if rows * columns > MAX_PIXELS or max(rows, columns) > MAX_SIDE:
        raise _too_large()
    return picture


def _too_large() -> TooLarge:
    return TooLarge(f"An image may have {MAX_PIXELS} pixels, and {MAX_SIDE} in a row or column.")


def _decoded(picture: Image.Image) -> NDArray[Any]:
    """(rows, columns) of 8 or 16 bits, or (rows, columns, 3) of 8. Raises BadRequest."""
    try:
        picture.load()
        if picture.mode.startswith("I"):
            return np.asarray(picture).astype("<u2")
        if picture.mode in ("1", "L") and "transparency" not in picture.info:
            return np.asarray(picture.convert("L"))
        if picture.mode in ("LA", "La"):
            grey, alpha = (np.asarray(band, np.uint16) for band in picture.convert("LA").split())
            return ((grey * alpha + 127) // 255).astype(np.uint8)
        if picture.mode in ("RGB", "CMYK", "YCbCr") and "transparency" not in picture.info:
            return np.asarray(picture.convert("RGB"))
        ground = Image.new("RGBA", picture.size, "black")
        ground.alpha_composite(picture.convert("RGBA"))
        return np.asarray(ground.convert("RGB"))
    except MemoryError:
        raise
    except Exception:  # decoders raise what they like on hostile files
        raise BadRequest("The image is broken: it cannot be decoded to its end.") from None


def _oriented(pixels: NDArray[Any], turned: int) -> NDArray[Any]:
    """As a person is to see it (EXIF 2.3, Orientation)."""
    if turned in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    flips = {2: (1,), 3: (0, 1), 4: (0,), 6: (1,), 7: (0, 1), 8: (0,)}
    return np.flip(pixels, flips[turned]) if turned in flips else pixels


def _native(pixels: NDArray[Any], header: _Jpeg | None, size: int, profile: bytes) -> Foreign:
    rows, columns = pixels.shape[:2]
    samples = 3 if pixels.ndim == 3 else 1
    bits = pixels.dtype.itemsize * 8
    return Foreign(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=bits,
        bits_stored=bits,
        photometric="RGB" if samples == 3 else "MONOCHROME2",
        transfer_syntax=NATIVE,
        pixels=np.ascontiguousarray(pixels).tobytes(),
        is_jpeg=False,
        ratio=pixels.nbytes / size if header is not None else 0,
        profile=_fitting(profile, samples),
    )


def _kept(data: bytes, header: _Jpeg, profile: bytes) -> Foreign:
    samples = len(header.components)
    return Foreign(
        rows=header.rows,
        columns=header.columns,
        samples=samples,
        bits_allocated=8,
        bits_stored=8,
        photometric=_photometric(header),
        transfer_syntax=_KEPT[header.marker],
        pixels=data[: header.end],  # cameras append previews behind the end of the image
        is_jpeg=True,
        ratio=header.rows * header.columns * samples / header.end,
        profile=_fitting(profile, samples),
    )


def _fitting(profile: bytes, samples: int) -> bytes:
    """The ICC profile, where it is one of RGB (PS3.3 C.11.15)."""
    return (
        profile
        if samples == 3 and profile[16:20] == b"RGB " and len(profile) < _MAX_PROFILE
        else b""
    )


def _photometric(header: _Jpeg) -> str:
    """What the samples are, as decoders of JPEG find it out (ITU-T T.872, 6.5.3)."""
    if len(header.components) == 1:
        return "MONOCHROME2"
    identifiers = bytes(identifier for identifier, _ in header.components)
    if header.adobe == 0 or (header.adobe < 0 and not header.has_jfif and identifiers == b"RGB"):
        return "RGB"
    sampled = {factors for _, factors in header.components}
    return "YBR_FULL" if len(sampled) == 1 else "YBR_FULL_422"


def _is_simple(header: _Jpeg) -> bool:
    return header.precision == 8 and len(header.components) in (1, 3)


def _refuse_rare(header: _Jpeg) -> None:
    if header.marker not in (*_KEPT, _PROGRESSIVE) or header.precision != 8:
        raise UnsupportedMediaType(
            "Of JPEG, baseline, extended and progressive with 8 bits are taken; other kinds come "
            "as DICOM files."
        )


def _frame_header(data: bytes) -> _Jpeg:
    """Raises BadRequest where there is none."""
    adobe, has_jfif, frame = -1, False, None
    for marker, start, stop in _segments(data):
        body = data[start:stop]
        if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        elif marker == 0xE0 and body.startswith(b"JFIF"):
            has_jfif = True
        elif marker in _FRAMES and frame is None and len(body) >= 6:
            frame = (marker, body)
        elif marker == 0xD9 and frame is not None:
            return _told(*frame, adobe=adobe, has_jfif=has_jfif, end=stop)
    raise BadRequest("The JPEG is broken: it has no image, or ends before its end.")


def _told(marker: int, body: bytes, *, adobe: int, has_jfif: bool, end: int) -> _Jpeg:
    precision, rows, columns, count = struct.unpack(">BHHB", body[:6])
    pairs = [body[6 + 3 * n : 8 + 3 * n] for n in range(count)]
    if any(len(pair) < 2 for pair in pairs) or not rows or not columns:
        raise BadRequest("The JPEG is broken: its frame header is too short, or says no size.")
    components = tuple((pair[0], pair[1]) for pair in pairs)
    return _Jpeg(marker, precision, rows, columns, components, adobe, has_jfif, end)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first byte and end of each segment's body, the end of the image last."""
    place = 2
    while (place := data.find(b"\xff", place)) >= 0 and place + 1 < len(data):
        marker = data[place + 1]
        place += 1
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            continue  # of the entropy-coded data, or filling
        if marker == 0xD9:
            yield marker, place + 1, place + 1
            return
        length = int.from_bytes(data[place + 1 : place + 3])
        yield marker, place + 3, place + 1 + length
        place += 1 + max(length, 2)
