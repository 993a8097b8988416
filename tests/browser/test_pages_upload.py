"""Uploading in a real browser: files, folders, ZIPs, refusals, a connection that is lost."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
import requests
import samples
from chromium import Tab
from playwright.sync_api import Locator, Route
from servers import Server, start, stop

CT = "highdicom/ct_image.dcm"
NewTab = Callable[[str], Tab]


def _part(tab: Tab, name: str) -> Locator:
    return tab.page.locator(f'[data-upload="{name}"]')


def _choose(tab: Tab, *paths: Path, folder: bool = False) -> None:
    tab.page.locator("#upload-folder" if folder else "#upload-files").set_input_files(
        [str(path) for path in paths] if not folder else str(paths[0])
    )


def _ended(tab: Tab, text: str) -> str:
    """Wait for the end of the upload; what it says."""
    _part(tab, "copy").wait_for()
    said = _part(tab, "state").filter(has_text=text)
    said.wait_for()
    return said.inner_text()


def _count(server: Server, level: str = "instances") -> int:
    answer = requests.get(f"{server.root}/{level}/count", timeout=30)
    return int(answer.json()["count"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve small images of two series, and what lies about in folders."""
    made = tmp_path / "CD of a patient"
    made.mkdir()
    study, series = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    for number in range(12):
        values = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        values |= {"InstanceNumber": number + 1, "PatientName": "Folder^Ida"}
        (made / f"IM{number:04}").write_bytes(samples.make_instance(**values))
    (made / ".DS_Store").write_bytes(b"junk")
    return made


def test_a_file_dragged_in_is_a_study_that_can_be_opened(empty_desk: Tab) -> None:
    page = empty_desk.page
    empty_desk.open("/")
    empty_desk.shows("The archive is empty")
    empty_desk.picture("pages-empty")
    page.get_by_role("button", name="Upload", exact=True).click()
    _choose(empty_desk, samples.folder() / CT)
    _ended(empty_desk, "1 image stored in 1 study")
    page.locator("#results a.row").wait_for()
    empty_desk.picture("pages-uploaded")
    page.get_by_role("link", name="CompressedSamples, CT1 · CT · e+1").click()
    empty_desk.shows("Study Instance UID")


def test_of_two_files_with_one_uid_each_has_its_own_outcome(
    empty_desk: Tab, bare: Server, tmp_path: Path
) -> None:
    image, other = pydicom.dcmread(samples.folder() / CT), tmp_path / "other.dcm"
    image.PatientID = "Another"
    image.save_as(other)
    empty_desk.page.set_viewport_size({"width": 1100, "height": 600})
    empty_desk.open("/")
    _choose(empty_desk, samples.folder() / CT, other)
    said = _ended(empty_desk, "1 image stored in 1 study, 1 file not.")
    assert _count(bare) == 1, said
    assert _part(empty_desk, "refusals").locator("tbody tr").count() == 1
    sheet, done = empty_desk.page.locator("#upload"), _part(empty_desk, "done")
    ends = "each => each.getBoundingClientRect().bottom"
    assert done.evaluate(ends) <= sheet.evaluate(ends) <= 600
    empty_desk.problems.clear()


def test_a_folder_is_stored_whole_and_its_litter_is_not_sent(
    empty_desk: Tab, bare: Server, folder: Path
) -> None:
    empty_desk.open("/")
    _choose(empty_desk, folder, folder=True)
    _ended(empty_desk, "12 images stored in 1 study.")
    assert _count(bare) == 12
    empty_desk.page.locator("#results").get_by_text("Folder, Ida").wait_for()


def test_a_zip_is_stored(empty_desk: Tab, bare: Server, folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "study.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.glob("IM*"):
            archive.write(file, file.name)
    empty_desk.open("/")
    _choose(empty_desk, packed)
    _ended(empty_desk, "12 images stored in 1 study.")
    assert _count(bare) == 12


def test_files_are_dropped_anywhere_on_the_page(empty_desk: Tab, bare: Server) -> None:
    empty_desk.open("/")
    data = samples.make_instance()
    transfer = empty_desk.page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.dcm"));
            return transfer;
        }""",
        list(data),
    )
    main = "main"
    empty_desk.page.dispatch_event(main, "dragenter", {"dataTransfer": transfer})
    empty_desk.shows("Drop files, folders or ZIPs to upload them")
    empty_desk.picture("pages-drop")
    empty_desk.page.dispatch_event(main, "drop", {"dataTransfer": transfer})
    _ended(empty_desk, "1 image stored in 1 study.")
    assert _count(bare) == 1


def test_refusals_can_be_read_and_copied(
    empty_desk: Tab, bare: Server, folder: Path, new_tab: NewTab
) -> None:
    (folder / "invoice.pdf").write_bytes(b"%PDF-1.7\n" + b"0" * 4000)
    damaged = folder / "damaged.dcm"
    damaged.write_bytes(samples.make_instance()[:200])
    empty_desk.open("/")
    _choose(empty_desk, folder, folder=True)
    _ended(empty_desk, "12 images stored in 1 study, 2 files not.")
    table = _part(empty_desk, "refusals").locator("table")
    pdf = table.locator("tr", has_text="invoice.pdf")
    assert "This is not a DICOM file" in pdf.inner_text()
    assert "damaged.dcm" in table.inner_text()
    empty_desk.picture("pages-refused")
    empty_desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _part(empty_desk, "copy").click()
    empty_desk.shows("The summary is copied.")
    copied = empty_desk.page.evaluate("navigator.clipboard.readText()")
    assert "CD of a patient/invoice.pdf\tThis is not a DICOM file" in copied
    # A refused store is 409, which the browser's console repeats.
    empty_desk.problems = [each for each in empty_desk.problems if "409" not in each]


def test_what_had_no_answer_is_sent_again(empty_desk: Tab, bare: Server, folder: Path) -> None:
    """The connection breaks in the middle of the first request."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("connectionreset")

    empty_desk.page.route("**/dicom-web/studies", lose)
    empty_desk.open("/")
    _choose(empty_desk, folder, folder=True)
    empty_desk.page.get_by_text("No answer from the server. Trying again").wait_for()
    empty_desk.picture("pages-lost")
    _ended(empty_desk, "12 images stored in 1 study.")
    assert _count(bare) == 12
    assert empty_desk.problems
    empty_desk.problems = [
        each for each in empty_desk.problems if "CONNECTION_RESET" not in each.upper()
    ]


