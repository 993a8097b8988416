"""JPEG (ITU-T T.81): baseline, extended, progressive and lossless, of 2 to 16 bits (PS3.5 8.2.1)."""

import re
from typing import cast

import numpy as np

from dicomweb.pixels.codecs import jpeg_header
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.codecs.jpeg_header import LOSSLESS, JpegHeader
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

LOSSLESS_SYNTAXES = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
# Each scan of a progressive stream goes over the whole image, however short it is; writers use ten.
MAX_SCANS = 100
# Between scans and restart intervals some writers pad; more than this was lost data.
HARMLESS_BYTES = 64
_EXTRANEOUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker")
_DAMAGE = re.compile(r"Corrupt JPEG data|Premature end of JPEG|Invalid progressive|Huffman")


def decode(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """The samples of a JPEG frame and their precision.

    The process in the stream decides, not the transfer syntax: they differ in the field. Colour is
    RGB from the DCT processes and as stored from the lossless one, which has no transform.
    """
    header = jpeg_header.parse(frame)
    jpeg_header.check(header, image)
    lossless = header.process == LOSSLESS
    if image.samples == 3 and lossless != (image.transfer_syntax in LOSSLESS_SYNTAXES):
        raise undecodable("its JPEG process is not that of its transfer syntax")
    if header.process in jpeg_header.PROGRESSIVE and frame.count(b"\xff\xda") > MAX_SCANS:
        raise undecodable(f"it has more than {MAX_SCANS} progressive scans")
    if header.precision == 8 and not lossless:
        return _dct_8(frame, header, image), 8
    if not jpeg_header.complete(frame):
        raise undecodable("its JPEG stream is cut short")
    return _any(frame, header, image), header.precision


def is_ycbcr(header: JpegHeader, photometric: str) -> bool:
    """Whether three components are luminance and chroma.

    Photometric Interpretation first, unless the components call themselves R, G, B; files that say
    RGB and are not are known by JFIF, which allows nothing else, Adobe's segment, or subsampling.
    """
    if _names(header) in (b"RGB", b"rgb"):
        return False
    if photometric.startswith("YBR_") or header.jfif or header.adobe >= 0:
        return photometric.startswith("YBR_") or header.jfif or header.adobe > 0
    factors = {(each.across, each.down) for each in header.components}
    return len(factors) > 1 or (photometric != "RGB" and _names(header) == b"\1\2\3")


def encode_baseline(array: Pixels, image: ImagePixel, quality: int) -> bytes:
    """8-bit samples as JPEG baseline; RGB becomes YCbCr with chroma for two columns together."""
    import simplejpeg

    source = np.ascontiguousarray(array if array.ndim == 3 else array[..., np.newaxis], np.uint8)
    gray = image.samples == 1
    return cast(
        bytes,
        simplejpeg.encode_jpeg(
            source,
            quality=quality,
            colorspace="GRAY" if gray else "RGB",
            colorsubsampling="Gray" if gray else "422",
        ),
    )


def encode_lossless(array: Pixels, precision: int) -> bytes:
    """Unsigned samples of `precision` bits as process 14, selection value 1; colour untouched."""
    import imagecodecs

    colour = {"colorspace": "RGB", "outcolorspace": "RGB"} if array.ndim == 3 else {}
    return cast(
        bytes,
        imagecodecs.jpeg8_encode(
            np.ascontiguousarray(array),
            lossless=True,
            predictor=1,
            bitspersample=precision,
            **colour,
        ),
    )


def _dct_8(frame: bytes, header: JpegHeader, image: ImagePixel) -> Pixels:
    """By libjpeg-turbo as simplejpeg has it: quickest, and it tells of every damage."""
    import simplejpeg

    colour = "GRAY" if image.samples == 1 else "RGB"
    stream = _as_libjpeg_reads_it(frame, header, image)
    if not jpeg_header.complete(frame):
        stream += b"\xff\xd9"
    try:
        array = simplejpeg.decode_jpeg(stream, colour)
    except ValueError as error:
        extraneous = _EXTRANEOUS.search(str(error))
        if extraneous and int(extraneous[1]) <= HARMLESS_BYTES:
            array = simplejpeg.decode_jpeg(stream, colour, strict=False)
        elif _DAMAGE.search(str(error)):
            raise undecodable("its JPEG stream is damaged or cut short") from error
        else:
            return _any(stream, header, image)
    return cast(Pixels, array).reshape(image.shape)


def _any(frame: bytes, header: JpegHeader, image: ImagePixel) -> Pixels:
    """By libjpeg-turbo as imagecodecs has it: every precision, every process."""
    import imagecodecs

    colour = {}
    if image.samples == 3:
        transform = header.process != LOSSLESS and is_ycbcr(header, image.photometric)
        colour = {"colorspace": "YCBCR" if transform else "RGB", "outcolorspace": "RGB"}
    try:
        array = imagecodecs.jpeg8_decode(frame, **colour)
    except (RuntimeError, ValueError) as error:
        raise undecodable("its JPEG stream is damaged or of an unknown process") from error
    if array.shape != image.shape:
        raise undecodable("its JPEG stream holds another number of samples than its head says")
    return cast(Pixels, array)


def _as_libjpeg_reads_it(frame: bytes, header: JpegHeader, image: ImagePixel) -> bytes:
    """The stream, with an Adobe segment in place of others where libjpeg would guess otherwise."""
    if image.samples != 3:
        return frame
    transform = is_ycbcr(header, image.photometric)
    if transform == _libjpeg_guess(header):
        return frame
    adobe = b"\xff\xee\0\x0eAdobe\0d\0\0\0\0" + bytes([transform])
    telling = (jpeg_header.APP0, jpeg_header.APP14)
    kept = [frame[a:b] for marker, a, b in header.segments if marker not in telling]
    head = header.segments[-1][2] if header.segments else 2
    return b"".join([b"\xff\xd8", adobe, *kept, frame[head:]])


def _libjpeg_guess(header: JpegHeader) -> bool:
    """What libjpeg takes three components for: YCbCr unless told otherwise."""
    if header.jfif or header.adobe >= 0:
        return header.jfif or header.adobe > 0
    return _names(header) not in (b"RGB", b"rgb")


def _names(header: JpegHeader) -> bytes:
    return bytes(component.name for component in header.components)
