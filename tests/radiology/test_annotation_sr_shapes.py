"""Graphics of reports as annotations: every tool of OHIF, odd shapes, and hostile content."""

import math
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import Conflict
from extensions.radiology.annotation_fields import Kind
from extensions.radiology.annotation_geometry import angle
from extensions.radiology.sr_graphics import graphic_of, shapes_of
from extensions.radiology.sr_import import Contents, contents_of

SQUARE = [(1.0, 1.0), (9.0, 1.0), (9.0, 5.0), (1.0, 5.0)]


def no_bulk(uri: str) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("tool", "graphic", "points", "kind"),
    [
        ("Length", "POLYLINE", SQUARE[:2], Kind.MEASUREMENT),
        ("", "POLYLINE", SQUARE[:2], Kind.MEASUREMENT),
        ("ArrowAnnotate", "POLYLINE", SQUARE[:2], Kind.ARROW),
        ("ArrowAnnotate", "POINT", SQUARE[:1], Kind.TEXT),
        ("Probe", "POINT", SQUARE[:1], Kind.TEXT),
        ("RectangleROI", "POLYLINE", [*SQUARE, SQUARE[0]], Kind.RECTANGLE),
        ("RectangleRoi", "POLYLINE", SQUARE, Kind.RECTANGLE),
        ("RectangleROI", "POLYLINE", [(0, 0), (3, 4), (7, 1), (4, -3)], Kind.ROI),
        ("PlanarFreehandROI", "POLYLINE", [*SQUARE, SQUARE[0]], Kind.ROI),
        ("SplineROI", "POLYLINE", SQUARE, Kind.ROI),
        ("", "POLYLINE", [*SQUARE, SQUARE[0]], Kind.ROI),
        ("CircleROI", "CIRCLE", SQUARE[:2], Kind.CIRCLE),
        ("EllipticalROI", "ELLIPSE", [(0, 5), (20, 5), (10, 0), (10, 10)], Kind.ELLIPSE),
        ("EllipticalROI", "ELLIPSE", [(10, 0), (10, 10), (0, 5), (20, 5)], Kind.ELLIPSE),
        ("Angle", "POLYLINE", [(0, 0), (5, 5), (5, 5), (9, 0)], Kind.ANGLE),
        ("", "POLYLINE", SQUARE[:1] * 3, Kind.MEASUREMENT),
    ],
)
def test_a_graphic_is_the_annotation_that_its_tool_drew(
    tool: str, graphic: str, points: Any, kind: Kind
) -> None:
    ((found, _),) = shapes_of(tool, graphic, points, None)
    assert found is kind


@pytest.mark.parametrize(
    ("graphic", "points"),
    [("CIRCLE", SQUARE[:1]), ("ELLIPSE", SQUARE[:3]), ("POLYLINE", SQUARE[:1]), ("SPLINE", SQUARE)],
)
def test_a_graphic_that_makes_no_sense_is_no_annotation(graphic: str, points: Any) -> None:
    assert shapes_of("", graphic, points, None) == []


def test_an_ellipse_that_is_turned_becomes_a_contour_on_it() -> None:
    turn = math.radians(30)
    major, minor = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    ends = [(50 + s * 20 * x, 50 + s * 20 * y) for s in (-1, 1) for x, y in [major]]
    ends += [(50 + s * 10 * x, 50 + s * 10 * y) for s in (-1, 1) for x, y in [minor]]
    ((kind, contour),) = shapes_of("EllipticalROI", "ELLIPSE", ends, None)
    assert kind is Kind.ROI
    for x, y in contour:
        along = (x - 50) * major[0] + (y - 50) * major[1]
        across = (x - 50) * minor[0] + (y - 50) * minor[1]
        assert (along / 20) ** 2 + (across / 10) ** 2 == pytest.approx(1)


