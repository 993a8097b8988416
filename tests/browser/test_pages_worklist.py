"""The worklist in a real browser: order, steps, reasons, images by dropping, and who may what."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import samples
from chromium import Tab, press
from legible import beyond, nameless, unreadable
from orders import drop, ordered, png, rows, said
from playwright.sync_api import expect
from prefix import proxied
from servers import Server, running

NewTab = Callable[[str], Tab]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with everything."""
    with running(tmp_path_factory.mktemp("house")) as server:
        yield server


@pytest.fixture
def clinic(house: Server) -> Server:
    """The same with nothing in it."""
    studies = f"{house.address}/api/radiology/studies"
    for study in requests.get(studies, timeout=30).json()["data"]:
        assert requests.delete(f"{studies}/{study['id']}", timeout=30).ok
    return house


@pytest.fixture
def tab(clinic: Server, new_tab: NewTab) -> Tab:
    made = new_tab(clinic.address)
    made.page.set_viewport_size({"width": 1440, "height": 900})
    return made


def _told(server: Server, id: str) -> dict[str, Any]:
    address = f"{server.address}/api/radiology/studies/{id}"
    found: dict[str, Any] = requests.get(address, timeout=30).json()["data"]
    return found


def test_an_order_is_written_and_stands_on_the_worklist(tab: Tab, clinic: Server) -> None:
    page = tab.page
    tab.open("/worklist")
    tab.shows("Nobody waits for an examination")
    tab.picture("pages-worklist-empty")
    press(page, "c")
    page.get_by_label("Patient ID").wait_for()
    page.get_by_role("button", name="Order", exact=True).click()
    expect(page.locator("#problems")).to_contain_text("Patient ID: enter it")
    tab.picture("pages-order-problems")
    page.get_by_label("Patient ID").fill("P-77")
    page.get_by_label("Family name").fill("Doe")
    page.get_by_label("Given names").fill("Jane")
    page.get_by_label("Date of birth").fill("2999-01-01")
    page.get_by_label("Modality").select_option("CT")
    page.get_by_label("Priority").select_option("stat")
    page.get_by_label("Clinical history").fill("Fell.\nFracture?")
    page.get_by_role("button", name="Order", exact=True).click()
    expect(page.locator("#problems")).to_contain_text("Date of birth: it lies in the future")
    page.get_by_role("link", name="Date of birth").click()
    expect(page.get_by_label("Date of birth")).to_be_focused()
    page.get_by_label("Date of birth").fill("1970-01-01")
    press(page, "Control+Enter")
    said(tab, "Ordered: CT for Doe, Jane")
    tab.picture("pages-order")
    page.get_by_role("link", name="Worklist").first.click()
    expect(rows(tab)).to_have_count(1)
    assert "stat" in rows(tab).inner_text()
    tab.problems = [each for each in tab.problems if "400" not in each]


def test_a_patient_id_that_is_known_offers_the_patient(tab: Tab, clinic: Server) -> None:
    ordered(clinic, patientId="P-9", patientBirthDate="1970-01-01", patientSex="F")
    tab.open("/orders/new")
    tab.page.get_by_label("Patient ID").fill("P-9")
    press(tab.page, "Tab")
    tab.shows("This ID is known: Doe, Jane, born 1970-01-01.")
    tab.page.get_by_role("button", name="Take this over").click()
    expect(tab.page.get_by_label("Family name")).to_have_value("Doe")
    expect(tab.page.get_by_label("Sex")).to_have_value("F")
    tab.page.once("dialog", lambda dialog: dialog.accept())


def test_what_is_typed_into_an_order_is_not_left_by_accident(tab: Tab) -> None:
    tab.open("/orders/new")
    tab.page.get_by_label("Patient ID").fill("P-1")
    asked: list[str] = []
    tab.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    tab.page.get_by_role("link", name="Studies").click()
    tab.page.wait_for_url(f"{tab.address}/")
    assert asked == ["beforeunload"]


def test_a_change_keeps_what_is_not_changed(tab: Tab, clinic: Server) -> None:
    order = ordered(clinic, patientName="Doe^Jane^Q^Dr", referringPhysician="Brown^Anna")
    tab.open(f"/orders/{order['id']}")
    press(tab.page, "e")
    tab.page.get_by_label("Body part").fill("left knee")
    tab.page.get_by_role("button", name="Save").click()
    said(tab, "The order is changed.")
    now = _told(clinic, order["id"])
    assert (now["bodyPart"], now["patientName"]) == ("LEFT KNEE", "Doe^Jane^Q^Dr")
    assert now["referringPhysician"] == "Brown^Anna"


