"""Who did it, who was refused, and who may read of it: with accounts, keys and share links."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from servers import running

from tests.accounts.people import PASSWORD, House
from tests.audit.conftest import EXTENSIONS


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    given = {
        "DICOMWEB_AUTH": "local",
        "DICOMWEB_ADMIN_PASSWORD": PASSWORD,
        "DICOMWEB_EXTENSIONS": f"extensions.accounts,{EXTENSIONS}",
    }
    with running(tmp_path_factory.mktemp("who"), **given) as server:
        house = House(server)
        for role in ("doctor", "radiologist", "radiology_tech"):
            _make(house, role, role)
        yield house


def _make(house: House, name: str, role: str) -> dict[str, Any]:
    body = {"name": name, "role": role, "password": PASSWORD}
    answer = house.ask("POST", "/api/auth/users", house.admin, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def _lines(house: House, **filters: str) -> list[dict[str, Any]]:
    answer = house.ask("GET", "/api/audit", house.admin, params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit.xml"])
def test_only_admins_read_the_trail(house: House, path: str) -> None:
    dataset = house.store()
    assert house.ask("GET", path).status_code == 401
    for role in ("doctor", "radiologist", "radiology_tech"):
        assert house.ask("GET", path, house.token(role)).status_code == 403
    assert house.ask("GET", path, house.share(dataset.StudyInstanceUID)).status_code == 403
    assert house.ask("GET", path, house.key("radiology:view")).status_code == 403
    assert house.ask("GET", path, house.key("radiology:manage")).status_code == 200


def test_a_store_and_a_view_name_their_people(house: House) -> None:
    dataset = house.store()
    path = f"/dicom-web/studies/{dataset.StudyInstanceUID}/metadata"
    assert house.ask("GET", path, house.token("doctor")).status_code == 200
    found = {each["action"]: each for each in _lines(house, study=dataset.StudyInstanceUID)}
    assert (found["store"]["actor"], found["view"]["actor"]) == ("admin", "doctor")


def test_logins_and_failures_of_them_are_told(house: House) -> None:
    house.token("doctor")
    assert house.grant("doctor", "wrong", **{"X-Forwarded-For": "203.0.113.5"}).status_code == 401
    assert _lines(house, action="login", outcome="success", actor="doctor")
    refused = _lines(house, action="login", outcome="refused", address="203.0.113.5")
    assert [each["object"] for each in refused] == ["doctor"]
    assert _lines(house, action="refusal", address="203.0.113.5") == []


def test_the_password_is_nowhere(house: House) -> None:
    house.grant("doctor", "swordfish-77")
    whole = house.ask("GET", "/api/audit", house.admin).text
    assert "swordfish-77" not in whole
    assert PASSWORD not in whole


def test_refusals_of_nobody_are_counted_and_not_listed(house: House) -> None:
    address = {"X-Forwarded-For": "203.0.113.6"}
    for number in range(50):
        answer = house.ask("GET", f"/dicom-web/studies/1.2.{number}", headers=address)
        assert answer.status_code == 401
    found = _lines(house, action="refusal", address="203.0.113.6")
    assert len(found) <= 2
    assert sum(each["count"] for each in found) == 50
    assert {(each["actor"], each["kind"], each["studyUid"]) for each in found} == {("", "401", "")}


def test_a_missing_permission_is_told_with_the_study(house: House) -> None:
    dataset = house.store()
    path = f"/dicom-web/studies/{dataset.StudyInstanceUID}"
    assert house.ask("DELETE", path, house.token("doctor")).status_code == 403
    (found,) = _lines(house, action="refusal", study=dataset.StudyInstanceUID)
    assert (found["actor"], found["kind"], found["outcome"]) == ("doctor", "403", "refused")
    assert found["object"] == "DELETE /dicom-web/studies/{study}"
    assert _lines(house, action="delete", study=dataset.StudyInstanceUID) == []


def test_a_study_behind_a_share_link_is_a_refusal(house: House) -> None:
    own, other = house.store(), house.store()
    token = house.share(own.StudyInstanceUID)
    for dataset, status in ((own, 200), (other, 404)):
        path = f"/dicom-web/studies/{dataset.StudyInstanceUID}/metadata"
        assert house.ask("GET", path, token).status_code == status
    (refused,) = _lines(house, action="refusal", study=other.StudyInstanceUID)
    (seen,) = _lines(house, action="view", study=own.StudyInstanceUID)
    assert refused["kind"] == "404"
    assert refused["actor"] == seen["actor"] != ""


def test_what_does_not_exist_is_no_refusal_of_an_admin(house: House) -> None:
    assert house.ask("GET", "/dicom-web/studies/1.2.3.4/metadata", house.admin).status_code == 404
    assert _lines(house, study="1.2.3.4") == []


def test_changes_of_accounts_and_keys_are_told_once(house: House) -> None:
    made = _make(house, "passing", "doctor")
    path = f"/api/auth/users/{made['id']}"
    answer = house.ask("PATCH", path, house.admin, json={"role": "radiologist"})
    assert answer.status_code == 200
    assert house.ask("DELETE", path, house.admin).status_code == 204
    found = _lines(house, object="passing")
    assert [each["action"] for each in found] == ["account"] * 3
    assert {each["actor"] for each in found} == {"admin"}
    requested = {each["requestId"] for each in found}
    assert all(len(_lines(house, request=each)) == 1 for each in requested)


def test_forged_tokens_are_refusals(house: House) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer a.b.c"}
    answer = requests.get(f"{house.address}/dicom-web/studies", headers=headers, timeout=30)
    assert answer.status_code == 401
    (found,) = _lines(house, address="203.0.113.7")
    assert (found["action"], found["kind"]) == ("refusal", "401")
