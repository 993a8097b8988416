"""Metadata in DICOM JSON (PS3.18 10.4.1.1.2 and Annex F)."""

import base64
import json
import math
from urllib.parse import urlsplit

import numpy as np
import pytest
from pydicom import Dataset

from conformance import multipart
from conformance.client import JSON, OCTETS, expect, uids, values
from conformance.instances import copy, gradient, image, part10, path_of, plain, series_of, study_of
from conformance.retrieve import every_vr

LEVELS = ("study", "series", "instance")


@pytest.fixture(scope="session")
def everything(server):
    instance = every_vr.instance()
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def everything_metadata(server, everything):
    (metadata,) = server.metadata(path_of(everything))
    return metadata


def level_of(level, study):
    return {
        "study": (study_of(study.first), study.all),
        "series": (series_of(study.first), study.all[:2]),
        "instance": (path_of(study.first), study.all[:1]),
    }[level]


@pytest.mark.clause("PS3.18 10.4.1.1.2")
@pytest.mark.parametrize("level", LEVELS)
def test_metadata_is_an_array_with_every_instance(server, study, level):
    path, wanted = level_of(level, study)
    metadata = server.metadata(path)
    assert isinstance(metadata, list)
    assert sorted(uids(metadata, "00080018")) == sorted(one.SOPInstanceUID for one in wanted)