def test_rows_take_their_next_step_and_say_so(tab: Tab, clinic: Server) -> None:
    order = ordered(clinic)
    tab.open("/worklist")
    for button, status in (("Arrived", "arrived"), ("Start", "in progress")):
        rows(tab).get_by_role("button", name=button).click()
        said(tab, f"Doe, Jane: {status} now")
        expect(rows(tab)).to_contain_text(status)
    expect(rows(tab).locator("a.row")).to_be_focused()
    rows(tab).get_by_role("button", name="Complete").click()
    tab.shows("Nobody waits for an examination")
    tab.page.get_by_role("button", name="Undo").click()
    said(tab, "it is as it was before")
    expect(rows(tab)).to_contain_text("in progress")
    rows(tab).get_by_role("button", name="Complete").click()
    tab.shows("Nobody waits for an examination")
    press(tab.page, "2")
    expect(rows(tab)).to_have_count(1)
    assert _told(clinic, order["id"])["status"] == "completed"


def test_somebody_who_was_faster_is_told_of(tab: Tab, clinic: Server) -> None:
    order = ordered(clinic)
    tab.open("/worklist")
    address = f"{clinic.address}/api/radiology/studies/{order['id']}/status"
    assert requests.put(address, json={"status": "arrived"}, timeout=30).ok
    rows(tab).get_by_role("button", name="Arrived").click()
    said(tab, "somebody has changed it meanwhile")
    expect(rows(tab)).to_contain_text("arrived")
    tab.problems = [each for each in tab.problems if "412" not in each]


def test_an_order_is_cancelled_and_reopened_with_reasons(tab: Tab, clinic: Server) -> None:
    page = tab.page
    order = ordered(clinic)
    tab.open(f"/orders/{order['id']}")
    page.get_by_role("button", name="Patient has arrived").click()
    said(tab, "arrived now; it was scheduled")
    page.get_by_role("button", name="Cancel …").click()
    question = page.get_by_role("dialog", name="Cancel this order?")
    assert "Doe, Jane" in question.inner_text()
    question.get_by_label("Why").fill("Pregnant")
    tab.picture("pages-order-cancel")
    question.get_by_role("button", name="Cancel the order").click()
    said(tab, "is cancelled")
    expect(page.locator(".way .now")).to_have_text("Cancelled: Pregnant")
    page.get_by_role("button", name="Reopen …").click()
    question = page.get_by_role("dialog", name="Reopen this order?")
    question.get_by_label("Why").fill("Was not")
    question.get_by_role("button", name="Reopen").click()
    said(tab, "scheduled again")
    expect(page.locator(".past")).to_contain_text("Was not")
    history = _told(clinic, order["id"])["history"]
    assert [each["reason"] for each in history] == [None, "Pregnant", "Was not"]
    tab.picture("pages-order-history")


def test_who_reads_and_how_urgent_can_be_undone(tab: Tab, clinic: Server) -> None:
    page = tab.page
    order = ordered(clinic)
    tab.open(f"/orders/{order['id']}")
    page.get_by_label("Priority").select_option("urgent")
    said(tab, "the priority is urgent")
    page.get_by_role("button", name="Undo").click()
    said(tab, "the priority is routine")
    page.get_by_role("button", name="Assign …").click()
    page.get_by_label("Name of the account").fill("rita")
    with page.expect_response(f"**/orders/{order['id']}"):  # the page is read again meanwhile
        page.evaluate("document.dispatchEvent(new Event('stored'))")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Name of the account")).to_have_value("rita")
    page.get_by_role("dialog").get_by_role("button", name="Assign").click()
    said(tab, "rita is to read it")
    assert _told(clinic, order["id"])["assignedTo"] == "rita"
    page.get_by_role("button", name="Undo").click()
    said(tab, "nobody is to read it yet")
    assert _told(clinic, order["id"])["assignedTo"] is None


def test_files_dropped_on_an_order_become_its_images(tab: Tab, clinic: Server) -> None:
    order = ordered(clinic)
    uid = order["studyInstanceUID"]
    own = {"StudyInstanceUID": uid, "Modality": "CT", "PatientName": "Doe^Jane"}
    tab.open(f"/orders/{order['id']}")
    files = {
        "photo.png": png(),
        "a.dcm": samples.make_instance(**own, PatientID="P-1"),
        "b.dcm": samples.make_instance(**own, PatientID="Somebody else"),
        "c.dcm": samples.make_instance(),
        "letter.txt": b"Dear colleague",
    }
    drop(tab, files)
    tab.page.locator('[data-upload="copy"]').wait_for()
    shown = tab.page.locator("#upload").inner_text()
    for text in (
        "3 images stored for this order, 2 files not.",
        "The file is of the study",
        "neither DICOM nor JPEG nor PNG",
        "1 file stored that should be looked at",
        "The Patient ID of the file differs",
    ):
        assert text in shown
    tab.picture("pages-order-upload")
    tab.page.get_by_role("button", name="Show the order").click()
    expect(tab.page.locator(".series .card")).to_have_count(3)
    tab.picture("pages-order-images")
    press(tab.page, "i")
    tab.page.wait_for_url(f"**/studies/{uid}")
    tab.page.get_by_role("link", name="Order and history").click()
    tab.shows("ordered")
    tab.problems = [each for each in tab.problems if not each.startswith(("409", "400", "console"))]


