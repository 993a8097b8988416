"""What a value must look like by its VR (PS3.5 Table 6.2-1), and what is said of one that fails."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from dicomweb.part10.header import DOES_NOT_MATCH, Doubt

# Printable, without the quote and the backslash that JSON escapes; in names, without "=" too.
_ASCII_TEXT = rb"(?! )[ !#-\[\]-~]"
_NAME_TEXT = rb"(?! )[ !#-<>-\[\]-~]"
_NO_CONTROLS = r"[^\x00-\x1a\x1c-\x1f\x7f]*"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?"
_ZONE = r"(?:[+-](?:0[0-9]|1[0-4])[0-5][0-9])?"
_DATE = rf"[0-9]{{4}}{_MONTH_DAY}"
_DATE_TIME = (
    r"[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12][0-9]|3[01])"
    rf"(?:{_TIME})?)?)?{_ZONE}"
)
_UID = r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*"
_INTEGER = r"[+-]?[0-9]{1,12}"
_DECIMAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


MAX_DOUBTS = 32
_MAX_PENDING = 10_000


class Doubts:
    """What is wrong with one file, each thing once, and no more than MAX_DOUBTS of them.

    What is wrong with an element is `complain`ed of while that is read, and `taken` when it has
    been: it belongs to the element, and is remembered with it.
    """

    def __init__(self) -> None:
        self._found: dict[Doubt, None] = {}
        self._pending: list[Doubt] = []

    def add(self, sentence: str, reason: int = DOES_NOT_MATCH) -> None:
        """What is wrong with the whole file: it has a place, however many values are wrong."""
        if len(self._found) >= MAX_DOUBTS:
            self._found.popitem()
        self.put([Doubt(reason, sentence)])

    def put(self, doubts: Iterable[Doubt]) -> None:
        for doubt in doubts:
            if len(self._found) < MAX_DOUBTS:
                self._found[doubt] = None

    def all(self) -> tuple[Doubt, ...]:
        return tuple(self._found)

    def complain(self, sentence: str) -> None:
        self.inherit([Doubt(DOES_NOT_MATCH, sentence)])

    def inherit(self, doubts: Iterable[Doubt]) -> None:
        """Doubts of an element that belong to the sequence around it, too."""
        if len(self._pending) < _MAX_PENDING:
            self._pending.extend(doubts)

    @property
    def mark(self) -> int:
        return len(self._pending)

    def taken(self, mark: int) -> tuple[Doubt, ...]:
        """What has been complained of since `mark`, which is then forgotten here."""
        if len(self._pending) == mark:
            return ()
        found = tuple(dict.fromkeys(self._pending[mark:]))[:MAX_DOUBTS]
        del self._pending[mark:]
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values of one VR must be. `plain` knows at a glance most of those that are right."""

    plain: re.Pattern[bytes]
    valid: re.Pattern[str]
    longest: int
    what: str
    check: Callable[[str], bool] | None = None


def _is_calendar_date(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True


def _is_32_bits(text: str) -> bool:
    return -(2**31) <= int(text) < 2**31


def _rule(
    plain: bytes, valid: str, longest: int, what: str, check: Callable[[str], bool] | None = None
) -> Rule:
    return Rule(re.compile(plain), re.compile(valid), longest, what, check)


def _text(longest: int, what: str, valid: str = _NO_CONTROLS) -> Rule:
    size = b"%d" % longest if longest < 2**16 else b""
    return _rule(_ASCII_TEXT + b"{1,%b}" % size, valid, longest, what)


_ANY = r"(?s:.*)"
_UNLIMITED = 2**32

RULES = {
    "AE": _text(16, "an application entity title"),
    "AS": _rule(b"[0-9]{3}[DWMY]", "[0-9]{3}[DWMY]", 4, "an age"),
    "CS": _rule(b"[A-Z0-9_][A-Z0-9_ ]{0,15}", "[A-Z0-9_ ]*", 16, "a code string"),
    "DA": _rule(
        b"[12][0-9]{3}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])",
        _DATE,
        8,
        "a date",
        _is_calendar_date,
    ),
    "DS": _rule(b"(?!)", _DECIMAL, 16, "a decimal number"),
    "DT": _rule(b"(?!)", _DATE_TIME, 26, "a date and time"),
    "IS": _rule(b"(?!)", _INTEGER, 12, "an integer", _is_32_bits),
    "LO": _text(64, "a long string"),
    "LT": _text(10240, "a long text", _ANY),
    "PN": _rule(_NAME_TEXT + b"{1,64}", _NO_CONTROLS, 64, "a person name"),
    "SH": _text(16, "a short string"),
    "ST": _text(1024, "a short text", _ANY),
    "TM": _rule(_TIME.encode(), _TIME, 14, "a time"),
    "UC": _text(_UNLIMITED, "an unlimited string"),
    "UI": _rule(rb"(?=.{1,64}\Z)" + _UID.encode(), _UID, 64, "a UID"),
    "UR": _rule(b"[!#-~]+", r"[!-~]*", _UNLIMITED, "a URI"),
    "UT": _text(_UNLIMITED, "an unlimited text", _ANY),
}


def complaint(rule: Rule, text: str) -> str:
    """Why a value (not empty, pads stripped) breaks its VR, as a phrase; empty when it does not."""
    if not rule.valid.fullmatch(text) or (rule.check and not rule.check(text)):
        return f"is not {rule.what}"
    if len(text) > rule.longest:
        return f"is longer than {rule.longest} characters"
    return ""
