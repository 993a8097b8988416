"""Geometry, calibration and statistics of annotations, against formulas and other methods."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.source import Source
from extensions.radiology.annotation_fields import Kind
from extensions.radiology.annotation_geometry import (
    angle,
    crosses_itself,
    ellipse_perimeter,
    polygon_area,
    polygon_perimeter,
)
from extensions.radiology.calibration import Scale, scale_of, value_unit
from extensions.radiology.measuring import Tally, blocks, geometry, tally_of

MM = Scale(0.25, 0.5, "mm", "mm", "pixelSpacing", "")
PLACES = st.tuples(st.floats(-200, 300), st.floats(-200, 300))


def mask(kind: Kind, points: Any, scale: Scale = MM, shape: tuple[int, int] = (64, 64)) -> Any:
    """Which pixels of an image are inside."""
    found = np.zeros(shape, bool)
    for rows, columns, inside in blocks(kind, points, scale, shape):
        found[rows, columns] |= inside
    return found


def ds(*values: float) -> dict[str, Any]:
    return {"vr": "DS", "Value": list(values)}


def test_a_length_takes_both_spacings_into_account() -> None:
    found = geometry(Kind.MEASUREMENT, [(0, 0), (30, 20)], MM).length
    assert found is not None
    assert (found.value, found.unit) == (math.hypot(30 * 0.25, 20 * 0.5), "mm")


@pytest.mark.parametrize(
    ("points", "degrees"),
    [
        ([(1, 0), (0, 0), (0, 1)], 90),
        ([(1, 0), (0, 0), (1, 1)], 45),
        ([(1, 0), (0, 0), (-1, 0)], 180),
        ([(1, 0), (0, 0), (5, 0)], 0),
        ([(1, 0), (0, 0), (-0.5, math.sqrt(3) / 2)], 120),
    ],
)
def test_an_angle_is_between_0_and_180_degrees(points: Any, degrees: float) -> None:
    assert angle(*points) == pytest.approx(degrees, abs=1e-9)


def test_an_angle_is_that_of_the_body_and_not_of_the_pixels() -> None:
    found = geometry(Kind.ANGLE, [(4, 0), (0, 0), (4, 2)], MM).angle
    assert found is not None
    assert found.value == pytest.approx(45)


def test_an_arm_without_length_makes_no_angle() -> None:
    found = geometry(Kind.ANGLE, [(4, 0), (4, 0), (4, 2)], MM)
    assert found.angle is None
    assert "no length" in found.note


@given(st.lists(PLACES, min_size=3, max_size=3), st.floats(0.01, 100), PLACES)
def test_an_angle_stays_when_all_is_moved_and_enlarged(
    points: list[tuple[float, float]], factor: float, by: tuple[float, float]
) -> None:
    a, b, c = points
    if min(math.dist(a, b), math.dist(b, c)) < 0.01:
        return
    moved = [(x * factor + by[0], y * factor + by[1]) for x, y in points]
    assert angle(*moved) == pytest.approx(angle(a, b, c), abs=1e-4)


@given(PLACES, st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0, 6))
def test_the_area_of_a_turned_rectangle_is_width_times_height(
    at: tuple[float, float], width: float, height: float, turn: float
) -> None:
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    points = [
        (
            at[0] + x * math.cos(turn) - y * math.sin(turn),
            at[1] + x * math.sin(turn) + y * math.cos(turn),
        )
        for x, y in corners
    ]
    assert polygon_area(points) == pytest.approx(width * height, rel=1e-6)
    assert polygon_perimeter(points) == pytest.approx(2 * (width + height), rel=1e-6)
    assert not crosses_itself(points)


@given(st.floats(0.01, 1000), st.floats(0.01, 1000))
def test_the_way_round_an_ellipse_is_that_of_a_polygon_with_many_corners(
    first: float, second: float
) -> None:
    turns = np.linspace(0, 2 * math.pi, 20_001)
    steps = np.hypot(np.diff(first * np.cos(turns)), np.diff(second * np.sin(turns)))
    assert ellipse_perimeter(first, second) == pytest.approx(float(steps.sum()), rel=1e-3)


def test_a_contour_that_crosses_itself_has_no_area() -> None:
    found = geometry(Kind.ROI, [(0, 0), (10, 10), (10, 0), (0, 10)], MM)
    assert found.area is None
    assert found.perimeter is not None
    assert "crosses itself" in found.note


@given(st.lists(st.tuples(st.integers(-20, 80), st.integers(-20, 80)), min_size=3, max_size=12))
def test_the_pixels_of_a_contour_are_those_that_a_ray_enters_an_odd_number_of_times(
    points: list[tuple[int, int]],
) -> None:
    x, y = np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5)
    crossings, sure = np.zeros((64, 64), int), np.ones((64, 64), bool)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        meets = (np.minimum(ay, by) < y) & (y < np.maximum(ay, by))
        if ay != by:
            place = ax + (y - ay) * (bx - ax) / (by - ay)
            crossings += meets & (place <= x)
            sure &= ~meets | (np.abs(place - x) > 1e-9)
    assert np.array_equal(mask(Kind.ROI, points)[sure], (crossings % 2 == 1)[sure])


def test_the_pixels_of_a_contour_are_nearly_those_that_pillow_paints() -> None:
    points = [(10, 10), (50, 12), (47, 50), (30, 22), (11, 49)]
    image = Image.new("1", (64, 64))
    ImageDraw.Draw(image).polygon([(x - 0.5, y - 0.5) for x, y in points], fill=1)
    apart = mask(Kind.ROI, points) ^ np.asarray(image)
    assert apart.sum() < 2 * polygon_perimeter(points)  # Pillow paints the edge, too


@given(st.floats(-20, 80), st.floats(-20, 80), st.floats(0, 60))
def test_the_pixels_of_a_circle_are_near_enough_in_millimetres(
    x: float, y: float, radius: float
) -> None:
    across, down = np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5)
    expected = np.hypot((across - x) * 0.25, (down - y) * 0.5)
    inside = mask(Kind.CIRCLE, [(x, y), (x + radius, y)])
    sure = np.abs(expected - radius * 0.25) > 1e-9
    assert np.array_equal(inside[sure], (expected <= radius * 0.25)[sure])


@given(PLACES, PLACES)
def test_the_pixels_of_a_rectangle_have_their_centres_between_its_corners(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    columns = [n for n in range(64) if min(one[0], other[0]) <= n + 0.5 <= max(one[0], other[0])]
    rows = [n for n in range(64) if min(one[1], other[1]) <= n + 0.5 <= max(one[1], other[1])]
    expected = np.zeros((64, 64), bool)
    expected[np.ix_(rows, columns)] = True
    assert np.array_equal(mask(Kind.RECTANGLE, [one, other]), expected)


def test_an_ellipse_has_its_share_of_the_pixels_of_its_rectangle() -> None:
    points = [(3, 5), (61, 55)]
    share = mask(Kind.ELLIPSE, points).sum() / mask(Kind.RECTANGLE, points).sum()
    assert share == pytest.approx(math.pi / 4, abs=0.005)


@given(
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=50), st.integers(1, 7), st.floats(-1e6, 1e6)
)
@settings(max_examples=100)
def test_values_in_blocks_have_the_deviation_of_all(
    values: list[float], size: int, away: float
) -> None:
    whole = np.array(values) + away
    tally = Tally()
    for start in range(0, whole.size, size):
        tally.add(whole[start : start + size])
    assert tally.count == whole.size
    assert tally.mean == pytest.approx(whole.mean(), rel=1e-9, abs=1e-6)
    assert tally.deviation == pytest.approx(whole.std(), rel=1e-6, abs=1e-5)
    assert (tally.least, tally.most) == (whole.min(), whole.max())


def test_a_large_region_is_taken_in_blocks_of_rows() -> None:
    shape = (3000, 2000)
    found = list(blocks(Kind.RECTANGLE, [(-5, -5), (5000, 5000)], MM, shape))
    assert len(found) > 10
    assert sum(int(inside.sum()) for _, _, inside in found) == 3000 * 2000


def test_padding_is_no_value_and_rescale_is_applied() -> None:
    metadata: dict[str, Any] = {
        "00280120": {"vr": "US", "Value": [0]},
        "00281053": ds(2),
        "00281052": ds(-1000),
    }
    stored = np.array([[0, 10], [20, 0]], np.uint16)
    source = Source(b"", metadata, ImagePixel(2, 2))
    tally = tally_of(stored, source, Kind.RECTANGLE, [(0, 0), (2, 2)], MM)
    assert (tally.count, tally.mean, tally.least, tally.most) == (2, -970.0, -980.0, -960.0)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"00280030": ds(0.5, 0.25)}, ("pixelSpacing", 0.25, 0.5, "mm")),
        ({"00181164": ds(0.2, 0.1)}, ("imagerPixelSpacing", 0.1, 0.2, "mm")),
        (
            {"00280030": ds(0.2, 0.2), "00181164": ds(0.2, 0.2)},
            ("imagerPixelSpacing", 0.2, 0.2, "mm"),
        ),
        (
            {"00280030": ds(0.1, 0.1), "00181164": ds(0.2, 0.2)},
            ("pixelSpacing", 0.1, 0.1, "mm"),
        ),
        (
            {"00181164": ds(0.3, 0.3), "00181114": ds(1.5)},
            ("imagerPixelSpacing", 0.2, 0.2, "mm"),
        ),
        ({"00182010": ds(0.1, 0.1)}, ("nominalScannedPixelSpacing", 0.1, 0.1, "mm")),
        ({"00280034": {"vr": "IS", "Value": [4, 3]}}, ("pixelAspectRatio", 1, 4 / 3, "px")),
        ({}, ("none", 1, 1, "px")),
        ({"00280030": ds(0, 0)}, ("none", 1, 1, "px")),
        ({"00280030": ds(0.5)}, ("none", 1, 1, "px")),
    ],
)
def test_the_scale_is_what_the_image_says(
    metadata: dict[str, Any], expected: tuple[str, float, float, str]
) -> None:
    found = scale_of(metadata, 1, [(1, 1)])
    assert (found.source, found.column, found.row, found.unit) == pytest.approx(expected)
    assert bool(found.note) == (found.source != "pixelSpacing")


def test_each_frame_of_an_enhanced_image_has_its_own_scale() -> None:
    def group(spacing: float) -> dict[str, Any]:
        return {"00289110": {"vr": "SQ", "Value": [{"00280030": ds(spacing, spacing)}]}}

    metadata = {
        "52009229": {"vr": "SQ", "Value": [group(9)]},
        "52009230": {"vr": "SQ", "Value": [group(1), group(2), {}]},
    }
    assert [scale_of(metadata, frame, [(0, 0)]).column for frame in (1, 2, 3)] == [1, 2, 9]


def _region(box: tuple[int, int, int, int], units: tuple[int, int], deltas: Any) -> dict[str, Any]:
    tags = ("00186018", "0018601A", "0018601C", "0018601E", "00186024", "00186026")
    found: dict[str, Any] = {
        tag: {"vr": "UL", "Value": [value]} for tag, value in zip(tags, (*box, *units), strict=True)
    }
    found |= {"0018602C": {"vr": "FD", "Value": [deltas[0]]}}
    return found | {"0018602E": {"vr": "FD", "Value": [deltas[1]]}}


ULTRASOUND: dict[str, Any] = {
    "00280030": ds(7, 7),
    "00186011": {
        "vr": "SQ",
        "Value": [
            _region((0, 0, 99, 99), (3, 3), (0.01, -0.02)),
            _region((0, 200, 99, 299), (4, 3), (0.005, 0.02)),
        ],
    },
}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0, 0), (100, 100)], ("ultrasoundRegion", 0.1, 0.2, "mm")),
        ([(0, 0), (150, 50)], ("pixelSpacing", 7, 7, "mm")),
        ([(0, 210), (50, 220)], ("ultrasoundRegion", 0.005, 0.2, "")),
    ],
)
def test_an_ultrasound_region_has_the_scale_of_what_lies_in_it(
    points: list[tuple[float, float]], expected: tuple[str, float, float, str]
) -> None:
    found = scale_of(ULTRASOUND, 1, points)
    assert (found.source, found.column, found.row, found.unit) == pytest.approx(expected)


def test_m_mode_has_a_time_and_a_depth_and_no_length() -> None:
    points = [(10.0, 210.0), (50.0, 220.0)]
    found = geometry(Kind.MEASUREMENT, points, scale_of(ULTRASOUND, 1, points))
    assert found.length is None
    assert found.horizontal is not None
    assert (found.horizontal.value, found.horizontal.unit) == (pytest.approx(0.2), "s")
    assert found.vertical is not None
    assert (found.vertical.value, found.vertical.unit) == (pytest.approx(2), "mm")


@pytest.mark.parametrize(
    ("metadata", "unit"),
    [
        ({"00281054": {"vr": "LO", "Value": ["HU"]}}, "HU"),
        ({"00281054": {"vr": "LO", "Value": ["US"]}}, ""),
        ({"00080060": {"vr": "CS", "Value": ["CT"]}, "00281052": ds(-1024)}, "HU"),
        ({"00541001": {"vr": "CS", "Value": ["BQML"]}}, "Bq/ml"),
        ({"00080060": {"vr": "CS", "Value": ["MR"]}}, ""),
    ],
)
def test_the_unit_of_values_is_what_the_image_says(metadata: dict[str, Any], unit: str) -> None:
    assert value_unit(metadata, 1) == unit
