"""A stored frame to an array of its samples, whatever the transfer syntax."""

from dicomweb.errors import NotAcceptable, TooLarge
from dicomweb.pixels.codecs import SYNTAXES, family
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels, conform, dtype_of

# A whole mammogram takes 60 MB, a large whole-slide tile 50 MB; the rest of the way is for attacks.
MAX_FRAME_BYTES = 1 << 29


def decode(frame: bytes, image: ImagePixel) -> Pixels:
    """The samples of one frame as (rows, columns), or (rows, columns, samples) for colour.

    Unsigned or signed integers as wide as Bits Allocated (1-bit: uint8 of 0 and 1), float32 or
    float64; the value is the sample alone, sign extended. The colour space is
    `image.photometric_after(image)`. The array may be a read-only view of `frame`.

    NotAcceptable when the stream is damaged, contradicts the image, or is in a transfer syntax
    without a decoder; TooLarge above MAX_FRAME_BYTES. PS3.5 8 and A.4.
    """
    array, precision = words(frame, image)
    return conform(array, image, precision, lossy=bool(SYNTAXES[image.transfer_syntax].method))


def words(frame: bytes, image: ImagePixel) -> tuple[Pixels, int]:
    """What the codec gives, in the same shape, and how many bits of its words are from the stream.

    From native, RLE and deflated frames these are the stored words with all their bits.
    """
    if image.transfer_syntax not in SYNTAXES:
        raise NotAcceptable(
            "The frame can be given only as it is stored: there is no decoder for its transfer"
            f" syntax {image.transfer_syntax}."
        )
    if decoded_bytes(image) > MAX_FRAME_BYTES:
        raise TooLarge("A decoded frame of this image would be larger than this server allows.")
    return family(image.transfer_syntax).decode(frame, image)


def decoded_bytes(image: ImagePixel) -> int:
    """The memory that one decoded frame takes."""
    return image.rows * image.columns * image.samples * dtype_of(image).itemsize
