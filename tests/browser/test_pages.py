"""Our pages in a real browser: find, look, move by keys, on a desk, on a phone, before any script.

That no request fails, leaves the server or makes the console complain is asserted by the fixture
`new_tab` for every test.
"""

from collections.abc import Callable

import numpy as np
import pydicom
import pytest
import requests
import samples
from chromium import Tab, press
from clients import store
from legible import beyond, faint, nameless, unreadable
from playwright.sync_api import Browser, Locator, expect
from prefix import proxied
from servers import Server

MR = "mr-series/00001.dcm"
Study = Callable[[str], str]
NewTab = Callable[[str], Tab]


def _rows(tab: Tab) -> Locator:
    return tab.page.locator("#results tbody tr")


def _wide(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1440, "height": 900})


def test_the_list_shows_who_when_what_and_how_much(desk: Tab) -> None:
    _wide(desk)
    desk.open("/")
    assert _rows(desk).count() == 3
    row = _rows(desk).filter(has_text="CompressedSamples, CT1")
    for said in ("1CT1", "19 Jan 2004", "CT", "e+1"):
        assert said in row.inner_text()
    assert "undefined" not in desk.page.locator("main").inner_text()
    desk.picture("pages-list")


def test_searching_while_typing_keeps_everything_in_the_url(desk: Tab) -> None:
    desk.open("/")
    press(desk.page, "/")
    desk.page.keyboard.type("compressed ct1", delay=10)
    expect(_rows(desk)).to_have_count(1)
    assert "CompressedSamples, CT1" in _rows(desk).inner_text()
    desk.page.wait_for_url("**/?q=compressed+ct1")
    desk.page.reload()
    assert _rows(desk).count() == 1
    desk.page.locator("#q").fill("nobody of this name")
    desk.shows("No study matches")
    desk.picture("pages-none")
    desk.page.get_by_role("link", name="Show all studies").click()
    expect(_rows(desk)).to_have_count(3)
    desk.page.go_back()
    desk.shows("No study matches")


def test_the_filters_and_the_order_work_and_back_works(desk: Tab) -> None:
    desk.open("/")
    first = _rows(desk).first.inner_text()
    desk.page.locator("#modality").select_option("CT")
    expect(_rows(desk)).to_have_count(1)
    desk.page.go_back()
    expect(_rows(desk)).to_have_count(3)
    desk.page.get_by_role("columnheader", name="Date").get_by_role("link").click()
    desk.page.wait_for_url("**order=up*")
    expect(_rows(desk).last).to_contain_text(first.splitlines()[0])


