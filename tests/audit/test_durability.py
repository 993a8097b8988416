"""What the trail promises when the power fails, with several workers, and on PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from clients import store
from pydicom.dataset import Dataset
from samples import encode, make_image
from servers import Server, running, start, stop

from dicomweb import reports
from dicomweb.settings import Settings
from extensions.audit import report
from extensions.audit.chain import Head
from tests.audit.conftest import EXTENSIONS
from tests.audit.trails import fetched, lines, stored, tamper, verified, view, wait_for
from tests.index import postgres


def _store_until(server: Server, ended: threading.Event) -> list[str]:
    """The UIDs of what was answered with 200."""
    done: list[str] = []
    while not ended.is_set():
        dataset = make_image()
        try:
            if store(server, encode(dataset)).status == 200:
                done.append(dataset.SOPInstanceUID)
        except requests.RequestException:
            break
    return done


def test_after_a_power_cut_every_store_has_its_line(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    server = start(data_dir, "--workers", "2", DICOMWEB_EXTENSIONS=EXTENSIONS)
    ended = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(_store_until, server, ended) for _ in range(4)]
        query = "SELECT count(*) FROM audit_entry WHERE batch IS NOT NULL AND action = 'store'"
        wait_for(lambda: fetched(data_dir, query)[0][0] > 5)
        server.kill()
        ended.set()
        answered = {uid for job in jobs for uid in job.result()}
    assert server.process.stdout is not None
    server.process.stdout.close()
    told = {uid for (uid,) in fetched(data_dir, "SELECT instance FROM audit_entry")}
    assert len(answered) > 5
    assert answered <= told
    assert {uid for (uid,) in fetched(data_dir, "SELECT uid FROM instance")} <= told
    assert verified(data_dir)[0] == 0
    with running(data_dir, DICOMWEB_EXTENSIONS=EXTENSIONS):
        pass
    assert verified(data_dir)[0] == 0
    open_ones = "SELECT DISTINCT action FROM audit_entry WHERE batch IS NULL"
    assert fetched(data_dir, open_ones) in ([], [("start",)])  # of this minute


def test_two_workers_share_one_chain(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, "--workers", "2", DICOMWEB_EXTENSIONS=EXTENSIONS) as server:
        dataset = stored(server)

        def look(_: int) -> None:
            stored(server)
            view(server, dataset)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(look, range(20)))
    counts = "SELECT sum(count), count(*) FROM audit_entry WHERE action = 'view'"
    ((total, rows),) = fetched(data_dir, counts)
    assert total == 20
    assert rows <= 4  # a worker and a minute each have their line
    stores = "SELECT sum(count) FROM audit_entry WHERE action = 'store'"
    assert fetched(data_dir, stores) == [(21,)]
    status, text = verified(data_dir)
    assert status == 0
    assert "0 lines wait" in text
    tamper(data_dir, "UPDATE audit_entry SET actor = 'x' WHERE pk = 1")
    assert verified(data_dir)[0] == 1


def test_a_view_is_written_and_sealed_without_anybody_asking(server: Server) -> None:
    dataset = stored(server)
    view(server, dataset)
    query = f"SELECT 1 FROM audit_entry WHERE study = '{dataset.StudyInstanceUID}'"
    wait_for(lambda: fetched(server.data_dir, f"{query} AND action = 'view'"))
    wait_for(lambda: fetched(server.data_dir, f"{query} AND action = 'store' AND batch > 0"))


def test_failures_are_counted_in_the_metrics(own: Server) -> None:
    dataset = stored(own)
    fetched(own.data_dir, "ALTER TABLE audit_entry RENAME TO elsewhere")
    view(own, dataset)
    metrics = f"{own.address}/metrics"
    wait_for(lambda: "dicomweb_audit_failures_total 0.0" not in requests.get(metrics).text)
    assert store(own, encode(make_image())).status != 200
    study = f"{own.root}/studies/{dataset.StudyInstanceUID}"
    assert requests.delete(study, timeout=60).status_code == 503
    assert requests.get(f"{study}/metadata", timeout=60).status_code == 200
    fetched(own.data_dir, "ALTER TABLE elsewhere RENAME TO audit_entry")
    wait_for(lambda: lines(own, study=dataset.StudyInstanceUID, action="view"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "data", DICOMWEB_EXTENSIONS=EXTENSIONS) as server:
        yield server


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.server() as url:
        yield f"{url}/postgres"


def _changed(database: str, statement: str) -> None:
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        assert connection.execute(sa.text(statement)).rowcount > 0
    engine.dispose()


def _stored(server: Server) -> Dataset:
    dataset = stored(server)
    view(server, dataset)
    return dataset


def test_on_postgresql_it_is_the_same(tmp_path: Path, database: str) -> None:
    settings: dict[str, Any] = {"data_dir": tmp_path / "data", "database_url": database}
    given = {"DICOMWEB_DATABASE_URL": database, "DICOMWEB_EXTENSIONS": EXTENSIONS}
    server = start(tmp_path / "data", "--workers", "2", **given)
    try:
        with ThreadPoolExecutor(4) as pool:
            datasets = list(pool.map(lambda _: _stored(server), range(8)))
        study = datasets[0].StudyInstanceUID
        wait_for(lambda: len(lines(server, study=study)) == 2)
        assert {line["patientId"] for line in lines(server, study=study)} == {"P1"}
        assert requests.delete(f"{server.root}/studies/{study}", timeout=60).status_code == 204
        assert lines(server, study=study, action="delete")[0]["patientId"] == "P1"
    finally:
        stop(server)
    opened = Settings(**settings, extensions=("extensions.deletion", "extensions.audit"))
    assert reports.verify_audit(opened) == 0
    _changed(database, "UPDATE audit_entry SET actor = 'x' WHERE pk = 3")
    assert reports.verify_audit(opened) == 1


def test_a_crash_before_the_head_is_written_is_no_tampering(tmp_path: Path) -> None:
    with running(tmp_path / "data", DICOMWEB_EXTENSIONS=EXTENSIONS) as server:
        assert store(server, encode(make_image())).status == 200
        query = "SELECT count(*) FROM audit_batch"
        wait_for(lambda: fetched(server.data_dir, query)[0][0] > 0)
    report.chain_of(Settings(data_dir=tmp_path / "data"))._write_head(Head())
    assert verified(tmp_path / "data")[0] == 0
