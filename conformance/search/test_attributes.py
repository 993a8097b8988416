"""Which attributes a search returns (Tables 10.6.3-3 to -5), and how."""

import pytest

from conformance.client import DICOM, expect, values
from conformance.instances import (
    CT_IMAGE,
    gradient,
    image,
    path_of,
    plain,
    series_of,
    study_of,
)
from conformance.search.catalogue import PATIENT, TOKEN

# Tag, VR, and the value of the first instance of the catalogue; ... where it must only be there.
STUDY_ATTRIBUTES = {
    "StudyDate": ("00080020", "DA", ["20200115"]),
    "StudyTime": ("00080030", "TM", ["083000"]),
    "AccessionNumber": ("00080050", "SH", [f"{TOKEN}-A1"]),
    "ReferringPhysicianName": ("00080090", "PN", [{"Alphabetic": f"Ref{TOKEN}^One"}]),
    "PatientName": ("00100010", "PN", [{"Alphabetic": f"Zeta{TOKEN}^Anna^Maria"}]),
    "PatientID": ("00100020", "LO", [PATIENT]),
    "PatientBirthDate": ("00100030", "DA", ["19700101"]),
    "PatientSex": ("00100040", "CS", ["O"]),
    "StudyInstanceUID": ("0020000D", "UI", ...),
    "StudyID": ("00200010", "SH", [f"{TOKEN}-S1"]),
}
COUNTS = {
    "NumberOfStudyRelatedSeries": ("00201206", "IS", [2]),
    "NumberOfStudyRelatedInstances": ("00201208", "IS", [3]),
}
SERIES_ATTRIBUTES = {
    "Modality": ("00080060", "CS", ["CT"]),
    "SeriesDescription": ("0008103E", "LO", ["Thin"]),
    "SeriesInstanceUID": ("0020000E", "UI", ...),
    "SeriesNumber": ("00200011", "IS", [1]),
    "NumberOfSeriesRelatedInstances": ("00201209", "IS", [2]),
    "PerformedProcedureStepStartDate": ("00400244", "DA", ["20200115"]),
    "PerformedProcedureStepStartTime": ("00400245", "TM", ["083500"]),
}
INSTANCE_ATTRIBUTES = {
    "SOPClassUID": ("00080016", "UI", [CT_IMAGE]),
    "SOPInstanceUID": ("00080018", "UI", ...),
    "InstanceNumber": ("00200013", "IS", [1]),
}
RETURNED = {
    "/studies": STUDY_ATTRIBUTES | COUNTS,
    "{study}/series": SERIES_ATTRIBUTES,
    "{series}/instances": INSTANCE_ATTRIBUTES,
    "{study}/instances": SERIES_ATTRIBUTES | INSTANCE_ATTRIBUTES,
    "/series": STUDY_ATTRIBUTES | COUNTS | SERIES_ATTRIBUTES,
    "/instances": STUDY_ATTRIBUTES | COUNTS | SERIES_ATTRIBUTES | INSTANCE_ATTRIBUTES,
}
CASES = [(resource, keyword) for resource, table in RETURNED.items() for keyword in table]


def result(server, resource, first, **keys):
    """The result of a search that is the first instance of the catalogue, its series or study."""
    path = resource.format(study=study_of(first), series=series_of(first))
    keys["StudyInstanceUID"] = first.StudyInstanceUID
    for found in server.find(path, **keys):
        if values(found, "00080018") in ([], [first.SOPInstanceUID]) and values(
            found, "0020000E"
        ) in ([], [first.SeriesInstanceUID]):
            return found
    raise AssertionError("what was searched for is not among the results")


@pytest.mark.clause("PS3.18 10.6.3.3")
@pytest.mark.parametrize(("resource", "keyword"), CASES)
def test_a_required_attribute_is_returned(server, catalogue, resource, keyword):
    first = catalogue.instances[0]
    tag, vr, value = RETURNED[resource][keyword]
    attribute = result(server, resource, first).get(tag)
    assert attribute is not None, f"{keyword} is missing"
    assert attribute["vr"] == vr
    wanted = [str(first[keyword].value)] if value is ... else value
    assert attribute["Value"] == wanted


@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_modalities_in_study_are_distinct_and_complete(server, catalogue):
    attribute = result(server, "/studies", catalogue.instances[0])["00080061"]
    assert attribute["vr"] == "CS"
    assert sorted(attribute["Value"]) == ["CT", "MR"]


