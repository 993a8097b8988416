"""Searching: every kind of matching, by the door that clients use, on both engines.

What has columns is matched by the database, all else by the stored metadata; a second table of the
same questions runs the slow way alone, so that the two cannot drift apart.
"""

from pathlib import Path

import pytest

from dicomweb.errors import TooLarge
from dicomweb.index import Index, residue, search
from dicomweb.index.answers import loaded
from dicomweb.index.matching import matches
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import dataset, one, record, told, values

UIDS = {Level.STUDY: "0020000D", Level.SERIES: "0020000E", Level.INSTANCE: "00080018"}


def request(step: str, procedure: str) -> "list[object]":
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = step, procedure
    return [item]


def private(number: int, study: int, block: int, creator: str, value: str) -> object:
    made = dataset(number, study, Modality="OT")
    made.add_new((0x0009, block), "LO", creator)
    made.add_new((0x0009, block * 256 + 1), "LO", value)
    return made


ARCHIVE = [
    one(
        1,
        1,
        StudyDate="20060705",
        StudyTime="1000",
        PatientName="Doe^John",
        PatientID="Ab_1%",
        AccessionNumber="A1",
        StudyDescription="CT Chest [low]",
        ReferringPhysicianName="Müller^Eva^^Dr.",
        PatientBirthDate="19700101",
        PatientSex="M",
        RequestAttributesSequence=request("S1", "R1") + request("S2", "R2"),
        KVP="120.0",
        ContentDate="20060705",
        ContentTime="235900",
    ),
    one(2, 1, series=2, Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Rows=32),
    one(
        1,
        2,
        StudyDate="20060706",
        StudyTime="220000.5",
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        PatientID="P2",
        AccessionNumber="",
        StudyDescription="MR Brain",
        Modality="MR",
        SeriesDescription="T1",
        PerformedProcedureStepStartDate="20060706",
        PerformedProcedureStepStartTime="220100",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
    ),
    one(
        1,
        3,
        StudyDate="20060707",
        StudyTime="190000",
        PatientName="O'Brien^Zoë^Anna",
        PatientID="P3",
        Modality="CT",
        StudyDescription="Abdomen",
        TimezoneOffsetFromUTC="+0200",
        AcquisitionDateTime="20060707190000.000000+0200",
    ),
    one(1, 4, StudyDate="", StudyTime="", PatientName="", PatientID="P4", StudyDescription=""),
    record(private(1, 5, 0x10, "ACME", "blue")),  # type: ignore[arg-type]
    record(private(1, 6, 0x11, "ACME", "blue")),  # type: ignore[arg-type]
    record(private(1, 7, 0x10, "OTHER", "blue")),  # type: ignore[arg-type]
]
REST = {5, 6, 7}
# Query and the numbers of the studies that it finds among the first four.
STUDIES = [
    ("", {1, 2, 3, 4}),
    # single value (C.2.2.2.1): case-sensitive, names apart
    ("PatientID=P2", {2}),
    ("PatientID=p2", set()),
    ("00100020=P2", {2}),
    ("PatientID=P2%20", {2}),
    ("PatientName=DOE^JOHN", {1}),
    ("PatientName=doe^john^^", {1}),
    ("PatientName=Doe", set()),
    ("PatientName=山田^太郎", {2}),
    ("PatientName=やまだ^たろう", {2}),
    ("PatientName=Yamada^Tarou%3D山田^太郎%3Dやまだ^たろう", {2}),
    ("PatientName=yamada*%3D山田*", {2}),
    ("PatientName=%3D山田*", {2}),
    ("PatientName=Doe^John%3D山田*", set()),
    ("PatientName=O'BRIEN^ZOE^ANNA", {3}),
    ("ReferringPhysicianName=MULLER^EVA^^DR.", {1}),
    ("PatientSex=M", {1}),
    ("StudyTime=1000", {1}),
    ("StudyTime=22", {2}),
    ("StudyTime=220000", {2}),
    ("StudyTime=2201", set()),
    # list of UID (C.2.2.2.2)
    ("StudyInstanceUID=1.2.1", {1}),
    ("StudyInstanceUID=1.2.1,1.2.3", {1, 3}),
    ("StudyInstanceUID=1.2.1\\1.2.3\\9.9", {1, 3}),
    ("SOPClassesInStudy=1.2.840.10008.5.1.4.1.1.88.22", {1}),
    # universal (C.2.2.2.3)
    ("PatientID=", {1, 2, 3, 4}),
    ("PatientID=*&StudyDate=", {1, 2, 3, 4}),
    # wild card (C.2.2.2.4)
    ("PatientID=P*", {2, 3, 4}),
    ("PatientID=P%3F", {2, 3, 4}),
    ("PatientID=*2", {2}),
    ("PatientID=?b*", {1}),
    ("PatientID=Ab_1%25", {1}),
    ("PatientID=Ab_*", {1}),
    ("PatientID=Ab%251*", set()),
    ("PatientID=*_1*", {1}),
    ("PatientID=P_", set()),
    ("StudyDescription=*[low]*", {1}),
    ("StudyDescription=*[c-m]*", set()),
    ("StudyDescription=*Chest*", {1}),
    ("StudyDescription=*chest*", set()),
    ("StudyDescription=CT*[low?", {1}),
    ("PatientName=*jo*", {1}),
    ("PatientName=d*n", {1}),
    ("PatientName=*ada^*", {2}),
    ("PatientName=山*", {2}),
    ("PatientName=*zoe*", {3}),
    ("PatientName=*o*", {1, 2, 3}),
    ("PatientName=doe^*", {1}),
    ("ReferringPhysicianName=m%C3%BCl*", {1}),
    ("AccessionNumber=A*", {1, 3, 4}),
    # range (C.2.2.2.5)
    ("StudyDate=20060706", {2}),
    ("StudyDate=20060705-20060706", {1, 2}),
    ("StudyDate=20060706-", {2, 3}),
    ("StudyDate=-20060706", {1, 2}),
    ("StudyTime=0900-1100", {1}),
    ("StudyTime=22-", {2}),
    ("PatientBirthDate=19690101-19710101", {1}),
    ("StudyDate=20060705-20060707&StudyTime=1000-1800", {1, 2}),
    ("StudyDate=20060705-&StudyTime=1100-", {2, 3}),
    ("StudyDate=-20060707&StudyTime=-18", {1, 2}),
    ("StudyDate=20060705-20060707&StudyTime=10-", {1, 2, 3}),
    ("StudyDate=20060706&StudyTime=10-18", set()),
    # another zone (PS3.18 8.3.4.1.2): study 3 was at 17:00 UTC
    ("StudyDate=20060707&StudyTime=17&TimezoneOffsetFromUTC=%2B0000&PatientID=P3", {3}),
    ("StudyDate=20060708&TimezoneOffsetFromUTC=%2B0900&PatientID=P3", {3}),
    ("StudyDate=20060707&TimezoneOffsetFromUTC=%2B0900&PatientID=P3", set()),
    ("StudyDate=20060707-20060707&StudyTime=1659-1701&TimezoneOffsetFromUTC=+0000", {3}),
    # empty and multiple value (C.2.2.2.7, C.2.2.2.8)
    ('AccessionNumber=""&emptyvaluematching=true', {2}),
    ("PatientName=%22%22&emptyvaluematching=true", {4}),
    ('StudyDate=""&emptyvaluematching=true', {4}),
    ('PatientComments=""&emptyvaluematching=true', {1, 2, 3, 4}),
    ("PatientID=P2\\P3&multiplevaluematching=true", {2, 3}),
    ("PatientID=P2\\A*&multiplevaluematching=true", {1, 2}),
    ("PatientID=P2\\P3", set()),
    ("PatientName=doe*\\山田*&multiplevaluematching=true", {1, 2}),
    # ModalitiesInStudy: any series counts, a list is OR
    ("ModalitiesInStudy=SR", {1}),
    ("ModalitiesInStudy=MR,SR", {1, 2}),
    ("ModalitiesInStudy=MR%2CSR", {1, 2}),
    ("ModalitiesInStudy=C*", {1, 3, 4}),
    ("ModalitiesInStudy=T", set()),
    ("Modality=MR", {2}),
    ("ModalitiesInStudy=CT&StudyDate=20060707", {3}),
    ("ModalitiesInStudy=CT&PatientName=doe*", {1}),
    # fuzzy (C.2.2.2.1.1)
    ("PatientName=john%20do&fuzzymatching=true", {1}),
    ("PatientName=zoe%20obrien&fuzzymatching=true", set()),
    ("PatientName=anna%20zo&fuzzymatching=true", {3}),
    ("PatientName=太郎&fuzzymatching=true", {2}),
    ("PatientName=ohn&fuzzymatching=true", set()),
    ("PatientName=*ohn*&fuzzymatching=true", {1}),
    ("PatientName=jo%20john&fuzzymatching=true", set()),
    ("PatientName=an%20zoe%20o&fuzzymatching=true", {3}),
    # lower levels: a study that holds a match
    ("SeriesDescription=T1", {2}),
    ("SOPInstanceUID=1.2.1.2.2", {1}),
    ("SeriesNumber=2", {1}),
    ("SeriesNumber=2&SOPClassUID=1.2.840.10008.5.1.4.1.1.2", set()),
    ("SeriesNumber=1&Rows=32", set()),
    ("SeriesNumber=2&Rows=32", {1}),
    ("RequestAttributesSequence.RequestedProcedureID=R1", {1}),
    # no column
    ("KVP=120", {1}),
    ("KVP=121", set()),
    ("ImageType=PRIMARY", {2}),
    ("ImageType=AX*", {2}),
    ("AcquisitionDateTime=20060707170000%2B0000", {3}),
    ("AcquisitionDateTime=20060707-20060708", {3}),
    ("ContentDate=20060705-20060705&ContentTime=2358-2359", {1}),
    ("ContentDate=20060705-20060705&ContentTime=10-11", set()),
    ("PatientBirthDate=19690101-19710101&PatientBirthTime=00-23", {1}),
    ("PatientName=%F4%8F%BF%BF*", set()),
    ("PatientName=%F0%9F%98%80*", set()),
    # counts
    ("NumberOfStudyRelatedInstances=2", {1}),
    ("InstanceAvailability=ONLINE", {1, 2, 3, 4}),
]
INSTANCES = [
    ("00091001=blue&00090010=ACME", {5, 6}),
    ("00091101=blu*&00090011=ACME", {5, 6}),
    ("00091001=red&00090010=ACME", set()),
    ("00090010=OTHER", {7}),
    ("Rows=32", {1}),
    ("InstanceNumber=2", {1}),
    ("SOPClassUID=1.2.840.10008.5.1.4.1.1.88.22", {1}),
    ("SOPInstanceUID=1.2.2.1.1", {2}),
    ("PatientID=P2", {2}),
    ("SeriesDescription=T1&PatientName=yam*", {2}),
    (
        "PerformedProcedureStepStartDate=20060706-20060706&PerformedProcedureStepStartTime=22-23",
        {2},
    ),
    ("PerformedProcedureStepStartTime=2201", {2}),
    ("RequestAttributesSequence.ScheduledProcedureStepID=S1", {1}),
]
SERIES = [
    ("Modality=SR", {"1.2.1.2"}),
    ("SOPInstanceUID=1.2.1.2.2", {"1.2.1.2"}),
    ("Rows=32", {"1.2.1.2"}),
    ("InstanceNumber=2&PatientName=doe*", {"1.2.1.2"}),
    ("SOPClassUID=1.2.840.10008.5.1.4.1.1.88.22", {"1.2.1.2"}),
    ("ModalitiesInStudy=SR,MR", {"1.2.1.1", "1.2.1.2", "1.2.2.1"}),
    (
        'RequestAttributesSequence.RequestedProcedureID=""&emptyvaluematching=true&StudyInstanceUID=1.2.1',
        {"1.2.1.2"},
    ),
    ("Modality=CT,MR&PatientID=P2", {"1.2.2.1"}),
    ("SeriesInstanceUID=1.2.1.1", {"1.2.1.1"}),
    ("SeriesNumber=2", {"1.2.1.2"}),
    ("PerformedProcedureStepStartDate=20060706", {"1.2.2.1"}),
    ("RequestAttributesSequence.RequestedProcedureID=R1", {"1.2.1.1"}),
    ("00400275.00401001=R?", {"1.2.1.1"}),
    (
        "RequestAttributesSequence.RequestedProcedureID=R1"
        "&RequestAttributesSequence.ScheduledProcedureStepID=S1",
        {"1.2.1.1"},
    ),
    (
        "RequestAttributesSequence.RequestedProcedureID=R1"
        "&RequestAttributesSequence.ScheduledProcedureStepID=S2",
        set(),
    ),
    (
        "RequestAttributesSequence.RequestedProcedureID=R1"
        "&RequestAttributesSequence.RequestedProcedureDescription=x",
        set(),
    ),
]


