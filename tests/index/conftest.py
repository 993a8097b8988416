"""Indexes for tests, on both engines."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dicomweb.index import Index
from tests.index import postgres

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


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    yield from _copied(postgres_server, postgres_template)


@pytest.fixture(scope="module")
def postgres_of_module(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """One database for all tests of a module."""
    yield from _copied(postgres_server, postgres_template)


def _copied(postgres_server: str, postgres_template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _run(
        postgres_server,
        f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy",
    )
    yield f"{postgres_server}/{name}"
    _run(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/index.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    """An empty index on each engine."""
    opened = Index(url)
    yield opened
    opened.close()
