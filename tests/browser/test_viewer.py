"""OHIF in a real browser, over our archive: what a radiologist would do, and nothing goes wrong.

That no request fails, leaves the server or makes the console complain is asserted by the fixture
`new_tab` for every test.
"""

from collections.abc import Callable, Iterator

import imagecodecs
import pydicom
import pytest
import requests
import samples
from chromium import Tab, drawn, reddish
from clients import store
from playwright.sync_api import Locator
from prefix import proxied
from pydicom.uid import HTJ2KLossless, generate_uid
from servers import Server

CT = "ct-series/I310.dcm"
Study = Callable[[str], str]
NewTab = Callable[[str], Tab]


def _open(tab: Tab, study: str, route: str = "viewer") -> None:
    tab.open(f"/viewer/{route}?StudyInstanceUIDs={study}")


def _rows(tab: Tab) -> Locator:
    """The studies of the list, without the row of its filters."""
    return tab.page.locator("tbody tr").filter(has_not_text="Reset")


def _slices(tab: Tab, text: str) -> None:
    """Wait until the viewport says which slice it shows, as `(64/64)`."""
    tab.part("viewport-overlay-bottom-right").get_by_text(text).wait_for()


def _series(tab: Tab, name: str) -> None:
    """Double-click a series without pictures of its own, by its modality or description."""
    label = tab.page.locator('[data-cy="study-browser-thumbnail-no-image"]')
    label.filter(has_text=name).first.dblclick()


def test_the_study_list_shows_what_is_stored_the_newest_first(tab: Tab) -> None:
    tab.open("/viewer")
    tab.shows("Synthetic, Sample")
    rows = _rows(tab)
    assert rows.count() >= 12
    assert "2024" in rows.first.inner_text()
    assert tab.page.get_by_text("undefined").count() == 0
    tab.picture("list")


def test_the_study_list_finds_a_patient_by_part_of_the_name_in_lower_case(tab: Tab) -> None:
    tab.open("/viewer")
    tab.shows("Synthetic, Sample")
    tab.page.locator("table input").first.fill("ead")
    tab.page.get_by_text("Synthetic, Sample").first.wait_for(state="detached")
    assert _rows(tab).count() == 1
    _rows(tab).first.click()
    tab.page.locator("img[src^='blob:'], img[src^='data:image/jpeg']").first.wait_for()
    tab.picture("list-filtered")


@pytest.mark.parametrize(
    ("name", "file", "route"),
    [
        ("mr", "mr-series/00001.dcm", "viewer"),
        ("jpeg2000", "pydicom/examples_jpeg2k.dcm", "viewer"),
        ("jpegls", "pydicom-data/emri_small_jpeg_ls_lossless.dcm", "viewer"),
        ("rle", "synthetic/modalities/us_10f_rle_rgb.dcm", "viewer"),
        ("video", "synthetic/video/h264_bd.dcm", "viewer"),
        ("pdf", "synthetic/modalities/encapsulated_pdf.dcm", "viewer"),
        ("wsi-sparse", "synthetic/wsi/tiled_sparse_level0.dcm", "microscopy"),
    ],
)
def test_a_deep_link_shows_the_study(
    tab: Tab, study: Study, name: str, file: str, route: str
) -> None:
    _open(tab, study(file), route)
    tab.wait_for_picture()
    tab.picture(name)


def _image() -> pydicom.FileDataset:
    """A CT slice that is alone in a new study."""
    image = pydicom.dcmread(samples.folder() / "highdicom/ct_image.dcm")
    image.StudyInstanceUID = image.SOPInstanceUID = generate_uid()
    image.SeriesInstanceUID = generate_uid()
    return image


def test_htj2k_is_decoded_by_the_viewer(tab: Tab, archive: Server) -> None:
    image = _image()
    coded = bytes(imagecodecs.htj2k_encode(image.pixel_array, reversible=True))
    samples.compress(image, [coded])
    assert store(archive, samples.encode(image, HTJ2KLossless)).status == 200
    _open(tab, image.StudyInstanceUID)
    tab.wait_for_picture()
    tab.picture("htj2k")


