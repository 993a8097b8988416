"""JPEG (ITU-T T.81): baseline, extended, progressive, lossless; 2 to 16 bits (PS3.5 8.2.1)."""

import re

import numpy as np

from dicomweb.pixels.codecs import jpeg_header
from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.codecs.jpeg_header import LOSSLESS, JpegHeader
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

LOSSLESS_SYNTAXES = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
# Each scan of a progressive stream goes over the whole image, however short it is; writers use ten.
MAX_SCANS = 100
MAX_SCANNED = 1 << 31
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
    if header.process in jpeg_header.PROGRESSIVE:
        _check_scans(frame.count(b"\xff\xda"), image)
    if header.precision == 8 and not lossless:
        return _dct_8(frame, header, image), 8
    # Without loss a sample takes a bit at least. What is missing the decoder would invent.
    least = image.rows * image.columns * image.samples // 8 if lossless else 0
    if not jpeg_header.complete(frame) or len(frame) < least:
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


def encode_lossy(array: Pixels, precision: int, quality: int) -> bytes:
    """Samples of 8 or 12 bits by DCT; RGB becomes YCbCr, with chroma for two columns together."""
    from imagecodecs import jpeg8_encode

    gray = array.ndim == 2
    return bytes(
        jpeg8_encode(
            np.ascontiguousarray(array),
            quality,
            colorspace=None if gray else "RGB",
            outcolorspace=None if gray else "YCBCR",
            subsampling=None if gray else "422",
            bitspersample=precision,
        )
    )


def encode_lossless(array: Pixels, precision: int, *, rgb: bool) -> bytes:
    """Unsigned samples of `precision` bits as process 14, selection value 1; colour untouched.

    The components of `rgb` are named R, G, B; otherwise they are 1, 2, 3, as for YCbCr. That is
    done behind the encoder's back: left to itself, libjpeg-turbo 3.1 codes YCbCr with two Huffman
    tables and names only the first in the scan header, so that nobody can decode it.
    """
    from imagecodecs import jpeg8_encode

    space = None if array.ndim == 2 else "RGB"
    stream = bytes(
        jpeg8_encode(
            np.ascontiguousarray(array),
            colorspace=space,
            outcolorspace=space,
            lossless=True,
            predictor=1,
            bitspersample=precision,
        )
    )
    return stream if rgb or space is None else _anonymous(stream)


def _anonymous(stream: bytes) -> bytes:
    """The stream of RGB with components 1, 2, 3 and without the segments that say RGB."""
    header = jpeg_header.parse(stream)
    frame_at = header.segments[-1][2] if header.segments else 2
    found = bytearray(stream)
    scan_at = stream.index(b"\xff\xda", header.end)
    for number in range(3):
        found[frame_at + 10 + 3 * number] = found[scan_at + 5 + 2 * number] = number + 1
    return b"\xff\xd8" + bytes(found[frame_at:])


def _check_scans(scans: int, image: ImagePixel) -> None:
    if scans > MAX_SCANS or scans * image.rows * image.columns > MAX_SCANNED:
        raise undecodable(f"its {scans} progressive scans are more than any real image has")


def _dct_8(frame: bytes, header: JpegHeader, image: ImagePixel) -> Pixels:
    """By libjpeg-turbo as simplejpeg has it: quickest, and it tells of every damage."""
    import simplejpeg

    stream = _as_libjpeg_reads_it(frame, header, image)
    if not jpeg_header.complete(frame):
        stream += b"\xff\xd9"
    try:
        array: Pixels = simplejpeg.decode_jpeg(stream, "GRAY" if image.samples == 1 else "RGB")
    except ValueError as error:
        extraneous = _EXTRANEOUS.search(str(error))
        padded = extraneous and int(extraneous[1]) <= HARMLESS_BYTES
        if not padded and _DAMAGE.search(str(error)):
            raise undecodable("its JPEG stream is damaged or cut short") from error
        # What remains it cannot do, as unusual subsampling; or it stopped at mere padding.
        return _any(stream, header, image)
    return array.reshape(image.shape)


def _any(frame: bytes, header: JpegHeader, image: ImagePixel) -> Pixels:
    """By libjpeg-turbo as imagecodecs has it: every precision, every process."""
    from imagecodecs import jpeg8_decode

    space = outside = None
    if image.samples == 3:
        transform = header.process != LOSSLESS and is_ycbcr(header, image.photometric)
        space, outside = "YCBCR" if transform else "RGB", "RGB"
    try:
        array = jpeg8_decode(frame, colorspace=space, outcolorspace=outside)
    except (RuntimeError, ValueError) as error:
        raise undecodable("its JPEG stream is damaged or of an unknown process") from error
    if array.shape != image.shape:
        raise undecodable("its JPEG stream holds another number of samples than its head says")
    return array


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
