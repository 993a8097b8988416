"""A share link opens one study, for looking, and nothing else through any door."""

import io
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from clients import body_of
from pydicom.dataset import Dataset
from samples import encode, make_dataset, make_image

from tests.accounts.people import House

ROOT = "/dicom-web"


@pytest.fixture(scope="module")
def share(house: House) -> str:
    return house.share(house.datasets[0].StudyInstanceUID)


@pytest.fixture(scope="module")
def own(house: House) -> Any:
    return house.datasets[0]


@pytest.fixture(scope="module")
def other(house: House) -> Any:
    """A study of the same patient that is not shared."""
    return house.datasets[1]


def _paths(dataset: Any) -> list[str]:
    study = f"{ROOT}/studies/{dataset.StudyInstanceUID}"
    instance = f"{study}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
    return [
        *(study, f"{study}/metadata", f"{study}/series", f"{study}/instances"),
        *(f"{study}/rendered", f"{study}/thumbnail", f"{study}/bulkdata", f"{study}/pixeldata"),
        *(f"{study}/series/count", f"{study}/instances/count", f"{study}?accept=application/zip"),
        *(instance, f"{instance}/frames/1", f"{instance}/rendered", f"{instance}/metadata"),
        "/wado?requestType=WADO&contentType=application/dicom"
        f"&studyUID={dataset.StudyInstanceUID}&seriesUID={dataset.SeriesInstanceUID}"
        f"&objectUID={dataset.SOPInstanceUID}",
    ]


def test_every_way_to_retrieve_the_study_is_open_and_to_another_is_404(
    house: House, share: str, own: Any, other: Any
) -> None:
    for path in _paths(own):
        assert house.ask("GET", path, share).status_code == 200, path
    for path in _paths(other):
        assert house.ask("GET", path, share).status_code == 404, path


def test_a_mixed_path_of_two_studies_is_404(house: House, share: str, own: Any, other: Any) -> None:
    instance = f"/series/{other.SeriesInstanceUID}/instances/{other.SOPInstanceUID}"
    path = f"{ROOT}/studies/{own.StudyInstanceUID}{instance}"
    assert house.ask("GET", path, share).status_code == 404


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "PatientID=SHARED",
        "PatientID=SHARED&limit=1",
        "PatientName=*&fuzzymatching=true",
        "includefield=all",
        "orderby=-StudyDate",
        "limit=1&offset=1",
        "StudyInstanceUID={other}",
        "StudyInstanceUID={own},{other}",
        "StudyInstanceUID={own}&StudyInstanceUID={other}",
        'StudyInstanceUID=""&emptyvaluematching=true',
        "StudyDate=20000101-20991231",
        "Rows=4",
    ],
)
def test_no_search_and_no_count_tells_of_another_study(
    house: House, share: str, own: Any, other: Any, level: str, query: str
) -> None:
    uids = {"own": own.StudyInstanceUID, "other": other.StudyInstanceUID}
    answer = house.ask("GET", f"{ROOT}/{level}?{query.format(**uids)}", share)
    if answer.status_code == 400:  # a key that comes twice
        return
    found = {each["0020000D"]["Value"][0] for each in answer.json()}
    assert found <= {own.StudyInstanceUID}
    assert "additional results" not in answer.headers.get("Warning", "")
    assert "Link" not in answer.headers
    assert answer.headers.get("X-Total-Count", "1") in ("0", "1")
    assert str(other.StudyInstanceUID) not in answer.text
    path = f"{ROOT}/{level}/count?{query.format(**uids)}"
    assert house.ask("GET", path, share).json()["count"] == len(
        house.ask("GET", f"{ROOT}/{level}?{_unpaged(query).format(**uids)}", share).json()
    )


def _unpaged(query: str) -> str:
    return "&".join(each for each in query.split("&") if not each.startswith(("limit", "offset")))


