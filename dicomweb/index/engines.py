"""SQLite and PostgreSQL: everything in which the two differ, and nothing else."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Protocol
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler, SQLCompiler
from sqlalchemy.sql.expression import ColumnElement

from dicomweb.index.tables import STUDY

BUSY_SECONDS = 5
_MMAP_BYTES = 0x7FFF0000  # the most that a usual build of SQLite takes
_CACHE_KIB = 32 * 1024
_WAL_PAGES = 4000
# Any number will do, so long as nobody else takes it as an advisory lock.
_MIGRATION_LOCK = 7_120_366_905

Parameters = Mapping[str, Any]
Values = Sequence[tuple[Any, ...]]


class Unindexed(ColumnElement[Any]):
    """A column that SQLite shall not look up by an index: its rules of thumb know less than we do.

    PostgreSQL plans by statistics, and sees the plain column.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type


class Like(ColumnElement[Any]):
    """A column that fits a pattern made by `Engine.pattern`, case-sensitive on both engines."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[str], pattern: ColumnElement[str]) -> None:
        self.column = column.column if isinstance(column, Unindexed) else column
        self.pattern = pattern
        # Of type Boolean, SQLAlchemy would compare it with 1 on SQLite.
        self.type = sa.types.NULLTYPE


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(Unindexed, "sqlite")
def _unary_plus(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return "+" + compiler.process(element.column, **options)


@compiles(Like)
def _like(element: Like, compiler: SQLCompiler, **options: Any) -> str:
    column, pattern = (compiler.process(x, **options) for x in (element.column, element.pattern))
    return f"{column} LIKE {pattern} ESCAPE '\\'"


@compiles(Like, "sqlite")
def _glob(element: Like, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's LIKE ignores case. The plus keeps it from preparing the statement for each value.
    column, pattern = (compiler.process(x, **options) for x in (element.column, element.pattern))
    return f"+{column} GLOB {pattern}"


@compiles(CreateIndex, "postgresql")
def _partial(element: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:
    # Tables declare `sqlite_where` alone: `postgresql_where` loads that dialect, 50 ms of a start.
    index = element.element
    condition = index.dialect_options["sqlite"]["where"]
    if condition is not None:
        index.dialect_options["postgresql"]["where"] = condition
    sql: str = compiler.visit_create_index(element, **options)  # type: ignore[no-untyped-call]
    return sql


class Engine(Protocol):
    """What the rest of the index knows of a database engine."""

    name: str
    # Queries take microseconds in this process: fit for an event loop.
    local: bool
    # A nested loop yields its rows in the order of its outer, sorted table.
    keeps_order: bool
    # Substrings of text columns are found by `text_rows`.
    has_text: bool
    # Queries for `text_rows` about several columns may be joined by AND.
    joins_text: bool
    # What the driver and SQLAlchemy raise when the database cannot do something now.
    failures: tuple[type[Exception], ...]
    dialect: sa.Dialect
    writer: sa.Engine
    reader: sa.Engine

    def fetch(self, sql: str, parameters: Parameters) -> Values:
        """All rows of a query, outside any transaction."""

    def turn(self) -> Any:
        """A context in which this process and thread alone may write."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Keep other processes from migrating until the transaction ends."""

    def insert_or_skip(self, table: sa.Table) -> Any:
        """An INSERT that does nothing where a unique key is taken."""

    def pattern(self, wildcard: str) -> str:
        """The pattern for `Like` of a DICOM wildcard."""

    def text_query(self, column: str, runs: Sequence[str]) -> str:
        """The value for `text_rows`: runs of characters, in their order."""

    def text_rows(self, column: sa.Column[str], query: sa.BindParameter[Any]) -> sa.Select[Any]:
        """Keys of studies that have the runs in a column, by an index of trigrams.

        It ignores case: what it finds has to be compared once more.
        """

    def is_passing(self, error: BaseException) -> bool:
        """Whether a transaction that failed so may succeed when it is run again."""

    def opened(self) -> None:
        """The schema is there: look at what it has."""

    def close(self) -> None: ...


class _Reader(sqlite3.Connection):
    """A connection that can be referred to weakly, and is closed when its thread ends."""

    def __del__(self) -> None:
        self.close()


