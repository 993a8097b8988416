"""`POST /dicom` with a path: only files below the import folder, whatever is tried."""

import os
import threading
from pathlib import Path

import pytest
import requests
from files_server import Files
from samples import encode, make_image
from servers import Server

from dicomweb.errors import Forbidden, NotFound, Refusal
from extensions.files.import_folder import opened

OUTSIDE = encode(make_image())


def _import(files: Files, path: object) -> requests.Response:
    return files.post("/dicom", json={"path": path})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`inside` with a file and links that lead out of it, `outside` with another file."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "file.dcm").write_bytes(OUTSIDE)
    (inside / "link.dcm").symlink_to(outside / "file.dcm")
    (inside / "folder").symlink_to(outside)
    (inside / "deep").mkdir()
    (inside / "deep" / "up").symlink_to("../../outside")
    (inside / "self.dcm").symlink_to("file.dcm")
    os.mkfifo(inside / "pipe")
    return inside


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../outside/file.dcm", 403),
        ("deep/../../outside/file.dcm", 403),
        ("/etc/passwd", 403),
        ("link.dcm", 403),
        ("folder/file.dcm", 403),
        ("deep/up/file.dcm", 403),
        ("self.dcm", 403),
        ("missing.dcm", 404),
        ("file.dcm/more", 404),
        ("x" * 900, 404),
        ("deep", 400),
        (".", 400),
        ("pipe", 400),
        ("", 400),
        ("a/" * 65 + "b", 400),
    ],
)
def test_nothing_but_a_file_inside_is_opened(tree: Path, path: str, status: int) -> None:
    with pytest.raises(Refusal) as refusal, opened(str(tree), path, 10**6):
        pass
    assert refusal.value.status == status
    assert str(tree) not in refusal.value.sentence


@pytest.mark.parametrize("path", ["file.dcm", "./file.dcm", ".//file.dcm"])
def test_a_file_inside_is_read(tree: Path, path: str) -> None:
    with opened(str(tree), path, 10**6) as file:
        assert (file.name, file.size) == ("file.dcm", len(OUTSIDE))
        assert b"".join(file.pieces()) == OUTSIDE


def test_a_file_over_the_limit_is_not_read(tree: Path) -> None:
    with pytest.raises(Refusal) as refusal, opened(str(tree), "file.dcm", 10):
        pass
    assert refusal.value.status == 413


def test_a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere(tree: Path) -> None:
    """What is read is inside whenever it is read, however fast somebody changes the tree."""
    (tree / "real").mkdir()
    (tree / "real" / "file.dcm").write_bytes(b"inside")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (tree / "real").rename(tree / "away")
            (tree / "real").symlink_to(tree.parent / "outside")
            (tree / "real").unlink()
            (tree / "away").rename(tree / "real")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(2000):
            try:
                with opened(str(tree), "real/file.dcm", 10**6) as file:
                    assert b"".join(file.pieces()) == b"inside"
            except (Forbidden, NotFound):
                continue
    finally:
        done.set()
        swapper.join()


@pytest.mark.parametrize("path", ["/etc/passwd", "../data/index.sqlite", "link", "missing"])
def test_what_is_outside_is_neither_read_nor_told_of(files: Files, path: str) -> None:
    link = files.folder / "link"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    answer = _import(files, path)
    assert answer.status_code == (404 if path == "missing" else 403)
    assert str(files.folder) not in answer.text
    assert "root:" not in answer.text


def test_what_is_no_dicom_file_is_400(files: Files) -> None:
    (files.folder / "notes.txt").write_text("no DICOM file")
    answer = _import(files, "notes.txt")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid DICOM file: missing DICM prefix"


def test_an_imported_file_keeps_its_name(files: Files) -> None:
    (files.folder / "IM000007").write_bytes(encode(make_image()))
    id = _import(files, "IM000007").json()["id"]
    assert files.get(f"/dicom/{id}").json()["filename"] == "IM000007"
    assert _import(files, "IM000007").json() == {"id": id}


def test_without_a_folder_import_is_off(server: Server) -> None:
    answer = requests.post(f"{server.address}/dicom", json={"path": "a.dcm"}, timeout=60)
    assert answer.status_code == 403
    assert "DICOMWEB_IMPORT_DIR" in answer.json()["message"]
