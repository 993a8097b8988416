"""The benchmarks run, and do not believe wrong answers. Nothing here looks at a clock."""

import json
import os
import socket
import threading
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from dicomweb import part10
from tests.benchmarks import peers
from tests.benchmarks.__main__ import ROWS, main, run
from tests.benchmarks.bench import Bench, Options
from tests.benchmarks.client import Connection, get, parts
from tests.benchmarks.filled import record
from tests.benchmarks.instances import ct, series, small
from tests.benchmarks.measure import require
from tests.benchmarks.processes import Meter
from tests.benchmarks.slides import slide


@pytest.fixture
def _all_peers() -> None:
    """Skips, loudly, where a peer is not installed."""
    for missing in filter(None, (peers.missing_orthanc(), peers.missing_nginx())):
        pytest.skip(missing)


@pytest.mark.usefixtures("_all_peers")
def test_a_quick_run_fills_every_column(tmp_path: Path) -> None:
    written = tmp_path / "numbers.json"
    options = ["--quick", "--rounds", "1", "--folder", str(tmp_path), "--json", str(written)]
    assert main([*options, "--only", "store-single", "frame"]) == 0
    lines = json.loads(written.read_text())["lines"]
    assert len(lines) == 4
    assert all(line["ours"] and line["peer"] and line["ratio"] for line in lines)
    assert not any("void" in line["verdict"] for line in lines)


def test_a_wrong_answer_makes_its_row_void_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROWS, "wrong", lambda bench: require(False, "other bytes"))
    monkeypatch.setitem(ROWS, "right", lambda bench: iter(()))
    (line,) = run(Bench(Options(quick=True), tmp_path), ["wrong", "right"])
    assert line.met is None
    assert "void" in line.verdict
    assert "other bytes" in line.verdict


def test_the_meter_sees_work_finer_than_a_tick() -> None:
    meter = Meter(os.getpid())
    before = meter.cpu_ns()
    sum(range(10_000))
    assert 0 < meter.cpu_ns() - before < 10**10
    assert meter.resident_mb() > 1


def test_a_made_slice_is_a_realistic_instance() -> None:
    place = series(3, "test")[1]
    dataset = pydicom.dcmread(BytesIO(ct(512).file(place)))
    assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID == place.instance
    assert (dataset.StudyInstanceUID, dataset.SeriesInstanceUID) == (place.study, place.series)
    assert dataset.InstanceNumber == 2
    assert dataset.PixelData == ct(512).pixels(place)
    assert 200 <= sum(1 for _ in dataset.iterall()) <= 250
    assert any(element.tag.is_private for element in dataset)


def test_slices_of_a_series_differ_only_where_they_should() -> None:
    first, second = (pydicom.dcmread(BytesIO(small("MR").file(each))) for each in series(2, "test"))
    names = {element.keyword for element in first if element != second[element.tag]}
    assert names == {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "ContentTime"}


def test_a_made_row_is_what_the_scanner_makes_of_the_made_file() -> None:
    place = series(7, "test")[6]
    file = small("MR").file(place)
    header = part10.scan(file, len(file), lambda offset, length: file[offset : offset + length])
    made = record("MR", place)
    assert json.loads(made.json, strict=False) == json.loads(header.json, strict=False)
    assert made.elements.keys() == header.elements.keys()
    for tag, element in header.elements.items():
        assert json.loads(made.elements[tag], strict=False) == json.loads(element, strict=False)
    assert (made.size, made.dataset_offset) == (len(file), header.dataset_offset)


def test_a_made_slide_has_its_tiles() -> None:
    whole = slide(40)
    dataset = pydicom.dcmread(BytesIO(whole.file))
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=40))
    assert frames[20] == whole.tile(21)
    assert len(dataset.PerFrameFunctionalGroupsSequence) == 40


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_the_client_reads_every_kind_of_body(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.recv(1000)
                for at in range(0, len(answer), 7):
                    accepted.sendall(answer[at : at + 7])

        thread = threading.Thread(target=serve)
        thread.start()
        with Connection(listening.getsockname()) as connection:
            read = connection.ask(get("/"), keep=True)
        thread.join()
    assert (read.status, read.body, read.size) == (200, b"hello", 5)


def test_the_client_repeats_a_get_whose_kept_connection_was_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                accepted, _ = listening.accept()
                with accepted:
                    accepted.recv(1000)
                    accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve)
        thread.start()
        with Connection(listening.getsockname()) as connection:
            assert connection.ask(get("/"), keep=True).body == b"ok"
            assert connection.ask(get("/"), keep=True).body == b"ok"
        thread.join()


def test_the_parts_of_an_answer_are_its_payloads() -> None:
    body = b"--b\r\nContent-Type: a/b\r\n\r\none\r\n--b\r\nX: y\r\n\r\n\r\ntwo\r\n--b--\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: multipart/related; boundary=b\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection = Connection(listening.getsockname())
        with connection:
            connection.send(get("/"))
            accepted, _ = listening.accept()
            with accepted:
                accepted.sendall(head.encode() + body)
                answer = connection.read(keep=True)
    assert parts(answer) == [b"one", b"\r\ntwo"]
