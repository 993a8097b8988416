"""Deflated Image Frame Compression (PS3.5 A.4): each frame a raw deflate stream."""

import zlib

from dicomweb.pixels.codecs import native
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

_RAW = -15
# Of ISA-L's 0 to 3: ten times zlib's speed for a tenth more bytes.
_LEVEL = 2


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The words of a deflated frame and their width in bits; never inflates beyond the frame."""
    try:
        pixels = zlib.decompressobj(_RAW).decompress(frame, image.native_bytes)
    except zlib.error as error:
        raise undecodable("its deflate stream is damaged") from error
    return native.decode(pixels, image)


def encode(array: Pixels, image: ImagePixel) -> bytes:
    """Native pixels of one frame as a raw deflate stream."""
    from isal.isal_zlib import compressobj

    deflate = compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    return bytes(deflate.compress(native.encode(array, image)) + deflate.flush())
