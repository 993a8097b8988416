"""Reports whose coordinates lie in space: each is found in the image that it lies in."""

from typing import Any

import highdicom as hd
import numpy as np
import pytest
from clients import store
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid
from samples import encode, make_image

from tests.radiology.radiology_api import Api

# Oblique, with pixels that are no squares.
ORIENTATION = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
SPACING, BETWEEN = [0.5, 0.25], 3.0
# What highdicom wants of an image, with or without a value.
NEEDED = (
    *("StudyID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyDate", "StudyTime"),
    *("ReferringPhysicianName", "PatientName"),
)
NORMAL = np.cross(ORIENTATION[:3], ORIENTATION[3:])


def slices(count: int = 3, **values: Any) -> list[Dataset]:
    """Parallel images of 64 x 64 pixels, one study."""
    same = {
        name: generate_uid()
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    }
    same |= {"ImageOrientationPatient": ORIENTATION, "PixelSpacing": SPACING} | values
    return [
        make_image(
            rows=64,
            columns=64,
            ImagePositionPatient=[round(float(each), 6) for each in NORMAL * BETWEEN * number],
            SliceThickness=BETWEEN,
            PatientID="P",
            **same,
        )
        for number in range(count)
    ]


def in_space(image: Dataset, points: Any) -> np.ndarray:
    """Highdicom's own arithmetic; its places count from the top left corner, as ours do."""
    transform = hd.spatial.ImageToReferenceTransformer(
        image.ImagePositionPatient, image.ImageOrientationPatient, image.PixelSpacing
    )
    found: np.ndarray = transform(np.array(points, float))
    return found


def report(images: list[Dataset], graphic_type: str, places: Any, **reference: Any) -> Dataset:
    """A report with one region in space."""
    region = hd.sr.ImageRegion3D(
        graphic_type=graphic_type,
        graphic_data=np.array(places),
        frame_of_reference_uid=reference.get("frame", images[0].FrameOfReferenceUID),
    )
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=generate_uid(), identifier="Lesion"),
        referenced_region=region,
    )
    observer = hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(name="Doe^Jane")
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    for image in images:
        for name in NEEDED:
            if name not in image:
                setattr(image, name, "")
    return hd.sr.Comprehensive3DSR(
        evidence=images,
        content=content[0],
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Test",
    )


def imported(api: Api, images: list[Dataset], made: Dataset) -> dict[str, Any]:
    """The answer to the import of the report, with its images in the archive."""
    for each in (*images, made):
        assert store(api.server, encode(each)).status in (200, 202)
    body = {"sopInstanceUID": made.SOPInstanceUID}
    answer = api("POST", f"/studies/{made.StudyInstanceUID}/annotations/import", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def the_only(api: Api, outcome: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
    """The annotation that was imported, and its points."""
    assert outcome["skipped"] == []
    (id,) = outcome["imported"]
    found = api.get(f"/annotations/{id}")
    points = [(point["x"], point["y"]) for point in found["coordinates"]["points"]]
    return found, np.array(points)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_polygon_in_space_is_a_contour_of_its_slice(api: Api, number: int) -> None:
    images = slices()
    contour = [(10.0, 12.0), (40.5, 11.0), (35.0, 50.25)]
    places = in_space(images[number], [*contour, contour[0]])
    outcome = imported(api, images, report(images, "POLYGON", places))
    found, points = the_only(api, outcome)
    assert (found["imageId"], found["type"]) == (images[number].SOPInstanceUID, "roi")
    assert points == pytest.approx(np.array(contour), abs=1e-3)


@pytest.mark.parametrize(
    ("graphic", "points", "kind"),
    [
        ("POINT", [(20.5, 30.5)], "text"),
        ("ELLIPSE", [(10, 30), (50, 30), (30, 10), (30, 50)], "ellipse"),
    ],
)
def test_other_graphics_in_space_are_drawn(
    api: Api, graphic: str, points: list[tuple[float, float]], kind: str
) -> None:
    images = slices()
    outcome = imported(api, images, report(images, graphic, in_space(images[1], points)))
    found, _ = the_only(api, outcome)
    assert (found["imageId"], found["type"]) == (images[1].SOPInstanceUID, kind)


def test_a_graphic_near_a_slice_belongs_to_it(api: Api) -> None:
    images = slices()
    place = in_space(images[1], [(20, 20)]) + NORMAL * BETWEEN * 0.4
    found, points = the_only(api, imported(api, images, report(images, "POINT", place)))
    assert found["imageId"] == images[1].SOPInstanceUID
    assert points == pytest.approx(np.array([(20, 20)]), abs=1e-3)


@pytest.mark.parametrize("where", ["behind", "beside", "another space"])
def test_what_lies_in_no_image_is_told(api: Api, where: str) -> None:
    images = slices()
    place = in_space(images[0], [(500, 20) if where == "beside" else (20, 20)])
    if where == "behind":
        place = place - NORMAL * BETWEEN
    other = {"frame": generate_uid()} if where == "another space" else {}
    outcome = imported(api, images, report(images, "POINT", place, **other))
    assert outcome["imported"] == []
    assert [each["reason"] for each in outcome["skipped"]] == [
        "Group 1 has coordinates in space that lie in no image."
    ]
