"""Elements of DICOM JSON as the two documents about tags spell them, file meta included."""

import re
from base64 import b64decode
from io import BytesIO
from typing import Any

from dicomweb.archive import Archive, Location
from dicomweb.attributes import by_keyword
from dicomweb.errors import BadRequest
from extensions.files.facts import Element, person

# File meta information is some 200 bytes; what is longer is not read for it.
MAX_META = 1024 * 1024
_CHARACTER_SET = "00080005"
# Far enough to read the first elements of the data set.
_BEHIND_META = 4096
_META_AT = 132
_ABSENT: Element = {}

_TAG = re.compile(r"\(?([0-9a-fA-F]{4}),? ?([0-9a-fA-F]{4})\)?")
_PRIVATE, _CREATOR, _UNKNOWN = "Private tag data", "Private Creator", "Unknown"


def parse_tag(text: str) -> str:
    """`00100010` for `0010,0010`, `00100010`, `(0010,0010)`, `PatientName`. BadRequest."""
    if found := _TAG.fullmatch(text.strip()):
        return (found[1] + found[2]).upper()
    attribute = by_keyword(text.strip()) if text.isascii() and len(text) < 100 else None
    if attribute is None:
        raise BadRequest("tag is malformed: 0010,0010 is right, as is 00100010 or a keyword.")
    return attribute.tag


def comma(tag: str) -> str:
    """`0010,0010`."""
    return f"{tag[:4]},{tag[4:]}"


def name_of(tag: str) -> str:
    """The name of PS3.6, "Patient's Name"."""
    from pydicom.datadict import dictionary_description

    if tag[3] in "13579BDF":
        return _CREATOR if tag[4:6] == "00" and tag[6] != "0" else _PRIVATE
    try:
        return dictionary_description(int(tag, 16))
    except KeyError:
        return "Group Length" if tag.endswith("0000") else _UNKNOWN


def keyword_of(tag: str) -> str:
    """The keyword of PS3.6, empty where there is none."""
    from pydicom.datadict import dictionary_keyword

    try:
        return dictionary_keyword(int(tag, 16))
    except KeyError:
        return ""


def elements_of(archive: Archive, location: Location) -> dict[str, Element]:
    """All elements of a file by tag, file meta information first. Waits for the disk.

    They are those of the DICOM JSON, but for the character set: JSON has one of its own.
    """
    found = {**_file_meta(archive, location), **archive.attributes(location)}
    if _CHARACTER_SET in found and (own := _character_set(archive, location)) is not None:
        found[_CHARACTER_SET] = own
    return {tag: element for tag, element in sorted(found.items()) if element is not _ABSENT}


def _file_meta(archive: Archive, location: Location) -> dict[str, Element]:
    """The elements of group 0002, as DICOM JSON has those of others."""
    from pydicom.filereader import read_dataset

    length = min(location.dataset_offset, MAX_META) - _META_AT
    if length <= 0:
        return {}
    stored = BytesIO(archive.read(location, _META_AT, length))
    try:
        elements = read_dataset(stored, is_implicit_VR=False, is_little_endian=True)
        return {f"{each.tag:08X}": each.to_json_dict(None, 2**31) for each in elements}
    except Exception:  # whatever a parser may come upon in bytes that are not as they should be
        return {}


def _character_set(archive: Archive, location: Location) -> Element | None:
    """What the file itself says, _ABSENT for nothing; None where that cannot be read."""
    from pydicom.filereader import read_partial

    number = int(_CHARACTER_SET, 16)
    if not _META_AT <= location.dataset_offset <= MAX_META:
        return None
    head = BytesIO(archive.read(location, 0, location.dataset_offset + _BEHIND_META))
    try:
        found = read_partial(head, lambda tag, vr, length: tag > number).get(number)
        return _ABSENT if found is None else found.to_json_dict(None, 2**31)
    except Exception:  # deflated, or as above
        return None


# For people and programs that want values: scalars, lists, objects. `root` begins the URIs of
# values that are too large to stand in JSON.


def value_of(element: Element, root: str) -> Any:
    """Text, number, a list of several, objects by tag for items; None where it has no value."""
    if "InlineBinary" in element:
        return element["InlineBinary"]
    values = [_one(each, root) for each in element.get("Value", [])]
    if element.get("vr") == "SQ":
        return values
    return values[0] if len(values) == 1 else values or None


def _one(value: Any, root: str) -> Any:
    if not isinstance(value, dict):
        return value
    if not value or set(value) <= {"Alphabetic", "Ideographic", "Phonetic"}:
        return person(value) or None
    return {comma(tag): described(tag, element, root) for tag, element in value.items()}


def described(tag: str, element: Element, root: str) -> dict[str, Any]:
    """`{"name": …, "value": …}`, and where the value is when it is too large to stand here."""
    found = {"name": name_of(tag), "value": value_of(element, root)}
    if "BulkDataURI" in element:
        found["bulkDataURI"] = root + element["BulkDataURI"]
    return found


# As the Go library of document 002 prints its values.

_KINDS = {
    **dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW", "UN"), "VRBytes"),
    **dict.fromkeys(("LT", "UT"), "VRString"),
    "AT": "VRTagList",
    "DA": "VRDate",
    "FD": "VRFloat64List",
    "FL": "VRFloat32List",
    "SL": "VRInt32List",
    "SQ": "VRSequence",
    "SS": "VRInt16List",
    "UL": "VRUInt32List",
    "US": "VRUInt16List",
}
_PIXELS = "7FE00010"


def kind_of(tag: str, vr: str) -> str:
    """The word for a VR."""
    return "VRPixelData" if tag == _PIXELS else _KINDS.get(vr, "VRStringList")


def brackets(tag: str) -> str:
    """`(0010,0010)`."""
    return f"({comma(tag).lower()})"


def printed(element: Element) -> str:
    """`[DOE^JOHN]`, `[512]`, `[0 1]`: values between blanks in brackets."""
    if "InlineBinary" in element:
        return _bracketed(b64decode(element["InlineBinary"]))
    if "BulkDataURI" in element:
        return "[...]"
    return _bracketed(_printed(value, element.get("vr")) for value in element.get("Value", []))


def _printed(value: Any, vr: str | None) -> str:
    if vr == "SQ":
        items = (f"{brackets(tag)}={printed(each)}" for tag, each in (value or {}).items())
        return _bracketed(items)
    if isinstance(value, dict):
        return person(value)
    if vr == "AT":
        return brackets(str(value))
    return "" if value is None else str(value)


def _bracketed(values: Any) -> str:
    return f"[{' '.join(map(str, values))}]"
