"""The whole server behind OpenID: our own issuer, and a certified provider from npm."""

import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from clients import body_of
from samples import make_instance
from servers import Server, running

from tests.accounts.people import bearer
from tests.oidc.certified import free_port, real
from tests.oidc.issuing import AUDIENCE, Issuer, issuing

APART = 5.2  # keys are fetched no more often


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def guarded(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("oidc"), **_settings(issuer.address)) as server:
        yield server


def _settings(issuer: str) -> dict[str, str]:
    return {
        "DICOMWEB_AUTH": "oidc",
        "DICOMWEB_OIDC_ISSUER": issuer,
        "DICOMWEB_OIDC_AUDIENCE": AUDIENCE,
    }


def _search(server: Server, token: str) -> int:
    return requests.get(f"{server.root}/studies", headers=bearer(token), timeout=30).status_code


def _store(server: Server, token: str) -> int:
    body, kind = body_of([make_instance()])
    headers = {**bearer(token), "Content-Type": kind}
    return requests.post(
        f"{server.root}/studies", data=body, headers=headers, timeout=30
    ).status_code


def test_roles_of_the_provider_open_what_ours_do(guarded: Server, issuer: Issuer) -> None:
    doctor, tech = issuer.token(), issuer.token(roles=["radiology_tech"])
    assert (_search(guarded, doctor), _store(guarded, doctor)) == (200, 403)
    assert (_search(guarded, tech), _store(guarded, tech)) == (200, 200)
    assert _search(guarded, issuer.token(roles=[])) == 403
    assert _search(guarded, issuer.token(aud="other")) == 401
    assert requests.get(f"{guarded.root}/studies", timeout=30).status_code == 401


def test_a_remembered_token_still_expires(guarded: Server, issuer: Issuer) -> None:
    end = int(time.time()) + 5
    token = issuer.token(exp=end)
    assert _search(guarded, token) == 200
    time.sleep(end - time.time() + 0.1)
    assert _search(guarded, token) == 401


def test_keys_and_links_are_ours_with_a_provider_too(guarded: Server, issuer: Issuer) -> None:
    admin = bearer(issuer.token(roles=["admin"]))
    body = {"name": "script", "permissions": ["radiology:view"]}
    answer = requests.post(f"{guarded.address}/api/auth/keys", json=body, headers=admin, timeout=30)
    assert _search(guarded, answer.json()["data"]["key"]) == 200


def test_our_own_accounts_sleep(guarded: Server) -> None:
    form = {"grant_type": "password", "username": "admin", "password": "whatever it is"}
    answer = requests.post(f"{guarded.address}/api/auth/token", data=form, timeout=30)
    assert answer.status_code == 404


def test_a_token_becomes_the_cookie_of_a_page(guarded: Server, issuer: Issuer) -> None:
    page = requests.Session()
    url = f"{guarded.address}/api/auth/session"
    assert page.post(url, timeout=30).status_code == 401
    assert page.post(url, headers=bearer(issuer.token()), timeout=30).status_code == 200
    found = page.get(f"{guarded.address}/api/auth/me", timeout=30).json()["data"]
    assert (found["name"], found["role"]) == ("ann", "doctor")
    assert page.get(f"{guarded.root}/studies", timeout=30).status_code == 200


def _machine_token(issuer: str, scope: str) -> str:
    form = {"grant_type": "client_credentials", "scope": scope, "resource": AUDIENCE}
    answer = requests.post(
        f"{issuer}/token", data=form, auth=("modality", "modality-secret"), timeout=30
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_tokens_of_a_real_provider_and_the_rotation_of_its_keys(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, **_settings(f"http://127.0.0.1:{port}")) as server:
        with real(port) as address:
            reader = _machine_token(address, "dicom:read")
            writer = _machine_token(address, "dicom:read dicom:write")
            assert (_search(server, reader), _store(server, reader)) == (200, 403)
            assert (_search(server, writer), _store(server, writer)) == (200, 200)
            time.sleep(APART)
        # The same provider with other keys, and another algorithm, as after a rotation.
        with real(port, ALG="ES256") as address:
            rotated = _machine_token(address, "dicom:read")
            assert (_search(server, rotated), _store(server, rotated)) == (200, 403)
            assert _search(server, rotated[:-4] + "AAAA") == 401


def test_a_short_token_of_a_real_provider_expires(tmp_path: Path) -> None:
    with real(free_port(), TTL="6") as address, running(tmp_path, **_settings(address)) as server:
        token = _machine_token(address, "dicom:read")
        end = jwt.decode(token, options={"verify_signature": False})["exp"]
        assert _search(server, token) == 200
        time.sleep(end - time.time() + 0.1)
        assert _search(server, token) == 401
