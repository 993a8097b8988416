"""Several processes at once: nothing is counted wrong, stored twice, or waits for ever."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from dicomweb.errors import Unavailable
from dicomweb.index import Duplicate, Index, Stored, database, engines
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import one, told, values
from tests.index.test_remove import STUDY

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import json, random, sys
sys.path.insert(0, sys.argv[1])
from dicomweb.errors import Gone, NotFound
from dicomweb.index import Index, Stored
from dicomweb.resources import Resource
from tests.index.made import one

url, seed, deletes = sys.argv[2], int(sys.argv[3]), sys.argv[4] == "deletes"
rng = random.Random(seed)
jobs = [(study, series, number) for study in (1, 2) for series in (1, 2, 3) for number in range(8)]
rng.shuffle(jobs)
index = Index(url)
sys.stdin.readline()
stored = 0
for start in range(0, len(jobs), 6):
    group = [
        one(number, study, series, Modality=("CT", "MR", "SR")[series - 1])
        for study, series, number in jobs[start : start + 6]
    ]
    stored += sum(isinstance(outcome, Stored) for outcome in index.store(group))
    if deletes and rng.random() < 0.5:
        study, series, number = rng.choice(jobs)
        uids = (f"1.2.{study}", f"1.2.{study}.{series}", f"1.2.{study}.{series}.{number}")
        try:
            stored -= len(index.remove(Resource(*uids[: rng.choice((1, 2, 3, 3, 3))])).keys)
        except (Gone, NotFound):
            pass
index.close()
print(json.dumps(stored))
"""


def run_workers(url: str, mode: str, number: int = 3) -> list[int]:
    """Start the workers, let them go at once: how many instances each has stored on balance."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(ROOT), url, str(seed), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(number)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * number
    return [json.loads(text) for text in found]


def check(index: Index) -> int:
    """Every count and list of the index agrees with its rows; how many instances there are."""
    everything = index.find(parse(Level.INSTANCE, Resource(), "includefield=Modality"))
    rows = told(everything.fragments)
    by_study: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        series = values(row, "0020000E")[0], values(row, "00080060")[0]
        by_study.setdefault(values(row, "0020000D")[0], []).append(series)
    studies = told(index.find(parse(Level.STUDY, Resource(), "")).fragments)
    assert {values(study, "0020000D")[0] for study in studies} == set(by_study)
    for study in studies:
        members = by_study[values(study, "0020000D")[0]]
        assert values(study, "00201208") == [len(members)]
        assert values(study, "00201206") == [len(set(members))]
        assert values(study, "00080061") == sorted({modality for _, modality in members})
    for series in told(index.find(parse(Level.SERIES, Resource(), "")).fragments):
        uid = values(series, "0020000E")[0]
        own = sum(uid == member for members in by_study.values() for member, _ in members)
        assert values(series, "00201209") == [own]
    statistics = index.statistics()
    assert (statistics.instances, statistics.size) == (len(rows), 1000 * len(rows))
    return len(rows)


@pytest.mark.parametrize("mode", ["stores", "deletes"])
def test_processes_that_store_and_delete_the_same_agree(url: str, mode: str) -> None:
    balance = sum(run_workers(url, mode))
    index = Index(url)
    assert check(index) == balance
    assert mode == "deletes" or balance == 48
    index.close()


def test_threads_store_one_instance_once(index: Index) -> None:
    outcomes: list[object] = []

    def store() -> None:
        outcomes.extend(index.store([one(1), one(2, 2)]))

    threads = [Thread(target=store) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(Stored), kinds.count(Duplicate)) == (2, 10)
    assert check(index) == 2


def test_a_reader_is_never_in_the_way_of_a_writer(index: Index) -> None:
    index.store([one(1)])
    with index.reading() as session:
        session.connection()
        index.store([one(2)])
        assert len(index.locations(STUDY)) == 2


def test_what_is_committed_survives_a_killed_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/index.db"
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from dicomweb.index import Index\n"
        "from tests.index.made import one\n"
        "index = Index(sys.argv[2], on_stored=[\n"
        "    lambda session, stored: len(stored) == 1 or os.kill(os.getpid(), signal.SIGKILL)])\n"
        "index.store([one(1)])\n"
        "index.store([one(2), one(3)])\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(ROOT), url], check=False)
    index = Index(url)
    assert (killed.returncode, check(index)) == (-9, 1)
    index.close()


def test_a_database_that_stays_locked_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.001)
    monkeypatch.setattr(database, "ATTEMPTS", 2)
    index = Index(f"sqlite:///{tmp_path}/index.db")
    with sqlite3.connect(tmp_path / "index.db", isolation_level=None) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused:
            index.store([one(1)])
        stranger.execute("ROLLBACK")
    stranger.close()
    assert refused.value.headers == {"Retry-After": "1"}
    assert isinstance(index.store([one(1)])[0], Stored)
    index.close()


def test_a_database_that_fails_is_unavailable(tmp_path: Path) -> None:
    index = Index(f"sqlite:///{tmp_path}/index.db")
    with sqlite3.connect(tmp_path / "index.db") as stranger:
        stranger.execute("ALTER TABLE instance RENAME TO gone")
    stranger.close()
    with pytest.raises(Unavailable):
        index.ping()
    with pytest.raises(Unavailable):
        index.store([one(1)])
    index.close()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_connections_that_the_server_cut_are_made_anew(url: str) -> None:
    index = Index(url)
    index.store([one(1)])
    index.ping()
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
    with index.session() as session:
        name = {"name": url.rpartition("/")[2]}
        session.execute(sa.text(f"{cut} AND pid <> pg_backend_pid()"), name)
    assert len(index.locations(STUDY)) == 1
    index.store([one(2)])
    index.close()
