"""Values of DICOM JSON elements as the columns and comparisons of the index want them."""

import re
import time
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from dicomweb.index.tables import NO_NUMBER
from dicomweb.query.spans import date, times

Elements = Mapping[str, bytes]
_NOT_DIGITS = re.compile("[.:-]")
# Combining marks of Latin, Greek and Cyrillic letters; other scripts' marks tell words apart.
_ACCENTS = re.compile("[\u0300-\u036f]")
_SEPARATORS = re.compile(r"[\^=,\s]+")


def element(elements: Elements, tag: str) -> Any:
    """The parsed element of a tag; an empty one where it is absent."""
    found = elements.get(tag)
    if not found:
        return {}
    # The byte that stands for the service root, in URIs of bulk data, is no JSON.
    return orjson.loads(found.replace(b"\x01", b"\\u0001"))


def texts(parsed: Mapping[str, Any]) -> list[str]:
    """The values of an element as text, stripped of padding; empty ones are left out."""
    values = (plain(value) for value in parsed.get("Value") or ())
    return [value for value in values if value]


def plain(value: Any) -> str:
    """One value of a DICOM JSON element as text; of a name, its groups joined by `=`."""
    if isinstance(value, str):
        return value.replace("\0", "").strip(" ")
    if isinstance(value, dict):
        groups = (value.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic"))
        return "=".join(groups).rstrip("=").replace("\0", "")
    return "" if value is None or isinstance(value, list) else str(value)


def text(elements: Elements, tag: str) -> str:
    """The value of an attribute as a column keeps it; several are joined by backslashes."""
    return "\\".join(texts(element(elements, tag)))


def number(elements: Elements, tag: str) -> int:
    """The integer of an IS attribute, NO_NUMBER where there is none."""
    values = element(elements, tag).get("Value")
    value = values[0] if values else None
    try:
        found = int(value) if value is not None else NO_NUMBER
    except (TypeError, ValueError):
        return NO_NUMBER
    return found if -NO_NUMBER <= found < NO_NUMBER else NO_NUMBER


def day(value: str) -> str:
    """`YYYYMMDD` of a stored DA, `YYYY.MM.DD` included; empty where it is no date."""
    try:
        return date(_NOT_DIGITS.sub("", value) if len(value) == 10 else value)
    except ValueError:
        return ""


def clock(value: str) -> str:
    """`HHMMSS.FFFFFF` of a stored TM, `HH:MM:SS` included; empty where it is no time."""
    try:
        return times(value.replace(":", ""))[0]
    except ValueError:
        return ""


def moment(date_: str, time_: str) -> int:
    """Date and time as one number that sorts: YYYYMMDDHHMMSSFFFF; 0 for an unknown date.

    `date_` and `time_` as `day` and `clock` give them; an unknown time counts as midnight.
    """
    if not date_:
        return 0
    hour, _, fraction = (time_ or "000000.0000").partition(".")
    return int(date_ + hour + fraction[:4])


@lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """A name or part of one without case, accents, width or trailing empty components."""
    if name.isascii():
        return name.lower().strip().rstrip("^ ")
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", decomposed))
    return unicodedata.normalize("NFC", bare).strip().rstrip("^ ")


def groups(name: str) -> tuple[str, str, str]:
    """The component groups of a name (see `plain`), folded: alphabetic, ideographic, phonetic."""
    parts = [folded(part) for part in name.split("=")[:3]]
    first, second, third = parts + [""] * (3 - len(parts))
    return first, second, third


def words(name: str) -> tuple[str, ...]:
    """The words of all groups of a name, folded, for fuzzy matching (PS3.4 C.2.2.2.1.1)."""
    return tuple(word for word in _SEPARATORS.split(folded(name)) if word)


def listed(values: list[str]) -> str:
    """Values as a column that can be searched for one of them: `\\CT\\SR\\`; empty for none."""
    return "\\" + "\\".join(values) + "\\" if values else ""


def unlisted(column: str) -> list[str]:
    """The values of such a column."""
    return column[1:-1].split("\\") if column else []


def now() -> int:
    """Microseconds of the clock."""
    return time.time_ns() // 1000
