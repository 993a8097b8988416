"""Whatever door something was seen through, the trail tells of which study and whose it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from servers import running

from tests.accounts.people import PASSWORD, House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    given = {"DICOMWEB_AUTH": "local", "DICOMWEB_ADMIN_PASSWORD": PASSWORD}
    with running(tmp_path_factory.mktemp("seen"), **given) as server:
        yield House(server)


@pytest.fixture(scope="module")
def image(house: House) -> Any:
    return house.store(PatientID="SEEN-1")


@pytest.fixture(scope="module")
def ids(house: House, image: Any) -> dict[str, str]:
    """Under which names the image, and what belongs to it, is known."""

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = house.ask(method, path, house.admin, json=body or None)
        assert answer.ok, answer.text
        return answer.json()["data"]

    (study,) = ask("GET", "/api/radiology/studies")
    drawn = {"type": "text", "coordinates": {"points": [{"x": 1, "y": 1}]}, "text": "here"}
    of_image = f"/api/radiology/images/{image.SOPInstanceUID}/annotations"
    words = {"reportType": "preliminary", "findings": "none", "impression": "none"}
    return {
        "uid": image.StudyInstanceUID,
        "series": image.SeriesInstanceUID,
        "sop": image.SOPInstanceUID,
        "file": house.ask("GET", "/dicom", house.admin).json()["files"][0]["id"],
        "study": study["id"],
        "annotation": ask("POST", of_image, **drawn)["id"],
        "report": ask("POST", f"/api/radiology/studies/{study['id']}/report", **words)["id"],
    }


IMAGES = (
    *("/dicom/{file}", "/dicom/{file}/attributes", "/dicom/{file}/png", "/api/dicom/{file}"),
    *("/api/dicom/{file}/metadata", "/image?id={file}", "/tags?id={file}", "/tags?id={sop}"),
    *("/dicom/instances/{file}/preview", "/dicom/wado/{file}", "/api/radiology/images/{sop}"),
    *("/api/radiology/images/{sop}/file", "/api/radiology/images/{sop}/annotations"),
    "/wado?requestType=WADO&studyUID={uid}&seriesUID={series}&objectUID={sop}",
)
STUDIES = (
    *("/api/radiology/studies/{study}", "/api/radiology/studies/{uid}"),
    *("/api/radiology/studies/{study}/images", "/api/radiology/studies/{study}/report"),
    *("/api/radiology/series/{series}", "/api/radiology/series/{series}/images"),
    *("/api/radiology/annotations/{annotation}", "/api/radiology/reports/{report}"),
    *("/api/radiology/reports/{report}/versions", "/studies/{uid}", "/studies/{uid}/tags"),
)


def _views(house: House, path: str) -> list[dict[str, Any]]:
    """What the trail says of a look at a path, by an account of its own."""
    number = len(house.ask("GET", "/api/auth/users", house.admin).json()["data"])
    body = {"name": f"viewer{number}", "role": "doctor", "password": PASSWORD}
    assert house.ask("POST", "/api/auth/users", house.admin, json=body).status_code == 201
    answer = house.ask("GET", path, house.token(body["name"]))
    assert answer.status_code in (200, 206), (path, answer.text[:200])
    asked = {"actor": body["name"], "action": "view"}
    found: list[dict[str, Any]] = house.ask("GET", "/api/audit", house.admin, params=asked).json()[
        "data"
    ]
    return found


@pytest.mark.parametrize("path", [*IMAGES, *STUDIES])
def test_a_view_names_study_and_patient(
    house: House, image: Any, ids: dict[str, str], path: str
) -> None:
    (found,) = _views(house, path.format(**ids))
    assert (found["studyUid"], found["patientId"]) == (image.StudyInstanceUID, "SEEN-1")
    if path in IMAGES:
        assert (found["seriesUid"], found["instanceUid"]) == (ids["series"], ids["sop"])


def test_a_change_of_a_study_names_its_patient(house: House, ids: dict[str, str]) -> None:
    params = {"study": ids["uid"], "object": ids["annotation"], "action": "create"}
    (found,) = house.ask("GET", "/api/audit", house.admin, params=params).json()["data"]
    assert (found["kind"], found["patientId"]) == ("annotation", "SEEN-1")


def test_a_refusal_names_what_was_asked_for(house: House, ids: dict[str, str]) -> None:
    key = house.key("radiology:view")
    path = f"/api/radiology/reports/{ids['report']}"
    assert house.ask("DELETE", path, key).status_code == 403
    asked = {"object": "DELETE /api/radiology/reports/{id}"}
    (found,) = house.ask("GET", "/api/audit", house.admin, params=asked).json()["data"]
    assert (found["outcome"], found["detail"]) == ("refused", ids["report"])


def test_a_link_is_its_own_name_and_its_token_nowhere(house: House, image: Any) -> None:
    made = house.made("shares", studyInstanceUid=image.StudyInstanceUID)
    assert house.ask("GET", f"/share/{made['token']}").status_code == 303
    assert house.ask("DELETE", f"/api/auth/shares/{made['id']}", house.admin).status_code == 204
    assert house.ask("GET", f"/share/{made['token']}", house.admin).status_code == 401
    answer = house.ask("GET", "/api/audit", house.admin)
    assert made["token"] not in answer.text
    told = [each for each in answer.json()["data"] if each["object"] == made["id"]]
    assert [(each["action"], each["detail"]) for each in reversed(told)] == [
        ("account", ""),
        ("login", ""),
        ("account", "revoked"),
    ]
    assert {each["actor"] for each in told} == {"admin", f"share:{made['id']}"}


def test_keys_of_one_name_are_told_apart(house: House) -> None:
    made = [house.made("keys", name="twin", permissions=["radiology:view"]) for _ in range(2)]
    for each in made:
        assert house.ask("GET", "/dicom-web/series", each["key"]).status_code == 200
        asked = {"actor": f"key:twin:{each['id'][:8]}"}
        (found,) = house.ask("GET", "/api/audit", house.admin, params=asked).json()["data"]
        assert (found["action"], found["count"]) == ("search", 1)
    told = house.ask("GET", "/api/audit", house.admin, params={"object": "twin"}).json()["data"]
    assert {each["id"] for each in made} == {each["detail"].split()[-1] for each in told}


def test_logging_out_with_a_key_is_nothing(house: House) -> None:
    key = house.made("keys", name="leaving", permissions=["radiology:view"])
    assert house.ask("POST", "/api/auth/logout", key["key"]).status_code == 204
    asked = {"actor": f"key:leaving:{key['id'][:8]}"}
    assert house.ask("GET", "/api/audit", house.admin, params=asked).json()["data"] == []
