"""What browser tests share: an archive with samples, a browser, a tab that is watched."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import samples
from chromium import Tab, launched, returning
from engines import missing
from playwright.sync_api import Browser, BrowserContext
from servers import Server, running

from extensions.viewer.build import FETCHED, find

STORED = (
    "ct-series",
    "synthetic/derived",
    "highdicom/ct_image.dcm",
    "highdicom/sr_document.dcm",
    "pydicom/examples_jpeg2k.dcm",
    "pydicom-data/emri_small_jpeg_ls_lossless.dcm",
    "synthetic/modalities/us_10f_jpeg_422.dcm",
    "synthetic/modalities/us_10f_rle_rgb.dcm",
    "synthetic/modalities/enhanced_ct_20f.dcm",
    "synthetic/modalities/encapsulated_pdf.dcm",
    "synthetic/modalities/ecg_12lead.dcm",
    "synthetic/video/h264_bd.dcm",
    "synthetic/wsi",
    "mr-series",
)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with OHIF and one study of each kind."""
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    paths = [str(samples.folder() / name) for name in STORED]
    data = tmp_path_factory.mktemp("data")
    command = [sys.executable, "-m", "dicomweb.cli", "import", "--data-dir", str(data)]
    subprocess.run([*command, *paths], check=False, capture_output=True, timeout=120)
    with running(data) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A window of a returning user; its cache spares every test the loading of OHIF."""
    with returning(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture
def new_tab(context: BrowserContext) -> Iterator[Callable[[str], Tab]]:
    """Makes tabs at an address; at the end of the test nothing may have gone wrong in them."""
    tabs: list[Tab] = []

    def make(address: str) -> Tab:
        tabs.append(Tab(context.new_page(), address))
        return tabs[-1]

    yield make
    problems = [problem for tab in tabs for problem in tab.problems]
    for tab in tabs:
        tab.page.close()
    assert problems == []


@pytest.fixture
def tab(archive: Server, new_tab: Callable[[str], Tab]) -> Tab:
    """A tab at the archive."""
    return new_tab(archive.address)


@pytest.fixture
def study() -> Callable[[str], str]:
    """The Study Instance UID of a sample file."""
    import pydicom

    def of(name: str) -> str:
        path: Path = samples.folder() / name
        return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)

    return of


FEW = ("highdicom/ct_image.dcm", "mr-series", "pydicom/examples_jpeg2k.dcm")


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with our pages and three studies, without accounts; OHIF need not be there."""
    data = tmp_path_factory.mktemp("few")
    paths = [str(samples.folder() / name) for name in FEW]
    command = [sys.executable, "-m", "dicomweb.cli", "import", "--data-dir", str(data)]
    subprocess.run([*command, *paths], check=False, capture_output=True, timeout=120)
    with running(data) as server:
        yield server


@pytest.fixture
def desk(few: Server, new_tab: Callable[[str], Tab]) -> Tab:
    """A tab at these three studies."""
    return new_tab(few.address)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Server]:
    """A server with an empty archive and nothing but our pages."""
    names = "extensions.deletion,extensions.pages"
    with running(tmp_path / "data", DICOMWEB_EXTENSIONS=names) as server:
        yield server


@pytest.fixture
def empty_desk(bare: Server, new_tab: Callable[[str], Tab]) -> Tab:
    """A tab at this empty archive."""
    return new_tab(bare.address)