def test_the_keyboard_alone_finds_opens_and_leaves(desk: Tab) -> None:
    page = desk.page
    desk.open("/")
    press(page, "?")
    page.get_by_role("dialog", name="Keys").wait_for()
    desk.picture("pages-keys")
    press(page, "Escape")
    press(page, "ArrowDown")
    press(page, "ArrowDown")
    expect(_rows(desk).nth(1).locator("a.row")).to_be_focused()
    name = _rows(desk).nth(1).locator("a.row").inner_text()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    press(page, "i")
    page.locator("#viewport").wait_for()
    press(page, "Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    press(page, "g")
    press(page, "s")
    _rows(desk).first.wait_for()
    press(page, "ArrowDown")
    press(page, "r")
    page.wait_for_url("**/report")


def test_a_study_shows_its_facts_and_series(desk: Tab, study: Study) -> None:
    _wide(desk)
    desk.open(f"/studies/{study(MR)}")
    facts = desk.page.get_by_label("Key facts").inner_text()
    assert study(MR) in facts
    assert desk.page.locator(".series .card").count() >= 1
    download = desk.page.get_by_role("link", name="Download ZIP").get_attribute("href") or ""
    answer = requests.get(desk.address + download, timeout=60)
    assert answer.headers["Content-Type"] == "application/zip"
    desk.page.wait_for_load_state("networkidle")
    desk.picture("pages-study")


def _drawn(tab: Tab) -> np.ndarray:
    """The pixels of the image view; (rows, columns, RGB)."""
    from io import BytesIO

    from PIL import Image

    shot = tab.page.locator("#viewport").screenshot()
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB")).astype(int)


def _until(tab: Tab, before: np.ndarray) -> np.ndarray:
    for _ in range(50):
        now = _drawn(tab)
        if now.shape != before.shape or np.abs(now - before).mean() > 0.2:
            return now
        tab.page.wait_for_timeout(100)
    raise AssertionError("the picture stays as it was")


def test_images_are_scrolled_and_windowed_without_webgl(desk: Tab, study: Study) -> None:
    page = desk.page
    desk.open(f"/studies/{study(MR)}")
    page.locator(".series .card").first.click()
    page.locator("#viewport").wait_for()
    page.wait_for_load_state("networkidle")
    first = _drawn(desk)
    assert first[100:500, 100:500].max() > 60
    desk.picture("pages-images")
    total = int(page.locator("#slider").get_attribute("max") or 0)
    press(page, "End")
    expect(page.locator("#place")).to_have_text(f"{total} / {total}")
    last = _until(desk, first)
    press(page, "Home")
    expect(page.locator("#place")).to_have_text(f"1 / {total}")
    page.locator("#viewport").hover()
    page.mouse.wheel(0, 120)
    expect(page.locator("#place")).not_to_have_text(f"1 / {total}")
    press(page, "End")
    page.wait_for_url(f"**n={total}*")
    press(page, "]")
    press(page, "]")
    press(page, "]")
    press(page, "]")
    page.wait_for_url("**window=*")
    _until(desk, last)
    page.reload()
    expect(page.locator("#place")).to_have_text(f"{total} / {total}")


def test_all_tags_are_searched(desk: Tab, study: Study) -> None:
    desk.open(f"/studies/{study('highdicom/ct_image.dcm')}/tags")
    desk.page.locator("#tag-q").fill("photometric interp")
    lines = desk.page.locator(".tags tbody tr:visible")
    expect(lines.filter(has_text="(0028,0004)")).to_have_count(1)
    expect(lines).to_have_count(1)
    desk.page.locator("#tag-q").fill("00100010")
    expect(desk.page.locator(".tags tbody tr:visible")).to_have_count(1)
    desk.picture("pages-tags")


def test_a_study_is_deleted_after_one_question_that_names_the_patient(
    empty_desk: Tab, bare: Server
) -> None:
    page = empty_desk.page
    store(bare, samples.make_instance(PatientName="Gone^Soon"))
    empty_desk.open("/")
    page.get_by_role("link", name="Gone, Soon").first.click()
    page.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete this study?")
    assert "Gone, Soon, 2 Jan 2024: 1 image, " in question.inner_text()
    empty_desk.picture("pages-delete")
    question.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    question.get_by_role("button", name="Delete the study").click()
    empty_desk.shows("The archive is empty")
    empty_desk.shows("The study of Gone, Soon is deleted.")


def test_script_in_a_file_is_text_on_every_page(empty_desk: Tab, bare: Server) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    image = samples.make_image(
        PatientName=f"{evil}^{{{{7*7}}}}",
        PatientID=evil,
        StudyDescription=evil,
        SeriesDescription=evil,
        AccessionNumber="'><b>x</b>",
    )
    store(bare, samples.encode(image))
    dialogs: list[str] = []
    empty_desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    below = f"/studies/{image.StudyInstanceUID}"
    for path in ("/", below, f"{below}/tags", f"{below}/series/{image.SeriesInstanceUID}"):
        empty_desk.open(path)
        empty_desk.page.wait_for_load_state("networkidle")
        assert empty_desk.page.locator("img[src=x], b:text-is('x')").count() == 0
        assert evil in empty_desk.page.locator("body").inner_text()
    assert dialogs == []
    empty_desk.open("/")
    empty_desk.picture("pages-script")


def _crowd(server: Server) -> str:
    """A study of a hundred series under a long name; its UID."""
    study = pydicom.uid.generate_uid()
    files = []
    for number in range(100):
        files.append(
            samples.make_instance(
                StudyInstanceUID=study,
                PatientName="Wolfeschlegelsteinhausenbergerdorff^Hubert Blaine Maximilian",
                PatientID="ID-" + "0123456789" * 5,
                StudyDescription="CT thorax, abdomen and pelvis with contrast, portal venous phase",
                SeriesDescription=f"Series {number} with a description that does not want to end",
                SeriesNumber=number,
                Modality="CT",
            )
        )
    assert store(server, *files).status == 200
    return str(study)


def test_long_names_and_many_series_keep_their_places(empty_desk: Tab, bare: Server) -> None:
    study = _crowd(bare)
    for width, name in (
        (1440, "wide"),
        (1100, "desk"),
        (960, "half"),
        (768, "tablet"),
        (390, "phone"),
    ):
        empty_desk.page.set_viewport_size({"width": width, "height": 844})
        for path, page in (("/", "list"), (f"/studies/{study}", "study")):
            empty_desk.open(path)
            empty_desk.page.wait_for_load_state("networkidle")
            assert beyond(empty_desk.page) <= 0
            empty_desk.picture(f"pages-crowd-{page}-{name}")
    assert empty_desk.page.locator(".series .card").count() == 100


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_theme_is_kept_and_every_text_can_be_read(desk: Tab, study: Study, theme: str) -> None:
    _wide(desk)
    desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": desk.address}])
    for path, name in (
        ("/", "list"),
        (f"/studies/{study(MR)}", "study"),
        (f"/studies/{study(MR)}/tags", "tags"),
        (f"/studies/{study(MR)}/report", "report"),
    ):
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        assert unreadable(desk.page) == []
        assert faint(desk.page) == []
        desk.picture(f"pages-{name}-{theme}")
    desk.open("/")
    desk.page.route("**/?q=*", lambda route: route.abort())
    desk.page.locator("#q").fill("anybody")
    desk.shows("The server cannot be reached; the list is as it was.")
    assert unreadable(desk.page) == []
    desk.problems.clear()
    desk.page.context.clear_cookies()


def test_the_phone_has_the_same_content_in_one_column(desk: Tab, study: Study) -> None:
    series = pydicom.dcmread(samples.folder() / MR, stop_before_pixels=True).SeriesInstanceUID
    for path, name in (
        ("/", "list"),
        (f"/studies/{study(MR)}", "study"),
        (f"/studies/{study(MR)}/tags", "tags"),
        (f"/studies/{study(MR)}/series/{series}", "images"),
        (f"/studies/{study(MR)}/report", "report"),
        ("/audit", "audit"),
    ):
        desk.page.set_viewport_size({"width": 390, "height": 844})
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        assert beyond(desk.page) <= 0, path
        desk.picture(f"pages-phone-{name}")
        desk.page.set_viewport_size({"width": 320, "height": 640})
        assert beyond(desk.page) <= 0, path


@pytest.mark.parametrize("width", [1280, 390])
def test_the_order_is_chosen_at_every_width_and_the_focus_stays(desk: Tab, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 844})
    desk.open("/")
    link = desk.page.locator("thead a", has_text="Patient ID")
    link.click()
    desk.page.wait_for_url("**/?sort=id*")
    expect(link).to_be_focused()
    expect(_rows(desk)).to_have_count(3)


