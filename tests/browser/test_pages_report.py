"""The report editor in a real browser: nothing that is typed is ever lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import samples
from chromium import Tab
from clients import store
from playwright.sync_api import Locator, Route, expect
from servers import Server, running

NewTab = Callable[[str], Tab]
HISTORY = "Fell from a ladder."


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with everything, and a template."""
    with running(tmp_path_factory.mktemp("ward")) as server:
        template = {
            "name": "CT head, plain",
            "modality": "CT",
            "content": "Technique:\nPlain CT.\n\nFindings:\nNo bleeding.\n\n"
            "Impression:\nNothing acute in {{patientName}}.",
        }
        address = f"{server.address}/api/radiology/report-templates"
        assert requests.post(address, json=template, timeout=30).status_code == 201
        yield server


@pytest.fixture
def patient(ward: Server) -> str:
    """A new study of a CT; its Study Instance UID."""
    image = samples.make_image(
        PatientName="Doe^Jane", PatientID="P-77", Modality="CT", StudyDescription="CT head"
    )
    assert store(ward, samples.encode(image)).status in (200, 202)
    return str(image.StudyInstanceUID)


@pytest.fixture
def tab(ward: Server, new_tab: NewTab) -> Tab:
    return new_tab(ward.address)


def _open(tab: Tab, study: str) -> None:
    tab.page.set_viewport_size({"width": 1440, "height": 900})
    tab.open(f"/studies/{study}/report")
    expect(_field(tab, "findings")).to_be_enabled()


def _field(tab: Tab, name: str) -> Locator:
    return tab.page.locator(f"#{name}")


def _saved(tab: Tab) -> None:
    tab.page.locator("#saved", has_text="Saved ").wait_for()


def _reports(server: Server, study: str) -> list[dict[str, Any]]:
    address = f"{server.address}/api/radiology/studies/{study}/reports"
    found: list[dict[str, Any]] = requests.get(address, timeout=30).json()["data"]
    return found


def test_a_draft_is_saved_by_itself_and_says_when(tab: Tab, ward: Server, patient: str) -> None:
    _open(tab, patient)
    _field(tab, "clinicalHistory").fill(HISTORY)
    _saved(tab)
    (draft,) = _reports(ward, patient)
    assert (draft["status"], draft["clinicalHistory"]) == ("draft", HISTORY)
    tab.page.reload()
    expect(_field(tab, "clinicalHistory")).to_have_value(HISTORY)


def test_from_a_template_to_a_signed_report_with_an_addendum(
    tab: Tab, ward: Server, patient: str
) -> None:
    page = tab.page
    _open(tab, patient)
    page.get_by_role("button", name="Insert").click()
    expect(_field(tab, "impression")).to_have_value("Nothing acute in Doe, Jane.")
    _field(tab, "findings").press("End")
    _field(tab, "findings").press_sequentially(" No fracture.")
    _saved(tab)
    page.get_by_role("button", name="Save as preliminary").click()
    expect(page.locator("#kind")).to_have_text("preliminary")
    tab.picture("pages-report")
    page.get_by_role("button", name="Preview and sign as final").click()
    preview = page.get_by_role("dialog", name="Report: Doe, Jane")
    assert "No bleeding. No fracture." in preview.inner_text()
    tab.picture("pages-report-preview")
    preview.get_by_role("button", name="Sign as final").click()
    expect(page.locator("#kind")).to_have_text("final")
    assert [each["status"] for each in _reports(ward, patient)] == ["final"]
    assert _field(tab, "findings").get_attribute("readonly") is not None
    pdf = page.get_by_role("link", name="PDF").get_attribute("href") or ""
    assert requests.get(tab.address + pdf, timeout=60).content.startswith(b"%PDF")
    page.get_by_role("button", name="Write an addendum").click()
    expect(_field(tab, "findings")).to_be_enabled()
    _field(tab, "findings").fill("The ladder was two metres high.")
    _saved(tab)
    page.get_by_role("button", name="Preview and sign as final").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign as final").click()
    expect(page.locator("#kind")).to_have_text("addendum, final")
    tab.picture("pages-report-addendum")
    kinds = {(each["reportType"], each["status"]) for each in _reports(ward, patient)}
    assert kinds == {("final", "final"), ("addendum", "final")}


def test_a_text_is_kept_as_a_template_for_the_next_report(tab: Tab, patient: str) -> None:
    page = tab.page
    _open(tab, patient)
    _field(tab, "findings").fill("Nothing in {{patientName}}.")
    _field(tab, "impression").fill("Normal.")
    page.get_by_role("button", name="Keep this text as a template").click()
    dialog = page.get_by_role("dialog", name="Keep this text as a template")
    dialog.get_by_label("Name").fill("Short and normal")
    tab.picture("pages-template")
    dialog.get_by_role("button", name="Keep the template").click()
    tab.shows("The template “Short and normal” is kept.")
    _saved(tab)
    for name in ("findings", "impression"):
        _field(tab, name).fill("")
    page.get_by_label("Template", exact=True).select_option(label="Short and normal · CT")
    page.get_by_role("button", name="Insert").click()
    expect(_field(tab, "findings")).to_have_value("Nothing in Doe, Jane.")
    expect(_field(tab, "impression")).to_have_value("Normal.")
    page.get_by_role("button", name="Undo").click()
    expect(_field(tab, "findings")).to_have_value("")
    _saved(tab)


