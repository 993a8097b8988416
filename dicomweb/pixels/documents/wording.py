"""Values as a person writes them: names, dates, times, ages, codes, UIDs, numbers."""

import re
from typing import Any

from dicomweb.pixels.attributes import Metadata, items, text, value, values
from dicomweb.pixels.documents.page import Line, Phrase, listed

_DATE = re.compile(r"(\d{4})[.\-]?(\d{2})?[.\-]?(\d{2})?", re.ASCII)
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?", re.ASCII)
_MOMENT = re.compile(r"(\d{4,8})(\d{2,6}(?:\.\d{1,6})?)?([+\-]\d{4})?", re.ASCII)
_AGE = re.compile(r"(\d{3})([DWMY])", re.ASCII)
_AGES = {"D": "day", "W": "week", "M": "month", "Y": "year"}
_SEX = {"M": "male", "F": "female", "O": "other"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def person(found: Any) -> str:
    """`Prefix Family, Given Middle, Suffix`, the other writings of the name in brackets."""
    groups = found if isinstance(found, dict) else {"Alphabetic": found}
    written = [_name(str(groups[key])) for key in _GROUPS if groups.get(key)]
    written = [name for name in dict.fromkeys(written) if name]
    if not written:
        return ""
    return written[0] if len(written) == 1 else f"{written[0]} ({', '.join(written[1:])})"


def _name(group: str) -> str:
    family, given, middle, prefix, suffix = (
        part.strip() for part in [*group.split("^"), "", "", "", ""][:5]
    )
    called = " ".join(filter(None, (given, middle)))
    return ", ".join(filter(None, (" ".join(filter(None, (prefix, family))), called, suffix)))


def date(found: str) -> str:
    """`2024-02-29`, or as much of it as is there; what is no date stays as it is."""
    match = _DATE.fullmatch(found.strip())
    return "-".join(filter(None, match.groups())) if match else found


def time(found: str) -> str:
    """`23:59:59.5`, or as much of it as is there."""
    match = _TIME.fullmatch(found.strip())
    if not match:
        return found
    *clock, fraction = match.groups()
    fraction = (fraction or "").rstrip("0")
    return ":".join(filter(None, clock)) + (f".{fraction}" if fraction else "")


def moment(found: str) -> str:
    """A DT: date, time and offset from UTC."""
    match = _MOMENT.fullmatch(found.strip())
    if not match:
        return found
    day, clock, zone = match.groups()
    parts = (date(day), time(clock or ""), f"{zone[:3]}:{zone[3:]}" if zone else "")
    return " ".join(filter(None, parts))


def when(metadata: Metadata, date_tag: str, time_tag: str) -> str:
    return " ".join(filter(None, (date(text(metadata, date_tag)), time(text(metadata, time_tag)))))


def age(found: str) -> str:
    match = _AGE.fullmatch(found.strip())
    if not match:
        return found
    count, unit = int(match[1]), _AGES[match[2]]
    return f"{count} {unit}{'' if count == 1 else 's'}"


def sex(found: str) -> str:
    return _SEX.get(found.upper(), found)


def figure(found: Any) -> str:
    """A number as it was written, or the string that stands for one."""
    return repr(found) if isinstance(found, float) else str(found).strip()


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def code_of(item: Metadata) -> str:
    """Code Value, or its Long or URN form (PS3.3 8.1)."""
    return next(filter(None, (text(item, tag) for tag in ("00080100", "00080119", "00080120"))), "")


def meaning(item: Metadata) -> str:
    return text(item, "00080104") or code_of(item)


def coded(item: Metadata) -> Phrase:
    """The meaning of a code; the code itself is its hint."""
    return Phrase(meaning(item), scheme_of(item))


def scheme_of(item: Metadata) -> str:
    """`113076, DCM` or `113076, DCM 01`."""
    scheme = " ".join(filter(None, (text(item, "00080102"), text(item, "00080103"))))
    return ", ".join(filter(None, (code_of(item), scheme)))


def codes(metadata: Metadata, sequence: str) -> Line:
    """The meanings of all codes of a sequence, with commas between them."""
    return listed([coded(item) for item in items(metadata, sequence) if meaning(item)])


def texts(metadata: Metadata, tag: str, most: int = 16) -> str:
    """All values of an attribute, with commas."""
    found = [words(each) for each in values(metadata, tag) if each is not None]
    more = f", and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def words(found: Any) -> str:
    """One value of any VR but a sequence."""
    if isinstance(found, dict):
        return person(found)
    return figure(found) if isinstance(found, (int, float)) else str(found).strip(" \0")


def name_at(metadata: Metadata, tag: str) -> str:
    return person(value(metadata, tag))


def uid_name(uid: str) -> str:
    """What PS3.6 calls a UID; the UID itself where it does not know it."""
    from pydicom.config import IGNORE
    from pydicom.uid import UID

    return UID(uid, validation_mode=IGNORE).name.replace(" (Retired)", "")


def class_name(uid: str) -> str:
    """`CT Image` of a SOP class, `object` where there is none."""
    return uid_name(uid).removesuffix(" Storage") if uid else "object"