def test_the_upload_survives_a_server_that_is_gone_for_a_while(
    tmp_path: Path, new_tab: NewTab, folder: Path
) -> None:
    few = {"DICOMWEB_EXTENSIONS": "extensions.pages"}
    server = start(tmp_path / "data", **few)
    port = server.address.rpartition(":")[2]
    tab = new_tab(server.address)
    try:
        tab.open("/")
        stop(server)
        _choose(tab, folder, folder=True)
        tab.page.get_by_text("No answer from the server").wait_for()
        server = start(tmp_path / "data", "--port", port, **few)
        _ended(tab, "12 images stored in 1 study.")
        assert _count(server) == 12
    finally:
        stop(server)
    tab.problems = [each for each in tab.problems if "CONNECTION" not in each.upper()]


def test_an_upload_is_cancelled_and_what_was_not_sent_is_told(
    empty_desk: Tab, folder: Path
) -> None:
    held: list[Route] = []
    empty_desk.page.route("**/dicom-web/studies", lambda route: held.append(route))
    empty_desk.open("/")
    _choose(empty_desk, folder, folder=True)
    _part(empty_desk, "flights").locator("li").first.wait_for()
    _part(empty_desk, "cancel").click()
    _ended(empty_desk, "Cancelled. 0 images stored, 12 files not.")
    empty_desk.page.unroute_all()
    _part(empty_desk, "retry").click()
    _ended(empty_desk, "12 images stored in 1 study.")


def test_large_files_travel_in_requests_of_bounded_size(
    empty_desk: Tab, bare: Server, tmp_path: Path
) -> None:
    """Seventy megabytes in seven files: no request is larger than 32 MB."""
    made = tmp_path / "large"
    made.mkdir()
    for number in range(7):
        image = samples.make_image()
        image.Rows = image.Columns = 2240
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation = 15, 0
        image.PixelData = bytes(2240 * 2240 * 2)
        (made / f"{number}.dcm").write_bytes(samples.encode(image))
    sizes: list[int] = []
    empty_desk.page.on(
        "request",
        lambda request: (
            sizes.append(int(request.headers.get("content-length", 0)))
            if request.method == "POST"
            else None
        ),
    )
    empty_desk.open("/")
    _choose(empty_desk, made, folder=True)
    _ended(empty_desk, "7 images stored in 7 studies.")
    assert len(sizes) >= 3
    assert _count(bare) == 7


# In the place of the network: every request is answered at once, its size is kept.
SINK = """window.bodies = [];
window.XMLHttpRequest = class {
    upload = {};
    status = 200;
    responseText = JSON.stringify({"00081199": {vr: "SQ", Value: [
        {"00081155": {Value: ["1.2"]}, "00081190": {Value: ["/studies/1.2/series/3/"]}}]}});
    open() {}
    abort() {}
    setRequestHeader() {}
    getResponseHeader() { return null; }
    send(body) { window.bodies.push(body.size); setTimeout(() => this.onload(), 1); }
};"""


def test_five_gigabytes_are_never_in_memory(empty_desk: Tab, tmp_path: Path) -> None:
    """A folder of sparse files that begin like images."""
    made = tmp_path / "large"
    made.mkdir()
    head = samples.make_instance()
    for number in range(152):
        with (made / f"{number:03}.dcm").open("wb") as file:
            file.write(head)
            file.truncate(33_000_000)
    empty_desk.page.add_init_script(SINK)
    empty_desk.open("/")
    _choose(empty_desk, made, folder=True)
    _ended(empty_desk, "152 images stored in 1 study. 5.0 GB in")
    sizes = empty_desk.page.evaluate("window.bodies")
    assert (len(sizes), max(sizes) < 34_000_000) == (152, True)
    assert empty_desk.page.evaluate("performance.memory.usedJSHeapSize") < 30_000_000
