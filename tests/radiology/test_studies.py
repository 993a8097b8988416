"""Studies: scheduled with numbers and UIDs of their own, found again, changed, and deleted."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from clients import get, store
from pydicom.uid import UID
from samples import encode, make_image
from servers import running

from tests.radiology.radiology_api import Api, picture, sentence

EVERYTHING = {
    "orderId": "order-uuid",
    "patientId": "PAT-1",
    "patientName": "Groß^Jürgen",
    "patientBirthDate": "1975-03-09",
    "patientSex": "M",
    "modality": "CT",
    "bodyPart": "CHEST",
    "priority": "urgent",
    "assignedTo": "dr.x",
    "studyDescription": "CT Chest with Contrast",
    "clinicalHistory": "Cough.\nFever.",
    "referringPhysician": "Dr. Smith",
    "performingTechnician": "Tech John",
    "studyDate": "2026-11-20",
}


def test_the_example_of_the_document_is_scheduled(api: Api) -> None:
    body = {
        "orderId": "order-uuid",
        "patientId": "patient-uuid",
        "modality": "CT",
        "studyDescription": "CT Chest with Contrast",
        "referringPhysician": "Dr. Smith",
        "performingTechnician": "Tech John",
    }
    answer = api("POST", "/studies", body)
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert answer.json()["success"] is True
    assert {name: data[name] for name in body} == body
    assert data["status"] == "scheduled"
    assert re.fullmatch("ACC20[0-9]{6}[0-9A-Z]{5}", data["accessionNumber"])
    assert UID(data["studyInstanceUID"]).is_valid
    assert str(uuid.UUID(data["id"])) == data["id"]
    assert answer.headers["Location"] == f"/api/radiology/studies/{data['id']}"
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("name", ["patientId", "accessionNumber", "orderId"])
@pytest.mark.parametrize("mark", ["\n", "\t", "\x1b", "\x7f"])
def test_an_identifier_is_taken_as_it_is_or_refused(api: Api, name: str, mark: str) -> None:
    inner = f"A  {uuid.uuid4().hex[:8]}"
    assert api.study(**{name: f" {inner}\n"})[name] == inner
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", name: f"A{mark}1"})
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("f", "F"), ("Female", "F"), ("male", "M"), ("other", "O"), ("unknown", None), (None, None)],
)
def test_a_sex_may_be_spelt_as_fhir_does(api: Api, sent: str | None, kept: str | None) -> None:
    assert api.study(patientSex=sent)["patientSex"] == kept
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", "patientSex": 1})
    assert sentence(answer).startswith("patientSex: ")


def test_a_priority_is_the_same_in_capitals(api: Api) -> None:
    study = api.study(priority="STAT")
    assert study["priority"] == "stat"
    found = api.get(f"/studies?priority=Stat&patientId={study['patientId']}")
    assert [each["id"] for each in found] == [study["id"]]


def test_a_new_study_is_scheduled_and_nothing_else(api: Api) -> None:
    assert api.study(status="scheduled")["status"] == "scheduled"
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", "status": "reported"})
    assert answer.status_code == 400
    assert sentence(answer).startswith("status: ")


def test_every_field_comes_back_as_it_was_sent(api: Api) -> None:
    created = api.study(**EVERYTHING)
    read = api.get(f"/studies/{created['id']}")
    assert {name: read[name] for name in EVERYTHING} == EVERYTHING
    assert {name: created[name] for name in EVERYTHING} == EVERYTHING
    assert read["createdAt"].endswith("Z")
    assert read["createdBy"] == "anonymous"


def test_a_study_needs_nothing_but_patient_and_modality(api: Api) -> None:
    created = api.study(patientId="only")
    assert created["patientName"] is None
    assert created["priority"] == "routine"
    assert created["numberOfSeries"] == created["numberOfImages"] == 0


@pytest.mark.parametrize(
    "name",
    ["山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Ω'Neill, Zoë", "محمد", "<b>Bold</b>"],
)
def test_a_name_of_any_script_is_kept_and_found(api: Api, name: str) -> None:
    created = api.study(patientName=name)
    assert api.get(f"/studies/{created['id']}")["patientName"] == name
    words = name.split("=")[0].replace("^", " ").split()[0].rstrip(",")
    answer = api("GET", f"/studies?q={words}&patientId={created['patientId']}")
    assert [row["id"] for row in answer.json()["data"]] == [created["id"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patientId", None),
        ("patientId", ""),
        ("patientId", "  "),
        ("patientId", "x" * 65),
        ("patientId", "a\\b"),
        ("patientId", "nul\0"),
        ("patientId", 7),
        ("modality", None),
        ("modality", "ZZ"),
        ("modality", ""),
        ("patientName", "x" * 65),
        ("patientName", "a^b^c^d^e^f"),
        ("patientName", "a\nb\x1b"),
        ("patientBirthDate", "9.3.1975"),
        ("patientBirthDate", "2975-01-01"),
        ("patientBirthDate", "1975-02-30"),
        ("patientSex", "X"),
        ("priority", "soon"),
        ("bodyPart", "LEFT/RIGHT"),
        ("studyDescription", "x" * 65),
        ("clinicalHistory", "x" * 10_001),
        ("clinicalHistory", "bell\a"),
        ("studyDate", "tomorrow"),
        ("studyDate", "2023-02-29"),
        ("studyDate", "2024-02-29T25:00"),
        ("studyTime", "25:00"),
        ("studyTime", "soon"),
        ("accessionNumber", "x" * 17),
        ("studyInstanceUID", "1.2.x"),
        ("studyInstanceUID", "1." + "2" * 64),
        ("orderId", ["a"]),
        ("referringPhysician", {"name": "x"}),
    ],
)
def test_a_wrong_field_is_400_and_named(api: Api, field: str, value: Any) -> None:
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", field: value})
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{field}: ")


def test_a_text_that_is_too_long_is_told_in_characters(api: Api) -> None:
    body = {"patientId": "P", "modality": "CT", "accessionNumber": "x" * 17}
    told = sentence(api("POST", "/studies", body))
    assert told == "accessionNumber: at most 16 characters, not 17."


@pytest.mark.parametrize(
    ("said", "date", "time"),
    [
        ({"studyDate": "2024-02-29"}, "2024-02-29", None),
        ({"studyDate": "2024-02-29", "studyTime": "9:05"}, None, None),
        ({"studyDate": "2024-02-29", "studyTime": "09:05"}, "2024-02-29", "09:05:00"),
        ({"studyDate": "20240229", "studyTime": "090501"}, "2024-02-29", "09:05:01"),
        ({"studyDate": "2024-02-29T10:30:00.000Z"}, "2024-02-29", "10:30:00"),
        ({"studyDate": "2024-02-29T23:30:00-05:00"}, "2024-02-29", "23:30:00"),
        ({"studyDate": "2024-02-29T10:30", "studyTime": "11:00"}, "2024-02-29", "11:00:00"),
        ({"studyTime": "10:30"}, None, None),
    ],
)
def test_an_order_may_say_when(
    api: Api, said: dict[str, str], date: str | None, time: str | None
) -> None:
    answer = api("POST", "/studies", {"patientId": "P", "modality": "CT", **said})
    if date is None:
        assert (answer.status_code, "studyTime" in sentence(answer)) == (400, True)
        return
    told = answer.json()["data"]
    assert (told["studyDate"], told["studyTime"]) == (date, time)


def test_a_new_day_has_no_time_until_it_is_said(api: Api) -> None:
    path = f"/studies/{api.study(studyDate='2024-02-29T10:30')['id']}"
    steps = [
        ({"priority": "stat"}, "10:30:00"),
        ({"studyTime": "11:00"}, "11:00:00"),
        ({"studyDate": "2024-03-01"}, None),
        ({"studyDate": "2024-03-02T08:15"}, "08:15:00"),
        ({"studyTime": None}, None),
    ]
    for change, time in steps:
        assert api("PATCH", path, change).json()["data"]["studyTime"] == time


@pytest.mark.parametrize(("body", "status"), [([], 400), ("x", 400), ({}, 400)])
def test_a_body_that_is_no_study_is_400(api: Api, body: Any, status: int) -> None:
    assert api("POST", "/studies", body).status_code == status


def test_an_accession_number_belongs_to_one_order(api: Api) -> None:
    number = uuid.uuid4().hex[:12]
    api.study(accessionNumber=number)
    answer = api(
        "POST", "/studies", {"patientId": "P", "modality": "CT", "accessionNumber": number}
    )
    assert answer.status_code == 409
    assert "accessionNumber" in sentence(answer)
    other = api.study()
    changed = api("PATCH", f"/studies/{other['id']}", {"accessionNumber": number})
    assert changed.status_code == 409


def test_numbers_made_at_the_same_moment_differ(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: api.study(), range(24)))
    assert len({each["accessionNumber"] for each in made}) == 24
    assert len({each["studyInstanceUID"] for each in made}) == 24


def test_a_study_is_found_by_its_uuid_and_by_its_uid(api: Api) -> None:
    created = api.study()
    assert api.get(f"/studies/{created['studyInstanceUID']}")["id"] == created["id"]
    assert api("GET", f"/studies/{uuid.uuid4()}").status_code == 404
    assert api("GET", "/studies/1.2.3.4").status_code == 404
    for strange in ("' OR 1=1 --", "%00", "%F0%9F%98%80", "%ff", "x" * 5000):
        assert api("GET", f"/studies/{strange}").status_code == 404
        assert api("GET", f"/series/{strange}").status_code == 404
        assert api("GET", f"/images/{strange}").status_code == 404


def test_details_count_and_measure_what_is_stored(api: Api) -> None:
    created = api.study()
    first = api.upload(created["id"], picture("PNG"), "a.png")
    second = api.upload(created["id"], picture("JPEG"), "b.jpg", seriesNumber=2)
    study = api.get(f"/studies/{created['id']}")
    assert (study["numberOfSeries"], study["numberOfImages"]) == (2, 2)
    assert first["fileSize"] == len(picture("PNG"))
    assert second["fileSize"] == len(picture("JPEG"))
    assert study["storageSize"] == first["fileSize"] + second["fileSize"]
    assert [series["seriesNumber"] for series in study["series"]] == [1, 2]
    assert [image["id"] for series in study["series"] for image in series["images"]] == [
        first["id"],
        second["id"],
    ]
    assert (study["numberOfAnnotations"], study["numberOfReports"]) == (0, 0)
    listed = api.get(f"/studies?studyInstanceUID={study['studyInstanceUID']}")
    assert (listed[0]["numberOfSeries"], listed[0]["numberOfImages"]) == (2, 2)


def test_what_is_not_sent_stays_when_a_study_is_changed(api: Api) -> None:
    created = api.study(**EVERYTHING)
    answer = api(
        "PATCH", f"/studies/{created['id']}", {"studyDescription": "Other", "orderId": None}
    )
    changed = answer.json()["data"]
    assert answer.status_code == 200
    assert changed["studyDescription"] == "Other"
    assert changed["orderId"] is None
    assert changed["patientName"] == EVERYTHING["patientName"]
    assert changed["version"] == 2
    assert answer.headers["ETag"] == '"2"'
    assert [row["id"] for row in api.get("/studies?q=Other") if row["id"] == created["id"]]


def test_a_lost_update_is_412(api: Api) -> None:
    path = f"/studies/{api.study()['id']}"
    tag = api("GET", path).headers["ETag"]
    assert api("PATCH", path, {"priority": "stat"}, **{"If-Match": tag}).status_code == 200
    late = api("PATCH", path, {"priority": "asap"}, **{"If-Match": tag})
    assert late.status_code == 412
    assert late.headers["ETag"] == '"2"'
    assert (
        api("PUT", path + "/status", {"status": "arrived"}, **{"If-Match": tag}).status_code == 412
    )
    assert api("DELETE", path, **{"If-Match": tag}).status_code == 412
    assert api.get(path)["priority"] == "stat"


def test_the_document_tells_of_428_wherever_it_tells_of_412(api: Api) -> None:
    paths = requests.get(f"{api.server.address}/openapi.json", timeout=60).json()["paths"]
    told = {
        f"{method} {path}": operation["responses"].keys()
        for path, methods in paths.items()
        for method, operation in methods.items()
        if path.startswith("/api/radiology") and method in ("put", "patch")
    }
    assert [line for line, statuses in told.items() if "412" in statuses and "428" in statuses]
    assert not [line for line, said in told.items() if ("412" in said) != ("428" in said)]


def test_a_change_without_its_version_is_428_where_that_is_set(tmp_path: Path) -> None:
    with running(tmp_path, DICOMWEB_REQUIRE_IF_MATCH="true") as server:
        strict = Api(server)
        path = f"/studies/{strict.study()['id']}"
        changes = {"": {"priority": "stat"}, "/status": {"status": "arrived"}}
        for below, body in changes.items():
            method = "PUT" if below else "PATCH"
            assert strict(method, path + below, body).status_code == 428
            tag = strict("GET", path).headers["ETag"]
            assert strict(method, path + below, body, **{"If-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"status": "verified"}, "status"),
        ({"studyInstanceUID": "1.2"}, "studyInstanceUID"),
        ({"patientId": None}, "patientId"),
        ({"modality": ""}, "modality"),
        ({"accessionNumber": ""}, "accessionNumber"),
        ({"studyDate": "x"}, "studyDate"),
    ],
)
def test_a_wrong_change_is_400_and_named(api: Api, body: Any, named: str) -> None:
    answer = api("PATCH", f"/studies/{api.study()['id']}", body)
    assert answer.status_code == 400
    assert named in sentence(answer)


def test_images_that_nobody_ordered_say_themselves_whose_they_are(api: Api) -> None:
    dataset = make_image()
    store(api.server, encode(dataset))
    path = f"/studies/{dataset.StudyInstanceUID}"
    answer = api("PATCH", path, {"patientName": "Somebody Else"})
    assert answer.status_code == 409
    assert "patient_name" not in sentence(answer)
    assert api("PATCH", path, {"assignedTo": "dr.x"}).status_code == 200


def test_priors_are_the_earlier_studies_of_the_patient(api: Api) -> None:
    patient = f"P-{uuid.uuid4()}"
    days = ["2024-01-01", "2025-01-01", "2026-01-01", "2026-02-01"]
    studies = [api.study(patientId=patient, studyDate=day) for day in days]
    api("PUT", f"/studies/{studies[0]['id']}/status", {"status": "cancelled"})
    api.study(patientId=f"P-{uuid.uuid4()}", studyDate="2024-06-01")
    found = api.get(f"/studies/{studies[2]['id']}/priors")
    assert [row["id"] for row in found] == [studies[1]["id"]]


def test_a_deleted_study_is_gone_everywhere(api: Api) -> None:
    created = api.study(patientId=f"P-{uuid.uuid4()}")
    image = api.upload(created["id"], picture("PNG"), "a.png")
    path = f"/studies/{created['id']}"
    api("POST", path + "/series", {"seriesNumber": 9})
    assert api("DELETE", path).status_code == 204
    for below in ("", "/images", "/series", "/history", "/priors"):
        assert api("GET", path + below).status_code == 410
    assert api("DELETE", path).status_code == 410
    assert api("PATCH", path, {"priority": "stat"}).status_code == 410
    assert api.get(f"/studies?patientId={created['patientId']}") == []
    assert api("GET", f"/images/{image['id']}").status_code == 404
    assert api("GET", f"/images/{image['id']}/file").status_code == 404
    assert get(api.server, f"/studies/{created['studyInstanceUID']}").status_code == 410


def test_an_order_without_images_is_deleted_too(api: Api) -> None:
    created = api.study()
    assert api("DELETE", f"/studies/{created['id']}").status_code == 204
    assert api("GET", f"/studies/{created['id']}").status_code == 410


def test_modalities_are_listed_with_those_of_the_document(api: Api) -> None:
    found = {each["code"]: each["name"] for each in api.get("/modalities")}
    assert list(found)[:11] == ["CR", "CT", "MR", "US", "XR", "DX", "MG", "PT", "NM", "RF", "OT"]
    assert found["CT"] == "Computed Tomography"
