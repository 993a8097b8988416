"""The cookie of pages: how it is set, and what it does not prove alone."""

import time
from typing import Any

import pytest
import requests
from clients import body_of
from samples import make_instance

from tests.accounts.people import PASSWORD, PROXIED, House

HTML = {"Accept": "text/html,application/xhtml+xml"}
FORM = {"username": "doctor", "password": PASSWORD}


@pytest.fixture(scope="module")
def page(house: House) -> requests.Session:
    """A browser in which a radiology_tech is logged in."""
    return house.browser("radiology_tech")


def _csrf(house: House, page: requests.Session) -> str:
    found: str = page.get(f"{house.address}/api/auth/me", timeout=30).json()["data"]["csrf"]
    return found


def _store(house: House, page: requests.Session, **headers: str) -> int:
    body, kind = body_of([make_instance()])
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{house.address}/dicom-web/studies"
    answer = page.post(url, data=body, headers={"Content-Type": kind, **named}, timeout=30)
    return answer.status_code


@pytest.mark.parametrize("proto", ["http", "https"])
def test_the_cookie_is_hidden_from_scripts_and_strangers(house: House, proto: str) -> None:
    headers = {"X-Forwarded-Proto": proto}
    answer = house.ask("POST", "/api/auth/session", json=FORM, headers=headers)
    (cookie,) = answer.headers["Set-Cookie"].split(", light")
    assert cookie.startswith("lightbox_session=")
    assert "; HttpOnly" in cookie
    assert "; SameSite=lax" in cookie
    assert ("; Secure" in cookie) == (proto == "https")


def test_the_cookie_opens_what_a_token_does(house: House, page: requests.Session) -> None:
    assert page.get(f"{house.address}/dicom-web/studies", timeout=30).status_code == 200
    assert page.get(f"{house.address}/metrics", timeout=30).status_code == 403
    assert house.ask("GET", "/dicom-web/studies").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_store_under_the_cookie_comes_from_our_pages(
    house: House, page: requests.Session, headers: dict[str, str], status: int
) -> None:
    assert _store(house, page, **headers) == status


def test_an_older_browser_says_so_by_origin(house: House, page: requests.Session) -> None:
    assert _store(house, page, Origin=house.address) == 200
    behind = {"X_Forwarded_Host": "pacs.example", "X_Forwarded_Proto": "https"}
    assert _store(house, page, Origin="https://pacs.example", **behind) == 200
    assert _store(house, page, Origin=house.address, **behind) == 403


def test_a_strangers_image_element_gets_nothing(house: House, page: requests.Session) -> None:
    study = house.datasets[0].StudyInstanceUID
    url = f"{house.address}/dicom-web/studies/{study}/thumbnail"
    strange = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert page.get(url, headers=strange, timeout=30).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}
    assert page.get(url, headers=own, timeout=30).status_code == 200


def test_a_change_carries_the_token_of_the_page(house: House) -> None:
    page = house.browser("admin")
    url = f"{house.address}/api/auth/keys"
    body = {"name": "page", "permissions": ["radiology:view"]}

    def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return page.post(
            url, json=body, headers={"Sec-Fetch-Site": "same-origin", **named}, timeout=30
        ).status_code

    assert status() == 403
    assert status(X_CSRF_Token="0" * 32) == 403
    assert status(X_CSRF_Token="\xe9") == 403
    other = _csrf(house, house.browser("admin"))
    assert status(X_CSRF_Token=other) == 403
    assert status(X_CSRF_Token=_csrf(house, page)) == 201


@pytest.mark.parametrize("kind", ["fields", "multipart"])
def test_a_form_carries_it_as_its_first_field(house: House, kind: str) -> None:
    def status(csrf: str) -> int:
        page = house.browser("doctor")
        value = _csrf(house, page) if csrf == "right" else csrf
        given: dict[str, Any] = {"data": {"csrf": value, "more": "x" * 100_000}}
        if kind == "multipart":
            file = ("f.bin", b"x" * 500_000)
            given = {"files": [("csrf", (None, value)), ("image", file)]}
        answer = page.post(
            f"{house.address}/api/auth/logout",
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=30,
            **given,
        )
        return answer.status_code

    assert status("right") == 204
    assert status("wrong") == 403
    assert status("") == 403


def test_logging_out_takes_the_cookie_away(house: House) -> None:
    page = house.browser("doctor")
    headers = {"X-CSRF-Token": _csrf(house, page), "Sec-Fetch-Site": "same-origin"}
    cookie = page.cookies["lightbox_session"]
    answer = page.post(f"{house.address}/api/auth/logout", headers=headers, timeout=30)
    assert answer.status_code == 204
    assert "lightbox_session" not in page.cookies
    page.cookies["lightbox_session"] = cookie
    time.sleep(1.1)
    assert page.get(f"{house.address}/api/auth/me", timeout=30).status_code == 401


@pytest.mark.parametrize(
    ("there", "where"),
    [
        ("/study/1.2?x=1", "/study/1.2?x=1"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_form_goes_on_to_a_page_of_ours_only(house: House, there: str, where: str) -> None:
    answer = house.ask("POST", "/api/auth/session", data={**FORM, "next": there}, headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, where)


def test_a_form_in_vain_goes_back_to_the_login_page(house: House) -> None:
    form = {**FORM, "username": "unknown", "next": "/a b"}
    headers = {**HTML, PROXIED: "198.51.100.20"}
    answer = house.ask("POST", "/api/auth/session", data=form, headers=headers)
    assert answer.headers["Location"] == "/login?failed=1&next=/a%20b"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nobody_logs_somebody_in_from_another_site(house: House, headers: dict[str, str]) -> None:
    answer = house.ask("POST", "/api/auth/session", data=FORM, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "cookie",
    [
        "lightbox_session=",
        "lightbox_session=x.y.z",
        "lightbox_session=" + "x" * 20_000,
        "lightbox_session=a; lightbox_session=b",
        "lightbox_share=x",
        "lightbox_session",
    ],
)
def test_a_cookie_that_is_none_of_ours_proves_nothing(house: House, cookie: str) -> None:
    answer = house.ask("GET", "/dicom-web/studies", headers={"Cookie": cookie})
    assert answer.status_code == 401
    assert house.ask("GET", "/health/live", headers={"Cookie": cookie}).status_code == 200


def test_a_bearer_token_is_no_cookie_and_a_cookie_no_token(house: House) -> None:
    token = house.token("doctor")
    cookie = {"Cookie": f"lightbox_session={token}"}
    assert house.ask("GET", "/dicom-web/studies", headers=cookie).status_code == 401
    page = house.browser("doctor")
    assert (
        house.ask("GET", "/dicom-web/studies", page.cookies["lightbox_session"]).status_code == 401
    )


def test_who_asks_for_a_page_is_led_to_the_login_page_if_there_is_one(house: House) -> None:
    answer = house.ask("GET", "/viewer/viewer?StudyInstanceUIDs=1.2", headers=HTML)
    if answer.status_code == 303:
        wanted = "/login?next=/viewer/viewer%3FStudyInstanceUIDs%3D1.2"
        assert answer.headers["Location"] == wanted
    else:
        assert answer.status_code == 401
    for path in ("/dicom-web/studies", "/api/auth/me", "/metrics"):
        assert house.ask("GET", path, headers=HTML).status_code == 401
