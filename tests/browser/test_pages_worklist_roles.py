"""The worklist of people who log in: what each role sees and may do."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from chromium import Tab, press
from orders import drop, ordered, png, rows, said
from playwright.sync_api import Browser, expect
from servers import Server, running

PASSWORD = "correct horse"
ROLES = ("admin", "radiologist", "radiology_tech", "doctor")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("hospital")
    for role in ROLES:
        command = [sys.executable, "-m", "dicomweb.cli", "user", "add", role, "--role", role]
        command += ["--password-stdin", "--data-dir", str(data)]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
    with running(data, DICOMWEB_AUTH="local") as server:
        yield server


def _logged_in(browser: Browser, server: Server, name: str) -> Tab:
    tab = Tab(
        browser.new_context(viewport={"width": 1440, "height": 900}).new_page(), server.address
    )
    tab.open("/login?next=/worklist")
    tab.page.get_by_label("Name").fill(name)
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Log in").click()
    tab.page.wait_for_url("**/worklist")
    return tab


def _token(server: Server) -> dict[str, str]:
    fields = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    answer = requests.post(f"{server.address}/api/auth/token", data=fields, timeout=30)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_each_role_sees_what_it_may_do(browser: Browser, hospital: Server) -> None:
    order = ordered(hospital, _token(hospital), patientName="Seen^By")
    expected = {
        "radiology_tech": {
            "New order": 1,
            "Patient has arrived": 1,
            "Add images": 1,
            "Delete …": 0,
        },
        "radiologist": {"New order": 0, "Patient has arrived": 1, "Add images": 0, "Delete …": 0},
        "doctor": {"New order": 0, "Patient has arrived": 0, "Add images": 0, "Delete …": 0},
        "admin": {"New order": 1, "Patient has arrived": 1, "Add images": 1, "Delete …": 1},
    }
    for role, buttons in expected.items():
        tab = _logged_in(browser, hospital, role)
        first = "To read" if role == "radiologist" else "To examine"
        expect(tab.page.locator(".tabs > [aria-current]")).to_contain_text(first)
        assert tab.page.get_by_role("link", name="New order").count() == buttons["New order"]
        tab.open(f"/orders/{order['id']}")
        for name in ("Patient has arrived", "Add images", "Delete …"):
            found = tab.page.get_by_role("button", name=name, exact=True).count()
            assert found == buttons[name], (role, name)
        assert tab.problems == []
        tab.page.context.close()


def test_with_a_login_one_takes_studies_and_drops_images(
    browser: Browser, hospital: Server
) -> None:
    order = ordered(hospital, _token(hospital), patientId="P-5", patientName="To^Take")
    tab = _logged_in(browser, hospital, "radiology_tech")
    tab.open(f"/orders/{order['id']}")
    drop(tab, {"photo.png": png()})
    tab.page.locator('[data-upload="copy"]').wait_for()
    tab.page.get_by_role("button", name="Show the order").click()
    tab.page.get_by_role("button", name="Complete").click()
    said(tab, "completed now")
    assert tab.problems == []
    tab.page.context.close()
    tab = _logged_in(browser, hospital, "radiologist")
    row = rows(tab).filter(has_text="To, Take")
    row.get_by_role("button", name="Take").click()
    said(tab, "it is yours to read now")
    tab.page.get_by_label("Assigned to").select_option("me")
    expect(rows(tab)).to_have_count(1)
    tab.picture("pages-worklist-mine")
    press(tab.page, "ArrowDown")
    press(tab.page, "r")
    tab.page.wait_for_url("**/report")
    tab.shows("Findings")
    assert tab.problems == []
    tab.page.context.close()
