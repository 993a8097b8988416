"""From DICOM JSON to bytes: pydicom is the oracle, for its own files and for odd values."""

import json
import warnings
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filewriter import write_dataset

from dicomweb.errors import InstanceRefused
from dicomweb.wire import data_set
from dicomweb.wire.data_set import Later, encode_dataset, to_dataset
from dicomweb.wire.json_model import BulkReference, JsonObject, canonical


def shipped_files() -> list[str]:
    folder = Path(pydicom.__file__).parent / "data"
    paths = [*folder.glob("test_files/*.dcm"), *folder.glob("charset_files/*.dcm")]
    return [str(path) for path in sorted(paths) if path.stat().st_size < 300_000]


def pydicoms_model(name: str) -> JsonObject:
    """The JSON that pydicom makes of a file; skips where it makes none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model: JsonObject = json.loads(pydicom.dcmread(name).to_json())
        except Exception as error:
            pytest.skip(f"pydicom itself fails: {type(error).__name__}")
    return model


def comparable(model: JsonObject) -> JsonObject:
    """A model without character sets, its binary values padded, as pydicom's writer does later."""
    plain: JsonObject = {}
    for tag, attribute in canonical(model).items():
        if tag == "00080005":
            continue
        plain[tag] = dict(attribute)
        if attribute["vr"] == "SQ" and "Value" in attribute:
            plain[tag]["Value"] = [comparable(item) for item in attribute["Value"]]
        if "InlineBinary" in attribute:
            data = b64decode(attribute["InlineBinary"])
            plain[tag]["InlineBinary"] = data + b"\0" * (len(data) % 2)
    return plain


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", shipped_files(), ids=lambda name: Path(name).name)
def test_a_file_comes_back_as_pydicom_reads_it(name: str) -> None:
    model = pydicoms_model(name)
    ours = to_dataset(canonical(model)).to_json()
    theirs = Dataset.from_json(model).to_json()
    assert comparable(json.loads(ours)) == comparable(json.loads(theirs))


def element(vr: str, **content: object) -> bytes:
    """The value field of one attribute with this VR."""
    data = encode_dataset(canonical({"00091001": {"vr": vr, **content}}))
    return data[12:] if data[6:8] == b"\0\0" else data[8:]


@pytest.mark.parametrize(
    ("vr", "values", "expected"),
    [
        ("LO", ["a"], b"a "),
        ("LO", ["a", None, "b"], b"a\\\\b"),
        ("UI", ["1.2"], b"1.2\0"),
        ("LT", ["  a\\b"], b"  a\\b "),
        ("PN", [{"Alphabetic": "A^B"}], b"A^B "),
        ("PN", [{"Phonetic": "C"}, None], b"==C\\"),
        ("PN", [{"Alphabetic": "A", "Ideographic": "B"}], b"A=B "),
        ("IS", [5, "+05", 6.0], b"5\\+05\\6 "),
        ("DS", ["1.50", 2, 0.1], b"1.50\\2\\0.1"),
        ("DS", [1 / 3], b"0.33333333333333"),
        ("DS", [-1e-10 / 3], b"-3.333333333e-11"),
        ("DS", [1e300], b"1e+300"),
        ("US", [1, 65535], b"\x01\0\xff\xff"),
        ("SS", [-1], b"\xff\xff"),
        ("SL", [-1], b"\xff" * 4),
        ("UV", [2**64 - 1], b"\xff" * 8),
        ("FL", [1.5], b"\0\0\xc0?"),
        ("FD", ["Infinity"], b"\0\0\0\0\0\0\xf0\x7f"),
        ("FD", ["NaN"], b"\0\0\0\0\0\0\xf8\x7f"),
        ("AT", ["00281050"], b"\x28\0\x50\x10"),
    ],
)
def test_values_are_encoded(vr: str, values: list[object], expected: bytes) -> None:
    assert element(vr, Value=values) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AAE=", b"\0\1"),
        ("AAE", b"\0\1"),
        ("AA E\n=", b"\0\1"),
        ("AA==", b"\0\0"),
        ("/w==", b"\xff\0"),
    ],
)
def test_inline_binary_is_decoded_and_padded(text: str, expected: bytes) -> None:
    assert element("OB", InlineBinary=text) == expected


@pytest.mark.parametrize(
    ("vr", "content"),
    [
        ("US", {"Value": [65536]}),
        ("SS", {"Value": [-32769]}),
        ("FL", {"Value": [1e300]}),
        ("UV", {"Value": [-1]}),
        ("OB", {"InlineBinary": "é"}),
        ("OB", {"InlineBinary": "A"}),
        ("OB", {"BulkDataURI": "nowhere"}),
    ],
)
def test_what_does_not_fit_refuses_the_instance(vr: str, content: dict[str, object]) -> None:
    with pytest.raises(InstanceRefused, match="Attribute 00091001: "):
        element(vr, **content)


