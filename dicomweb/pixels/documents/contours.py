"""RT structure sets as numbers: regions, their colours, their contours and where those lie."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, integer, items, numbers, text
from dicomweb.pixels.cielab import Rgb
from dicomweb.pixels.documents.large_values import long_numbers
from dicomweb.pixels.documents.sketch import hue
from dicomweb.pixels.tables import BulkReader

Points = NDArray[np.float64]
"""(points, 3) in mm in the patient."""

MAX_CONTOURS = 200_000
CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True, slots=True)
class Contour:
    """One outline or point; `instance` is the image that it was drawn on, "" when not said."""

    region: int
    shape: str
    instance: str
    frame: int
    item: Metadata

    @property
    def closed(self) -> bool:
        return self.shape in CLOSED

    def points(self, bulk: BulkReader) -> Points:
        """Contour Data (3006,0050), without what is left over of a broken triple."""
        data = long_numbers(self.item, "30060050", bulk)
        return np.array(data[: len(data) // 3 * 3], np.float64).reshape(-1, 3)

    @property
    def size(self) -> int:
        """About how many points it has, without reading them."""
        return max(integer(self.item, "30060046", 1) or 1, 1)


@dataclass(frozen=True, slots=True)
class Region:
    """A region of interest: its number, name and display colour."""

    number: int
    name: str
    ink: Rgb
    count: int


@dataclass(frozen=True, slots=True)
class StructureSet:
    """`regions` by number; `contours` in the order of the file."""

    regions: dict[int, Region]
    contours: tuple[Contour, ...]
    whole: bool = True


def structure_set(metadata: Metadata) -> StructureSet:
    """Regions and contours (PS3.3 C.8.8.5, C.8.8.6); what is broken is left out."""
    names = {
        integer(roi, "30060022", 0) or 0: text(roi, "30060026")
        for roi in items(metadata, "30060020")
    }
    regions: dict[int, Region] = {}
    contours: list[Contour] = []
    for found in items(metadata, "30060039"):
        number = integer(found, "30060084", 0) or 0
        own = [_contour(item, number) for item in items(found, "30060040")]
        regions[number] = Region(
            number, names.get(number) or f"Region {number}", _ink(found, number), len(own)
        )
        contours += own
        if len(contours) > MAX_CONTOURS:
            return StructureSet(regions, tuple(contours[:MAX_CONTOURS]), whole=False)
    for number, name in names.items():
        regions.setdefault(number, Region(number, name or f"Region {number}", hue(number), 0))
    return StructureSet(regions, tuple(contours))


def slices(found: StructureSet) -> list[tuple[tuple[str, int], list[Contour]]]:
    """The contours of each image that is named, the fullest first: most regions, most points."""
    by_image: dict[tuple[str, int], list[Contour]] = defaultdict(list)
    for contour in found.contours:
        if contour.instance:
            by_image[contour.instance, contour.frame].append(contour)
    return sorted(by_image.items(), key=lambda pair: _fullness(pair[1]), reverse=True)


def levels(found: Sequence[Contour], bulk: BulkReader) -> list[list[Contour]]:
    """The contours of each plane in space, for those that name no image; the fullest first.

    The planes are those of the first contour that has one; points count with the nearest plane.
    """
    normal = next((n for c in found if (n := normal_of(c.points(bulk))) is not None), None)
    if normal is None:
        return [list(found)] if found else []
    by_level: dict[int, list[Contour]] = defaultdict(list)
    for contour in found:
        points = contour.points(bulk)
        if len(points):
            by_level[round(float(points[0] @ normal) * 10)].append(contour)
    return sorted(by_level.values(), key=_fullness, reverse=True)


def normal_of(points: Points) -> Points | None:
    """The normal of a flat outline (Newell); None of what spans no area."""
    if len(points) < 3:
        return None
    following = np.roll(points, -1, axis=0)
    normal = np.cross(points - points[0], following - points[0]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    # Upwards, so that outlines drawn either way round lie in one plane.
    if length < 1e-6:
        return None
    unit: Points = normal / length
    return unit if unit[int(np.abs(unit).argmax())] > 0 else -unit


def referenced_images(metadata: Metadata) -> list[str]:
    """Every image of the series that the set was drawn on, in the order of the file."""
    return [text(image, "00081155") for image in _referenced(metadata) if text(image, "00081155")]


def _referenced(metadata: Metadata) -> Iterator[Metadata]:
    for frame_of_reference in items(metadata, "30060010"):
        for study in items(frame_of_reference, "30060012"):
            for series in items(study, "30060014"):
                yield from items(series, "30060016")


def _fullness(contours: Sequence[Contour]) -> tuple[int, int, int]:
    """Regions with an outline, regions with anything, points."""
    outlined = {each.region for each in contours if each.size > 2}
    found = {each.region for each in contours}
    return len(outlined), len(found), sum(each.size for each in contours)


def _contour(item: Metadata, region: int) -> Contour:
    image = next(iter(items(item, "30060016")), {})
    return Contour(
        region=region,
        shape=text(item, "30060042").upper(),
        instance=text(image, "00081155"),
        frame=max(integer(image, "00081160", 1) or 1, 1),
        item=item,
    )


def _ink(found: Metadata, number: int) -> Rgb:
    """ROI Display Color (3006,002A): red, green and blue of 0 to 255."""
    said = numbers(found, "3006002A")
    if len(said) != 3:
        return hue(number)
    red, green, blue = (min(max(int(each), 0), 255) for each in said)
    return red, green, blue
