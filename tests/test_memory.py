"""Memory is bounded: a request of any size passes through in pieces."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import requests
from clients import get, store
from samples import encode, make_image
from servers import Server

LIMIT = 64 * 1024 * 1024
# The figure is 4 GB; the benchmark sends that, this is its short form.
SIZE = int(os.environ.get("LIGHTBOX_STORE_MIB", "400")) * 1024 * 1024
PIECE = bytes(1024 * 1024)


def _resident(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def _huge_instance() -> Iterator[bytes]:
    """One instance whose pixel data are SIZE zeros, as a multipart body in pieces."""
    dataset = make_image(rows=1, columns=1)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 1024, 512, SIZE // len(PIECE)
    head = encode(dataset).removesuffix(dataset.PixelData)
    head = head[:-4] + SIZE.to_bytes(4, "little")
    yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" + head
    for _ in range(SIZE // len(PIECE)):
        yield PIECE
    yield b"\r\n--b--\r\n"


def test_a_huge_instance_streams_in_and_out_in_bounded_memory(own_server: Server) -> None:
    store(own_server, encode(make_image()))  # what is loaded once is loaded now
    before = _resident(own_server)
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak.append(_resident(own_server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = requests.post(
            f"{own_server.root}/studies",
            data=_huge_instance(),
            headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'},
            timeout=600,
        )
        assert answer.status_code == 200
        path = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
        with requests.get(
            path, headers={"Accept": "application/dicom"}, stream=True, timeout=600
        ) as back:
            received = sum(map(len, back.iter_content(1024 * 1024)))
    finally:
        done.set()
        watcher.join()
    assert received > SIZE
    assert max(peak) - before < LIMIT


def test_frames_at_the_end_of_a_huge_instance_are_read_alone(own_server: Server) -> None:
    dataset = make_image(rows=512, columns=512, frames=60, PixelData=bytes(range(256)) * 2048 * 60)
    store(own_server, encode(dataset))
    before = _resident(own_server)
    for _ in range(20):
        path = (
            f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
            f"/instances/{dataset.SOPInstanceUID}/frames/60"
        )
        answer = get(own_server, path, "application/octet-stream")
        assert answer.content == dataset.PixelData[-524288:]
    assert _resident(own_server) - before < 32 * 1024 * 1024
