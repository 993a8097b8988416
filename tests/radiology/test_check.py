"""`dicomweb check` knows the files that are kept beside instances."""

from pathlib import Path

import pytest
from servers import running

from tests.accounts.people import run_cli
from tests.radiology.radiology_api import Api, picture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of an archive with one PNG: its instance, and the file that was uploaded."""
    with running(tmp_path) as server:
        api = Api(server)
        api.upload(api.study()["id"], picture(), "x.png")
    return tmp_path


def _png(data: Path) -> Path:
    (found,) = (
        path for path in (data / "objects").rglob("*.dcm") if path.read_bytes() == picture()
    )
    return found


def test_a_kept_file_is_no_orphan(data: Path) -> None:
    done = run_cli("check", "--repair", "--data-dir", str(data))
    assert (done.returncode, _png(data).exists()) == (0, True)
    assert "2 looked at, 0 wrong" in done.stdout


def test_a_kept_file_that_was_altered_is_found_and_left(data: Path) -> None:
    path = _png(data)
    path.write_bytes(picture()[:-1] + b"!")
    done = run_cli("check", "--repair", "--data-dir", str(data))
    assert done.returncode == 1
    assert "differ from those stored (left so)" in done.stdout
    assert path.exists()


def test_a_kept_file_that_is_missing_is_found(data: Path) -> None:
    _png(data).unlink()
    done = run_cli("check", "--data-dir", str(data))
    assert (done.returncode, done.stdout.count("has a row but no bytes")) == (1, 1)
