"""Every route is tried by every kind of caller, as the route table has them."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from servers import running

from dicomweb.access.guard import unguarded
from dicomweb.access.permissions import Permission
from dicomweb.app import all_routes
from dicomweb.extension import load
from dicomweb.settings import Settings
from tests.accounts.matrix import CALLERS, KEY, Line, expected, lines, markdown, written
from tests.accounts.people import ROLES, House, bearer
from tests.oidc.issuing import AUDIENCE, Issuer, issuing

# The sentences of the guard: a handler may refuse too, for reasons of its own.
GUARDED = ("This needs the permission", "A share link opens", "A valid token is needed")
ABSENT = "1.2.3.4.5"
# Handlers of public paths that ask by themselves, and what ends the caller's login.
ASKING = ("/viewer/{path:path}", "/share/{token}")
LAST = "/api/auth/logout"


def path_of(line: Line, study: str) -> str:
    """The path with plausible values; nothing but `study` exists under them."""
    values = {"study": study, "series": ABSENT, "instance": ABSENT, "frames": "1", "path": "x"}

    def value(found: re.Match[str]) -> str:
        return values.get(found[1].partition(":")[0], str(uuid.uuid4()))

    return re.sub(r"\{([^}]+)\}", value, line.path)


def outcome(answer: requests.Response) -> int:
    """0 where the handler has answered, else the guard's status."""
    guarded = any(sentence in answer.text[:4000] for sentence in GUARDED)
    return answer.status_code if guarded and answer.status_code in (401, 403) else 0


def tried(house: House, token: str, line: Line, study: str = ABSENT) -> requests.Response:
    answer = house.ask(line.method, path_of(line, study), token, stream=True)
    answer._content = next(answer.iter_content(8192), b"")
    answer.close()
    return answer


@pytest.fixture(scope="module")
def tokens(house: House) -> dict[str, str]:
    study = house.datasets[0].StudyInstanceUID
    return {
        "nobody": "",
        **{role: house.token(role) for role in ROLES},
        "key": house.key(*(each.value for each in KEY)),
        "share": house.share(study),
    }


def _wrong(house: House, caller: str, token: str, some: list[Line]) -> list[str]:
    """The routes that did not answer as they should."""
    study = house.datasets[0].StudyInstanceUID if caller == "share" else ABSENT
    found = []
    for line in some:
        answer = tried(house, token, line, study)
        if answer.status_code >= 500 or outcome(answer) != expected(caller, line):
            found.append(f"{line.method} {line.path}: {answer.status_code} {answer.text[:100]}")
    return found


@pytest.mark.parametrize("caller", CALLERS)
def test_every_route_answers_every_caller_by_its_permission(
    house: House, tokens: dict[str, str], caller: str
) -> None:
    some = [line for line in lines() if line.path not in (*ASKING, LAST)]
    assert _wrong(house, caller, tokens[caller], some) == []
    answer = house.ask("POST", LAST, "" if caller == "nobody" else house.token("doctor"))
    assert answer.status_code == (401 if caller == "nobody" else 204)


def test_another_study_is_404_for_a_link_on_every_route(
    house: House, tokens: dict[str, str]
) -> None:
    other = house.datasets[1].StudyInstanceUID
    views = [each for each in lines() if each.permission is Permission.VIEW]
    for line in views:
        if "{study}" in line.path:
            answer = tried(house, tokens["share"], line, other)
            assert answer.status_code == 404, line.path


def test_public_is_only_what_has_to_be() -> None:
    public = {line.path.split("{")[0] for line in lines() if line.permission is Permission.PUBLIC}
    documents = {"/openapi.json", "/api-docs", "/api-docs/"}
    login = {"/login", "/share/", "/api/auth/token", "/api/auth/session"}
    login |= {"/api/auth/oidc/login", "/api/auth/oidc/callback"}
    files = {"/viewer", "/viewer/", "/static/", "/health/live", "/health/ready", "/dicom-web"}
    assert public <= documents | login | files


def test_the_whole_route_table_is_guarded() -> None:
    routes = all_routes(load(Settings.model_fields["extensions"].default))
    assert unguarded(routes) == []
    assert len(routes) > 60


def test_the_table_of_the_readme_is_the_tested_one() -> None:
    assert written() == markdown(), "python -m tests.accounts.matrix --write puts it there"


@contextmanager
def _with_provider(folder: Path) -> Iterator[tuple[House, Issuer]]:
    with issuing() as issuer:
        settings = {"AUTH": "oidc", "OIDC_ISSUER": issuer.address, "OIDC_AUDIENCE": AUDIENCE}
        named = {f"DICOMWEB_{name}": value for name, value in settings.items()}
        with running(folder, **named) as server:
            yield House(server), issuer


def test_the_same_holds_with_a_provider(tmp_path: Path) -> None:
    """One route of each kind: the guard is the same, only the token is another's."""
    kinds = {(line.permission, line.narrows, "{study}" in line.path): line for line in lines()}
    some = [line for line in kinds.values() if line.path not in (*ASKING, LAST)]
    with _with_provider(tmp_path) as (house, issuer):
        admin = issuer.token(roles=["admin"])
        body = {"name": "key", "permissions": [each.value for each in KEY]}
        made = house.ask("POST", "/api/auth/keys", admin, json=body).json()["data"]
        tokens = {"nobody": "", "key": made["key"]}
        tokens |= {role: issuer.token(roles=[role]) for role in ROLES}
        for caller, token in tokens.items():
            assert _wrong(house, caller, token, some) == []
        wrong = issuer.token(aud="somebody else")
        url = f"{house.address}/dicom-web/studies"
        assert requests.get(url, headers=bearer(wrong), timeout=30).status_code == 401
