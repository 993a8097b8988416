"""Drawing over pictures: soft lines, filled areas, a legend beside them, the finished file."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.annotate import annotate
from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.cielab import Rgb
from dicomweb.pixels.geometry import apply, pixel_aspect, place
from dicomweb.pixels.lettering import legible, line_height, typeface
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.picture import picture_of
from dicomweb.pixels.render import Rendered, drawn
from dicomweb.pixels.segments import is_segmentation
from dicomweb.pixels.source import Source

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Face = FreeTypeFont | ImageFont

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

# A picture under drawings is this large, so that lines and letters are sharp on small images too.
SIDE = 768
MOST_SIDE = 2048
GROUND: Rgb = (22, 26, 31)
INK: Rgb = (222, 228, 234)
MAX_ENTRIES = 40
_LETTERS = 14
_FINE = 2


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line in pixels of the picture; `closed` joins its ends, one point is drawn as a cross."""

    points: Points
    ink: Rgb
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a legend: a colour, None for words alone."""

    ink: Rgb | None
    words: str


def hue(number: int) -> Rgb:
    """A colour of its own for what has none: neighbours lie a golden angle apart."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.61803398875 % 1.0, 0.75, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def side_for(options: RenderOptions) -> int:
    """How long the longer side of the picture should be for what is asked for."""
    return min(max(options.width, options.height) or SIDE, MOST_SIDE)


def enlarged(source: Source, options: RenderOptions) -> tuple[Picture, float, float]:
    """The image in colour, as large as is drawn on, and what a pixel of it became: across, down."""
    image = source.image
    side = side_for(options)
    box = RenderOptions(width=side, height=side)
    placement = place(image.rows, image.columns, pixel_aspect(source), box)
    smooth = not is_segmentation(source.metadata)
    ground = apply(picture_of(source, options.window), placement, smooth=smooth)
    columns, rows = placement.size
    return in_colour(ground), columns / image.columns, rows / image.rows


def draw(picture: Picture, strokes: Sequence[Stroke], width: float = 1.5) -> Picture:
    """A copy in colour with the strokes on it, their edges soft."""
    from PIL import Image, ImageDraw

    base = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
    layer = Image.new("RGBA", (base.width * _FINE, base.height * _FINE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    bound = 4.0 * max(layer.size)
    for stroke in strokes:
        points = np.clip(stroke.points * _FINE, -bound, bound)
        if len(points) == 1:
            _cross(pen, points[0], stroke.ink, width)
            continue
        if stroke.closed:
            points = np.concatenate((points, points[:1]))
        pen.line(points.ravel().tolist(), fill=(*stroke.ink, 255), width=round(width * _FINE))
    # Premultiplied, so that the edges do not darken when four pixels become one.
    fine = layer.convert("RGBa").reduce(_FINE).convert("RGBA")
    base.paste(fine, (0, 0), fine)
    return np.asarray(base)


def _cross(pen: "ImageDraw", at: Points, ink: Rgb, width: float) -> None:
    x, y = at.tolist()
    arm = 5.0 * _FINE
    for ends in ((x - arm, y, x + arm, y), (x, y - arm, x, y + arm)):
        pen.line(ends, fill=(*ink, 255), width=round(width * _FINE))


def tint(picture: Picture, mask: NDArray[np.float32], ink: Rgb, strength: float = 0.4) -> Picture:
    """The picture with a colour over it where the mask, 0 to 1, says so; (rows, columns, 3)."""
    cover = (mask * strength)[:, :, np.newaxis]
    mixed = picture * (1 - cover) + np.array(ink, np.float32) * cover
    return np.asarray(np.rint(mixed), np.uint8)


def outline(mask: NDArray[np.bool_], width: int = 2) -> NDArray[np.bool_]:
    """The inner edge of a mask; the border of the picture is no edge."""
    inner = mask
    for _ in range(width):
        padded = np.pad(inner, 1, mode="edge")
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: NDArray[np.bool_] = mask & ~inner
    return edge


def in_colour(picture: Picture) -> Picture:
    """(rows, columns, 3), a copy."""
    return np.repeat(picture[:, :, np.newaxis], 3, axis=2) if picture.ndim == 2 else picture.copy()


def with_legend(picture: Picture, entries: Sequence[Entry]) -> Picture:
    """The picture with the entries on a panel at its right, as many as there is room for."""
    if not entries:
        return picture
    from PIL import Image, ImageDraw

    rows, columns = picture.shape[:2]
    step = line_height(_LETTERS) + 4
    room = max(1, min(MAX_ENTRIES, (max(rows, step * 4) - step) // step))
    shown = list(entries[:room])
    if len(entries) > room:
        shown[-1] = Entry(None, f"and {len(entries) - room + 1} more")
    face = typeface(_LETTERS)
    widest = max(face.getlength(legible(entry.words)) for entry in shown)
    panel = ceil(min(max(widest + 44, 90), max(columns * 0.6, 160)))
    height = max(rows, step * (len(shown) + 1))
    image = Image.new("RGB", (columns + panel, height), GROUND)
    image.paste(Image.fromarray(np.ascontiguousarray(in_colour(picture))), (0, 0))
    pen = ImageDraw.Draw(image)
    for number, entry in enumerate(shown):
        top = step // 2 + number * step
        left = columns + 12
        if entry.ink is not None:
            pen.rectangle((left, top + 2, left + 12, top + 14), fill=entry.ink, outline=INK)
        words = _cut(entry.words, face, panel - 44)
        pen.text((left + 22 if entry.ink else left, top), words, fill=INK, font=face)
    return np.asarray(image)


def _cut(words: str, face: "Face", width: float) -> str:
    words = legible(words)
    if face.getlength(words) <= width:
        return words
    while words and face.getlength(words + "...") > width:
        words = words[:-1]
    return words + "..."


def finish(picture: Picture, options: RenderOptions, metadata: Metadata) -> Rendered:
    """Crop, scale and words as asked for, and the file (PS3.18 8.3.5.1)."""
    rows, columns = picture.shape[:2]
    if options.width or options.height or options.region:
        picture = apply(picture, place(rows, columns, 1.0, options))
    return drawn(annotate(picture, metadata, options.annotation), options)
