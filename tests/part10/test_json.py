"""The rules of DICOM JSON (PS3.18 F.2), as the scan keeps them."""

import struct

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests import samples
from tests.part10 import oracle

IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"


def scan_of(**values):
    return oracle.scan_bytes(samples.encode(samples.make_dataset(**values)))


def with_element(vr: str, value: bytes, tag: int = 0x00091001) -> bytes:
    """A file that ends with one element, its value as it stands in the file."""
    dataset = samples.make_dataset()
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    long = vr in {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
    size = struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
    element = head + size + value
    file = samples.encode(dataset)
    place = file.index(b"\x10\x00\x10\x00PN")
    return file[:place] + element + file[place:]


def element_of(vr: str, value: bytes):
    return oracle.metadata(oracle.scan_bytes(with_element(vr, value)))["00091001"]


VALUES = [
    ("LO", b"foo \\bar", ["foo", "bar"]),
    ("LO", b"bar\\\\foo", ["bar", None, "foo"]),
    ("LO", b"\\", [None, None]),
    ("LO", b' say "hi"', [' say "hi"']),
    ("CS", b" A \\B ", ["A", "B"]),
    ("LT", b"one\\two\r\n", ["one\\two\r\n"]),
    ("UI", b"1.2.3\0", ["1.2.3"]),
    ("PN", b"A^B=C^D=", [{"Alphabetic": "A^B", "Ideographic": "C^D"}]),
    ("PN", b"=\\A ", [None, {"Alphabetic": "A"}]),
    ("DS", b"1.000\\-2E3\\.5\\+7\\ 8 ", [1.0, -2000.0, 0.5, 7.0, 8.0]),
    ("DS", b"1e400", ["1e400"]),
    ("DS", b"1,5 ", ["1,5"]),
    ("DS", b"NaN ", ["NaN"]),
    ("IS", b"007\\-1\\", [7, -1, None]),
    ("IS", b"+5\\1.0\\3000000000 ", ["+5", "1.0", "3000000000"]),
    ("US", b"\x01\0\xff\xff", [1, 65535]),
    ("SS", b"\xff\xff", [-1]),
    ("FL", struct.pack("<4f", 1.5, float("nan"), float("inf"), float("-inf")), None),
    ("FD", struct.pack("<d", 1e300), [1e300]),
    ("SV", struct.pack("<2q", -(2**63), 5), ["-9223372036854775808", 5]),
    ("UV", struct.pack("<2Q", 2**64 - 1, 2**53), ["18446744073709551615", 2**53]),
    ("AT", b"\x10\0\x20\0\xe0\x7f\x10\0", ["00100020", "7FE00010"]),
    ("UR", b"http://a/b?c=d ", ["http://a/b?c=d"]),
    ("UC", b"x\\y ", ["x", "y"]),
]


@pytest.mark.parametrize(("vr", "raw", "values"), VALUES)
def test_a_value_is_written_by_its_vr(vr, raw, values):
    expected = values or [1.5, "NaN", "Infinity", "-Infinity"]
    assert element_of(vr, raw) == {"vr": vr, "Value": expected}


@pytest.mark.parametrize("vr", ["LO", "PN", "DS", "IS", "US", "FL", "OB", "UN", "UT", "SQ", "DA"])
def test_an_empty_element_has_only_its_vr(vr):
    assert element_of(vr, b"") == {"vr": vr}


@pytest.mark.parametrize("vr", ["LO", "DS", "PN", "UT", "CS"])
def test_an_element_of_blanks_is_empty_too(vr):
    assert element_of(vr, b"    ") == {"vr": vr}


def test_binary_values_are_whole_and_in_base64():
    assert element_of("OB", b"\x01\x02") == {"vr": "OB", "InlineBinary": "AQI="}


def test_a_decimal_keeps_its_digits():
    fragment = oracle.scan_bytes(with_element("DS", b"1.500")).elements["00091001"]
    assert fragment == b'{"vr":"DS","Value":[1.500]}'


def test_a_decimal_that_a_double_cannot_hold_stays_text():
    assert element_of("DS", b"0.12345678901234567 ")["Value"] == ["0.12345678901234567"]
    assert element_of("DS", b"0.1234567890123456")["Value"] == [0.1234567890123456]


def test_names_are_sorted_and_the_groups_0002_and_lengths_are_left_out():
    dataset = samples.make_dataset()
    file = samples.encode(dataset)
    place = file.index(b"\x08\x00\x16\x00UI")
    file = file[:place] + b"\x08\x00\x00\x00UL\x04\x00\x63\0\0\0" + file[place:]
    tags = list(oracle.metadata(oracle.scan_bytes(file)))
    assert tags == sorted(tags)
    assert not any(tag.endswith("0000") or tag.startswith("0002") for tag in tags)


def test_the_character_set_of_the_json_is_utf8():
    header = scan_of(SpecificCharacterSet="ISO_IR 100", PatientName="Müller")
    found = oracle.metadata(header)
    assert found["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert found["00100010"]["Value"] == [{"Alphabetic": "Müller"}]


def test_elements_are_the_members_of_the_json():
    header = oracle.scan_bytes(samples.make_instance(frames=2))
    members = b",".join(b'"%b":%b' % (t.encode(), f) for t, f in sorted(header.elements.items()))
    assert header.json == b"{" + members + b"}"


def test_items_are_objects_and_empty_ones_too():
    dataset = samples.make_dataset(ProcedureCodeSequence=Sequence([Dataset(), Dataset()]))
    dataset.ReferencedStudySequence = Sequence([])
    found = oracle.metadata(oracle.scan_bytes(samples.encode(dataset)))
    assert found["00081032"] == {"vr": "SQ", "Value": [{}, {}]}
    assert found["00081110"] == {"vr": "SQ"}


def test_private_elements_keep_their_block_and_creator():
    dataset = samples.make_dataset()
    dataset.private_block(0x0009, "ACME", create=True).add_new(0x01, "SH", "x")
    found = oracle.metadata(oracle.scan_bytes(samples.encode(dataset)))
    assert found["00090010"]["Value"] == ["ACME"]
    assert found["00091001"] == {"vr": "SH", "Value": ["x"]}


def test_private_elements_of_implicit_vr_are_unknown_and_their_creator_is_not():
    dataset = samples.make_dataset()
    dataset.private_block(0x0009, "ACME", create=True).add_new(0x01, "SH", "xy")
    found = oracle.metadata(oracle.scan_bytes(samples.encode(dataset, IMPLICIT)))
    assert found["00090010"] == {"vr": "LO", "Value": ["ACME"]}
    assert found["00091001"] == {"vr": "UN", "InlineBinary": "eHk="}


@pytest.mark.parametrize(("signed", "vr", "value"), [(0, "US", 65000), (1, "SS", -536)])
def test_pixel_representation_tells_the_sign_in_implicit_vr(signed, vr, value):
    dataset = samples.make_image(PixelRepresentation=signed)
    dataset.add_new(0x00280106, vr, value)
    found = oracle.metadata(oracle.scan_bytes(samples.encode(dataset, IMPLICIT)))
    assert found["00280106"] == {"vr": vr, "Value": [value]}


def test_a_public_element_written_as_unknown_gets_its_vr_back():
    file = with_element("UN", b"CT", tag=0x00080060)
    assert b'"00080060":{"vr":"CS","Value":["CT"]}' in oracle.scan_bytes(file).json


def test_a_sequence_written_as_unknown_is_read_in_implicit_vr():
    inner = b"\x08\x00\x50\x11\x08\x00\x00\x001.2.840\0"
    value = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner
    found = element_of_tag(0x00081115, "UN", value)
    assert found == {
        "vr": "SQ",
        "Value": [{"00081150": {"vr": "UI", "Value": ["1.2.840"]}}],
    }


def element_of_tag(tag: int, vr: str, value: bytes):
    header = oracle.scan_bytes(with_element(vr, value, tag))
    return oracle.metadata(header)[f"{tag:08X}"]


def test_lookup_tables_stay_in_the_json_and_long_ones_do_not():
    dataset = samples.make_image()
    dataset.add_new(0x00281201, "OW", bytes(8192))
    dataset.add_new(0x00281202, "OW", bytes(32768))
    found = oracle.metadata(oracle.scan_bytes(samples.encode(dataset)))
    assert "InlineBinary" in found["00281201"]
    assert "BulkDataURI" in found["00281202"]


def test_long_text_stays_in_the_json_up_to_64_kilobytes():
    found = oracle.metadata(scan_of(PatientComments="x" * 10_000, TextValue="y" * 70_000))
    assert len(found["00104000"]["Value"][0]) == 10_000
    assert "BulkDataURI" in found["0040A160"]


def test_a_bulk_uri_names_instance_and_path_below_the_root():
    dataset = samples.make_dataset()
    item = Dataset()
    item.add_new(0x54001010, "OW", bytes(4))
    dataset.add_new(0x54000100, "SQ", Sequence([Dataset(), item]))
    header = oracle.scan_bytes(samples.encode(dataset))
    uri = orjson.loads(header.elements["54000100"].replace(b"\x01", b"ROOT"))["Value"][1][
        "54001010"
    ]["BulkDataURI"]
    place = f"/studies/{header.study}/series/{header.series}/instances/{header.sop_instance}"
    assert uri == f"ROOT{place}/bulkdata/54000100/2/54001010"
    assert [bulk.path for bulk in header.bulk] == ["54000100/2/54001010"]


def test_pixel_data_stand_in_the_json_unless_they_are_video():
    dataset = samples.make_image()
    samples.compress(dataset, [b"abcd"])
    still = oracle.scan_bytes(samples.encode(dataset, "1.2.840.10008.1.2.4.90"))
    video = oracle.scan_bytes(samples.encode(dataset, "1.2.840.10008.1.2.4.102"))
    assert "BulkDataURI" in oracle.metadata(still)["7FE00010"]
    assert "7FE00010" not in oracle.metadata(video)
    assert "7FE00010" not in video.elements
    assert [bulk.path for bulk in video.bulk] == ["7FE00010"]


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.1.99"])
def test_the_json_is_the_same_in_every_native_syntax(syntax):
    dataset = samples.make_image(WindowCenter=["1.5", "2"], PatientComments="line\nline")
    explicit = oracle.scan_bytes(samples.encode(dataset))
    other = oracle.scan_bytes(samples.encode(dataset, syntax))
    assert other.json == explicit.json
    assert other.doubts == ()
