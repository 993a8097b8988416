"""What the file APIs tell of an instance, from its DICOM JSON: a few values, as plain texts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

# One element of DICOM JSON, {"vr": …, "Value": […]}; empty where the data set has none.
Element = Mapping[str, Any]

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_DATE = re.compile("([0-9]{4})[.-]?([0-9]{2})[.-]?([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    """Values as the file spells them, None where it has none; of several, joined by backslashes."""

    patient_name: str | None
    patient_id: str | None
    study_date: str | None
    study_time: str | None
    modality: str | None
    study_description: str | None
    series_description: str | None
    instance_number: str | None
    acquisition_date: str | None
    rows: int | None
    columns: int | None

    def packed(self) -> str:
        return orjson.dumps({name: getattr(self, name) for name in self.__slots__}).decode()

    @classmethod
    def unpacked(cls, text: str) -> "Facts":
        return cls(**orjson.loads(text))


def facts_of(find: Callable[[str], Element]) -> Facts:
    """`find` gives the element of a tag."""
    return Facts(
        patient_name=plain(find("00100010")),
        patient_id=plain(find("00100020")),
        study_date=plain(find("00080020")),
        study_time=plain(find("00080030")),
        modality=plain(find("00080060")),
        study_description=plain(find("00081030")),
        series_description=plain(find("0008103E")),
        instance_number=plain(find("00200013")),
        acquisition_date=_day(plain(find("00080022"))) or _day(plain(find("0008002A"))),
        rows=_number(find("00280010")),
        columns=_number(find("00280011")),
    )


def in_attributes(attributes: Mapping[str, Any]) -> Callable[[str], Element]:
    """For a whole data set, parsed."""
    return lambda tag: attributes.get(tag, {})


def in_elements(elements: Mapping[str, bytes]) -> Callable[[str], Element]:
    """For elements that are not parsed yet."""

    def find(tag: str) -> Element:
        found: Element = orjson.loads(elements.get(tag, b"{}"))
        return found

    return find


def plain(element: Element) -> str | None:
    """The value of an element as one text, None where it is empty or none."""
    values = [person(value) if isinstance(value, dict) else value for value in _values(element)]
    text = "\\".join("" if value is None else str(value) for value in values)
    return text or None


def person(value: Mapping[str, str]) -> str:
    """A name with its component groups as a file spells it (PS3.5 6.2.1)."""
    return "=".join(value.get(group, "") for group in _GROUPS).rstrip("=")


def _values(element: Element) -> list[Any]:
    found: list[Any] = element.get("Value", [])
    return found


def _number(element: Element) -> int | None:
    values = _values(element)
    return values[0] if values and isinstance(values[0], int) else None


def _day(text: str | None) -> str | None:
    """`1996-03-08T00:00:00.000Z` for a date, and for the date of a date and time."""
    found = _DATE.match(text or "")
    return f"{found[1]}-{found[2]}-{found[3]}T00:00:00.000Z" if found else None