@pytest.mark.clause("PS3.18 10.6.3.3.2")
@pytest.mark.parametrize(("tag", "value"), [("00400009", "STEP-1"), ("00401001", "PROC-1")])
def test_the_request_attributes_sequence_is_returned(server, catalogue, tag, value):
    attribute = result(server, "{study}/series", catalogue.instances[0])["00400275"]
    assert attribute["vr"] == "SQ"
    assert values(attribute["Value"][0], tag) == [value]


@pytest.mark.clause("PS3.18 10.6.3.3")
@pytest.mark.parametrize("resource", RETURNED)
def test_the_retrieve_url_is_absolute_and_can_be_retrieved(server, catalogue, resource):
    attribute = result(server, resource, catalogue.instances[0])["00081190"]
    assert attribute["vr"] == "UR"
    (url,) = attribute["Value"]
    assert url.startswith(("http://", "https://"))
    expect(server.get(url, DICOM), 200)


@pytest.mark.clause("PS3.4 C.4.1.3.1.1")
@pytest.mark.parametrize(
    ("resource", "tags"),
    [("{study}/series", ["0020000D"]), ("{series}/instances", ["0020000D", "0020000E"])],
)
def test_the_unique_keys_of_the_levels_above_are_returned(server, catalogue, resource, tags):
    found = result(server, resource, catalogue.instances[0])
    assert all(values(found, tag) for tag in tags)


@pytest.mark.clause("PS3.18 10.6.3.3.3")
@pytest.mark.parametrize(
    ("tag", "value"), [("00280010", 12), ("00280011", 16), ("00280100", 8), ("00280008", 3)]
)
def test_an_image_is_returned_with_its_size(server, tag, value):
    pixels = gradient()
    instance = image(pixels[None].repeat(3, 0))
    server.keep(instance)
    (found,) = server.find(f"{series_of(instance)}/instances")
    assert values(found, tag) == [value]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_the_study_description_is_returned_because_every_viewer_shows_it(server, catalogue):
    assert values(result(server, "/studies", catalogue.instances[0]), "00081030")


@pytest.mark.clause("PS3.18 F.2.5")
@pytest.mark.parametrize(
    ("tag", "vr"), [("00080050", "SH"), ("00080090", "PN"), ("00100040", "CS")]
)
def test_a_required_attribute_without_a_value_is_returned_empty(server, tag, vr):
    instance = plain(AccessionNumber="", ReferringPhysicianName="", PatientSex=None)
    server.keep(instance)
    (found,) = server.find("/studies", StudyInstanceUID=instance.StudyInstanceUID)
    assert found[tag] == {"vr": vr}


@pytest.mark.clause("PS3.18 F.2.2")
@pytest.mark.parametrize("resource", RETURNED)
def test_the_attributes_of_a_result_are_sorted_and_upper_case(server, catalogue, resource):
    found = result(server, resource, catalogue.instances[0])
    assert list(found) == sorted(found)
    assert all(tag == tag.upper() and len(tag) == 8 for tag in found)
    assert not any(tag.startswith("0002") for tag in found)


@pytest.mark.clause("PS3.18 F.2")
def test_names_of_three_groups_are_returned_with_all_of_them(server, catalogue):
    last = catalogue.instances[-1]
    (name,) = values(result(server, "/studies", last), "00100010")
    assert name == dict(
        zip(
            ("Alphabetic", "Ideographic", "Phonetic"), str(last.PatientName).split("="), strict=True
        )
    )


@pytest.mark.clause("PS3.18 F.2")
@pytest.mark.parametrize("number", [-1, -2], ids=["stored in UTF-8", "stored in Latin-1"])
def test_text_beyond_ascii_is_declared_as_utf_8(server, catalogue, number):
    found = result(server, "/studies", catalogue.instances[number])
    assert values(found, "00080005") == ["ISO_IR 192"]


@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_counts_grow_with_what_is_stored(server):
    first = plain(Modality="CT")
    server.keep(first)
    server.keep(plain(StudyInstanceUID=first.StudyInstanceUID, Modality="PT"))
    (found,) = server.find("/studies", StudyInstanceUID=first.StudyInstanceUID)
    assert values(found, "00201206") == [2]
    assert values(found, "00201208") == [2]
    assert sorted(values(found, "00080061")) == ["CT", "PT"]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_a_study_without_a_modality_has_no_modalities_in_study(server):
    instance = plain(Modality="")
    server.keep(instance)
    (found,) = server.find("/studies", StudyInstanceUID=instance.StudyInstanceUID)
    assert "00080061" not in found, "OHIF shows no study at all when this one is empty"


