"""The kinds of matching of PS3.4 C.2.2.2, and which of them a value asks for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unicodedata import category

from dicomweb.query.spans import Span, range_of_dates, range_of_instants, range_of_times
from dicomweb.resources import is_uid

MAX_STARS = 8  # a pattern may cost length ** stars
MAX_UIDS = 1000

# PS3.4 C.2.2.2.4: wildcards are for these; for the others `*` is a character, or wrong.
_WILDCARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_NUMBER_VRS = frozenset(("DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"))
_WORDS = re.compile(r"[^*?^=,\s]")
# Unicode's controls, marks and separators.
_NO_LETTERS = frozenset(("Cc", "Cf", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"))
# Not Python's own idea of a number: no NaN, no underscores, no digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_RANGES: dict[str, Callable[[str], Span | None]] = {
    "DA": range_of_dates,
    "TM": range_of_times,
    "DT": range_of_instants,
}


@dataclass(frozen=True, slots=True)
class Single:
    """Single value matching (PS3.4 C.2.2.2.1), the value as it was sent."""

    value: str


@dataclass(frozen=True, slots=True)
class UidList:
    """List of UID matching (PS3.4 C.2.2.2.2)."""

    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Wild card matching (PS3.4 C.2.2.2.4): `*` is any run of characters, `?` exactly one."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Range:
    """Range matching (PS3.4 C.2.2.2.5), both ends included; an open end is the empty string.

    DA: `YYYYMMDD`; TM: `HHMMSS.FFFFFF`; DT: `YYYYMMDDHHMMSS.FFFFFF`, with `+HHMM` if it was sent.
    """

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Combined:
    """A date and its time asked for as one range (PS3.4 C.2.2.2.5.4).

    `time` is the path of the time; the ends are `YYYYMMDDHHMMSS.FFFFFF` or open.
    """

    time: tuple[str, ...]
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Empty:
    """Empty value matching: the attribute is absent or has no value (PS3.4 C.2.2.2.7)."""


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Fuzzy matching of a person's name (PS3.4 C.2.2.2.1.1)."""

    name: str


@dataclass(frozen=True, slots=True)
class Multiple:
    """Multiple value matching: any of the rules will do (PS3.4 C.2.2.2.8)."""

    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The value for a private attribute, whose VR only a stored instance can tell (`rule_of`)."""

    value: str
    flags: "Flags"


Rule = Single | UidList | Wildcard | Range | Combined | Empty | Fuzzy | Multiple | Unresolved


@dataclass(frozen=True, slots=True)
class Flags:
    """How values are to be read: the three switches of PS3.18 8.3.4."""

    fuzzy: bool = False
    empty: bool = False
    multiple: bool = False


def rule_of(vr: str, value: str, flags: Flags) -> Rule | None:
    """How a value matches, by the VR of its attribute; None for universal matching.

    Raises ValueError with what would be right. A private attribute has no VR (`""`) until an
    instance is at hand: its rule is Unresolved, and `rule_of` is asked again then.
    """
    value = value.strip(" ")
    if flags.empty and value == '""':
        return Empty()
    if not value.strip("*") or (vr == "PN" and _is_nobody(value)):
        return None
    if vr == "":
        return Unresolved(value, flags)
    if vr == "UI":
        return _uids(value)
    if flags.multiple and "\\" in value:
        parts = [part.strip(" ") for part in value.split("\\")]
        universal = any(not part.strip("*") for part in parts)
        return None if universal else Multiple(tuple(_one(vr, part, flags) for part in parts))
    return _one(vr, value, flags)


def either(rules: Sequence[Rule]) -> Rule | None:
    """One rule for several readings of a value, any of which will do; None where there is none."""
    options = tuple(dict.fromkeys(rules))
    return Multiple(options) if len(options) > 1 else next(iter(options), None)


def _is_nobody(name: str) -> bool:
    """A name of separators alone is an empty one (PS3.5 6.2.1); so is one of accents alone."""
    return all(letter in "*^=" or category(letter) in _NO_LETTERS for letter in name)


def _uids(value: str) -> UidList | None:
    """UIDs joined by commas, or by backslashes as in DIMSE."""
    uids = tuple(dict.fromkeys(uid for uid in re.split(r"[,\\]", value) if uid))
    if len(uids) > MAX_UIDS:
        raise ValueError(f"at most {MAX_UIDS} UIDs are matched")
    if not all(is_uid(uid) for uid in uids):
        raise ValueError("UIDs are matched whole, several joined by commas")
    return UidList(uids) if uids else None


def _one(vr: str, value: str, flags: Flags) -> Single | Wildcard | Range | Fuzzy | Multiple:
    """Single value, wild card, range or fuzzy matching; a fuzzy pattern may match either way."""
    ends = _RANGES[vr](value) if vr in _RANGES else None
    if ends:
        return Range(*ends)
    literal = _literal(vr, value)
    if vr != "PN" or not flags.fuzzy or not _WORDS.search(value):
        return literal
    if isinstance(literal, Single):
        return Fuzzy(value)
    return Multiple((literal, Fuzzy(re.sub(r"[*?]", " ", value))))


def _literal(vr: str, value: str) -> Single | Wildcard:
    if vr == "SQ":
        raise ValueError("a sequence is matched by an attribute in it, as in Sequence.Attribute")
    if vr in _NUMBER_VRS:
        _number(value)
    if vr not in _WILDCARD_VRS or not ("*" in value or "?" in value):
        return Single(value)
    pattern = re.sub(r"\*+", "*", value)
    if pattern.count("*") > MAX_STARS:
        raise ValueError(f"at most {MAX_STARS} asterisks are matched")
    return Wildcard(pattern)


def _number(value: str) -> None:
    if not _NUMBER.fullmatch(value):
        raise ValueError("a number is needed")
