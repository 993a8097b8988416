"""The README's examples do what it says, run as they stand there, only at another port."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image
from servers import Server, running

HERE = Path(__file__).resolve().parents[1]
README = (HERE / "README.md").read_text("utf-8")
PASSWORD = "correct horse 27 battery"


def _example(language: str, containing: str) -> str:
    """The example of a language that contains a text."""
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (only,) = [each for each in found if containing in each]
    return str(only)


def _run(command: list[str], server: Server, folder: Path, text: str) -> str:
    """Run an example in a copy of what it reads; its standard output."""
    (folder / "tests" / "data").mkdir(parents=True)
    shutil.copy(HERE / "tests" / "data" / "ct.dcm", folder / "tests" / "data")
    program = text.replace("http://127.0.0.1:8080", server.address)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*command, program],
        cwd=folder,
        env={**os.environ, "PATH": path, "PASSWORD": PASSWORD, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """A server with accounts, and ann."""
    data = tmp_path / "data"
    command = [sys.executable, "-m", "dicomweb.cli", "user", "add", "ann", "--role", "radiologist"]
    command += ["--password-stdin", "--data-dir", str(data)]
    subprocess.run(command, input=PASSWORD, text=True, check=True, timeout=60, capture_output=True)
    with running(data, DICOMWEB_AUTH="local") as server:
        yield server


def test_curl_stores_searches_and_views(own_server: Server, tmp_path: Path) -> None:
    output = _run(["bash", "-ec"], own_server, tmp_path / "user", _example("sh", "# store:"))
    assert "00081199" in output
    assert "CompressedSamples^CT1" in output
    with Image.open(tmp_path / "user" / "ct.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 128))


def test_dicomweb_client_does_the_same(own_server: Server, tmp_path: Path) -> None:
    program = _example("python", "DICOMwebClient") + "\nprint(len(instances))"
    assert _run([sys.executable, "-c"], own_server, tmp_path / "user", program) == "1\n"


def test_a_token_opens_the_door(guarded: Server, tmp_path: Path) -> None:
    lines = _example("sh", "grant_type=password").partition("token=")
    assert requests.get(f"{guarded.root}/studies", timeout=30).status_code == 401
    output = _run(["bash", "-ec"], guarded, tmp_path / "user", lines[1] + lines[2])
    assert output.strip() == "[]"
