"""Ids of what others stored: found at the first look, on both engines."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from files_archive import Place, opened
from pydicom.dataset import Dataset
from samples import encode, make_image

from dicomweb.access.permissions import EVERYTHING, Principal
from dicomweb.errors import Conflict, Forbidden, NotFound, Unavailable
from dicomweb.resources import Resource
from extensions.files import ledger
from extensions.files.identifiers import orthanc_of, short_of, uuid_of
from extensions.files.tables import FilesInstance
from extensions.files.uploads import File
from tests.index import postgres


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.server() as server:
        yield f"{server}/postgres"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("database")
    with opened(tmp_path, url) as place:
        _empty(place)
        yield place


def _empty(place: Place) -> None:
    """PostgreSQL is the same for all tests."""
    for row in [row for page in place.archive.rows() for row in page]:
        place.archive.remove(Resource(row.study, row.series, row.instance))


def _store(place: Place, **values: Any) -> Dataset:
    """As STOW-RS does."""
    dataset = make_image(**values)
    assert not place.archive.store([encode(dataset)]).reason
    return dataset


def _ids(dataset: Dataset) -> list[str]:
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    uuid = uuid_of(uids[2])
    return [uuid, short_of(uuid), orthanc_of(dataset.PatientID, *uids), uids[2]]


def _rows(place: Place) -> list[FilesInstance]:
    return place.ledger.page(place.principal, 0, 100)[0]


def _file(dataset: Dataset) -> File:
    data = encode(dataset)
    return File("a.dcm", len(data), lambda: iter([data]))


def test_a_store_writes_nothing_here_until_somebody_asks(place: Place) -> None:
    dataset = _store(place)
    with place.archive.reading() as session:
        assert session.get(FilesInstance, uuid_of(dataset.SOPInstanceUID)) is None
    for id in _ids(dataset):
        assert place.ledger.locate(place.principal, id).instance == dataset.SOPInstanceUID
    assert [row.sop for row in _rows(place)] == [dataset.SOPInstanceUID]


def test_patients_of_one_study_may_differ(place: Place) -> None:
    one = _store(place, PatientID="A")
    other = _store(place, PatientID="B", StudyInstanceUID=one.StudyInstanceUID)
    for dataset in (one, other):
        found = place.ledger.locate(place.principal, _ids(dataset)[2])
        assert found.instance == dataset.SOPInstanceUID


def test_the_newest_is_the_first(place: Place) -> None:
    series = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}
    stored = [_store(place, **series).SOPInstanceUID for _ in range(3)]
    assert [row.sop for row in _rows(place)] == stored[::-1]
    (taken,) = place.counter.take([_file(make_image())])
    assert taken.entry is not None
    stored += [taken.entry.sop, _store(place).SOPInstanceUID]
    assert [row.sop for row in _rows(place)] == stored[::-1]


def test_what_is_removed_before_it_is_entered_never_appears(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = _store(place)
    described = place.ledger._described

    def slow(*arguments: Any) -> Any:
        found = described(*arguments)
        place.archive.remove(Resource(dataset.StudyInstanceUID))
        return found

    monkeypatch.setattr(place.ledger, "_described", slow)
    assert _rows(place) == []


def test_a_removed_instance_is_gone_and_comes_back_when_it_is_stored_again(place: Place) -> None:
    dataset = _store(place)
    id = _ids(dataset)[0]
    place.ledger.locate(place.principal, id)
    place.archive.remove(Resource(dataset.StudyInstanceUID))
    with pytest.raises(NotFound):
        place.ledger.locate(place.principal, id)
    assert _rows(place) == []
    place.archive.store([encode(dataset)])
    assert place.ledger.locate(place.principal, id)


def test_a_large_archive_is_read_on_in_the_background(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [_store(place) for _ in range(5)]
    rows = place.archive.index.rows
    monkeypatch.setattr(place.archive, "rows", lambda after=0: rows(page=2, after=after))
    monkeypatch.setattr(ledger, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(ledger, "SETTLED", -1)
    with pytest.raises(Unavailable):
        place.ledger.locate(place.principal, uuid_of("1.2.3.4.5"))
    assert place.ledger._background is not None
    place.ledger._background.join(30)
    assert place.ledger.locate(place.principal, _ids(stored[-1])[0])
    assert len(_rows(place)) == 5


def test_a_row_that_is_committed_late_is_not_missed(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL numbers rows before they are committed: a lower number may appear later."""
    numbered, go_on = threading.Event(), threading.Event()
    slow = make_image()

    def hold(session: object, stored: Any) -> None:
        if stored[0].record.instance == slow.SOPInstanceUID:
            numbered.set()
            assert go_on.wait(30)

    with opened(tmp_path, database) as place, opened(tmp_path / "other", database) as other:
        monkeypatch.setattr(other.archive.index._ingest, "_hooks", [hold])
        storing = threading.Thread(target=other.archive.store, args=([encode(slow)],))
        storing.start()
        assert numbered.wait(30)
        quick = _store(place)
        assert place.ledger.locate(place.principal, _ids(quick)[0])
        assert _ids(slow)[0] not in [row.uuid for row in _rows(place)]
        go_on.set()
        storing.join()
        assert place.ledger.locate(place.principal, _ids(slow)[2])


