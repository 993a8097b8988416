"""One instance with a value of every VR, and how DICOM JSON must say each (Table F.2.3-1)."""

import base64

import numpy as np
from pydicom import Dataset

from conformance.instances import plain

# Tag, VR, what is stored, what the JSON says.
VALUES: dict[str, tuple[int, object, list]] = {
    "AE": (0x00080055, "STATION", ["STATION"]),
    "AS": (0x00101010, "042Y", ["042Y"]),
    "AT": (0x00720060, 0x00181063, ["00181063"]),
    "CS": (0x00080060, "OT", ["OT"]),
    "DA": (0x00080021, "20240229", ["20240229"]),
    "DS": (0x00101030, "72.5", [72.5]),
    "DT": (0x0008002A, "20240229101112.123456+0100", ["20240229101112.123456+0100"]),
    "FD": (0x00189087, [1.5, -2.25], [1.5, -2.25]),
    "FL": (0x00720076, 0.5, [0.5]),
    "IS": (0x00200012, "-17", [-17]),
    "LO": (0x00080070, "A maker", ["A maker"]),
    "LT": (0x00104000, " one\\two\r\nthree", [" one\\two\r\nthree"]),
    "PN": (0x00080090, "Doe^Jane^^Dr", [{"Alphabetic": "Doe^Jane^^Dr"}]),
    "SH": (0x00080094, ["1", "2"], ["1", "2"]),
    "SL": (0x00186020, -70000, [-70000]),
    "SS": (0x00189219, -7, [-7]),
    "ST": (0x00080081, "A street\\ 1", ["A street\\ 1"]),
    "SV": (0x00720082, -(2**40), [-(2**40)]),
    "TM": (0x00080031, "101112.5", ["101112.5"]),
    "UC": (0x00189908, ["long", "words"], ["long", "words"]),
    "UI": (0x00080014, "1.2.3.4", ["1.2.3.4"]),
    "UL": (0x00186016, 4_000_000_000, [4_000_000_000]),
    "UR": (0x00080120, "http://example.org/a?b=c", ["http://example.org/a?b=c"]),
    "US": (0x0072007A, 512, [512]),
    "UT": (0x0040A160, "text", ["text"]),
    "UV": (0x00720083, 2**40, [2**40]),
}
BINARY: dict[str, tuple[int, bytes]] = {
    "OB": (0x00720065, b"\x01\x02\x03\x04"),
    "OD": (0x00720073, np.array([1.5, -2.5], "<f8").tobytes()),
    "OF": (0x00720067, np.array([1.5, -2.5], "<f4").tobytes()),
    "OL": (0x00720075, np.array([1, 2, 70000], "<u4").tobytes()),
    "OV": (0x00720081, np.array([1, 2**40], "<u8").tobytes()),
    "OW": (0x00720069, np.array([1, 256], "<u2").tobytes()),
    "UN": (0x00111000, b"\x05\x06"),
}


def instance() -> Dataset:
    """The instance; the private UN element comes with its creator."""
    dataset = plain(StudyDescription="", SeriesDescription=["a", "", "c"])
    for vr, (tag, value, _) in VALUES.items():
        dataset.add_new(tag, vr, value)
    dataset.add_new(0x00110010, "LO", "CONFORMANCE SUITE")
    for vr, (tag, raw) in BINARY.items():
        dataset.add_new(tag, vr, raw)
    dataset.OtherPatientIDsSequence = [_item("1"), _item("3")]
    dataset.ReferencedStudySequence = []
    return dataset


def _item(number: str) -> Dataset:
    item = Dataset()
    item.PatientID = number
    return item


def tag_of(vr: str) -> str:
    """Eight hex digits of the element of a VR."""
    return f"{(VALUES.get(vr) or BINARY[vr])[0]:08X}"


def inline(raw: bytes) -> str:
    """What InlineBinary must say."""
    return base64.b64encode(raw).decode()
