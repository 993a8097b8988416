"""A browser logs in at a provider, rightly and forged in every way."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import Any

import jwt
import pytest
import requests
from servers import Server, running

from tests.oidc.coming import CLIENT, Coming, answer_of, identity, settings
from tests.oidc.issuing import Issuer, issuing


@pytest.fixture(scope="module")
def provider() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def server(provider: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("flow")
    with running(folder, **settings(provider.address)) as server:
        yield server


@pytest.fixture
def issuer(provider: Issuer) -> Issuer:
    """The shared provider as it was at first."""
    provider.forms, provider.userinfo, provider.answer = [], {}, 500
    return provider


def _half(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_the_browser_is_sent_to_the_provider_with_pkce(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    assert coming.begun.status_code == 303
    assert coming.begun.headers["Location"].startswith(f"{issuer.address}/authorize?tenant=1&")
    asked = coming.asked
    assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
    assert (asked["scope"], asked["code_challenge_method"]) == ("openid profile", "S256")
    assert asked["redirect_uri"] == f"{server.address}/api/auth/oidc/callback"
    cookie = coming.begun.headers["Set-Cookie"]
    for said in ("HttpOnly", "SameSite=lax", "Path=/api/auth/oidc", "Max-Age=600"):
        assert said in cookie
    assert not any(asked[secret] in cookie for secret in ("state", "nonce", "code_challenge"))


def test_a_code_becomes_the_cookie_of_a_page(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming)
    back = coming.back()
    assert (back.status_code, back.headers["Location"]) == (303, "/studies/1.2")
    (form,) = issuer.forms
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (challenge, form["code"]) == (coming.asked["code_challenge"], "a-code")
    assert (form["redirect_uri"], form["client_id"]) == (coming.asked["redirect_uri"], CLIENT)
    me = coming.me()
    assert (me["name"], me["role"], len(me["csrf"])) == ("ann", "doctor", 32)
    assert list(coming.browser.cookies.keys()) == ["lightbox_session"]


@pytest.mark.parametrize(
    ("next", "where"),
    [
        ("/a?b=c&d#e", "/a?b=c&d#e"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("/" + "x" * 3000, "/"),
        ("", "/"),
    ],
)
def test_it_leads_to_a_page_of_ours_only(
    server: Server, issuer: Issuer, next: str, where: str
) -> None:
    coming = Coming(server, next)
    issuer.answer = answer_of(issuer, coming)
    assert coming.back().headers["Location"] == where


def test_roles_are_of_the_access_token_where_it_is_for_us(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    access = issuer.token(roles=["radiologist"], preferred_username=None)
    named = identity(issuer, coming, roles=["admin"], at_hash=_half(access))
    issuer.answer = answer_of(issuer, coming, access_token=access, id_token=named)
    assert coming.back().status_code == 303
    assert (coming.me()["role"], coming.me()["name"]) == ("radiologist", "ann")


def test_roles_are_else_of_what_the_provider_tells_of_a_user(
    server: Server, issuer: Issuer
) -> None:
    coming = Coming(server)
    issuer.userinfo = {"sub": "u-1", "groups": ["radiology_tech"], "scope": "dicom:delete"}
    access = issuer.token(aud="somebody else", roles=["admin"])
    bare = identity(issuer, coming, roles=None)
    issuer.answer = answer_of(issuer, coming, id_token=bare, access_token=access)
    assert coming.back().status_code == 303
    assert coming.me()["role"] == "radiology_tech"
    assert "radiology:manage" not in coming.me()["permissions"]


STRANGE: dict[str, Callable[[Coming], dict[str, Any]]] = {
    "other state": lambda coming: {"state": "0" * 64},
    "state with the right beginning": lambda coming: {"state": coming.asked["state"][:16] + "0"},
    "no state": lambda coming: {"state": None},
    "state that is no text": lambda coming: {"state": "\u20ac" * 20},
    "huge state": lambda coming: {"state": coming.asked["state"] * 50},
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_callback_that_nobody_began_is_refused(server: Server, issuer: Issuer, name: str) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming)
    back = coming.back(**STRANGE[name](coming))
    assert back.status_code == 403
    assert issuer.forms == []
    assert coming.me() == {}


def test_a_login_is_of_the_browser_that_began_it(server: Server, issuer: Issuer) -> None:
    coming, other = Coming(server), Coming(server)
    issuer.answer = answer_of(issuer, coming)
    assert other.back(state=coming.asked["state"]).status_code == 403
    coming.browser.cookies.clear()
    back = coming.back()
    assert back.status_code == 403
    assert "Try again" in back.text
    assert issuer.forms == []


def test_a_cookie_of_another_login_is_none_of_this_one(server: Server, issuer: Issuer) -> None:
    """Its name says which login it is of; what it says must agree."""
    coming, other = Coming(server), Coming(server)
    issuer.answer = answer_of(issuer, coming)
    (mine,), (theirs,) = coming.browser.cookies, other.browser.cookies
    mine.value = theirs.value
    coming.browser.cookies.set_cookie(mine)
    assert coming.back().status_code == 403


def test_a_callback_is_good_once(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming)
    assert coming.back().status_code == 303
    assert coming.back().status_code == 403
    assert len(issuer.forms) == 1


def test_two_tabs_log_in_at_once(server: Server, issuer: Issuer) -> None:
    first = Coming(server)
    second = Coming(server)
    second.browser.cookies.update(first.browser.cookies)
    first.browser.cookies = second.browser.cookies
    for each in (first, second):
        issuer.answer = answer_of(issuer, each)
        assert each.back().status_code == 303


def test_logins_that_nobody_ends_fill_no_browser(server: Server) -> None:
    coming = Coming(server)
    for _ in range(30):
        coming.get("login", next="/" + "x" * 1000)
    assert len(coming.browser.cookies) <= 8


WRONG: dict[str, Callable[[Issuer, Coming], Any]] = {
    "other nonce": lambda issuer, coming: identity(issuer, coming, nonce="0" * 64),
    "no nonce": lambda issuer, coming: identity(issuer, coming, nonce=None),
    "nonce that is no text": lambda issuer, coming: identity(issuer, coming, nonce=[1]),
    "other audience": lambda issuer, coming: identity(issuer, coming, aud="urn:dicomweb"),
    "two audiences": lambda issuer, coming: identity(issuer, coming, aud=[CLIENT, "other"]),
    "for another client": lambda issuer, coming: identity(issuer, coming, azp="other"),
    "other issuer": lambda issuer, coming: identity(issuer, coming, iss="http://127.0.0.1:1"),
    "expired": lambda issuer, coming: identity(issuer, coming, exp=int(time.time()) - 1),
    "nobody's": lambda issuer, coming: identity(issuer, coming, sub=None),
    "other access token": lambda issuer, coming: identity(issuer, coming, at_hash=_half("other")),
    "hash that is none": lambda issuer, coming: identity(issuer, coming, at_hash=1),
    "an access token": lambda issuer, coming: issuer.token(aud=CLIENT, nonce=coming.asked["nonce"]),
    "hmac": lambda issuer, coming: jwt.encode(
        issuer.claims(aud=CLIENT, nonce=coming.asked["nonce"]), "x" * 32, "HS256"
    ),
    "none": lambda issuer, coming: jwt.encode(
        issuer.claims(aud=CLIENT, nonce=coming.asked["nonce"]), None, "none"
    ),
    "a word": lambda issuer, coming: "word",
    "a number": lambda issuer, coming: 5,
    "missing": lambda issuer, coming: None,
}


@pytest.mark.parametrize("name", WRONG)
def test_an_id_token_that_is_not_right_logs_nobody_in(
    server: Server, issuer: Issuer, name: str
) -> None:
    coming = Coming(server)
    token = WRONG[name](issuer, coming)
    issuer.answer = answer_of(issuer, coming, id_token=token)
    back = coming.back()
    assert back.status_code == 403
    assert "does not hold" in back.text
    assert "lightbox_session" not in coming.browser.cookies
    assert len(issuer.forms) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (500, 503),
        (302, 503),  # the code goes nowhere else
        ({"status": 400, "error": "invalid_grant", "error_description": "<b>secret</b>"}, 403),
        ({"status": 401, "error": "invalid_client"}, 503),
        ({"status": 400}, 503),
    ],
)
def test_what_the_provider_fails_with_is_not_repeated(
    server: Server, issuer: Issuer, answer: Any, status: int
) -> None:
    coming = Coming(server)
    issuer.answer = answer
    back = coming.back()
    assert back.status_code == status
    assert "secret" not in back.text
    assert "invalid" not in back.text
    assert back.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("error", "status"),
    [("access_denied", 403), ("temporarily_unavailable", 503), ("<script>", 503), ("", 503)],
)
def test_the_provider_may_say_no(server: Server, issuer: Issuer, error: str, status: int) -> None:
    coming = Coming(server, Accept="application/json")
    back = coming.back(code=None, error=error, error_description="<b>x</b>")
    assert back.status_code == status
    assert set(back.json()) == {"error", "message"}
    assert "<" not in back.text
    assert issuer.forms == []


def test_an_answer_of_another_provider_is_refused(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming)
    assert coming.back(iss="http://127.0.0.1:1").status_code == 403
    assert issuer.forms == []


def test_who_has_no_role_is_told_so(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.userinfo = {"sub": "u-1"}
    named = identity(issuer, coming, roles=["king"], preferred_username="<i>ann")
    issuer.answer = answer_of(issuer, coming, id_token=named)
    back = coming.back()
    assert back.status_code == 403
    assert "&lt;i&gt;ann has no role here" in back.text
    assert "again=1" in back.text


def test_failures_are_throttled_by_address(server: Server, issuer: Issuer) -> None:
    def attempt() -> int:
        coming = Coming(server, **{"X-Forwarded-For": "198.51.100.77"})
        return coming.back(error="access_denied").status_code

    statuses = list(takewhile(lambda status: status != 429, (attempt() for _ in range(60))))
    assert 30 <= len(statuses) <= 35  # thirty are free; then the waits begin
    assert set(statuses) == {403}


def test_a_person_is_led_to_the_provider_and_a_program_is_not(server: Server) -> None:
    page = requests.get(
        f"{server.address}/studies/1.2?x=1",
        headers={"Accept": "text/html"},
        allow_redirects=False,
        timeout=30,
    )
    where = "/api/auth/oidc/login?next=/studies/1.2%3Fx%3D1"
    assert (page.status_code, page.headers["Location"]) == (303, where)
    assert requests.get(f"{server.root}/studies", timeout=30).status_code == 401


def test_the_way_back_is_where_the_browser_came_from(server: Server) -> None:
    headers = {"X-Forwarded-Host": "pacs.example", "X-Forwarded-Proto": "https"}
    coming = Coming(server, **headers, **{"X-Forwarded-Prefix": "/imaging"})
    assert coming.asked["redirect_uri"] == "https://pacs.example/imaging/api/auth/oidc/callback"
    cookie = coming.begun.headers["Set-Cookie"]
    assert "Path=/imaging/api/auth/oidc" in cookie
    assert "; Secure" in cookie


def test_logins_and_refusals_are_in_the_trail(server: Server, issuer: Issuer) -> None:
    admin = {"Authorization": f"Bearer {issuer.token(roles=['admin'])}"}
    coming, forged = Coming(server), Coming(server)
    issuer.answer = answer_of(
        issuer, coming, id_token=identity(issuer, coming, preferred_username="in-the-trail")
    )
    coming.back()
    forged.back(error="access_denied")
    url = f"{server.address}/api/audit"
    found = requests.get(url, params={"action": "login"}, headers=admin, timeout=30).json()["data"]
    outcomes = [(each["actor"], each["outcome"]) for each in found[:2]]
    assert outcomes == [("", "refused"), ("in-the-trail", "success")]


def test_a_login_without_renewal_ends_with_its_token(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming, expires_in=6)
    coming.back()
    end = time.time() + 6
    assert coming.me()["name"] == "ann"
    time.sleep(end - time.time() + 0.1)
    assert coming.me() == {}


def test_renewal_brings_new_rights_and_the_end(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming, refresh_token="first")
    coming.back()
    assert coming.me()["role"] == "doctor"
    issuer.answer = {
        **answer_of(issuer, coming, refresh_token="second"),
        "id_token": identity(issuer, coming, roles=["admin"], nonce=None),
    }
    coming.hasten(due=-1, until=100)
    with ThreadPoolExecutor(12) as pool:  # a page asks for many things at once
        assert {each["role"] for each in pool.map(lambda _: coming.me(), range(12))} <= {
            "admin",
            "doctor",
        }
    time.sleep(1.1)  # who came meanwhile was answered by the old rights
    assert coming.me()["role"] == "admin"
    assert [each.get("refresh_token") for each in issuer.forms] == [None, "first"]
    issuer.answer = {"status": 400, "error": "invalid_grant"}
    coming.hasten(due=-1, until=100)
    assert coming.me() == {}
    assert issuer.forms[-1]["refresh_token"] == "second"


def test_a_silent_provider_ends_no_login_before_its_time(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming, refresh_token="first")
    coming.back()
    issuer.answer = 503
    coming.hasten(due=-1, until=100)
    assert coming.me()["name"] == "ann"
    coming.hasten(due=-2, until=-1)
    assert coming.browser.get(f"{server.root}/studies", timeout=30).status_code == 503


def test_somebody_else_is_not_who_is_renewed(server: Server, issuer: Issuer) -> None:
    coming = Coming(server)
    issuer.answer = answer_of(issuer, coming, refresh_token="first")
    coming.back()
    stranger = identity(issuer, coming, sub="u-2", roles=["admin"])
    issuer.answer = answer_of(issuer, coming, id_token=stranger)
    coming.hasten(due=-2, until=-1)
    assert coming.me() == {}
