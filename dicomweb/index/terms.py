"""The keys of a search as terms and values: terms make the shape of a statement, values fill it.

What is not known matches universal and empty value matching only. PS3.4 C.2.2.1.2 would have every
value match it, which would put studies without a Patient ID under every patient.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from dicomweb.index.database import padded
from dicomweb.index.engines import Engine
from dicomweb.index.fields import FIELDS, Field, Kind
from dicomweb.index.tables import NO_NUMBER
from dicomweb.index.values import folded, moment, plain, words
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
    Wildcard,
)
from dicomweb.query.spans import times

_NEVER = -(2**62)  # a number that no column holds
_TRIGRAM = 3
_WILD = re.compile("[*?]")


class Term(NamedTuple):
    """One condition without its values: a function of `clauses`, and the field that it is about.

    `size` is the number of its values. `any` and `all` hold other terms. A tuple, for terms are
    hashed and compared at every search.
    """

    rule: str
    path: tuple[str, ...]
    size: int = 1
    options: "tuple[Term, ...]" = ()

    @property
    def field(self) -> Field:
        return FIELDS[self.path]


Part = tuple[Term, tuple[Any, ...]]


def translated(match: Match, engine: Engine) -> list[Part] | None:
    """The terms of one key with their values, all of which have to hold; None where the database
    cannot tell."""
    field = FIELDS.get(match.path)
    if field is None:
        return None
    return _translated(match.path, field, match.rule, engine)


def _translated(
    path: tuple[str, ...], field: Field, rule: Rule, engine: Engine
) -> list[Part] | None:
    if isinstance(rule, Multiple):
        return _any(path, field, rule, engine)
    if isinstance(rule, Empty):
        return _empty(path, field)
    if field.kind in (Kind.DATE, Kind.MOMENT, Kind.TIME):
        return _dated(path, field, rule)
    if isinstance(rule, UidList):
        return _listed(path, field, rule, engine)
    if field.kind is Kind.NUMBER and isinstance(rule, Single):
        return [(Term("equal", path), (_integer(rule.value),))]
    if isinstance(rule, Fuzzy):
        return _fuzzy(path, field, rule, engine)
    fold = folded if field.kind is Kind.NAME else plain
    if isinstance(rule, Single):
        equal = (Term("equal", path), (fold(rule.value),))
        return [equal, *_text(path, field, [rule.value], engine, lead=not field.indexed)]
    return (
        _wildcard(path, field, fold(rule.pattern), engine) if isinstance(rule, Wildcard) else None
    )


def _any(path: tuple[str, ...], field: Field, rule: Multiple, engine: Engine) -> list[Part] | None:
    """Multiple value matching (PS3.4 C.2.2.2.8)."""
    if len(rule.rules) == 1:
        return _translated(path, field, rule.rules[0], engine)
    found = []
    for option in rule.rules:
        parts = _translated(path, field, option, engine)
        if parts is None:
            return None
        found.append(parts)
    shared = _shared_text(found)
    options, values = [], []
    for parts in found:
        own = parts[:-1] if shared else parts
        options.append(own[0][0] if len(own) == 1 else _all(path, own))
        values += [value for _, some in own for value in some]
    return [(Term("any", path, len(values), tuple(options)), tuple(values)), *shared]


def _shared_text(found: list[list[Part]]) -> list[Part]:
    """The text that all options look for, which differ in case alone; none where there is none."""
    texts = {
        str(parts[-1][1][0]).lower() if len(parts) > 1 and parts[-1][0].rule == "text" else ""
        for parts in found
    }
    # Beyond ASCII, spellings may differ for the index that Python finds alike.
    same = len(texts) == 1 and all(text and text.isascii() for text in texts)
    return found[0][-1:] if same else []


def _all(path: tuple[str, ...], parts: Iterable[Part]) -> Term:
    terms = tuple(term for term, _ in parts)
    return Term("all", path, sum(term.size for term in terms), terms)


def _empty(path: tuple[str, ...], field: Field) -> list[Part] | None:
    """Empty value matching (PS3.4 C.2.2.2.7)."""
    if field.kind is Kind.REQUEST:
        return None
    if field.kind in (Kind.NUMBER, Kind.MOMENT):
        nothing = NO_NUMBER if field.kind is Kind.NUMBER else 0
        return [(Term("equal", path), (nothing,))]
    return [(Term("empty", path, 0), ())]


def _dated(path: tuple[str, ...], field: Field, rule: Rule) -> list[Part] | None:
    """Dates and times, single or in ranges (PS3.4 C.2.2.2.5)."""
    if isinstance(rule, Combined):
        return _combined(path, field, rule)
    if isinstance(rule, Single):
        low, high = times(rule.value) if field.kind is Kind.TIME else (rule.value, rule.value)
    elif isinstance(rule, Range):
        low, high = rule.low, rule.high
    else:
        return None
    if field.kind is Kind.MOMENT:
        return [_span(path, low and moment(low, ""), high and moment(high, "235959.999999"), 1)]
    # What is unknown is an empty string, which would be before every date.
    return [_span(path, low, high, "0")]


def _combined(path: tuple[str, ...], field: Field, rule: Combined) -> list[Part] | None:
    """A date and its time as one range (PS3.4 C.2.2.2.5.4), where both have columns."""
    if rule.time not in FIELDS:
        return None
    if field.kind is Kind.MOMENT:
        low, high = (moment(end[:8], end[8:]) if end else "" for end in (rule.low, rule.high))
        return [_span(path, low, high, 1)]
    days = _span(path, rule.low[:8], rule.high[:8], "0")
    term, values = _span(path, rule.low, rule.high, "0")
    return [days, (Term(f"joined_{term.rule}", path, term.size), values)]


def _span(path: tuple[str, ...], low: str | int, high: str | int, least: str | int) -> Part:
    if not high:
        return Term("since", path), (low,)
    return Term("between", path, 2), (low or least, high)


def _listed(path: tuple[str, ...], field: Field, rule: UidList, engine: Engine) -> list[Part]:
    """List of UID matching (PS3.4 C.2.2.2.2)."""
    uids = tuple(padded(rule.uids))
    if field.kind is Kind.LISTED:
        patterns = tuple(engine.pattern(f"*\\{uid}\\*") for uid in uids)
        return [(Term("member", path, len(uids)), patterns)]
    return [(Term("among", path, len(uids)), uids)]


def _fuzzy(path: tuple[str, ...], field: Field, rule: Fuzzy, engine: Engine) -> list[Part]:
    """Every word begins a word of the name, in whatever order (PS3.4 C.2.2.2.1.1)."""
    found = words(rule.name)
    patterns = tuple(engine.pattern(f"* {word}*") for word in found)
    part = (Term("fuzzy", path, len(patterns)), patterns)
    texts = [_search(path, field, [f" {word}"], engine) for word in sorted(found, key=len)]
    return [part, *(text for some in reversed(texts) for text in some)]


def _wildcard(
    path: tuple[str, ...], field: Field, pattern: str, engine: Engine
) -> list[Part] | None:
    """Wild card matching (PS3.4 C.2.2.2.4); what stands before the first wildcard is a prefix."""
    prefix = _WILD.split(pattern, maxsplit=1)[0]
    bounds = (prefix, _after(prefix)) if prefix else ()
    if prefix and prefix + "*" == pattern:
        part: Part = (Term("prefix", path, 2), bounds)
    elif prefix:
        part = (Term("prefix_like", path, 3), (*bounds, engine.pattern(pattern)))
    else:
        part = (Term("like", path), (engine.pattern(pattern),))
    runs = _WILD.split(pattern)
    return [part, *_text(path, field, runs, engine, lead=not (prefix and field.indexed))]


def _text(
    path: tuple[str, ...], field: Field, runs: list[str], engine: Engine, *, lead: bool
) -> list[Part]:
    """A term that finds the runs of a pattern by trigrams, where that is of use."""
    if not lead:
        return []
    if field.kind is Kind.NAME:
        runs = [word for run in runs for word in words(run)]
    return _search(path, field, runs, engine)


def _search(path: tuple[str, ...], field: Field, runs: list[str], engine: Engine) -> list[Part]:
    long = [run for run in runs if len(run) >= _TRIGRAM]
    if not (long and field.searched and engine.has_text):
        return []
    return [(Term("text", path), (engine.text_query(field.columns[-1].name, long),))]


def joined(parts: list[Part], engine: Engine) -> list[Part]:
    """The texts of a search as one term, where one index has all columns: together they find less
    than the best of them."""
    texts = [values[0] for term, values in parts if term.rule == "text"]
    if len(texts) < 2 or not engine.joins_text:
        return parts
    term = next(term for term, _ in parts if term.rule == "text")
    others = [part for part in parts if part[0].rule != "text"]
    return [*others, (term, (" AND ".join(f"({text})" for text in texts),))]


def _after(prefix: str) -> str:
    """The least string behind all that begin with `prefix`; text sorts by code points."""
    last = ord(prefix[-1])
    if last == 0x10FFFF:
        return prefix + "\U0010ffff"
    following = 0xE000 if last + 1 == 0xD800 else last + 1
    return prefix[:-1] + chr(following)


def _integer(value: str) -> int:
    found = float(value)
    whole = found.is_integer() and abs(found) < NO_NUMBER
    return int(found) if whole else _NEVER
