"""Segmentations as a picture: the segments in their colours over the image they were made on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import Refusal
from dicomweb.pixels.documents.links import OpenImage, no_image
from dicomweb.pixels.documents.planes import Plane, find_image, opened, plane_of
from dicomweb.pixels.documents.segment_frames import (
    Segmentation,
    coverage,
    fullest,
    mates,
    referenced_images,
    same_tiles,
    source_images,
    tile_of,
)
from dicomweb.pixels.documents.sketch import (
    GROUND,
    Entry,
    Picture,
    enlarged,
    finish,
    outline,
    side_for,
    tint,
    with_legend,
)
from dicomweb.pixels.geometry import fit, sane_aspect
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.render import Rendered
from dicomweb.pixels.source import Source

DEFAULT_OPTIONS = RenderOptions(media_type="image/png")
# Alone the areas are the picture: they cover the ground.
_ALONE, _OVER = 0.85, 0.4
MAX_TRIED = 16


@dataclass(frozen=True, slots=True)
class Area:
    """One segment in pixels of the segmentation: how far each is covered, 0 to 1."""

    number: int
    cover: NDArray[np.float32]


def render_segments(
    found: Segmentation,
    open_image: OpenImage = no_image,
    options: RenderOptions = DEFAULT_OPTIONS,
    frame_number: int = 0,
) -> Rendered:
    """All segments at the place of a frame, by default of the one with the largest area.

    The image below is the one that the frame was derived from, else the one that lies there, else
    none. NotAcceptable when a frame cannot be decoded.
    """
    number = frame_number or fullest(found)
    areas = areas_at(found, number)
    ground, where, strength = _ground(found, number, open_image, options)
    inks, names = found.inks(), found.names()
    laid = [(inks.get(area.number, GROUND), where.of(area.cover)) for area in areas]
    for ink, cover in laid:
        ground = tint(ground, cover, ink, strength)
    # All edges above all areas; that of a fraction is where it is half covered.
    for ink, cover in laid:
        ground[outline(cover >= 0.5)] = ink
    entries = [
        Entry(inks.get(area.number, GROUND), names.get(area.number) or f"Segment {area.number}")
        for area in areas
    ]
    others = len(names) - len({area.number for area in areas} & set(names))
    entries += [Entry(None, f"{others} on other frames")] if others > 0 else []
    entries += [Entry(None, "without the image")] if strength == _ALONE else []
    return finish(with_legend(ground, entries), options, found.metadata)


def _ground(
    found: Segmentation, number: int, open_image: OpenImage, options: RenderOptions
) -> tuple[Picture, "_Sampling", float]:
    """The image, or a plain ground; where the segments lie on it, and how much they cover it."""
    source = _image(found, number, open_image)
    if source is not None:
        ground, across, down = enlarged(source, options)
        where = _sampling(found, number, source, ground.shape[:2], (across, down))
        if where is not None:
            return ground, where, _OVER
    ground = _plain_ground(found, number, options)
    return ground, _stretched(found, ground.shape[:2]), _ALONE


def areas_at(found: Segmentation, number: int) -> list[Area]:
    """The segments at the place of a frame that cover anything there, in the order of numbers."""
    if found.is_label_map:
        labels = found.values(number)
        present = [int(label) for label in np.unique(labels) if label != found.background]
        return [Area(label, (labels == label).astype(np.float32)) for label in present[:256]]
    covers: dict[int, NDArray[np.float32]] = {}
    for mate in mates(found, number):
        try:
            cover = coverage(found, found.values(mate))
        except Refusal:
            if mate == number:
                raise
            continue
        segment = found.segment_of(mate)
        covers[segment] = np.maximum(covers[segment], cover) if segment in covers else cover
    return [Area(segment, cover) for segment, cover in sorted(covers.items()) if cover.any()]


@dataclass(frozen=True, slots=True)
class _Sampling:
    """For each pixel of a picture the nearest one of the segmentation, and whether there is one."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    inside: NDArray[np.bool_]

    def of(self, cover: NDArray[np.float32]) -> NDArray[np.float32]:
        picked: NDArray[np.float32] = cover[self.rows, self.columns] * self.inside
        return picked


def _sampling(
    found: Segmentation,
    number: int,
    source: Source,
    shape: tuple[int, ...],
    scale: tuple[float, float],
) -> _Sampling | None:
    """Through the patient where both lie in him; pixel for pixel where the sizes are the same."""
    own = plane_of(found.metadata, number)
    other = plane_of(source.metadata, source.number)
    if own is not None and other is not None and own.is_parallel(other.normal):
        corners = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
        start, right, down = own.pixels(other.patient(corners))
        return _affine(found, shape, start, (right - start) / scale[0], (down - start) / scale[1])
    same = (found.image.rows, found.image.columns) == (source.image.rows, source.image.columns)
    return _stretched(found, shape) if same else None


def _affine(
    found: Segmentation,
    shape: tuple[int, ...],
    start: NDArray[np.float64],
    right: NDArray[np.float64],
    down: NDArray[np.float64],
) -> _Sampling:
    """`start` is where the corner of the picture lies in the segmentation, the others a step."""
    x = np.arange(shape[1])[np.newaxis, :] + 0.5
    y = np.arange(shape[0])[:, np.newaxis] + 0.5
    columns = np.floor(start[0] + x * right[0] + y * down[0] + 1e-6).astype(np.intp)
    rows = np.floor(start[1] + x * right[1] + y * down[1] + 1e-6).astype(np.intp)
    height, width = found.image.rows, found.image.columns
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return _Sampling(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1), inside)


def _stretched(found: Segmentation, shape: tuple[int, ...]) -> _Sampling:
    right = np.array([found.image.columns / shape[1], 0.0])
    down = np.array([0.0, found.image.rows / shape[0]])
    return _affine(found, shape, np.zeros(2), right, down)


def _image(found: Segmentation, number: int, open_image: OpenImage) -> Source | None:
    """What the frame was derived from, else the image of the referenced series at its place."""
    for instance, frame in [*source_images(found.metadata, number)][:MAX_TRIED]:
        source = opened(open_image, instance, frame)
        if source is not None and _shows(source):
            return source
    images = referenced_images(found.metadata)
    tile = tile_of(found.metadata, number)
    if tile is not None and images:
        source = opened(open_image, images[0], tile)
        same = source is not None and same_tiles(found.metadata, source.metadata)
        return source if source is not None and same and _shows(source) else None
    plane = plane_of(found.metadata, number)
    if plane is None:
        return None

    def fits(other: Plane) -> float:
        if not other.is_parallel(plane.normal):
            return float("inf")
        return float(other.distance(plane.origin[np.newaxis, :])[0])

    tolerance = max(plane.thickness / 2, 0.5)
    source = find_image(images, fits, open_image, tolerance)
    return source if source is not None and _shows(source) else None


def _shows(source: Source) -> bool:
    """Whether it can be decoded: an image that cannot is no reason to show nothing."""
    try:
        source.values()
    except Refusal:
        return False
    return True


def _plain_ground(found: Segmentation, number: int, options: RenderOptions) -> Picture:
    plane = plane_of(found.metadata, number)
    aspect = sane_aspect(plane.row_spacing, plane.column_spacing) if plane else 1.0
    side = side_for(options)
    columns, rows = fit(found.image.columns, found.image.rows * aspect, side, side)
    ground = np.empty((rows, columns, 3), np.uint8)
    ground[:] = GROUND
    return ground
