"""JPEG XL (ISO/IEC 18181), lossless, lossy and from recompressed JPEG (PS3.5 8.2.16)."""

import numpy as np

from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
CODESTREAM = b"\xff\x0a"
# Of 1 to 9: a step more takes three times as long and saves a fifth.
_EFFORT = 2
# ISO/IEC 18181-1 D.2: width as a ratio of the height.
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The samples of a JPEG XL frame and the width of their words; colour is RGB."""
    from imagecodecs import jpegxl_decode

    rows, columns = size(frame)
    if (rows, columns) != (image.rows, image.columns):
        raise undecodable(
            f"the stream is {rows} x {columns}, the image says {image.rows} x {image.columns}"
        )
    try:
        array = jpegxl_decode(frame, index=0, keeporientation=True, numthreads=1)
    except (RuntimeError, ValueError, IndexError) as error:
        raise undecodable("its JPEG XL stream is damaged or cut short") from error
    fits = 8 * array.dtype.itemsize <= max(8, image.bits_allocated)
    if array.shape != image.shape or array.dtype.kind != "u" or not fits:
        raise undecodable("its JPEG XL stream holds other samples than the image says")
    return array, 8 * array.dtype.itemsize


def encode(array: Pixels, precision: int) -> bytes:
    """Unsigned samples as a lossless codestream without a container."""
    from imagecodecs import jpegxl_encode

    return bytes(
        jpegxl_encode(
            np.ascontiguousarray(array),
            effort=_EFFORT,
            lossless=True,
            bitspersample=precision,
            usecontainer=False,
            numthreads=1,
        )
    )


def size(frame: bytes) -> tuple[int, int]:
    """(rows, columns) of the codestream, before its orientation (ISO/IEC 18181-1 D.2)."""
    bits = int.from_bytes(_codestream(frame)[2:14].ljust(12, b"\0"), "little")
    small, bits = bits & 1, bits >> 1
    rows, bits = _length(bits, small)
    ratio, bits = bits & 7, bits >> 3
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return rows, rows * across // down
    columns, _ = _length(bits, small)
    return rows, columns


def _length(bits: int, small: int) -> tuple[int, int]:
    """One side of the image and the bits behind it."""
    if small:
        return ((bits & 31) + 1) * 8, bits >> 5
    width = (9, 13, 18, 30)[bits & 3]
    bits >>= 2
    return (bits & ((1 << width) - 1)) + 1, bits >> width


def _codestream(frame: bytes) -> bytes:
    """The beginning of the codestream, in a container or bare."""
    if frame.startswith(CODESTREAM):
        return frame[:64]
    at = len(CONTAINER)
    while frame.startswith(CONTAINER) and at + 8 <= len(frame):
        length, kind = int.from_bytes(frame[at : at + 4], "big"), frame[at + 4 : at + 8]
        head = 16 if length == 1 else 8
        if length == 1:
            length = int.from_bytes(frame[at + 8 : at + 16], "big")
        # A part of a codestream begins with its number.
        start = at + head + (4 if kind == b"jxlp" else 0)
        if kind in (b"jxlc", b"jxlp") and frame[start : start + 2] == CODESTREAM:
            return frame[start : start + 64]
        if length < head:
            break
        at += length
    raise undecodable("it does not hold a JPEG XL codestream")
