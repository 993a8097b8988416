"""Dates and times as spans from a first to a last moment, in strings that sort (PS3.5 6.2)."""

import re
from calendar import monthrange
from collections.abc import Callable
from functools import lru_cache

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?", re.ASCII)
_INSTANT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d[\d.]*)?([+-]\d{4})?", re.ASCII)
_ZONE = re.compile(r"[+-](0\d|1[0-4])[0-5]\d", re.ASCII)

Span = tuple[str, str]


def is_zone(text: str) -> bool:
    """Whether `text` is an offset from UTC, `+0100`."""
    return _ZONE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def date(text: str) -> str:
    """`YYYYMMDD`, checked to be a day of the calendar; raises ValueError otherwise."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("a date is written YYYYMMDD, a range of dates 20260101-20261231")
    year, month, day = (int(part) for part in found.groups())
    if not (year and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        raise ValueError("there is no such day")
    return text


def times(text: str) -> Span:
    """First and last moment, `HHMMSS.FFFFFF`, of a time as it is written: `18` is an hour."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("a time is written HHMMSS.FFFFFF or its beginning, a range 08-1730")
    hour, minute, second, fraction = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        raise ValueError("there is no such time of day")
    fraction = fraction or ""
    return (
        f"{hour}{minute or '00'}{second or '00'}.{fraction:0<6}",
        f"{hour}{minute or '59'}{second or '59'}.{fraction:9<6}",
    )


def instants(text: str) -> Span:
    """First and last moment of a DT, `YYYYMMDDHHMMSS.FFFFFF`, each with the offset, if any."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("a date time is written YYYYMMDDHHMMSS.FFFFFF+ZZXX or its beginning")
    year, month, day, clock, zone = found.groups()
    zone = zone or ""
    if zone and not is_zone(zone):
        raise ValueError("an offset from UTC is written +0100 or -0530")
    first, last = times(clock) if clock else ("000000.000000", "235959.999999")
    begin = date(f"{year}{month or '01'}{day or '01'}")
    end_month = month or "12"
    end_day = day or f"{monthrange(int(year), int(end_month))[1]:02}"
    return f"{begin}{first}{zone}", f"{year}{end_month}{end_day}{last}{zone}"


def range_of_dates(text: str) -> Span | None:
    """The ends of `a-b`, `a-` or `-b`; None where the text is one date."""
    return _range(text, lambda end: (date(end), date(end)))


def range_of_times(text: str) -> Span | None:
    """The same for times; the last one covers the whole unit that it is written in.

    It may end before it begins: with a range of dates, the ends belong to two days.
    """
    return _range(text, times, may_turn=True)


def range_of_instants(text: str) -> Span | None:
    """The same for date times, whose offsets hold hyphens too.

    A hyphen and four digits at the end of a time are an offset where they can be one.
    """
    if text.count("-") == 1 and len(text.partition("-")[0]) > 8 and is_zone(text[-5:]):
        instants(text)
        return None
    for place, character in enumerate(text):
        if character == "-":
            try:
                return _ends(text[:place], text[place + 1 :], instants)
            except ValueError:
                continue
    instants(text)
    return None


def _range(text: str, spans: Callable[[str], Span], *, may_turn: bool = False) -> Span | None:
    low, hyphen, high = text.partition("-")
    if not hyphen:
        spans(text)
        return None
    return _ends(low, high, spans, may_turn=may_turn)


def _ends(low: str, high: str, spans: Callable[[str], Span], *, may_turn: bool = False) -> Span:
    if not low and not high:
        raise ValueError("a range has at least one end")
    first = spans(low)[0] if low else ""
    last = spans(high)[1] if high else ""
    zoned = len(first) > 21 or len(last) > 21
    if first and last and first > last and not zoned and not may_turn:
        raise ValueError("the range ends before it begins")
    return first, last
