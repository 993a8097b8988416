"""Metadata in the Native DICOM Model (PS3.19 A.1), the other required representation."""

import base64

import pytest

from conformance import multipart, native_xml
from conformance.client import OCTETS, XML, expect
from conformance.instances import path_of, plain, series_of, study_of
from conformance.retrieve import every_vr

CONTROL = "a < b & c > d \"e\" 'f'"


def model(server, instance):
    (part,) = server.parts(f"{path_of(instance)}/metadata", XML)
    return native_xml.read(part.body)


@pytest.fixture(scope="session")
def everything(server):
    instance = every_vr.instance()
    server.keep(instance)
    return instance


@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_xml_has_one_part_for_each_instance(server, study, level):
    path, wanted = {
        "study": (study_of(study.first), study.all),
        "series": (series_of(study.first), study.all[:2]),
        "instance": (path_of(study.first), study.all[:1]),
    }[level]
    parts = server.parts(f"{path}/metadata", XML)
    assert {part.media_type for part in parts} == {"application/dicom+xml"}
    found = [native_xml.read(part.body)["00080018"]["values"][0] for part in parts]
    assert sorted(found) == sorted(one.SOPInstanceUID for one in wanted)


@pytest.mark.clause("PS3.18 8.7.1")
def test_the_content_type_says_what_the_parts_are(server, study):
    response = expect(server.get(f"{path_of(study.first)}/metadata", XML), 200)
    name, parameters = multipart.media_type(response.headers["Content-Type"])
    assert (name, parameters["type"]) == ("multipart/related", "application/dicom+xml")


@pytest.mark.clause("PS3.19 A.1")
@pytest.mark.parametrize("vr", [vr for vr in every_vr.VALUES if vr != "PN"])
def test_a_value_of_each_vr_is_said_in_xml(server, everything, vr):
    _, _, wanted = every_vr.VALUES[vr]
    attribute = model(server, everything)[every_vr.tag_of(vr)]
    assert attribute["vr"] == vr
    said = attribute["values"]
    if isinstance(wanted[0], (int, float)):
        said = [float(one) for one in said]
    if vr == "LT":  # XML normalises line ends
        said, wanted = (["\n".join(one.split()) for one in lines] for lines in (said, wanted))
    assert said == wanted


@pytest.mark.clause("PS3.19 A.1")
@pytest.mark.parametrize("vr", every_vr.BINARY)
def test_a_binary_value_is_inline_or_bulk(server, everything, vr):
    tag = "00110000" if vr == "UN" else every_vr.tag_of(vr)
    attribute = model(server, everything)[tag]
    assert attribute["vr"] == vr
    assert attribute["kinds"] in ({"InlineBinary"}, {"BulkData"})
    if attribute["inline"]:
        assert base64.b64decode(attribute["inline"]) == every_vr.BINARY[vr][1]
    else:
        assert attribute["uri"], "BulkData has no uri"
        (part,) = server.parts(attribute["uri"], OCTETS)
        assert part.body == every_vr.BINARY[vr][1]


@pytest.mark.clause("PS3.19 A.1")
def test_attributes_have_their_keywords(server, everything):
    attributes = model(server, everything)
    assert attributes["00100020"]["keyword"] == "PatientID"
    assert attributes["0020000D"]["keyword"] == "StudyInstanceUID"


@pytest.mark.clause("PS3.19 A.1")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Doe^Jane^Q^Dr^PhD", {"Alphabetic": "Doe^Jane^Q^Dr^PhD"}),
        (
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
        ),
        ("Doe", {"Alphabetic": "Doe"}),
        ("^Jane", {"Alphabetic": "^Jane"}),
    ],
    ids=["five components", "three groups", "family name", "given name"],
)
def test_a_name_is_split_into_its_components(server, name, wanted):
    instance = plain(SpecificCharacterSet="ISO_IR 192", PatientName=name)
    server.keep(instance)
    assert model(server, instance)["00100010"]["values"] == [wanted]


@pytest.mark.clause("PS3.19 A.1")
def test_an_empty_attribute_has_no_children(server, everything):
    assert model(server, everything)["00081030"]["kinds"] == set()


@pytest.mark.clause("PS3.19 A.1")
def test_an_attribute_has_children_of_one_kind_only(server, everything):
    for tag, attribute in model(server, everything).items():
        assert len(attribute["kinds"]) <= 1, f"{tag} has {attribute['kinds']}"


@pytest.mark.clause("PS3.19 A.1")
def test_values_are_numbered_from_one(server, everything):
    for tag, attribute in model(server, everything).items():
        wanted = [str(n) for n in range(1, len(attribute["numbers"]) + 1)]
        assert attribute["numbers"] == wanted, tag


@pytest.mark.clause("PS3.19 A.1")
def test_tags_are_eight_upper_case_hex_digits(server, everything):
    for tag in model(server, everything):
        assert len(tag) == 8
        assert tag == tag.upper()


@pytest.mark.clause("PS3.19 A.1")
def test_an_empty_value_among_others_keeps_its_number(server, everything):
    assert [one or "" for one in model(server, everything)["0008103E"]["values"]] == ["a", "", "c"]


@pytest.mark.clause("PS3.19 A.1")
def test_a_sequence_has_numbered_items(server, everything):
    items = model(server, everything)["00101002"]["values"]
    assert [item["00100020"]["values"] for item in items] == [["1"], ["3"]]


@pytest.mark.clause("PS3.19 A.1")
def test_a_private_attribute_names_its_creator_and_has_no_block(server, everything):
    attributes = model(server, everything)
    assert attributes["00110000"]["creator"] == "CONFORMANCE SUITE"
    assert "00110010" not in attributes


@pytest.mark.clause("PS3.19 A.1")
def test_signs_that_xml_reserves_are_escaped(server):
    instance = plain(SeriesDescription=CONTROL)
    server.keep(instance)
    assert model(server, instance)["0008103E"]["values"] == [CONTROL]


@pytest.mark.practice
@pytest.mark.clause("PS3.19 A.1")
def test_signs_that_xml_cannot_hold_do_not_break_it(server):
    instance = plain(PatientComments="form\x0cfeed")
    server.keep(instance)
    (said,) = model(server, instance)["00104000"]["values"]
    assert said.startswith("form")


@pytest.mark.clause("PS3.18 10.4.1.1.2")
def test_neither_file_meta_nor_group_lengths_are_there(server, everything):
    unwanted = [tag for tag in model(server, everything) if tag[:4] == "0002"]
    assert unwanted == []


@pytest.mark.clause("PS3.18 10.4.3.3.2")
def test_pixel_data_is_named_by_a_bulk_data_uri(server, study):
    attribute = model(server, study.first)["7FE00010"]
    assert attribute["uri"], f"no BulkData with a uri, but {attribute['kinds']}"
    (part,) = server.parts(attribute["uri"], OCTETS)
    assert part.body == study.first.PixelData
