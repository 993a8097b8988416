"""Luminance and chroma to red, green and blue (PS3.3 C.7.6.3.1.2)."""

import numpy as np

from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.image import ImagePixel, photometric_after
from dicomweb.pixels.pixel_array import Pixels

# ITU-R BT.601: what a step of chroma adds to each colour, in steps of luminance.
RED_OF_CR, GREEN_OF_CB, GREEN_OF_CR, BLUE_OF_CB = 1.402, -0.344136, -0.714136, 1.772
# Fixed point: as many fractional bits as an integer leaves beside sample, sign and the largest sum.
_WIDTH = {np.int32: 28, np.int64: 56}


def to_rgb(array: Pixels, image: ImagePixel) -> Pixels:
    """What `decode` returned for a colour image, as RGB in the same type and range.

    Gray and palette images come back unchanged: the room of rendering has its own tables for them.
    NotAcceptable for the retired HSV, ARGB and CMYK.
    """
    photometric = photometric_after(image)
    if image.samples == 1 or (image.samples == 3 and photometric == "RGB"):
        return array
    if photometric != "RGB" and not photometric.startswith("YBR_"):
        raise undecodable(f"the colour space {photometric} is not known or retired")
    if image.samples != 3:
        raise undecodable(f"{image.samples} samples in a pixel are no colour")
    if image.bits_stored > 16 or image.signed:
        raise undecodable("colour samples of luminance and chroma are unsigned, of 16 bits at most")
    return _rgb(array, image.bits_stored, partial="PARTIAL" in photometric)


def _rgb(array: Pixels, bits: int, *, partial: bool) -> Pixels:
    """The sums in integers, rounded by the shift and clipped to the range of the samples.

    Partial range: 16 to 235 for Y, 16 to 240 for chroma, in the eight highest bits.
    """
    integers: type[np.int32 | np.int64] = np.int32 if bits <= 8 else np.int64
    point = _WIDTH[integers] - bits
    top, step = (1 << bits) - 1, max(1, 1 << bits >> 8)
    grow, spread, black = (top / (219 * step), top / (224 * step), 16 * step)
    if not partial:
        grow, spread, black = 1.0, 1.0, 0
    planes: list[Pixels] = [array[..., channel].astype(integers) for channel in range(3)]
    y, cb, cr = planes
    y -= black
    y *= round(grow * (1 << point))
    y += 1 << (point - 1)
    cb -= 1 << (bits - 1)
    cr -= 1 << (bits - 1)
    red_cr, green_cb, green_cr, blue_cb = (
        round(factor * spread * (1 << point))
        for factor in (RED_OF_CR, GREEN_OF_CB, GREEN_OF_CR, BLUE_OF_CB)
    )
    rgb = np.empty(array.shape, array.dtype)
    green = cb * green_cb
    green += cr * green_cr
    cr *= red_cr
    cb *= blue_cb
    for channel, chroma in enumerate((cr, green, cb)):
        chroma += y
        chroma >>= point
        np.clip(chroma, 0, top, out=chroma)
        rgb[..., channel] = chroma
    return rgb
