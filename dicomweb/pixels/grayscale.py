"""Stored values to shades of grey: Modality LUT, VOI LUT or window, Presentation LUT (PS3.4 N.2).

`Grayscale` says what is to be done to a frame, `shades` does it in the words of the Standard, and
`paint` does it quickly: whatever the steps, integers of 16 bits have few different values, so that
the steps are taken once per value and not once per pixel.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, floor
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.options import Window
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.tables import Table

Shades: TypeAlias = NDArray[np.uint8]

# Rows of one block of work: bounds the memory of a large image and stays in the processor's cache.
BLOCK_PIXELS = 1 << 18
DRAWN_PIXELS = 1 << 17
# Values of so few bits are painted all beforehand, without a look at which of them are there.
FEW_BITS = 12
# Beyond this a number is a mistake, and its arithmetic would end in infinity.
HUGE = 1e30
# How many pixels speak for all when a frame comes without a window.
SAMPLE_PIXELS = 1 << 15


@dataclass(frozen=True, slots=True)
class Rescale:
    """Rescale Slope and Intercept (PS3.3 C.11.1)."""

    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """The values that become black and white, where nobody gave a window."""

    low: float
    high: float


IDENTITY = Rescale()


@dataclass(frozen=True, slots=True)
class Grayscale:
    """What turns the stored values of one frame into light, in the order of the fields.

    `voi` None looks at the pixels for a span. `padding` is the closed range of stored values that
    are no image (PS3.3 C.7.5.1.1.2); they become black, inverted or not.
    """

    modality: Rescale | Table = IDENTITY
    voi: Window | Span | Table | None = None
    presentation: Table | None = None
    inverse: bool = False
    padding: tuple[float, float] | None = None


def paint(values: Pixels, grayscale: Grayscale, bits: int = 16) -> Shades:
    """8-bit shades of a decoded frame; the same as `shades` of each value, only quicker.

    `bits` are what the values need at most, Bits Stored of their image. The result may share the
    memory of `values` where nothing changes.
    """
    if grayscale.voi is None:
        grayscale = replace(grayscale, voi=span_of(values, grayscale))
    if values.dtype.kind == "f" or values.dtype.itemsize > 2:
        return _paint_each(values, grayscale)
    ramp = _ramp(grayscale, *_domain(values, bits))
    if ramp.identity and values.dtype == np.uint8:
        return values
    return _look_up(values, ramp) if ramp.line is None else _draw(values, ramp.line)


def _domain(values: Pixels, bits: int) -> tuple[int, int]:
    """What few bits can hold; of more bits the least and the greatest value that are there.

    Those are moved out to multiples of 1024, so that the slices of a series share a ramp.
    """
    bits = min(bits, 8 * values.dtype.itemsize)
    if bits <= FEW_BITS:
        return (
            (-1 << (bits - 1), (1 << (bits - 1)) - 1) if _signed(values) else (0, (1 << bits) - 1)
        )
    return int(values.min()) & ~1023, int(values.max()) | 1023


def _signed(values: Pixels) -> bool:
    return bool(values.dtype.kind == "i")


@dataclass(frozen=True, slots=True)
class _Line:
    """Light as a straight line between two stored values, beyond which nothing changes any more.

    A line that climbs more than a shade a value is `steep`: its light is clipped instead.
    """

    slope: float
    offset: float
    first: int = 0
    last: int = 0
    steep: bool = False


@dataclass(frozen=True, slots=True)
class _Ramp:
    """The shades of the integers from `low` on, and a straight line that gives the same."""

    low: int
    shades: Shades
    line: _Line | None
    identity: bool
    """Whether 0 … 255 stay what they are."""


@lru_cache(maxsize=64)
def _ramp(grayscale: Grayscale, low: int, high: int) -> _Ramp:
    domain = np.arange(low, high + 1)
    exact = shades(domain.astype(np.float64), grayscale)
    line = _line(grayscale, low, high)
    if line is not None and not np.array_equal(_draw(domain, line), exact):
        line = None
    return _Ramp(low, exact, line, low == 0 and np.array_equal(exact[:256], np.arange(256)))


def shades(values: NDArray[np.float64], grayscale: Grayscale) -> Shades:
    """The pipeline by its formulas, in double precision; values to 0 (black) … 255 (white)."""
    light = _voi(_modality(values, grayscale.modality), grayscale.voi)
    if grayscale.presentation is not None:
        light = _presentation(light, grayscale.presentation)
    if grayscale.inverse:
        light = 1.0 - light
    painted = np.floor(light * 255.0 + 0.5).astype(np.uint8)
    if grayscale.padding is not None:
        painted[_is_padding(values, grayscale.padding)] = 0
    return painted


def span_of(values: Pixels, grayscale: Grayscale) -> Span:
    """From the least to the greatest value that is no padding, behind the Modality LUT.

    Where a few pixels stretch that range to more than four times what the other 98 % take, these
    others get the whole range of grey.
    """
    if values.dtype.kind == "f" or values.dtype.itemsize > 2:
        extent = _extent(values, grayscale.padding)
    else:
        extent = _extent_of_words(values, grayscale.padding)
    if extent is None:
        return Span(0.0, 1.0)
    low, high, most_low, most_high = extent
    if most_low < most_high and (most_high - most_low) * 4 < high - low:
        low, high = most_low, most_high
    ends = _modality(np.array([low, high], np.float64), grayscale.modality)
    low, high = float(ends.min()), float(ends.max())
    return Span(low, high) if low < high else Span(min(0.0, low), max(0.0, high))


def _extent(
    values: Pixels, padding: tuple[float, float] | None
) -> tuple[float, float, float, float] | None:
    """The least and the greatest value, and the ends of the middle 98 %; None without any value."""
    if padding is not None:
        values = values[~_is_padding(values, padding)]
    if values.dtype.kind == "f":
        values = values[np.abs(values) < HUGE]
    if values.size == 0:
        return None
    step = max(1, values.size // SAMPLE_PIXELS)
    most_low, most_high = np.percentile(values.reshape(-1)[::step], (1, 99))
    return float(values.min()), float(values.max()), float(most_low), float(most_high)


def _extent_of_words(
    values: Pixels, padding: tuple[float, float] | None
) -> tuple[float, float, float, float] | None:
    """The same from integers of 16 bits and fewer: counting them is several times quicker."""
    flat = values.reshape(-1)
    low, high = int(flat.min()), int(flat.max())
    # Padding between the ends hides neither of them, and some pixels speak for all.
    hidden = padding is not None and any(padding[0] <= end <= padding[1] for end in (low, high))
    counts = _counts(flat if hidden else flat[:: max(1, flat.size // SAMPLE_PIXELS)], low, high)
    if padding is not None:
        counts[max(0, ceil(padding[0]) - low) : max(0, floor(padding[1]) - low + 1)] = 0
    there = np.flatnonzero(counts)
    if there.size == 0:
        return None if hidden else (low, high, low, low)
    passed = np.cumsum(counts)
    most = low + np.searchsorted(passed, [passed[-1] * 0.01, passed[-1] * 0.99])
    if hidden:
        low, high = low + int(there[0]), low + int(there[-1])
    return low, high, int(most[0]), int(most[1])


def _counts(flat: Pixels, low: int, high: int) -> NDArray[np.int64]:
    """How often each value from `low` to `high` is there, these being the least and the most."""
    counts = np.zeros(high - low + 1, np.int64)
    for start in range(0, flat.size, BLOCK_PIXELS):
        part = flat[start : start + BLOCK_PIXELS].astype(np.int64)
        part -= low
        counts += np.bincount(part, minlength=counts.size)
    return counts


def whole_span(low: int, high: int, modality: Rescale | Table) -> Span:
    """The range of all that could be stored, behind the Modality LUT: VOI is the identity."""
    if isinstance(modality, Table):
        return Span(0.0, float(modality.top))
    ends = _modality(np.array([low, high], np.float64), modality)
    return Span(float(ends.min()), float(ends.max()))


def _modality(values: NDArray[np.float64], modality: Rescale | Table) -> NDArray[np.float64]:
    if isinstance(modality, Table):
        return _entry(values, modality).astype(np.float64)
    if modality == IDENTITY:
        return values
    return values * modality.slope + modality.intercept


def _entry(values: NDArray[np.float64], table: Table) -> NDArray[np.uint16]:
    """Below the first and above the last input: the first and the last entry (PS3.3 C.11.1.1)."""
    entries = table.entries
    index = np.clip(np.rint(values) - table.first, 0, entries.size - 1)
    found: NDArray[np.uint16] = entries[index.astype(np.intp)]
    return found


def _voi(values: NDArray[np.float64], voi: Window | Span | Table | None) -> NDArray[np.float64]:
    """To light from 0 to 1."""
    if isinstance(voi, Table):
        return np.minimum(_entry(values, voi) / voi.top, 1.0)
    if isinstance(voi, Window):
        return window(values, voi)
    if voi is None or voi.high <= voi.low:
        return np.zeros(values.shape)
    return np.clip((values - voi.low) / (voi.high - voi.low), 0.0, 1.0)


def window(values: NDArray[np.float64], voi: Window) -> NDArray[np.float64]:
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3, with 0 and 1 for the least and the greatest output."""
    center, width = voi.center, voi.width
    if voi.function == "SIGMOID":
        steepness = np.clip(-4.0 * (values - center) / width, -700.0, 700.0)
        return 1.0 / (1.0 + np.exp(steepness))
    if voi.function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width == 1:
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def _presentation(light: NDArray[np.float64], table: Table) -> NDArray[np.float64]:
    """The table's first input is black and its last is white (PS3.3 C.11.4.1)."""
    last = table.entries.size - 1
    index = np.floor(light * last + 0.5).astype(np.intp)
    return np.minimum(table.entries[index] / table.top, 1.0)