def test_images_with_the_numbers_of_an_order_join_it_from_the_page(
    tab: Tab, clinic: Server
) -> None:
    """A modality that made up its own UID: its files join by accession number and patient."""
    order = ordered(clinic)
    first = samples.make_image(PatientID="P-1", AccessionNumber=order["accessionNumber"])
    own = {"StudyInstanceUID": first.StudyInstanceUID, "PatientID": "P-1"}
    others = [
        samples.make_instance(**own, AccessionNumber=order["accessionNumber"]) for _ in range(4)
    ]
    tab.open(f"/orders/{order['id']}")
    drop(tab, {f"{n}.dcm": each for n, each in enumerate([samples.encode(first), *others])})
    tab.page.locator('[data-upload="copy"]').wait_for()
    assert "5 images stored for this order." in tab.page.locator("#upload").inner_text()
    press(tab.page, "Escape")
    expect(tab.page.locator(".facts .mono")).to_contain_text(str(first.StudyInstanceUID))


def test_the_list_follows_what_others_do(tab: Tab, clinic: Server) -> None:
    tab.open("/worklist")
    tab.shows("Nobody waits for an examination")
    ordered(clinic)
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rows(tab)).to_have_count(1)


def test_the_filters_find_and_back_works(tab: Tab, clinic: Server) -> None:
    page = tab.page
    ordered(clinic, priority="urgent")
    ordered(clinic, patientId="P-2", patientName="Roe^Rick", modality="MR", studyDate="2020-01-02")
    tab.open("/worklist")
    page.get_by_label("Modality").select_option("MR")
    expect(rows(tab)).to_have_count(1)
    page.get_by_label("Date", exact=True).select_option("choose")
    page.get_by_label("From").fill("2020-01-03")
    tab.shows("No order fits")
    page.get_by_role("link", name="Take all filters away").click()
    expect(rows(tab)).to_have_count(2)
    expect(page.get_by_label("Modality")).to_have_value("")
    page.go_back()
    tab.shows("No order fits")
    expect(page.get_by_label("From")).to_have_value("2020-01-03")
    page.locator("[data-stage=all]").click()
    page.get_by_label("Date", exact=True).select_option("")
    expect(rows(tab)).to_have_count(1)
    press(page, "/")
    page.keyboard.type("rick")
    page.wait_for_url("**q=rick*")
    assert "stage=all" in page.url


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_can_be_read_and_every_control_has_a_name(
    tab: Tab, clinic: Server, theme: str
) -> None:
    order = ordered(clinic, priority="stat", studyDate="2026-01-01", clinicalHistory="H.")
    for priority in ("asap", "urgent"):
        ordered(clinic, priority=priority, assignedTo="rita")
    tab.page.context.add_cookies([{"name": "theme", "value": theme, "url": tab.address}])
    for path in ("/worklist", f"/orders/{order['id']}", "/orders/new"):
        for width in (1440, 390):
            tab.page.set_viewport_size({"width": width, "height": 844})
            tab.open(path)
            tab.page.wait_for_load_state("networkidle")
            assert unreadable(tab.page) == []
            assert nameless(tab.page) == []
            assert beyond(tab.page) <= 0
            name = path.replace(order["id"], "order").strip("/").replace("/", "-")
            tab.picture(f"pages-{name}-{theme}-{width}")
    tab.page.context.clear_cookies()


def test_orders_are_written_below_a_prefix(clinic: Server, new_tab: NewTab) -> None:
    with proxied(clinic.address, "/imaging") as address:
        tab = new_tab(address)
        tab.open("/worklist")
        tab.page.get_by_role("link", name="New order").first.click()
        tab.page.get_by_label("Patient ID").fill("P-1")
        tab.page.get_by_label("Modality").select_option("CT")
        tab.page.get_by_role("button", name="Order", exact=True).click()
        tab.page.wait_for_url(f"{address}/orders/*-*")
        drop(tab, {"photo.png": png()})
        tab.page.locator('[data-upload="copy"]').wait_for()
        tab.page.get_by_role("button", name="Show the order").click()
        expect(tab.page.locator(".series .card")).to_have_count(1)
