"""Where an image lies in the patient, and which image of many lies at a place (PS3.3 C.7.6.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import Refusal
from dicomweb.pixels.attributes import Metadata, integer, number, numbers
from dicomweb.pixels.documents.links import OpenImage
from dicomweb.pixels.functional_groups import either
from dicomweb.pixels.source import Source

Points = NDArray[np.float64]
"""(points, 3) in mm in the patient, or (points, 2) in pixels of an image: column, row."""

# Cosine of the angle within which two planes count as parallel: two degrees.
PARALLEL = 0.9994
# How many images are opened to find one by its place.
MAX_OPENED = 24
MAX_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class Plane:
    """`origin` is the middle of the first pixel, `across` the way along a row, `down` a column."""

    origin: Points
    across: Points
    down: Points
    column_spacing: float
    row_spacing: float
    thickness: float = 0.0

    @property
    def normal(self) -> Points:
        return np.cross(self.across, self.down)

    def distance(self, points: Points) -> Points:
        """How many mm points lie in front of the plane; (points,)."""
        found: Points = (points - self.origin) @ self.normal
        return found

    def pixels(self, points: Points) -> Points:
        """Points in the patient as (column, row), (0, 0) being the corner of the first pixel."""
        found = points - self.origin
        return np.column_stack(
            (
                found @ self.across / self.column_spacing + 0.5,
                found @ self.down / self.row_spacing + 0.5,
            )
        )

    def patient(self, pixels: Points) -> Points:
        """The same the other way round."""
        found: Points = (
            self.origin
            + (pixels[:, :1] - 0.5) * self.column_spacing * self.across
            + (pixels[:, 1:] - 0.5) * self.row_spacing * self.down
        )
        return found

    def is_parallel(self, normal: Points) -> bool:
        """Whether a unit vector is its normal, or the opposite."""
        return abs(float(self.normal @ normal)) > PARALLEL


def plane_of(metadata: Metadata, frame: int = 1) -> Plane | None:
    """The plane of a frame: its functional groups, or the attributes of a classic image."""
    position = numbers(either(metadata, frame, "00209113", "00200032"), "00200032")
    orientation = numbers(either(metadata, frame, "00209116", "00200037"), "00200037")
    measures = either(metadata, frame, "00289110", "00280030")
    spacing = numbers(measures, "00280030")
    if len(position) != 3 or len(orientation) != 6 or len(spacing) != 2 or min(spacing) <= 0:
        return None
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if min(lengths) < 0.1 or abs(float(across @ down)) > 0.01 * lengths[0] * lengths[1]:
        return None
    return Plane(
        origin=np.array(position),
        across=across / lengths[0],
        down=down / lengths[1],
        column_spacing=spacing[1],
        row_spacing=spacing[0],
        thickness=abs(number(measures, "00180050", 0.0) or 0.0),
    )


def opened(open_image: OpenImage, instance: str, frame: int = 1) -> Source | None:
    """The frame, or None where it is not here or cannot be given."""
    if not instance:
        return None
    try:
        return open_image(instance, frame)
    except Refusal:
        return None


def find_image(
    instances: Sequence[str],
    fits: Callable[[Plane], float],
    open_image: OpenImage,
    tolerance: float = 1.0,
) -> Source | None:
    """The image that lies nearest to a place, within `tolerance` mm.

    `fits` gives the signed distance of a plane from the place, infinity for one that does not
    count. The instances of a series mostly follow each other in space: the search goes to where
    the next one should lie, and opens few of them.
    """
    tried: dict[int, tuple[float, int]] = {}
    wanted = [0, len(instances) - 1, len(instances) // 2]
    while wanted and len(tried) < min(MAX_OPENED, len(instances)):
        index = wanted.pop(0)
        if index in tried or not 0 <= index < len(instances):
            continue
        source = opened(open_image, instances[index])
        tried[index] = (float("inf"), 1) if source is None else _nearest_frame(source, fits)
        if abs(tried[index][0]) < 0.01:
            break
        wanted = wanted or _next(tried, len(instances))
    if not tried:
        return None
    best = min(tried, key=lambda index: abs(tried[index][0]))
    distance, frame = tried[best]
    return opened(open_image, instances[best], frame) if abs(distance) <= tolerance else None


def _nearest_frame(source: Source, fits: Callable[[Plane], float]) -> tuple[float, int]:
    """The distance and number of the frame of an instance that lies nearest."""
    count = min(integer(source.metadata, "00280008", 1) or 1, MAX_FRAMES)
    best = (float("inf"), 1)
    for frame in range(1, max(count, 1) + 1):
        plane = plane_of(source.metadata, frame)
        if plane is None:
            continue
        distance = fits(plane)
        if abs(distance) < abs(best[0]):
            best = (distance, frame)
    return best


def _next(tried: dict[int, tuple[float, int]], count: int) -> list[int]:
    """Where the distance should be 0, between the two neighbours of opposite signs, else beside
    the best one."""
    known = sorted((n, distance) for n, (distance, _) in tried.items() if abs(distance) < 1e9)
    for (low, first), (high, last) in pairwise(known):
        if first * last < 0 and high - low > 1:
            ahead = low + round((high - low) * first / (first - last))
            return [min(max(ahead, low + 1), high - 1)]
    if not known:
        return [index for index in range(count) if index not in tried][:1]
    best = min(known, key=lambda pair: abs(pair[1]))[0]
    return [index for index in (best - 1, best + 1) if 0 <= index < count and index not in tried]
