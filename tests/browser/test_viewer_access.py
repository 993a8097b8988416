"""OHIF for people who log in and for guests with a link: no request fails, nothing else is seen."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydicom
import pytest
import requests
import samples
from chromium import Tab
from engines import missing
from playwright.sync_api import BrowserContext
from prefix import proxied
from servers import Server, running

from extensions.viewer.build import FETCHED, find

PASSWORD = "correct horse"
FILES = (
    "highdicom/ct_image.dcm",
    "synthetic/modalities/encapsulated_pdf.dcm",
    "synthetic/video/h264_bd.dcm",
)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with accounts, OHIF and three studies."""
    if find(FETCHED) is None:
        missing("OHIF is not fetched (make viewer)")
    data = tmp_path_factory.mktemp("hospital")
    cli = [sys.executable, "-m", "dicomweb.cli"]
    paths = [str(samples.folder() / name) for name in FILES]
    subprocess.run([*cli, "import", "--data-dir", str(data), *paths], check=True, timeout=120)
    for role in ("admin", "radiologist"):
        command = [*cli, "user", "add", role, "--role", role, "--password-stdin"]
        subprocess.run([*command, "--data-dir", str(data)], input=PASSWORD, text=True, check=True)
    with running(data, DICOMWEB_AUTH="local") as server:
        yield server


@pytest.fixture
def stranger(
    context: BrowserContext, new_tab: Callable[[str], Tab]
) -> Iterator[Callable[[str], Tab]]:
    """Tabs of somebody whom no server knows yet, in which nothing may go wrong."""
    context.clear_cookies()
    yield new_tab
    context.clear_cookies()


def _study(name: str) -> str:
    path: Path = samples.folder() / name
    return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def _shared(server: Server, study: str) -> str:
    """A link that opens this study."""
    fields = {"grant_type": "password", "username": "admin", "password": PASSWORD}
    token = requests.post(f"{server.address}/api/auth/token", data=fields, timeout=30).json()
    ends = datetime.now(UTC) + timedelta(days=1)
    answer = requests.post(
        f"{server.address}/api/auth/shares",
        json={"studyInstanceUid": study, "expires": ends.isoformat(), "label": "Guest"},
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["url"])


@pytest.mark.parametrize("file", FILES)
def test_a_link_opens_its_study_in_the_viewer(
    hospital: Server, stranger: Callable[[str], Tab], file: str
) -> None:
    tab = stranger(hospital.address)
    tab.page.goto(_shared(hospital, _study(file)))
    tab.page.wait_for_url(f"**/viewer/viewer?StudyInstanceUIDs={_study(file)}*")
    tab.wait_for_picture()
    tab.picture(f"share-{Path(file).stem}")


def test_who_logs_in_reads_in_the_viewer_below_a_prefix(
    hospital: Server, stranger: Callable[[str], Tab]
) -> None:
    with proxied(hospital.address, "/imaging") as address:
        tab = stranger(address)
        tab.open(f"/viewer/viewer?StudyInstanceUIDs={_study(FILES[0])}")
        tab.page.get_by_label("Name").fill("radiologist")
        tab.page.get_by_label("Password").fill(PASSWORD)
        tab.page.get_by_role("button", name="Log in").click()
        tab.wait_for_picture()
        assert "/imaging/viewer/viewer?StudyInstanceUIDs=" in tab.page.url
