"""The API's document, played: its "Workflow Example" by three roles, its "Testing Checklist"."""

import io
import re
from collections.abc import Iterator
from typing import Any

import highdicom.sr
import pydicom
import pytest
import requests
from clients import body_of
from pydicom.sr.codedict import codes
from pypdf import PdfReader
from samples import encode, make_image
from servers import running
from sqlalchemy import create_engine, inspect

from tests.accounts.people import ROLES, House, make_accounts
from tests.radiology.radiology_api import Api, picture, sentence
from tests.radiology.reporting import squeezed

ORDER = {
    "orderId": "order-uuid",
    "patientId": "patient-uuid",
    "modality": "CT",
    "studyDescription": "CT Chest with Contrast",
    "referringPhysician": "Dr. Smith",
    "performingTechnician": "Tech John",
}
NOTE = {
    "type": "measurement",
    "coordinates": {"points": [{"x": 100, "y": 150}, {"x": 200, "y": 150}]},
    "label": "Lesion diameter: 5.2cm",
    "color": "#FF0000",
}
REPORT = {
    "reportType": "final",
    "findings": "Detailed findings...",
    "impression": "Clinical impression...",
    "recommendations": "Follow-up recommendations...",
}
People = dict[str, Api]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A client for each role of one server."""
    folder = tmp_path_factory.mktemp("document")
    make_accounts(folder, *ROLES)
    with running(folder, DICOMWEB_AUTH="local") as server:
        yield {role: Api(server, House(server).token(role)) for role in ROLES}


def made(api: Api, path: str, body: Any) -> dict[str, Any]:
    """The data of a POST that has to succeed."""
    answer = api("POST", path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def of_study(study: dict[str, Any], **values: Any) -> pydicom.Dataset:
    """A small image of an ordered study, its pixels 0.52 mm wide."""
    values = {"PatientID": study["patientId"], "PixelSpacing": [0.5, 0.52], **values}
    return make_image(StudyInstanceUID=study["studyInstanceUID"], **values)


def fetched(api: Api, path: str) -> requests.Response:
    """What is no JSON, whole."""
    answer: requests.Response = api("GET", path)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_workflow_example_by_three_roles(people: People) -> None:
    technician, radiologist, doctor = (
        people[role] for role in ("radiology_tech", "radiologist", "doctor")
    )
    study = made(technician, "/studies", ORDER)
    assert ORDER.items() <= study.items()
    assert re.fullmatch(r"ACC\d{8}[A-Z0-9]+", study["accessionNumber"])
    assert study["status"] == "scheduled"
    file = encode(of_study(study))
    image = technician.upload(study["id"], file, seriesNumber=1, instanceNumber=1)
    begun = doctor.get(f"/studies/{study['id']}")
    assert (begun["numberOfSeries"], begun["numberOfImages"]) == (1, 1)
    assert begun["storageSize"] == len(file)
    note = made(radiologist, f"/images/{image['id']}/annotations", NOTE)
    assert NOTE.items() <= note.items()
    assert note["measurements"]["length"] == {"value": pytest.approx(52), "unit": "mm"}  # 5.2 cm
    report = made(radiologist, f"/studies/{study['id']}/report", REPORT)
    told = doctor.get(f"/studies/{study['id']}")
    assert told["status"] == "reported"
    assert [each["id"] for each in told["reports"]] == [report["id"]]
    assert REPORT.items() <= doctor.get(f"/reports/{report['id']}").items()
    assert doctor.get(f"/studies/{study['id']}/report")[0]["findings"] == REPORT["findings"]
    assert doctor.get(f"/images/{image['id']}/annotations") == [note]
    for path, body in (
        ("/studies", ORDER),
        (f"/images/{image['id']}/annotations", NOTE),
        (f"/studies/{study['id']}/report", REPORT),
    ):
        assert "radiology:" in refused(doctor, path, body)
    assert doctor.post_file(f"/studies/{study['id']}/upload", file).status_code == 403


def refused(api: Api, path: str, body: Any) -> str:
    answer = api("POST", path, body)
    assert answer.status_code == 403
    return sentence(answer)


def test_the_exported_sr_says_the_same_as_the_json(people: People) -> None:
    study = made(people["radiology_tech"], "/studies", ORDER)
    image = people["radiology_tech"].upload(study["id"], encode(of_study(study)))
    note = made(people["radiologist"], f"/images/{image['id']}/annotations", NOTE)
    exported = fetched(people["doctor"], f"/studies/{study['id']}/annotations/sr").content
    (group,) = highdicom.sr.srread(io.BytesIO(exported)).content.get_image_measurement_groups()
    (length,) = group.get_measurements(name=codes.SCT.Length)
    assert length.value == pytest.approx(note["measurements"]["length"]["value"])
    assert length.unit == codes.UCUM.Millimeter
    assert NOTE["label"].encode() in exported


def test_the_exported_pdf_and_report_sr_say_the_same_as_the_json(people: People) -> None:
    study = made(people["radiology_tech"], "/studies", ORDER)
    report = made(people["radiologist"], f"/studies/{study['id']}/report", REPORT)
    path = f"/reports/{report['id']}?format="
    held = pydicom.dcmread(io.BytesIO(fetched(people["doctor"], path + "dicom-pdf").content))
    for data in (held.EncapsulatedDocument, fetched(people["doctor"], path + "pdf").content):
        pages = PdfReader(io.BytesIO(data)).pages
        text = squeezed("".join(page.extract_text() for page in pages))
        for name in ("findings", "impression", "recommendations"):
            assert squeezed(report[name]) in text
    tree = pydicom.dcmread(io.BytesIO(fetched(people["doctor"], path + "dicom-sr").content))
    assert (tree.PatientID, tree.AccessionNumber) == (
        *(study["patientId"], study["accessionNumber"]),
    )
    for name in ("findings", "impression", "recommendations"):
        assert report[name] in said(tree)


def said(tree: pydicom.Dataset) -> list[str]:
    """The texts of the containers of a report, as highdicom reads them."""
    root = highdicom.sr.ContentSequence.from_sequence(tree.ContentSequence, is_root=False)
    held = [item.ContentSequence for item in root if "ContentSequence" in item]
    return [str(item.TextValue) for items in held for item in items if "TextValue" in item]


# The rows of the "Testing Checklist", each in the docstring of its test.


def test_a_fresh_folder_gets_its_tables(people: People) -> None:
    """Run database migration."""
    engine = create_engine(f"sqlite:///{people['admin'].server.data_dir / 'index.sqlite'}")
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    assert {
        *("radiology_study", "radiology_series", "radiology_upload", "radiology_annotation"),
        *("radiology_report", "radiology_report_template"),
    } <= names


def test_a_study_is_created(people: People) -> None:
    """Test study creation."""
    study = made(people["admin"], "/studies", {"patientId": "P", "modality": "MR"})
    assert people["doctor"].get(f"/studies/{study['id']}")["studyInstanceUID"].startswith("2.25.")
    answer = people["admin"]("POST", "/studies", {"modality": "MR"})
    assert (answer.status_code, sentence(answer)[:10]) == (400, "patientId:")


@pytest.mark.parametrize("kind", ["dicom", "jpeg", "png"])
def test_an_image_is_uploaded_and_served_with_its_type(people: People, kind: str) -> None:
    """Test image upload (DICOM and JPEG); Test file serving with correct MIME types."""
    study = made(people["radiology_tech"], "/studies", ORDER)
    data = encode(of_study(study)) if kind == "dicom" else picture(kind.upper())
    image = people["radiology_tech"].upload(study["id"], data, f"scan.{kind}")
    served = fetched(people["doctor"], f"/images/{image['id']}/file")
    expected = "application/dicom" if kind == "dicom" else f"image/{kind}"
    assert (served.headers["Content-Type"], served.content) == (expected, data)
    assert image["mediaType"] == expected
    (series,) = people["doctor"].get(f"/studies/{study['id']}/series")
    assert (series["id"], series["studyId"]) == (image["seriesId"], study["id"])


def test_images_are_retrieved_as_they_are_numbered(people: People) -> None:
    """Test image retrieval."""
    technician = people["radiology_tech"]
    study = made(technician, "/studies", ORDER)["id"]
    for number in (3, 1, 2):
        technician.upload(study, picture(), "x.png", seriesNumber=1, instanceNumber=number)
    listed = people["doctor"].get(f"/studies/{study}/images")
    assert [each["instanceNumber"] for each in listed] == [1, 2, 3]
    assert people["doctor"].get(f"/images/{listed[0]['id']}")["rows"] == 16


def test_an_annotation_of_each_kind_of_the_document_is_created(people: People) -> None:
    """Test annotation creation."""
    study = made(people["radiology_tech"], "/studies", ORDER)["id"]
    image = people["radiology_tech"].upload(study, picture(), "x.png")["id"]
    for kind, count in {"text": 1, "arrow": 2, "circle": 2, "measurement": 2, "roi": 3}.items():
        points = [{"x": 1 + 3 * each, "y": 2 + each * each} for each in range(count)]
        body = {"type": kind, "coordinates": {"points": points}, "label": None, "color": None}
        note = made(people["radiologist"], f"/images/{image}/annotations", body)
        assert (note["color"], note["createdBy"]) == ("#FFFF00", "radiologist")
    assert len(people["doctor"].get(f"/images/{image}/annotations")) == 5


def test_a_report_goes_from_draft_to_preliminary_to_final(people: People) -> None:
    """Test report workflow (draft → preliminary → final)."""
    study, author = made(people["radiology_tech"], "/studies", ORDER)["id"], people["radiologist"]
    draft = {"reportType": "preliminary", "status": "draft", "findings": "Nothing yet."}
    id = made(author, f"/studies/{study}/report", draft)["id"]
    assert author.get(f"/studies/{study}")["status"] == "scheduled"
    for kind in ("preliminary", "final"):
        assert (
            author("PUT", f"/reports/{id}", {"reportType": kind}).json()["data"]["status"] == kind
        )
        assert author.get(f"/studies/{study}")["status"] == "reported"
    assert author("PUT", f"/reports/{id}", {"findings": "Other."}).status_code == 409
    added = made(
        author, f"/studies/{study}/report", {"reportType": "addendum", "findings": "More."}
    )
    assert (added["status"], added["addendumTo"]) == ("final", id)
    verified = author("POST", f"/reports/{id}/verify").json()["data"]
    assert (verified["status"], verified["verifiedBy"]) == ("verified", "radiologist")


def test_a_template_is_created_used_and_taken_out_of_use(people: People) -> None:
    """Test template creation and usage."""
    content = "Findings: {{patientName}} was seen.\nImpression: normal."
    body = {"name": "Chest", "modality": "CT", "bodyPart": "CHEST", "content": content}
    template = made(people["admin"], "/report-templates", body)["id"]
    order = {**ORDER, "patientName": "Doe^<b>Jane</b>"}
    study = made(people["radiology_tech"], "/studies", order)["id"]
    report = {"reportType": "preliminary", "templateId": template}
    written = made(people["radiologist"], f"/studies/{study}/report", report)
    assert (written["findings"], written["impression"]) == (
        *("Doe, <b>Jane</b> was seen.", "normal."),
    )
    assert people["admin"]("DELETE", f"/report-templates/{template}").status_code == 204
    assert people["doctor"].get("/report-templates") == []
    assert people["doctor"].get(f"/report-templates/{template}")["isActive"] is False


WRITES: list[tuple[str, str, Any, set[str]]] = [
    ("POST", "/studies", ORDER, {"admin", "radiology_tech"}),
    ("PUT", "/studies/{}/status", {"status": "completed"}, set(ROLES) - {"doctor"}),
    ("POST", "/studies/{}/series", {}, {"admin", "radiology_tech"}),
    ("POST", "/studies/{}/report", REPORT, set(ROLES) - {"doctor"}),
    ("POST", "/report-templates", {"name": "T", "modality": "CT", "content": "x"}, {"admin"}),
    ("GET", "/studies/{}", None, set(ROLES)),
    ("GET", "/report-templates", None, set(ROLES)),
]


@pytest.mark.parametrize(("method", "path", "body", "allowed"), WRITES)
def test_roles_have_their_permissions(
    people: People, method: str, path: str, body: Any, allowed: set[str]
) -> None:
    """Test permissions for different roles."""
    for role in ROLES:
        study = made(people["admin"], "/studies", ORDER)["id"]
        status = people[role](method, path.format(study), body).status_code
        assert (status == 403) == (role not in allowed), (role, status)
        assert status in (200, 201, 403)
    nobody = Api(people["admin"].server)(method, path.format("x"), body)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")


def _with_everything(people: People) -> dict[str, str]:
    """The paths of a study by STOW and of all that hangs on it."""
    admin, image = people["admin"], make_image()
    body, kind = body_of([encode(image)])
    headers = {"Content-Type": kind, "Authorization": f"Bearer {admin.token}"}
    root = f"{admin.server.root}/studies"
    assert requests.post(root, data=body, headers=headers, timeout=60).status_code == 200
    study = f"/studies/{image.StudyInstanceUID}"
    found = {"study": study, "series": f"/series/{image.SeriesInstanceUID}"}
    found["image"] = f"/images/{image.SOPInstanceUID}"
    found["note"] = f"/annotations/{made(admin, found['image'] + '/annotations', NOTE)['id']}"
    for name, more in (
        ("draft", {"reportType": "preliminary", "status": "draft"}),
        ("final", {}),
        ("verified", {}),
    ):
        found[name] = f"/reports/{made(admin, study + '/report', {**REPORT, **more})['id']}"
    assert admin("POST", found["verified"] + "/verify").status_code == 200
    return found


@pytest.mark.parametrize("door", ["/api/radiology", "/dicom-web"])
def test_a_deletion_takes_what_it_should_and_nothing_more(people: People, door: str) -> None:
    """Test cascading deletes."""
    admin, bystander, paths = people["admin"], _with_everything(people), _with_everything(people)
    answer = requests.delete(
        f"{admin.server.address}{door}{paths['study']}",
        headers={"Authorization": f"Bearer {admin.token}"},
        timeout=60,
    )
    assert answer.status_code == 204
    for name in ("study", "series", "image", "note", "draft"):
        assert admin("GET", paths[name]).status_code in (404, 410), name
    for name in ("final", "verified"):
        kept = admin.get(paths[name])
        assert (kept["status"], kept["studyDeleted"]) == (name, True)
    for path in bystander.values():
        assert admin("GET", path).status_code == 200
