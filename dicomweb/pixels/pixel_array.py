"""Decoded pixels: their type, and the sample inside the word that a codec gave (PS3.5 8.1.1)."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.image import ImagePixel, Kind

Pixels: TypeAlias = NDArray[Any]
"""(rows, columns) or (rows, columns, samples); integers or floating point numbers."""


def dtype_of(image: ImagePixel) -> np.dtype[Any]:
    """The type of one sample in memory: as wide as Bits Allocated, or a float."""
    if image.kind is not Kind.INTEGER:
        return np.dtype(np.float32 if image.kind is Kind.FLOAT else np.float64)
    if image.bits_allocated == 1:
        return np.dtype(np.uint8)
    return np.dtype(f"{'i' if image.signed else 'u'}{image.bits_allocated // 8}")


def conform(array: Pixels, image: ImagePixel, precision: int, *, lossy: bool = False) -> Pixels:
    """The samples in the low `precision` bits of the words of `array`, as the image's own type.

    Bits beside the sample are cut off (retired overlays lie there) and the sign is extended,
    whatever sign the codec believed in. A lossy codec oversteps the range of the samples instead:
    there they are clipped. The result may share the memory of `array`.
    """
    dtype = dtype_of(image)
    if dtype.kind == "f":
        return array.astype(dtype, copy=False)
    if image.bits_allocated == 1:
        return array if precision == 1 and array.dtype == dtype else (array != 0).astype(dtype)
    if lossy and precision > image.bits_stored:
        return _clipped(_sample(array, dtype, 0, precision), image)
    # A codec that kept the whole word kept the sample where it was; one of fewer bits moved it.
    shift = image.high_bit + 1 - image.bits_stored if precision > image.high_bit else 0
    return _sample(array, dtype, shift, min(image.bits_stored, precision - shift))


def _sample(array: Pixels, dtype: np.dtype[Any], shift: int, width: int) -> Pixels:
    """The `width` bits above `shift`, zero or sign extended to `dtype`."""
    allocated = 8 * dtype.itemsize
    words: Pixels = array.astype(f"u{dtype.itemsize}", copy=False)
    if width == allocated:
        return words.view(dtype)
    if dtype.kind == "u":
        mask = words.dtype.type((1 << width) - 1)
        low: Pixels = words >> words.dtype.type(shift) if shift else words
        sample: Pixels = low & mask
        return sample
    raised: Pixels = np.left_shift(words, words.dtype.type(allocated - width - shift)).view(dtype)
    raised >>= dtype.type(allocated - width)
    return raised


def _clipped(array: Pixels, image: ImagePixel) -> Pixels:
    low, high = sample_range(image)
    return np.clip(array, low, high)


def sample_range(image: ImagePixel) -> tuple[int, int]:
    """The smallest and the largest value that Bits Stored and Pixel Representation allow."""
    if image.signed:
        half = 1 << (image.bits_stored - 1)
        return -half, half - 1
    return 0, (1 << image.bits_stored) - 1
