"""Pixels that are not compressed (PS3.5 8.1 and A.1 to A.3): each sample in a word of its own."""

import numpy as np

from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels, dtype_of

EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The words of a native frame and their width in bits; may be a view of `frame`.

    A 1-bit frame begins at bit 0 of its first byte: the reader of the file has shifted it so.
    """
    if image.bits_allocated == 1:
        return _bits(frame, image), 1
    if image.half_chroma and len(frame) < _full_bytes(image):
        return _half_chroma(frame, image), image.bits_allocated
    words = _words(frame, image, image.rows * image.columns * image.samples)
    return interleaved(words, image, planar=image.planar == 1), image.bits_allocated


def interleaved(words: Pixels, image: ImagePixel, *, planar: bool) -> Pixels:
    """A flat array as (rows, columns[, samples]), from colour by plane or by pixel."""
    if image.samples == 1 or not planar:
        return words.reshape(image.shape)
    planes = words.reshape(image.samples, image.rows, image.columns)
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def encode(array: Pixels, image: ImagePixel) -> bytes:
    """Little endian, colour by pixel; 1-bit frames are packed, low bit first (PS3.5 8.1.1)."""
    if image.bits_allocated == 1:
        return np.packbits(array.reshape(-1).astype(bool), bitorder="little").tobytes()
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _full_bytes(image: ImagePixel) -> int:
    return image.rows * image.columns * image.samples * image.bits_allocated // 8


def _words(frame: bytes, image: ImagePixel, count: int) -> Pixels:
    big = image.transfer_syntax == EXPLICIT_BIG_ENDIAN
    dtype = dtype_of(image)
    swapped = big and dtype.itemsize == 1 and image.word_vr == "OW"
    needed = count * dtype.itemsize
    if len(frame) < needed:
        raise undecodable(f"it has {len(frame)} bytes where {needed} are needed")
    if swapped:
        return _swap_pairs(frame, needed).view(dtype)
    words = np.frombuffer(frame, dtype.newbyteorder(">" if big else "<"), count)
    return words.astype(dtype, copy=False)


def _swap_pairs(frame: bytes, needed: int) -> Pixels:
    """Bytes out of big endian words (OW); an odd frame's last byte lies one behind its end."""
    even = needed + needed % 2
    pairs = np.frombuffer(frame[:even].ljust(even, b"\0"), np.uint16)
    return pairs.byteswap().view(np.uint8)[:needed]


def _bits(frame: bytes, image: ImagePixel) -> Pixels:
    count = image.rows * image.columns
    if len(frame) * 8 < count:
        raise undecodable(f"it has {len(frame)} bytes where {(count + 7) // 8} are needed")
    packed = np.frombuffer(frame, np.uint8)
    if image.transfer_syntax == EXPLICIT_BIG_ENDIAN and image.word_vr == "OW":
        packed = _swap_pairs(frame, (count + 7) // 8)
    return np.unpackbits(packed, count=count, bitorder="little").reshape(image.shape)


def _half_chroma(frame: bytes, image: ImagePixel) -> Pixels:
    """Y1 Y2 Cb Cr for two columns, chroma taken twice (PS3.3 C.7.6.3.1.2).

    With an odd number of columns the last pair of a row has run over into the next row: the
    Standard forbids it, and the samples are then taken in the order in which they lie.
    """
    pixels = image.rows * image.columns
    if pixels % 2:
        raise undecodable("two columns share their chroma, and the number of pixels is odd")
    quads = _words(frame, image, pixels * 2).reshape(-1, 4)
    full = np.empty((pixels // 2, 2, 3), np.uint8)
    full[:, :, 0] = quads[:, :2]
    full[:, :, 1] = quads[:, 2:3]
    full[:, :, 2] = quads[:, 3:4]
    return full.reshape(image.shape)
