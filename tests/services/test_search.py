"""QIDO-RS through its own door; what matches, what is returned, in which order, how much."""

import pydicom
import pytest
import requests
from clients import get, store
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import Server

STUDY = {
    "PatientName": "Archive^Anna^^Dr",
    "PatientID": "S-1",
    "StudyDate": "20200315",
    "StudyTime": "101500",
    "AccessionNumber": "ACC-7",
    "StudyID": "ST-9",
    "ReferringPhysicianName": "Sender^Sam",
    "StudyDescription": "CT HEAD",
    "Modality": "CT",
    "SeriesNumber": 4,
    "InstanceNumber": 12,
}


@pytest.fixture(scope="module")
def study(server: Server) -> pydicom.Dataset:
    """One study of one CT instance, to which one MR instance is added."""
    dataset = make_image(**STUDY)
    other = make_image(**{**STUDY, "Modality": "MR", "SeriesNumber": 5, "InstanceNumber": 1})
    other.StudyInstanceUID = dataset.StudyInstanceUID
    assert store(server, encode(dataset), encode(other)).status == 200
    return dataset


def _found(server: Server, study: pydicom.Dataset, query: str, path: str = "/studies") -> bool:
    """Whether the study is among the results."""
    results = get(server, f"{path}?{query}").json()
    return study.StudyInstanceUID in [each["0020000D"]["Value"][0] for each in results]


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=archive*",
        "PatientName=ARCHIVE%5EANNA%5E%5EDR",
        "00100010=*anna*",
        "PatientID=S-1",
        "00100020=S-?",
        "StudyDate=20200315",
        "StudyDate=20200101-20201231",
        "StudyDate=-20200315",
        "StudyDate=20200315-",
        "StudyTime=1000-1100",
        "AccessionNumber=ACC*",
        "StudyID=ST-9",
        "ReferringPhysicianName=Sender*",
        "ModalitiesInStudy=MR",
        "ModalitiesInStudy=CT,US",
        "StudyDescription=CT*",
        "PatientID=&StudyID=ST-9",
    ],
)
def test_a_study_is_found_by_each_of_its_keys(
    server: Server, study: pydicom.Dataset, query: str
) -> None:
    assert _found(server, study, query)


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=Archive",
        "PatientID=s-1",
        "StudyDate=20200314",
        "StudyDate=20200316-",
        "StudyTime=1100-1200",
        "AccessionNumber=ACC%25",
        "ModalitiesInStudy=US",
        "StudyInstanceUID=1.2.3",
    ],
)
def test_a_study_is_not_found_by_what_it_has_not(
    server: Server, study: pydicom.Dataset, query: str
) -> None:
    assert not _found(server, study, query)


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("/studies/{study}/series", "Modality=CT", 1),
        ("/studies/{study}/series", "SeriesNumber=5", 1),
        ("/studies/{study}/series", "", 2),
        ("/studies/{study}/instances", "InstanceNumber=12", 1),
        ("/studies/{study}/instances", "", 2),
        ("/studies/{study}/series/{series}/instances", "", 1),
        ("/series", "StudyInstanceUID={study}&Modality=MR", 1),
        ("/instances", "StudyInstanceUID={study}", 2),
        ("/instances", "PatientID=S-1&Modality=CT&StudyInstanceUID={study}", 1),
        ("/instances", "SOPInstanceUID={instance}", 1),
        ("/instances", "SOPInstanceUID={instance},1.2.3", 1),
        ("/series", "SeriesInstanceUID={series}", 1),
    ],
)
def test_all_six_resources_are_searched(
    server: Server, study: pydicom.Dataset, path: str, query: str, count: int
) -> None:
    names = {
        "study": study.StudyInstanceUID,
        "series": study.SeriesInstanceUID,
        "instance": study.SOPInstanceUID,
    }
    assert len(get(server, f"{path}?{query}".format(**names)).json()) == count


def test_a_study_comes_with_what_table_10_6_3_3_wants(
    server: Server, study: pydicom.Dataset
) -> None:
    (found,) = get(server, f"/studies?StudyInstanceUID={study.StudyInstanceUID}").json()
    assert list(found) == sorted(found)
    assert found["00080020"] == {"vr": "DA", "Value": ["20200315"]}
    assert found["00080061"] == {"vr": "CS", "Value": ["CT", "MR"]}
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Archive^Anna^^Dr"}]}
    assert found["00201206"] == {"vr": "IS", "Value": [2]}
    assert found["00201208"] == {"vr": "IS", "Value": [2]}
    url = f"{server.root}/studies/{study.StudyInstanceUID}"
    assert found["00081190"] == {"vr": "UR", "Value": [url]}


