"""The trail within one process: entries of other extensions, counting, failures, sealing."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import encode, make_image

from dicomweb import extension
from dicomweb.actor import Actor
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.resources import Resource
from dicomweb.settings import Settings
from extensions.audit import Action, Entry, Outcome, enter, note, reading, trail
from extensions.audit.chain import Chain, unsealed
from extensions.audit.entries import cleaned
from extensions.audit.reading import Filters
from extensions.audit.trail import Trail

JANE = Actor("jane", "10.0.0.1", "r-1")
REPORT = Entry(Action.CHANGE, JANE, "report", study="1.2.3", object="r1")


def _opened(folder: Path, *names: str) -> Archive:
    settings = Settings(data_dir=folder, extensions=names)
    return open_archive(settings, extension.load(settings.extensions))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = _opened(tmp_path, "extensions.audit")
    yield opened
    opened.close()


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(b"secret", tmp_path)


def _rows(archive: Archive, **filters: Any) -> list[Any]:
    with archive.reading() as session:
        return reading.page(session, Filters(**filters))[0]


def test_an_entry_is_committed_with_the_change(archive: Archive) -> None:
    with archive.session() as session:
        enter(session, REPORT)
    (row,) = _rows(archive)
    assert (row.actor, row.address, row.request) == ("jane", "10.0.0.1", "r-1")
    assert (row.action, row.kind, row.object, row.study) == ("change", "report", "r1", "1.2.3")


def test_an_entry_goes_with_the_change_that_is_undone(archive: Archive) -> None:
    def fail() -> None:
        with archive.session() as session:
            enter(session, REPORT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert _rows(archive) == []


def test_without_the_extension_entries_are_nothing(tmp_path: Path) -> None:
    archive = _opened(tmp_path, "extensions.deletion")
    with archive.session() as session:
        enter(session, REPORT)
    note({"type": "http", "state": {}}, REPORT)
    archive.close()


def test_an_entry_that_fails_fails_the_store(archive: Archive) -> None:
    stored, refused = make_image(), make_image()
    assert not archive.store([encode(stored)]).reason
    with archive.session() as session:
        connection = session.connection().connection
        connection.cursor().execute("ALTER TABLE audit_entry RENAME TO elsewhere")
    assert archive.store([encode(refused)]).reason
    assert archive.find_uid(refused.SOPInstanceUID) is None
    with archive.session() as session:
        connection = session.connection().connection
        connection.cursor().execute("ALTER TABLE elsewhere RENAME TO audit_entry")
    assert not archive.store([encode(refused)]).reason
    assert [row.instance for row in _rows(archive)] == [
        refused.SOPInstanceUID,
        stored.SOPInstanceUID,
    ]


def test_one_line_for_each_actor_and_study_of_a_group(archive: Archive) -> None:
    datasets = [make_image(PatientID=f"P{number % 2}") for number in range(6)]
    for number, dataset in enumerate(datasets):
        dataset.StudyInstanceUID = f"1.2.{number % 2}"
    arrived = [archive.arrive([encode(dataset)]) for dataset in datasets]
    archive.submit(arrived, JANE).result()
    found = sorted(_rows(archive), key=lambda row: row.study)
    assert [(row.study, row.patient, row.count) for row in found] == [
        ("1.2.0", "P0", 3),
        ("1.2.1", "P1", 3),
    ]
    assert found[0].instances.split() == [each.SOPInstanceUID for each in datasets[::2]]
    assert found[0].series == ""


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_a_deletion_tells_its_level(archive: Archive, level: str) -> None:
    dataset = make_image()
    archive.store([encode(dataset)], actor=JANE)
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    resource = Resource(*uids[: ("study", "series", "instance").index(level) + 1])
    archive.remove(resource, JANE)
    row = _rows(archive, action="delete")[0]
    assert (row.kind, row.actor, row.patient) == (level, "jane", "P1")
    assert Resource(row.study, row.series, row.instance) == resource


def test_equal_notes_of_a_minute_are_one_line(archive: Archive, chain: Chain) -> None:
    entry = Entry(Action.LOGIN, JANE, "password", Outcome.REFUSED, object="joe")
    counting = Trail(archive, chain)
    for _ in range(3):
        counting.note(entry)
        counting.note(entry)
        assert counting.flush()
    found = _rows(archive)
    assert sum(row.count for row in found) == 6
    assert len(found) <= 2  # the minute may have ended meanwhile
    assert found[0].object == "joe"


def test_lines_of_a_minute_are_sealed_when_it_is_over(archive: Archive, chain: Chain) -> None:
    counting = Trail(archive, chain)
    counting.note(REPORT)
    counting.flush()
    assert chain.seal(archive) == 0
    counting._close_lines()
    assert chain.seal(archive) == 1
    assert unsealed(archive) == 0


def test_a_line_that_was_sealed_is_not_counted_up(archive: Archive, chain: Chain) -> None:
    counting = Trail(archive, chain)
    for _ in range(2):
        counting.note(REPORT)
        assert counting.flush()
        counting._close_lines()
        chain.seal(archive)
    assert [row.count for row in _rows(archive)] == [1, 1]
    assert list(chain.verify(archive)) == []


def test_what_could_not_be_written_is_written_later(
    archive: Archive, chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Trail(archive, chain)
    counting.note(Entry(Action.VIEW, JANE, "frames", patient="SECRET-PATIENT"))
    before = trail.FAILURES._value.get()
    with archive.session() as session:
        connection = session.connection().connection
        connection.cursor().execute("ALTER TABLE audit_entry RENAME TO elsewhere")
    with caplog.at_level(logging.ERROR):
        assert not counting.flush()
    assert trail.FAILURES._value.get() == before + 1
    assert "audit" in caplog.text
    assert "SECRET-PATIENT" not in caplog.text
    with archive.session() as session:
        connection = session.connection().connection
        connection.cursor().execute("ALTER TABLE elsewhere RENAME TO audit_entry")
    counting.note(Entry(Action.VIEW, JANE, "frames", patient="SECRET-PATIENT"))
    assert counting.flush()
    assert sum(row.count for row in _rows(archive)) == 2


def test_too_many_different_lines_are_counted_together(
    archive: Archive, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "MOST", 10)
    counting = Trail(archive, chain)
    for number in range(50):
        counting.note(Entry(Action.LOGIN, JANE, "password", Outcome.REFUSED, object=str(number)))
    assert counting.flush()
    found = _rows(archive)
    assert len(found) == 11
    assert sum(row.count for row in found) == 50
    assert {row.detail for row in found} == {"", "too many lines at once"}


def test_a_batch_has_its_most_lines(archive: Archive, chain: Chain) -> None:
    with archive.session() as session:
        enter(session, *[REPORT] * 1_200)
    assert [chain.seal(archive) for _ in range(4)] == [500, 500, 200, 0]
    assert list(chain.verify(archive)) == []


def test_two_processes_do_not_seal_at_once(archive: Archive, tmp_path: Path) -> None:
    first, second = Chain(b"secret", tmp_path), Chain(b"secret", tmp_path)
    with archive.session() as session:
        enter(session, REPORT)
    with first._turn() as ours:
        assert ours
        assert second.seal(archive) == 0
    assert second.seal(archive) == 1


def test_a_stream_gives_each_line_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS", 3)
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    with archive.session() as session:
        enter(session, *[REPORT] * 10)
    for oldest_first, order in ((True, list(range(1, 11))), (False, list(range(10, 0, -1)))):
        pages = reading.everything(archive, Filters(), oldest_first=oldest_first)
        assert [row.pk for page in pages for row in page] == order


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("jane", "jane"),
        ("Jürgen 日本", "Jürgen 日本"),
        ("a\0b\nc\x1b[31m", "a\ufffdb\ufffdc\ufffd[31m"),
        ("x" * 500, "x" * 200),
        ("\ud800", "\ufffd"),
    ],
)
def test_texts_are_cut_and_cleaned(text: str, kept: str) -> None:
    assert cleaned(text) == kept


def test_an_extension_that_fails_to_name_a_study_costs_no_line(
    archive: Archive, chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(session: Any, id: str) -> Resource | None:
        raise ValueError("Doe^Jane")

    counting = Trail(archive, chain, [fails, lambda _, id: Resource("1.2.3", "1.2.4")])
    counting.note(Entry(Action.VIEW, JANE, "dicom", object="abc"))
    with caplog.at_level(logging.ERROR):
        assert counting.flush()
    (row,) = _rows(archive)
    assert (row.study, row.series, row.object) == ("1.2.3", "1.2.4", "abc")
    assert "names no study: ValueError" in caplog.text
    assert "Doe" not in caplog.text


def test_a_line_that_was_sealed_meanwhile_is_looked_up_again(
    archive: Archive, chain: Chain
) -> None:
    dataset = make_image(PatientID="AGAIN")
    archive.store([encode(dataset)])
    counting = Trail(archive, chain)
    for _ in range(2):
        counting.note(Entry(Action.VIEW, JANE, "file", object=dataset.SOPInstanceUID))
        assert counting.flush()
        counting._close_lines()
        chain.seal(archive)
    assert {row.patient for row in _rows(archive, action="view")} == {"AGAIN"}
    assert [row.count for row in _rows(archive, action="view")] == [1, 1]
