"""Every required matching key (Table 10.6.1-5), by keyword and by tag, at every resource."""

import pytest

from conformance.client import expect, uids
from conformance.instances import UNKNOWN_UID, series_of, study_of
from conformance.search.catalogue import INSTANCE, PATIENT, SERIES, STUDY, once

STUDY_KEYS = {
    "StudyDate": "00080020",
    "StudyTime": "00080030",
    "AccessionNumber": "00080050",
    "ModalitiesInStudy": "00080061",
    "ReferringPhysicianName": "00080090",
    "PatientName": "00100010",
    "PatientID": "00100020",
    "StudyInstanceUID": "0020000D",
    "StudyID": "00200010",
}
SERIES_KEYS = {
    "Modality": "00080060",
    "SeriesInstanceUID": "0020000E",
    "SeriesNumber": "00200011",
    "PerformedProcedureStepStartDate": "00400244",
    "PerformedProcedureStepStartTime": "00400245",
    "RequestAttributesSequence.ScheduledProcedureStepID": "00400275.00400009",
    "RequestAttributesSequence.RequestedProcedureID": "00400275.00401001",
}
INSTANCE_KEYS = {
    "SOPClassUID": "00080016",
    "SOPInstanceUID": "00080018",
    "InstanceNumber": "00200013",
}
EVERY_KEY = STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS
RESOURCES = {
    "/studies": ("StudyInstanceUID", STUDY, STUDY_KEYS),
    "{study}/series": ("SeriesInstanceUID", SERIES, SERIES_KEYS),
    "{series}/instances": ("SOPInstanceUID", INSTANCE, INSTANCE_KEYS),
    "{study}/instances": ("SOPInstanceUID", INSTANCE, SERIES_KEYS | INSTANCE_KEYS),
    "/series": ("SeriesInstanceUID", SERIES, STUDY_KEYS | SERIES_KEYS),
    "/instances": ("SOPInstanceUID", INSTANCE, EVERY_KEY),
}
CASES = [(resource, key) for resource, (_, _, keys) in RESOURCES.items() for key in keys]


def value_of(instance, key):
    if key == "ModalitiesInStudy":
        key = "Modality"
    if "." in key:
        return str(instance.RequestAttributesSequence[0][key.partition(".")[2]].value)
    return str(instance[key].value)


def has(catalogue, key, value, scope):
    """A predicate: the instance is in the scope and has the value."""

    def holds(instance):
        if not scope(instance):
            return False
        if key == "ModalitiesInStudy":
            return value in catalogue.modalities(instance.StudyInstanceUID)
        return value_of(instance, key) == value

    return holds


def scoped(resource, first):
    """The path and the further keys that keep a search inside the catalogue, and its predicate."""
    path = resource.format(study=study_of(first), series=series_of(first))
    if resource.startswith("{series}"):
        return path, {}, lambda one: one.SeriesInstanceUID == first.SeriesInstanceUID
    if resource.startswith("{study}"):
        return path, {}, lambda one: one.StudyInstanceUID == first.StudyInstanceUID
    return path, {"PatientID": PATIENT}, lambda one: one.PatientID == PATIENT


@pytest.mark.clause("PS3.18 10.6.1.2.3")
@pytest.mark.parametrize("form", ["keyword", "tag"])
@pytest.mark.parametrize(("resource", "key"), CASES, ids=lambda word: word)
def test_a_required_key_finds_what_has_its_value(server, catalogue, resource, key, form):
    first = catalogue.instances[0]
    path, scope, within = scoped(resource, first)
    keyword, tag, _ = RESOURCES[resource]
    value = value_of(first, key)
    name = key if form == "keyword" else EVERY_KEY[key]
    if key == "PatientID":
        scope = {}
    results = server.find(path, **scope, **{name: value})
    assert once(uids(results, tag)) == catalogue.uids(keyword, has(catalogue, key, value, within))


