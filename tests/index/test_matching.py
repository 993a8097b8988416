"""Matching of stored JSON by itself, and that it agrees with the database on any pattern."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.index import Index
from dicomweb.index.answers import loaded
from dicomweb.index.matching import matches
from dicomweb.index.values import clock, day, folded, listed, moment, unlisted, words
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import one, told, values

DATASET: dict[str, Any] = {
    "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
    "00080012": {"vr": "DA", "Value": ["2020.01.31"]},
    "00080013": {"vr": "TM", "Value": ["23:30:00"]},
    "0008002A": {"vr": "DT", "Value": ["20200131233000.5-0500"]},
    "00080008": {"vr": "CS", "Value": ["A", None, "C"]},
    "00080201": {"vr": "SH", "Value": ["+0100"]},
    "00090010": {"vr": "LO", "Value": ["ACME"]},
    "00091001": {"vr": "DA", "Value": ["20200131"]},
    "00091002": {"vr": "DS", "Value": ["1.50"]},
    "00091003": {"vr": "OB", "InlineBinary": "AAA="},
    "00091004": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["x"]}}]},
    "00180050": {"vr": "DS", "Value": ["junk", 2.5]},
    "00189004": {"vr": "CS"},
    "00280009": {"vr": "AT", "Value": ["00181063"]},
    "00400254": {"vr": "LO", "Value": [" padded "]},
    "00081140": {
        "vr": "SQ",
        "Value": [
            {
                "00081150": {"vr": "UI", "Value": ["1.1"]},
                "00081155": {"vr": "UI", "Value": ["2.1"]},
            },
            {
                "00081150": {"vr": "UI", "Value": ["1.2"]},
                "00081155": {"vr": "UI", "Value": ["2.2"]},
            },
        ],
    },
    "00100010": {"vr": "PN", "Value": [{"Ideographic": "山田^太郎"}]},
    "7FE00010": {"vr": "OW", "BulkDataURI": "x"},
}
ACME = "&00090010=ACME"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("InstanceCreationDate=20200131", True),
        ("InstanceCreationTime=2330", True),
        ("InstanceCreationTime=2331", False),
        ("InstanceCreationDate=20200131-&InstanceCreationTime=2330-", True),
        ("InstanceCreationDate=20200131-&InstanceCreationTime=2331-", False),
        ("InstanceCreationTime=2230&TimezoneOffsetFromUTC=+0000", True),
        ("InstanceCreationDate=20200201&TimezoneOffsetFromUTC=+0200", True),
        ("ContentTime=10&TimezoneOffsetFromUTC=+0200", False),
        ("AcquisitionDateTime=20200201", True),
        ("AcquisitionDateTime=20200201&TimezoneOffsetFromUTC=+0000", True),
        ("AcquisitionDateTime=20200201043000.5%2B0000", True),
        ("AcquisitionDateTime=202002010430%2B0000-", True),
        ("AcquisitionDateTime=-202002010429%2B0000", False),
        ("ImageType=C", True),
        ("ImageType=B", False),
        ("ImageType=?", True),
        ("SliceThickness=2.50", True),
        ("SliceThickness=2.51", False),
        ("FrameIncrementPointer=00181063", True),
        ("FrameIncrementPointer=00181064", False),
        ("PerformedProcedureStepDescription=padded", True),
        ("00081140.00081150=1.1&00081140.00081155=2.1", True),
        ("00081140.00081150=1.1&00081140.00081155=2.2", False),
        ("00081140.00081150=1.1,1.9&00081140.00081155=2.1", True),
        ('00081140=""&emptyvaluematching=true', False),
        ('00081140.00081199.00081150=""&emptyvaluematching=true', True),
        ('ContentQualification=""&emptyvaluematching=true', True),
        ('ContentCreatorName=""&emptyvaluematching=true', True),
        ('7FE00010=""&emptyvaluematching=true', False),
        ("PatientName=山田*", True),
        ("PatientName=太郎&fuzzymatching=true", True),
        ("PatientName=?????&fuzzymatching=true", True),
        ("PatientName=????&fuzzymatching=true", False),
        (f"00091001=20200101-20200201{ACME}", True),
        (f"00091001=nonsense{ACME}", False),
        (f"00091002=1.5{ACME}", True),
        (f"00091003=x{ACME}", False),
        (f"00091004.00080100=x{ACME}", True),
        ("00091001=20200131&00090010=OTHER", False),
    ],
)
def test_a_data_set_matches(raw: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    if raw.startswith(("00081140=", "7FE00010=")):
        # A sequence and binary values can only be asked whether they are empty.
        raw = raw.replace("&emptyvaluematching=true", "") if "7FE0" in raw else raw
    query = parse(Level.INSTANCE, Resource(), raw)
    if raw.startswith("7FE00010="):
        assert query.matches == ()
        return
    assert matches(DATASET, query.matches, query.timezone) is expected


@pytest.mark.parametrize("zone", ["-0500", "+1400", "nonsense", ""])
def test_the_zone_of_a_data_set_may_be_anything(zone: str) -> None:
    made = {**DATASET, "00080201": {"vr": "SH", "Value": [zone]}}
    made["00080012"] = {"vr": "DA", "Value": ["00010101"]}
    query = parse(Level.INSTANCE, Resource(), "InstanceCreationDate=00010101&00080201=-1200")
    assert matches(made, query.matches, query.timezone) in (True, False)


def test_stored_dates_and_times_are_read_or_left() -> None:
    assert [day(text) for text in ("20200229", "2020.02.29", "2020-02-29")] == ["20200229"] * 3
    assert [day(text) for text in ("20210229", "2020", "N/A", "")] == [""] * 4
    assert [clock(text) for text in ("10", "10:15", "101500.5")] == [
        "100000.000000",
        "101500.000000",
        "101500.500000",
    ]
    assert [clock(text) for text in ("25", "noon", "")] == [""] * 3
    assert moment("20200229", "101500.123456") == 202002291015001234
    assert (moment("20200229", ""), moment("", "101500.000000")) == (202002290000000000, 0)


@given(st.text())
def test_folding_a_name_twice_changes_nothing(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert all(word == folded(word) for word in words(name) if not word.endswith("^"))


@given(st.lists(st.text(st.characters(exclude_characters="\\"), min_size=1)))
def test_lists_come_back_from_their_column(items: list[str]) -> None:
    assert unlisted(listed(items)) == items


TEXTS = [
    "",
    "CT",
    "ct",
    "CT Chest",
    "[CT]",
    "a%b",
    "a_b",
    "ü",
    "Ü",
    "a-b",
    "\U0001f600x",
    "C*T",
    "''",
]
PATTERNS = st.text("CTct*?[]%_\\^üa\U0001f600 -!'\"", min_size=1, max_size=7)


@pytest.fixture(scope="module")
def texts_index(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("texts")
    index = Index(f"sqlite:///{folder}/index.db")
    index.store(
        [
            one(1, n, StudyDescription=text, PatientName=text, SeriesDescription=text)
            for n, text in enumerate(TEXTS, 1)
        ]
    )
    yield index
    index.close()


@settings(max_examples=150, deadline=None)
@given(
    PATTERNS,
    st.sampled_from(["StudyDescription", "PatientName", "SeriesDescription"]),
    st.booleans(),
)
def test_the_database_and_the_slow_way_agree(
    texts_index: Index, pattern: str, keyword: str, fuzzy: bool
) -> None:
    from urllib.parse import quote

    if pattern.count("*") > 8:
        return
    raw = f"{keyword}={quote(pattern)}&fuzzymatching={str(fuzzy).lower()}"
    found = texts_index.find(parse(Level.SERIES, Resource(), raw))
    quick = {values(result, "0020000E")[0] for result in told(found.fragments)}
    query = parse(Level.SERIES, Resource(), raw)
    slow = set()
    for number, text in enumerate(TEXTS, 1):
        made = one(1, number, StudyDescription=text, PatientName=text, SeriesDescription=text)
        if matches(loaded(made.json), query.matches):
            slow.add(made.series)
    assert quick == slow
