"""What the server measures on stored images is what pydicom's pixels and the formula say."""

import math
from typing import Any

import numpy as np
import pydicom
import pytest
import samples
from clients import store
from samples import encode

from tests.radiology.annotating import POINTS, centres, draw, renewed, stored_image
from tests.radiology.radiology_api import Api


def inside(kind: str, shape: tuple[int, ...], column: float, row: float) -> Any:
    """Which pixels of an image have their centre inside, by the rule that is documented."""
    x, y = centres(shape)
    (x0, y0), (x1, y1) = POINTS[kind][:2]
    if kind == "circle":
        radius = math.hypot((x1 - x0) * column, (y1 - y0) * row)
        return np.hypot((x - x0) * column, (y - y0) * row) <= radius
    if kind == "ellipse":
        across, down = (x1 - x0) / 2, (y1 - y0) / 2
        return ((x - x0 - across) / across) ** 2 + ((y - y0 - down) / down) ** 2 <= 1
    if kind == "rectangle":
        return (x1 <= x) & (x <= x0) & (y1 <= y) & (y <= y0)
    return np.ones(shape, bool) & _left_of_all(x, y)


def _left_of_all(x: Any, y: Any) -> Any:
    """The sample `roi` is convex: inside is on the same side of all its edges."""
    points = POINTS["roi"]
    found = np.ones(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        found &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return found


def compare(found: dict[str, Any], values: Any) -> None:
    """The four statistics of the values."""
    assert found["pixels"] == values.size
    for name, expected in (
        ("mean", values.mean()),
        ("standardDeviation", values.std()),
        ("minimum", values.min()),
        ("maximum", values.max()),
    ):
        assert found[name]["value"] == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("kind", ["circle", "ellipse", "rectangle", "roi"])
def test_values_are_those_of_pydicom_behind_the_rescale(api: Api, kind: str) -> None:
    image = stored_image(api, RescaleSlope=2, RescaleIntercept=-1000, RescaleType="HU")
    found = draw(api, image, kind)["measurements"]
    values = image.pixel_array * 2.0 - 1000
    compare(found, values[inside(kind, values.shape, 0.25, 0.5)])
    assert found["mean"]["unit"] == "HU"


@pytest.mark.parametrize(
    ("kind", "area"),
    [
        ("circle", math.pi * 2.5**2),
        ("ellipse", math.pi * 20 * 0.25 * 10 * 0.5),
        ("rectangle", 30.2 * 25 * 0.125),
        ("roi", 0.125 * (37 * 36.7 + 40 * 39) / 2),  # half the product of its diagonals
    ],
)
def test_an_area_is_that_of_the_formula(api: Api, kind: str, area: float) -> None:
    found = draw(api, stored_image(api), kind)["measurements"]["area"]
    assert found["unit"] == "mm2"
    assert found["value"] == pytest.approx(area)


def test_a_length_without_any_spacing_is_in_pixels_and_says_so(api: Api) -> None:
    image = stored_image(api, PixelSpacing=None)
    found = draw(api, image, "measurement", points=[(0, 0), (3, 4)])["measurements"]
    assert found["length"] == {"value": 5.0, "unit": "px"}
    assert found["calibration"]["source"] == "none"
    assert "pixels" in found["calibration"]["note"]


def test_a_length_at_the_detector_says_so(api: Api) -> None:
    image = stored_image(api, PixelSpacing=None, ImagerPixelSpacing=[0.1, 0.1])
    found = draw(api, image, "measurement", points=[(0, 0), (30, 40)])["measurements"]
    assert found["length"] == {"value": pytest.approx(5.0), "unit": "mm"}
    assert "detector" in found["calibration"]["note"]


def test_points_outside_the_image_are_measured_and_have_no_values(api: Api) -> None:
    points = [(-100.0, -100.0), (-50.0, -50.0)]
    found = draw(api, stored_image(api), "rectangle", points=points)["measurements"]
    assert found["area"]["value"] == 50 * 50 * 0.125
    assert (found["pixels"], found["mean"]) == (0, None)
    assert "No pixel" in found["note"]


def test_a_region_that_leaves_the_image_has_the_values_of_what_is_inside(api: Api) -> None:
    image = stored_image(api)
    points = [(-10.0, -10.0), (8.0, 4.0)]
    compare(draw(api, image, "rectangle", points=points)["measurements"], image.pixel_array[:4, :8])


def test_each_frame_has_its_own_values(api: Api) -> None:
    image = stored_image(api, frames=3)
    points = [(0.0, 0.0), (64.0, 64.0)]
    for frame in (1, 3):
        found = draw(api, image, "rectangle", points=points, frame=frame)["measurements"]
        compare(found, image.pixel_array[frame - 1])


def test_colour_has_an_area_and_no_mean(api: Api) -> None:
    image = pydicom.dcmread(pydicom.data.get_testdata_file("examples_rgb_color.dcm"))
    store(api.server, encode(image))
    found = draw(api, image, "circle")["measurements"]
    assert found["area"]["value"] > 0
    assert found["mean"] is None
    assert "colours" in found["note"]


@pytest.mark.parametrize(
    "name",
    [
        "ct-series/I310.dcm",
        "pydicom/MR_small_RLE.dcm",
        "pydicom/CT_small.dcm",
        "mr/3.dcm",
        "pet/1.dcm",
    ],
)
def test_real_images_are_measured_as_pydicom_reads_them(api: Api, name: str) -> None:
    from pydicom.pixels.processing import apply_modality_lut

    image = renewed(api, samples.folder() / name)
    found = draw(api, image, "circle")["measurements"]
    values = apply_modality_lut(image.pixel_array, image)
    row, column = (float(each) for each in image.PixelSpacing)
    stored = image.pixel_array[inside("circle", values.shape, column, row)]
    padding = image.get("PixelPaddingValue")
    kept = stored != padding if padding is not None else np.ones(stored.shape, bool)
    compare(found, values[inside("circle", values.shape, column, row)][kept])
    assert found["radius"]["value"] == pytest.approx(10 * column)


def test_an_enhanced_image_has_the_spacing_of_its_functional_groups(api: Api) -> None:
    path = samples.folder() / "enhanced/mf.dcm"
    image = pydicom.dcmread(path)
    store(api.server, path.read_bytes())
    groups = (image.PerFrameFunctionalGroupsSequence[1], image.SharedFunctionalGroupsSequence[0])
    measures = next(each for each in groups if "PixelMeasuresSequence" in each)
    row, column = (float(each) for each in measures.PixelMeasuresSequence[0].PixelSpacing)
    found = draw(api, image, "measurement", points=[(0, 0), (3, 4)], frame=2)["measurements"]
    assert found["length"]["value"] == pytest.approx(math.hypot(3 * column, 4 * row))