class Sqlite:
    """A file in WAL mode, that several processes may share.

    One connection writes, and each thread has one of its own to read. Writers of all processes
    stand in line at a lock file: SQLite's own waiting sleeps and polls, which is unfair (measured
    with 4 processes: 99th percentile 34 ms without the line, 4 ms with it).
    """

    name = "sqlite"
    local = True
    keeps_order = True
    joins_text = True
    failures: tuple[type[Exception], ...] = (sqlite3.OperationalError, sa.exc.OperationalError)
    dialect: sa.Dialect = pysqlite.dialect(paramstyle="named")

    def __init__(self, url: sa.URL) -> None:
        if not url.database or url.database == ":memory:":
            raise ValueError("An SQLite index needs a file: sqlite:///path/to/index.db")
        self.path = Path(url.database)
        self.has_text = False
        self.writer = sa.create_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
        self.reader = sa.create_engine(url)
        sa.event.listen(self.writer, "connect", self._prepare_writer)
        sa.event.listen(self.reader, "connect", self._prepare_reader)
        sa.event.listen(self.writer, "begin", lambda it: it.exec_driver_sql("BEGIN IMMEDIATE"))
        sa.event.listen(self.reader, "begin", lambda it: it.exec_driver_sql("BEGIN"))
        self._own = threading.local()
        # Those of threads that are gone go with them.
        self._readers: WeakSet[_Reader] = WeakSet()
        self._turn = threading.Lock()
        self._line = self.path.with_name(self.path.name + "-lock").open("w")

    def _prepare_writer(self, connection: DBAPIConnection, _record: object) -> None:
        self._pragmas(connection, {"journal_mode": "WAL", "synchronous": "FULL"})
        self._pragmas(connection, {"foreign_keys": "ON", "wal_autocheckpoint": _WAL_PAGES})
        self._pragmas(connection, {"journal_size_limit": 64 * 1024 * 1024})

    def _prepare_reader(self, connection: DBAPIConnection, _record: object) -> None:
        self._pragmas(connection, {"query_only": "ON"})

    def _pragmas(
        self, connection: DBAPIConnection | sqlite3.Connection, pragmas: dict[str, Any]
    ) -> None:
        # No BEGIN but our own: Python's opens transactions late, where they can be refused.
        connection.isolation_level = None
        always = {
            "busy_timeout": BUSY_SECONDS * 1000,
            "mmap_size": _MMAP_BYTES,
            "cache_size": -_CACHE_KIB,
        }
        cursor = connection.cursor()
        for name, value in {**always, **pragmas}.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    def fetch(self, sql: str, parameters: Parameters) -> Values:
        connection: _Reader | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path,
                isolation_level=None,
                cached_statements=512,
                check_same_thread=False,  # but for closing, each thread has its own
                factory=_Reader,
            )
            self._pragmas(connection, {"query_only": "ON"})
            self._own.connection = connection
            self._readers.add(connection)
        return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._turn:
            fcntl.flock(self._line, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._line, fcntl.LOCK_UN)

    def lock_schema(self, connection: sa.Connection) -> None:
        """BEGIN IMMEDIATE has locked it."""

    def insert_or_skip(self, table: sa.Table) -> Any:
        from sqlalchemy.dialects.sqlite import insert

        return insert(table).on_conflict_do_nothing()

    def pattern(self, wildcard: str) -> str:
        return wildcard.replace("[", "[[]")

    def text_query(self, column: str, runs: Sequence[str]) -> str:
        quoted = " AND ".join('"{}"'.format(run.replace('"', '""')) for run in runs)
        return f"{column} : ({quoted})"

    def text_rows(self, column: sa.Column[str], query: sa.BindParameter[Any]) -> sa.Select[Any]:
        text = sa.table("study_text", sa.column("rowid"), sa.column("study_text"))
        return sa.select(text.c.rowid).where(text.c.study_text.bool_op("MATCH")(query))

    def is_passing(self, error: BaseException) -> bool:
        cause = getattr(error, "orig", error)
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def opened(self) -> None:
        found = self.fetch("SELECT 1 FROM sqlite_master WHERE name = 'study_text'", {})
        self.has_text = bool(found)

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()
        for connection in list(self._readers):
            connection.close()
        self._line.close()


class Postgres:
    """A PostgreSQL server, through psycopg 3."""

    name = "postgresql"
    local = False
    keeps_order = False
    joins_text = False
    _PASSING: ClassVar = {"40001", "40P01"}

    def __init__(self, url: sa.URL) -> None:
        import psycopg  # some 100 ms, which an index on SQLite does not have to spend

        self.failures: tuple[type[Exception], ...] = (
            psycopg.OperationalError,
            psycopg.IntegrityError,
            sa.exc.OperationalError,
        )
        self.writer = sa.create_engine(url, pool_pre_ping=True, pool_size=4, max_overflow=12)
        self.reader = sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=8)
        self.dialect: sa.Dialect = self.reader.dialect
        self.has_text = False

    def fetch(self, sql: str, parameters: Parameters) -> Values:
        try:
            return self._fetch(sql, parameters)
        except sa.exc.OperationalError:
            # The server was restarted: the pool is new after the first failure.
            return self._fetch(sql, parameters)

    def _fetch(self, sql: str, parameters: Parameters) -> Values:
        with self.reader.connect() as connection:
            rows: Values = connection.exec_driver_sql(sql, parameters).fetchall()
            return rows

    def turn(self) -> Any:
        return nullcontext()

    def lock_schema(self, connection: sa.Connection) -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))

    def insert_or_skip(self, table: sa.Table) -> Any:
        from sqlalchemy.dialects.postgresql import insert

        return insert(table).on_conflict_do_nothing()

    def pattern(self, wildcard: str) -> str:
        for character in "\\%_":
            wildcard = wildcard.replace(character, "\\" + character)
        return wildcard.replace("*", "%").replace("?", "_")

    def text_query(self, column: str, runs: Sequence[str]) -> str:
        for character in "\\%_":
            runs = [run.replace(character, "\\" + character) for run in runs]
        return "%" + "%".join(runs) + "%"

    def text_rows(self, column: sa.Column[str], query: sa.BindParameter[Any]) -> sa.Select[Any]:
        return sa.select(STUDY.c.pk).where(column.ilike(query, escape="\\")).correlate(None)

    def is_passing(self, error: BaseException) -> bool:
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None)
        if state == "23505":  # the same instance, stored elsewhere at this moment
            return getattr(getattr(cause, "diag", None), "table_name", "") == "instance"
        return state in self._PASSING

    def opened(self) -> None:
        query = "SELECT 1 FROM pg_indexes WHERE indexname = 'study_text'"
        self.has_text = bool(self.fetch(query, {}))

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def engine(url: str) -> Engine:
    """The engine of a database URL: `sqlite:///path` or `postgresql+psycopg://…`."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return Postgres(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError("A database URL begins with sqlite:/// or postgresql+psycopg://")