def test_the_counts_of_a_patient_are_not_told(house: House, share: str, own: Any) -> None:
    fields = "includefield=NumberOfPatientRelatedStudies,NumberOfPatientRelatedInstances"
    (found,) = house.ask("GET", f"{ROOT}/studies?{fields}", share).json()
    assert "Value" not in found["00201200"]
    mine = house.ask("GET", f"{ROOT}/studies?PatientID=SHARED&{fields}", house.admin).json()
    assert mine[0]["00201200"]["Value"] == [2]
    for count in (1, 2):  # nothing is matched by it, which a warning says
        path = f"{ROOT}/studies?NumberOfPatientRelatedStudies={count}&{fields}"
        answer = house.ask("GET", path, share)
        assert answer.json() == [found]
        assert "NumberOfPatientRelatedStudies" in answer.headers["Warning"]


def test_a_cursor_tells_nothing_of_another_study(
    house: House, share: str, own: Any, other: Any
) -> None:
    there = house.ask("GET", f"{ROOT}/studies?cursor={other.StudyInstanceUID}", share)
    nowhere = house.ask("GET", f"{ROOT}/studies?cursor=1.2.3.4", share)
    assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text)
    path = f"{ROOT}/studies?cursor={own.StudyInstanceUID}"
    assert house.ask("GET", path, share).json() == []