@pytest.mark.clause("PS3.18 10.6.1.2.3")
@pytest.mark.parametrize(
    ("resource", "key", "value"),
    [
        ("/studies", "StudyDate", "18991231"),
        ("/studies", "StudyTime", "010203"),
        ("/studies", "AccessionNumber", "nobody's"),
        ("/studies", "ModalitiesInStudy", "XA"),
        ("/studies", "ReferringPhysicianName", "Nobody"),
        ("/studies", "PatientName", "Nobody"),
        ("/studies", "StudyInstanceUID", UNKNOWN_UID),
        ("/studies", "StudyID", "nobody's"),
        ("/series", "Modality", "XA"),
        ("/series", "SeriesNumber", "4711"),
        ("/series", "PerformedProcedureStepStartDate", "18991231"),
        ("/series", "RequestAttributesSequence.RequestedProcedureID", "nobody's"),
        ("/instances", "SOPClassUID", "1.2.840.10008.5.1.4.1.1.12.1"),
        ("/instances", "SOPInstanceUID", UNKNOWN_UID),
        ("/instances", "InstanceNumber", "4711"),
    ],
)
def test_a_required_key_excludes_what_has_another_value(server, catalogue, resource, key, value):
    assert server.find(resource, PatientID=PATIENT, **{key: value}) == []


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.4.1")
@pytest.mark.parametrize("tag", ["0020000d", "0020000D"])
def test_the_digits_of_a_tag_may_be_lower_case(server, catalogue, tag):
    first = catalogue.instances[0]
    results = server.find("/studies", **{tag: first.StudyInstanceUID})
    assert uids(results, STUDY) == [first.StudyInstanceUID]


@pytest.mark.clause("PS3.18 8.3.4.1")
@pytest.mark.parametrize(
    "key",
    ["00400275.RequestedProcedureID", "RequestAttributesSequence.00401001"],
)
def test_keywords_and_tags_may_be_mixed_in_a_path(server, catalogue, key):
    results = server.find("/series", PatientID=PATIENT, **{key: "PROC-2"})
    wanted = catalogue.uids("SeriesInstanceUID", lambda one: one.Modality == "MR")
    assert set(uids(results, SERIES)) == wanted


@pytest.mark.clause("PS3.18 10.6.1.2.3")
def test_all_keys_of_a_search_must_match(server, catalogue):
    both = server.find("/studies", PatientID=PATIENT, StudyDate="20200115", ModalitiesInStudy="MR")
    assert len(both) == 1
    assert (
        server.find("/studies", PatientID=PATIENT, StudyDate="20200115", ModalitiesInStudy="DX")
        == []
    )


@pytest.mark.clause("PS3.4 C.2.2.2.6")
@pytest.mark.parametrize(("procedure", "count"), [("PROC-1", 1), ("PROC-2", 0)])
def test_sequence_keys_must_match_in_the_same_item(server, catalogue, procedure, count):
    step = "RequestAttributesSequence.ScheduledProcedureStepID"
    other = "RequestAttributesSequence.RequestedProcedureID"
    results = server.find("/series", PatientID=PATIENT, **{step: "STEP-1", other: procedure})
    assert len(results) == count


@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize("parameter", ["NoSuchKeyword=1", "unknown=x", "_=1700000000", "limits=1"])
def test_unknown_parameters_are_ignored(server, catalogue, parameter):
    response = expect(server.get(f"/studies?PatientID={PATIENT}&{parameter}"), 200)
    assert len(response.json()) == 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize(
    "key", ["0010", "0010002", "001000200", "0010002G", "PatientID.PatientName"]
)
def test_a_malformed_key_is_refused_or_ignored_but_no_fault(server, catalogue, key):
    expect(server.get(f"/studies?PatientID={PATIENT}&{key}=1"), 200, 400)


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 8.3.4.1")
def test_the_same_key_twice_is_400(server, catalogue):
    expect(server.get(f"/studies?PatientID={PATIENT}&00100020={PATIENT}"), 400)


@pytest.mark.clause("PS3.18 10.6.1.2.2")
@pytest.mark.parametrize(
    "key", ["PatientBirthDate", "PatientSex", "StudyDescription", "NameOfPhysiciansReadingStudy"]
)
def test_an_optional_key_is_matched_or_the_client_is_told(server, catalogue, key):
    value = {"PatientBirthDate": "18991231"}.get(key, "nobody's")
    response = expect(server.get(f"/studies?PatientID={PATIENT}&{key}={value}"), 200, 204, 400)
    if response.status_code == 200 and response.json():
        assert response.headers.get("Warning", "").startswith("299"), (
            "matched nothing, said nothing"
        )


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.1")
@pytest.mark.parametrize("key", ["StudyDescription", "SeriesDescription", "PatientSex"])
def test_attributes_that_viewers_filter_by_can_be_matched(server, catalogue, key):
    first = catalogue.instances[0]
    results = server.find("/series", PatientID=PATIENT, **{key: value_of(first, key)})
    wanted = catalogue.uids(
        "SeriesInstanceUID",
        lambda one: one.PatientID == PATIENT and value_of(one, key) == value_of(first, key),
    )
    assert once(uids(results, SERIES)) == wanted
