"""Routes and their permissions, without a server: who is refused, and how."""

from typing import Any

import pytest
from loops import finished
from starlette.responses import Response

from dicomweb.access.guard import anonymous, demand, route, unguarded
from dicomweb.access.permissions import ANONYMOUS_ADMIN, NOBODY, ROLES, Permission, Principal
from dicomweb.addresses import Addresses
from dicomweb.errors import Forbidden, NotFound, Unauthorized
from dicomweb.settings import Settings

DOCTOR = Principal("doctor", ROLES["doctor"], role="doctor")
LINK = Principal("share", ROLES["doctor"], frozenset({"1.2"}))


async def _handler(request: Any) -> Response:
    return Response("yes")


def _status(entry: Any, principal: Principal, **parameters: str) -> int:
    found: list[int] = []

    async def send(message: Any) -> None:
        found.append(message.get("status", 0))

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [],
        "principal": principal,
        "path_params": parameters,
    }
    finished(entry.handle(scope, receive, send))
    return found[0]


def test_the_roles_are_those_of_the_contract() -> None:
    granted = {role: set(Principal(role, found).granted) for role, found in ROLES.items()}
    everything = {f"radiology:{name}" for name in _NAMES}
    assert granted["admin"] == everything
    assert granted["radiology_tech"] == everything - {"radiology:manage"}
    assert granted["radiologist"] == {
        f"radiology:{name}" for name in ("view", "edit", "annotate", "report")
    }
    assert granted["doctor"] == {"radiology:view"}


_NAMES = ("view", "create", "edit", "upload", "annotate", "report", "manage")


@pytest.mark.parametrize("permission", list(Permission))
def test_nobody_may_what_is_public(permission: Permission) -> None:
    assert NOBODY.may(permission) == (permission is Permission.PUBLIC)


def test_a_permission_is_401_for_nobody_and_403_for_somebody() -> None:
    entry = route("GET", "/", _handler, Permission.MANAGE)
    with pytest.raises(Unauthorized):
        _status(entry, NOBODY)
    with pytest.raises(Forbidden):
        _status(entry, DOCTOR)
    assert _status(route("GET", "/", _handler, Permission.KNOWN), DOCTOR) == 200


def test_a_limited_principal_reaches_what_says_so_and_its_own_study() -> None:
    open_, closed = (
        route("GET", "/", _handler, Permission.VIEW, narrows=narrows) for narrows in (True, False)
    )
    assert _status(open_, LINK) == 200
    assert _status(open_, LINK, study="1.2") == 200
    with pytest.raises(NotFound):
        _status(open_, LINK, study="1.3")
    with pytest.raises(NotFound):
        _status(closed, LINK, study="1.3")
    with pytest.raises(Forbidden):
        _status(closed, LINK)
    assert _status(route("GET", "/", _handler, Permission.PUBLIC), LINK) == 200


def test_a_principal_without_any_study_sees_none() -> None:
    empty = Principal("share", ROLES["doctor"], frozenset())
    assert not empty.sees("")
    with pytest.raises(NotFound):
        _status(route("GET", "/", _handler, Permission.VIEW, narrows=True), empty, study="1.2")


def test_what_was_wrong_with_the_token_is_told_where_it_matters() -> None:
    scope = {"principal": NOBODY, "refusal": Unauthorized("expired")}
    with pytest.raises(Unauthorized, match="expired"):
        demand(scope, Permission.VIEW)
    demand(scope, Permission.PUBLIC)


def test_a_plain_route_is_found() -> None:
    from starlette.routing import Route

    assert unguarded([Route("/open", _handler)]) == ["/open"]


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://h:8080"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://h:8080"}, True),
        ({"origin": "https://viewer.example", "sec-fetch-site": "cross-site"}, True),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://h:9090", "sec-fetch-site": "same-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_without_logins_a_strangers_page_still_changes_nothing(
    headers: dict[str, str], known: bool
) -> None:
    settings = Settings(cors_origins=("https://viewer.example",))
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "server": ("h", 8080),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()]
        + [(b"host", b"h:8080")],
        "state": {"settings": settings, "addresses": Addresses(settings, "/dicom-web")},
    }
    assert anonymous({**scope, "method": "GET"}) is ANONYMOUS_ADMIN
    assert (anonymous({**scope, "method": "POST"}) is ANONYMOUS_ADMIN) == known


@pytest.mark.parametrize(
    ("host", "known"),
    [
        *(("127.0.0.1:8080", True), ("localhost:8080", True), ("[::1]:8080", True)),
        *(("10.0.0.7", True), ("lightbox:8080", True), ("a.localhost", True), ("", True)),
        *(("pacs.example", True), ("PACS.example.:443", True), ("evil.example:8080", False)),
        *(("127.0.0.1.evil.example", False), ("localhost.evil.example", False)),
        *(("[::1", False), ("evil.pacs.example", False), ("evil.example.", False)),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_logins_a_browser_comes_by_no_strangers_name(
    host: str, known: bool, method: str
) -> None:
    """DNS rebinding: the page of evil.example, whose name means 127.0.0.1 by now."""
    settings = Settings(public_url="https://pacs.example/archive")
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "method": method,
        "headers": [(b"host", host.encode()), (b"accept-language", b"en")],
        "state": {"settings": settings, "addresses": Addresses(settings, "/dicom-web")},
    }
    assert (anonymous(scope) is ANONYMOUS_ADMIN) == known
    program = {**scope, "headers": scope["headers"][:1]}
    assert anonymous(program) is ANONYMOUS_ADMIN
    scope["state"]["settings"] = Settings(allow_anonymous=True)
    assert anonymous(scope) is ANONYMOUS_ADMIN
