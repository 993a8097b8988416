"""Killed at any moment, the server leaves no 200 without its instance and no row without bytes."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
import requests
from clients import body_of, get, parts, path_of
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import Server, running, start, stop

AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class Sender(threading.Thread):
    """Stores instances of one study until the server is gone; `acknowledged` were answered 200."""

    def __init__(self, server: Server, study: str, many: int) -> None:
        super().__init__()
        self.server = server
        self.study = study
        self.many = many
        self.acknowledged: dict[str, bytes] = {}

    def run(self) -> None:
        session = requests.Session()
        while True:
            datasets = [
                make_image(rows=64, columns=64, StudyInstanceUID=self.study)
                for _ in range(self.many)
            ]
            files = {path_of(each): encode(each) for each in datasets}
            body, content_type = body_of(list(files.values()))
            try:
                answer = session.post(
                    f"{self.server.root}/studies",
                    data=body,
                    headers={"Content-Type": content_type},
                    timeout=30,
                )
            except requests.RequestException:
                return
            if answer.status_code == 200:
                self.acknowledged.update(files)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_while_storing_it_keeps_every_promise(tmp_path: Path, workers: int) -> None:
    data_dir = tmp_path / "data"
    acknowledged: dict[str, bytes] = {}
    for _ in range(3):
        server = start(data_dir, "--workers", str(workers))
        senders = [Sender(server, generate_uid(), many) for many in (1, 1, 7)]
        for sender in senders:
            sender.start()
        _wait_for_one(senders)
        time.sleep(random.uniform(0, 1))
        server.kill()
        for sender in senders:
            sender.join(60)
            acknowledged.update(sender.acknowledged)
        stop(server)
    assert acknowledged
    with running(data_dir) as server:
        for path, file in acknowledged.items():
            assert parts(get(server, path, AS_STORED))[0][1] == file
        for study in get(server, "/studies").json():
            uid = study["0020000D"]["Value"][0]
            instances = get(server, f"/studies/{uid}/instances").json()
            assert study["00201208"]["Value"] == [len(instances)]
            assert len(parts(get(server, f"/studies/{uid}", AS_STORED))) == len(instances)
    _nothing_is_wrong_but_orphans(data_dir)


def _wait_for_one(senders: list[Sender]) -> None:
    """Until a first instance is acknowledged."""
    end = time.monotonic() + 60
    while not any(sender.acknowledged for sender in senders):
        assert time.monotonic() < end
        time.sleep(0.02)


def _nothing_is_wrong_but_orphans(data_dir: Path) -> None:
    """`check` finds at most bytes without a row, and repairs that."""
    command = [sys.executable, "-m", "dicomweb.cli", "check", "--data-dir", str(data_dir)]
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    findings = [line for line in report.splitlines() if line.endswith("(left so)")]
    assert all("has bytes but no row" in line for line in findings)
    assert subprocess.run([*command, "--repair"], check=False).returncode == 0
    assert subprocess.run(command, check=False).returncode == 0


def test_what_is_under_way_at_a_graceful_stop_is_finished(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    dataset = make_image(rows=256, columns=256)
    body, content_type = body_of([encode(dataset)])

    begun = threading.Event()

    def slowly() -> Iterator[bytes]:
        for start_at in range(0, len(body), 4_096):
            yield body[start_at : start_at + 4_096]
            begun.set()
            time.sleep(0.05)

    answers: list[int] = []

    def send() -> None:
        answer = requests.post(
            f"{server.root}/studies",
            data=slowly(),
            headers={"Content-Type": content_type},
            timeout=60,
        )
        answers.append(answer.status_code)

    thread = threading.Thread(target=send)
    thread.start()
    assert begun.wait(60)
    # Answered after it: the connection of the upload has been taken on.
    assert requests.get(f"{server.address}/health/live", timeout=30).ok
    server.process.terminate()
    thread.join(60)
    stop(server)
    assert answers == [200]
    with running(tmp_path / "data") as again:
        assert get(again, path_of(dataset)).status_code == 200


def test_two_workers_share_one_archive(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2") as server:
        study = generate_uid()
        datasets = [make_image(StudyInstanceUID=study) for _ in range(40)]
        threads = [
            threading.Thread(target=_store_one, args=(server, dataset)) for dataset in datasets
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for _ in range(10):
            (found,) = get(server, f"/studies?StudyInstanceUID={study}").json()
            assert found["00201208"]["Value"] == [40]
        metrics = requests.get(f"{server.address}/metrics", timeout=30).text
        assert 'dicomweb_stored_instances_total{outcome="stored"} 40.0' in metrics


def _store_one(server: Server, dataset: pydicom.Dataset) -> None:
    body, content_type = body_of([encode(dataset)])
    answer = requests.post(
        f"{server.root}/studies", data=body, headers={"Content-Type": content_type}, timeout=60
    )
    assert answer.status_code == 200
