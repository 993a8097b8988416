"""Thumbnails: a small picture without words, and the choice of the image to show for a series."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.encode import encode
from dicomweb.pixels.geometry import apply, fit, pixel_aspect, place
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.picture import paint_values
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.render import Rendered
from dicomweb.pixels.segments import is_marks, is_segmentation
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader, no_bulk

DEFAULT_BOX = (200, 200)
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the index knows of an instance: enough to choose without opening it.

    `is_image` is false without pixels, for video, and for transfer syntaxes without a decoder;
    `size` is that of its file in bytes; `number` its place in the series.
    """

    sop_class: str
    series: str = ""
    frames: int = 1
    size: int = 0
    number: int = 0
    is_image: bool = True


def thumbnail(
    frame: bytes,
    metadata: Metadata,
    transfer_syntax: str,
    frame_number: int = 1,
    *,
    box: tuple[int, int] = DEFAULT_BOX,
    filled: bool = False,
    media_type: str = "image/jpeg",
    bulk: BulkReader = no_bulk,
) -> Rendered:
    """The frame inside the box; no words and no overlays (PS3.18 10.4.1.2.5).

    Enlarged only where the box is to be `filled`, as a client's viewport is (8.3.5.1.3).
    """
    source = Source.of(frame, metadata, transfer_syntax, frame_number, bulk)
    image = source.image
    aspect = pixel_aspect(source)
    whole = image.columns * max(1.0, 1 / aspect), image.rows * max(1.0, aspect)
    if not filled and whole[0] <= box[0] and whole[1] <= box[1]:
        box = round(whole[0]), round(whole[1])
    width, height = fit(*whole, *box)
    marks = is_segmentation(metadata)
    values = source.values()
    if marks:
        step = max(1, min(-(-image.columns // width), -(-image.rows // height)))
        values = _greatest(values, step)
    else:
        # Twice the size that is wanted is enough for later steps: most pixels are never touched.
        step = max(1, min(image.columns // (2 * width), image.rows // (2 * height)))
        values = values[::step, ::step]
    picture = paint_values(values, source)
    rows, columns = picture.shape[:2]
    exact = RenderOptions(width=width, height=height)
    placement = place(rows, columns, height * columns / (width * rows), exact)
    picture = apply(picture, placement, smooth=not marks)
    return Rendered(encode(picture, media_type, QUALITY), media_type)


def _greatest(values: Pixels, step: int) -> Pixels:
    """The greatest value of each block: a mark that is a pixel wide remains one."""
    rows, columns = (np.arange(0, side, step) for side in values.shape[:2])
    blocks: Pixels = np.maximum.reduceat(np.maximum.reduceat(values, rows, 0), columns, 1)
    return blocks


def representative(instances: Sequence[Candidate]) -> tuple[int, int] | None:
    """Index and frame number of the image to show for all of them; None when none is an image.

    The middle, by number, of the series with most pictures; images before segmentations.
    """
    shown = [n for n, each in enumerate(instances) if each.is_image]
    shown = [n for n in shown if not is_marks(instances[n].sop_class)] or shown
    if not shown:
        return None
    series: dict[str, list[int]] = defaultdict(list)
    for n in shown:
        series[instances[n].series].append(n)
    largest = max(series.values(), key=lambda members: _weight(instances, members))
    ordered = sorted(largest, key=lambda n: (instances[n].number, n))
    middle = sum(max(1, instances[n].frames) for n in ordered) // 2
    for n in ordered:
        frames = max(1, instances[n].frames)
        if middle < frames:
            return n, middle + 1
        middle -= frames
    return ordered[-1], 1


def _weight(instances: Sequence[Candidate], members: list[int]) -> tuple[int, int]:
    """How many pictures a series has, then how large they are: a localizer is little of both."""
    frames = sum(max(1, instances[n].frames) for n in members)
    return frames, sum(instances[n].size for n in members)
