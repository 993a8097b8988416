"""RT structure sets: contours where they belong on the image, alone in true proportion."""

import io
import re
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.documents import contour_picture
from dicomweb.pixels.documents.contour_picture import render_contours
from dicomweb.pixels.documents.contours import normal_of, slices, structure_set
from dicomweb.pixels.documents.links import no_bulk, no_image
from dicomweb.pixels.documents.rendering import document
from dicomweb.pixels.documents.sketch import GROUND, SIDE
from dicomweb.pixels.options import RenderOptions, Window
from dicomweb.pixels.source import Source
from tests.pixels.documents_shared import dataset_of, others, read_html, sample
from tests.pixels.test_documents_planes import image

SETS = [
    "synthetic/derived/rtstruct.dcm",
    "pydicom/rtstruct.dcm",
    "rt/rtss.dcm",
    "rt/invalid_reference_rt.dcm",
    "rt/non_existent_reference_rt.dcm",
]
RED, GREEN = (255, 0, 0), (0, 255, 0)
SQUARE = [-20.0, -30.0, 0.0, 20.0, -30.0, 0.0, 20.0, 30.0, 0.0, -20.0, 30.0, 0.0]


def value(vr: str, *found: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(found)}


def contour(points: list[float], shape: str = "CLOSED_PLANAR", on: str = "") -> dict[str, Any]:
    found = {
        "30060042": value("CS", shape),
        "30060046": value("IS", len(points) // 3),
        "30060050": value("DS", *points),
    }
    return found | ({"30060016": value("SQ", {"00081155": value("UI", on)})} if on else {})


def region(number: int, ink: tuple[int, ...], *contours: dict[str, Any]) -> dict[str, Any]:
    return {
        "30060084": value("IS", number),
        "3006002A": value("IS", *ink),
        "30060040": value("SQ", *contours),
    }


def structures(*regions: dict[str, Any], images: tuple[str, ...] = ()) -> dict[str, Any]:
    referenced = [{"00081155": value("UI", uid)} for uid in images]
    series = {"30060016": value("SQ", *referenced)}
    study = {"30060014": value("SQ", series)}
    names = [
        {"30060022": each["30060084"], "30060026": value("LO", f"ROI {n}")}
        for n, each in enumerate(regions, 1)
    ]
    return {
        "00080016": value("UI", "1.2.840.10008.5.1.4.1.1.481.3"),
        "30060010": value("SQ", {"30060012": value("SQ", study)}),
        "30060020": value("SQ", *names),
        "30060039": value("SQ", *regions),
    }


def picture(metadata: dict[str, Any], *slices_here: Source, **options: Any) -> NDArray[np.uint8]:
    """Without the legend, whose patches of colour would be taken for contours."""
    with patch.object(contour_picture, "with_legend", lambda bare, entries: bare):
        return legended(metadata, *slices_here, **options)


def legended(metadata: dict[str, Any], *slices_here: Source, **options: Any) -> NDArray[np.uint8]:
    here = {each.instance: each for each in slices_here}
    asked = RenderOptions(media_type="image/png", **options)
    body = render_contours(metadata, lambda uid, frame: here.get(uid), asked).body
    return np.asarray(Image.open(io.BytesIO(body)))


def extent(found: NDArray[np.uint8], ink: tuple[int, ...]) -> list[int]:
    """Left, top, right, bottom of what is nearly of a colour."""
    near = (np.abs(found.astype(int) - ink) < 60).all(axis=2)
    rows, columns = np.nonzero(near)
    return [int(each) for each in (columns.min(), rows.min(), columns.max(), rows.max())]


def test_a_square_lies_on_the_image_where_the_formula_puts_it() -> None:
    """40 x 30 pixels of 2 x 3 mm make 80 x 90 mm, drawn 683 x 768 pixels large."""
    metadata = structures(region(1, RED, contour(SQUARE, on="1.2.1")))
    found = picture(metadata, image(0.0))
    a_mm = SIDE / 90
    wanted = [(-20 + 41) * a_mm, (-30 + 46.5) * a_mm, (20 + 41) * a_mm, (30 + 46.5) * a_mm]
    assert extent(found, RED) == pytest.approx(wanted, abs=2)


def test_a_tilted_slice_is_followed() -> None:
    sagittal = image(0.0, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    square = [-40.0, -5.0, 0.0, -40.0, 15.0, 0.0, -40.0, 15.0, -30.0, -40.0, -5.0, -30.0]
    found = picture(structures(region(1, GREEN, contour(square, on="1.2.1"))), sagittal)
    left, top, right, bottom = extent(found, GREEN)
    a_mm = SIDE / 90
    assert (right - left) / a_mm == pytest.approx(20, abs=0.5)
    assert (bottom - top) / a_mm == pytest.approx(30, abs=0.5)
    assert left / a_mm == pytest.approx(-5 + 46, abs=0.5)


def test_the_slice_with_most_regions_is_shown() -> None:
    both = [contour(SQUARE, on="1.2.2")]
    metadata = structures(
        region(1, RED, contour(SQUARE, on="1.2.1"), *both), region(2, GREEN, *both)
    )
    assert slices(structure_set(metadata))[0][0] == ("1.2.2", 1)
    asked: list[str] = []

    def open_image(uid: str, frame: int) -> Source | None:
        asked.append(uid)
        return image(0.0, int(uid[-1]))

    render_contours(metadata, open_image)
    assert asked == ["1.2.2"]


def test_another_slice_does_where_the_fullest_is_not_here() -> None:
    metadata = structures(
        region(1, RED, contour(SQUARE, on="1.2.9")),
        region(2, GREEN, contour(SQUARE, on="1.2.9"), contour(SQUARE, on="1.2.1")),
    )
    found = picture(metadata, image(0.0))
    assert extent(found, GREEN)
    with pytest.raises(ValueError, match="zero-size"):
        extent(found, RED)


def test_a_contour_that_names_no_image_is_placed_by_its_level() -> None:
    square = [each if n % 3 != 2 else 40.0 for n, each in enumerate(SQUARE)]
    levels = [image(5.0 * n, n + 1) for n in range(20)]
    uids = tuple(each.instance for each in levels)
    found = picture(structures(region(1, RED, contour(square)), images=uids), *levels)
    a_mm = SIDE / 90
    np.testing.assert_allclose(extent(found, RED)[0], 21 * a_mm, atol=2)
    alone = picture(structures(region(1, RED, contour(square))))
    assert extent(alone, RED)[0] > 0


def test_alone_the_proportion_is_true() -> None:
    found = picture(structures(region(1, RED, contour(SQUARE))))
    left, top, right, bottom = extent(found, RED)
    assert (right - left) / (bottom - top) == pytest.approx(40 / 60, abs=0.01)
    assert tuple(found[5, 5]) == GROUND


@pytest.mark.parametrize(
    ("normal", "points", "across_by_down"),
    [
        ("z", [0, 0, 0, 30, 0, 0, 30, 10, 0, 0, 10, 0], 3.0),
        ("y", [0, 0, 0, 30, 0, 0, 30, 0, 60, 0, 0, 60], 0.5),
        ("x", [0, 0, 0, 0, 20, 0, 0, 20, 60, 0, 0, 60], 1 / 3),
    ],
)
def test_every_plane_is_seen_from_its_front(
    normal: str, points: list[float], across_by_down: float
) -> None:
    found = picture(structures(region(1, RED, contour([float(each) for each in points]))))
    left, top, right, bottom = extent(found, RED)
    assert (right - left) / (bottom - top) == pytest.approx(across_by_down, rel=0.04)


def test_open_contours_stay_open_and_points_are_crosses() -> None:
    corner = contour([-20.0, -30.0, 0.0, 20.0, -30.0, 0.0, 20.0, 30.0, 0.0], "OPEN_PLANAR", "1.2.1")
    point = contour([0.0, 0.0, 0.0], "POINT", "1.2.1")
    found = picture(structures(region(1, RED, corner), region(2, GREEN, point)), image(0.0))
    left, top, right, bottom = extent(found, GREEN)
    assert 8 <= right - left <= 14
    assert 8 <= bottom - top <= 14
    a_mm = SIDE / 90
    diagonal = found[round(46.5 * a_mm), round(41 * a_mm) - 30]
    assert not np.allclose(diagonal, RED, atol=60)


def test_display_colours_and_names_are_those_of_the_file() -> None:
    found, dataset = structure_set(sample(SETS[2]).metadata), dataset_of(SETS[2])
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in dataset.StructureSetROISequence}
    for roi in dataset.ROIContourSequence:
        mine = found.regions[int(roi.ReferencedROINumber)]
        assert mine.name == names[mine.number]
        assert mine.ink == tuple(int(each) for each in roi.ROIDisplayColor)
        assert mine.count == len(roi.get("ContourSequence") or ())


def test_points_are_those_of_pydicom() -> None:
    found, dataset = structure_set(sample(SETS[2]).metadata), dataset_of(SETS[2])
    wanted = [each for roi in dataset.ROIContourSequence for each in roi.get("ContourSequence", ())]
    assert len(found.contours) == len(wanted)
    for mine, theirs in list(zip(found.contours, wanted, strict=True))[::50]:
        expected = np.array([float(each) for each in theirs.ContourData]).reshape(-1, 3)
        np.testing.assert_allclose(mine.points(no_bulk), expected)


@pytest.mark.parametrize("name", SETS)
def test_every_sample_is_drawn_with_and_without_images(name: str) -> None:
    held = sample(name)
    slice_of = {"synthetic": "ct-series/I410.dcm", "rt": "rt/ct.0.dcm"}.get(name.split("/")[0])
    here = others(sample(slice_of)) if slice_of else others()
    for open_image in (here.open_image, no_image):
        drawn = render_contours(held.metadata, open_image, bulk=held.bulk)
        assert Image.open(io.BytesIO(drawn.body)).width > 300


def test_the_body_contour_of_a_real_set_lies_on_the_edge_of_the_body() -> None:
    held, slice_ = sample("rt/rtss.dcm"), sample("rt/ct.0.dcm")
    source = slice_.source()
    found = structure_set(held.metadata)
    by_image = dict(slices(found))
    (body,) = [
        each.points(no_bulk)
        for each in by_image[source.instance, 1]
        if found.regions[each.region].name == "BODY"
    ][:1]
    from dicomweb.pixels.documents.planes import plane_of

    plane = plane_of(source.metadata)
    assert plane is not None
    np.testing.assert_allclose(plane.distance(body), 0, atol=0.1)
    pixels = plane.pixels(body)
    middle = pixels.mean(axis=0)
    values = source.values().astype(int)
    inner = (middle + (pixels - middle) * 0.97).astype(int)
    outer = (middle + (pixels - middle) * 1.04).astype(int)
    inside, outside = values[inner[:, 1], inner[:, 0]], values[outer[:, 1], outer[:, 0]]
    assert np.median(inside) - np.median(outside) > 400


def test_the_normal_is_the_same_whichever_way_round() -> None:
    points = np.array(SQUARE).reshape(-1, 3)
    for each in (points, points[::-1]):
        normal = normal_of(each)
        assert normal is not None
        np.testing.assert_allclose(normal, [0, 0, 1])
    assert normal_of(points[:2]) is None
    assert normal_of(np.zeros((5, 3))) is None


def test_a_contour_behind_a_uri_is_read_and_a_broken_one_left_out() -> None:
    far = contour([], on="") | {"30060050": {"vr": "DS", "BulkDataURI": "/x"}}
    metadata = structures(region(1, RED, far, contour([1.0, 2.0]), contour([])))
    data = "\\".join(f"{each:g}" for each in SQUARE).encode()
    drawn = render_contours(metadata, bulk=lambda uri: data)
    found = np.asarray(Image.open(io.BytesIO(drawn.body)))
    assert extent(found, RED)


@pytest.mark.parametrize(
    "metadata",
    [{}, structures(), structures(region(1, RED)), structures(region(1, RED, contour([])))],
)
def test_a_set_without_contours_is_refused_with_a_sentence(metadata: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable, match="no contours"):
        render_contours(metadata)


@pytest.mark.parametrize("points", [[1e30, -1e30, 0.0] * 4, [0.0, 0.0, 0.0] * 4, [5.0] * 9])
def test_impossible_points_do_no_harm(points: list[float]) -> None:
    alone = picture(structures(region(1, (300, -5, 7), contour(points))))
    on = contour(points, on="1.2.1")
    over = picture(structures(region(1, RED, on)), image(0.0))
    assert max(alone.shape[:2]) == max(over.shape[:2]) == SIDE


def test_the_viewport_is_touched_and_the_window_obeyed() -> None:
    metadata = structures(region(1, RED, contour(SQUARE, on="1.2.1")))
    found = legended(metadata, image(0.0), width=400, height=300)
    assert found.shape[0] == 300 or found.shape[1] == 400
    black = legended(metadata, image(0.0), window=Window(1e6, 2))
    assert black[SIDE // 2, 100].max() == 0


def test_the_legend_names_what_is_drawn_in_its_colours() -> None:
    metadata = structures(region(1, RED, contour(SQUARE)), region(2, GREEN, contour(SQUARE)))
    bare, found = picture(metadata), legended(metadata)
    panel = found[:, bare.shape[1] :]
    assert np.array_equal(found[: bare.shape[0], : bare.shape[1]], bare)
    for ink in (RED, GREEN):
        left, top, right, bottom = extent(panel, ink)
        assert right - left == bottom - top == 10


def test_the_page_lists_the_regions() -> None:
    held = sample("rt/rtss.dcm")
    page = read_html(document(held.instance(), "text/html").text)
    assert "TumorBed" in page.words
    assert len([1 for name, found in page.attributes if name == "class" and found == "swatch"]) >= 9
    text = document(held.instance(), "text/plain").text
    assert re.search(r"Heart +organ", text) or "Heart" in text
