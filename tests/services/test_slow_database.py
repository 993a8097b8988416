"""A database that keeps a request waiting keeps nobody else: its calls are made in threads."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from clients import store
from pydicom.dataset import Dataset
from samples import encode, make_image
from servers import Server, running

from tests.index import postgres

INSTANCE = "studies/{study}/series/{series}/instances/{instance}"
RENDERED = "rendered?accept=image/png"
PATHS = [
    "studies",
    "studies?StudyInstanceUID={study}&includefield=all",
    "studies/{study}",
    "studies/{study}/metadata",
    INSTANCE,
    INSTANCE + "/frames/1",
    INSTANCE + "/frames/1?accept=multipart/related;type=%22image/jls%22",
    INSTANCE + "/frames/1/" + RENDERED,
    INSTANCE + "/pixeldata",
    INSTANCE + "/bulkdata/7FE00010",
    "studies/{study}/" + RENDERED,
    "studies/{study}/thumbnail",
    "?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}",
]


@pytest.fixture(scope="module")
def database() -> Iterator[sa.Engine]:
    with postgres.server() as url:
        maker = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE slow"))
        maker.dispose()
        engine = sa.create_engine(f"{url}/slow")
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def slow(database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = database.url.render_as_string(hide_password=False)
    folder: Path = tmp_path_factory.mktemp("slow")
    with running(folder, DICOMWEB_DATABASE_URL=url) as server:
        yield server


@pytest.fixture(scope="module")
def stored(slow: Server) -> Dataset:
    dataset = make_image()
    assert store(slow, encode(dataset)).status == 200
    return dataset


@contextmanager
def locked(database: sa.Engine, table: str) -> Iterator[None]:
    """While nobody can read a table of the index."""
    with database.begin() as connection:
        connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


# The tables on the way to an instance, to its version, and to its metadata.
@pytest.mark.parametrize("table", ["instance", "study", "series_detail"])
@pytest.mark.parametrize("path", PATHS)
def test_others_are_served_while_one_waits_for_the_database(
    slow: Server, stored: Dataset, database: sa.Engine, path: str, table: str
) -> None:
    filled = path.format(
        study=stored.StudyInstanceUID,
        series=stored.SeriesInstanceUID,
        instance=stored.SOPInstanceUID,
    )
    url = f"{slow.address}/{'wado' if filled.startswith('?') else 'dicom-web/'}{filled}"
    with ThreadPoolExecutor(1) as pool:
        with locked(database, table):
            waiting = pool.submit(requests.get, url, timeout=60)
            for _ in range(3):
                assert requests.get(f"{slow.address}/health/live", timeout=20).ok
                time.sleep(0.05)
        assert waiting.result().status_code == 200