INCLUDED = {
    "a keyword": "StudyDescription",
    "a tag": "00081030",
    "a list": "00081030,PatientBirthDate",
    "an encoded list": "00081030%2CPatientBirthDate",
    "two parameters": "PatientBirthDate&includefield=StudyDescription",
    "all": "all",
    "a lower-case tag": "00081030&includefield=0008103e",
    "an unknown one beside it": "NoSuchKeyword,StudyDescription",
}


@pytest.mark.clause("PS3.18 8.3.4.3")
@pytest.mark.parametrize("included", INCLUDED.values(), ids=INCLUDED)
def test_included_attributes_are_returned(server, catalogue, included):
    response = server.get(f"/studies?PatientID={PATIENT}&includefield={included}")
    for found in expect(response, 200).json():
        assert values(found, "00081030"), "StudyDescription is missing"


@pytest.mark.clause("PS3.18 8.3.4.3")
@pytest.mark.parametrize(
    ("resource", "included", "tag"),
    [
        ("/series", "StudyDescription", "00081030"),
        ("/series", "SeriesDescription", "0008103E"),
        ("/instances", "SeriesDescription", "0008103E"),
        ("/instances", "StudyTime", "00080030"),
        ("{series}/instances", "PatientName", "00100010"),
        ("{study}/series", "StudyDate", "00080020"),
        ("{study}/series", "RequestAttributesSequence", "00400275"),
    ],
)
def test_attributes_of_the_levels_above_can_be_included(server, catalogue, resource, included, tag):
    found = result(server, resource, catalogue.instances[0], includefield=included)
    assert values(found, tag)


@pytest.mark.clause("PS3.18 8.3.4.3")
@pytest.mark.parametrize(
    ("included", "tag"), [("00080060", "00080060"), ("SOPInstanceUID", "00080018")]
)
def test_attributes_of_the_levels_below_are_not_returned(server, catalogue, included, tag):
    response = server.get(f"/studies?PatientID={PATIENT}&includefield={included}")
    for found in expect(response, 200).json():
        assert not values(found, tag)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.3")
def test_an_included_private_attribute_comes_with_its_creator(server):
    instance = plain()
    block = instance.private_block(0x0029, "CONFORMANCE SUITE", create=True)
    block.add_new(0x01, "LO", "private")
    server.keep(instance)
    query = "00290010=CONFORMANCE%20SUITE&includefield=00291001"
    response = expect(server.get(f"{series_of(instance)}/instances?{query}"), 200)
    (found,) = response.json()
    assert values(found, "00290010") == ["CONFORMANCE SUITE"]
    assert values(found, "00291001") == ["private"]


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.1")
@pytest.mark.parametrize(("value", "count"), [("private", 1), ("other", 0)])
def test_a_private_attribute_can_be_matched_with_its_creator(server, value, count):
    instance = plain()
    block = instance.private_block(0x0029, "CONFORMANCE SUITE", create=True)
    block.add_new(0x01, "LO", "private")
    server.keep(instance)
    keys = {"00290010": "CONFORMANCE SUITE", "00291001": value}
    assert len(server.find(f"{series_of(instance)}/instances", **keys)) == count


@pytest.mark.clause("PS3.4 C.4.1.1.3.2")
def test_an_included_attribute_without_a_value_is_empty_or_absent(server):
    instance = plain(StudyDescription="")
    server.keep(instance)
    uid = instance.StudyInstanceUID
    (found,) = server.find("/studies", StudyInstanceUID=uid, includefield="StudyDescription")
    assert found.get("00081030", {"vr": "LO"}) == {"vr": "LO"}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.4.3")
def test_a_match_on_an_included_attribute_still_matches(server, catalogue):
    query = f"PatientID={PATIENT}&AccessionNumber=nobody's&includefield=AccessionNumber"
    response = expect(server.get(f"/studies?{query}"), 200, 204)
    assert response.status_code == 204 or response.json() == []


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.6.3.3.3")
def test_an_instance_says_its_available_transfer_syntaxes(server):
    instance = image(gradient())
    server.keep(instance)
    (found,) = server.find(f"{series_of(instance)}/instances")
    assert "1.2.840.10008.1.2.1" in values(found, "00083002")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.3.3")
def test_what_was_just_stored_is_found_at_once(server):
    for _ in range(5):
        instance = plain()
        server.keep(instance)
        assert server.find("/instances", SOPInstanceUID=instance.SOPInstanceUID)
        assert server.metadata(path_of(instance))
