"""The value of one element as DICOM JSON (PS3.18 F.2.3), and what is wrong with it."""

import re
import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from math import isfinite

import orjson

from dicomweb.part10.doubts import RULES, Rule, complaint
from dicomweb.part10.text import Charset

SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
"""VRs whose length has 16 bits in explicit VR (PS3.5 7.1.2)."""
LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs whose length has 32 bits."""

_NUMBERS = {
    "FD": ("d", 8),
    "FL": ("f", 4),
    "SL": ("i", 4),
    "SS": ("h", 2),
    "SV": ("q", 8),
    "UL": ("I", 4),
    "US": ("H", 2),
    "UV": ("Q", 8),
}
UNITS = {
    **{vr: size for vr, (_, size) in _NUMBERS.items()},
    "AT": 2,
    "OD": 8,
    "OF": 4,
    "OL": 4,
    "OV": 8,
    "OW": 2,
}
"""Bytes of one number of a binary VR: what a change of byte order turns around."""
_SINGLE = frozenset({"LT", "ST", "UR", "UT"})
_PADDED_LEFT = frozenset({"LO", "LT", "SH", "ST", "UC", "UT", "PN", "UR"})

_SAFE_INTEGER = 2**53
# Numbers that JSON can write as they stand, of at most 15 digits, so that a double holds them.
_JSON_NUMBER = (
    r"(?=[^\\]{1,16}(?:\\|\Z))-?(?:0|[1-9][0-9]{0,13})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
)
_JSON_DECIMALS = re.compile(rf"{_JSON_NUMBER}(?:\\{_JSON_NUMBER})*".encode())
_JSON_INTEGERS = re.compile(rb"-?(?:0|[1-9][0-9]{0,8})(?:\\-?(?:0|[1-9][0-9]{0,8}))*")
_JSON_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DECIMAL = RULES["DS"].valid
_WORDS = ("Alphabetic", "Ideographic", "Phonetic")


Converter = Callable[[bytes, Charset], tuple[bytes, str]]
"""Gives `{"vr":"…"}` of a value that is not empty, and a complaint: a phrase that says what breaks
the VR, without the value; empty when nothing does."""


def convert(vr: str, raw: bytes, charset: Charset) -> tuple[bytes, str]:
    """What the Converter of `vr` gives; a value that is empty has only its VR (PS3.18 F.2.5)."""
    return CONVERTERS[vr](raw, charset) if raw else (b'{"vr":"%b"}' % vr.encode(), "")


def _value(vr: str, values: bytes) -> bytes:
    """The JSON of an element: `values` is an array, or nothing."""
    if not values:
        return b'{"vr":"%b"}' % vr.encode()
    return b'{"vr":"%b","Value":%b}' % (vr.encode(), values)


def _strings(vr: str, rule: Rule) -> Converter:
    is_plain = rule.plain.fullmatch
    form = b'{"vr":"%b","Value":["%%b"]}' % vr.encode()
    if vr == "PN":
        form = b'{"vr":"PN","Value":[{"Alphabetic":"%b"}]}'

    def converter(raw: bytes, charset: Charset) -> tuple[bytes, str]:
        text = raw.rstrip(b" \0")
        if is_plain(text):
            return form % text, ""
        shown, complaint = _any_strings(vr, raw, rule, charset)
        return _value(vr, shown), complaint

    return converter


def _any_strings(vr: str, raw: bytes, rule: Rule, charset: Charset) -> tuple[bytes, str]:
    decoded, whole = charset.decode(raw, vr)
    values = [decoded] if vr in _SINGLE else decoded.split("\\")
    values = [_stripped(vr, value) for value in values]
    if not any(values):
        return _nulls(values), ""
    shown = [_name(value) if vr == "PN" else value or None for value in values]
    found = "" if whole else "has bytes without a meaning in its character set"
    return orjson.dumps(shown), found or _first_complaint(vr, values, rule)


def _nulls(values: Sequence[str]) -> bytes:
    """Values that are all empty: as many nulls, or nothing for a single one."""
    return orjson.dumps([None] * len(values)) if len(values) > 1 else b""


def _stripped(vr: str, value: str) -> str:
    """Without the pads; leading spaces are kept where they may be meant (PS3.5 6.2)."""
    value = value.rstrip(" \0")
    return value if vr in _PADDED_LEFT else value.lstrip(" ")


def _first_complaint(vr: str, values: list[str], rule: Rule) -> str:
    if vr == "PN":
        if any(value.count("=") > 2 for value in values):
            return "has more than three component groups"
        values = [group for value in values for group in value.split("=")]
    return next((found for value in values if value and (found := complaint(rule, value))), "")


def _name(value: str) -> dict[str, str] | None:
    """The component groups of a person name that are there (PS3.18 F.2.2)."""
    groups = (group.rstrip(" ") for group in value.split("="))
    return {word: group for word, group in zip(_WORDS, groups, strict=False) if group} or None


def _number_strings(vr: str, rule: Rule) -> Converter:
    """DS and IS: numbers where the text is a clean one, else strings (PS3.18 F.2.3.1)."""
    is_plain = (_JSON_DECIMALS if vr == "DS" else _JSON_INTEGERS).fullmatch
    form = b'{"vr":"%b","Value":[%%b]}' % vr.encode()
    show = _decimal if vr == "DS" else _integer

    def converter(raw: bytes, charset: Charset) -> tuple[bytes, str]:
        text = raw.strip(b" \0")
        if is_plain(text):
            return form % text.replace(b"\\", b","), ""
        values = [value.strip(" \0") for value in text.decode("ascii", "replace").split("\\")]
        if not any(values):
            return _value(vr, _nulls(values)), ""
        odd = {value: show(value) for value in values if not is_plain(value.encode())}
        shown = b",".join([odd.get(value) or value.encode() for value in values])
        return form % shown, _first_complaint(vr, [*odd], rule)

    return converter


def _decimal(text: str) -> bytes:
    if not text:
        return b"null"
    try:
        number = float(text) if _DECIMAL.fullmatch(text) else None
        exact = number is not None and isfinite(number) and Decimal(text) == Decimal(repr(number))
    except (InvalidOperation, ValueError):
        exact = False
    if not exact:
        return orjson.dumps(text)
    return text.encode() if _JSON_LITERAL.fullmatch(text) else repr(number).encode()


def _integer(text: str) -> bytes:
    if not text:
        return b"null"
    if re.fullmatch("-?[0-9]{1,12}", text) and -(2**31) <= int(text) < 2**31:
        return b"%d" % int(text)
    return orjson.dumps(text)


def _numbers(vr: str, letter: str, size: int) -> Converter:
    single = struct.Struct(f"<{letter}").unpack
    form = b'{"vr":"%b","Value":[%%d]}' % vr.encode()
    is_odd = letter in "fdqQ"

    def converter(raw: bytes, charset: Charset) -> tuple[bytes, str]:
        if len(raw) == size and not is_odd:
            return form % single(raw), ""
        count, rest = divmod(len(raw), size)
        values: Sequence[object] = struct.unpack_from(f"<{count}{letter}", raw)
        if is_odd:
            values = [_readable(value) for value in values]
        found = f"has a length that is no multiple of {size}" if rest else ""
        return _value(vr, orjson.dumps(values) if count else b""), found

    return converter


def _readable(value: object) -> object:
    """Numbers that JSON, or JavaScript, cannot hold, as strings."""
    if isinstance(value, float):
        if isfinite(value):
            return value
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return str(value) if isinstance(value, int) and abs(value) > _SAFE_INTEGER else value


def _tags(raw: bytes, charset: Charset) -> tuple[bytes, str]:
    count, rest = divmod(len(raw), 4)
    words = struct.unpack_from(f"<{count * 2}H", raw)
    tags = [f"{group:04X}{element:04X}" for group, element in zip(*[iter(words)] * 2, strict=True)]
    found = "has a length that is no multiple of 4" if rest else ""
    return _value("AT", orjson.dumps(tags) if tags else b""), found


def _binary(vr: str) -> Converter:
    form = b'{"vr":"%b","InlineBinary":"%%b"}' % vr.encode()
    unit = UNITS.get(vr, 1)

    def converter(raw: bytes, charset: Charset) -> tuple[bytes, str]:
        found = f"has a length that is no multiple of {unit}" if len(raw) % unit else ""
        return form % b64encode(raw), found

    return converter


CONVERTERS: dict[str, Converter] = {
    **{vr: _strings(vr, rule) for vr, rule in RULES.items()},
    **{vr: _number_strings(vr, RULES[vr]) for vr in ("DS", "IS")},
    **{vr: _numbers(vr, *form) for vr, form in _NUMBERS.items()},
    **{vr: _binary(vr) for vr in ("OB", "OD", "OF", "OL", "OV", "OW", "UN")},
    "AT": _tags,
}