@pytest.mark.parametrize("degrees", [60.0, 120.0])
def test_a_cobb_angle_keeps_the_angle_that_its_report_says(degrees: float) -> None:
    one = [(0.0, 0.0), (10.0, 0.0)]
    turn = math.radians(60)
    other = [(20.0, 30.0), (20 + 10 * math.cos(turn), 30 + 10 * math.sin(turn))]
    ((kind, points),) = shapes_of("CobbAngle", "POLYLINE", [*one, *other], degrees)
    assert kind is Kind.ANGLE
    assert angle(points[0], points[1], points[2]) == pytest.approx(degrees)
    assert points[1][1] == pytest.approx(0)  # the vertex is on the first line


def test_a_cobb_angle_between_parallel_lines_is_no_angle() -> None:
    assert shapes_of("CobbAngle", "POLYLINE", [(0, 0), (1, 0), (0, 5), (1, 5)], 0.0) == []


PLACE = st.tuples(st.floats(-1000, 1000, width=32), st.floats(-1000, 1000, width=32))


@given(st.sampled_from(Kind), st.lists(PLACE, min_size=3, max_size=9, unique=True))
def test_what_we_write_is_read_as_the_same_kind(kind: Kind, points: Any) -> None:
    count = {Kind.TEXT: 1, Kind.ANGLE: 3, Kind.ROI: len(points)}.get(kind, 2)
    points = points[:count]
    tool = {Kind.RECTANGLE: "RectangleROI", Kind.ARROW: "ArrowAnnotate", Kind.ANGLE: "Angle"}
    if kind is Kind.ROI and math.dist(points[0], points[-1]) < 0.02:
        return
    ((found, again),) = shapes_of(tool.get(kind, ""), *graphic_of(kind, points), None)
    assert found is kind
    assert len(again) == count


def group(*items: dict[str, Any]) -> dict[str, Any]:
    """A report with one measurement group of these items, in the DICOM JSON Model."""
    measured = {"0040A040": _cs("CONTAINER"), "0040A043": _code("125007"), "0040A730": _sq(*items)}
    return {"0040A730": _sq(measured)}


def _cs(value: str) -> dict[str, Any]:
    return {"vr": "CS", "Value": [value]}


def _sq(*items: Any) -> dict[str, Any]:
    return {"vr": "SQ", "Value": list(items)}


def _code(value: str, scheme: str = "DCM") -> dict[str, Any]:
    return _sq({"00080100": _cs(value), "00080102": _cs(scheme), "00080104": _cs(value)})


def scoord(kind: str, data: Any, image: str = "1.2.3") -> dict[str, Any]:
    reference = {"0040A040": _cs("IMAGE"), "00081199": _sq({"00081155": _cs(image)})}
    return {
        "0040A040": _cs("SCOORD"),
        "0040A043": _code("111030"),
        "00700022": {"vr": "FL", "Value": data},
        "00700023": _cs(kind),
        "0040A730": _sq(reference),
    }


def test_a_plain_graphic_is_read() -> None:
    found = contents_of(group(scoord("CIRCLE", [1, 2, 3, 4])), no_bulk)
    assert found.passed == []
    (drawn,) = found.drawn
    assert (drawn.kind, drawn.points) == (Kind.CIRCLE, [(1, 2), (3, 4)])
    assert (drawn.image, drawn.frame) == ("1.2.3", 1)


def test_a_long_contour_is_read_from_its_bulk_data() -> None:
    import struct

    item = scoord("POLYLINE", [])
    item["00700022"] = {"vr": "FL", "BulkDataURI": "…/bulkdata/x"}
    data = struct.pack("<8f", 1, 2, 3, 4, 5, 9, 1, 8)
    (drawn,) = contents_of(group(item), lambda uri: data).drawn
    assert (drawn.kind, len(drawn.points)) == (Kind.ROI, 4)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (scoord("CIRCLE", [1, 2]), "cannot be drawn"),
        (scoord("CIRCLE", [1, 2, "x", 4]), "is broken"),
        (scoord("CIRCLE", [1, 2, None, 4]), "is broken"),
        (scoord("CIRCLE", [1, 2, math.inf, 4]), "is broken"),
        (scoord("CIRCLE", [1, 2, 3, 4], ""), "without an image"),
        ({"0040A040": _cs("SCOORD3D")}, "in space"),
        ({"0040A040": _cs("NUM")}, "no coordinates"),
    ],
)
def test_what_is_passed_over_is_said(item: dict[str, Any], reason: str) -> None:
    found = contents_of(group(item), no_bulk)
    assert found.drawn == []
    assert [sentence for sentence in found.passed if reason in sentence] == found.passed
    assert len(found.passed) == 1


