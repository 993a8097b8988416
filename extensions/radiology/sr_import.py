"""The annotations that a TID 1500 report holds: ours, OHIF's, highdicom's, dcmqi's.

Every measurement group is read, whatever its template: graphics at the group or below its
measurements, once each. Coordinates in space (SCOORD3D) are those of the image that they lie in.
What is no annotation of a frame is `passed` over with a sentence: references without coordinates,
coordinates in space that lie in no image, places of texts and control points.
A report is read in the DICOM JSON Model, as the archive has it.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from dicomweb.errors import Conflict, Refusal
from dicomweb.pixels.attributes import Metadata, items, number, numbers, text, value, values
from extensions.radiology.annotation_fields import POINTS, Kind
from extensions.radiology.annotation_geometry import Place
from extensions.radiology.sr_graphics import ANNOTATION, NEAR, SCHEME, graphic_of, shapes_of

MAX_DEPTH = 12
# Tags of content items (PS3.3 C.17.3 and C.18).
CONTENT, VALUE_TYPE = "0040A730", "0040A040"
CONCEPT_NAME, CONCEPT_CODE = "0040A043", "0040A168"
CODE_VALUES = ("00080100", "00080119", "00080120")
SCHEME_DESIGNATOR, MEANING = "00080102", "00080104"
TEXT_VALUE, PERSON_NAME, UID = "0040A160", "0040A123", "0040A124"
MEASURED_VALUE, UNITS, NUMERIC_VALUE = "0040A300", "004008EA", "0040A30A"
GRAPHIC_DATA, GRAPHIC_TYPE, PIXEL_ORIGIN = "00700022", "00700023", "00480301"
FRAME_OF_REFERENCE = "30060024"
REFERENCED, INSTANCE, FRAMES = "00081199", "00081155", "00081160"
# Concepts by scheme and code.
_GROUP = ("DCM", "125007")
_TRACKING_TEXT, _TRACKING_UID = ("DCM", "112039"), ("DCM", "112040")
_OBSERVER, _COMMENT, _FINDING = ("DCM", "121008"), ("DCM", "121106"), ("DCM", "121071")
_SITES = (("SCT", "363698007"), ("SRT", "G-C0E3"))
_OURS = (SCHEME, ANNOTATION)
# What OHIF adds to a graphic: where its text stands, and the handles of a spline.
_BESIDE = (("99CS3D", "TextPosition"), ("99CS3D", "ControlPoints"))
_FREE_TEXT = "CORNERSTONEFREETEXT"
_DEGREES = ("deg", "rad")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One annotation of a report. `id` is ours, or empty; `color` is empty where none is said.

    `image` is the SOP Instance UID that the graphic was selected from, `frame` its frame; `whole`
    says that the points are of the total pixel matrix, where the image has one.
    """

    kind: Kind
    points: list[Place]
    image: str
    frame: int
    label: str
    author: str
    tracking: str
    id: str = ""
    color: str = ""
    key_image: bool = False
    whole: bool = False


@dataclass(slots=True)
class Contents:
    """What was found, and one sentence for everything that was passed over."""

    drawn: list[Drawn] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Graphic:
    type: str
    points: list[Place]
    references: list[tuple[str, int]]
    degrees: float | None
    whole: bool


Bulk = Callable[[str], bytes]
"""The value behind a BulkDataURI, little endian: long texts and contours."""
Point = tuple[float, float, float]
Spot = tuple[str, int]
Placed = Callable[[str, list[Point], list[Spot]], "tuple[Spot, list[Place]] | None"]
"""Image and places of points in space, by their Frame of Reference UID (`sr_space`)."""


def nowhere(frame_of_reference: str, points: list[Point], named: list[Spot]) -> None:
    """For readers that have no images."""


def contents_of(report: Metadata, bulk: Bulk, placed: Placed = nowhere) -> Contents:
    """The annotations of a report. Raises Conflict where it is no such report."""
    groups = list(_groups(report, 0))
    if not groups:
        raise Conflict("This instance has no measurement groups: it is no TID 1500 report.")
    reading = _Reading(bulk, placed)
    observer = _spoken(reading.text_of(report, _OBSERVER))
    contents = Contents()
    for place, group in enumerate(groups, 1):
        try:
            reading.read_group(group, observer, contents, f"Group {place}")
        except (AttributeError, KeyError, TypeError, ValueError, struct.error, Refusal):
            contents.passed.append(f"Group {place} is broken.")
    return contents


def _children(item: Metadata) -> list[Metadata]:
    return items(item, CONTENT)


def _kind(item: Metadata) -> str:
    return text(item, VALUE_TYPE)


def _code(item: Metadata, name: str = CONCEPT_NAME) -> tuple[str, str, str]:
    """Scheme, value and meaning of a coded entry; empty where there is none."""
    for entry in items(item, name)[:1]:
        found = next((said for tag in CODE_VALUES if (said := text(entry, tag))), "")
        return text(entry, SCHEME_DESIGNATOR), found, text(entry, MEANING)
    return "", "", ""