@pytest.mark.parametrize(
    ("name", "file", "count"),
    [
        ("ct", CT, 64),
        ("us-frames", "synthetic/modalities/us_10f_jpeg_422.dcm", 10),
        ("enhanced-ct", "synthetic/modalities/enhanced_ct_20f.dcm", 20),
    ],
)
def test_scrolling_reaches_the_last_slice(
    tab: Tab, study: Study, name: str, file: str, count: int
) -> None:
    _open(tab, study(file))
    _slices(tab, f"(1/{count})")
    tab.wait_for_picture()
    first = tab.pixels()
    tab.page.keyboard.press("End")
    _slices(tab, f"({count}/{count})")
    tab.wait_for_pixels(lambda now: bool((now != first).any()), "the last slice is not shown")
    assert drawn(tab.pixels()) > 0
    tab.picture(f"{name}-last")


@pytest.mark.parametrize("modality", ["SEG", "RTSTRUCT"])
def test_a_segmentation_lies_on_its_images(tab: Tab, study: Study, modality: str) -> None:
    _open(tab, study(CT))
    _slices(tab, "(1/64)")
    _series(tab, modality)
    tab.shows("Do you want to open this Segmentation?")
    tab.wait_for_pixels(lambda now: reddish(now) > 0.0005, "no red contour is shown")
    tab.page.get_by_role("button", name="Yes").click()
    tab.page.get_by_text("Do you want to open").wait_for(state="detached")
    tab.wait_for_pixels(lambda now: reddish(now) > 0.0005, "the segmentation is gone")
    tab.picture(modality.lower())


def test_a_structured_report_shows_its_findings_on_the_image(tab: Tab, study: Study) -> None:
    _open(tab, study("highdicom/sr_document.dcm"))
    tab.wait_for_picture()
    _series(tab, "Measurement Reports")
    tab.part("ModalityLoadBadge-default").wait_for()
    tab.wait_for_picture()
    tab.picture("sr")


def test_a_measurement_is_saved_in_the_archive_and_seen_after_a_reload(
    tab: Tab, archive: Server
) -> None:
    image = _image()
    assert store(archive, samples.encode(image)).status == 200
    _open(tab, image.StudyInstanceUID)
    tab.wait_for_picture()
    _measure(tab)
    tab.part("trackedMeasurements-btn").click()
    tab.page.get_by_text("Create SR").click()
    tab.page.get_by_placeholder("Report name").fill("Ours")
    with tab.page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        tab.page.get_by_role("button", name="Save").last.click()
    assert posted.value.status == 200
    tab.shows("Do you want to continue tracking")
    series = f"{archive.root}/studies/{image.StudyInstanceUID}/series?Modality=SR"
    found = requests.get(series, timeout=30).json()
    assert [each["0008103E"]["Value"] for each in found] == [["Ours"]]
    tab.page.reload()
    tab.wait_for_picture()
    _series(tab, "Ours")
    tab.shows("Do you want to continue tracking measurements for this study?")
    tab.page.get_by_role("button", name="Yes").click()
    tab.page.get_by_text(" mm").first.wait_for()
    tab.picture("measurement")


def _measure(tab: Tab) -> None:
    """Draw a length and agree to keep it."""
    tab.part("MeasurementTools-split-button-primary").click()
    box = tab.part("viewport-pane").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = tab.page.mouse
    mouse.move(x - 150, y)
    mouse.down()
    mouse.move(x, y + 40, steps=5)
    mouse.move(x + 150, y + 80, steps=5)
    mouse.up()
    tab.part("prompt-begin-tracking-yes-btn").click()


@pytest.fixture(scope="module")
def below(archive: Server) -> Iterator[str]:
    """The address of the archive behind a proxy that serves it below a prefix."""
    with proxied(archive.address, "/imaging/pacs") as address:
        yield address


@pytest.mark.parametrize(
    ("name", "file", "route"),
    [
        ("ct", CT, "viewer"),  # decoded in a worker, by WebAssembly
        ("ecg", "synthetic/modalities/ecg_12lead.dcm", "viewer"),  # an absolute BulkDataURI
        ("wsi", "synthetic/wsi/tiled_full_level0.dcm", "microscopy"),  # a library by its own path
    ],
)
def test_it_works_behind_a_proxy_below_a_prefix(
    below: str, new_tab: NewTab, study: Study, name: str, file: str, route: str
) -> None:
    tab = new_tab(below)
    _open(tab, study(file), route)
    tab.wait_for_picture()
    tab.picture(f"prefix-{name}")
