"""Indexes for tests, on both engines."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from dicomweb.index import Index
from tests.index import postgres

ENGINES = ["sqlite", "postgresql"]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


def _run(url: str, statement: str) -> None:
    engine = sa.create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A database with the schema, from which those of the tests are copied."""
    _run(postgres_server, "CREATE DATABASE template_index")
    Index(f"{postgres_server}/template_index").close()
    return "template_index"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "index.db"
    Index(f"sqlite:///{path}").close()
    return path


@contextmanager
def _database(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "index.db")
        yield f"sqlite:///{folder}/index.db"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield f"{server}/{name}"
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine."""
    with _database(request, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    """An empty index on each engine."""
    opened = Index(url)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=ENGINES)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    """The same for a module that fills it once and only reads it."""
    with _database(request, request.param, tmp_path_factory.mktemp("shared")) as found:
        opened = Index(found)
        yield opened
        opened.close()
