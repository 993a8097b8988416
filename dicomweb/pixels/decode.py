"""A stored frame to an array of its samples, whatever the transfer syntax."""

from dicomweb.errors import NotAcceptable, TooLarge
from dicomweb.pixels.codecs import SYNTAXES, family
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels, conform, dtype_of

# A whole mammogram takes 60 MB, a large whole-slide tile 50 MB; the rest of the way is for attacks.
MAX_FRAME_BYTES = 1 << 30

_DCT = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_DCT += ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")
_COLOUR_OF_CODESTREAM = ("YBR_ICT", "YBR_RCT")


def decode(frame: bytes, image: ImagePixel) -> Pixels:
    """The samples of one frame as (rows, columns), or (rows, columns, samples) for colour.

    Unsigned or signed integers as wide as Bits Allocated (1-bit: uint8 of 0 and 1), float32 or
    float64; the value is the sample alone, sign extended. The colour space is
    `photometric_after(image)`. The array may be a read-only view of `frame`.

    NotAcceptable when the stream is damaged, contradicts the image, or is in a transfer syntax
    without a decoder; TooLarge above MAX_FRAME_BYTES. PS3.5 8 and A.4.
    """
    if image.transfer_syntax not in SYNTAXES:
        raise NotAcceptable(
            "The frame can be given only as it is stored: there is no decoder for its transfer"
            f" syntax {image.transfer_syntax}."
        )
    if decoded_bytes(image) > MAX_FRAME_BYTES:
        raise TooLarge("A decoded frame of this image would be larger than this server allows.")
    array, precision = family(image.transfer_syntax).decode(frame, image)
    return conform(array, image, precision)


def decoded_bytes(image: ImagePixel) -> int:
    """The memory that one decoded frame takes."""
    return image.rows * image.columns * image.samples * dtype_of(image).itemsize


def photometric_after(image: ImagePixel) -> str:
    """The Photometric Interpretation of what `decode` returns.

    The codec undoes the colour transform that belongs to it: JPEG's DCT processes, JPEG 2000 and
    JPEG XL give RGB. Elsewhere YBR_FULL stays YBR_FULL, and chroma shared by two columns is given
    to each: YBR_FULL_422 becomes YBR_FULL; YBR_PARTIAL_422 keeps its name, there is none for it.
    """
    if image.samples == 3:
        if image.transfer_syntax in _DCT or SYNTAXES[image.transfer_syntax].family == "jpeg_xl":
            return "RGB"
        if image.photometric in _COLOUR_OF_CODESTREAM:
            return "RGB"
        if image.photometric == "YBR_FULL_422":
            return "YBR_FULL"
    return image.photometric
