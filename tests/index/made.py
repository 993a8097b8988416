"""Records for the tests of the index, made by pydicom's own JSON."""

import json
from io import BytesIO
from typing import Any

import orjson
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomweb.index import Record

CT = "1.2.840.10008.5.1.4.1.1.2"


def dataset(number: int = 1, study: int = 1, series: int = 1, **attributes: Any) -> Dataset:
    """An instance of a patient: `number`, `study` and `series` make the UIDs."""
    made = Dataset()
    made.StudyInstanceUID = f"1.2.{study}"
    made.SeriesInstanceUID = f"1.2.{study}.{series}"
    made.SOPInstanceUID = f"1.2.{study}.{series}.{number}"
    made.SOPClassUID = CT
    made.StudyDate, made.StudyTime = "20200102", "101500"
    made.Modality = "CT"
    made.PatientName, made.PatientID = "Doe^John", "P1"
    made.StudyDescription, made.AccessionNumber = "Chest", "A1"
    made.SeriesNumber, made.InstanceNumber = series, number
    made.Rows = made.Columns = 16
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def record(made: Dataset, **changes: Any) -> Record:
    """The record that the archive would hand over for a data set."""
    told = {tag: element for tag, element in made.to_json_dict().items() if tag[:4] != "0002"}
    elements = {tag: orjson.dumps(element) for tag, element in sorted(told.items())}
    values: dict[str, Any] = {
        "study": str(made.StudyInstanceUID),
        "series": str(made.SeriesInstanceUID),
        "instance": str(made.SOPInstanceUID),
        "sop_class": str(made.get("SOPClassUID", "")),
        "transfer_syntax": ExplicitVRLittleEndian,
        "json": orjson.dumps(told, option=orjson.OPT_SORT_KEYS),
        "elements": elements,
        "frames": b"frames",
        "bulk": b"bulk",
        "dataset_offset": 200,
        "size": 1000,
        "sha256": b"\1" * 32,
        "key": f"{made.SOPInstanceUID}.dcm",
    }
    return Record(**{**values, **changes})


def one(number: int = 1, study: int = 1, series: int = 1, **attributes: Any) -> Record:
    """A record of such a data set."""
    return record(dataset(number, study, series, **attributes))


def from_file(content: bytes) -> Record:
    """A record of a Part 10 file, without its pixels."""
    return record(pydicom.dcmread(BytesIO(content), stop_before_pixels=True))


def told(fragments: list[bytes]) -> list[dict[str, Any]]:
    """Search results or metadata, parsed; the service root stands as `ROOT`."""
    return [json.loads(fragment.replace(b"\1", b"ROOT")) for fragment in fragments]


def values(result: dict[str, Any], tag: str) -> list[Any]:
    """The values of an element."""
    found: list[Any] = result[tag].get("Value", [])
    return found
