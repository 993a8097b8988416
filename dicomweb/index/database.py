"""The database behind the index: prepared statements, reads, transactions that are run again."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from dicomweb.errors import Unavailable
from dicomweb.index import schema
from dicomweb.index.engines import Engine, Parameters, Values, engine

ATTEMPTS = 8
_PAUSE_SECONDS = 0.02
_CHUNK = 512

T = TypeVar("T")


class Contended(Exception):
    """Another transaction was faster: this one has to begin again."""


def padded(values: Sequence[T]) -> list[T]:
    """The values, filled up to a power of two with the last: fewer shapes of statements."""
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *([values[-1]] * (size - len(values)))]


class Statement:
    """A statement that is built by SQLAlchemy once, and run through the driver ever after.

    Building and compiling costs some hundred microseconds, running it a few. All its values are
    named parameters.
    """

    def __init__(self, clause: sa.Executable | Callable[[Engine], sa.Executable]) -> None:
        self._clause = clause
        self._sql: dict[str, str] = {}

    def sql(self, backend: Engine) -> str:
        found = self._sql.get(backend.name)
        if found is None:
            clause = self._clause(backend) if callable(self._clause) else self._clause
            found = compiled(clause, backend)
            self._sql[backend.name] = found
        return found


class ListStatement:
    """A statement about a list of values, `build` of their parameters."""

    def __init__(self, build: Callable[[list[sa.BindParameter[Any]]], sa.Executable]) -> None:
        self._build = build
        self._statements: dict[int, Statement] = {}

    def chunks(self, values: Sequence[Any]) -> Iterator[tuple[Statement, Parameters]]:
        """Statements with their parameters that together are about all the values."""
        for start in range(0, len(values), _CHUNK):
            chunk = padded(values[start : start + _CHUNK])
            names = [f"v{place}" for place in range(len(chunk))]
            statement = self._statements.get(len(chunk))
            if statement is None:
                statement = Statement(self._build([sa.bindparam(name) for name in names]))
                self._statements[len(chunk)] = statement
            yield statement, dict(zip(names, chunk, strict=True))


def compiled(clause: sa.Executable, backend: Engine) -> str:
    """The SQL text of a clause in the engine's dialect, with named parameters."""
    assert isinstance(clause, sa.ClauseElement)
    return str(clause.compile(dialect=backend.dialect))


def named(table: sa.Table, without: str = "") -> dict[str, sa.BindParameter[Any]]:
    """A parameter for each column of the table, of its name."""
    names = (column.name for column in table.columns)
    return {name: sa.bindparam(name) for name in names if name != without}


def insert(table: sa.Table, without: str = "") -> sa.Insert:
    """INSERT of all columns, but for the one that the database makes."""
    return sa.insert(table).values(named(table, without))


class Transaction:
    """One transaction that writes: hot statements on the driver's cursor, sessions beside them."""

    def __init__(self, connection: sa.Connection, backend: Engine) -> None:
        self.connection = connection
        self.backend = backend
        self._cursor = connection.connection.cursor()

    def rows(self, statement: Statement, parameters: Parameters) -> Values:
        self._cursor.execute(statement.sql(self.backend), parameters)
        rows: Values = self._cursor.fetchall()
        return rows

    def run(self, statement: Statement, parameters: Parameters) -> int:
        """Runs it; how many rows it touched."""
        self._cursor.execute(statement.sql(self.backend), parameters)
        return self._cursor.rowcount

    def rows_listed(self, statement: ListStatement, values: Sequence[Any]) -> list[Any]:
        """Rows about each of the values; there may be any number of them."""
        found: list[Any] = []
        for one, parameters in statement.chunks(values):
            found += self.rows(one, parameters)
        return found

    def run_many(self, statement: Statement, rows: Sequence[Parameters]) -> None:
        if rows:
            self._cursor.executemany(statement.sql(self.backend), rows)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session inside this transaction; its changes are flushed at the end, not committed."""
        with Session(self.connection) as session:
            yield session
            session.flush()


class Database:
    """An open database with the newest schema.

    Raises ValueError with one sentence for a wrong URL, and for a database that is newer than this
    program.
    """

    def __init__(self, url: str, extensions: Sequence[schema.Extension] = ()) -> None:
        self.engine = engine(url)
        self._passing: tuple[type[Exception], ...] = (Contended, *self.engine.failures)
        try:
            schema.prepare(self.engine, extensions)
            self.engine.opened()
        except BaseException:
            self.engine.close()
            raise

    def fetch(self, statement: Statement, parameters: Parameters) -> Values:
        """Rows of a query, read outside of any transaction; safe in any thread."""
        return self.fetch_sql(statement.sql(self.engine), parameters)

    def fetch_listed(self, statement: ListStatement, values: Sequence[Any]) -> list[Any]:
        """Rows about each of the values; there may be any number of them."""
        found: list[Any] = []
        for one, parameters in statement.chunks(values):
            found += self.fetch(one, parameters)
        return found

    def fetch_sql(self, sql: str, parameters: Parameters) -> Values:
        try:
            return self.engine.fetch(sql, parameters)
        except self.engine.failures as error:
            raise _unavailable() from error

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, committed; durable when this returns.

        Where another transaction was in the way, `work` is run again from the beginning, up to
        ATTEMPTS times. Raises Unavailable when that does not help, or the database fails.
        """
        for attempt in range(ATTEMPTS):
            try:
                with self.engine.turn(), self.engine.writer.begin() as connection:
                    return work(Transaction(connection, self.engine))
            except self._passing as error:
                passing = isinstance(error, Contended) or self.engine.is_passing(error)
                if not passing or attempt == ATTEMPTS - 1:
                    raise _unavailable() from error
            time.sleep(random.uniform(0.2, 1) * _PAUSE_SECONDS * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that writes: one transaction, committed at the end unless it raised."""
        with (
            self.engine.turn(),
            self.engine.writer.begin() as connection,
            Session(connection) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, and is in nobody's way."""
        with self.engine.reader.connect() as connection, Session(connection) as session:
            yield session

    def close(self) -> None:
        self.engine.close()


def _unavailable() -> Unavailable:
    return Unavailable("The index does not answer now: try again.", headers={"Retry-After": "1"})