@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("accept", [JSON, "*/*", "application/*", f"text/csv, {JSON};q=0.1"])
def test_metadata_is_dicom_json_by_default(server, study, level, accept):
    response = expect(server.get(f"{level_of(level, study)[0]}/metadata", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == JSON


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("accept", ["application/json", f"{JSON}; charset=utf-8"])
def test_clients_that_ask_loosely_get_json(server, study, accept):
    response = expect(server.get(f"{study_of(study.first)}/metadata", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0].endswith("json")


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize(
    "accept", ["text/csv", "image/jpeg", 'multipart/related; type="image/jp2"']
)
def test_a_type_that_metadata_cannot_be_given_in_is_406(server, study, accept):
    expect(server.get(f"{path_of(study.first)}/metadata", accept), 406)


@pytest.mark.clause("PS3.18 F.2.3")
@pytest.mark.parametrize("vr", every_vr.VALUES)
def test_a_value_of_each_vr_is_said_as_the_table_has_it(everything_metadata, vr):
    _, _, wanted = every_vr.VALUES[vr]
    attribute = everything_metadata[every_vr.tag_of(vr)]
    assert attribute["vr"] == vr
    said = attribute["Value"]
    if vr in ("DS", "IS", "SV", "UV"):  # a number, or a string that keeps its text
        said = [float(one) for one in said]
    assert said == wanted


@pytest.mark.clause("PS3.18 F.2.7")
@pytest.mark.parametrize("vr", every_vr.BINARY)
def test_a_binary_value_is_inline_or_bulk_never_an_array(server, everything_metadata, vr):
    _, raw = every_vr.BINARY[vr]
    attribute = everything_metadata[every_vr.tag_of(vr)]
    assert attribute["vr"] == vr
    assert "Value" not in attribute
    if "InlineBinary" in attribute:
        assert base64.b64decode(attribute["InlineBinary"]) == raw
    else:
        (part,) = server.parts(attribute["BulkDataURI"], OCTETS)
        assert part.body == raw


@pytest.mark.clause("PS3.18 10.4.3.3.2")
def test_every_attribute_is_there(everything, everything_metadata):
    stored = {f"{tag:08X}" for tag in set(everything.keys())}
    assert stored - set(everything_metadata) == set()


@pytest.mark.clause("PS3.18 F.2.2")
def test_attributes_are_sorted_at_every_depth(everything_metadata):
    def check(dataset):
        assert list(dataset) == sorted(dataset)
        for attribute in dataset.values():
            if attribute["vr"] == "SQ":
                for item in attribute.get("Value", []):
                    check(item)

    check(everything_metadata)


@pytest.mark.clause("PS3.18 F.2.2")
def test_names_are_eight_upper_case_hex_digits(everything_metadata):
    assert all(len(tag) == 8 and int(tag, 16) and tag == tag.upper() for tag in everything_metadata)


@pytest.mark.clause("PS3.18 10.4.1.1.2")
def test_neither_file_meta_nor_group_lengths_are_there(everything_metadata):
    assert not [tag for tag in everything_metadata if tag[:4] == "0002" or tag[4:] == "0000"]


@pytest.mark.clause("PS3.18 F.2.2")
def test_an_attribute_says_its_value_in_one_way_only(everything_metadata):
    for tag, attribute in everything_metadata.items():
        ways = {"Value", "BulkDataURI", "InlineBinary"} & set(attribute)
        assert len(ways) <= 1, f"{tag} has {ways}"
        assert set(attribute) <= {"vr", "Value", "BulkDataURI", "InlineBinary"}


@pytest.mark.clause("PS3.18 F.2.5")
@pytest.mark.parametrize(
    ("tag", "vr"), [("00081030", "LO"), ("00080050", "SH"), ("00081110", "SQ")]
)
def test_an_empty_attribute_has_its_vr_only(everything_metadata, tag, vr):
    assert everything_metadata[tag] == {"vr": vr}


@pytest.mark.clause("PS3.18 F.2.5")
def test_an_empty_value_among_others_is_null(everything_metadata):
    assert everything_metadata["0008103E"]["Value"] == ["a", None, "c"]


@pytest.mark.clause("PS3.18 F.2.2")
def test_a_sequence_is_an_array_of_objects(everything_metadata):
    sequence = everything_metadata["00101002"]
    assert sequence["vr"] == "SQ"
    assert [values(item, "00100020") for item in sequence["Value"]] == [["1"], ["3"]]


@pytest.mark.clause("PS3.18 F.2.5")
@pytest.mark.parametrize("before", [0, 1], ids=["alone", "behind another"])
def test_an_empty_item_is_an_empty_object(server, before):
    instance = plain()
    instance.OtherPatientIDsSequence = [plain() for _ in range(before)] + [Dataset()]
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert values(metadata, "00101002")[before] == {}


@pytest.mark.clause("PS3.18 F.3.1")
def test_a_private_attribute_keeps_its_block_and_its_creator(everything_metadata):
    assert everything_metadata["00110010"] == {"vr": "LO", "Value": ["CONFORMANCE SUITE"]}
    assert "00111000" in everything_metadata


@pytest.mark.clause("PS3.18 F.2")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Doe^Jane", {"Alphabetic": "Doe^Jane"}),
        (
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
        ),
        ("=山田^太郎", {"Ideographic": "山田^太郎"}),
        ("Hong^Gildong==홍^길동", {"Alphabetic": "Hong^Gildong", "Phonetic": "홍^길동"}),
    ],
    ids=["one group", "three groups", "ideographic only", "no ideographic"],
)
def test_a_name_is_an_object_of_its_groups(server, name, wanted):
    instance = plain(SpecificCharacterSet="ISO_IR 192", PatientName=name)
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert metadata["00100010"] == {"vr": "PN", "Value": [wanted]}


CHARSETS = {
    "Latin-1": ("ISO_IR 100", "Müller^Jörg"),
    "Cyrillic": ("ISO_IR 144", "Илья^Шишкин"),
    "Greek": ("ISO_IR 126", "Διονυσιος"),
    "Arabic": ("ISO_IR 127", "قباني^لنزار"),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה"),
    "Thai": ("ISO_IR 166", "สมชาย"),
    "Japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "UTF-8": ("ISO_IR 192", "Ωμέγα^😀"),
}


@pytest.mark.clause("PS3.18 F.2")
@pytest.mark.parametrize(("charset", "name"), CHARSETS.values(), ids=CHARSETS)
def test_text_of_every_character_set_comes_in_utf_8(server, charset, name):
    instance = plain(SpecificCharacterSet=charset, PatientName=name)
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert "=".join(values(metadata, "00100010")[0].values()) == name


@pytest.mark.clause("PS3.18 F.2")
@pytest.mark.parametrize("charset", ["Latin-1", "Japanese", "UTF-8"])
def test_the_character_set_of_the_json_is_declared_as_utf_8(server, charset):
    stored, name = CHARSETS[charset]
    instance = plain(SpecificCharacterSet=stored, PatientName=name)
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert values(metadata, "00080005") == ["ISO_IR 192"]


@pytest.mark.clause("PS3.18 F.2.3")
@pytest.mark.parametrize("text", ["0.12345678901234", "1e400", "123456789.123456"])
def test_a_decimal_keeps_its_precision(server, text):
    instance = plain(PatientWeight=text)
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    (said,) = values(metadata, "00101030")
    assert str(said) == text or float(said) == float(text) != math.inf


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2.3")
@pytest.mark.parametrize(
    ("keyword", "tag", "text"),
    [("PatientWeight", "00101030", "12,5 kg?"), ("SeriesNumber", "00200011", "1.5 or 2")],
)
def test_a_number_that_is_none_is_said_as_text(server, keyword, tag, text):
    placeholder = "9" * len(text)
    instance = plain(**{keyword: placeholder})
    server.remember(instance)
    file = part10(instance).replace(placeholder.encode(), text.encode())
    expect(server.store(file), 200, 202)
    (metadata,) = server.metadata(path_of(instance))
    assert values(metadata, tag) in ([text], [])


@pytest.mark.practice
@pytest.mark.clause("RFC 8259 6")
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=str)
def test_what_json_has_no_number_for_does_not_break_it(server, number):
    instance = plain()
    instance.add_new(0x00720076, "FL", number)
    server.keep(instance)
    text = expect(server.get(f"{path_of(instance)}/metadata"), 200).text

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    (metadata,) = json.loads(text, parse_constant=refuse)
    assert metadata["00720076"]["vr"] == "FL"


