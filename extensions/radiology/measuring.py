"""What an annotation measures: lengths, areas, angles, and statistics of the values inside it.

Inside is a pixel whose centre lies inside the shape or on its edge; for the contour of a `roi` the
even-odd rule decides, and of the edges the left and the upper count as inside. Where the size of
pixels is known a circle is one of the body, not of the pixel matrix. Imported lazily: NumPy.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomweb.archive import Location
from dicomweb.errors import Refusal
from dicomweb.pixels.grayscale import HUGE, Rescale
from dicomweb.pixels.interpret import modality_of, padding_of
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import Table
from dicomweb.rendering import Rendering
from extensions.radiology.annotation_fields import Calibration, Kind, Measurements, Quantity
from extensions.radiology.annotation_geometry import (
    Place,
    angle,
    crosses_itself,
    distance,
    ellipse_area,
    ellipse_perimeter,
    polygon_area,
    polygon_perimeter,
)
from extensions.radiology.calibration import Scale, scale_of, value_unit

AREAS = frozenset({Kind.CIRCLE, Kind.ELLIPSE, Kind.RECTANGLE, Kind.ROI})
MEASURED = AREAS | {Kind.MEASUREMENT, Kind.ANGLE}
# Pixels that are looked at together: bounds the memory of a region as large as an image.
BLOCK_PIXELS = 1 << 18
# Decoding holds several times a frame in memory.
_DECODING = threading.BoundedSemaphore(2)

Inside = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


class Ruler:
    """Measures on stored images; the frame that was decoded last is kept for the next shape."""

    def __init__(self, rendering: Rendering) -> None:
        self.rendering = rendering
        self._key: tuple[str, int] | None = None
        self._decoded: tuple[Source, NDArray[Any]] | None = None

    def measured(
        self, location: Location, kind: Kind, frame: int, points: Sequence[Place]
    ) -> Measurements | None:
        """What is measured on this frame; None for kinds that measure nothing.

        Waits for the disk and decodes: in a thread. An image whose pixels cannot be read has
        lengths and areas, and a note why it has no values.
        """
        if kind not in MEASURED:
            return None
        metadata = self.rendering.archive.attributes(location)
        scale = scale_of(metadata, frame, points)
        found = geometry(kind, points, scale)
        if kind not in AREAS:
            return found
        try:
            source, values = self._values(location, frame)
            tally = tally_of(values, source, kind, points, scale)
        except (Refusal, _NoValues) as reason:
            return _noted(found, str(reason))
        return _with_values(found, tally, value_unit(metadata, frame))

    def _values(self, location: Location, frame: int) -> tuple[Source, NDArray[Any]]:
        key = (location.key, frame)
        if self._decoded is None or self._key != key:
            self._decoded = None
            with _DECODING:
                source = self.rendering.source(location, frame)
                values = source.values()
            if values.ndim != 2 or source.image.photometric == "PALETTE COLOR":
                raise _NoValues("The image has colours, not values.")
            self._key, self._decoded = key, (source, values)
        return self._decoded


class _NoValues(Exception):
    """One sentence that says why nothing can be averaged."""


def geometry(kind: Kind, points: Sequence[Place], scale: Scale) -> Measurements:
    """Lengths, areas and angles in the units of the scale."""
    found = Measurements(
        calibration=Calibration(
            source=scale.source,
            column_spacing=scale.column,
            row_spacing=scale.row,
            column_unit=scale.column_unit,
            row_unit=scale.row_unit,
            note=scale.note,
        )
    )
    sized = [(x * scale.column, y * scale.row) for x, y in points]
    if not scale.unit:
        _by_axes(found, sized, scale)
        return found
    if kind is Kind.ANGLE:
        degrees = angle(sized[0], sized[1], sized[2])
        found.angle = None if degrees is None else Quantity(value=degrees, unit="deg")
        if degrees is None:
            found.note = "An arm of the angle has no length."
    elif kind is Kind.MEASUREMENT:
        found.length = _long(distance(sized[0], sized[1]), scale)
    else:
        _ENCLOSED[kind](found, sized, scale)
    return found


def _by_axes(found: Measurements, sized: Sequence[Place], scale: Scale) -> None:
    """Where the axes have different units, as time and depth in M-mode: the extent along each."""
    across = [x for x, _ in sized]
    down = [y for _, y in sized]
    found.horizontal = Quantity(value=max(across) - min(across), unit=scale.column_unit)
    found.vertical = Quantity(value=max(down) - min(down), unit=scale.row_unit)
    found.note = "The axes have different units here: there are no lengths, areas and angles."


def _long(value: float, scale: Scale) -> Quantity:
    return Quantity(value=value, unit=scale.unit)


def _wide(value: float, scale: Scale) -> Quantity:
    return Quantity(value=value, unit=f"{scale.unit}2")


def _circle(found: Measurements, sized: Sequence[Place], scale: Scale) -> None:
    radius = distance(sized[0], sized[1])
    found.radius = _long(radius, scale)
    found.perimeter = _long(ellipse_perimeter(radius, radius), scale)
    found.area = _wide(ellipse_area(radius, radius), scale)


def _extent(found: Measurements, sized: Sequence[Place], scale: Scale) -> tuple[float, float]:
    width, height = abs(sized[1][0] - sized[0][0]), abs(sized[1][1] - sized[0][1])
    found.width, found.height = _long(width, scale), _long(height, scale)
    return width, height


def _ellipse(found: Measurements, sized: Sequence[Place], scale: Scale) -> None:
    width, height = _extent(found, sized, scale)
    found.perimeter = _long(ellipse_perimeter(width / 2, height / 2), scale)
    found.area = _wide(ellipse_area(width / 2, height / 2), scale)


def _rectangle(found: Measurements, sized: Sequence[Place], scale: Scale) -> None:
    width, height = _extent(found, sized, scale)
    found.perimeter = _long(2 * (width + height), scale)
    found.area = _wide(width * height, scale)


def _roi(found: Measurements, sized: Sequence[Place], scale: Scale) -> None:
    found.perimeter = _long(polygon_perimeter(sized), scale)
    if crosses_itself(sized):
        found.note = "The contour crosses itself: it has no area."
    else:
        found.area = _wide(polygon_area(sized), scale)


_ENCLOSED: dict[Kind, Callable[[Measurements, Sequence[Place], Scale], None]] = {
    Kind.CIRCLE: _circle,
    Kind.ELLIPSE: _ellipse,
    Kind.RECTANGLE: _rectangle,
    Kind.ROI: _roi,
}


@dataclass(slots=True)
class Tally:
    """Count, mean, sum of squared differences from it, and bounds of values, block by block."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, values: NDArray[np.float64]) -> None:
        """Chan's way of joining two tallies: nothing is lost where mean and deviation differ."""
        if values.size == 0:
            return
        mean = float(values.mean())
        squares = float(np.square(values - mean).sum())
        apart, count = mean - self.mean, self.count + values.size
        self.squares += squares + apart * apart * self.count * values.size / count
        self.mean += apart * values.size / count
        self.count = count
        self.least = min(self.least, float(values.min()))
        self.most = max(self.most, float(values.max()))

    @property
    def deviation(self) -> float:
        """Of the population, not estimated from a sample."""
        return math.sqrt(self.squares / self.count)


