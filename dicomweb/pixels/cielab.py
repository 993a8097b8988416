"""Colours that the Standard writes as CIELab, as sRGB for a screen (PS3.3 C.10.7.1.1)."""

from collections.abc import Sequence

Rgb = tuple[int, int, int]

_WHITE_D50 = (0.96422, 1.0, 0.82521)
# CIE XYZ of white D50 to linear sRGB, adapted by Bradford's method.
_TO_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def rgb_of(encoded: Sequence[float]) -> Rgb | None:
    """Three unsigned 16-bit numbers, L* 0 to 100 and a*, b* -128 to 127; None for anything else."""
    if len(encoded) != 3:
        return None
    lightness = encoded[0] * 100 / 65535
    a, b = (value * 255 / 65535 - 128 for value in encoded[1:])
    y = (lightness + 16) / 116
    xyz = [
        white * _cube(root)
        for white, root in zip(_WHITE_D50, (y + a / 500, y, y - b / 200), strict=True)
    ]
    red, green, blue = (
        _screen(sum(weight * part for weight, part in zip(row, xyz, strict=True)))
        for row in _TO_SRGB
    )
    return red, green, blue


def grey_of(value: float) -> Rgb:
    """A P-Value of 0 (black) to 65535 (white)."""
    level = min(255, max(0, round(value * 255 / 65535)))
    return level, level, level


def _cube(root: float) -> float:
    return float(root**3) if root > 6 / 29 else 3 * (6 / 29) ** 2 * (root - 4 / 29)


def _screen(linear: float) -> int:
    """The transfer curve of sRGB (IEC 61966-2-1), to 0 … 255."""
    linear = min(1.0, max(0.0, linear))
    light = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(light * 255)