@pytest.fixture(scope="module")
def filled(shared: Index) -> Index:
    shared.store(ARCHIVE)
    return shared


def found(index: Index, level: Level, raw: str, within: Resource = Resource()) -> list[str]:  # noqa: B008
    query = parse(level, within, raw)
    results = index.find(query)
    assert index.count(query) == len(results.fragments)
    assert index.search(query).exists() is bool(results.fragments)
    return [values(result, UIDS[level])[0] for result in told(results.fragments)]


def numbers(uids: list[str]) -> set[int]:
    assert len(uids) == len(set(uids))
    return {int(uid.split(".")[2]) for uid in uids}


@pytest.mark.parametrize(("raw", "expected"), STUDIES)
def test_studies_are_found(filled: Index, raw: str, expected: set[int]) -> None:
    assert numbers(found(filled, Level.STUDY, raw)) - REST == expected


@pytest.mark.parametrize(("raw", "expected"), STUDIES)
@pytest.mark.parametrize("recent", [2, 1000])
def test_studies_are_found_whatever_leads(
    filled: Index, raw: str, expected: set[int], recent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SELECTIVE", 1)
    monkeypatch.setattr(search, "RECENT", recent)
    assert numbers(found(filled, Level.STUDY, raw)) - REST == expected


@pytest.mark.parametrize(("raw", "expected"), INSTANCES)
def test_instances_are_found(filled: Index, raw: str, expected: set[int]) -> None:
    assert numbers(found(filled, Level.INSTANCE, raw)) == expected


@pytest.mark.parametrize(("raw", "expected"), SERIES)
def test_series_are_found(filled: Index, raw: str, expected: set[str]) -> None:
    assert set(found(filled, Level.SERIES, raw)) == expected


def test_a_path_limits_what_is_found(filled: Index) -> None:
    study, series = Resource("1.2.1"), Resource("1.2.1", "1.2.1.2")
    assert found(filled, Level.SERIES, "", study) == ["1.2.1.1", "1.2.1.2"]
    assert found(filled, Level.INSTANCE, "", study) == ["1.2.1.1.1", "1.2.1.2.2"]
    assert found(filled, Level.INSTANCE, "", series) == ["1.2.1.2.2"]
    assert found(filled, Level.INSTANCE, "Rows=16", series) == []
    assert found(filled, Level.SERIES, "PatientName=yamada*", study) == []
    request_ = "RequestAttributesSequence.RequestedProcedureID=R2"
    assert found(filled, Level.SERIES, request_, study) == ["1.2.1.1"]
    assert found(filled, Level.SERIES, "", Resource("9.9")) == []
    assert found(filled, Level.INSTANCE, "", Resource("1.2.2", "1.2.1.2")) == []


# What the index makes itself, or several instances tell together.
MADE = ("InStudy", "Number", "Availability", "Modality=", "SOP", "Rows")
TOLD = [(raw, expected) for raw, expected in STUDIES if not any(word in raw for word in MADE)]


@pytest.mark.parametrize(("raw", "expected"), TOLD)
def test_the_slow_way_finds_the_same(raw: str, expected: set[int]) -> None:
    query = parse(Level.INSTANCE, Resource(), raw)
    firsts = {record.study: record for record in reversed(ARCHIVE)}
    slow = [
        study
        for study, first in firsts.items()
        if matches(loaded(first.json), query.matches, query.timezone)
    ]
    assert numbers(slow) - REST == expected


def test_a_search_that_reads_too_much_is_refused(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residue, "EXAMINED", 3)
    with pytest.raises(TooLarge, match="narrow it down"):
        found(filled, Level.INSTANCE, "KVP=121")
    assert numbers(found(filled, Level.INSTANCE, "KVP=120", Resource("1.2.1"))) == {1}


def test_quick_searches_know_that_they_are(tmp_path: Path) -> None:
    index = Index(f"sqlite:///{tmp_path}/index.db")
    index.store(ARCHIVE)
    quick = [
        "limit=25",
        "limit=25&PatientName=Doe*",
        "limit=9&ModalitiesInStudy=CT&StudyDate=2006-",
    ]
    quick = [*quick[:2], "limit=9&ModalitiesInStudy=CT&StudyDate=20060101-", "PatientID=P2"]
    slow = ["", "limit=25&PatientSex=M", "limit=25&orderby=StudyDate", "limit=25&includefield=all"]
    asked = [index.search(parse(Level.STUDY, Resource(), raw)).is_quick for raw in (*quick, *slow)]
    index.close()
    assert asked == [True] * len(quick) + [False] * len(slow)