def test_versions_tell_what_changed_and_a_final_report_is_verified(tab: Tab, patient: str) -> None:
    page = tab.page
    _open(tab, patient)
    _field(tab, "findings").fill("Left.")
    page.get_by_role("button", name="Save as preliminary").click()
    expect(page.locator("#kind")).to_have_text("preliminary")
    _field(tab, "findings").fill("Right.")
    page.get_by_role("button", name="Save the preliminary report").click()
    page.locator("#versions button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("del")).to_have_text("Left.")
    expect(dialog.locator("ins")).to_have_text("Right.")
    tab.picture("pages-report-versions")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Preview and sign as final").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign as final").click()
    page.get_by_role("button", name="Verify").click()
    question = page.get_by_role("dialog", name="Verify this report?")
    assert "Doe, Jane" in question.inner_text()
    question.get_by_role("button", name="Verify the report").click()
    expect(page.locator("#kind")).to_have_text("verified")


def test_what_the_server_did_not_get_is_here_again_after_a_crash(
    tab: Tab, ward: Server, patient: str
) -> None:
    """The connection is gone, the tab is closed by force; the text comes back and is stored."""
    page = tab.page
    _open(tab, patient)

    def lose(route: Route) -> None:
        route.abort("connectionreset")

    page.route("**/api/radiology/studies/*/report", lose)
    _field(tab, "findings").fill("Typed into the void.")
    page.locator("#saved", has_text="Kept on this computer").wait_for()
    tab.picture("pages-report-offline")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    tab.shows("had not been stored; it is here again")
    expect(_field(tab, "findings")).to_have_value("Typed into the void.")
    page.unroute_all()
    _saved(tab)
    assert _reports(ward, patient)[0]["findings"] == "Typed into the void."
    tab.problems = [each for each in tab.problems if "CONNECTION_RESET" not in each.upper()]


def test_two_who_write_the_same_report_lose_nothing(tab: Tab, ward: Server, patient: str) -> None:
    page = tab.page
    _open(tab, patient)
    _field(tab, "findings").fill("Mine.")
    _saved(tab)
    (draft,) = _reports(ward, patient)
    address = f"{ward.address}/api/radiology/reports/{draft['id']}"
    other = {"findings": "Theirs.", "status": "draft"}
    assert requests.put(address, json=other, timeout=30).status_code == 200
    _field(tab, "findings").fill("Mine, longer.")
    question = page.get_by_role("dialog", name="This report has two texts now")
    assert "Findings" in question.inner_text()
    tab.picture("pages-report-conflict")
    question.get_by_role("button", name="Cancel").click()
    expect(_field(tab, "findings")).to_have_value("Theirs.")
    page.get_by_role("button", name="Put mine back").click()
    expect(_field(tab, "findings")).to_have_value("Mine, longer.")
    _saved(tab)
    assert _reports(ward, patient)[0]["findings"] == "Mine, longer."
    tab.problems = [each for each in tab.problems if "412" not in each]


def test_a_login_that_ends_while_writing_keeps_the_text(tmp_path: Path, new_tab: NewTab) -> None:
    import subprocess
    import sys

    data = tmp_path / "data"
    add = [sys.executable, "-m", "dicomweb.cli", "user", "add", "rita", "--role", "admin"]
    add += ["--password-stdin", "--data-dir", str(data)]
    subprocess.run(add, input="correct horse\n", text=True, check=True, capture_output=True)
    with running(data, DICOMWEB_AUTH="local") as server:
        tab = new_tab(server.address)
        tab.open("/")
        tab.page.get_by_label("Name").fill("rita")
        tab.page.get_by_label("Password").fill("correct horse")
        tab.page.get_by_role("button", name="Log in").click()
        tab.shows("The archive is empty")
        image = samples.make_image(PatientName="Doe^Jane", Modality="CT")
        body = samples.encode(image)
        tab.page.locator("#upload-files").set_input_files(
            {"name": "a.dcm", "mimeType": "application/dicom", "buffer": body}
        )
        tab.page.locator('[data-upload="copy"]').wait_for()
        _open(tab, str(image.StudyInstanceUID))
        tab.page.context.clear_cookies()
        _field(tab, "findings").fill("Written while logged out.")
        dialog = tab.page.get_by_role("dialog", name="Your login has ended")
        dialog.wait_for()
        tab.picture("pages-login-again")
        dialog.get_by_label("Password").fill("correct horse")
        dialog.get_by_role("button", name="Log in").click()
        _saved(tab)
        expect(_field(tab, "findings")).to_have_value("Written while logged out.")
        tab.page.reload()
        expect(_field(tab, "findings")).to_have_value("Written while logged out.")
        tab.problems = [each for each in tab.problems if "401" not in each]


def test_the_state_the_reports_and_the_annotations_stand_on_the_page_of_the_study(
    tab: Tab, ward: Server, patient: str
) -> None:
    api = f"{ward.address}/api/radiology"
    (image,) = requests.get(f"{api}/studies/{patient}/images", timeout=30).json()["data"]
    drawing = {
        "type": "measurement",
        "coordinates": {"points": [{"x": 1, "y": 1}, {"x": 6, "y": 1}]},
        "label": "Lesion <b>A</b>",
        "keyImage": True,
    }
    address = f"{api}/images/{image['id']}/annotations"
    assert requests.post(address, json=drawing, timeout=30).status_code == 201
    report = {"reportType": "final", "findings": "F.", "impression": "All is well."}
    made = requests.post(f"{api}/studies/{patient}/report", json=report, timeout=60)
    assert made.status_code == 201
    tab.open(f"/studies/{patient}")
    tab.shows("All is well.")
    tab.shows("Lesion <b>A</b>")
    expect(tab.page.locator("#state")).to_have_text("reported")
    tab.picture("pages-study-reported")
    tab.open(f"/studies/{patient}/annotations")
    tab.shows("Lesion <b>A</b>")
    tab.shows("1 annotation")
    tab.picture("pages-annotations")
    tab.open("/audit")
    tab.page.locator(".audit tbody tr").first.wait_for()
    tab.picture("pages-audit")
