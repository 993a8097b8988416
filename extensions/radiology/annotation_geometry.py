"""Lengths, areas and angles of shapes in a plane; pure formulas, whatever the unit."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Place = tuple[float, float]

# Pairs of edges that are compared at once: bounds the memory of a contour of many points.
PAIRS = 1 << 17


def distance(first: Place, second: Place) -> float:
    return math.hypot(second[0] - first[0], second[1] - first[1])


def angle(first: Place, vertex: Place, last: Place) -> float | None:
    """Degrees from 0 to 180 at the vertex; None where an arm has no length."""
    ax, ay = first[0] - vertex[0], first[1] - vertex[1]
    bx, by = last[0] - vertex[0], last[1] - vertex[1]
    if math.hypot(ax, ay) == 0 or math.hypot(bx, by) == 0:
        return None
    return math.degrees(math.atan2(abs(ax * by - ay * bx), ax * bx + ay * by))


def polygon_area(points: Sequence[Place]) -> float:
    """The shoelace formula; the contour is closed by itself and must not cross itself."""
    x0, y0 = points[0]
    shifted = [(x - x0, y - y0) for x, y in points]
    pairs = zip(shifted, [*shifted[1:], shifted[0]], strict=True)
    return abs(math.fsum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def polygon_perimeter(points: Sequence[Place]) -> float:
    """The way along all points and back to the first."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return math.fsum(distance(first, second) for first, second in pairs)


def ellipse_area(first: float, second: float) -> float:
    """`first` and `second` are its semi-axes."""
    return math.pi * first * second


def ellipse_perimeter(first: float, second: float) -> float:
    """Ramanujan's second formula: better than 0.05 % for every ellipse, exact for a circle."""
    total = first + second
    if total == 0:
        return 0.0
    flatness = 3 * ((first - second) / total) ** 2
    return math.pi * total * (1 + flatness / (10 + math.sqrt(4 - flatness)))


def crosses_itself(points: Sequence[Place]) -> bool:
    """Whether two edges of the closed contour cross, at a place inside both of them."""
    import numpy as np

    starts = np.asarray(points, np.float64) - points[0]
    stops = np.roll(starts, -1, axis=0)
    low, high = np.minimum(starts, stops), np.maximum(starts, stops)
    order = np.argsort(low[:, 0], kind="stable")
    starts, stops, low, high = starts[order], stops[order], low[order], high[order]
    # From left to right, an edge can cross those behind it that begin before it ends.
    counts = np.searchsorted(low[:, 0], high[:, 0], side="right") - np.arange(1, len(points) + 1)
    for first, last in _spans(counts):
        behind = counts[first:last]
        one = np.repeat(np.arange(first, last), behind)
        other = one + 1 + np.arange(one.size) - np.repeat(np.cumsum(behind) - behind, behind)
        near = (low[one, 1] <= high[other, 1]) & (low[other, 1] <= high[one, 1])
        a, b, c, d = starts[one[near]], stops[one[near]], starts[other[near]], stops[other[near]]
        apart = (_sides(a, b, c) * _sides(a, b, d) < 0) & (_sides(c, d, a) * _sides(c, d, b) < 0)
        if bool(apart.any()):
            return True
    return False


def _spans(counts: "NDArray[Any]") -> Iterator[tuple[int, int]]:
    """Consecutive edges that together have about PAIRS others to be compared with."""
    first = total = 0
    for number, count in enumerate(counts.tolist()):
        total += count
        if total >= PAIRS:
            yield first, number + 1
            first, total = number + 1, 0
    yield first, len(counts)


def _sides(first: "NDArray[Any]", second: "NDArray[Any]", third: "NDArray[Any]") -> "NDArray[Any]":
    """On which side of the line from `first` to `second` the `third` lies: -1, 0 or 1."""
    import numpy as np

    left = second - first
    right = third - first
    found: NDArray[Any] = np.sign(left[..., 0] * right[..., 1] - left[..., 1] * right[..., 0])
    return found
