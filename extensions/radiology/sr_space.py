"""Coordinates in space (SCOORD3D): the image of a study that they lie in, and where they are in it.

Places are in pixels from the top left corner of the image, as annotations have them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dicomweb.archive import Archive
from dicomweb.pixels.attributes import integer, number, numbers, text
from dicomweb.pixels.functional_groups import either
from dicomweb.query import Asked, Query
from dicomweb.resources import Level, Resource
from extensions.radiology import contents
from extensions.radiology.annotation_geometry import Place

Point = tuple[float, float, float]
Spot = tuple[str, int]
"""SOP Instance UID and frame."""

_POSITION, _ORIENTATION, _FRAME_OF_REFERENCE = "00200032", "00200037", "00200052"
_SPACING, _THICKNESS, _BETWEEN, _FRAMES = "00280030", "00180050", "00180088", "00280008"
_ROWS, _COLUMNS = "00280010", "00280011"
# Where an enhanced image says it of its frames (PS3.3 C.7.6.16.2).
_GROUPS = {
    _POSITION: "00209113",
    _ORIENTATION: "00209116",
    **dict.fromkeys((_SPACING, _THICKNESS, _BETWEEN), "00289110"),
}
_ASKED = (
    *(Asked(tag, "DS") for tag in _GROUPS),
    Asked(_FRAME_OF_REFERENCE, "UI"),
    Asked(_FRAMES, "IS"),
    Asked(_ROWS, "US"),
    Asked(_COLUMNS, "US"),
)
# Half of it lies on either side of a plane whose thickness nobody says, in mm.
_USUAL = 1.0
# Rounding of single precision, in mm.
_ROUNDING = 0.01
# Frames of a whole slide lie in no space of a patient, and there may be a million.
_MAX_FRAMES = 10_000


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True)
class _Plane:
    """A frame in space (PS3.3 C.7.6.2.1.1); lengths in mm, `across` and `down` of a pixel."""

    spot: Spot
    corner: Point
    right: Point
    below: Point
    normal: Point
    across: float
    down: float
    reach: float
    size: tuple[int, int]

    def distance(self, point: Point) -> float:
        return abs(_dot(self._from_corner(point), self.normal))

    def place(self, point: Point) -> Place:
        way = self._from_corner(point)
        return _dot(way, self.right) / self.across + 0.5, _dot(way, self.below) / self.down + 0.5

    def _from_corner(self, point: Point) -> Point:
        return (
            point[0] - self.corner[0],
            point[1] - self.corner[1],
            point[2] - self.corner[2],
        )

    def shows(self, places: Sequence[Place]) -> bool:
        """Whether some of them are in the picture."""
        columns, rows = self.size
        return any(0 <= x <= columns and 0 <= y <= rows for x, y in places)


class Space:
    """The planes of a study's images, read when they are first asked for."""

    def __init__(self, archive: Archive, study: str) -> None:
        self._archive = archive
        self._study = study

    def placed(
        self, frame_of_reference: str, points: Sequence[Point], named: Sequence[Spot]
    ) -> tuple[Spot, list[Place]] | None:
        """The image that all points lie in, and their places; None where there is none.

        Of several the nearest, then that with the smallest pixels; an image that is `named` goes
        before all others.
        """
        found = []
        for plane in self._planes.get(frame_of_reference, ()) if points else ():
            if plane.distance(points[0]) > plane.reach:
                continue
            distance = max(plane.distance(each) for each in points)
            places = [plane.place(each) for each in points]
            if distance <= plane.reach and plane.shows(places):
                is_other = not any(plane.spot[0] == image for image, _ in named)
                order = (is_other, round(distance, 3), plane.across * plane.down, plane.spot)
                found.append((order, plane.spot, places))
        if not found:
            return None
        _, spot, places = min(found)
        return spot, places

    @cached_property
    def _planes(self) -> dict[str, list[_Plane]]:
        """By Frame of Reference UID."""
        found: dict[str, list[_Plane]] = {}
        query = Query(Level.INSTANCE, Resource(self._study), asked=_ASKED)
        for told in contents.results(self._archive, query):
            name = text(told, _FRAME_OF_REFERENCE)
            if name:
                found.setdefault(name, []).extend(self._of(told))
        return found

    def _of(self, told: Mapping[str, Any]) -> Iterator[_Plane]:
        image = text(told, "00080018")
        frames = integer(told, _FRAMES) or 1
        if numbers(told, _POSITION) or frames > _MAX_FRAMES:
            frames = 1
        elif (location := self._archive.find_uid(image)) is not None:
            told = self._archive.attributes(location)
        for frame in range(1, frames + 1):
            if plane := _plane((image, frame), told):
                yield plane


def _plane(spot: Spot, told: Mapping[str, Any]) -> _Plane | None:
    """None where the image does not say where it is."""

    def said(tag: str) -> list[float]:
        return numbers(either(told, spot[1], _GROUPS[tag], tag), tag)

    corner, directions, spacing = said(_POSITION), said(_ORIENTATION), said(_SPACING)
    if len(corner) != 3 or len(directions) != 6 or len(spacing) != 2 or min(spacing) <= 0:
        return None
    (a, b, c), (d, e, f) = directions[:3], directions[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    if abs(_dot(normal, normal) - 1) > 0.01:  # no two directions at right angles
        return None
    thick = max((*said(_THICKNESS), *said(_BETWEEN)), default=0.0) or _USUAL
    return _Plane(
        spot,
        (corner[0], corner[1], corner[2]),
        (a, b, c),
        (d, e, f),
        normal,
        across=spacing[1],
        down=spacing[0],
        reach=thick / 2 + _ROUNDING,
        size=(int(number(told, _COLUMNS) or 0), int(number(told, _ROWS) or 0)),
    )
