"""Graphic annotations of a presentation state: points, lines, circles, ellipses, text (C.10.5)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, integer, items, number, numbers, text
from dicomweb.pixels.cielab import Rgb, grey_of, rgb_of
from dicomweb.pixels.geometry import Placement
from dicomweb.pixels.lettering import line_height, write

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Picture = NDArray[np.uint8]
Point = tuple[float, float]

# More than anybody draws; a file may say what it likes.
MAX_OBJECTS = 1000
MAX_POINTS = 20_000
MAX_TEXT = 1000
ROUND = 90
WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Layer:
    """A graphic layer: those of a higher order are drawn over the others (PS3.3 C.10.7)."""

    order: int
    ink: Rgb


def layers_of(state: Metadata) -> dict[str, Layer]:
    return {
        text(layer, "00700002"): Layer(integer(layer, "00700062", 0) or 0, _ink(layer))
        for layer in items(state, "00700060")
    }


def draw(
    picture: Picture,
    annotations: Sequence[Metadata],
    layers: dict[str, Layer],
    placement: Placement,
) -> Picture:
    """A copy of the finished picture with the annotations on it, layer over layer.

    Positions in pixels follow the image wherever `placement` puts it; letters stay upright.
    """
    if not annotations:
        return picture
    from PIL import Image, ImageDraw

    plain = Layer(0, WHITE)
    layered = [
        (layers.get(text(each, "00700002"), plain), each) for each in annotations[:MAX_OBJECTS]
    ]
    coloured = any(len(set(layer.ink)) > 1 for layer, _ in layered)
    image = Image.fromarray(np.ascontiguousarray(picture))
    image = image.convert("RGB") if coloured or image.mode == "RGB" else image.copy()
    canvas = ImageDraw.Draw(image)
    for layer, annotation in sorted(layered, key=lambda pair: pair[0].order):
        for graphic in items(annotation, "00700009")[:MAX_OBJECTS]:
            _graphic(canvas, graphic, layer.ink, placement)
        for written in items(annotation, "00700008")[:MAX_OBJECTS]:
            _text(canvas, written, layer.ink, placement)
    return np.asarray(image)


def _ink(layer: Metadata) -> Rgb:
    """Recommended Display CIELab Value, else Grayscale Value, else white."""
    return rgb_of(numbers(layer, "00700401")) or grey_of(number(layer, "00700066", 65535.0) or 0.0)


def _graphic(canvas: "ImageDraw", graphic: Metadata, ink: Rgb, placement: Placement) -> None:
    shape = text(graphic, "00700023").upper()
    given = numbers(graphic, "00700022")[: 2 * MAX_POINTS]
    points = list(zip(given[::2], given[1::2], strict=False))
    outline = [
        _position(point, text(graphic, "00700005"), placement) for point in _outline(shape, points)
    ]
    shade = _shade(canvas, ink)
    width = max(1, min(placement.size) // 400)
    if shape == "POINT":
        radius = 2 * width
        for x, y in outline:
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)
    elif len(outline) > 1:
        closed = outline[0] == outline[-1]
        if closed and text(graphic, "00700024").upper() == "Y":
            canvas.polygon(outline, fill=shade)
        canvas.line(outline, fill=shade, width=width, joint="curve" if width > 2 else None)


def _outline(shape: str, points: list[Point]) -> list[Point]:
    """The points to join; circles and ellipses are polygons, which turn and stretch like these."""
    if shape == "CIRCLE" and len(points) >= 2:
        (x, y), edge = points[:2]
        radius = math.dist((x, y), edge)
        return _ellipse((x, y), (radius, 0.0), (0.0, radius))
    if shape == "ELLIPSE" and len(points) >= 4:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[:4]
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        return _ellipse(middle, ((x1 - x0) / 2, (y1 - y0) / 2), ((x3 - x2) / 2, (y3 - y2) / 2))
    if shape == "INTERPOLATED" and len(points) > 2:
        return list(_spline(points))
    return points


def _ellipse(middle: Point, major: Point, minor: Point) -> list[Point]:
    turns = [2 * math.pi * step / ROUND for step in range(ROUND)]
    outline = [
        (
            middle[0] + major[0] * math.cos(turn) + minor[0] * math.sin(turn),
            middle[1] + major[1] * math.cos(turn) + minor[1] * math.sin(turn),
        )
        for turn in turns
    ]
    return [*outline, outline[0]]


def _spline(points: list[Point]) -> Iterator[Point]:
    """A Catmull-Rom curve through the points: the Standard leaves the curve to us (C.10.5.1.2)."""
    steps = 8
    ends = [points[0], *points, points[-1]]
    if points[0] == points[-1]:
        ends = [points[-2], *points, points[1]]
    for i in range(1, len(ends) - 2):
        for step in range(steps):
            part = step / steps
            yield (
                _between([p[0] for p in ends[i - 1 : i + 3]], part),
                _between([p[1] for p in ends[i - 1 : i + 3]], part),
            )
    yield points[-1]


def _between(four: list[float], part: float) -> float:
    before, start, end, after = four
    return start + part / 2 * (
        end
        - before
        + part
        * (2 * before - 5 * start + 4 * end - after + part * (3 * (start - end) + after - before))
    )


def _text(canvas: "ImageDraw", written: Metadata, ink: Rgb, placement: Placement) -> None:
    lines = text(written, "00700006")[:MAX_TEXT].splitlines()
    columns, rows = placement.size
    letters = min(max(min(columns, rows) // 36, 9), 32)
    anchor = _place_of(written, "00700014", "00700004", placement)
    corners = [_place_of(written, tag, "00700003", placement) for tag in ("00700010", "00700011")]
    first, last = corners
    if first is not None and last is not None:
        left, right = sorted((first[0], last[0]))
        top, bottom = sorted((first[1], last[1]))
        start, mark = _justified(text(written, "00700012"), left, right)
        write(canvas, (start, top), lines, letters, anchor=mark, ink=ink)
        if anchor is not None and text(written, "00700015").upper() == "Y":
            near = (min(max(anchor[0], left), right), min(max(anchor[1], top), bottom))
            canvas.line((near, anchor), fill=_shade(canvas, ink))
    elif anchor is not None:
        place = (anchor[0] + letters / 2, anchor[1] - line_height(letters) / 2)
        write(canvas, place, lines, letters, ink=ink)


def _justified(justification: str, left: float, right: float) -> tuple[float, str]:
    if justification.upper() == "RIGHT":
        return right, "ra"
    return ((left + right) / 2, "ma") if justification.upper() == "CENTER" else (left, "la")


def _place_of(written: Metadata, tag: str, units_tag: str, placement: Placement) -> Point | None:
    found = numbers(written, tag)
    if len(found) != 2:
        return None
    return _position((found[0], found[1]), text(written, units_tag), placement)


def _position(point: Point, units: str, placement: Placement) -> Point:
    """DISPLAY is 0 to 1 of what is shown; PIXEL and MATRIX begin at the image's top left corner.

    Held near the picture: a line to a point a million pixels away would be drawn pixel by pixel.
    """
    columns, rows = placement.size
    if units.upper() == "DISPLAY":
        x, y = point[0] * columns, point[1] * rows
    else:
        x, y = placement.point(*point)
    far = 4.0 * max(columns, rows)
    return min(max(x, -far), far), min(max(y, -far), far)


def _shade(canvas: "ImageDraw", ink: Rgb) -> Rgb | int:
    return ink if canvas.mode == "RGB" else ink[0]
