"""Accounts, keys and links in the hands of admins."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.accounts.people import PASSWORD, House

SOON = 1.1


def _user(house: House, name: str) -> str:
    users = house.ask("GET", "/api/auth/users", house.admin).json()["data"]
    found: str = next(each["id"] for each in users if each["name"] == name)
    return found


def test_an_account_is_added_changed_and_removed(house: House) -> None:
    body = {"name": "new.one@example.org", "role": "doctor", "password": PASSWORD}
    answer = house.ask("POST", "/api/auth/users", house.admin, json=body)
    assert answer.status_code == 201
    path = f"/api/auth/users/{answer.json()['data']['id']}"
    token = house.token("new.one@example.org")
    assert house.ask("GET", "/metrics", token).status_code == 403
    assert house.ask("PATCH", path, house.admin, json={"role": "admin"}).status_code == 200
    time.sleep(SOON)
    assert house.ask("GET", "/metrics", token).status_code == 200
    assert house.ask("DELETE", path, house.admin).status_code == 204
    time.sleep(SOON)
    assert house.ask("GET", "/metrics", token).status_code == 401
    assert house.ask("DELETE", path, house.admin).status_code == 404


def test_lists_tell_no_password_and_no_hash(house: House) -> None:
    text = house.ask("GET", "/api/auth/users", house.admin).text
    assert "argon2" not in text
    assert "password" not in text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "doctor"}, 409),
        ({"name": "DOCTOR"}, 409),
        ({"name": "with blank"}, 400),
        ({"name": ""}, 400),
        ({"name": "a\0"}, 400),
        ({"role": "king"}, 400),
        ({"password": "short"}, 400),
        ({"password": "x" * 2000}, 400),
    ],
)
def test_a_wrong_account_is_refused(house: House, change: dict[str, str], status: int) -> None:
    body = {"name": "fresh", "role": "doctor", "password": PASSWORD, **change}
    assert house.ask("POST", "/api/auth/users", house.admin, json=body).status_code == status


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "doctor"}])
def test_the_last_admin_stays(house: House, change: dict[str, Any]) -> None:
    path = f"/api/auth/users/{_user(house, 'admin')}"
    assert house.ask("PATCH", path, house.admin, json=change).status_code == 409
    assert house.ask("DELETE", path, house.admin).status_code == 409


def test_a_closed_account_cannot_come_back_by_any_way(house: House) -> None:
    given = house.grant("closed").json()
    browser = house.browser("closed")
    path = f"/api/auth/users/{_user(house, 'closed')}"
    assert house.ask("PATCH", path, house.admin, json={"disabled": True}).status_code == 200
    time.sleep(SOON)
    assert house.ask("GET", "/api/auth/me", given["access_token"]).status_code == 401
    assert house.renew(given["refresh_token"]).status_code == 401
    assert browser.get(f"{house.address}/api/auth/me", timeout=30).status_code == 401
    assert house.grant("closed").status_code == 401


def test_a_key_may_what_it_was_given_until_it_is_revoked(house: House) -> None:
    made = house.made("keys", name="nightly", permissions=["radiology:view"])
    assert house.ask("GET", "/dicom-web/studies", made["key"]).status_code == 200
    assert house.ask("POST", "/dicom-web/studies", made["key"]).status_code == 403
    assert house.ask("GET", "/api/auth/keys", made["key"]).status_code == 403
    listed = house.ask("GET", "/api/auth/keys", house.admin).text
    assert made["key"] not in listed
    assert made["key"].split("_", 2)[2] not in listed
    assert house.ask("DELETE", f"/api/auth/keys/{made['id']}", house.admin).status_code == 204
    time.sleep(SOON)
    assert house.ask("GET", "/dicom-web/studies", made["key"]).status_code == 401


def test_a_key_is_not_kept_in_the_database(house: House) -> None:
    secret = house.key("radiology:view").split("_", 2)[2].encode()
    folder = house.server.data_dir
    kept = b"".join(path.read_bytes() for path in folder.glob("index.sqlite*"))
    assert kept
    assert secret not in kept
    assert PASSWORD.encode() not in kept


def test_a_key_expires(house: House) -> None:
    end = datetime.now(UTC) + timedelta(seconds=5)
    said = {"name": "short", "permissions": ["radiology:view"], "expires": end.isoformat()}
    made = house.made("keys", **said)
    assert house.ask("GET", "/dicom-web/studies", made["key"]).status_code == 200
    time.sleep(end.timestamp() - time.time() + 0.1)
    assert house.ask("GET", "/dicom-web/studies", made["key"]).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"name": "k", "permissions": []},
        {"name": "k", "permissions": ["radiology:everything"]},
        {"name": "k", "permissions": ["public"]},
        {"name": "", "permissions": ["radiology:view"]},
        {"name": "k", "permissions": ["radiology:view"], "expires": "2020-01-01T00:00:00Z"},
        {"name": "k", "permissions": ["radiology:view"], "expires": "2090-01-01T00:00:00Z"},
    ],
)
def test_a_wrong_key_is_refused(house: House, body: dict[str, Any]) -> None:
    assert house.ask("POST", "/api/auth/keys", house.admin, json=body).status_code == 400


def test_a_key_gives_no_more_than_its_maker_has(house: House) -> None:
    limited = house.key("radiology:manage")
    body = {"name": "more", "permissions": ["radiology:view"]}
    assert house.ask("POST", "/api/auth/keys", limited, json=body).status_code == 403


def test_a_link_to_a_study_that_is_not_here_is_refused(house: House) -> None:
    for study, status in (("1.2.3.4", 404), ("no uid", 400), ("", 400)):
        body = {"studyInstanceUid": study}
        assert house.ask("POST", "/api/auth/shares", house.admin, json=body).status_code == status


@pytest.mark.parametrize("role", ["admin", "doctor"])
def test_a_key_for_managing_makes_itself_no_account(house: House, role: str) -> None:
    key = house.key("radiology:manage")
    body = {"name": f"by.key.{role}", "role": role, "password": PASSWORD}
    assert house.ask("POST", "/api/auth/users", key, json=body).status_code == 403
    doctor = f"/api/auth/users/{_user(house, 'doctor')}"
    for change in ({"password": "another horse"}, {"role": role}, {"disabled": False}):
        assert house.ask("PATCH", doctor, key, json=change).status_code == 403
    assert house.ask("GET", "/api/auth/users", key).status_code == 200


def test_nobody_shares_what_is_closed_to_them(house: House) -> None:
    body = {"studyInstanceUid": house.datasets[0].StudyInstanceUID}
    key = house.key("radiology:manage")
    assert house.ask("POST", "/api/auth/shares", key, json=body).status_code == 403
    key = house.key("radiology:manage", "radiology:view")
    assert house.ask("POST", "/api/auth/shares", key, json=body).status_code == 201


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 101, "\0"])
def test_a_key_has_a_name_in_one_line(house: House, name: str) -> None:
    body = {"name": name, "permissions": ["radiology:view"]}
    answer = house.ask("POST", "/api/auth/keys", house.admin, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("name: ")


@pytest.mark.parametrize("what", ["users", "keys", "shares"])
@pytest.mark.parametrize("id", ["x", "%00", "%F0%9F", "..%2F", "a" * 3000])
def test_an_odd_id_is_unknown(house: House, what: str, id: str) -> None:
    answer = house.ask("DELETE", f"/api/auth/{what}/{id}", house.admin)
    assert answer.status_code == 404
