"""Deletions take what they should and nothing more; the document's example from end to end."""

from typing import Any

import pytest
import requests
from clients import get, store
from pydicom.dataset import Dataset
from samples import encode, make_image

from tests.radiology.radiology_api import Api, picture

NOTE = {
    "type": "measurement",
    "coordinates": {"points": [{"x": 100, "y": 150}, {"x": 200, "y": 150}]},
    "label": "Lesion diameter: 5.2cm",
    "color": "#FF0000",
}
REPORT = {
    "findings": "Detailed findings...",
    "impression": "Clinical impression...",
    "recommendations": "Follow-up recommendations...",
}


def _annotated(api: Api, image: str) -> str:
    answer = api("POST", f"/images/{image}/annotations", NOTE)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["data"]["id"]
    return found


def _reported(api: Api, study: str, **more: Any) -> str:
    answer = api("POST", f"/studies/{study}/report", {**REPORT, **more})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["data"]["id"]
    return found


def test_the_example_of_the_document_ends_with_a_reported_study(api: Api) -> None:
    study = api.study(studyDescription="CT Chest with Contrast")
    assert study["status"] == "scheduled"
    image = api.upload(study["id"], picture("JPEG"), "x.jpg", seriesNumber=1, instanceNumber=1)
    _annotated(api, image["id"])
    assert api.get(f"/studies/{study['id']}")["numberOfAnnotations"] == 1
    _reported(api, study["id"], reportType="final")
    told = api.get(f"/studies/{study['id']}")
    assert (told["status"], told["numberOfReports"]) == ("reported", 1)
    assert [step["toStatus"] for step in told["history"]] == ["in_progress", "reported"]


def _full(api: Api) -> tuple[dict[str, Any], dict[str, Any], str, str, str]:
    """A study with an image, an annotation of it, a draft and a final report."""
    study = api.study()
    image = api.upload(study["id"], picture(), "x.png")
    note = _annotated(api, image["id"])
    draft = _reported(api, study["id"], reportType="preliminary", status="draft")
    final = _reported(api, study["id"], reportType="final")
    return study, image, note, draft, final


@pytest.mark.parametrize("door", ["radiology", "dicom-web"])
def test_a_deleted_study_leaves_its_final_reports_only(api: Api, door: str) -> None:
    study, image, note, draft, final = _full(api)
    if door == "radiology":
        assert api("DELETE", f"/studies/{study['id']}").status_code == 204
    else:
        address = f"{api.server.root}/studies/{study['studyInstanceUID']}"
        assert requests.delete(address, timeout=60).status_code == 204
    assert api("GET", f"/studies/{study['id']}").status_code == 410
    assert api("GET", f"/images/{image['id']}").status_code == 404
    assert api("GET", f"/annotations/{note}").status_code in (404, 410)
    assert api("GET", f"/reports/{draft}").status_code in (404, 410)
    assert api.get(f"/reports/{final}")["findings"] == REPORT["findings"]


def test_a_deleted_image_takes_its_annotations_and_no_others(api: Api) -> None:
    study = api.study()["id"]
    one, other = (api.upload(study, picture(), "x.png") for _ in range(2))
    notes = [_annotated(api, each["id"]) for each in (one, other)]
    final = _reported(api, study, reportType="final")
    assert api("DELETE", f"/images/{one['id']}").status_code == 204
    assert api("GET", f"/annotations/{notes[0]}").status_code in (404, 410)
    assert api("GET", f"/annotations/{notes[1]}").status_code == 200
    assert api("GET", f"/reports/{final}").status_code == 200
    assert api.get(f"/studies/{study}")["numberOfAnnotations"] == 1


def test_another_study_of_the_patient_is_left_alone(api: Api) -> None:
    dataset: Dataset = make_image()
    store(api.server, encode(dataset))
    study, *_ = _full(api)
    api("DELETE", f"/studies/{study['id']}")
    assert get(api.server, f"/studies/{dataset.StudyInstanceUID}/metadata").status_code == 200
    assert api.get(f"/studies/{dataset.StudyInstanceUID}")["numberOfImages"] == 1


def test_a_report_alone_makes_no_order_look_begun(api: Api) -> None:
    study = api.study()["id"]
    _reported(api, study, reportType="final")
    told = api.get(f"/studies/{study}")
    assert [step["toStatus"] for step in told["history"]] == ["reported"]
