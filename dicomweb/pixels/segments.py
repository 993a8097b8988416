"""Colours for label maps: each pixel holds the number of its segment (PS3.3 C.8.20)."""

import colorsys

import numpy as np

from dicomweb.pixels.attributes import Metadata, integer, items, numbers, text
from dicomweb.pixels.cielab import rgb_of
from dicomweb.pixels.palette import Palette

LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
# The golden angle: neighbouring numbers get hues far apart, however many there are.
_TURN = 0.61803398875
_HUES = 64


def is_marks(sop_class: str) -> bool:
    """Whether pixels of this class are labels or marks."""
    return sop_class in (LABEL_MAP_STORAGE, SEGMENTATION_STORAGE)


def is_segmentation(metadata: Metadata) -> bool:
    """The same of an instance: between two labels lies no third."""
    return is_marks(text(metadata, "00080016"))


def is_label_map(metadata: Metadata) -> bool:
    return (
        text(metadata, "00080016") == LABEL_MAP_STORAGE
        or text(metadata, "00620001").upper() == "LABELMAP"
    )


def label_palette(metadata: Metadata) -> Palette:
    """Black for the background, for each segment its Recommended Display CIELab Value or a hue.

    The number of the background is 0, or Pixel Padding Value (0028,0120) where that is given.
    """
    numbered = {
        number: rgb_of(numbers(segment, "0062000D"))
        for segment in items(metadata, "00620002")
        if 0 <= (number := integer(segment, "00620004", -1) or 0) <= 0xFFFF
    }
    table = np.zeros((max([255, *numbered]) + 1, 3), np.uint8)
    hues = [_hue(number) for number in range(_HUES)]
    for number in range(len(table)):
        table[number] = numbered.get(number) or hues[number % _HUES]
    background = integer(metadata, "00280120", 0) or 0
    for number in {0, background} - {n for n in numbered if n != background}:
        if 0 <= number < len(table):
            table[number] = 0
    return Palette(0, table.tobytes())


def fraction(metadata: Metadata) -> int:
    """Maximum Fractional Value (0062,000E) of a fractional segmentation: its white; 0 of others."""
    if text(metadata, "00620001").upper() != "FRACTIONAL":
        return 0
    return max(0, integer(metadata, "0062000E", 0) or 0)


def _hue(number: int) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(number * _TURN % 1.0, 0.75, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)
