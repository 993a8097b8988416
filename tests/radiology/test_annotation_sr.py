"""Annotations as TID 1500 reports: what highdicom, DCMTK and OHIF's own files make of them."""

import io
import subprocess
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
import requests
import samples
from clients import store
from engines import program
from pydicom.sr.codedict import codes
from samples import encode, make_image

from tests.radiology.annotating import POINTS, draw, stored_image
from tests.radiology.radiology_api import Api, sentence

KEPT = ("id", "imageId", "type", "coordinates", "label", "color", "frame", "keyImage", "author")


@pytest.fixture
def drawn(api: Api) -> tuple[Any, list[dict[str, Any]]]:
    """An image of two frames with every kind of annotation."""
    image = stored_image(api, frames=2, RescaleSlope=1, RescaleIntercept=-5, RescaleType="HU")
    made = [
        draw(api, image, kind, label=f"<i>{kind}</i> ñ\n2 ", color="#a1B2c3", frame=1 + number % 2)
        for number, kind in enumerate(POINTS)
    ]
    return image, made


def report(api: Api, image: Any, query: str = "") -> bytes:
    """The report of the image's study."""
    answer = api("GET", f"/studies/{image.StudyInstanceUID}/annotations/sr{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/dicom"
    found: bytes = answer.content
    return found


def take_in(api: Api, study: str, sop_instance: str) -> Any:
    """Import a stored report: the data of the answer."""
    path = f"/studies/{study}/annotations/import"
    answer = api("POST", path, {"sopInstanceUID": sop_instance})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def groups(file: bytes) -> dict[str, Any]:
    """The measurement groups of a report by tracking UID, as pydicom reads them."""
    content = pydicom.dcmread(io.BytesIO(file)).ContentSequence[-1]
    return {
        group.ContentSequence[1].UID: group.ContentSequence for group in content.ContentSequence
    }


def test_highdicom_reads_the_same_measurements(api: Api, drawn: Any) -> None:
    image, made = drawn
    read = hd.sr.srread(io.BytesIO(report(api, image)))
    assert isinstance(read, hd.sr.ComprehensiveSR)
    content = read.content
    assert isinstance(content, hd.sr.MeasurementReport)
    found = content.get_image_measurement_groups()
    lengths = [
        measurement.value
        for group in found
        for measurement in group.get_measurements(name=codes.SCT.Length)
    ]
    expected = [
        one["measurements"]["length"]["value"] for one in made if one["type"] == "measurement"
    ]
    assert lengths == pytest.approx(expected)


@pytest.mark.parametrize(
    ("meaning", "field"),
    [
        ("Area", "area"),
        ("Perimeter", "perimeter"),
        ("Radius", "radius"),
        ("Angle", "angle"),
        ("Length", "length"),
        ("Mean", "mean"),
        ("Standard Deviation", "standardDeviation"),
        ("Minimum", "minimum"),
        ("Maximum", "maximum"),
    ],
)
def test_the_report_says_the_same_as_the_json(
    api: Api, drawn: Any, meaning: str, field: str
) -> None:
    image, made = drawn
    said = groups(report(api, image))
    wanted = [one for one in made if one["measurements"] and one["measurements"][field]]
    assert wanted
    for one in wanted:
        (item,) = (
            each
            for each in said[_tracking(one)]
            if each.ValueType == "NUM" and each.ConceptNameCodeSequence[0].CodeMeaning == meaning
        )
        value = float(item.MeasuredValueSequence[0].NumericValue)
        assert value == pytest.approx(one["measurements"][field]["value"], rel=1e-9)


def _tracking(annotation: dict[str, Any]) -> str:
    return f"2.25.{int(annotation['id'].replace('-', ''), 16)}"


def test_graphics_are_where_they_were_drawn(api: Api, drawn: Any) -> None:
    image, made = drawn
    said = groups(report(api, image))
    for one in made:
        items = said[_tracking(one)]
        (graphic,) = [
            item
            for each in items
            for item in (each, *each.get("ContentSequence", []))
            if item.ValueType == "SCOORD"
        ]
        reference = graphic.ContentSequence[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
        assert reference.ReferencedFrameNumber == one["frame"]
        first = one["coordinates"]["points"][0]
        if one["type"] != "ellipse":
            expected = np.float32([first["x"], first["y"]])
            assert np.array_equal(np.float32(graphic.GraphicData[:2]), expected)


def test_a_report_is_of_the_patient_and_study_of_its_images(api: Api, drawn: Any) -> None:
    image, _ = drawn
    read = pydicom.dcmread(io.BytesIO(report(api, image)))
    for name in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID"):
        assert read[name].value == image[name].value
    for name in ("StudyDate", "StudyTime", "AccessionNumber", "StudyID"):
        assert read[name].value == image[name].value
    assert (read.Modality, read.SpecificCharacterSet) == ("SR", "ISO_IR 192")


def test_dcmtk_finds_no_fault_in_a_report(api: Api, drawn: Any, tmp_path: Path) -> None:
    image, _ = drawn
    path = tmp_path / "sr.dcm"
    path.write_bytes(report(api, image))
    shown = subprocess.run(
        [program("dsrdump", "dcmtk"), str(path)], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0
    faults = [line for line in shown.stderr.splitlines() if "Character Set" not in line]
    assert faults == []
    assert shown.stdout.count("Measurement Group") == len(POINTS)


def test_odd_values_of_the_patient_are_carried_and_not_complained_of(api: Api) -> None:
    image = make_image(rows=8, columns=8)
    for tag, vr, value in ((0x00100040, "CS", "weird sex"), (0x00100030, "DA", "around 1950")):
        element = pydicom.DataElement(tag, vr, value, validation_mode=pydicom.config.IGNORE)
        image[tag] = element
    store(api.server, encode(image))
    draw(api, image)
    read = pydicom.dcmread(io.BytesIO(report(api, image))).to_json_dict()
    assert read["00100040"]["Value"] == ["weird sex"]
    assert read["00100030"]["Value"] == ["around 1950"]


def test_the_same_annotations_make_the_same_report(api: Api, drawn: Any) -> None:
    image, made = drawn
    first = report(api, image)
    assert report(api, image) == first
    api("PATCH", f"/annotations/{made[0]['id']}", {"label": "other"})
    assert _uid(report(api, image)) != _uid(first)


def _uid(file: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)


def test_a_report_holds_what_was_asked_for(api: Api, drawn: Any) -> None:
    image, _ = drawn
    assert len(groups(report(api, image, "?type=circle"))) == 1
    assert len(groups(report(api, image, "?frame=2"))) == 4


def test_a_study_without_annotations_has_no_report(api: Api) -> None:
    image = stored_image(api)
    path = f"/studies/{image.StudyInstanceUID}/annotations/sr"
    assert api("GET", path).status_code == 409
    assert api("POST", path).status_code == 409


def test_a_report_may_be_asked_for_in_parts(api: Api, drawn: Any) -> None:
    image, made = drawn
    parts = [report(api, image, f"?limit=5&page={page}") for page in (1, 2)]
    assert [len(groups(part)) for part in parts] == [5, len(made) - 5]
    assert set(groups(parts[0]) | groups(parts[1])) == {_tracking(one) for one in made}


def test_a_stored_report_is_an_instance_of_the_study(api: Api, drawn: Any) -> None:
    image, made = drawn
    path = f"/studies/{image.StudyInstanceUID}/annotations/sr"
    first, again = api("POST", path), api("POST", path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    api("DELETE", f"/annotations/{made[0]['id']}")
    other = api("POST", path)
    assert other.status_code == 201
    assert other.json()["data"]["seriesInstanceUID"] == first.json()["data"]["seriesInstanceUID"]
    search = f"{api.server.root}/studies/{image.StudyInstanceUID}/instances?Modality=SR"
    found = requests.get(search, timeout=30).json()
    assert sorted(each["00200013"]["Value"][0] for each in found) == [1, 2]
    file = requests.get(
        f"{api.server.address}{first.headers['Location']}",
        headers={"Accept": "application/dicom"},
        timeout=30,
    )
    assert len(groups(file.content)) == len(POINTS)


def test_a_round_trip_loses_nothing(api: Api, drawn: Any) -> None:
    image, made = drawn
    study = image.StudyInstanceUID
    draw(api, image, "roi", points=[(n / 7, (n * n) % 97 / 3) for n in range(9_000)], keyImage=True)
    draw(api, image, "ellipse", points=[(50.123456789, 40), (10, 12)], keyImage=True)
    before = api.get(f"/studies/{study}/annotations")
    file = report(api, image)
    requests.delete(f"{api.server.root}/studies/{study}", timeout=30)
    assert api("GET", f"/annotations/{made[0]['id']}").status_code == 404
    store(api.server, encode(image), file)
    outcome = take_in(api, study, _uid(file))
    after = api.get(f"/studies/{study}/annotations")
    assert sorted(outcome["imported"]) == sorted(one["id"] for one in before)
    assert outcome["skipped"] == []
    by_id = {one["id"]: one for one in after}
    for one in before:
        same = by_id[one["id"]]
        assert {name: same[name] for name in KEPT} == {name: one[name] for name in KEPT}
        assert same["measurements"] == one["measurements"]
        assert same["source"] == _uid(file)


def test_a_second_import_changes_nothing(api: Api, drawn: Any) -> None:
    image, made = drawn
    study = image.StudyInstanceUID
    answer = api("POST", f"/studies/{study}/annotations/sr").json()["data"]
    before = api.get(f"/studies/{study}/annotations")
    for _ in range(2):
        outcome = take_in(api, study, answer["sopInstanceUID"])
        assert (outcome["imported"], outcome["restored"]) == ([], [])
        assert len(outcome["existing"]) == len(made)
    assert api.get(f"/studies/{study}/annotations") == before


def test_a_deleted_annotation_comes_back_and_a_changed_one_stays(api: Api, drawn: Any) -> None:
    image, made = drawn
    study = image.StudyInstanceUID
    answer = api("POST", f"/studies/{study}/annotations/sr").json()["data"]
    api("DELETE", f"/annotations/{made[0]['id']}")
    api("PATCH", f"/annotations/{made[1]['id']}", {"label": "newer"})
    outcome = take_in(api, study, answer["sopInstanceUID"])
    assert outcome["restored"] == [made[0]["id"]]
    assert api.get(f"/annotations/{made[1]['id']}")["label"] == "newer"
    back = api.get(f"/annotations/{made[0]['id']}")
    assert {name: back[name] for name in KEPT} == {name: made[0][name] for name in KEPT}
    versions = api.get(f"/annotations/{made[0]['id']}/versions")
    assert [each["action"] for each in versions] == ["created", "deleted", "restored"]


def test_what_another_program_saves_again_is_no_second_annotation(api: Api, drawn: Any) -> None:
    image, made = drawn
    read = pydicom.dcmread(io.BytesIO(report(api, image)))
    read.SOPInstanceUID = read.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    for group in read.ContentSequence[-1].ContentSequence:
        group.ContentSequence[1].UID = pydicom.uid.generate_uid()
        del group.ContentSequence[-1]  # what only we read
    store(api.server, encode(read))
    outcome = take_in(api, image.StudyInstanceUID, read.SOPInstanceUID)
    # UT drops the space at the end of the label, and so these are others, but once only.
    again = take_in(api, image.StudyInstanceUID, read.SOPInstanceUID)
    assert again["imported"] == []
    assert len(again["existing"]) == len(made)
    assert outcome["skipped"] == []


# reports of others


def image_of(api: Api, file: Path) -> Any:
    """A report, and images in the place of those that it refers to."""
    read = pydicom.dcmread(file)
    uids = {each.value for each in read.iterall() if each.keyword == "ReferencedSOPInstanceUID"}
    for uid in uids:
        image = make_image(
            rows=512, columns=512, SOPInstanceUID=uid, StudyInstanceUID=read.StudyInstanceUID
        )
        store(api.server, encode(image))
    store(api.server, file.read_bytes())
    return read


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "derived/sample-sr.dcm",
            [("measurement", "", "unknown unknown")] * 2,
        ),
        (
            "derived/structured_report.dcm",
            [("ellipse", "", "unknown unknown")] * 2
            + [("measurement", "", "unknown unknown")] * 4
            + [("text", "ExampleText", "unknown unknown")],
        ),
        (
            "highdicom/sr_document.dcm",
            [("circle", "Spinal cord, Cervico-thoracic spine", "Foo")],
        ),
        (
            "highdicom/sr_document_with_multiple_groups.dcm",
            [("circle", "Nodule, Lung", "John Doe"), ("roi", "Aorta", "John Doe")],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The value length")  # one of them has a long code
def test_reports_of_others_are_imported(api: Api, name: str, expected: Any) -> None:
    read = image_of(api, samples.folder() / name)
    outcome = take_in(api, read.StudyInstanceUID, read.SOPInstanceUID)
    query = f"?study={read.StudyInstanceUID}"
    found = [
        each
        for each in api.get(f"/annotations{query}")
        if each["source"] == read.SOPInstanceUID and each["id"] in outcome["imported"]
    ]
    assert sorted((one["type"], one["label"], one["author"]) for one in found) == expected
    again = take_in(api, read.StudyInstanceUID, read.SOPInstanceUID)
    assert (again["imported"], len(again["existing"])) == ([], len(expected))


def test_what_cannot_be_imported_is_said(api: Api) -> None:
    path = samples.folder() / "derived/sr.dcm"
    read = pydicom.dcmread(path)
    store(api.server, path.read_bytes())
    outcome = take_in(api, read.StudyInstanceUID, read.SOPInstanceUID)
    assert outcome["imported"] == []
    assert outcome["skipped"] == [{"reason": "Group 1 has no coordinates.", "count": 1}]


def test_images_that_are_not_here_are_said(api: Api, drawn: Any) -> None:
    image, made = drawn
    file = report(api, image)
    study = image.StudyInstanceUID
    requests.delete(f"{api.server.root}/studies/{study}", timeout=30)
    store(api.server, file)
    outcome = take_in(api, study, _uid(file))
    assert outcome["skipped"] == [{"reason": "The image is not stored here.", "count": len(made)}]


def test_only_a_report_of_the_study_is_imported(api: Api, drawn: Any) -> None:
    image, _ = drawn
    other = stored_image(api)
    path = f"/studies/{image.StudyInstanceUID}/annotations/import"
    answer = api("POST", path, {"sopInstanceUID": image.SOPInstanceUID})
    assert answer.status_code == 409
    answer = api("POST", path, {"sopInstanceUID": other.SOPInstanceUID})
    assert answer.status_code == 409
    assert image.StudyInstanceUID in sentence(answer)
    assert other.StudyInstanceUID in sentence(answer)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"sopInstanceUID": 5}, 400),
        ({"sopInstanceUID": "1.2.3"}, 404),
        ({"sopInstanceUID": ""}, 404),
        ([], 400),
    ],
)
def test_a_wrong_import_is_refused(api: Api, body: Any, status: int) -> None:
    path = f"/studies/{stored_image(api).StudyInstanceUID}/annotations/import"
    answer = api("POST", path, body)
    assert answer.status_code == status
    assert status == 404 or body == [] or "sopInstanceUID" in sentence(answer)