@pytest.mark.clause("PS3.18 10.4.3.3.2")
def test_pixel_data_is_named_by_a_bulk_data_uri(server, study):
    (metadata,) = server.metadata(path_of(study.first))
    assert metadata["7FE00010"]["vr"] in ("OW", "OB")
    assert set(metadata["7FE00010"]) == {"vr", "BulkDataURI"}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2.6")
def test_a_bulk_data_uri_is_absolute_and_carries_the_host_of_the_request(server, study):
    (metadata,) = server.metadata(path_of(study.first))
    uri = urlsplit(metadata["7FE00010"]["BulkDataURI"])
    assert uri.scheme in ("http", "https")
    assert uri.netloc == urlsplit(server.base_url).netloc


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2.6")
def test_a_lookup_table_of_a_few_kilobytes_is_inline(server):
    instance = image(gradient())
    for name in ("Red", "Green", "Blue"):
        setattr(instance, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(instance, f"{name}PaletteColorLookupTableData", bytes(range(256)) * 2)
    instance.PhotometricInterpretation = "PALETTE COLOR"
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert "InlineBinary" in metadata["00281201"], "viewers read palettes without asking again"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2.3")
@pytest.mark.parametrize(
    ("representation", "wanted"), [(0, ("US", [65535])), (1, ("SS", [-1]))], ids=["US", "SS"]
)
def test_an_ambiguous_vr_is_decided_by_the_pixel_representation(server, representation, wanted):
    instance = image(gradient(dtype="u2"), PixelRepresentation=representation)
    vr, (value,) = wanted
    instance.add_new(0x00280120, vr, value)
    instance.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert metadata["00280120"] == {"vr": vr, "Value": [value]}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.2")
def test_deeply_nested_sequences_are_given_whole(server):
    instance = plain()
    place = instance
    for depth in range(30):
        item = plain()
        item.PatientComments = str(depth)
        place.OtherPatientIDsSequence = [item]
        place = item
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    for depth in range(30):
        (metadata,) = values(metadata, "00101002")
        assert values(metadata, "00104000") == [str(depth)]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.2")
def test_metadata_of_a_long_series_is_never_paged(server):
    first = plain()
    batch = [copy(first, InstanceNumber=number) for number in range(1, 131)]
    server.keep(*batch)
    assert len(server.metadata(series_of(first))) == 130


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.4.1.2")
def test_metadata_can_be_narrowed_by_includefield(server, study):
    url = f"{path_of(study.first)}/metadata?includefield=Rows,00280011"
    (metadata,) = expect(server.get(url), 200).json()
    assert {"00280010", "00280011"} <= set(metadata)
    assert "00280100" not in metadata


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.2")
def test_the_long_values_of_a_contour_are_numbers_in_place(server):
    instance = plain(sop_class="1.2.840.10008.5.1.4.1.1.481.3", Modality="RTSTRUCT")
    instance.ContourData = [float(n) / 4 for n in range(3000)]
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    said = [float(one) for one in values(metadata, "30060050")]
    assert np.allclose(said, instance.ContourData)
