"""Logging in, sharing and administration in a real browser, with accounts of our own."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import requests
import samples
from chromium import Tab
from playwright.sync_api import Browser, expect
from servers import Server, running

NewTab = Callable[[str], Tab]
PASSWORD = "correct horse"
ROLES = ("admin", "radiologist", "doctor")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with accounts: one of each of three roles, named after it."""
    data = tmp_path_factory.mktemp("hospital")
    for role in ROLES:
        command = [sys.executable, "-m", "dicomweb.cli", "user", "add", role, "--role", role]
        command += ["--password-stdin", "--data-dir", str(data)]
        subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)
    with running(data, DICOMWEB_AUTH="local") as server:
        yield server


@pytest.fixture
def own_tab(browser: Browser, hospital: Server) -> Iterator[Tab]:
    """A tab with cookies of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    tab = Tab(context.new_page(), hospital.address)
    yield tab
    problems = tab.problems
    context.close()
    assert problems == []


def _log_in(tab: Tab, name: str, password: str = PASSWORD) -> None:
    tab.page.get_by_label("Name").fill(name)
    tab.page.get_by_label("Password").fill(password)
    tab.page.get_by_role("button", name="Log in").click()


def _token(server: Server) -> dict[str, str]:
    fields = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    answer = requests.post(f"{server.address}/api/auth/token", data=fields, timeout=30)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _stored(server: Server, **values: object) -> str:
    """A new study; its Study Instance UID."""
    image = samples.make_image(**values)
    answer = requests.post(
        f"{server.root}/studies",
        data=samples.encode(image),
        headers={"Content-Type": "application/dicom", **_token(server)},
        timeout=60,
    )
    assert answer.ok, answer.text
    return str(image.StudyInstanceUID)


def test_who_is_not_known_logs_in_and_lands_where_they_wanted_to(
    own_tab: Tab, hospital: Server
) -> None:
    study = _stored(hospital, PatientName="Wanted^Page")
    own_tab.open(f"/studies/{study}")
    own_tab.page.wait_for_url("**/login?next=**")
    own_tab.picture("pages-login")
    _log_in(own_tab, "admin", "wrong")
    own_tab.shows("Name or password is wrong.")
    own_tab.picture("pages-login-wrong")
    expect(own_tab.page.get_by_label("Name")).to_have_value("admin")
    expect(own_tab.page.get_by_label("Password")).to_be_focused()
    own_tab.page.get_by_label("Password").fill(PASSWORD)
    own_tab.page.get_by_role("button", name="Log in").click()
    own_tab.page.wait_for_url(f"**/studies/{study}")
    own_tab.shows("Wanted, Page")
    own_tab.page.get_by_role("button", name="Log out").click()
    own_tab.page.wait_for_url("**/login")
    own_tab.page.go_back()  # what was read is not shown to the next one at this desk
    own_tab.page.wait_for_url("**/login?next=**")


def test_a_link_shows_its_one_study_and_nothing_else(
    own_tab: Tab, hospital: Server, browser: Browser
) -> None:
    page = own_tab.page
    _stored(hospital, PatientName="Shared^Sam")
    other = _stored(hospital, PatientName="Hidden^Hal")
    own_tab.open("/")
    _log_in(own_tab, "admin")
    page.get_by_role("link", name="Shared, Sam", exact=True).click()
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share this study")
    assert "Shared, Sam, 2 Jan 2024" in dialog.inner_text()
    dialog.get_by_label("For whom").fill("Dr. Guest")
    dialog.get_by_role("button", name="Make the link").click()
    shown = dialog.get_by_label("The link, shown this once")
    expect(shown).to_have_value(re.compile("^http"))
    link = shown.input_value()
    dialog.get_by_role("button", name="Copy the link").click()
    expect(dialog.locator("#said")).to_contain_text("The link is copied.")
    own_tab.picture("pages-share")

    context = browser.new_context()
    guest = Tab(context.new_page(), hospital.address)
    context.request.get(link, max_redirects=0)
    guest.open("/")
    assert guest.page.locator("#results tbody tr").count() == 1
    guest.shows("Shared, Sam")
    for name in ("Upload", "Audit", "Accounts"):
        assert guest.page.get_by_text(name, exact=True).count() == 0
    guest.page.get_by_role("link", name="Shared, Sam", exact=True).click()
    guest.page.locator(".series .card").first.click()
    guest.page.locator("#viewport").wait_for()
    guest.picture("pages-guest")
    assert guest.problems == []
    guest.open(f"/studies/{other}")
    guest.shows("Not found")
    context.close()

    own_tab.open("/accounts")
    row = page.locator("[data-list=shares] tr", has_text="Dr. Guest")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    own_tab.shows("The link is revoked.")


def test_nobody_sees_a_button_that_they_may_not_use(own_tab: Tab, hospital: Server) -> None:
    study = _stored(hospital, PatientName="Button^Less")
    own_tab.open("/")
    _log_in(own_tab, "doctor")
    expect(own_tab.page.locator("#results tbody tr").first).to_be_visible()
    own_tab.open(f"/studies/{study}")
    expect(own_tab.page.locator("#state")).to_have_text("completed")
    for name in ("Delete", "Share", "Upload", "Mark as"):
        assert own_tab.page.get_by_role("button", name=name).count() == 0
    own_tab.open(f"/studies/{study}/report")
    expect(own_tab.page.locator("#findings")).not_to_be_editable()
    for name in ("Save as preliminary", "Preview and sign"):
        assert own_tab.page.get_by_role("button", name=name).count() == 0
    own_tab.picture("pages-report-doctor")


def _until_refused(server: Server, bearer: dict[str, str]) -> None:
    """A key that was good may be remembered for some seconds."""
    for _ in range(100):
        answer = requests.get(f"{server.root}/studies", headers=bearer, timeout=30)
        if answer.status_code == 401:
            return
        time.sleep(0.2)
    raise AssertionError("The key is still good.")


def test_people_and_keys_are_made_and_ended(own_tab: Tab, hospital: Server) -> None:
    page = own_tab.page
    own_tab.open("/accounts")
    _log_in(own_tab, "admin")
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog", name="Add a person")
    dialog.get_by_label("Name").fill("nora")
    dialog.get_by_label("Role").select_option("radiologist")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Add").click()
    nora = page.locator("[data-list=users] tr", has_text="nora")
    nora.wait_for()
    page.get_by_role("button", name="Make a key").click()
    maker = page.get_by_role("dialog", name="Make an API key")
    maker.get_by_label("For what program").fill("night script")
    maker.get_by_role("button", name="Make the key").click()
    key = page.get_by_label("The key").input_value()
    bearer = {"Authorization": f"Bearer {key}"}
    assert requests.get(f"{hospital.root}/studies", headers=bearer, timeout=30).ok
    page.get_by_role("button", name="Close").last.click()
    own_tab.picture("pages-accounts")
    script = page.locator("[data-list=keys] tr", has_text="night script")
    script.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    own_tab.shows("The key of night script is revoked.")
    _until_refused(hospital, bearer)
    nora.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(nora).to_have_count(0)


def test_an_upload_whose_login_ends_goes_on_after_the_next_one(
    own_tab: Tab, hospital: Server
) -> None:
    own_tab.open("/")
    _log_in(own_tab, "admin")
    own_tab.page.locator("#results").wait_for()
    own_tab.page.context.clear_cookies()
    file = {"name": "late.dcm", "mimeType": "application/dicom"}
    own_tab.page.locator("#upload-files").set_input_files(
        {**file, "buffer": samples.make_instance(PatientName="Late^Lou")}
    )
    dialog = own_tab.page.get_by_role("dialog", name="Your login has ended")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in").click()
    own_tab.page.locator('[data-upload="state"]', has_text="1 image stored").wait_for()
    own_tab.problems = [each for each in own_tab.problems if "401" not in each]
