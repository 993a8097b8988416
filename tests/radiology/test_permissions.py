"""Who may do what with studies, series, images: the roles, and a link to one study."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.uid import generate_uid
from servers import running

from tests.accounts.people import ROLES, House, make_accounts
from tests.radiology.radiology_api import Api, picture

# Method, path below a study ("{}") or elsewhere, body, and the roles that may.
EVERYBODY = set(ROLES)
TECHNICIANS = {"admin", "radiology_tech"}
EDITORS = TECHNICIANS | {"radiologist"}
LINES: list[tuple[str, str, Any, set[str]]] = [
    ("POST", "/studies", {"patientId": "P", "modality": "CT"}, TECHNICIANS),
    ("GET", "/studies", None, EVERYBODY),
    ("GET", "/worklist", None, EVERYBODY),
    ("GET", "/modalities", None, EVERYBODY),
    ("GET", "/studies/{}", None, EVERYBODY),
    ("GET", "/studies/{}/images", None, EVERYBODY),
    ("GET", "/studies/{}/series", None, EVERYBODY),
    ("GET", "/studies/{}/priors", None, EVERYBODY),
    ("GET", "/studies/{}/history", None, EVERYBODY),
    ("PATCH", "/studies/{}", {"bodyPart": "HEAD"}, EDITORS),
    ("PUT", "/studies/{}/status", {"status": "completed"}, EDITORS),
    ("PUT", "/studies/{}/assignment", {"assignedTo": "x"}, EDITORS),
    ("PUT", "/studies/{}/priority", {"priority": "stat"}, EDITORS),
    ("POST", "/studies/{}/series", {}, TECHNICIANS),
    ("POST", "/studies/{}/upload", "form", TECHNICIANS),
    ("DELETE", "/studies/{}", None, {"admin"}),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("radiology-roles")
    make_accounts(folder, *ROLES)
    with running(folder, DICOMWEB_AUTH="local") as server:
        yield House(server)


@pytest.fixture(scope="module")
def roles(house: House) -> dict[str, Api]:
    return {role: Api(house.server, house.token(role)) for role in ROLES}


def _status(api: Api, method: str, path: str, body: Any) -> int:
    if body == "form":
        code: int = api.post_file(path, picture(), "x.png").status_code
        return code
    found: int = api(method, path, body).status_code
    return found


@pytest.mark.parametrize(("method", "path", "body", "allowed"), LINES)
def test_a_role_may_what_the_contract_says(
    roles: dict[str, Api], house: House, method: str, path: str, body: Any, allowed: set[str]
) -> None:
    study = roles["radiology_tech"].study()
    for role, api in roles.items():
        status = _status(api, method, path.format(study["id"]), body)
        assert (status < 300) is (role in allowed), f"{role}: {status}"
        assert role in allowed or status == 403
    anybody = Api(house.server)(method, path.format(study["id"]), None)
    assert anybody.status_code == 401
    assert anybody.headers["WWW-Authenticate"].startswith("Bearer")


def test_images_are_for_everybody_and_their_deletion_is_not(roles: dict[str, Api]) -> None:
    tech = roles["radiology_tech"]
    image = tech.upload(tech.study()["id"], picture(), "x.png")
    for path in (f"/images/{image['id']}", f"/images/{image['id']}/file"):
        assert roles["doctor"]("GET", path).status_code == 200
    for path in (f"/images/{image['id']}", f"/series/{image['seriesInstanceUID']}"):
        assert tech("DELETE", path).status_code == 403
    assert image["uploadedBy"] == "radiology_tech"
    assert roles["admin"]("DELETE", f"/images/{image['id']}").status_code == 204


def test_a_step_back_is_for_those_who_manage(roles: dict[str, Api]) -> None:
    study = roles["radiology_tech"].study()["id"]
    roles["radiology_tech"]("PUT", f"/studies/{study}/status", {"status": "completed"})
    body = {"status": "arrived", "reason": "A mistake."}
    assert roles["radiologist"]("PUT", f"/studies/{study}/status", body).status_code == 403
    assert roles["admin"]("PUT", f"/studies/{study}/status", body).status_code == 200
    assert [step["by"] for step in roles["doctor"].get(f"/studies/{study}/history")] == [
        "radiology_tech",
        "admin",
    ]


def test_a_link_to_one_study_shows_that_study_only(house: House, roles: dict[str, Api]) -> None:
    tech = roles["radiology_tech"]
    patient = f"P-{uuid.uuid4()}"
    own, other = (tech.study(patientId=patient, studyInstanceUID=generate_uid()) for _ in range(2))
    images = [tech.upload(each["id"], picture(), "x.png") for each in (own, other)]
    link = Api(house.server, house.share(own["studyInstanceUID"]))
    assert [row["id"] for row in link.get("/studies")] == [own["id"]]
    assert [row["id"] for row in link.get(f"/studies?patientId={patient}")] == [own["id"]]
    assert link.get(f"/studies/{own['id']}/priors") == []
    assert [row["id"] for row in link.get("/worklist")] == [own["id"]]
    assert link("GET", f"/images/{images[0]['id']}/file").status_code == 200
    for hidden in (
        f"/studies/{other['id']}",
        f"/studies/{other['studyInstanceUID']}/images",
        f"/series/{images[1]['seriesInstanceUID']}",
        f"/images/{images[1]['id']}",
        f"/images/{images[1]['id']}/file",
    ):
        assert link("GET", hidden).status_code == 404
