"""What search results carry: the tables of PS3.18 10.6.3, keys that were asked for, all."""

from typing import Any

import pytest

from dicomweb.attributes import TABLES, Returned
from dicomweb.index import Index
from dicomweb.query import parse
from dicomweb.resources import Level, Resource
from tests.index.made import dataset, one, record, told, values

STUDY, SERIES = Resource("1.2.1"), Resource("1.2.1", "1.2.1.1")


def only(index: Index, level: Level, raw: str = "", within: Resource = STUDY) -> dict[str, Any]:
    """The first result of a search."""
    return told(index.find(parse(level, within, raw)).fragments)[0]


def always(level: Level) -> set[str]:
    return {item.tag for item in TABLES[level] if item.returned is Returned.ALWAYS}


@pytest.fixture
def filled(index: Index) -> Index:
    index.store([one(1, PatientWeight="70.5", ImageType=["A", "B"]), one(2)])
    return index


@pytest.mark.parametrize(
    ("level", "within", "told_levels"),
    [
        (Level.STUDY, Resource(), [Level.STUDY]),
        (Level.SERIES, STUDY, [Level.SERIES]),
        (Level.INSTANCE, SERIES, [Level.INSTANCE]),
        (Level.SERIES, Resource(), [Level.STUDY, Level.SERIES]),
        (Level.INSTANCE, STUDY, [Level.SERIES, Level.INSTANCE]),
        (Level.INSTANCE, Resource(), list(Level)),
    ],
)
def test_each_resource_returns_its_tables(
    filled: Index, level: Level, within: Resource, told_levels: list[Level]
) -> None:
    result = only(filled, level, within=within)
    wanted = set().union(*(always(each) for each in told_levels))
    upper = {"0020000D"} if level is not Level.STUDY else set()
    upper |= {"0020000E"} if level is Level.INSTANCE else set()
    known = {"00080056", "00080061", "00081190", "00280010", "00280011"}
    assert wanted | upper | {"00081190"} <= set(result)
    assert set(result) <= wanted | upper | known
    assert list(result) == sorted(result)


def test_the_retrieve_url_is_that_of_the_result(filled: Index) -> None:
    path = "ROOT/studies/1.2.1"
    assert values(only(filled, Level.STUDY, within=Resource()), "00081190") == [path]
    path += "/series/1.2.1.1"
    for within in (Resource(), STUDY):
        assert values(only(filled, Level.SERIES, within=within), "00081190") == [path]
    path += "/instances/1.2.1.1.1"
    for within in (Resource(), STUDY, SERIES):
        assert values(only(filled, Level.INSTANCE, within=within), "00081190") == [path]


def test_what_is_asked_for_is_there_even_if_nothing_is_known(filled: Index) -> None:
    raw = "includefield=PatientWeight,00104000&includefield=OtherPatientIDsSequence.PatientID"
    result = only(filled, Level.STUDY, raw, Resource())
    assert result["00101030"] == {"vr": "DS", "Value": [70.5]}
    assert result["00104000"] == {"vr": "LT"}
    assert result["00101002"] == {"vr": "SQ"}
    assert list(result) == sorted(result)


def test_a_key_that_was_matched_is_returned(filled: Index) -> None:
    assert values(only(filled, Level.STUDY, "PatientWeight=70.5", Resource()), "00101030") == [70.5]
    assert values(only(filled, Level.INSTANCE, "ImageType=B", SERIES), "00080008") == ["A", "B"]


def test_attributes_above_the_level_can_be_asked_for(filled: Index) -> None:
    raw = "includefield=PatientName,NumberOfStudyRelatedInstances,Modality"
    result = only(filled, Level.INSTANCE, raw, SERIES)
    assert values(result, "00100010") == [{"Alphabetic": "Doe^John"}]
    assert values(result, "00201208") == [2]
    assert values(result, "00080060") == ["CT"]


def test_attributes_below_the_level_are_not_returned(filled: Index) -> None:
    raw = "includefield=Modality,00080060,SOPInstanceUID,ImageType&SeriesNumber=1"
    result = only(filled, Level.STUDY, raw, Resource())
    assert not {"00080060", "00080018", "00080008", "00200011"} & set(result)


def test_all_tells_every_optional_key_and_what_is_stored(index: Index) -> None:
    made = dataset(1, EthnicGroup="x", InstitutionName="Clinic", KVP="120", Occupation="")
    made.add_new(0x00090010, "LO", "ACME")
    index.store([record(made), one(1, study=2)])
    study = only(index, Level.STUDY, "includefield=all&StudyInstanceUID=1.2.1", Resource())
    assert {item.tag for item in TABLES[Level.STUDY] if item.tag[:3] == "001"} <= set(study)
    assert values(study, "00201200") == [2]
    assert values(study, "00080062") == ["1.2.840.10008.5.1.4.1.1.2"]
    assert not {"00080080", "00180060"} & set(study)
    series = only(index, Level.SERIES, "includefield=all")
    assert values(series, "00080080") == ["Clinic"]
    instance = only(index, Level.INSTANCE, "includefield=all", SERIES)
    assert values(instance, "00180060") == [120.0]
    assert "00090010" not in instance


def test_bulk_data_is_not_part_of_all(index: Index) -> None:
    elements = dict(one(1).elements)
    uri = b'{"vr":"OW","BulkDataURI":"\x01/studies/1.2.1/series/1.2.1.1/instances/1/bulkdata/x"}'
    elements["7FE00010"] = uri
    json = b"{%b}" % b",".join(b'"%b":%b' % (tag.encode(), v) for tag, v in elements.items())
    index.store([record(dataset(1), json=json)])
    assert "7FE00010" not in only(index, Level.INSTANCE, "includefield=all", SERIES)
    asked = only(index, Level.INSTANCE, "includefield=7FE00010", SERIES)
    assert asked["7FE00010"]["BulkDataURI"].startswith("ROOT/studies/1.2.1/")


def test_a_private_attribute_comes_with_its_creator(index: Index) -> None:
    made = dataset(1)
    made.add_new(0x00090011, "LO", "ACME")
    made.add_new(0x00091101, "LO", "blue")
    index.store([record(made)])
    result = only(index, Level.INSTANCE, "00091001=blue&00090010=ACME", SERIES)
    assert values(result, "00091101") == ["blue"]
    assert values(result, "00090011") == ["ACME"]


def test_no_modality_is_never_told_as_an_empty_one(index: Index) -> None:
    index.store([one(1, Modality="")])
    for raw in ("", "includefield=ModalitiesInStudy", "includefield=all"):
        assert "00080061" not in only(index, Level.STUDY, raw, Resource())


def test_the_character_set_is_told_where_it_matters(index: Index) -> None:
    index.store([one(1, StudyDescription="Schädel", SeriesDescription="plain")])
    assert values(only(index, Level.STUDY, within=Resource()), "00080005") == ["ISO_IR 192"]
    assert "00080005" not in only(index, Level.SERIES)
    for level, raw in ((Level.SERIES, "includefield=StudyDescription"), (Level.STUDY, "")):
        result = only(index, level, raw, STUDY if level is Level.SERIES else Resource())
        assert values(result, "00080005") == ["ISO_IR 192"]
        assert list(result) == sorted(result)