def tally_of(
    stored: NDArray[Any], source: Source, kind: Kind, points: Sequence[Place], scale: Scale
) -> Tally:
    """The values of a decoded frame inside the shape, behind the Modality LUT, padding apart."""
    modality = modality_of(source)
    padding = padding_of(source.metadata, source.image)
    tally = Tally()
    for rows, columns, inside in blocks(kind, points, scale, stored.shape):
        found = stored[rows, columns][inside].astype(np.float64)
        found = found[np.abs(found) < HUGE]  # not NaN either
        if padding is not None:
            found = found[(found < padding[0]) | (found > padding[1])]
        tally.add(_values(found, modality))
    return tally


def _values(stored: NDArray[np.float64], modality: Rescale | Table) -> NDArray[np.float64]:
    """What the stored values mean (PS3.3 C.11.1)."""
    if isinstance(modality, Rescale):
        return stored * modality.slope + modality.intercept
    entries = modality.entries
    index = np.clip(np.rint(stored) - modality.first, 0, entries.size - 1)
    found: NDArray[np.float64] = entries[index.astype(np.intp)].astype(np.float64)
    return found


def blocks(
    kind: Kind, points: Sequence[Place], scale: Scale, shape: tuple[int, ...]
) -> Iterator[tuple[slice, slice, NDArray[np.bool_]]]:
    """Rows, columns and a mask of each part of the image that the shape may touch."""
    left, top, right, bottom, inside = _OUTLINES[kind](points, scale)
    first, last = _range(left, right, shape[1])
    upper, lower = _range(top, bottom, shape[0])
    if first >= last:
        return
    across = np.arange(first, last, dtype=np.float64) + 0.5
    step = max(1, BLOCK_PIXELS // across.size)
    for start in range(upper, lower, step):
        stop = min(start + step, lower)
        down = np.arange(start, stop, dtype=np.float64) + 0.5
        yield slice(start, stop), slice(first, last), inside(across, down)


def _range(low: float, high: float, size: int) -> tuple[int, int]:
    """The pixels of a row or column that a shape from `low` to `high` may touch."""
    return max(0, math.floor(low)), min(size, math.ceil(high) + 1)


Outline = tuple[float, float, float, float, Inside]


def _circle_outline(points: Sequence[Place], scale: Scale) -> Outline:
    (x, y), edge = points[0], points[1]
    column, row = (scale.column, scale.row) if scale.unit else (1.0, 1.0)
    radius = math.hypot((edge[0] - x) * column, (edge[1] - y) * row)

    def inside(across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.bool_]:
        found = np.square((across - x) * column) + np.square((down[:, None] - y) * row)
        return np.asarray(found <= radius * radius)

    wide, high = radius / column, radius / row
    return x - wide, y - high, x + wide, y + high, inside


def _ellipse_outline(points: Sequence[Place], scale: Scale) -> Outline:
    left, top, right, bottom = _corners(points)
    x, y, a, b = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2

    def inside(across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.bool_]:
        if a == 0 or b == 0:
            return np.zeros((down.size, across.size), np.bool_)
        return np.asarray(np.square((across - x) / a) + np.square((down[:, None] - y) / b) <= 1.0)

    return left, top, right, bottom, inside


def _rectangle_outline(points: Sequence[Place], scale: Scale) -> Outline:
    left, top, right, bottom = _corners(points)

    def inside(across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.bool_]:
        columns = (across >= left) & (across <= right)
        rows = (down >= top) & (down <= bottom)
        return np.asarray(rows[:, None] & columns)

    return left, top, right, bottom, inside


def _roi_outline(points: Sequence[Place], scale: Scale) -> Outline:
    left, top, right, bottom = _corners(points)
    starts = np.asarray(points, np.float64)
    stops = np.roll(starts, -1, axis=0)

    def inside(across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.bool_]:
        found = np.zeros((down.size, across.size), np.bool_)
        for number, y in enumerate(down):
            crossing = (starts[:, 1] <= y) != (stops[:, 1] <= y)
            one, two = starts[crossing], stops[crossing]
            places = one[:, 0] + (y - one[:, 1]) * (two - one)[:, 0] / (two - one)[:, 1]
            # A pixel is inside where an odd number of crossings lies at or before its centre.
            before = np.searchsorted(np.sort(places), across, side="right")
            found[number] = before % 2 == 1
        return found

    return left, top, right, bottom, inside


def _corners(points: Sequence[Place]) -> tuple[float, float, float, float]:
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)


_OUTLINES: dict[Kind, Callable[[Sequence[Place], Scale], Outline]] = {
    Kind.CIRCLE: _circle_outline,
    Kind.ELLIPSE: _ellipse_outline,
    Kind.RECTANGLE: _rectangle_outline,
    Kind.ROI: _roi_outline,
}


def _with_values(found: Measurements, tally: Tally, unit: str) -> Measurements:
    found.pixels = tally.count
    if not tally.count:
        return _noted(found, "No pixel of the image has its centre inside.")
    found.mean = Quantity(value=tally.mean, unit=unit)
    found.standard_deviation = Quantity(value=tally.deviation, unit=unit)
    found.minimum = Quantity(value=tally.least, unit=unit)
    found.maximum = Quantity(value=tally.most, unit=unit)
    return found


def _noted(found: Measurements, reason: str) -> Measurements:
    found.note = f"{found.note} {reason}".strip()
    return found
