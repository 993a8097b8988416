"""Values of a DICOM JSON data set: `attributes.integer(metadata, "00280010")` and its kin."""

import binascii
from collections.abc import Callable, Mapping
from typing import Any

Metadata = Mapping[str, Any]
"""A data set in the DICOM JSON Model (PS3.18 F.2): tag -> {"vr": …, "Value": […]}."""


def values(metadata: Metadata, tag: str) -> list[Any]:
    """All values of an attribute; none when it is absent, empty or bulk data."""
    element = metadata.get(tag)
    if not isinstance(element, dict):
        return []
    found = element.get("Value")
    return found if isinstance(found, list) else []


def value(metadata: Metadata, tag: str, default: Any = None) -> Any:
    """The first value of an attribute, or `default`."""
    found = values(metadata, tag)
    return default if not found or found[0] is None else found[0]


def items(metadata: Metadata, tag: str) -> list[Metadata]:
    """The items of a sequence."""
    return [item for item in values(metadata, tag) if isinstance(item, dict)]


def text(metadata: Metadata, tag: str, default: str = "") -> str:
    """The first value as text without padding."""
    return str(value(metadata, tag, default)).strip(" \0")


def integer(metadata: Metadata, tag: str, default: int | None = None) -> int | None:
    """The first value as an integer; IS may arrive as a string (PS3.18 F.2.3)."""
    found = number(metadata, tag)
    return default if found is None else int(found)


def number(metadata: Metadata, tag: str, default: float | None = None) -> float | None:
    """The first value as a finite number; DS may arrive as a string (PS3.18 F.2.3)."""
    for each in values(metadata, tag):
        found = _number(each)
        if found is not None:
            return found
    return default


def numbers(metadata: Metadata, tag: str) -> list[float]:
    """The values that are finite numbers, or strings that spell one."""
    found = (_number(each) for each in values(metadata, tag))
    return [each for each in found if each is not None]


def binary(metadata: Metadata, tag: str, bulk: Callable[[str], bytes]) -> bytes:
    """The bytes of a value, inline or by its BulkDataURI; empty when it has none, or no base64."""
    element = metadata.get(tag)
    if not isinstance(element, Mapping):
        return b""
    inline, uri = element.get("InlineBinary"), element.get("BulkDataURI")
    if isinstance(inline, str):
        try:
            return binascii.a2b_base64(inline)
        except ValueError:
            return b""
    return bulk(uri) if isinstance(uri, str) else b""


def _number(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None