def test_relational_results_carry_the_levels_above(server: Server, study: pydicom.Dataset) -> None:
    (found,) = get(server, f"/instances?SOPInstanceUID={study.SOPInstanceUID}").json()
    assert found["00100020"]["Value"] == ["S-1"]
    assert found["00080060"]["Value"] == ["CT"]
    assert found["00280010"] == {"vr": "US", "Value": [4]}


def test_includefield_adds_what_is_asked_for_and_nothing_of_lower_levels(
    server: Server, study: pydicom.Dataset
) -> None:
    uid = study.StudyInstanceUID
    fields = "00081030%2C00080060%2C00080090%2CPatientWeight"
    (found,) = get(server, f"/studies?StudyInstanceUID={uid}&includefield={fields}").json()
    assert found["00081030"]["Value"] == ["CT HEAD"]
    assert found["00101030"] == {"vr": "DS"}
    assert "00080060" not in found


def test_a_study_without_modality_has_no_empty_modalities(server: Server) -> None:
    dataset = make_image(Modality="")
    store(server, encode(dataset))
    (found,) = get(server, f"/studies?StudyInstanceUID={dataset.StudyInstanceUID}").json()
    assert "00080061" not in found


def test_pages_are_stable_and_say_how_many_remain(server: Server) -> None:
    name = f"Pages{generate_uid()[-9:]}"
    store(server, *(encode(make_image(PatientName=name)) for _ in range(7)))
    whole = get(server, f"/studies?PatientName={name}").json()
    pages = [get(server, f"/studies?PatientName={name}&limit=3&offset={n}") for n in (0, 3, 6)]
    assert [each for page in pages for each in page.json()] == whole
    assert "There are 4 additional results" in pages[0].headers["Warning"]
    assert "Warning" not in pages[2].headers


def test_the_newest_study_comes_first(own_server: Server) -> None:
    dates = ["20190101", "20210101", "", "20200101"]
    store(own_server, *(encode(make_image(StudyDate=date)) for date in dates))
    found = get(own_server, "/studies").json()
    assert [each["00080020"].get("Value", [""])[0] for each in found] == [
        "20210101",
        "20200101",
        "20190101",
        "",
    ]


def test_nothing_found_is_an_empty_list(server: Server) -> None:
    answer = get(server, "/studies?PatientID=no-such-patient")
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.headers["Content-Type"] == "application/dicom+json"


def test_quotes_and_wildcards_of_sql_are_plain_characters(server: Server) -> None:
    dataset = make_image(PatientID="50%_o'clock", PatientName='O"Brien^%')
    store(server, encode(dataset))
    assert _found(server, dataset, "PatientID=50%25_o'clock")
    assert not _found(server, dataset, "PatientID=50%25%25o'clock")
    assert _found(server, dataset, "PatientID=50%25_*")


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "offset=-1",
        "fuzzymatching=maybe",
        "StudyDate=yesterday",
        "StudyDate=20200101-20190101x",
        "PatientID=1&00100020=1",
        "StudyInstanceUID=abc",
    ],
)
def test_a_wrong_parameter_is_400_with_a_sentence(server: Server, query: str) -> None:
    answer = get(server, f"/studies?{query}")
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


def test_an_unknown_parameter_is_passed_over(server: Server, study: pydicom.Dataset) -> None:
    assert _found(server, study, f"unknown=1&StudyInstanceUID={study.StudyInstanceUID}")


def test_json_is_answered_as_json_to_who_asks_for_that(server: Server) -> None:
    assert get(server, "/studies?limit=1", "application/json").status_code == 200
    assert get(server, "/studies?limit=1", "image/png").status_code == 406


@pytest.mark.parametrize("path", ["/studies", "/studies/count", "/studies/1.2.3/metadata"])
def test_nobody_between_keeps_an_answer(server: Server, path: str) -> None:
    rules = get(server, path).headers["Cache-Control"].split(", ")
    assert {"private", "no-cache"} <= set(rules) or "no-store" in rules


def test_head_answers_without_a_body(server: Server) -> None:
    answer = requests.head(f"{server.root}/studies", timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")
