"""How a stored frame fails to decode: a sentence for the person who asked; the usual reasons."""

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.image import ImagePixel


def undecodable(why: str) -> NotAcceptable:
    """What is stored is broken or beyond this server; `why` has no full stop."""
    return NotAcceptable(f"The stored frame cannot be decoded: {why}.")


def check_claims(
    image: ImagePixel, *, rows: int, columns: int, samples: int, precision: int
) -> None:
    """What the head of a stream claims against the data set, before a decoder goes by it."""
    if (rows, columns) != (image.rows, image.columns):
        raise undecodable(
            f"the stream is {rows} x {columns}, the image says {image.rows} x {image.columns}"
        )
    if samples != image.samples:
        raise undecodable(
            f"the stream has {samples} samples per pixel, the image says {image.samples}"
        )
    if precision > max(8, image.bits_allocated):
        raise undecodable(
            f"the stream has {precision} bits per sample,"
            f" the image allocates {image.bits_allocated}"
        )
