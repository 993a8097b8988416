"""Decoded pixels: their type, and the sample inside the word that a codec gave (PS3.5 8.1.1)."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.image import ImagePixel, Kind

Pixels: TypeAlias = NDArray[Any]
"""(rows, columns) or (rows, columns, samples); integers or floating point numbers."""


def dtype_of(image: ImagePixel) -> np.dtype[Any]:
    """The type of one sample in memory: unsigned or signed as wide as Bits Allocated, or a float."""
    if image.kind is not Kind.INTEGER:
        return np.dtype(np.float32 if image.kind is Kind.FLOAT else np.float64)
    if image.bits_allocated == 1:
        return np.dtype(np.uint8)
    return np.dtype(f"{'i' if image.signed else 'u'}{image.bits_allocated // 8}")


def conform(array: Pixels, image: ImagePixel, precision: int) -> Pixels:
    """The samples in the low `precision` bits of the words of `array`, as the image's own type.

    Bits beside the sample are cut off (retired overlays lie there) and the sign is extended,
    whatever sign the codec believed in. The result may share the memory of `array`.
    """
    dtype = dtype_of(image)
    if dtype.kind == "f" or image.bits_allocated == 1:
        return array.astype(dtype, copy=False)
    allocated = 8 * dtype.itemsize
    # A codec that kept the whole word kept the sample where it was; one of fewer bits moved it down.
    shift = image.high_bit + 1 - image.bits_stored if precision > image.high_bit else 0
    width = min(image.bits_stored, precision - shift)
    words = array.astype(f"u{dtype.itemsize}", copy=False)
    if width == allocated:
        return words.view(dtype)
    if not image.signed:
        mask = words.dtype.type((1 << width) - 1)
        return (words >> words.dtype.type(shift) if shift else words) & mask
    raised = np.left_shift(words, words.dtype.type(allocated - width - shift)).view(dtype)
    return np.right_shift(raised, dtype.type(allocated - width), out=raised)
