"""Removal: rows and counts go, tombstones stay, storing again is possible."""

import pytest
from sqlmodel import Session

from dicomweb.errors import Gone, NotFound
from dicomweb.index import Index, Removed, State, Statistics, Stored
from dicomweb.resources import Resource
from tests.index.made import one
from tests.index.test_store import counts

STUDY = Resource("1.2.1")
SERIES = Resource("1.2.1", "1.2.1.1")
INSTANCE = Resource("1.2.1", "1.2.1.1", "1.2.1.1.1")
LAST = Resource("1.2.1", "1.2.1.2", "1.2.1.2.1")


@pytest.fixture
def filled(index: Index) -> Index:
    """A study of two CT instances and a report, and another study."""
    report = one(1, series=2, Modality="SR", SOPClassUID="1.2.3")
    index.store([one(1), one(2), report, one(1, study=2)])
    return index


def test_an_instance_goes_and_is_remembered(filled: Index) -> None:
    removed = filled.remove(INSTANCE)
    assert removed == Removed(INSTANCE, ["1.2.1.1.1.dcm"], [INSTANCE], [], False, 1000)
    assert counts(filled) == [[2], [2], ["CT", "SR"]]
    assert filled.state(INSTANCE) is State.DELETED
    assert filled.state(SERIES) is State.PRESENT
    with pytest.raises(Gone):
        filled.locate(INSTANCE)


def test_a_series_goes_with_its_last_instance(filled: Index) -> None:
    removed = filled.remove(LAST)
    assert removed.series == [Resource("1.2.1", "1.2.1.2")]
    assert counts(filled) == [[1], [2], ["CT"]]
    assert filled.state(Resource("1.2.1", "1.2.1.2")) is State.DELETED


def test_a_study_goes_with_its_last_series(filled: Index) -> None:
    filled.remove(LAST)
    removed = filled.remove(SERIES)
    assert removed.study
    assert sorted(removed.keys) == ["1.2.1.1.1.dcm", "1.2.1.1.2.dcm"]
    assert filled.state(STUDY) is State.DELETED
    assert filled.statistics() == Statistics(1, 1, 1, 1000)


def test_a_study_goes_with_all_its_members(filled: Index) -> None:
    removed = filled.remove(STUDY)
    assert (len(removed.keys), len(removed.instances), len(removed.series)) == (3, 3, 2)
    assert removed.size == 3000
    states = {filled.state(resource) for resource in (STUDY, SERIES, INSTANCE, LAST)}
    assert states == {State.DELETED}
    with pytest.raises(Gone):
        filled.remove(STUDY)


def test_what_never_was_is_not_found(filled: Index) -> None:
    other_series = Resource("1.2.2", "1.2.1.1")
    unknown = Resource("1.2.1", "1.2.1.1", "9.9")
    for resource in (Resource("9.9"), Resource("1.2.1", "9.9"), other_series, unknown):
        assert filled.state(resource) is State.UNKNOWN
        with pytest.raises(NotFound):
            filled.remove(resource)


def test_storing_again_forgets_the_deletion_of_that_alone(filled: Index) -> None:
    filled.remove(STUDY)
    (stored,) = filled.store([one(1)])
    assert isinstance(stored, Stored)
    assert stored.new_study
    present = [filled.state(resource) for resource in (STUDY, SERIES, INSTANCE)]
    assert present == [State.PRESENT] * 3
    assert filled.state(LAST) is State.DELETED
    assert counts(filled) == [[1], [1], ["CT"]]


def test_hooks_see_the_removal_inside_the_transaction(url: str) -> None:
    seen: list[Removed] = []

    def note(session: Session, removed: Removed) -> None:
        seen.append(removed)

    index = Index(url, on_removed=[note])
    index.store([one(1)])
    removed = index.remove(STUDY)
    index.close()
    assert seen == [removed]


def test_sop_classes_of_a_study_are_those_of_what_is_left(filled: Index) -> None:
    from dicomweb.query import parse
    from dicomweb.resources import Level

    query = parse(Level.STUDY, Resource(), "SOPClassesInStudy=1.2.3")
    before = filled.count(query)
    filled.remove(LAST)
    assert (before, filled.count(query)) == (1, 0)