def test_long_values_of_short_vrs_become_unknown() -> None:
    data = encode_dataset({"00091001": {"vr": "LO", "Value": ["a" * 65_536]}})
    assert data[4:12] == b"UN\0\0\0\0\1\0"


@pytest.mark.parametrize("levels", [0, 1])
def test_no_length_runs_over(monkeypatch: pytest.MonkeyPatch, levels: int) -> None:
    monkeypatch.setattr(data_set, "_MAX_LENGTH", 10)
    dataset: JsonObject = {
        "00420011": {"vr": "OB", "InlineBinary": "AAAA" * (1 + 3 * (not levels))}
    }
    if levels:
        dataset = {"00081140": {"vr": "SQ", "Value": [dataset]}}
    with pytest.raises(InstanceRefused, match="too long"):
        encode_dataset(dataset)


def test_bulk_data_is_asked_for_by_path() -> None:
    asked: list[BulkReference] = []

    def bulk(reference: BulkReference) -> bytes | None:
        asked.append(reference)
        return b"abc" if reference.uri == "icon" else None

    icon = {"7FE00010": {"vr": "OB", "BulkDataURI": "icon"}}
    pixels = {"vr": "OW", "BulkDataURI": "pixels"}
    dataset = to_dataset({"00880200": {"vr": "SQ", "Value": [icon]}, "7FE00010": pixels}, bulk)
    assert dataset.IconImageSequence[0].PixelData == b"abc\0"
    assert "PixelData" not in dataset
    assert [reference.path for reference in asked] == ["00880200/1/7FE00010", "7FE00010"]


@pytest.mark.parametrize("declared", [{}, {"00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}}])
def test_text_is_utf_8_and_says_so_at_every_level(declared: JsonObject) -> None:
    name = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller", "Ideographic": "山"}]}}
    items = {"00081140": {"vr": "SQ", "Value": [{**declared, **name}]}}
    dataset = to_dataset(canonical({**declared, **items, **name}))
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.PatientName == dataset.ReferencedImageSequence[0].PatientName == "Müller=山"


@pytest.mark.parametrize("later", [False, True])
def test_text_that_comes_as_bulk_data_is_declared_as_utf_8(*, later: bool) -> None:
    text = "Grüße".encode()
    bulk = Later(len(text), lambda: iter([text[:3], text[3:]])) if later else text
    model = {"00104000": {"vr": "LT", "BulkDataURI": "comments"}}
    dataset = to_dataset(model, lambda _: bulk)
    assert (dataset.SpecificCharacterSet, dataset.PatientComments) == ("ISO_IR 192", "Grüße")


def test_plain_ascii_needs_no_character_set() -> None:
    assert "SpecificCharacterSet" not in to_dataset({"00080060": {"vr": "CS", "Value": ["CT"]}})


def test_values_are_written_again_as_they_were_sent() -> None:
    odd = {
        "00080020": {"vr": "DA", "Value": ["yesterday"]},
        "00280030": {"vr": "DS", "Value": ["1,5"]},
    }
    data = encode_dataset(odd)
    buffer = pydicom.filebase.DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, to_dataset(odd))
    assert buffer.getvalue() == data


def test_a_hundred_levels_are_written_and_read() -> None:
    dataset: JsonObject = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    for _ in range(100):
        dataset = {"00081140": {"vr": "SQ", "Value": [dataset]}}
    found = to_dataset(canonical(dataset))
    for _ in range(100):
        found = found.ReferencedImageSequence[0]
    assert found.Modality == "CT"


VALUES = {
    "LO": st.text(
        st.characters(exclude_characters="\\", exclude_categories=["C", "Z"]),
        min_size=1,
        max_size=9,
    ),
    "IS": st.integers(-(2**31), 2**31 - 1),
    "US": st.integers(0, 65535),
    "SL": st.integers(-(2**31), 2**31 - 1),
    "FD": st.floats(allow_nan=False, allow_infinity=False),
    "AT": st.from_regex("[0-9A-F]{8}", fullmatch=True),
}


@settings(max_examples=200, deadline=None)
@given(data=st.data(), vr=st.sampled_from(sorted(VALUES)))
def test_pydicom_reads_what_is_written(data: st.DataObject, vr: str) -> None:
    values = data.draw(st.lists(VALUES[vr], min_size=1, max_size=4))
    model = {"00091001": {"vr": vr, "Value": values}}
    encoded = encode_dataset(canonical(model))
    read = pydicom.filereader.read_dataset(BytesIO(encoded), False, True)
    assert json.loads(read.to_json())["00091001"] == model["00091001"]
