"""RT structure sets as a picture: the contours over the image that they were drawn on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.documents.contours import (
    Contour,
    StructureSet,
    levels,
    normal_of,
    referenced_images,
    slices,
    structure_set,
)
from dicomweb.pixels.documents.links import OpenImage, bounded, no_image
from dicomweb.pixels.documents.planes import Plane, find_image, opened, plane_of
from dicomweb.pixels.documents.sketch import (
    GROUND,
    INK,
    Entry,
    Picture,
    Stroke,
    draw,
    enlarged,
    finish,
    side_for,
    with_legend,
)
from dicomweb.pixels.lettering import write
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.render import Rendered
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader, no_bulk

Points = NDArray[np.float64]

# More than anybody draws on one slice.
MAX_DRAWN = 2_000
MAX_POINTS = 400_000
# How many slices are asked for, the fullest first: the one that is here may be any of them.
MAX_TRIED = 400
# mm; a contour that names no image lies on a slice when it is nearer than this.
NEAR = 0.6

DEFAULT_OPTIONS = RenderOptions(media_type="image/png")


@dataclass(frozen=True, slots=True)
class _Scene:
    """Contours that lie in one plane, and the image there; None when it is not here."""

    contours: list[Contour]
    source: Source | None = None
    plane: Plane | None = None


def render_contours(
    metadata: Metadata,
    open_image: OpenImage = no_image,
    options: RenderOptions = DEFAULT_OPTIONS,
    bulk: BulkReader = no_bulk,
) -> Rendered:
    """The slice with most regions, its contours in their colours, their names beside it.

    Without an image the contours are drawn alone, in true proportion. NotAcceptable when there
    are none.
    """
    bulk = bounded(bulk)
    found = structure_set(metadata)
    if not found.contours:
        raise NotAcceptable("The structure set has no contours that could be drawn.")
    scene = _scene(metadata, found, open_image, bulk)
    if scene.source is not None and scene.plane is not None:
        picture = _over_image(scene.source, scene.plane, scene.contours, found, options, bulk)
        said: list[Entry] = []
    else:
        picture = _alone(scene.contours, found, options, bulk)
        said = [Entry(None, "without the image")]
    return finish(with_legend(picture, [*_legend(scene, found), *said]), options, metadata)


def _scene(
    metadata: Metadata, found: StructureSet, open_image: OpenImage, bulk: BulkReader
) -> _Scene:
    """The fullest slice whose image is here: by the instance it names, else by its place."""
    named = slices(found)
    for (instance, frame), contours in named[:MAX_TRIED]:
        source = opened(open_image, instance, frame)
        plane = plane_of(source.metadata, frame) if source is not None else None
        if source is not None and plane is not None:
            nameless = [each for each in found.contours if not each.instance]
            return _Scene(contours + _near(nameless, plane, bulk), source, plane)
    contours = named[0][1] if named else levels(found.contours, bulk)[0]
    return _by_place(contours, referenced_images(metadata), open_image, bulk)


def _by_place(
    contours: list[Contour], images: list[str], open_image: OpenImage, bulk: BulkReader
) -> _Scene:
    first = contours[0].points(bulk)
    normal = next((n for c in contours if (n := normal_of(c.points(bulk))) is not None), None)
    if not images or not len(first):
        return _Scene(contours)

    def fits(plane: Plane) -> float:
        if normal is not None and not plane.is_parallel(normal):
            return float("inf")
        return float(plane.distance(first[:1])[0])

    source = find_image(images, fits, open_image)
    plane = plane_of(source.metadata, source.number) if source is not None else None
    return _Scene(contours, source, plane)


def _near(contours: list[Contour], plane: Plane, bulk: BulkReader) -> list[Contour]:
    """Those that lie on the plane as a whole."""
    near = max(NEAR, plane.thickness / 2)
    found = []
    for contour in contours[:MAX_DRAWN]:
        points = contour.points(bulk)
        if len(points) and float(np.abs(plane.distance(points)).max()) <= near:
            found.append(contour)
    return found


def _over_image(
    source: Source,
    plane: Plane,
    contours: list[Contour],
    found: StructureSet,
    options: RenderOptions,
    bulk: BulkReader,
) -> Picture:
    ground, across, down = enlarged(source, options)
    strokes = [
        Stroke(
            plane.pixels(points) * (across, down), found.regions[contour.region].ink, contour.closed
        )
        for contour, points in _bounded(contours, bulk)
    ]
    return draw(ground, strokes)


def _bounded(contours: list[Contour], bulk: BulkReader) -> list[tuple[Contour, Points]]:
    left = MAX_POINTS
    drawn = []
    for contour in contours[:MAX_DRAWN]:
        points = contour.points(bulk)[:left]
        left -= len(points)
        if len(points):
            drawn.append((contour, points))
    return drawn


def _alone(
    contours: list[Contour], found: StructureSet, options: RenderOptions, bulk: BulkReader
) -> Picture:
    """Seen as radiologists see a slice: axial from below, coronal from the front."""
    drawn = _bounded(contours, bulk)
    if not drawn:
        raise NotAcceptable("The structure set has no contours that could be drawn.")
    across, down = _axes(next((n for _, p in drawn if (n := normal_of(p)) is not None), None))
    flat = [np.column_stack((points @ across, points @ down)) for _, points in drawn]
    least = np.min([each.min(axis=0) for each in flat], axis=0)
    most = np.max([each.max(axis=0) for each in flat], axis=0)
    reach = np.maximum(most - least, 20.0) * 1.16
    corner = (least + most - reach) / 2
    scale = side_for(options) / float(reach.max())
    columns, rows = (max(1, round(float(each) * scale)) for each in reach)
    ground = np.empty((rows, columns, 3), np.uint8)
    ground[:] = GROUND
    strokes = [
        Stroke((points - corner) * scale, found.regions[contour.region].ink, contour.closed)
        for (contour, _), points in zip(drawn, flat, strict=True)
    ]
    return _measured(draw(ground, strokes), scale)


def _axes(normal: Points | None) -> tuple[Points, Points]:
    main = 2 if normal is None else int(np.abs(normal).argmax())
    across = np.array([0.0, 1.0, 0.0]) if main == 0 else np.array([1.0, 0.0, 0.0])
    down = np.array([0.0, 1.0, 0.0]) if main == 2 else np.array([0.0, 0.0, -1.0])
    return across, down


def _measured(picture: Picture, scale: float) -> Picture:
    """With a ruler of five centimetres, or of one where five would fill the picture."""
    from PIL import Image, ImageDraw

    rows, columns = picture.shape[:2]
    centimetres = 5 if 50 * scale < columns * 0.8 else 1
    left, y = 12.0, rows - 12.0
    right = left + centimetres * 10 * scale
    marks = [np.array([(left, y), (right, y)])]
    marks += [
        np.array([(left + n * 10 * scale, y - 5), (left + n * 10 * scale, y)])
        for n in range(centimetres + 1)
    ]
    image = Image.fromarray(draw(picture, [Stroke(mark, INK) for mark in marks]))
    write(ImageDraw.Draw(image), (left, y - 8), [f"{centimetres} cm"], 14, anchor="ld", ink=INK)
    return np.asarray(image)


def _legend(scene: _Scene, found: StructureSet) -> list[Entry]:
    here = list(dict.fromkeys(contour.region for contour in scene.contours))
    entries = [Entry(found.regions[number].ink, found.regions[number].name) for number in here]
    others = sum(1 for region in found.regions.values() if region.count) - len(here)
    return entries + ([Entry(None, f"{others} on other slices")] if others > 0 else [])
