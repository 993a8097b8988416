"""JPEG-LS (ISO/IEC 14495-1), lossless and near-lossless (PS3.5 8.2.3)."""

import numpy as np

from dicomweb.pixels.codecs import jpeg_header
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The samples of a JPEG-LS frame and their precision; colour as it is stored."""
    from imagecodecs import jpegls_decode

    header = jpeg_header.parse(frame)
    jpeg_header.check(header, image)
    if header.process != jpeg_header.JPEG_LS:
        raise undecodable("it is a JPEG stream, and its transfer syntax says JPEG-LS")
    # CharLS 2.4 counts to 2**31 when a scan runs out of bytes before it meets a marker.
    if frame.rfind(b"\xff\xd9") < frame.rfind(b"\xff\xda"):
        raise undecodable("its JPEG-LS stream is cut short")
    try:
        array = jpegls_decode(frame)
    except (RuntimeError, ValueError) as error:
        raise undecodable("its JPEG-LS stream is damaged or cut short") from error
    if array.shape == (image.samples, image.rows, image.columns) and _by_plane(frame):
        array = np.ascontiguousarray(array.transpose(1, 2, 0))
    if array.shape != image.shape:
        raise undecodable("its JPEG-LS stream holds another number of samples than its head says")
    return array, header.precision


def encode(array: Pixels, near: int = 0) -> bytes:
    """Unsigned samples in 8 or 16 bits, each off by `near` at most; colour as it is."""
    from imagecodecs import jpegls_encode

    source = np.ascontiguousarray(array)
    # Noise grows when it is coded: CharLS wants room for that, and fails without.
    stream = bytes(jpegls_encode(source, near, out=source.nbytes * 2 + 4096))
    # It puts a SPIFF header in front, which the streams of PS3.5 8.2.3 do not have.
    return b"\xff\xd8" + stream[stream.index(b"\xff\xf7") :]


def _by_plane(frame: bytes) -> bool:
    """Whether each component has a scan of its own: interleave mode 0 (ISO/IEC 14495-1 C.2.3)."""
    scan = frame.find(b"\xff\xda")
    return frame[scan + 4 : scan + 5] == b"\1"
