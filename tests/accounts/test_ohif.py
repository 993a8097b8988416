"""OHIF in a real browser when somebody has to log in, or follows a share link."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
import samples
from chromium import RETURNING, Tab, launched
from clients import body_of
from engines import missing
from playwright.sync_api import Browser, BrowserContext

from extensions.viewer.build import FETCHED, find
from tests.accounts.people import PASSWORD, House


@pytest.fixture(scope="module")
def study(house: House) -> str:
    """Three slices of a CT."""
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    files = sorted((samples.folder() / "ct-series").glob("*.dcm"))[:3]
    body, kind = body_of([file.read_bytes() for file in files])
    headers = {"Content-Type": kind}
    house.ask("POST", "/dicom-web/studies", house.admin, data=body, headers=headers)
    found: Any = pydicom.dcmread(Path(files[0]), stop_before_pixels=True)
    return str(found.StudyInstanceUID)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window without any cookie."""
    context = browser.new_context(viewport={"width": 1100, "height": 700})
    context.add_init_script(RETURNING)
    yield context
    context.close()


def test_a_share_link_shows_its_study(house: House, study: str, context: BrowserContext) -> None:
    tab = Tab(context.new_page(), house.address)
    tab.open(f"/share/{house.share(study)}")
    tab.wait_for_picture()
    assert "/share/" not in tab.page.url
    tab.picture("share")
    assert tab.problems == []
    context.clear_cookies()  # and what OHIF does when it is refused
    tab.page.evaluate("window.config.httpErrorHandler({status: 401})")
    tab.page.wait_for_url("**/login?next=*")


def test_who_has_not_logged_in_does_and_comes_back_to_the_study(
    house: House, study: str, context: BrowserContext
) -> None:
    tab = Tab(context.new_page(), house.address)
    path = f"/viewer/viewer?StudyInstanceUIDs={study}"
    tab.open(path)
    assert "/login?next=" in tab.page.url
    tab.page.locator("input[name=username]").fill("doctor")
    tab.page.locator("input[name=password]").fill(PASSWORD)
    tab.page.locator("input[name=password]").press("Enter")
    tab.wait_for_picture()
    assert tab.page.url == house.address + path
    assert tab.problems == []
