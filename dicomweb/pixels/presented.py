"""An image in the manner of a presentation state: its own transforms are left aside (PS3.4 N.2)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.pixels.annotate import annotate
from dicomweb.pixels.attributes import Metadata, integer, number, numbers, text
from dicomweb.pixels.cielab import Rgb
from dicomweb.pixels.geometry import Placement, apply, fit, pixel_aspect, place, sane_aspect
from dicomweb.pixels.graphics import draw, layers_of
from dicomweb.pixels.grayscale import IDENTITY, Grayscale, paint, whole_span
from dicomweb.pixels.icc import dataset_profile, managed, profile_of
from dicomweb.pixels.interpret import (
    modality_table,
    padding_of,
    presentation_table,
    rescale_of,
    stored_range,
    voi_table,
    windows_of,
)
from dicomweb.pixels.options import MAX_SIDE, RenderOptions, Window
from dicomweb.pixels.overlay import GROUPS, Mask, planes
from dicomweb.pixels.palette import read_palette
from dicomweb.pixels.picture import picture_of, window_applied
from dicomweb.pixels.presentation import Kind, item_for, items_for, kind_of
from dicomweb.pixels.render import Rendered, written
from dicomweb.pixels.shutter import cover
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader, no_bulk

Picture = NDArray[np.uint8]

SOFTCOPY_VOI = "00283110"
DISPLAYED_AREA = "0070005A"
ANNOTATIONS = "00700001"


@dataclass(frozen=True, slots=True)
class State:
    """A presentation state in DICOM JSON, and a way to its tables and overlays."""

    metadata: Metadata
    bulk: BulkReader = no_bulk


def render_presented(source: Source, state: State, options: RenderOptions) -> Rendered:
    """One frame that the presentation state references, as `options.media_type`.

    BadRequest for a window, which the state has itself; NotAcceptable for a kind of state that is
    not rendered. A region is one of what the state displays (PS3.18 9.5.1.2.5).
    """
    if options.window is not None:
        raise BadRequest("A presentation state has windows of its own: leave window out.")
    whole = options if options.region is None else replace(options, width=0, height=0)
    placement = _placement(source, state.metadata, whole)
    picture = cover(_coloured(source, state), state.metadata, state.bulk)
    picture = apply(_overlaid(picture, source, state), placement)
    annotations = items_for(state.metadata, ANNOTATIONS, source.instance, source.number)
    picture = draw(picture, annotations, layers_of(state.metadata), placement)
    if options.region is not None:
        picture = apply(picture, place(picture.shape[0], picture.shape[1], 1.0, options))
    picture, profile = managed(picture, options, lambda: _profile(source, state))
    technique = "technique" in options.annotation
    window = _window(source, state) if technique else None
    picture = annotate(picture, source.metadata, options.annotation, source.number, window)
    return written(picture, options, profile)


def presented_grayscale(source: Source, state: State) -> Grayscale:
    """The state's Modality, VOI and Presentation LUTs; one that is missing is the identity.

    Photometric Interpretation does not count either: the state's shape says INVERSE where needed.
    """
    dataset, image = state.metadata, source.image
    modality = modality_table(dataset, image, state.bulk) or (
        rescale_of(dataset) if "00281053" in dataset else IDENTITY
    )
    softcopy = item_for(dataset, SOFTCOPY_VOI, source.instance, source.number) or {}
    windows = windows_of(softcopy, image)
    voi = voi_table(softcopy, image, modality, state.bulk) or (windows[0] if windows else None)
    presentation = presentation_table(dataset, state.bulk)
    return Grayscale(
        modality=modality,
        voi=voi or whole_span(*stored_range(image), modality),
        presentation=presentation,
        inverse=presentation is None and text(dataset, "20500020").upper() == "INVERSE",
        padding=padding_of(source.metadata, image),
    )


def _coloured(source: Source, state: State) -> Picture:
    """Grey, colour, or grey through the state's palette."""
    if _keeps_colours(source, state):
        return picture_of(source)
    grey = paint(source.values(), presented_grayscale(source, state), source.image.bits_stored)
    if kind_of(state.metadata) is Kind.GREY:
        return grey
    palette = read_palette(state.metadata, state.bulk, signed=False)
    if palette is None:
        raise NotAcceptable("The presentation state cannot be rendered: its palette is damaged.")
    # What the VOI LUT gives has the range of the palette's entries (PS3.4 N.2.2).
    steps = np.rint(np.arange(256) * ((len(palette) - 1) / 255)).astype(np.intp)
    coloured: Picture = palette.table[steps][grey]
    return coloured