def test_everything_is_labelled_for_who_does_not_see_it(desk: Tab, study: Study) -> None:
    for path in ("/", f"/studies/{study(MR)}", f"/studies/{study(MR)}/report"):
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        assert nameless(desk.page) == []
        assert desk.page.locator("h1").count() == 1
        assert desk.page.locator("main").count() == 1


def test_before_any_script_one_can_find_page_and_look(few: Server, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{few.address}/")
    page.locator("#q").fill("CompressedSamples CT1")
    page.get_by_role("button", name="Search").click()
    assert page.locator("#results tbody tr").count() == 1
    page.locator("#results a.row").click()
    page.locator(".series .card").first.click()
    picture = page.locator("#frame").get_attribute("src") or ""
    assert requests.get(few.address + picture, timeout=30).headers["Content-Type"] == "image/jpeg"
    context.close()


def test_the_pages_work_behind_a_proxy_below_a_prefix(
    few: Server, new_tab: NewTab, study: Study
) -> None:
    with proxied(few.address, "/imaging/pacs") as address:
        tab = new_tab(address)
        tab.open("/")
        tab.page.locator("#q").fill("compressed ct1")
        expect(_rows(tab)).to_have_count(1)
        _rows(tab).locator("a.row").click()
        tab.shows("Study Instance UID")
        tab.page.locator(".series .card").first.click()
        tab.page.locator("#viewport").wait_for()
        tab.page.wait_for_load_state("networkidle")
        assert tab.page.url.startswith(f"{address}/studies/")


def test_nothing_is_wider_than_its_window_with_every_column_shown(desk: Tab) -> None:
    for width in (1600, 1440, 1366, 1361, 1280, 1241, 1024, 1001, 800):
        desk.page.set_viewport_size({"width": width, "height": 800})
        for path in ("/", "/worklist?stage=read"):
            desk.open(path)
            main = "document.querySelector('main table').getBoundingClientRect().right"
            right = desk.page.evaluate(f"document.documentElement.clientWidth - {main}")
            assert right >= 16, (path, width)


def test_a_wrong_address_says_what_is_wrong(desk: Tab) -> None:
    desk.open("/studies/1.2.3.4.5")
    desk.shows("Not found")
    desk.picture("pages-not-found")
    desk.page.get_by_role("link", name="To the study list").click()
    _rows(desk).first.wait_for()
    desk.problems.clear()
