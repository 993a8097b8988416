"""A real client, dcmjs' dicomweb-client from npm: its whole API, in a real browser."""

import fcntl
import shutil
import subprocess
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from chromium import launched
from engines import missing
from imagecodecs import jpeg2k_decode
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from samples import encode, make_image
from servers import Server

NPM = Path(__file__).parent / "npm"
CLIENT = NPM / "node_modules" / "dicomweb-client" / "build" / "dicomweb-client.js"
COUNT = 3

Session = dict[str, Any]


def _fetched() -> Path:
    """The client's build, fetched once by npm with its integrity hash."""
    with (NPM / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not CLIENT.exists():
            if shutil.which("npm") is None:
                missing("npm is not installed, which fetches dcmjs' dicomweb-client")
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=NPM, check=True, capture_output=True, timeout=120)
    return CLIENT


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    study, series = generate_uid(), generate_uid()
    same = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "PatientName": "Client^Npm"}
    made = [make_image(rows=64, columns=64, InstanceNumber=n, **same) for n in range(1, COUNT + 1)]
    return [encode(each) for each in made]


@pytest.fixture(scope="module")
def first(files: list[bytes]) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(files[0]))


@pytest.fixture(scope="module")
def session(server: Server, files: list[bytes], first: pydicom.Dataset) -> Session:
    """What all its methods gave."""
    client = _fetched()
    with launched() as browser:
        page = browser.new_page()
        page.goto(f"{server.address}/health/live")
        page.add_script_tag(path=client)
        found: Session = page.evaluate(
            (NPM / "session.js").read_text("utf-8"),
            {
                "root": server.root,
                "origin": server.address,
                "study": first.StudyInstanceUID,
                "series": first.SeriesInstanceUID,
                "instance": first.SOPInstanceUID,
                "uncompressed": ExplicitVRLittleEndian,
                "files": [b64encode(each).decode() for each in files],
            },
        )
    return found


def test_it_stores(session: Session) -> None:
    assert session["stored"] is not None
    assert session["storedIntoStudy"] is not None


@pytest.mark.parametrize(
    ("method", "count"),
    [("studies", 1), ("series", 1), ("instances", COUNT), ("anyInstances", COUNT)],
)
def test_it_finds(session: Session, first: pydicom.Dataset, method: str, count: int) -> None:
    assert len(session[method]) == count
    assert {each["0020000D"]["Value"][0] for each in session[method]} == {first.StudyInstanceUID}


@pytest.mark.parametrize(
    ("method", "count"),
    [("studyMetadata", COUNT), ("seriesMetadata", COUNT), ("instanceMetadata", 1)],
)
def test_it_reads_metadata(session: Session, method: str, count: int) -> None:
    names = [each["00100010"]["Value"][0]["Alphabetic"] for each in session[method]]
    assert names == ["Client^Npm"] * count


def test_it_gets_files_bit_for_bit(session: Session, files: list[bytes]) -> None:
    assert b64decode(session["instanceFile"]) == files[0]
    assert [b64decode(each) for each in session["seriesFiles"]] == files
    assert [b64decode(each) for each in session["studyFiles"]] == files


def test_it_gets_frames_as_stored_and_transcoded(session: Session, first: pydicom.Dataset) -> None:
    (plain,), (packed,) = session["frames"], session["framesAsJpeg2000"]
    assert b64decode(plain) == first.PixelData
    assert np.array_equal(jpeg2k_decode(b64decode(packed)), first.pixel_array)
    assert [b64decode(each) for each in session["framesOfEitherKind"]] == [first.PixelData]


@pytest.mark.parametrize(
    ("method", "size"),
    [
        ("rendered", (32, 32)),
        ("framesRendered", (64, 64)),
        ("thumbnail", None),
        ("framesThumbnail", None),
    ],
)
def test_it_gets_pictures(session: Session, method: str, size: tuple[int, int] | None) -> None:
    picture = Image.open(BytesIO(b64decode(session[method][0])))
    assert picture.format == "JPEG"
    assert size is None or picture.size == size


def test_it_gets_bulk_data_whole_and_in_part(session: Session, first: pydicom.Dataset) -> None:
    assert [b64decode(each) for each in session["bulkData"]] == [first.PixelData]
    assert b64decode(session["bulkRange"][0]) == first.PixelData[10:100]


def test_its_wado_uri_gets_the_file(session: Session, files: list[bytes]) -> None:
    assert b64decode(session["wadoUri"]) == files[0]
