"""Luminance and chroma to red, green and blue (PS3.3 C.7.6.3.1.2)."""

from functools import lru_cache

import numpy as np

from dicomweb.pixels.codecs.failure import undecodable
from dicomweb.pixels.decode import photometric_after
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.pixel_array import Pixels

# ITU-R BT.601: what a step of chroma adds to each colour, in steps of luminance.
RED_OF_CR, GREEN_OF_CB, GREEN_OF_CR, BLUE_OF_CB = 1.402, -0.344136, -0.714136, 1.772
# Tables are fixed point with as many fractional bits as an int32 leaves beside sample and sign.
_WIDTH = 28


def to_rgb(array: Pixels, image: ImagePixel) -> Pixels:
    """What `decode` returned for a colour image, as RGB in the same type and range.

    Gray and palette images come back unchanged: the room of rendering has its own tables for them.
    NotAcceptable for the retired HSV, ARGB and CMYK.
    """
    photometric = photometric_after(image)
    if image.samples == 1 or photometric == "RGB":
        return array
    if image.samples != 3 or not photometric.startswith("YBR_"):
        raise undecodable(f"the colour space {photometric} is not known or retired")
    if image.bits_stored > 16 or image.signed:
        raise undecodable("colour samples of luminance and chroma are unsigned, of 16 bits at most")
    return _rgb(array, image.bits_stored, partial="PARTIAL" in photometric)


def _rgb(array: Pixels, bits: int, *, partial: bool) -> Pixels:
    """Sums of table entries, rounded by the shift and clipped to the range of the samples."""
    luma, red_cr, green_cb, green_cr, blue_cb = _tables(bits, partial)
    y, cb, cr = (array[..., channel] for channel in range(3))
    grey = luma[y]
    rgb = np.empty(array.shape, array.dtype)
    for channel, sum_ in enumerate(
        (grey + red_cr[cr], grey + green_cb[cb] + green_cr[cr], grey + blue_cb[cb])
    ):
        sum_ >>= _WIDTH - bits
        np.clip(sum_, 0, (1 << bits) - 1, out=sum_)
        rgb[..., channel] = sum_
    return rgb


@lru_cache(maxsize=8)
def _tables(bits: int, partial: bool) -> tuple[Pixels, ...]:
    """What Y, and Cr and Cb in each colour, add; half a step is in the first for rounding.

    Partial range: 16 to 235 for Y, 16 to 240 for chroma, in the eight highest bits.
    """
    one = float(1 << (_WIDTH - bits))
    step = 1 << bits >> 8 if bits > 8 else 1
    codes = np.arange(1 << bits, dtype=np.float64)
    chroma = codes - (1 << (bits - 1))
    if partial:
        top = (1 << bits) - 1
        codes = (codes - 16 * step) * (top / (219 * step))
        chroma *= top / (224 * step)
    tables = [codes * one + one / 2]
    tables += [
        chroma * (each * one) for each in (RED_OF_CR, GREEN_OF_CB, GREEN_OF_CR, BLUE_OF_CB)
    ]
    return tuple(np.round(table).astype(np.int32) for table in tables)
