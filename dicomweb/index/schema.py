"""The schema at start: alembic migrations of our tables, and the steps of extensions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from dicomweb.index.engines import Engine
from dicomweb.index.tables import EXTENSION_REVISION

# All revisions of `migrations/versions`, the oldest first: a start that finds the last one has
# nothing to do, and need not import alembic (0.2 s).
REVISIONS = ("0001",)

_VERSION = sa.table("alembic_version", sa.column("version_num"))


@dataclass(frozen=True, slots=True)
class Extension:
    """The tables of an extension, as steps that are never changed, only added to.

    Step n brings its tables from version n to n + 1 and is taken once, in the transaction that
    counts it: `lambda connection: Report.metadata.create_all(connection)`. How many were taken is
    kept by name in the table `extension_revision`.
    """

    name: str
    steps: Sequence[Callable[[sa.Connection], object]]


def prepare(engine: Engine, extensions: Sequence[Extension]) -> None:
    """Bring the database to the newest schema, however many processes start at once.

    Raises ValueError when the database is newer than this program.
    """
    with engine.turn(), engine.writer.begin() as connection:
        if _is_newest(connection, extensions):
            return
        engine.lock_schema(connection)
        if _revision(connection) != REVISIONS[-1]:
            _upgrade(connection)
        for extension in extensions:
            _extend(connection, extension)


def _is_newest(connection: sa.Connection, extensions: Sequence[Extension]) -> bool:
    revision = _revision(connection)
    if revision and revision not in REVISIONS:
        raise ValueError(
            f"The database has schema {revision}, which is newer than this program's"
            f" ({REVISIONS[-1]}): start the newer program."
        )
    taken = _steps(connection) if revision else {}
    for extension in extensions:
        if taken.get(extension.name, 0) > len(extension.steps):
            raise ValueError(
                f"The tables of the extension {extension.name} are newer than this program."
            )
    return revision == REVISIONS[-1] and all(
        taken.get(extension.name, 0) == len(extension.steps) for extension in extensions
    )


def _revision(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(sa.select(_VERSION.c.version_num)) or ""


def _steps(connection: sa.Connection) -> dict[str, int]:
    rows = connection.execute(sa.select(EXTENSION_REVISION.c.name, EXTENSION_REVISION.c.steps))
    return {row.name: row.steps for row in rows}


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    place = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", place.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _extend(connection: sa.Connection, extension: Extension) -> None:
    taken = _steps(connection).get(extension.name, 0)
    for step in extension.steps[taken:]:
        step(connection)
    if taken:
        own = EXTENSION_REVISION.c.name == extension.name
        connection.execute(
            sa.update(EXTENSION_REVISION).where(own).values(steps=len(extension.steps))
        )
    elif extension.steps:
        connection.execute(
            sa.insert(EXTENSION_REVISION).values(name=extension.name, steps=len(extension.steps))
        )
