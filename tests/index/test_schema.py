"""The schema at start: built once, by whoever comes first, and never by an older program."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Field, Session, SQLModel, select

from dicomweb.index import Extension, Index, schema
from dicomweb.index.engines import engine
from dicomweb.index.tables import Row
from tests.index.made import dataset, one, record

PLACE = Path(schema.__file__).with_name("migrations")


class Note(SQLModel, table=True):
    """A table such as an extension brings."""

    pk: int | None = Field(default=None, primary_key=True)
    text: str


def notes(connection: sa.Connection) -> None:
    Note.metadata.create_all(connection, tables=[Note.metadata.tables["note"]])


def test_the_program_knows_all_its_revisions() -> None:
    revisions = ScriptDirectory(str(PLACE)).walk_revisions()
    assert tuple(revision.revision for revision in revisions)[::-1] == schema.REVISIONS


def test_the_migrations_build_the_tables_that_are_declared(url: str) -> None:
    opened = engine(url)
    ours = {index.name for table in Row.metadata.tables.values() for index in table.indexes}

    def only_ours(_item: object, name: str | None, kind: str, *_rest: object) -> bool:
        declared = name in ours or kind != "index"
        return declared and not (name or "").startswith(("alembic", "study_text"))

    with opened.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": only_ours})
        differences = compare_metadata(context, Row.metadata)
        names = {
            index["name"]
            for table in Row.metadata.tables
            for index in sa.inspect(connection).get_indexes(table)
        }
    opened.close()
    assert [each for each in differences if "index" not in str(each[0])] == []
    assert ours <= names


def test_a_start_without_news_needs_no_alembic(url: str) -> None:
    code = (
        "import sys; from dicomweb.index import Index;"
        f"Index({url!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_newer_database_is_refused_in_one_sentence(url: str) -> None:
    opened = engine(url)
    with opened.writer.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(ValueError, match=r"schema 9999, which is newer than this program's"):
        Index(url)


@pytest.mark.parametrize("wrong", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_wrong_url_is_refused(wrong: str) -> None:
    with pytest.raises((ValueError, sa.exc.ArgumentError)):
        Index(wrong)


def test_many_processes_may_start_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/index.db"
    code = f"from dicomweb.index import Index; Index({url!r}).close()"
    started = [subprocess.Popen([sys.executable, "-W", "error", "-c", code]) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]


def test_an_extension_brings_its_tables_once(url: str) -> None:
    steps = [notes]
    for _ in range(2):
        Index(url, extensions=[Extension("notes", steps)]).close()
    steps.append(
        lambda connection: connection.execute(sa.text("ALTER TABLE note ADD done INTEGER"))
    )
    index = Index(url, extensions=[Extension("notes", steps), Extension("none", [])])
    with index.session() as session:
        session.add(Note(text="x"))
    with index.reading() as session:
        assert session.exec(select(Note)).one().text == "x"
    index.close()
    with pytest.raises(ValueError, match="extension notes are newer"):
        Index(url, extensions=[Extension("notes", [notes])])


def test_an_extension_writes_in_the_transaction_that_stores(url: str) -> None:
    def note(session: Session, stored: "list[object]") -> None:
        session.add(Note(text=f"{len(stored)} stored"))
        session.commit()  # which is not for it to do: the transaction goes on

    index = Index(url, extensions=[Extension("notes", [notes])], on_stored=[note])
    index.store([one(1), one(2)])
    with pytest.raises(ValueError, match="unexpected end"):
        index.store([one(3), record(dataset(4), elements={"00200013": b"{"})])
    with index.reading() as session:
        texts = [each.text for each in session.exec(select(Note))]
    index.close()
    assert texts == ["2 stored"]


def test_a_build_of_sqlite_without_trigrams_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(f"sqlite:///{tmp_path}/index.db")
    index.close()
    with sqlite3.connect(tmp_path / "index.db") as connection:
        connection.executescript(
            "DROP TRIGGER study_text_insert; DROP TRIGGER study_text_delete;"
            "DROP TRIGGER study_text_update; DROP TABLE study_text;"
        )
    connection.close()
    from tests.index.test_paging import uids

    index = Index(f"sqlite:///{tmp_path}/index.db")
    index.store([one(1), one(1, 2, PatientName="Other")])
    assert uids(index, "PatientName=*oh*") == uids(index, "PatientName=*john*") == ["1.2.1"]
    index.close()