@pytest.mark.parametrize(
    "said",
    [
        *["{", "[]", "5", "null", '{"type": "line"}', '{"type": "text", "points": [[1]]}'],
        '{"type":"circle","points":[[1,2],[9,9]],"id":1,"label":"","color":"","author":""}',
    ],
)
def test_our_own_item_is_not_believed_where_it_is_odd(said: str) -> None:
    ours = {
        "0040A040": _cs("TEXT"),
        "0040A043": _code("ANNOTATION", "99LIGHTBOX"),
        "0040A160": {"vr": "UT", "Value": [said]},
    }
    found = contents_of(group(scoord("CIRCLE", [1, 2, 3, 4]), ours), no_bulk)
    (drawn,) = found.drawn
    assert (drawn.points, drawn.id) == ([(1, 2), (3, 4)], "")


def test_our_own_item_is_not_believed_about_another_graphic() -> None:
    text = (
        '{"type":"circle","points":[[1,2],[900,9]],"id":"x","label":"","color":"","author":"",'
        '"keyImage":false}'
    )
    ours = {
        "0040A040": _cs("TEXT"),
        "0040A043": _code("ANNOTATION", "99LIGHTBOX"),
        "0040A160": {"vr": "UT", "Value": [text]},
    }
    (drawn,) = contents_of(group(scoord("CIRCLE", [1, 2, 3, 4]), ours), no_bulk).drawn
    assert (drawn.points, drawn.id) == ([(1, 2), (3, 4)], "")


def test_a_tree_without_end_is_left_in_time() -> None:
    item: dict[str, Any] = {"0040A040": _cs("NUM")}
    for _ in range(200):
        item = {"0040A040": _cs("NUM"), "0040A730": _sq(item)}
    assert contents_of(group(item), no_bulk).passed == ["Group 1 has no coordinates."]
    root: dict[str, Any] = group()
    for _ in range(200):
        root = {"0040A730": _sq({"0040A040": _cs("CONTAINER"), **root})}
    with pytest.raises(Conflict):
        contents_of(root, no_bulk)


def test_an_observer_without_a_name_is_no_fault() -> None:
    report = group(scoord("CIRCLE", [1, 2, 3, 4]))
    report["0040A730"]["Value"].append({"0040A043": _code("121008"), "0040A160": None})
    (drawn,) = contents_of(report, no_bulk).drawn
    assert drawn.author == ""


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_no_damage_of_a_report_is_a_fault(seed: int) -> None:
    report = group(scoord("CIRCLE", [1, 2, 3, 4]), scoord("POLYLINE", [1, 2, 3, 4, 5, 6]))
    chance = random.Random(seed)
    _damage(report, chance)
    with suppress(Conflict):
        assert isinstance(contents_of(report, no_bulk), Contents)


def _damage(item: Any, chance: random.Random) -> None:
    """Replace or remove something somewhere."""
    while isinstance(item, dict | list) and item:
        keys = list(item) if isinstance(item, dict) else range(len(item))
        key = chance.choice(list(keys))
        if chance.random() < 0.25 or not isinstance(item[key], dict | list):
            item[key] = chance.choice([None, 7, "x", [], {}, [None], {"vr": "SQ"}, [[1]], -1e300])
            return
        item = item[key]