def _is_padding(values: NDArray[Any], padding: tuple[float, float]) -> NDArray[np.bool_]:
    low, high = padding
    return values == low if low == high else (values >= low) & (values <= high)


def _paint_each(values: Pixels, grayscale: Grayscale) -> Shades:
    """Wide integers and floats, block by block; what is no sane number is black."""
    flat = values.reshape(-1)
    painted = np.empty(flat.size, np.uint8)
    for start in range(0, flat.size, BLOCK_PIXELS):
        block = flat[start : start + BLOCK_PIXELS].astype(np.float64)
        odd = ~(np.abs(block) < HUGE)
        block[odd] = 0.0
        part = shades(block, grayscale)
        part[odd] = 0
        painted[start : start + BLOCK_PIXELS] = part
    return painted.reshape(values.shape)


def _look_up(values: Pixels, ramp: _Ramp) -> Shades:
    """One table for all values of the word, a negative one at the place of its bits."""
    size = 1 << (8 * values.dtype.itemsize)
    table = np.zeros(size, np.uint8)
    domain = np.arange(ramp.low, ramp.low + ramp.shades.size)
    table[domain & (size - 1)] = ramp.shades
    flat = values.reshape(-1).view(f"u{values.dtype.itemsize}")
    painted = np.empty(flat.size, np.uint8)
    for start in range(0, flat.size, BLOCK_PIXELS):
        part = slice(start, start + BLOCK_PIXELS)
        # Every index is inside the table: `clip` saves NumPy a copy, not us an error.
        np.take(table, flat[part], mode="clip", out=painted[part])
    return painted.reshape(values.shape)


