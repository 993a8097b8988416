"""DICOM values as people read them: names, dates, ages, sizes. Unknown is an em dash."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

UNKNOWN = "—"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AGES = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
SEXES = {"F": "female", "M": "male", "O": "other"}

Dataset = Mapping[str, Any]


def value(dataset: Dataset, tag: str) -> Any:
    """The first value of an attribute; None where it has none."""
    values = dataset.get(tag, {}).get("Value") or [None]
    return values[0]


def text(dataset: Dataset, tag: str) -> str:
    """The same as text, empty where there is none."""
    found = value(dataset, tag)
    return "" if found is None else str(found).strip()


def texts(dataset: Dataset, tag: str) -> list[str]:
    """All values of an attribute as text."""
    return [str(each) for each in dataset.get(tag, {}).get("Value") or () if each is not None]


def name(dataset: Dataset, tag: str) -> str:
    """A person's name as `Family, Given Middle, Prefix`; in the script that it was written in.

    Where it has an ideographic group beside an alphabetic one, that follows in parentheses.
    """
    found = value(dataset, tag)
    if isinstance(found, str):
        found = {"Alphabetic": found}
    if not isinstance(found, Mapping):
        return ""
    return person("=".join(str(found.get(key) or "") for key in ("Alphabetic", "Ideographic")))


def person(written: str) -> str:
    """The same of a name as PS3.5 6.2.1 spells it: `Family^Given=Ideographic=Phonetic`."""
    groups = [_group(group) for group in written.split("=")[:2]]
    first, *others = [group for group in groups if group] or [""]
    return f"{first} ({others[0]})" if others else first


def _group(group: str) -> str:
    family, given, middle, prefix, suffix = (
        part.strip() for part in (group + "^^^^").split("^")[:5]
    )
    forenames = " ".join(filter(None, (given, middle)))
    return ", ".join(filter(None, (family, forenames, prefix, suffix)))


def day(found: str) -> date | None:
    """The day of a DA; None for what is none."""
    digits = found.replace(".", "")[:8]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def written(found: date | None) -> str:
    """`21 Nov 2026`."""
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}" if found else ""


def iso_day(found: str | None) -> date | None:
    """The day of `2026-11-21`, or of a time that begins so; None for what is none."""
    try:
        return date.fromisoformat((found or "")[:10])
    except ValueError:
        return None


def distance(found: date | None, today: date) -> str:
    """`today`, `tomorrow`, `in 3 days`, `2 days ago`; empty for what is far away."""
    days = (found - today).days if found else 1000
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if days in near:
        return near[days]
    if abs(days) > 60:
        return ""
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def dated(dataset: Dataset, tag: str) -> str:
    """A DA as `21 Nov 2026`; as it is where it is no date."""
    raw = text(dataset, tag)
    return written(day(raw)) or raw


def timed(dataset: Dataset, tag: str) -> str:
    """A TM as `14:05`."""
    digits = text(dataset, tag).replace(":", "")
    return f"{digits[:2]}:{digits[2:4]}" if digits[:4].isdigit() and len(digits) >= 4 else ""


def age(dataset: Dataset) -> str:
    """The age at the study, `66 y`: computed from both dates, else as the file says it."""
    born, then = day(text(dataset, "00100030")), day(text(dataset, "00080020"))
    if born and then and born <= then:
        years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
        if years >= 2:
            return f"{years} years"
        days = (then - born).days
        return f"{days // 30} months" if days >= 60 else f"{days} days"
    raw = text(dataset, "00101010")
    if len(raw) == 4 and raw[:3].isdigit() and raw[3] in _AGES and int(raw[:3]):
        return f"{int(raw[:3])} {_AGES[raw[3]]}"
    return ""


def sex(dataset: Dataset) -> str:
    raw = text(dataset, "00100040")
    return SEXES.get(raw, raw)


def size(count: int) -> str:
    """Bytes as `1.2 GB` (10^9)."""
    number = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return (
                f"{number:.0f} {unit}"
                if unit == "bytes" or number >= 10
                else f"{number:.1f} {unit}"
            )
        number /= 1000
    return f"{number:.1f} TB"


def number(count: int) -> str:
    """`12,345`."""
    return f"{count:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 image`, `2 images`, `3 series`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def moment(found: str | datetime | None) -> str:
    """An ISO time, or a UTC datetime, as `21 Nov 2026, 14:05 UTC`."""
    if not found:
        return ""
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            return str(found)
    if found.tzinfo is not None:
        found = found.astimezone(UTC)
    return f"{written(found.date())}, {found:%H:%M} UTC"
