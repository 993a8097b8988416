"""Order, limit, offset, what remains, cursors: every result once, whatever the page."""

import random

import pytest

from dicomweb.errors import BadRequest
from dicomweb.index import Index, search
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import one, told, values


def uids(
    index: Index, raw: str = "", level: Level = Level.STUDY, tag: str = "0020000D"
) -> list[str]:
    found = index.find(parse(level, Resource(), raw))
    return [values(result, tag)[0] for result in told(found.fragments)]


@pytest.fixture(scope="module")
def filled(shared: Index) -> Index:
    """Thirty studies, stored in no order; three share each date, one in ten has none."""
    records = [
        one(
            1,
            study,
            StudyDate=f"202001{study // 3 + 1:02}" if study % 10 else "",
            StudyTime="" if study % 4 == 0 else f"1{study % 7}0000",
            PatientName=f"N{study % 5}",
            PatientID=f"P{study % 2}",
        )
        for study in range(1, 31)
    ]
    random.Random(1).shuffle(records)
    shared.store(records)
    return shared


def moment(uid: str) -> tuple[str, str]:
    """Date and time of a study; without a date the time says nothing."""
    number = int(uid.split(".")[-1])
    if number % 10 == 0:
        return "", ""
    return f"202001{number // 3 + 1:02}", "" if number % 4 == 0 else f"1{number % 7}"


def test_the_newest_study_comes_first_and_ties_go_by_uid(filled: Index) -> None:
    by_uid = sorted(f"1.2.{study}" for study in range(1, 31))
    assert uids(filled) == sorted(by_uid, key=moment, reverse=True)


def test_series_and_instances_go_by_number_then_uid(index: Index) -> None:
    index.store([one(n, 1, s) for s in (10, 2, 1) for n in (11, 3, 2)])
    index.store([one(99, 1, 2, InstanceNumber=None), one(1, 1, 50, SeriesNumber=None)])
    study = Resource("1.2.1")
    found = index.find(parse(Level.SERIES, study, ""))
    numbers = [values(result, "0020000E")[0] for result in told(found.fragments)]
    assert numbers == ["1.2.1.1", "1.2.1.2", "1.2.1.10", "1.2.1.50"]
    found = index.find(parse(Level.INSTANCE, Resource("1.2.1", "1.2.1.2"), ""))
    numbers = [values(result, "00080018")[0] for result in told(found.fragments)]
    assert numbers == ["1.2.1.2.2", "1.2.1.2.3", "1.2.1.2.11", "1.2.1.2.99"]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "PatientName=N*",
        "ModalitiesInStudy=CT",
        "orderby=PatientName",
        "orderby=-PatientID,StudyDate",
    ],
)
@pytest.mark.parametrize("level", list(Level))
def test_pages_by_offset_and_by_cursor_make_the_whole(
    filled: Index, raw: str, level: Level
) -> None:
    whole = filled.find(parse(level, Resource(), raw)).fragments
    assert len(whole) == 30
    by_offset, by_cursor, cursor = [], [], ""
    for offset in range(0, 35, 7):
        page = filled.find(parse(level, Resource(), f"{raw}&limit=7&offset={offset}"))
        assert page.remaining == max(0, 30 - offset - 7)
        by_offset += page.fragments
        page = filled.find(parse(level, Resource(), f"{raw}&limit=7&cursor={cursor}"))
        assert page.remaining == max(0, 30 - offset - 7)
        by_cursor, cursor = by_cursor + page.fragments, page.cursor
    assert by_offset == by_cursor == whole
    assert cursor == ""


def test_slow_searches_have_pages_too(filled: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_PAGE", 4)
    whole = filled.find(parse(Level.STUDY, Resource(), "PatientComments=&Rows=16")).fragments
    first = filled.find(parse(Level.STUDY, Resource(), "Rows=16&limit=20&includefield=00104000"))
    raw = f"Rows=16&limit=20&includefield=00104000&cursor={first.cursor}"
    rest = filled.find(parse(Level.STUDY, Resource(), raw))
    assert (len(first.fragments), first.remaining, len(rest.fragments)) == (20, 1, 10)
    assert first.fragments + rest.fragments == whole


def test_a_limit_of_nothing_tells_what_there_is(filled: Index) -> None:
    found = filled.find(parse(Level.STUDY, Resource(), "limit=0"))
    assert (found.fragments, found.remaining) == ([], 30)
    assert uids(filled, "offset=100") == []


def test_what_remains_is_counted_up_to_a_bound(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTED", 10)
    found = filled.find(parse(Level.STUDY, Resource(), "limit=5&PatientSex="))
    assert found.remaining == 10
    assert filled.count(parse(Level.STUDY, Resource(), "limit=5&offset=3")) == 30


def test_a_term_that_finds_much_gives_way_to_the_newest(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["PatientID=P1&limit=9", "PatientName=N*", "StudyDescription=*hes*", "Modality=CT,MR"]
    led = [uids(filled, raw) for raw in asked]
    monkeypatch.setattr(search, "SELECTIVE", 3)
    assert [uids(filled, raw) for raw in asked] == led
    assert all(led)


def test_pages_of_a_wide_term_are_the_same_however_old_its_studies(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are not among the newest studies, the index of the term leads."""
    several = "PatientID=P*\\p*&multiplevaluematching=true"
    wide = ["PatientID=P1", "PatientID=P*", several, "PatientName=n*"]
    whole = [uids(filled, raw) for raw in wide]
    assert list(map(len, whole)) == [15, 30, 30, 30]
    monkeypatch.setattr(search, "SELECTIVE", 1)
    for recent in (1, 5, 12):
        monkeypatch.setattr(search, "RECENT", recent)
        for raw, expected in zip(wide, whole, strict=True):
            pages = [uids(filled, f"{raw}&limit=4&offset={at}") for at in range(0, 32, 4)]
            assert [uid for page in pages for uid in page] == expected


def test_a_cursor_outlives_all_but_the_result_it_points_at(index: Index) -> None:
    index.store([one(1, study) for study in range(1, 6)])
    cursor = index.find(parse(Level.STUDY, Resource(), "limit=2")).cursor
    index.remove(Resource("1.2.1"))
    assert uids(index, f"cursor={cursor}") == ["1.2.3", "1.2.4", "1.2.5"]
    index.remove(Resource("1.2.2"))
    with pytest.raises(BadRequest, match="gone"):
        uids(index, f"cursor={cursor}")


@pytest.mark.parametrize(
    "raw",
    [
        "cursor=x",
        "cursor=1.2.3/1.2.3",
        "cursor=%F0%9F%A9%BB",
        "cursor=1.2.99",
        "orderby=Rows",
        "orderby=SeriesNumber",
        "orderby=ModalitiesInStudy",
    ],
)
def test_an_order_or_cursor_that_cannot_be_had_is_refused(filled: Index, raw: str) -> None:
    with pytest.raises(BadRequest):
        filled.find(parse(Level.STUDY, Resource(), raw))