def test_a_zip_holds_the_study_alone(house: House, share: str, own: Any) -> None:
    path = f"{ROOT}/studies/{own.StudyInstanceUID}"
    answer = house.ask("GET", path, share, headers={"Accept": "application/zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert {name.split("/")[0] for name in packed.namelist()} == {own.StudyInstanceUID}


def test_a_link_changes_nothing(house: House, share: str, own: Any) -> None:
    study = f"{ROOT}/studies/{own.StudyInstanceUID}"
    body = encode(make_image(StudyInstanceUID=own.StudyInstanceUID))
    headers = {"Content-Type": "application/dicom"}
    for path in (study, f"{ROOT}/studies"):
        assert house.ask("POST", path, share, data=body, headers=headers).status_code == 403
    assert house.ask("DELETE", study, share).status_code == 403
    for path in ("/api/auth/users", "/api/auth/keys", "/api/auth/shares", "/metrics"):
        assert house.ask("GET", path, share).status_code == 403
    assert house.ask("POST", "/api/auth/password", share, json={}).status_code == 403


def test_the_link_sets_a_cookie_and_opens_the_viewer(house: House, own: Any, other: Any) -> None:
    made = house.made("shares", studyInstanceUid=own.StudyInstanceUID, label="for Dr. Who")
    browser = requests.Session()
    answer = browser.get(made["url"], allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    where = f"/viewer/viewer?StudyInstanceUIDs={own.StudyInstanceUID}"
    assert answer.headers["Location"] == where
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    found = browser.get(f"{house.address}{ROOT}/studies", timeout=30).json()
    assert [each["0020000D"]["Value"][0] for each in found] == [own.StudyInstanceUID]
    assert browser.get(f"{house.address}{where}", timeout=30).status_code == 200
    script = browser.get(f"{house.address}/viewer/app-config.js", timeout=30).text
    assert '"showStudyList": false' in script
    assert '"dicomUploadEnabled": false' in script
    path = f"{ROOT}/studies/{other.StudyInstanceUID}/metadata"
    assert browser.get(f"{house.address}{path}", timeout=30).status_code == 404


def test_a_links_cookie_is_taken_back(house: House, share: str) -> None:
    browser = requests.Session()
    browser.get(f"{house.address}/share/{share}", allow_redirects=False, timeout=30)
    logout = f"{house.address}/api/auth/logout"
    assert browser.post(logout, timeout=30).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert browser.post(logout, headers=own, timeout=30).status_code == 204
    assert "lightbox_share" not in browser.cookies


def test_a_link_is_revoked_in_every_form(house: House, own: Any) -> None:
    made = house.made("shares", studyInstanceUid=own.StudyInstanceUID)
    browser = requests.Session()
    browser.get(made["url"], allow_redirects=False, timeout=30)
    assert house.ask("GET", f"{ROOT}/studies", made["token"]).status_code == 200
    listed = house.ask("GET", "/api/auth/shares", house.admin).text
    assert made["token"] not in listed
    assert house.ask("DELETE", f"/api/auth/shares/{made['id']}", house.admin).status_code == 204
    time.sleep(1.1)
    assert house.ask("GET", f"{ROOT}/studies", made["token"]).status_code == 401
    assert browser.get(f"{house.address}{ROOT}/studies", timeout=30).status_code == 401
    assert requests.get(made["url"], allow_redirects=False, timeout=30).status_code == 401


def test_a_link_expires(house: House, own: Any) -> None:
    end = datetime.now(UTC) + timedelta(seconds=5)
    made = house.made("shares", studyInstanceUid=own.StudyInstanceUID, expires=end.isoformat())
    assert house.ask("GET", f"{ROOT}/studies", made["token"]).status_code == 200
    time.sleep(end.timestamp() - time.time() + 0.1)
    assert house.ask("GET", f"{ROOT}/studies", made["token"]).status_code == 401
    assert house.ask("GET", f"/share/{made['token']}").status_code == 401


@pytest.mark.parametrize("change", ["cut", "longer", "other", "random", "access"])
def test_a_forged_link_opens_nothing(house: House, share: str, change: str) -> None:
    head, body, signature = share.split(".")
    token = {
        "cut": share[:-5],
        "longer": share + "x",
        "other": f"{head}.{body[:-4]}AAAA.{signature}",
        "random": "random",
        "access": house.admin,
    }[change]
    assert house.ask("GET", f"/share/{token}").status_code == 401
    if change != "access":
        assert house.ask("GET", f"{ROOT}/studies", token).status_code == 401


def test_a_person_whose_link_is_over_is_told_so_and_not_led_to_a_login(house: House) -> None:
    answer = house.ask("GET", "/share/eyJa.b.c", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (401, "no-referrer")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "This link opens nothing" in answer.text
    assert "eyJa" not in answer.text


def test_a_link_knows_what_it_is(house: House, share: str, own: Any) -> None:
    found = house.ask("GET", "/api/auth/me", share).json()["data"]
    assert found["permissions"] == ["radiology:view"]
    assert found["studyInstanceUid"] == own.StudyInstanceUID


def test_an_own_login_counts_more_than_a_link(house: House, share: str, other: Any) -> None:
    page = house.browser("doctor")
    page.get(f"{house.address}/share/{share}", allow_redirects=False, timeout=30)
    path = f"{ROOT}/studies/{other.StudyInstanceUID}/metadata"
    assert page.get(f"{house.address}{path}", timeout=30).status_code == 200


def test_a_report_does_not_lead_to_another_study(house: House, other: Any) -> None:
    report = make_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    image, title = Dataset(), Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "121080", "DCM", "Best"
    image.RelationshipType, image.ValueType = "CONTAINS", "IMAGE"
    image.ConceptNameCodeSequence = [title]
    reference = Dataset()
    reference.ReferencedSOPClassUID = other.SOPClassUID
    reference.ReferencedSOPInstanceUID = other.SOPInstanceUID
    image.ReferencedSOPSequence = [reference]
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [title]
    report.ContentSequence = [image]
    body, kind = body_of([encode(report)])
    headers = {"Content-Type": kind}
    house.ask("POST", f"{ROOT}/studies", house.admin, data=body, headers=headers)
    path = f"{ROOT}/studies/{report.StudyInstanceUID}/rendered"
    html = {"Accept": "text/html"}
    wanted = f"/studies/{other.StudyInstanceUID}/"
    assert wanted in house.ask("GET", path, house.admin, headers=html).text
    link = house.share(report.StudyInstanceUID)
    answer = house.ask("GET", path, link, headers=html)
    assert answer.status_code == 200
    assert wanted not in answer.text
