"""RLE Lossless (PS3.5 annex G): each byte of each sample a segment of PackBits."""

import struct

import numpy as np

from dicomweb.pixels.pixel_array import Pixels, dtype_of
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.codecs.native import interleaved
from dicomweb.pixels.image import ImagePixel

HEADER_BYTES = 64
# Two bytes of PackBits stand for 128 at most: a shorter stream cannot hold the frame.
BEST_RATIO = 64


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The words of an RLE frame and their width in bits; always colour by plane inside."""
    from rle.rle import decode_frame

    pixels = image.rows * image.columns
    width = max(1, image.bits_allocated // 8)
    if image.bits_allocated == 1:
        raise undecodable("RLE of 1-bit samples is not defined")
    _check(frame, segments=image.samples * width, pixels=pixels)
    try:
        words = decode_frame(frame, pixels, image.bits_allocated, "<")
    except Exception as error:
        raise undecodable("its RLE segments are damaged") from error
    flat = np.frombuffer(words, dtype_of(image))
    if flat.size != pixels * image.samples:
        raise undecodable("its RLE segments are damaged")
    return interleaved(flat, image, planar=True), image.bits_allocated


def encode(array: Pixels, image: ImagePixel) -> bytes:
    """One frame with its header, segments padded to even lengths (PS3.5 G.3)."""
    from rle.rle import encode_frame

    planes = array if array.ndim == 2 else array.transpose(2, 0, 1)
    source = np.ascontiguousarray(planes).astype(planes.dtype.newbyteorder("<"), copy=False)
    return bytes(
        encode_frame(
            source.tobytes(), image.rows, image.columns, image.samples, image.bits_allocated, "<"
        )
    )


def _check(frame: bytes, *, segments: int, pixels: int) -> None:
    """The header before the stream: number of segments, offsets, and whether the rest can do."""
    if len(frame) < HEADER_BYTES:
        raise undecodable("its RLE header is cut short")
    count, *offsets = struct.unpack_from("<16L", frame)
    if count != segments:
        raise undecodable(f"it has {count} RLE segments where {segments} are needed")
    bounds = [*offsets[:count], len(frame)]
    for start, end in zip(bounds, bounds[1:], strict=False):
        if not HEADER_BYTES <= start <= end:
            raise undecodable("its RLE offsets are out of order")
        if (end - start) * BEST_RATIO < pixels:
            raise undecodable("an RLE segment is too short for Rows times Columns")
