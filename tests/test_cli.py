"""The command line: import and check say what they did, and their exit status says it too."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from clients import get, path_of, store
from samples import encode, make_image
from servers import Server, running

from dicomweb import __version__


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dicomweb.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "objects").rglob("*.dcm"))


def test_files_folders_and_zips_are_imported_with_a_summary(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.dcm").write_bytes(encode(make_image()))
    (folder / "deep" / "two").write_bytes(encode(make_image()))
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("a/three.dcm", encode(make_image()))
        archive.writestr("a/four.dcm", encode(make_image())[132:])
    done = _run(
        "import", str(folder), str(tmp_path / "more.zip"), "--data-dir", str(tmp_path / "d")
    )
    assert done.returncode == 0
    assert done.stdout == "4 stored (1 of them with a warning), 0 refused.\n"


def test_each_refusal_is_named_with_its_reason(tmp_path: Path) -> None:
    dataset = make_image()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "first.dcm").write_bytes(encode(dataset))
    dataset.PatientName = "Other"
    (folder / "second.dcm").write_bytes(encode(dataset))
    (folder / "third.txt").write_text("no image")
    done = _run("import", str(folder), "--data-dir", str(tmp_path / "d"))
    assert done.returncode == 1
    assert "second.dcm: Another data set has this" in done.stdout
    assert "third.txt: " in done.stdout
    assert done.stdout.endswith("1 stored (0 of them with a warning), 2 refused.\n")
    assert len(_files(tmp_path / "d")) == 1


def test_importing_again_stores_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "one.dcm").write_bytes(encode(make_image()))
    for _ in range(2):
        done = _run("import", str(tmp_path / "one.dcm"), "--data-dir", str(tmp_path / "d"))
        assert done.returncode == 0
    assert len(_files(tmp_path / "d")) == 1


def test_what_was_imported_is_served(tmp_path: Path) -> None:
    dataset = make_image()
    (tmp_path / "one.dcm").write_bytes(encode(dataset))
    _run("import", str(tmp_path / "one.dcm"), "--data-dir", str(tmp_path / "d"))
    with running(tmp_path / "d") as server:
        assert get(server, path_of(dataset)).status_code == 200


def _damaged_archive(tmp_path: Path) -> Path:
    """An archive of four instances: one sound, one without bytes, one altered, and an orphan."""
    source, data = tmp_path / "in", tmp_path / "d"
    source.mkdir()
    for number in range(3):
        (source / f"{number}.dcm").write_bytes(encode(make_image()))
    _run("import", str(source), "--data-dir", str(data))
    missing, altered, _ = _files(data)
    missing.unlink()
    content = bytearray(altered.read_bytes())
    content[-1] ^= 1
    altered.write_bytes(content)
    orphan = data / "objects" / "0123abcd" / ("0" * 24 + ".dcm")
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    return data


def test_check_finds_missing_altered_and_orphaned_bytes(tmp_path: Path) -> None:
    data = _damaged_archive(tmp_path)
    done = _run("check", "--data-dir", str(data))
    assert done.returncode == 1
    for sentence in ("has a row but no bytes", "differ from those stored", "has bytes but no row"):
        assert done.stdout.count(sentence) == 1
    assert "3 wrong, 0 repaired" in done.stdout


def test_repair_sets_right_and_destroys_no_bytes(tmp_path: Path) -> None:
    data = _damaged_archive(tmp_path)
    assert "3 wrong, 3 repaired" in _run("check", "--repair", "--data-dir", str(data)).stdout
    again = _run("check", "--data-dir", str(data))
    assert (again.returncode, len(_files(data))) == (0, 1)
    assert len(list((data / "orphans").iterdir())) == 2


def test_a_sound_archive_passes_the_check_while_it_is_served(own_server: Server) -> None:
    store(own_server, encode(make_image()))
    assert _run("check", "--data-dir", str(own_server.data_dir)).returncode == 0


def test_the_version_and_the_routes_are_printed() -> None:
    assert _run("--version").stdout == f"lightbox-dicomweb {__version__}\n"
    routes = _run("routes").stdout
    assert "/dicom-web/studies/{study}/series/{series}/metadata" in routes
    assert "radiology:view" in routes


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "archive.example"])
def test_without_accounts_only_loopback_is_served(host: str, tmp_path: Path) -> None:
    done = _run("serve", "--host", host, "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "DICOMWEB_AUTH" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_stops_the_start_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DICOMWEB_CACHE_MB", "much")
    done = _run("serve", "--port", "0", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("DICOMWEB_CACHE_MB is wrong")
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_said_in_one_sentence(own_server: Server, tmp_path: Path) -> None:
    port = own_server.address.rpartition(":")[2]
    done = _run("serve", "--port", port, "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert port in done.stdout + done.stderr
