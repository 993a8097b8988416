"""People log in at a certified provider, and to our pages with it: by its forms, in Chromium."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pydicom
import pytest
import requests
import samples
from chromium import RETURNING, Tab, launched
from clients import body_of
from engines import missing
from playwright.sync_api import Browser
from servers import Server, running

from extensions.viewer.build import FETCHED, find
from tests.oidc.certified import free_port, real
from tests.oidc.coming import HTML, log_in, settings

ROLES = {"OIDC_ROLES": "pacs-admins=admin,radiology=radiologist"}
SECRET = {"OIDC_CLIENT_SECRET": "its secret: +&%"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("certified")
    asking = {"OIDC_LOGIN_SCOPES": "profile offline_access", **ROLES, **SECRET}
    with (
        running(folder, **settings(issuer, **asking)) as server,
        real(port, LIGHTBOX=server.address, ACCESS="6"),
    ):
        yield server


def _me(server: Server, browser: requests.Session) -> dict[str, Any]:
    answer = browser.get(f"{server.address}/api/auth/me", timeout=30)
    found: dict[str, Any] = answer.json().get("data", {})
    return found


def test_a_person_logs_in_is_renewed_and_logs_out_everywhere(server: Server) -> None:
    browser, page = log_in(server.address, "ann", "/api/auth/me")
    assert page.url == f"{server.address}/api/auth/me"
    me = _me(server, browser)
    assert (me["name"], me["role"]) == ("ann", "radiologist")
    assert browser.get(f"{server.root}/studies", timeout=30).status_code == 200
    time.sleep(6.1)  # its access token has ended, and is renewed
    assert _me(server, browser)["name"] == "ann"
    url = f"{server.address}/api/auth/logout"
    own = {**HTML, "Sec-Fetch-Site": "same-origin"}
    left = browser.post(url, data={"csrf": me["csrf"]}, headers=own, timeout=30)
    assert left.status_code == 200
    onwards = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', left.text)
    assert onwards
    assert "/session/end?id_token_hint=" in onwards[1]
    assert _me(server, browser) == {}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Browser, server: Server) -> Iterator[Tab]:
    """A window without any cookie."""
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    context.add_init_script(RETURNING)
    yield Tab(context.new_page(), server.address)
    context.close()


def _through(tab: Tab, name: str) -> None:
    """The forms of oidc-provider; whatever font they ask the internet for is not there."""
    tab.page.route("**/fonts.googleapis.com/**", lambda route: route.abort())
    tab.page.locator("input[name=login]").fill(name)
    tab.page.locator("input[name=password]").fill("x")
    tab.page.locator("button[type=submit]").click()
    tab.page.get_by_role("button", name="Continue").click()
    tab.page.wait_for_url(f"{tab.address}/**")
    tab.problems.clear()  # those of the provider's pages


def test_a_browser_logs_in_and_out_at_the_provider(server: Server, tab: Tab) -> None:
    tab.open("/?q=nothing")
    _through(tab, "admin")
    assert tab.page.url == f"{server.address}/?q=nothing"
    tab.shows("admin")
    tab.picture("oidc-studies")
    tab.open("/accounts")
    assert tab.problems == []
    tab.page.locator("form.who button").click()
    tab.page.wait_for_url("**/session/end?**")
    tab.page.get_by_role("button", name=re.compile("Yes")).click()
    tab.page.wait_for_url(f"{server.address}/login")
    tab.open("/")
    tab.page.locator("input[name=login]").wait_for()


def test_ohif_shows_a_study_to_who_logs_in(server: Server, tab: Tab) -> None:
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    files = sorted((samples.folder() / "ct-series").glob("*.dcm"))[:3]
    study = pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID
    browser, _ = log_in(server.address, "admin", "/api/auth/me")
    body, kind = body_of([file.read_bytes() for file in files])
    own = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    stored = browser.post(f"{server.root}/studies", data=body, headers=own, timeout=60)
    assert stored.status_code == 200
    path = f"/viewer/viewer?StudyInstanceUIDs={study}"
    tab.open(path)
    _through(tab, "ann")
    tab.wait_for_picture()
    assert tab.page.url == server.address + path
    assert tab.problems == []