def _is(item: Metadata, *concepts: tuple[str, str]) -> bool:
    return _code(item)[:2] in concepts


def _groups(item: Metadata, depth: int) -> Iterator[Metadata]:
    if depth > MAX_DEPTH:
        return
    for child in _children(item):
        if _kind(child) == "CONTAINER":
            if _is(child, _GROUP):
                yield child
            else:
                yield from _groups(child, depth + 1)


def _spoken(name: str) -> str:
    """A PN as it is said: given name first."""
    parts = [part.strip() for part in name.partition("=")[0].split("^")]
    ordered = [*parts[3:4], *parts[1:3], *parts[:1], *parts[4:]]
    return " ".join(part for part in ordered if part)


def _uri(item: Metadata, tag: str) -> str:
    """Where a value is that is too long for the metadata; empty: it is there."""
    element = item.get(tag)
    uri = element.get("BulkDataURI") if isinstance(element, dict) else None
    return uri if isinstance(uri, str) else ""


class _Reading:
    """One report and the ways to its long values and to the images in space."""

    def __init__(self, bulk: Bulk, placed: Placed) -> None:
        self._bulk = bulk
        self._placed = placed

    def text_of(self, item: Metadata, concept: tuple[str, str]) -> str:
        """The first text, name or UID of this concept directly below the item."""
        for child in _children(item):
            if _is(child, concept):
                name = value(child, PERSON_NAME)
                if isinstance(name, dict):
                    return str(name.get("Alphabetic") or name.get("Ideographic") or "")
                return self._text(child) or text(child, UID)
        return ""

    def _text(self, item: Metadata) -> str:
        if uri := _uri(item, TEXT_VALUE):
            return self._bulk(uri).decode("utf-8", "replace").rstrip(" \0")
        return str(value(item, TEXT_VALUE, "")).rstrip(" \0")

    def read_group(self, group: Metadata, observer: str, contents: Contents, name: str) -> None:
        tool = self.text_of(group, _TRACKING_TEXT)
        ours = self._only_ours(group)
        graphics, solid = self._graphics(group)
        if solid:
            contents.passed.append(f"{name} has coordinates in space that lie in no image.")
        elif not graphics:
            contents.passed.append(f"{name} has no coordinates.")
        author = ours.get("author") or _spoken(self.text_of(group, _OBSERVER)) or observer
        found: list[Drawn] = []
        for graphic in graphics:
            if not graphic.references:
                contents.passed.append(f"{name} has coordinates without an image.")
                continue
            shapes = shapes_of(_tool(tool), graphic.type, graphic.points, graphic.degrees)
            if not shapes:
                contents.passed.append(f"{name} has a graphic that cannot be drawn here.")
            said = (self._label(group), author, self.text_of(group, _TRACKING_UID))
            found += [
                Drawn(kind, points, image, frame, *said, whole=graphic.whole)
                for kind, points in shapes
                for image, frame in graphic.references
            ]
        if len(found) > 1:  # one UID for several: then it is no name of any of them
            found = [replace(each, tracking="") for each in found]
        key_image = "KeyImage" in tool
        contents.drawn += [_completed(each, ours, graphics, key_image) for each in found]

    def _only_ours(self, group: Metadata) -> dict[str, Any]:
        """The item that only we write, checked; empty where it is not there or is odd."""
        said = self.text_of(group, _OURS)
        try:
            found = orjson.loads(said) if said else {}
            if not found:
                return {}
            least, most = POINTS[Kind(found["type"])]
            points = [(float(x), float(y)) for x, y in found["points"]]
            texts = (found["id"], found["label"], found["color"], found["author"])
            if not least <= len(points) <= most or not all(isinstance(each, str) for each in texts):
                return {}
            kind, marked = Kind(found["type"]), found["keyImage"] is True
            return {**found, "type": kind, "points": points, "keyImage": marked}
        except (KeyError, TypeError, ValueError):
            return {}

    def _label(self, group: Metadata) -> str:
        """The comment, else the free text of OHIF, else what was found and where."""
        comment = self.text_of(group, _COMMENT)
        if comment:
            return comment
        coded = [
            _code(child, CONCEPT_CODE)
            for concepts in ((_FINDING,), _SITES)
            for child in _children(group)
            if _is(child, *concepts)
        ]
        for _, code, meaning in coded:
            if code == _FREE_TEXT:
                return meaning
        return ", ".join(meaning for _, _, meaning in coded if meaning)

    def _graphics(self, group: Metadata) -> tuple[list[_Graphic], bool]:
        """The different graphics of a group, and whether some lie in space, and in no image."""
        found: dict[str, _Graphic] = {}
        solid = False
        for item, degrees in _coordinates(group, None, 0):
            references = _references(item) or _references(group)
            if _is(item, *_BESIDE):
                graphics = []
            elif _kind(item) == "SCOORD3D":
                graphics = self._in_space(item, degrees, references)
                solid = solid or not graphics
            else:
                graphics = [self._graphic(item, degrees, references)]
            for each in graphics:
                found.setdefault(repr((each.type, each.points, each.references)), each)
        return list(found.values()), solid

    def _in_space(
        self, item: Metadata, degrees: float | None, references: list[Spot]
    ) -> list[_Graphic]:
        """A graphic of SCOORD3D (PS3.3 C.18.9.1.2); none where it lies in no image.

        Points may lie in different ones. A closed POLYGON has its first point twice, as the
        POLYLINE of an image that is closed.
        """
        data = self._numbers(item)
        if not all(math.isfinite(each) for each in data):
            raise ValueError
        points = list(zip(data[::3], data[1::3], data[2::3], strict=False))
        kind, frame_of_reference = text(item, GRAPHIC_TYPE), text(item, FRAME_OF_REFERENCE)
        groups = [[point] for point in points] if kind in ("POINT", "MULTIPOINT") else [points]
        found = []
        for group in groups:
            if (placed := self._placed(frame_of_reference, group, references)) is not None:
                spot, places = placed
                type_ = {"MULTIPOINT": "POINT", "POLYGON": "POLYLINE"}.get(kind, kind)
                found.append(_Graphic(type_, places, [spot], degrees, False))
        return found

    def _graphic(
        self, item: Metadata, degrees: float | None, references: list[tuple[str, int]]
    ) -> _Graphic:
        data = self._numbers(item)
        if not all(math.isfinite(each) for each in data):
            raise ValueError
        points = list(zip(data[::2], data[1::2], strict=False))
        whole = text(item, PIXEL_ORIGIN) == "VOLUME"
        return _Graphic(text(item, GRAPHIC_TYPE), points, references, degrees, whole)

    def _numbers(self, item: Metadata) -> list[float]:
        """Graphic Data; a value that is no number breaks the graphic, and is never left out."""
        if uri := _uri(item, GRAPHIC_DATA):
            return [each for (each,) in struct.iter_unpack("<f", self._bulk(uri))]
        return [float(each) for each in values(item, GRAPHIC_DATA)]


