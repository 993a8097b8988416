"""Storing: what becomes of a group, counts and aggregates, hooks, and that it is all or nothing."""

from typing import Any

import pytest
from sqlmodel import Session

from dicomweb.index import Duplicate, Index, Statistics, Stored
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import dataset, one, record, told, values


def study(index: Index, uid: str = "1.2.1") -> dict[str, Any]:
    """The search result of a study."""
    (found,) = told(index.find(parse(Level.STUDY, Resource(), f"StudyInstanceUID={uid}")).fragments)
    return found


def counts(index: Index, uid: str = "1.2.1") -> list[Any]:
    return [values(study(index, uid), tag) for tag in ("00201206", "00201208", "00080061")]


def test_a_group_is_stored_in_one_go_and_counted(index: Index) -> None:
    outcomes = index.store([one(1), one(2), one(1, series=2, Modality="SR")])
    assert [type(outcome) for outcome in outcomes] == [Stored] * 3
    assert counts(index) == [[2], [3], ["CT", "SR"]]
    assert index.statistics() == Statistics(1, 2, 3, 3000)


def test_what_comes_later_is_added_up(index: Index) -> None:
    index.store([one(1)])
    (stored,) = index.store([one(2)])
    index.store([one(1, series=2, Modality="PT"), one(1, study=2)])
    assert isinstance(stored, Stored)
    assert (stored.new_study, stored.new_series) == (False, False)
    assert counts(index) == [[2], [3], ["CT", "PT"]]


def test_a_uid_that_is_taken_tells_what_is_stored_under_it(index: Index) -> None:
    index.store([one(1)])
    (outcome,) = index.store([record(dataset(1), key="other", size=7, sha256=b"\2" * 32)])
    assert isinstance(outcome, Duplicate)
    assert (outcome.key, outcome.size, outcome.sha256) == ("1.2.1.1.1.dcm", 1000, b"\1" * 32)
    assert (outcome.dataset_offset, outcome.study, outcome.series) == (200, "1.2.1", "1.2.1.1")
    assert counts(index) == [[1], [1], ["CT"]]


def test_a_uid_that_is_taken_in_another_study_makes_no_new_one(index: Index) -> None:
    index.store([one(1)])
    (outcome,) = index.store([one(1, study=9, SOPInstanceUID="1.2.1.1.1")])
    assert isinstance(outcome, Duplicate)
    assert outcome.study == "1.2.1"
    assert index.statistics().studies == 1


def test_of_one_uid_twice_in_a_group_the_first_is_stored(index: Index) -> None:
    first, second = record(dataset(1), key="first"), record(dataset(1), key="second")
    stored, duplicate = index.store([first, second])
    assert isinstance(stored, Stored)
    assert isinstance(duplicate, Duplicate)
    assert duplicate.key == "first"
    assert index.locate(first.resource).key == "first"


def test_the_first_instance_decides_what_is_told_of_a_study(index: Index) -> None:
    index.store([one(1)])
    index.store([one(2, PatientID="OTHER", PatientName="Other^Name", series=2)])
    assert values(study(index), "00100020") == ["P1"]
    assert counts(index)[1] == [2]


def test_of_a_group_the_first_that_arrived_decides(index: Index) -> None:
    late = one(1, PatientID="LATE", SeriesDescription="late")
    index.store([one(9, PatientID="FIRST", SeriesDescription="first"), late])
    assert values(study(index), "00100020") == ["FIRST"]
    (series,) = told(index.find(parse(Level.SERIES, Resource("1.2.1"), "")).fragments)
    assert values(series, "0008103E") == ["first"]


def test_one_series_uid_in_two_studies_is_two_series(index: Index) -> None:
    index.store([one(1), one(5, study=2, SeriesInstanceUID="1.2.1.1")])
    assert counts(index, "1.2.1") == counts(index, "1.2.2") == [[1], [1], ["CT"]]


def test_a_study_without_modality_tells_none(index: Index) -> None:
    index.store([one(1, Modality="")])
    assert "00080061" not in study(index)


def test_nothing_is_stored_of_an_empty_group(index: Index) -> None:
    assert index.store([]) == []


def test_hooks_see_what_is_new_inside_the_transaction(url: str) -> None:
    seen: list[str] = []

    def note(session: Session, stored: Any) -> None:
        seen.extend(one.record.instance for one in stored)

    index = Index(url, on_stored=[note])
    index.store([one(2), one(1)])
    index.store([one(1), one(3)])
    index.close()
    assert seen == ["1.2.1.1.2", "1.2.1.1.1", "1.2.1.1.3"]


def test_a_hook_that_fails_undoes_the_whole_group(url: str) -> None:
    def refuse(session: Session, stored: Any) -> None:
        raise RuntimeError("no")

    index = Index(url, on_stored=[refuse])
    with pytest.raises(RuntimeError):
        index.store([one(1)])
    assert index.statistics() == Statistics(0, 0, 0, 0)
    index.close()


def test_the_change_counter_never_stays_or_returns(index: Index) -> None:
    series, study_ = Resource("1.2.1", "1.2.1.1"), Resource("1.2.1")
    counters = []
    for number in (1, 2, 3):
        index.store([one(number)])
        counters.append((index.changed(study_), index.changed(series)))
    index.remove(study_)
    index.store([one(1)])
    counters.append((index.changed(study_), index.changed(series)))
    assert len({study for study, _ in counters}) == len({series for _, series in counters}) == 4


def test_hashes_may_come_later(index: Index) -> None:
    made = record(dataset(1), sha256=b"")
    index.store([made])
    index.record_hashes({(made.instance, made.key): b"\3" * 32, (made.instance, "gone"): b"no"})
    assert index.locate(made.resource).sha256 == b"\3" * 32


def test_text_that_databases_dislike_is_stored(index: Index) -> None:
    index.store(
        [one(1, PatientID="a\0b", StudyDescription="x'\";--%_\\[*", PatientName="\U0010ffff")]
    )
    assert counts(index) == [[1], [1], ["CT"]]
