"""RLE Lossless (PS3.5 annex G): each byte of each sample a segment of PackBits."""

import struct
from itertools import accumulate, pairwise

import numpy as np

from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels, dtype_of

HEADER_BYTES = 64
MAX_SEGMENTS = 15
# Two bytes of PackBits stand for 128 at most: a shorter stream cannot hold the frame.
BEST_RATIO = 64


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The words of an RLE frame and their width in bits."""
    if image.bits_allocated == 1:
        return _one_bit(frame, image), 1
    dtype = dtype_of(image)
    pixels, width = image.rows * image.columns, dtype.itemsize
    segments = _segments(frame, image.samples * width, pixels)
    words = np.empty((pixels, image.samples * width), np.uint8)
    for number, segment in enumerate(segments):
        # The most significant byte of a sample comes first (PS3.5 G.2).
        sample, byte = divmod(number, width)
        words[:, sample * width + width - 1 - byte] = _unpack(segment, pixels)[:pixels]
    return words.view(dtype.newbyteorder("<")).reshape(image.shape), image.bits_allocated


def encode(array: Pixels, image: ImagePixel) -> bytes:
    """One frame: header and segments of even length, runs that end with their row (PS3.5 G.3)."""
    from imagecodecs import packbits_encode

    words = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    octets = words.view(np.uint8).reshape(image.rows, image.columns, image.samples, -1)
    segments = []
    for sample in range(image.samples):
        for byte in reversed(range(octets.shape[3])):
            plane = np.ascontiguousarray(octets[:, :, sample, byte])
            segment = bytes(packbits_encode(plane, axis=-1))
            segments.append(segment + b"\0" * (len(segment) % 2))
    starts = accumulate((len(segment) for segment in segments[:-1]), initial=HEADER_BYTES)
    unused = [0] * (MAX_SEGMENTS - len(segments))
    return struct.pack("<16L", len(segments), *starts, *unused) + b"".join(segments)


def _one_bit(frame: bytes, image: ImagePixel) -> Pixels:
    """Eight samples in a byte as they lie natively; some writers give each a byte of its own."""
    pixels = image.rows * image.columns
    (segment,) = _segments(frame, 1, (pixels + 7) // 8)
    found = _unpack(segment, (pixels + 7) // 8)
    if found.size >= pixels:
        return np.minimum(found[:pixels], 1).reshape(image.shape)
    return np.unpackbits(found, count=pixels, bitorder="little").reshape(image.shape)


def _segments(frame: bytes, count: int, pixels: int) -> list[bytes]:
    """The segments, when the header is sound and each is long enough to hold `pixels` bytes."""
    if len(frame) < HEADER_BYTES:
        raise undecodable("its RLE header is cut short")
    found, *offsets = struct.unpack_from("<16L", frame)
    if found != count or count > MAX_SEGMENTS:
        raise undecodable(f"it has {found} RLE segments where {count} are needed")
    segments = []
    for start, end in pairwise([*offsets[:count], len(frame)]):
        if not HEADER_BYTES <= start <= end <= len(frame):
            raise undecodable("its RLE offsets are out of order")
        if (end - start) * BEST_RATIO < pixels:
            raise undecodable("an RLE segment is too short for Rows times Columns")
        segments.append(frame[start:end])
    return segments


def _unpack(segment: bytes, least: int) -> Pixels:
    """A segment's bytes, at least `least`; some writers pad with more than one."""
    from imagecodecs import packbits_decode

    try:
        found = np.frombuffer(packbits_decode(segment), np.uint8)
    except (RuntimeError, ValueError) as error:
        raise undecodable("its RLE segments are damaged") from error
    if found.size < least:
        raise undecodable("an RLE segment is too short for Rows times Columns")
    return found