def _tool(tracking: str) -> str:
    """The tool of OHIF that a Tracking Identifier names last: `…:Length`, `…:Probe:KeyImage`."""
    return tracking.rpartition(":")[2] if "ornerstone" in tracking else ""


def _completed(
    drawn: Drawn, ours: dict[str, Any], graphics: list[_Graphic], key_image: bool
) -> Drawn:
    """With what our own item says, as long as it is about the same graphic."""
    if not ours or len(graphics) != 1 or not _same(ours["type"], ours["points"], graphics[0]):
        return replace(drawn, key_image=key_image)
    return replace(
        drawn,
        kind=ours["type"],
        points=ours["points"],
        label=ours["label"],
        id=ours["id"],
        color=ours["color"],
        key_image=ours["keyImage"],
    )


def _same(kind: Kind, points: list[Place], graphic: _Graphic) -> bool:
    """Whether the graphic is that of these points, its single precision and its axes apart."""
    type_, expected = graphic_of(kind, points)
    if type_ != graphic.type or len(expected) != len(graphic.points):
        return False
    if type_ == "ELLIPSE":
        pairs = zip(sorted(expected), sorted(graphic.points), strict=True)
    else:
        pairs = zip(expected, graphic.points, strict=True)
    bound = NEAR + max(abs(part) for point in expected for part in point) * 1e-6
    return all(math.dist(one, other) <= 2 * bound for one, other in pairs)


def _coordinates(
    item: Metadata, degrees: float | None, depth: int
) -> Iterator[tuple[Metadata, float | None]]:
    """Graphics below an item, each with the angle of the measurement that it belongs to."""
    for child in _children(item) if depth < MAX_DEPTH else []:
        kind = _kind(child)
        if kind in ("SCOORD", "SCOORD3D"):
            yield child, degrees
        elif kind in ("NUM", "CONTAINER"):
            yield from _coordinates(child, _angle_of(child), depth + 1)


def _angle_of(item: Metadata) -> float | None:
    """The value of a measurement in degrees; None for other units."""
    for measured in items(item, MEASURED_VALUE)[:1]:
        unit, found = _code(measured, UNITS)[1], number(measured, NUMERIC_VALUE)
        if unit in _DEGREES and found is not None:
            return found if unit == "deg" else math.degrees(found)
    return None


def _references(item: Metadata) -> list[tuple[str, int]]:
    """The images directly below an item, frame by frame."""
    found: list[tuple[str, int]] = []
    for child in _children(item):
        if _kind(child) != "IMAGE":
            continue
        for reference in items(child, REFERENCED):
            frames = numbers(reference, FRAMES) or [1]
            uid = text(reference, INSTANCE)
            found += [(uid, int(frame)) for frame in frames if uid]
    return found