def _keeps_colours(source: Source, state: State) -> bool:
    """Whether the state's steps for grey have no meaning."""
    image = source.image
    coloured = image.samples > 1 or image.photometric == "PALETTE COLOR"
    return coloured or kind_of(state.metadata) is Kind.COLOUR


def _window(source: Source, state: State) -> Window | None:
    """The window by which the state paints, where it is by one."""
    if _keeps_colours(source, state):
        return window_applied(source)
    voi = presented_grayscale(source, state).voi
    return voi if isinstance(voi, Window) else None


def _overlaid(picture: Picture, source: Source, state: State) -> Picture:
    """With the overlay groups that the state puts on a layer, its own or the image's (C.11.7)."""
    layers = layers_of(state.metadata)
    for group in GROUPS:
        layer = layers.get(text(state.metadata, f"{group}1001"))
        if layer is None:
            continue
        own = f"{group}3000" in state.metadata
        bearer = replace(source, metadata=state.metadata, bulk=state.bulk) if own else source
        for mask in planes(bearer, [group]):
            picture = _inked(picture, mask, layer.ink)
    return picture


def _inked(picture: Picture, mask: Mask, ink: Rgb) -> Picture:
    """A copy with the mask in a colour; grey stays grey as long as the ink is."""
    if picture.ndim == 2 and len(set(ink)) > 1:
        inked = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    else:
        inked = picture.copy()
    inked[mask] = ink[0] if inked.ndim == 2 else ink
    return inked


def _profile(source: Source, state: State) -> bytes:
    """A colour state says what its colours mean; under a grey one the image does."""
    if kind_of(state.metadata) is Kind.GREY:
        return profile_of(source)
    return dataset_profile(state.metadata, state.bulk)


def _placement(source: Source, state: Metadata, options: RenderOptions) -> Placement:
    """Displayed area, then rotation, then flip (PS3.3 C.10.4, C.10.6)."""
    area = item_for(state, DISPLAYED_AREA, source.instance, source.number) or {}
    left, top, right, bottom = _displayed(area, source)
    rotation = (integer(state, "00700042", 0) or 0) // 90 * 90 % 360
    width, height = right - left, (bottom - top) * _aspect(area, source)
    if height < bottom - top:
        width, height = width * (bottom - top) / height, bottom - top
    box = (options.width, options.height)
    if rotation % 180:
        box = (options.height, options.width)
    magnification = number(area, "00700103", 0.0) or 0.0
    if text(area, "00700100").upper() == "MAGNIFY" and magnification > 0:
        left, right, width = _magnified(left, right, width * magnification, box[0])
        top, bottom, height = _magnified(top, bottom, height * magnification, box[1])
    elif any(box):
        width, height = fit(width, height, *box)
    if max(width, height) > MAX_SIDE:
        width, height = fit(width, height, MAX_SIDE, MAX_SIDE)
    size = max(1, round(width)), max(1, round(height))
    mirrored = text(state, "00700041").upper() == "Y"
    return Placement(left, top, right, bottom, *size, rotation, mirrored)


def _displayed(area: Metadata, source: Source) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels; the corners count from 1\\1, column first.

    They are those of the turned image, so that the second may be the smaller one.
    """
    first, last = numbers(area, "00700052"), numbers(area, "00700053")
    if len(first) != 2 or len(last) != 2:
        return 0.0, 0.0, float(source.image.columns), float(source.image.rows)
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(first, last, strict=True))
    return left - 1, top - 1, right, bottom


def _magnified(start: float, end: float, size: float, most: int) -> tuple[float, float, float]:
    """The middle of a magnified side, as much as the viewport shows of it (PS3.18 8.3.5.1.3)."""
    if not most or size <= most:
        return start, end, size
    half = (end - start) * most / size / 2
    middle = (start + end) / 2
    return middle - half, middle + half, float(most)


def _aspect(area: Metadata, source: Source) -> float:
    """Presentation Pixel Spacing, or Presentation Pixel Aspect Ratio, or the image's own."""
    for tag in ("00700101", "00700102"):
        found = numbers(area, tag)
        if len(found) == 2:
            return sane_aspect(found[0], found[1])
    return pixel_aspect(source)
