"""The DICOM JSON Model (PS3.18 Annex F): reading what strangers send, filling in the service root.

Strict writers are few: `canonical` takes lower-case tags, a missing or ambiguous `vr`, a bare value
where an array is due, numbers as strings and strings as numbers, names as strings, `[""]` for
nothing, arrays of numbers for OW. What comes out is what Annex F says, sorted by tag.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from dicomweb.errors import BadRequest, InstanceRefused, TooLarge
from dicomweb.wire.charset import UTF_8, decode_text
from dicomweb.wire.value_representations import (
    ALL_VRS,
    BINARY,
    FLOATS,
    INTEGERS,
    NAME_GROUPS,
    NUMBER_TEXT,
    SINGLE_TEXT,
    SPECIAL_FLOATS,
    TEXT,
    pack_numbers,
    refusal,
)

JsonObject = dict[str, Any]

MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100  # levels of sequences; 50 occur in valid objects

# What stored JSON has in the place of the service root: no JSON text contains it.
SENTINEL = b"\x01"

_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
# Groups of commands, of the file meta information, and of the delimiters of items.
_NO_DATA = ("0000", "0002", "FFFE")
_TAG_PUNCTUATION = str.maketrans("", "", "(), ")
_JSON_SAFE = re.compile(r'[^\x00-\x1f"\\]*')


@dataclass(frozen=True, slots=True)
class BulkReference:
    """A BulkDataURI in a data set; `path` is `7FE00010` or `00880200/1/7FE00010`, items from 1."""

    path: str
    vr: str
    uri: str


def with_service_root(json: bytes, root: str) -> bytes:
    """Stored JSON with `root`, the URL of the service, where it has the sentinel byte."""
    if not _JSON_SAFE.fullmatch(root):
        raise ValueError("A service root holds neither quotes nor control characters.")
    return json.replace(SENTINEL, root.encode())


def read_datasets(body: bytes, charset: str = "") -> list[JsonObject]:
    """The data sets of a body, as they were sent: an array of them, or one alone.

    BadRequest when it is no JSON or holds something else, TooLarge over 64 MiB.
    """
    if len(body) > MAX_JSON_BYTES:
        raise TooLarge(f"The JSON is over {MAX_JSON_BYTES} bytes: send bulk data as parts.")
    if charset.lower() not in ("", UTF_8) or body.startswith(b"\xef\xbb\xbf"):
        body = decode_text(body, charset).encode()
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"The body is no JSON: line {error.lineno}, column {error.colno}."
        ) from None
    datasets = found if isinstance(found, list) else [found]
    if not all(isinstance(dataset, dict) for dataset in datasets):
        raise BadRequest("The JSON is no array of data sets, which are objects (PS3.18 F.2.1).")
    return datasets


def canonical(dataset: JsonObject) -> JsonObject:
    """The data set as PS3.18 F.2 wants it, sorted, without group 0002 and group lengths.

    InstanceRefused, with the UIDs as far as they can be read, for what has no meaning.
    """
    try:
        return _dataset(dataset, 0)
    except InstanceRefused as refused:
        refused.sop_class = _first_text(dataset, "00080016")
        refused.sop_instance = _first_text(dataset, "00080018")
        raise


def bulk_references(dataset: JsonObject, prefix: str = "") -> Iterator[BulkReference]:
    """All BulkDataURIs of a canonical data set, at any depth, in the order of the tags."""
    for tag, attribute in dataset.items():
        if "BulkDataURI" in attribute:
            yield BulkReference(prefix + tag, attribute["vr"], attribute["BulkDataURI"])
        elif attribute["vr"] == "SQ":
            for number, item in enumerate(attribute.get("Value", ()), 1):
                yield from bulk_references(item, f"{prefix}{tag}/{number}/")


def _dataset(dataset: object, depth: int) -> JsonObject:
    if not isinstance(dataset, dict):
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND, "An item of a sequence is no object."
        )
    if depth > MAX_DEPTH:
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND, f"Sequences are nested more than {MAX_DEPTH} levels."
        )
    attributes: JsonObject = {}
    for name, attribute in dataset.items():
        if not _TAG.fullmatch(name):
            raise InstanceRefused(
                InstanceRefused.CANNOT_UNDERSTAND,
                "An attribute is not named by its tag: eight hexadecimal digits are right.",
            )
        tag = name.upper()
        if not tag.startswith(_NO_DATA) and not tag.endswith("0000"):
            attributes[tag] = _attribute(tag, attribute, depth)
    return {tag: attributes[tag] for tag in sorted(attributes)}


def _attribute(tag: str, attribute: object, depth: int) -> JsonObject:
    if attribute is None:
        attribute = {}
    if not isinstance(attribute, dict):
        raise refusal(tag, 'an object is right, as in {"vr": "LO", "Value": ["A"]}.')
    value = attribute.get("Value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    vr = _vr(tag, attribute, values)
    if vr == "SQ":
        if "BulkDataURI" in attribute or "InlineBinary" in attribute:
            raise refusal(tag, "a sequence has its items in its Value.")
        items = [_dataset({} if item is None else item, depth + 1) for item in values]
        return {"vr": vr, "Value": items} if items else {"vr": vr}
    for kind in ("BulkDataURI", "InlineBinary"):
        content = _only(attribute.get(kind))
        if content:
            if not isinstance(content, str):
                raise refusal(tag, f"its {kind} is no string.")
            return {"vr": vr, kind: content}
    return _binary(tag, vr, values) if vr in BINARY else _plain(tag, vr, values)


def _only(content: object) -> object:
    return content[0] if isinstance(content, list) and len(content) == 1 else content


def _plain(tag: str, vr: str, values: list[object]) -> JsonObject:
    if all(each is None or each == "" for each in values):
        return {"vr": vr}
    converted = [_CONVERT[vr](tag, each) for each in values]
    if all(each is None for each in converted):
        return {"vr": vr}
    if vr in SINGLE_TEXT and len(converted) > 1:
        raise refusal(tag, f"{vr} has a single value.")
    return {"vr": vr, "Value": converted}


def _binary(tag: str, vr: str, values: list[object]) -> JsonObject:
    """Values where only InlineBinary is right: base64, or an array of numbers (Orthanc to 1.23)."""
    if not values or values == [""] or values == [None]:
        return {"vr": vr}
    if len(values) == 1 and isinstance(values[0], str):
        return {"vr": vr, "InlineBinary": values[0]}
    if not all(isinstance(value, int | float) for value in values):
        raise refusal(tag, f"{vr} has an InlineBinary or a BulkDataURI.")
    return {"vr": vr, "InlineBinary": b64encode(pack_numbers(tag, vr, values)).decode("ascii")}


def _text(tag: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(tag, "a string is right.")
    return str(value)


def _multiple_text(tag: str, value: object) -> str | None:
    text = _text(tag, value)
    if text and "\\" in text:
        raise refusal(tag, "a value cannot hold a backslash: several values are an array.")
    return text


def _number_text(tag: str, value: object) -> str | int | float | None:
    """A DS or an IS; a string keeps its text, which may be more precise than a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return _multiple_text(tag, value)


