"""The Value Representations by what they are in JSON and in bytes (PS3.18 F.2.3, PS3.5 6.2)."""

import struct
from collections.abc import Sequence

from dicomweb.errors import InstanceRefused

# By what their JSON values are (PS3.18 Table F.2.3-1).
SINGLE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
TEXT = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UC", "UI"}) | SINGLE_TEXT
NUMBER_TEXT = frozenset({"DS", "IS"})
INTEGERS = frozenset({"SL", "SS", "SV", "UL", "US", "UV"})
FLOATS = frozenset({"FL", "FD"})
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
ALL_VRS = TEXT | NUMBER_TEXT | INTEGERS | FLOATS | BINARY | {"AT", "PN", "SQ"}

# PS3.5 7.1.2: these have two reserved bytes and four of length, the others two of length.
LONG_VRS = BINARY | {"SQ", "SV", "UC", "UR", "UT", "UV"}

NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# JSON has no such numbers; these strings stand for them.
SPECIAL_FLOATS = {
    "nan": "NaN",
    "infinity": "Infinity",
    "+infinity": "Infinity",
    "inf": "Infinity",
    "-infinity": "-Infinity",
    "-inf": "-Infinity",
}

_FORMATS = {
    "SL": "i",
    "SS": "h",
    "SV": "q",
    "UL": "I",
    "US": "H",
    "UV": "Q",
    "FL": "f",
    "FD": "d",
    "OB": "B",
    "OW": "H",
    "OL": "I",
    "OV": "Q",
    "OF": "f",
    "OD": "d",
    "UN": "B",
}


def refusal(path: str, sentence: str) -> InstanceRefused:
    """The refusal of an instance for one of its attributes, without its value."""
    return InstanceRefused(InstanceRefused.CANNOT_UNDERSTAND, f"Attribute {path}: {sentence}")


def pack_numbers(path: str, vr: str, values: Sequence[object]) -> bytes:
    """Numbers in the bytes of their VR, little endian. InstanceRefused when one does not fit it."""
    code = _FORMATS[vr]
    numbers = [float(value) if isinstance(value, str) else value for value in values]
    try:
        return struct.pack(f"<{len(numbers)}{code}", *numbers)
    except (struct.error, OverflowError, TypeError, ValueError):
        raise refusal(path, f"a value does not fit {vr}.") from None
