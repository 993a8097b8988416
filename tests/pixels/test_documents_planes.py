"""Planes in the patient: known points, the way there and back, the image at a place."""

from typing import Any

import numpy as np
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import NotFound
from dicomweb.pixels.documents.planes import Plane, find_image, opened, plane_of
from dicomweb.pixels.source import Source
from tests.pixels.documents_shared import dataset_of, sample
from tests.pixels.rendering import instance_of

FAR = float("inf")


def image(z: float, number: int = 1, **values: Any) -> Source:
    """An axial slice of 40 by 30 pixels, 2 mm wide and 3 mm high, at a level."""
    dataset = samples.make_image(rows=30, columns=40, SOPInstanceUID=f"1.2.{number}")
    dataset.ImagePositionPatient = [-40.0, -45.0, z]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [3.0, 2.0]
    dataset.SliceThickness = 5.0
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    held = instance_of(dataset)
    return Source.of(held.frames[0], held.metadata, held.transfer_syntax)


def test_a_classic_image_says_where_it_lies() -> None:
    plane = plane_of(image(10.0).metadata)
    assert plane is not None
    assert (plane.column_spacing, plane.row_spacing, plane.thickness) == (2.0, 3.0, 5.0)
    np.testing.assert_array_equal(plane.normal, [0, 0, 1])


def test_known_points_lie_where_the_formula_puts_them() -> None:
    """PS3.3 C.7.6.2.1.1: the position is the middle of the first pixel."""
    plane = plane_of(image(10.0).metadata)
    assert plane is not None
    points = np.array([[-40.0, -45.0, 10.0], [-38.0, -45.0, 10.0], [-40.0, -42.0, 12.5]])
    np.testing.assert_allclose(plane.pixels(points), [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]])
    np.testing.assert_allclose(plane.distance(points), [0, 0, 2.5])


def test_an_enhanced_image_says_it_frame_by_frame() -> None:
    held, dataset = sample("enhanced/mf.dcm"), dataset_of("enhanced/mf.dcm")
    for n, group in enumerate(dataset.PerFrameFunctionalGroupsSequence, 1):
        plane = plane_of(held.metadata, n)
        assert plane is not None
        wanted = group.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(plane.origin, [float(each) for each in wanted])


@pytest.mark.parametrize(
    "values",
    [
        {"PixelSpacing": [0, 1]},
        {"PixelSpacing": None},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImagePositionPatient": [1, 2]},
    ],
)
def test_an_impossible_place_is_none(values: dict[str, Any]) -> None:
    assert plane_of(image(0.0, **values).metadata) is None


angles = st.floats(-3, 3)
coordinates = st.floats(-500, 500)


@settings(max_examples=100, deadline=None)
@given(angles, angles, st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=9))
def test_the_way_into_the_patient_leads_back(
    turn: float, tilt: float, pairs: list[tuple[float, float]]
) -> None:
    across = np.array([np.cos(turn), np.sin(turn), 0.0])
    down = np.array([-np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), np.sin(tilt)])
    plane = Plane(np.array([10.0, -20.0, 5.0]), across, down, 0.7, 1.3)
    pixels = np.array(pairs)
    points = plane.patient(pixels)
    assert np.allclose(plane.pixels(points), pixels, atol=1e-6)
    assert np.allclose(plane.distance(points), 0, atol=1e-6)


class Archive:
    """A series of slices, counting how often one is opened."""

    def __init__(self, levels: list[float]) -> None:
        self.images = {f"1.2.{n}": image(z, n) for n, z in enumerate(levels, 1)}
        self.opened = 0

    def open(self, instance: str, frame: int) -> Source | None:
        self.opened += 1
        return self.images.get(instance)


def seek(archive: Archive, level: float) -> str:
    def fits(plane: Plane) -> float:
        return float(plane.distance(np.array([[0.0, 0.0, level]]))[0])

    found = find_image(list(archive.images), fits, archive.open)
    return found.instance if found is not None else ""


@pytest.mark.parametrize("level", [0.0, 12.0, 250.0, 498.0])
def test_a_slice_among_many_is_found_with_few_looks(level: float) -> None:
    archive = Archive([2.0 * n for n in range(250)])
    assert seek(archive, level) == f"1.2.{int(level / 2) + 1}"
    assert archive.opened <= 8


def test_a_series_that_runs_down_is_found_as_well() -> None:
    assert seek(Archive([100.0 - 5 * n for n in range(40)]), 35.0) == "1.2.14"


def test_slices_in_no_order_are_tried_while_they_are_few() -> None:
    assert seek(Archive([30.0, 5.0, 20.0, 10.0, 15.0]), 10.2) == "1.2.4"


def test_a_place_beside_the_series_has_no_image() -> None:
    assert seek(Archive([0.0, 5.0, 10.0]), 300.0) == ""


def test_an_image_that_cannot_be_given_is_no_image() -> None:
    def gone(instance: str, frame: int) -> Source | None:
        raise NotFound("It is gone.")

    assert opened(gone, "1.2.3") is None
    assert find_image(["1.2.3"], lambda plane: 0.0, gone) is None
