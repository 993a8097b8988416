"""The Native DICOM Model beside DCMTK, xml.etree and dicomweb-client."""

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pydicom
import pytest
from dicomweb_client.web import _load_xml_dataset
from engines import program

from dicomweb.wire.json_model import JsonObject, canonical
from dicomweb.wire.store_response import FailedInstance, StoredInstance, store_response
from dicomweb.wire.xml_model import from_xml, to_xml

NS = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
DATA = Path(pydicom.__file__).parent / "data"
FILES = ["CT_small", "MR_small", "rtplan", "rtdose", "test-SR", "reportsi", "priv_SQ"]
CHARSET_FILES = ["chrFren", "chrGerm", "chrGreek", "chrRuss", "chrArab", "chrHbrw", "chrFrenMulti"]


def sample(name: str) -> Path:
    folder = "charset_files" if name.startswith("chr") else "test_files"
    return DATA / folder / f"{name}.dcm"


def model_of(name: str) -> JsonObject:
    model: JsonObject = json.loads(pydicom.dcmread(sample(name)).to_json())
    return canonical(model)


def comparable(model: JsonObject) -> JsonObject:
    """Without binary values, which DCMTK 3.6.7 swaps; decimal strings as numbers, names trimmed."""
    plain: JsonObject = {}
    for tag, attribute in model.items():
        vr, values = attribute["vr"], attribute.get("Value", [])
        if vr == "SQ":
            values = [comparable(item) for item in values]
        elif vr in ("DS", "IS", "FL", "FD"):
            values = [value if value is None else pytest.approx(float(value)) for value in values]
        elif vr == "PN":
            names = [{group: text.rstrip("^") for group, text in name.items()} for name in values]
            values = [name for name in names if any(name.values())]
        plain[tag] = (vr, values)
    return {
        tag: each
        for tag, each in plain.items()
        if tag != "00080005" and each[0] not in ("OB", "OW", "UN")
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES + CHARSET_FILES)
def test_what_dcmtk_writes_is_read(name: str) -> None:
    command = [program("dcm2xml", "dcmtk"), "-nat", "+Xn", "+U8", "-q", str(sample(name))]
    theirs = subprocess.run(command, capture_output=True, check=True).stdout
    assert comparable(from_xml(theirs)) == comparable(model_of(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["MR_small", "test-SR", "rtplan", *CHARSET_FILES])
def test_what_we_write_is_what_dcmtk_writes(name: str) -> None:
    command = [program("dcm2xml", "dcmtk"), "-nat", "+Xn", "+U8", "-q", str(sample(name))]
    theirs = ET.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)
    ours = ET.fromstring(to_xml(model_of(name)))
    assert [*map(texts, public(ours))] == [*map(texts, public(theirs))]
    # DCMTK's dictionary has other keywords for what is retired, and leaves them out.
    assert keywords(theirs) <= keywords(ours)


def public(document: ET.Element) -> list[ET.Element]:
    return [
        attribute
        for attribute in document.iter(f"{NS}DicomAttribute")
        if attribute.get("tag", "")[3] in "02468ACE" and attribute.get("tag") != "00080005"
        if attribute.get("vr") not in ("OB", "OW", "UN", "DS", "IS", "FL", "FD")
    ]


def texts(attribute: ET.Element) -> list[str | None]:
    """Tag and VR, then the texts of its values, those of an SQ left out."""
    values = attribute.findall(f"{NS}Value")
    names = [part for name in attribute.findall(f"{NS}PersonName") for part in name.iter()]
    found = [(each.text or "").strip() for each in values + names]
    return [attribute.get("tag"), attribute.get("vr"), *filter(None, found)]


def keywords(document: ET.Element) -> set[tuple[str | None, str]]:
    found = ((each.get("tag"), each.get("keyword")) for each in public(document))
    return {(tag, keyword) for tag, keyword in found if keyword}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [*FILES, *CHARSET_FILES, "chrH31", "chrKoreanMulti", "waveform_ecg"]
)
def test_a_file_survives_xml(name: str) -> None:
    model = model_of(name)
    assert comparable(from_xml(to_xml(model))) == comparable(model)


def test_a_store_response_is_read_by_dicomweb_client() -> None:
    response = store_response(
        [StoredInstance("1.2", "1.3", "http://h/1")], [FailedInstance("1.2", "1.4", 0x0110)]
    )
    dataset = _load_xml_dataset(ET.fromstring(to_xml(response)))
    assert dataset.FailedSOPSequence[0].FailureReason == 0x0110
    assert dataset.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.3"
