"""Reads by path: locations, metadata, states, statistics, pages of rows."""

import pytest

from dicomweb.errors import NotFound
from dicomweb.index import Index, Location, Statistics
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import CT, dataset, one, record

INSTANCE = Resource("1.2.1", "1.2.1.1", "1.2.1.1.2")


@pytest.fixture(scope="module")
def filled(shared: Index) -> Index:
    shared.store([one(n, 1, s) for s in (2, 1) for n in (10, 2)])
    return shared


def test_an_instance_is_located(filled: Index) -> None:
    assert filled.locate(INSTANCE) == Location(
        study="1.2.1",
        series="1.2.1.1",
        instance="1.2.1.1.2",
        sop_class=CT,
        transfer_syntax="1.2.840.10008.1.2.1",
        key="1.2.1.1.2.dcm",
        size=1000,
        sha256=b"\1" * 32,
        dataset_offset=200,
        frames=b"frames",
        bulk=b"bulk",
    )


def test_an_instance_is_found_by_its_uid_alone(filled: Index) -> None:
    assert filled.of_uid("1.2.1.1.2") == filled.locate(INSTANCE)
    assert filled.of_uid("1.2.1") is None


def test_rows_go_on_behind_a_known_one(filled: Index) -> None:
    first, *rest = (row for page in filled.rows() for row in page)
    assert [row for page in filled.rows(after=first.pk) for row in page] == rest


def test_locations_go_by_series_and_number(filled: Index) -> None:
    order = ["1.2.1.1.2", "1.2.1.1.10", "1.2.1.2.2", "1.2.1.2.10"]
    study = filled.locations(Resource("1.2.1"))
    series = filled.locations(Resource("1.2.1", "1.2.1.2"))
    assert [location.instance for location in study] == order
    assert [location.instance for location in series] == order[2:]


def test_metadata_comes_back_byte_for_byte_in_the_same_order(filled: Index) -> None:
    expected = [one(n, 1, s).json for s in (1, 2) for n in (2, 10)]
    assert filled.metadata(Resource("1.2.1")) == expected
    assert filled.metadata(Resource("1.2.1", "1.2.1.2")) == expected[2:]
    assert filled.metadata(INSTANCE) == expected[:1]


@pytest.mark.parametrize("size", [0, 1, 100_000, 120_000, 3_000_000])
def test_metadata_of_any_size_comes_back(index: Index, size: int) -> None:
    noise = bytes(33 + (n * n * 7919 >> 5) % 90 for n in range(size)).replace(b"\\", b"/")
    made = [
        record(dataset(n), json=b'{"00080018":%d,"x":"%b"}' % (n, noise.replace(b'"', b"'")))
        for n in (1, 2)
    ]
    index.store(made[:1])
    index.store(made[1:])
    assert index.metadata(Resource("1.2.1")) == [each.json for each in made]


def test_a_path_has_to_hang_together(filled: Index) -> None:
    wrong = [
        Resource("1.2.9"),
        Resource("1.2.1", "1.2.9"),
        Resource("1.2.1", "1.2.1.2", "1.2.1.1.2"),
    ]
    for resource in wrong:
        for read in (filled.locations, filled.metadata, filled.changed):
            with pytest.raises(NotFound):
                read(resource)


def test_statistics_add_up(filled: Index) -> None:
    assert filled.statistics() == Statistics(studies=1, series=2, instances=4, size=4000)


def test_all_rows_come_in_pages(filled: Index) -> None:
    pages = list(filled.rows(page=3))
    assert [len(page) for page in pages] == [3, 1]
    rows = [row for page in pages for row in page]
    assert {row.instance for row in rows} == {f"1.2.1.{s}.{n}" for s in (1, 2) for n in (2, 10)}
    assert rows[0].key == f"{rows[0].instance}.dcm"


def test_metadata_of_many_series_comes_back(index: Index) -> None:
    records = [one(1, 1, series) for series in range(1, 80)]
    index.store(records)
    for _ in range(2):
        assert index.metadata(Resource("1.2.1")) == [each.json for each in records]
    index.store([one(2, 1, series) for series in (1, 79)])
    assert len(index.metadata(Resource("1.2.1", "1.2.1.79"))) == 2
    found = index.find(parse(Level.SERIES, Resource(), "includefield=all"))
    assert len(found.fragments) == 79


def test_an_index_answers_while_it_is_empty(index: Index) -> None:
    index.ping()
    assert index.statistics() == Statistics(0, 0, 0, 0)
    assert list(index.rows()) == []
