"""Annotations as graphics of a TID 1500 report and back: the names of tools and the shapes.

The Tracking Identifiers are those of OHIF, which finds its tool for a measurement by them.
"""

import math
from collections.abc import Sequence

from extensions.radiology.annotation_fields import Kind
from extensions.radiology.annotation_geometry import Place, angle, distance

TRACKER = "Cornerstone3DTools@^0.1.0"
TOOLS: dict[Kind, str] = {
    Kind.TEXT: "ArrowAnnotate",
    Kind.ARROW: "ArrowAnnotate",
    Kind.CIRCLE: "CircleROI",
    Kind.ELLIPSE: "EllipticalROI",
    Kind.RECTANGLE: "RectangleROI",
    Kind.MEASUREMENT: "Length",
    Kind.ANGLE: "Angle",
    Kind.ROI: "PlanarFreehandROI",
}
# The concept of our one private item in a measurement group: JSON of what has no other place.
SCHEME, ANNOTATION = "99LIGHTBOX", "ANNOTATION"
# A turned ellipse has no corners: it becomes a contour of so many points.
ELLIPSE_POINTS = 72
# Graphic Data have single precision: this far apart two places may be the same (pixels).
NEAR = 0.01

Graphic = tuple[str, list[Place]]


def graphic_of(kind: Kind, points: Sequence[Place]) -> Graphic:
    """Graphic Type and points of a SCOORD (PS3.3 C.18.6.1.2)."""
    if kind is Kind.TEXT:
        return "POINT", list(points)
    if kind is Kind.CIRCLE:
        return "CIRCLE", list(points)
    if kind is Kind.ELLIPSE:
        return "ELLIPSE", _axes(points)
    if kind is Kind.RECTANGLE:
        (x0, y0), (x1, y1) = points
        return "POLYLINE", [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    if kind is Kind.ANGLE:  # two lines, as OHIF has it
        return "POLYLINE", [points[0], points[1], points[1], points[2]]
    if kind is Kind.ROI:
        return "POLYLINE", [*points, points[0]]
    return "POLYLINE", list(points)


def _axes(points: Sequence[Place]) -> list[Place]:
    """The ends of the upright axis, then those of the other.

    The Standard wants the major axis first. OHIF takes the first for the upright one, and shows
    wrong values for an ellipse that lies; as the ends of two axes both orders are the same ellipse.
    """
    (x0, y0), (x1, y1) = points
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    x, y = (left + right) / 2, (top + bottom) / 2
    return [(x, top), (x, bottom), (left, y), (right, y)]


def shapes_of(
    tool: str, graphic: str, points: Sequence[Place], degrees: float | None
) -> list[tuple[Kind, list[Place]]]:
    """The annotations that a graphic of a report is, by the tool that drew it if it is known.

    `degrees` is the angle that the report says, None where it says none. No shapes: it is nothing
    that can be drawn here.
    """
    if graphic in ("POINT", "MULTIPOINT"):
        return [(Kind.TEXT, [point]) for point in points]
    if graphic == "CIRCLE" and len(points) == 2:
        return [(Kind.CIRCLE, list(points))]
    if graphic == "ELLIPSE" and len(points) == 4:
        return [_ellipse(points)]
    if graphic == "POLYLINE" and len(points) >= 2:
        shape = _of_line(tool, points, degrees)
        return [shape] if shape else []
    return []


def _of_line(
    tool: str, points: Sequence[Place], degrees: float | None
) -> tuple[Kind, list[Place]] | None:
    if len(points) == 2:
        return (Kind.ARROW if tool == "ArrowAnnotate" else Kind.MEASUREMENT), list(points)
    corners = _rectangle(points) if tool.startswith("Rectangle") else None
    if corners:
        return Kind.RECTANGLE, corners
    if "Angle" in tool or (degrees is not None and len(points) <= 4):
        arms = _arms(points, degrees)
        return (Kind.ANGLE, arms) if arms else None
    closed = distance(points[0], points[-1]) < NEAR
    contour = list(points[:-1] if closed else points)
    if len(contour) < 3:
        return Kind.MEASUREMENT, [contour[0], contour[-1]]
    return Kind.ROI, contour


def _ellipse(points: Sequence[Place]) -> tuple[Kind, list[Place]]:
    across, down = [x for x, _ in points], [y for _, y in points]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    flat = abs(ay - by) < NEAR and abs(cx - dx) < NEAR
    upright = abs(ax - bx) < NEAR and abs(cy - dy) < NEAR
    if flat or upright:
        return Kind.ELLIPSE, [(min(across), min(down)), (max(across), max(down))]
    x, y = (ax + bx) / 2, (ay + by) / 2
    turns = (2 * math.pi * step / ELLIPSE_POINTS for step in range(ELLIPSE_POINTS))
    return Kind.ROI, [
        (
            x + (bx - ax) / 2 * math.cos(turn) + (dx - cx) / 2 * math.sin(turn),
            y + (by - ay) / 2 * math.cos(turn) + (dy - cy) / 2 * math.sin(turn),
        )
        for turn in turns
    ]


def _rectangle(points: Sequence[Place]) -> list[Place] | None:
    """Two opposite corners of four points, or five with the first again; None for a turned one."""
    if len(points) not in (4, 5):
        return None
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[:4]
    flat = abs(ay - by) < NEAR and abs(cy - dy) < NEAR and abs(bx - cx) < NEAR
    upright = abs(ax - bx) < NEAR and abs(cx - dx) < NEAR and abs(by - cy) < NEAR
    return [points[0], points[2]] if flat or upright else None


def _arms(points: Sequence[Place], degrees: float | None) -> list[Place] | None:
    """End, vertex, end of an angle between two lines; the vertex is where the lines meet.

    Lines that do not touch (Cobb) may mean the angle or what it lacks to 180: the one that the
    report says. None for parallel lines.
    """
    if len(points) == 3:
        return list(points)
    if len(points) != 4:
        return None
    a, b, c, d = points
    if distance(b, c) < NEAR:
        return [a, b, d]
    across = (b[0] - a[0]) * (d[1] - c[1]) - (b[1] - a[1]) * (d[0] - c[0])
    if abs(across) < 1e-9:
        return None
    way = ((c[0] - a[0]) * (d[1] - c[1]) - (c[1] - a[1]) * (d[0] - c[0])) / across
    vertex = (a[0] + way * (b[0] - a[0]), a[1] + way * (b[1] - a[1]))
    first = max((a, b), key=lambda end: distance(end, vertex))
    ends = sorted((c, d), key=lambda end: distance(end, vertex), reverse=True)
    mirrored = (2 * vertex[0] - ends[0][0], 2 * vertex[1] - ends[0][1])
    found = min(
        (ends[0], mirrored),
        key=lambda end: abs((angle(first, vertex, end) or 0) - (0 if degrees is None else degrees)),
    )
    return [first, vertex, found]
