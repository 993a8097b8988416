"""Graphic annotations of a presentation state: where lines, circles and words come to lie."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.pixels.geometry import Placement
from dicomweb.pixels.graphics import MAX_POINTS, Layer, draw, layers_of

PLAIN = Placement(0, 0, 100, 100, 100, 100)
BLACK = np.zeros((100, 100), np.uint8)


def element(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def graphic(shape: str, data: list[float], **more: Any) -> dict[str, Any]:
    units, filled = more.get("units", "PIXEL"), more.get("filled", "N")
    inner = {
        "00700005": element("CS", units),
        "00700022": element("FL", *data),
        "00700023": element("CS", shape),
        "00700024": element("CS", filled),
    }
    return {
        "00700002": element("CS", more.get("layer", "")),
        "00700009": element("SQ", inner),
    }


def drawn(
    *annotations: dict[str, Any], placement: Placement = PLAIN, **layers: Layer
) -> np.ndarray:
    columns, rows = placement.size
    return draw(np.zeros((rows, columns), np.uint8), annotations, layers, placement)


def test_nothing_to_draw_leaves_the_picture() -> None:
    assert draw(BLACK, [], {}, PLAIN) is BLACK


def test_a_polyline_joins_its_points() -> None:
    picture = drawn(graphic("POLYLINE", [10.5, 10.5, 90.5, 10.5, 90.5, 50.5]))
    assert picture[10, 10:90].all()
    assert picture[10:50, 90].all()
    assert not picture[60:].any()
    assert not picture[:, :9].any()


def test_a_closed_polyline_may_be_filled() -> None:
    square = [10, 10, 30, 10, 30, 30, 10, 30, 10, 10]
    assert drawn(graphic("POLYLINE", square, filled="Y"))[15:25, 15:25].all()
    assert not drawn(graphic("POLYLINE", square))[15:25, 15:25].any()


def test_a_point_is_seen() -> None:
    ys, xs = np.nonzero(drawn(graphic("POINT", [40.5, 60.5])))
    assert abs(ys.mean() - 60.5) < 1
    assert abs(xs.mean() - 40.5) < 1


def test_a_circle_has_a_centre_and_a_point_on_its_edge() -> None:
    ys, xs = np.nonzero(drawn(graphic("CIRCLE", [50, 50, 50, 20])))
    distances = np.hypot(ys + 0.5 - 50, xs + 0.5 - 50)
    assert distances.min() > 28
    assert distances.max() < 32


def test_an_ellipse_has_the_ends_of_its_axes() -> None:
    ys, xs = np.nonzero(drawn(graphic("ELLIPSE", [10, 50, 90, 50, 50, 30, 50, 70])))
    assert (xs.min(), xs.max()) == pytest.approx((10, 90), abs=1.5)
    assert (ys.min(), ys.max()) == pytest.approx((30, 70), abs=1.5)


def test_an_interpolated_curve_goes_through_its_points() -> None:
    picture = drawn(graphic("INTERPOLATED", [10, 50, 30, 20, 60, 80, 90, 50]))
    for x, y in ((10, 50), (30, 20), (60, 80), (90, 50)):
        assert picture[y - 2 : y + 3, x - 2 : x + 3].any()


def test_graphics_follow_the_turned_and_scaled_image() -> None:
    placement = Placement(0, 0, 100, 100, 200, 200, 90, True)
    ys, xs = np.nonzero(drawn(graphic("POINT", [20, 10]), placement=placement))
    assert (xs.mean(), ys.mean()) == pytest.approx((20, 40), abs=1.5)


def test_display_units_are_parts_of_what_is_shown() -> None:
    placement = Placement(30, 30, 60, 60, 200, 100, 0, True)
    line = graphic("POLYLINE", [0.25, 0.5, 0.75, 0.5], units="DISPLAY")
    ys, xs = np.nonzero(drawn(line, placement=placement))
    assert (xs.min(), xs.max()) == pytest.approx((50, 150), abs=1)
    assert set(ys) == {50}


def test_layers_have_their_order_and_ink() -> None:
    state = {
        "00700060": element(
            "SQ",
            {
                "00700002": element("CS", "LOW"),
                "00700062": element("IS", 1),
                "00700066": element("US", 32768),
            },
            {
                "00700002": element("CS", "HIGH"),
                "00700062": element("IS", 2),
                "00700401": element("US", 35580, 53654, 50854),
            },
        )
    }
    layers = layers_of(state)
    over, under = (
        graphic("POLYLINE", [0, 50.5, 99, 50.5], layer=layer) for layer in ("HIGH", "LOW")
    )
    other = graphic("POLYLINE", [50.5, 0, 50.5, 99], layer="LOW")
    picture = draw(BLACK, [over, under, other], layers, PLAIN)
    assert picture.shape == (100, 100, 3)
    assert np.abs(picture[50, 50].astype(int) - [255, 0, 0]).max() <= 3
    assert picture[20, 50].tolist() == [128, 128, 128]


def words(text: str, **places: list[float]) -> dict[str, Any]:
    tags = {"anchor": "00700014", "first": "00700010", "last": "00700011"}
    inner = {tags[name]: element("FL", *place) for name, place in places.items()}
    inner |= {
        "00700003": element("CS", "PIXEL"),
        "00700004": element("CS", "PIXEL"),
        "00700006": element("ST", text),
        "00700012": element("CS", "LEFT"),
        "00700015": element("CS", "Y"),
    }
    return {"00700008": element("SQ", inner)}


def test_words_stand_beside_their_anchor() -> None:
    ys, xs = np.nonzero(drawn(words("lesion", anchor=[20, 50])))
    assert xs.min() >= 20
    assert 40 < ys.mean() < 60


def test_words_stand_in_their_box_and_a_line_leads_to_the_anchor() -> None:
    picture = drawn(words("two\r\nlines", first=[10, 10], last=[60, 40], anchor=[90, 90]))
    assert picture[10:40, 10:60].any()
    assert picture[60:92, 60:92].any()


@pytest.mark.parametrize("text", ["", "\r\n\r\n", "Größe 5 µm", "病変", "x" * 10_000])
def test_any_text_is_written(text: str) -> None:
    assert drawn(words(text, anchor=[5, 5])).shape == (100, 100)


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE", "NONSENSE", ""]),
    st.lists(numbers, max_size=12),
    st.sampled_from(["PIXEL", "DISPLAY", "MATRIX", ""]),
)
def test_any_graphic_ends_in_a_picture(shape: str, data: list[float], units: str) -> None:
    assert drawn(graphic(shape, data, units=units, filled="Y")).shape == (100, 100)


def test_more_points_than_anybody_draws_are_cut() -> None:
    data = np.random.default_rng(1).random(4 * MAX_POINTS) * 100
    assert drawn(graphic("POLYLINE", data.tolist())).shape == (100, 100)