def test_two_readers_at_once_are_in_nobodys_way(place: Place) -> None:
    stored = [_store(place) for _ in range(20)]
    ledgers = [ledger.Ledger(place.archive) for _ in range(4)]
    failures: list[BaseException] = []

    def read(one: ledger.Ledger) -> None:
        try:
            one.catch_up()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=read, args=(one,)) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {row.sop for row in _rows(place)} == {each.SOPInstanceUID for each in stored}


# Principals who see some studies only


def _limited(place: Place, *studies: str) -> Place:
    principal = Principal("guest", EVERYTHING, frozenset(studies))
    return Place(place.archive, place.ledger, principal)


def test_a_limited_principal_finds_and_lists_their_studies_only(place: Place) -> None:
    seen, hidden = _store(place), _store(place)
    guest = _limited(place, seen.StudyInstanceUID)
    rows, total = guest.ledger.page(guest.principal, 0, 10)
    assert ([row.sop for row in rows], total) == ([seen.SOPInstanceUID], 1)
    assert guest.ledger.locate(guest.principal, _ids(seen)[1])
    for id in _ids(hidden):
        with pytest.raises(NotFound):
            guest.ledger.locate(guest.principal, id)
    assert _limited(place).ledger.page(_limited(place).principal, 0, 10) == ([], 0)


def test_a_limited_principal_stores_into_their_studies_only(place: Place) -> None:
    mine, other = make_image(), make_image()
    guest = _limited(place, mine.StudyInstanceUID)
    stored, refused = guest.counter.take([_file(mine), _file(other)])
    assert stored.refusal is None
    assert isinstance(refused.refusal, Forbidden)
    assert place.archive.find_uid(other.SOPInstanceUID) is None


def test_a_uid_that_is_taken_in_a_hidden_study_tells_nothing_of_it(place: Place) -> None:
    hidden = _store(place)
    mine = make_image(SOPInstanceUID=hidden.SOPInstanceUID)
    (taken,) = _limited(place, mine.StudyInstanceUID).counter.take([_file(mine)])
    assert isinstance(taken.refusal, Conflict)
    assert taken.entry is None


def test_an_instance_has_the_time_at_which_it_came(place: Place) -> None:
    """Not that of the last instance of its series."""
    early = _store(place)
    location = place.archive.find_uid(early.SOPInstanceUID)
    assert location is not None
    path = place.archive.storage._path(location.key)  # type: ignore[attr-defined]
    os.utime(path, (1_700_000_000, 1_700_000_000))
    late = _store(
        place, SeriesInstanceUID=early.SeriesInstanceUID, StudyInstanceUID=early.StudyInstanceUID
    )
    found = {row.sop: row.stored for row in _rows(place)}
    assert found[early.SOPInstanceUID] == 1_700_000_000_000_000
    assert found[late.SOPInstanceUID] == pytest.approx(time.time() * 1e6, abs=60e6)