def _integer(tag: str, value: object) -> int:
    if isinstance(value, str):
        try:
            value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
        except ValueError:
            value = None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise refusal(tag, "an integer is right.")
    return value


def _float(tag: str, value: object) -> float | str:
    """A number; NaN and the infinities are strings, since JSON has no such numbers."""
    if isinstance(value, str):
        text = value.strip().lower()
        if text in SPECIAL_FLOATS:
            return SPECIAL_FLOATS[text]
        try:
            value = float(text)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(tag, "a number is right.")
    return value


def _tag_value(tag: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    text = f"{value:08X}" if isinstance(value, int) else str(value).translate(_TAG_PUNCTUATION)
    if not _TAG.fullmatch(text):
        raise refusal(tag, "a tag is right: eight hexadecimal digits.")
    return text.upper()


def _name(tag: str, value: object) -> JsonObject | None:
    """A person name: its groups, or a string that has them between `=`."""
    if isinstance(value, str):
        value = dict(zip(NAME_GROUPS, value.split("="), strict=False))
    elif isinstance(value, dict):
        value = {str(group).capitalize(): text for group, text in value.items()}
    elif value is not None:
        raise refusal(tag, 'a name is right, as in {"Alphabetic": "Family^Given"}.')
    groups: JsonObject = {}
    for group in NAME_GROUPS:
        text = _multiple_text(tag, value.get(group)) if value else None
        if text and "=" in text:
            raise refusal(tag, "a group of a name cannot hold an equals sign.")
        if text:
            groups[group] = text
    return groups or None


_CONVERT: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(TEXT - SINGLE_TEXT, _multiple_text),
    **dict.fromkeys(SINGLE_TEXT, _text),
    **dict.fromkeys(NUMBER_TEXT, _number_text),
    **dict.fromkeys(INTEGERS, _integer),
    **dict.fromkeys(FLOATS, _float),
    "AT": _tag_value,
    "PN": _name,
}


def _vr(tag: str, attribute: JsonObject, values: list[object]) -> str:
    """The VR that is given, or that of the dictionary, or what the values look like."""
    given = attribute.get("vr")
    if isinstance(given, str) and given.upper() in ALL_VRS:
        return given.upper()
    known = _dictionary_vr(tag)
    if known in ALL_VRS:
        return known
    if known:  # "US or SS", "OB or OW", "US or SS or OW"
        numbers = [value for value in values if isinstance(value, int | float)]
        if "US" not in known or not numbers:
            return "OW" if "OW" in known else "US"
        return "SS" if "SS" in known and min(numbers) < 0 else "US"
    return _guessed_vr(values)


def _guessed_vr(values: list[object]) -> str:
    sample = next((value for value in values if value is not None), None)
    if isinstance(sample, dict):
        return "PN" if {str(key).capitalize() for key in sample} & set(NAME_GROUPS) else "SQ"
    if isinstance(sample, int | float):
        return "DS"
    return "UC" if isinstance(sample, str) else "UN"


def _dictionary_vr(tag: str) -> str:
    if tag[3] in "13579BDF":
        return "LO" if tag[4:6] == "00" else ""
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(int(tag, 16))
    except KeyError:
        return ""


def _first_text(dataset: JsonObject, tag: str) -> str:
    attribute = dataset.get(tag)
    value = attribute.get("Value") if isinstance(attribute, dict) else None
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""
