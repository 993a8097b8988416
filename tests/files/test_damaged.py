"""Damaged files: kept aside once, with their reason; listed, downloaded, deleted."""

import subprocess
import sys
from typing import Any

from files_server import Files
from samples import encode, make_image


def _listed(files: Files, name: str) -> list[dict[str, Any]]:
    answer = files.get("/api/dicom/damaged")
    assert answer.status_code == 200
    return [each for each in answer.json()["data"] if each["originalName"] == name]


def _send(files: Files, file: bytes, name: str) -> int:
    return files.post("/dicom", files={"file": (name, file)}).status_code


def test_a_damaged_file_is_kept_aside_with_its_reason(files: Files) -> None:
    damaged = encode(make_image(rows=64))[:-7]
    assert _send(files, damaged, "damaged.dcm") == 400
    (found,) = _listed(files, "damaged.dcm")
    assert found["reason"] == "The file ends inside its pixel data."
    assert found["fileSize"] == len(damaged)
    answer = files.get(f"/api/dicom/damaged/{found['id']}")
    assert answer.content == damaged
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "damaged.dcm" in answer.headers["Content-Disposition"]
    part = files.get(f"/api/dicom/damaged/{found['id']}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, damaged[:10])


def test_the_same_damaged_file_is_kept_once(files: Files) -> None:
    damaged = encode(make_image(rows=64))[:-9]
    assert [_send(files, damaged, "twice.dcm") for _ in range(2)] == [400, 400]
    assert len(_listed(files, "twice.dcm")) == 1


def test_what_never_was_dicom_is_not_kept(files: Files) -> None:
    _send(files, b"a letter", "letter.txt")
    _send(files, b"", "empty.dcm")
    assert _listed(files, "letter.txt") == _listed(files, "empty.dcm") == []


def test_a_damaged_file_is_deleted(files: Files) -> None:
    assert _send(files, encode(make_image(rows=64))[:-11], "gone.dcm") == 400
    (found,) = _listed(files, "gone.dcm")
    path = f"/api/dicom/damaged/{found['id']}"
    assert files.delete(path).status_code == 204
    for answer in (files.get(path), files.delete(path)):
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "DICOM_API_ERROR"
    assert _listed(files, "gone.dcm") == []


def test_a_check_knows_whose_they_are(own_files: Files) -> None:
    own_files.new()
    assert _send(own_files, encode(make_image(rows=64))[:-3], "kept.dcm") == 400
    folder = str(own_files.server.data_dir)
    done = subprocess.run(
        [sys.executable, "-m", "dicomweb.cli", "check", "--data-dir", folder],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
