"""Matching of stored DICOM JSON, for all that has no column (PS3.4 C.2.2.2)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from dicomweb.attributes import MOMENTS
from dicomweb.index.values import clock, day, folded, groups, plain, texts, words
from dicomweb.query import (
    Combined,
    Empty,
    Fuzzy,
    Match,
    Multiple,
    Range,
    Rule,
    Single,
    UidList,
    Unresolved,
    Wildcard,
    rule_of,
)
from dicomweb.query.spans import instants, is_zone, times

Dataset = Mapping[str, Any]
_TIMEZONE = "00080201"
_FORMAT = "%Y%m%d%H%M%S.%f"
_NUMBER_VRS = frozenset(("DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"))
_DATES = {time: date for date, time in MOMENTS.items()}
_NOTHING: dict[str, Any] = {}
_NEVER = UidList(())


@dataclass(frozen=True, slots=True)
class Zones:
    """Offsets from UTC: of the request's dates and times, and of the data set's.

    Where the request names none, dates and times are compared as they stand (PS3.4 C.2.2.2.5);
    what has no zone of its own is in the server's.
    """

    asked: str = ""
    stored: str = ""


def matches(dataset: Dataset, keys: Iterable[Match], zone: str = "") -> bool:
    """Whether a data set matches all keys; `zone` is that of the request."""
    stored = _first(dataset, _TIMEZONE)
    return _all(dataset, list(keys), Zones(zone, stored if is_zone(stored) else ""))


def _all(dataset: Dataset, keys: Sequence[Match], zones: Zones) -> bool:
    """The keys that share a sequence have to match in one of its items (PS3.4 C.2.2.2.6)."""
    nested: dict[tuple[str, str], list[Match]] = {}
    for key in keys:
        if len(key.path) == 1:
            if not _one(dataset, key, zones):
                return False
        else:
            inner = replace(key, path=key.path[1:], creators=key.creators[1:], rule=_inner(key))
            nested.setdefault((key.path[0], key.creators[0]), []).append(inner)
    return all(
        _any_item(dataset.get(resolved(dataset, tag, creator)), inner, zones)
        for (tag, creator), inner in nested.items()
    )


def _inner(key: Match) -> Rule:
    return replace(key.rule, time=key.rule.time[1:]) if isinstance(key.rule, Combined) else key.rule


def _any_item(sequence: Dataset | None, keys: list[Match], zones: Zones) -> bool:
    items = (sequence or {}).get("Value") or [{}]
    return any(isinstance(item, dict) and _all(item, keys, zones) for item in items)


def resolved(dataset: Dataset, tag: str, creator: str) -> str:
    """The tag of a private attribute in this data set: its creator may own another block there."""
    if not creator:
        return tag
    group = tag[:4]
    for block in range(0x10, 0x100):
        owner = dataset.get(f"{group}00{block:02X}")
        if owner and creator in texts(owner):
            return f"{group}{block:02X}{tag[6:]}"
    return ""


def _one(dataset: Dataset, key: Match, zones: Zones) -> bool:
    tag = resolved(dataset, key.path[-1], key.creators[-1])
    element = dataset.get(tag, _NOTHING)
    vr = element.get("vr", key.vr)
    rule = key.rule
    if isinstance(rule, Unresolved):
        rule = _resolve(vr, rule)
    if isinstance(rule, Empty):
        return is_empty(element)
    if isinstance(rule, Combined):
        return _within(dataset, tag, rule, zones)
    if isinstance(rule, Multiple):
        return any(_one(dataset, replace(key, rule=option), zones) for option in rule.rules)
    if zones.asked and vr in ("DA", "TM") and isinstance(rule, Single | Range):
        return _shifted(dataset, tag, vr, rule, zones)
    # Of several stored values one has to match (PS3.4 C.2.2.3).
    return any(_value(vr, value, rule, zones) for value in element.get("Value") or ())


def is_empty(element: Dataset) -> bool:
    """Whether an element has no value (PS3.4 C.2.2.2.7)."""
    if "BulkDataURI" in element or "InlineBinary" in element:
        return False
    values = element.get("Value") or ()
    return not values or (element.get("vr") != "SQ" and not any(map(plain, values)))


def _first(dataset: Dataset, tag: str) -> str:
    return "".join(texts(dataset.get(tag, _NOTHING))[:1])


@lru_cache(maxsize=1024)
def _resolve(vr: str, rule: Unresolved) -> Rule:
    """How a private key matches values of this VR; a value that cannot be one matches nothing."""
    try:
        return rule_of(vr, rule.value, rule.flags) or _NEVER
    except ValueError:
        return _NEVER


def _value(vr: str, value: Any, rule: Rule, zones: Zones) -> bool:
    if vr == "PN":
        return _name(plain(value), rule)
    text = plain(value)
    if not text:
        return False
    if isinstance(rule, UidList):
        return text in rule.uids
    if isinstance(rule, Wildcard):
        return bool(_pattern(rule.pattern).fullmatch(text))
    if vr == "DT":
        return _instant(text, rule, zones)
    if vr in ("DA", "TM"):
        return _date_or_time(vr, text, rule)
    if not isinstance(rule, Single):
        return False
    if vr in _NUMBER_VRS:
        return _number(text) == _number(rule.value)
    if vr == "AT":
        return text.upper() == rule.value.upper()
    return text == rule.value


def _name(name: str, rule: Rule) -> bool:
    """Names match by any component group, whatever the case and the accents (PS3.4 C.2.2.2.1)."""
    if isinstance(rule, Fuzzy):
        return _fuzzy(list(words(rule.name)), list(words(name)))
    found = [group for group in groups(name) if group]
    if isinstance(rule, Single):
        return folded(rule.value) in found
    if isinstance(rule, Wildcard):
        pattern = _pattern(folded(rule.pattern))
        return any(pattern.fullmatch(group) for group in found)
    return False


def _fuzzy(asked: list[str], stored: list[str]) -> bool:
    """Each word that was asked for begins another word of the name (PS3.4 C.2.2.2.1.1)."""
    if not asked:
        return True
    first, rest = asked[0], asked[1:]
    return any(
        word.startswith(first) and _fuzzy(rest, stored[:place] + stored[place + 1 :])
        for place, word in enumerate(stored)
    )


@lru_cache(maxsize=1024)
def _pattern(wildcard: str) -> re.Pattern[str]:
    """Wild card matching (PS3.4 C.2.2.2.4)."""
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split("([*?])", wildcard)
    )
    return re.compile("".join(parts), re.DOTALL)


def _date_or_time(vr: str, text: str, rule: Rule) -> bool:
    found = day(text) if vr == "DA" else clock(text)
    if not found:
        return False
    low, high = _ends(vr, rule)
    return (not low or low <= found) and (not high or found <= high)


def _ends(vr: str, rule: Rule) -> tuple[str, str]:
    """The first and last moment that a rule allows."""
    if isinstance(rule, Range):
        return rule.low, rule.high
    if not isinstance(rule, Single):
        return "~", ""  # behind every date
    if vr == "DA":
        return rule.value, rule.value
    return times(rule.value) if vr == "TM" else instants(rule.value)


def _within(dataset: Dataset, tag: str, rule: Combined, zones: Zones) -> bool:
    """A date and its time in one range (PS3.4 C.2.2.2.5.4); an unknown time is midnight."""
    found = _moment(dataset, tag, rule.time[-1])
    if not found:
        return False
    low, high = rule.low, rule.high
    if zones.asked:
        found = _utc(found, zones.stored)
        low, high = (_utc(end, zones.asked) if end else "" for end in (low, high))
    return (not low or low <= found) and (not high or found <= high)


def _shifted(dataset: Dataset, tag: str, vr: str, rule: Rule, zones: Zones) -> bool:
    """A date or a time that the request means in its own zone (PS3.18 8.3.4.1.2)."""
    date_tag = tag if vr == "DA" else _DATES.get(tag, "")
    time_tag = MOMENTS.get(tag, "") if vr == "DA" else tag
    found = _moment(dataset, date_tag, time_tag)
    if not found and vr == "TM":
        # A time without a date turns round the clock: any day will do.
        hours = clock(_first(dataset, time_tag))
        found = "20000102" + hours if hours else ""
    if not found:
        return False
    there = _utc(found, zones.stored, to=zones.asked)
    return _date_or_time(vr, there[:8] if vr == "DA" else there[8:], rule)


def _moment(dataset: Dataset, date_tag: str, time_tag: str) -> str:
    """The moment that a date and a time tell together; empty without a date."""
    begin = day(_first(dataset, date_tag))
    return begin + (clock(_first(dataset, time_tag)) or "000000.000000") if begin else ""


def _instant(text: str, rule: Rule, zones: Zones) -> bool:
    """A DT, which may carry its own zone; without any, all are in the server's."""
    try:
        first, _ = instants(text)
    except ValueError:
        return False
    found = _utc(first[:21], first[21:] or zones.stored)
    low, high = _ends("DT", rule)
    low, high = (_utc(end[:21], end[21:] or zones.asked) if end else "" for end in (low, high))
    return (not low or low <= found) and (not high or found <= high)


def _utc(moment: str, zone: str, to: str = "+0000") -> str:
    """A moment `YYYYMMDDHHMMSS.FFFFFF` of one zone in another; of no zone: in the server's."""
    leap = moment[12:14] == "60"
    try:
        read = datetime.strptime(moment[:12] + "59" + moment[14:] if leap else moment, _FORMAT)
        there = read.replace(tzinfo=_offset(zone)) if zone else read.astimezone()
        return there.astimezone(_offset(to)).strftime("%Y%m%d%H%M%S.%f").zfill(21)
    except (OverflowError, ValueError):
        return moment


@lru_cache(maxsize=64)
def _offset(zone: str) -> timezone:
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