def _line(grayscale: Grayscale, low: int, high: int) -> _Line | None:
    """The pipeline between black and white for values from `low` to `high`, where it is straight.

    `paint` goes by it when it gives the same shades as the formulas, value for value.
    """
    modality, voi = grayscale.modality, grayscale.voi
    if isinstance(modality, Table) or grayscale.presentation is not None:
        return None
    if isinstance(voi, Window) and voi.function != "SIGMOID" and voi.width > 1:
        width = voi.width - 1.0 if voi.function == "LINEAR" else voi.width
        middle = voi.center - 0.5 if voi.function == "LINEAR" else voi.center
        black = middle - width / 2
    elif isinstance(voi, Span) and voi.low < voi.high:
        black, width = voi.low, voi.high - voi.low
    else:
        return None
    slope = 255.0 * modality.slope / width
    offset = 255.0 * (modality.intercept - black) / width
    if grayscale.inverse:
        slope, offset = -slope, 255.0 - offset
    return _bounded(slope, offset + 0.5, low, high)


def _bounded(slope: float, offset: float, low: int, high: int) -> _Line:
    """The line with the first and the last value whose light, cut to whole shades, is a byte."""
    if abs(slope) > 1.0:
        return _Line(slope, offset, steep=True)
    ends = sorted((-offset / slope, (256.0 - offset) / slope))
    first, last = (min(max(end, low), high) for end in ends)
    return _Line(slope, offset, ceil(first), floor(last))


def _draw(values: Pixels, line: _Line) -> Shades:
    """The line in single precision and in place, in the cache: the quickest way of NumPy."""
    flat = values.reshape(-1)
    painted = np.empty(flat.size, np.uint8)
    light = np.empty(min(flat.size, DRAWN_PIXELS), np.float32)
    inside = flat if line.steep else np.empty(light.size, values.dtype)
    slope, offset = np.float32(line.slope), np.float32(line.offset)
    for start in range(0, flat.size, DRAWN_PIXELS):
        part = flat[start : start + DRAWN_PIXELS]
        some = light[: part.size]
        if not line.steep:
            part = part.clip(line.first, line.last, out=inside[: part.size])
        np.copyto(some, part)
        some *= slope
        some += offset
        if line.steep:
            some.clip(0, 255, out=some)
        np.copyto(painted[start : start + part.size], some, casting="unsafe")
    return painted.reshape(values.shape)
