"""A stored frame in another transfer syntax; lossless targets give back every sample.

Bits beside the samples, where retired overlays lie, stay in Explicit VR Little Endian, RLE and
deflated frames; the other codecs have no room for them.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log10

import numpy as np

from dicomweb.pixels.codecs import deflated, jpeg, jpeg_2000, jpeg_ls, jpeg_xl, native, rle
from dicomweb.pixels.colour import to_rgb
from dicomweb.pixels.decode import decode, words
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels, sample_range
from dicomweb.pixels.targets import (
    EXPLICIT_LITTLE_ENDIAN,
    becomes_rgb,
    can_transcode,
    image_after,
    keeps_bytes,
    keeps_words,
    refusal,
)

JPEG_QUALITY = 95
NEAR_LOSSLESS = 2
# Of lossy JPEG 2000, root mean square: a thousandth of the range of the values, or most of a level.
RELATIVE_ERROR, LEAST_ERROR = 0.001, 0.75
_J = "1.2.840.10008.1.2.4."


def transcode_frame(frame: bytes, image: ImagePixel, target: str) -> bytes:
    """One frame in `target`, described by `targets.image_after(image, target)`.

    Native frames are little endian, colour by pixel, without padding to an even length; a 1-bit
    frame begins at the low bit of its first byte. NotAcceptable when the image cannot be given so
    (it names what can) or the stored frame cannot be decoded.
    """
    if not can_transcode(image, target):
        raise refusal(image, target)
    if keeps_bytes(image, target):
        return frame
    after = image_after(image, target)
    if keeps_words(image, target):
        array, _ = words(frame, image)
    else:
        array = decode(frame, image)
        if becomes_rgb(image, target):
            array = to_rgb(array, image)
    return _ENCODERS[target](array, after)


def native_value(frames: Sequence[bytes], image: ImagePixel) -> bytes:
    """Native frames as one value of Pixel Data, of even length (PS3.5 8.1.1).

    1-bit frames follow one another without a gap, so a frame may begin inside a byte.
    """
    pixels = image.rows * image.columns
    if image.bits_allocated == 1 and pixels % 8:
        packed = (np.frombuffer(frame, np.uint8) for frame in frames)
        bits = [np.unpackbits(each, count=pixels, bitorder="little") for each in packed]
        value = np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    else:
        value = b"".join(frames)
    return value + b"\0" * (len(value) % 2)


def _jpeg_lossless(array: Pixels, image: ImagePixel) -> bytes:
    """Signed samples as whole words: JPEG has no sign, and readers that copy words get theirs."""
    precision = image.bits_allocated if image.signed else max(2, image.bits_stored)
    rgb = image.photometric == "RGB"
    return jpeg.encode_lossless(_unsigned(array, image), precision, rgb=rgb)


def _jpeg_dct(array: Pixels, image: ImagePixel) -> bytes:
    samples = array.astype(np.uint8 if image.bits_stored == 8 else np.uint16, copy=False)
    return jpeg.encode_lossy(samples, image.bits_stored, JPEG_QUALITY)


def _jpeg_ls(array: Pixels, image: ImagePixel) -> bytes:
    return jpeg_ls.encode(_unsigned(array, image))


def _jpeg_ls_near(array: Pixels, image: ImagePixel) -> bytes:
    """The ends of the range are kept clear: CharLS knows the range of the word only."""
    low, high = sample_range(image)
    inside = np.clip(array, low + NEAR_LOSSLESS, high - NEAR_LOSSLESS)
    return jpeg_ls.encode(_unsigned(inside, image), NEAR_LOSSLESS)


def _jpeg_2000(array: Pixels, image: ImagePixel) -> bytes:
    return jpeg_2000.encode(array, image.bits_stored, transform=image.photometric == "YBR_RCT")


def _jpeg_2000_lossy(array: Pixels, image: ImagePixel) -> bytes:
    """OpenJPEG measures against the range of the type; what counts is that of the values."""
    error = max(LEAST_ERROR, float(np.ptp(array.astype(np.int32))) * RELATIVE_ERROR)
    psnr = round(20 * log10(((1 << image.bits_stored) - 1) / error))
    transform = image.photometric == "YBR_ICT"
    return jpeg_2000.encode(array, image.bits_stored, transform=transform, psnr=psnr)


def _high_throughput(array: Pixels, image: ImagePixel) -> bytes:
    return jpeg_2000.encode_high_throughput(
        array,
        image.bits_stored,
        signed=image.signed,
        transform=image.photometric == "YBR_RCT",
        progressive=image.transfer_syntax == _J + "202",
    )


def _jpeg_xl(array: Pixels, image: ImagePixel) -> bytes:
    return jpeg_xl.encode(_unsigned(array, image), image.bits_stored)


def _unsigned(array: Pixels, image: ImagePixel) -> Pixels:
    """Words for codecs without a sign: signed samples as they lie, small ones in bytes."""
    if image.bits_stored <= 8 and not image.signed:
        return array.astype(np.uint8, copy=False)
    return array.view(f"u{array.dtype.itemsize}")


_ENCODERS: Mapping[str, Callable[[Pixels, ImagePixel], bytes]] = {
    EXPLICIT_LITTLE_ENDIAN: native.encode,
    "1.2.840.10008.1.2.5": rle.encode,
    "1.2.840.10008.1.2.8.1": deflated.encode,
    _J + "50": _jpeg_dct,
    _J + "51": _jpeg_dct,
    _J + "57": _jpeg_lossless,
    _J + "70": _jpeg_lossless,
    _J + "80": _jpeg_ls,
    _J + "81": _jpeg_ls_near,
    _J + "90": _jpeg_2000,
    _J + "91": _jpeg_2000_lossy,
    _J + "110": _jpeg_xl,
    _J + "201": _high_throughput,
    _J + "202": _high_throughput,
    _J + "203": _high_throughput,
}
