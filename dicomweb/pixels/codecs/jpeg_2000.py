"""JPEG 2000 (ISO/IEC 15444-1 and -2) and its High-Throughput coding (15444-15) (PS3.5 8.2.4)."""

import numpy as np

from dicomweb.pixels.codecs import j2k_header
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

# PS3.5 10.18: with RPCL the smallest resolution is a thumbnail of at most this side.
BASE_RESOLUTION = 64
_EOC = b"\xff\xd9"


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The samples of a JPEG 2000 frame and their precision; YBR_RCT and YBR_ICT are RGB again.

    The coding in the stream decides, not the transfer syntax. The sign in the stream is not
    believed: Pixel Representation says what the bits mean.

    OpenJPEG decodes high throughput too. OpenJPH takes half the time, but imagecodecs drops its
    errors and gives a picture of whatever was in the memory before.
    """
    from imagecodecs import jpeg2k_decode

    header = j2k_header.parse(frame)
    j2k_header.check(header, image)
    if not j2k_header.complete(frame, header):
        raise undecodable("its JPEG 2000 codestream is cut short")
    stream = frame[header.start :] if header.start else frame
    if not stream.rstrip(b"\0").endswith(_EOC):
        stream += _EOC
    try:
        array = jpeg2k_decode(stream, numthreads=1)
    except (RuntimeError, ValueError) as error:
        raise undecodable("its JPEG 2000 codestream is damaged") from error
    if array.shape != image.shape or array.dtype.kind not in "iu":
        raise undecodable("its JPEG 2000 codestream holds other samples than its head says")
    return array, header.precision


def encode(array: Pixels, precision: int, *, transform: bool, psnr: int = 0) -> bytes:
    """A codestream without JP2 boxes, reversible unless a `psnr` in decibels is enough.

    Colour is RGB and goes by way of RCT, or of ICT where it is irreversible, when `transform`.
    """
    from imagecodecs import jpeg2k_encode

    # Samples of 8 bits in words of 16 come back far off when they are coded irreversibly.
    narrow = array.astype(f"{array.dtype.kind}1", copy=False) if precision <= 8 else array
    return bytes(
        jpeg2k_encode(
            np.ascontiguousarray(narrow),
            psnr,
            codecformat="J2K",
            bitspersample=precision,
            reversible=psnr == 0,
            mct=transform,
            numthreads=1,
        )
    )


def encode_high_throughput(
    array: Pixels, precision: int, *, signed: bool, transform: bool, progressive: bool
) -> bytes:
    """A reversible HTJ2K codestream; `progressive` as PS3.5 10.18 wants it for RPCL.

    OpenJPH takes the precision of the array's type. A reversible stream says it in one byte for
    each component, so samples of fewer bits are coded without the level shift, as signed ones,
    and the byte is put right afterwards; decoders then shift by half the true range (T.800 G.1).
    """
    from imagecodecs import htj2k_encode

    exact = precision == 8 * array.dtype.itemsize
    source = array
    if not exact:
        source = array.astype(np.int16) - np.int16(0 if signed else 1 << (precision - 1))
    levels = 5
    while progressive and max(array.shape[:2]) >> levels > BASE_RESOLUTION:
        levels += 1
    stream = bytearray(
        htj2k_encode(
            np.ascontiguousarray(source),
            rgb=transform,
            resolutions=levels,
            reversible=True,
            tlm=progressive,
            tilepart=1 if progressive else None,
        )
    )
    if not exact:
        for component in range(1 if array.ndim == 2 else array.shape[2]):
            stream[42 + 3 * component] = (precision - 1) | (0x80 if signed else 0)
    return bytes(stream)
