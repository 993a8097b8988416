"""A new user's first five minutes, as the README tells them: from a dropped file to a report.

The pictures of it, with what they show, make one page: `first-five-minutes.html` beside them. Those
in `docs/` are of the same run: `LIGHTBOX_SCREENSHOTS=docs/first-five-minutes pytest …`.
"""

import html
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from chromium import HERE, PICTURES, Tab, press
from engines import missing
from playwright.sync_api import expect
from servers import Server

from extensions.viewer.build import FETCHED, find

CT = HERE / "tests" / "data" / "ct.dcm"
SHOWN = {
    "five-1-empty": "The page after `make run`: nothing is stored yet.",
    "five-2-uploaded": "A file was dragged in; it is stored, flushed to disk and indexed.",
    "five-3-list": "The list: patient, when, what, how much, state.",
    "five-4-study": "The study: key facts, state, series.",
    "five-5-viewer": "The same in OHIF, by the key o.",
    "five-6-report": "Writing the report, by the key r; drafts are saved as one types.",
    "five-7-preview": "What will be stored is what is previewed.",
    "five-8-final": "Signed: the report is in the study as PDF and SR.",
    "five-9-order": "An order on the worklist has no images yet; files dropped here join it.",
}


@pytest.fixture
def tab(own_server: Server, new_tab: Callable[[str], Tab]) -> Tab:
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    found = new_tab(own_server.address)
    found.page.set_viewport_size({"width": 1280, "height": 800})
    return found


def test_from_a_dropped_file_to_a_signed_report(tab: Tab, own_server: Server) -> None:
    page = tab.page
    tab.open("/")
    tab.shows("The archive is empty")
    tab.picture("five-1-empty")

    page.locator("#upload-files").set_input_files([str(CT)])
    page.get_by_text("1 image stored in 1 study").first.wait_for()
    expect(page.locator("#results img")).to_have_js_property("complete", True)
    tab.picture("five-2-uploaded")
    tab.open("/")
    page.get_by_text("CompressedSamples, CT1").first.wait_for()
    page.wait_for_load_state("networkidle")
    tab.picture("five-3-list")
    page.get_by_role("link", name="CompressedSamples, CT1").first.click()
    tab.shows("Study Instance UID")
    study = page.url.rpartition("/")[2]
    page.wait_for_load_state("networkidle")
    tab.picture("five-4-study")

    press(page, "o")
    tab.wait_for_picture()
    tab.picture("five-5-viewer")

    tab.open(f"/studies/{study}")
    tab.shows("Study Instance UID")
    press(page, "r")
    expect(page.locator("#findings")).to_be_enabled()
    page.locator("#findings").fill("Soft tissues without a finding. No fracture.")
    page.locator("#impression").fill("Normal CT of the neck.")
    page.locator("#saved", has_text="Saved ").wait_for()
    tab.picture("five-6-report")
    page.get_by_role("button", name="Preview and sign as final").click()
    preview = page.get_by_role("dialog")
    preview.get_by_role("button", name="Sign as final").wait_for()
    tab.picture("five-7-preview")
    preview.get_by_role("button", name="Sign as final").click()
    expect(page.locator("#kind")).to_have_text("final")
    tab.picture("five-8-final")

    series = f"{own_server.root}/studies/{study}/series"
    found = {each["00080060"]["Value"][0] for each in requests.get(series, timeout=30).json()}
    assert found == {"CT", "SR", "DOC"}
    _order(tab)
    assert _page(PICTURES).count("<img") == len(SHOWN)


def _order(tab: Tab) -> None:
    """Another examination of the same patient, from the worklist."""
    page = tab.page
    tab.open("/worklist")
    press(page, "c")
    page.get_by_label("Patient ID").fill("1CT1")
    press(page, "Tab")
    page.get_by_role("button", name="Take this over").click()
    page.get_by_label("Modality").select_option("MR")
    page.get_by_label("What is to be done").fill("MR of the neck")
    page.get_by_label("Priority").select_option("urgent")
    page.get_by_role("button", name="Order", exact=True).click()
    page.get_by_text("Patient has arrived").wait_for()
    tab.picture("five-9-order")


def _page(folder: Path) -> str:
    """One page of all the pictures."""
    figures = "\n".join(
        f'<figure><img src="{name}.png" alt="" width="640"><figcaption>{html.escape(words)}'
        "</figcaption></figure>"
        for name, words in SHOWN.items()
        if (folder / f"{name}.png").exists()
    )
    text = f"<!doctype html><meta charset=utf-8><title>First five minutes</title>\n{figures}\n"
    (folder / "first-five-minutes.html").write_text(text, "utf-8")
    return text
