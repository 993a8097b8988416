"""Match keys and `includefield` of a search (PS3.18 8.3.4.1, 8.3.4.3)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dicomweb.attributes import MOMENTS, RANK, Attribute, by_keyword, by_tag, is_private, level_of
from dicomweb.errors import BadRequest
from dicomweb.query.rules import Combined, Flags, Range, Rule, either, rule_of
from dicomweb.query.spans import is_zone
from dicomweb.query.words import Asked, Match, Query
from dicomweb.resources import Level

MAX_VALUE_LENGTH = 1024
MAX_WARNINGS = 10

_MODALITY, _MODALITIES = "00080060", "00080061"
# Taken as lists always: OHIF sends `ModalitiesInStudy=CT,MR`, older clients `CT\MR`.
_LISTED = frozenset({_MODALITY, _MODALITIES})
_TIMEZONE, _CHARSET = "00080201", "00080005"
# Values of these may hold spaces; of the empty one, a private attribute's, nobody knows.
_WITH_SPACES = frozenset(("", "AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_BINARY_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_TAG = re.compile("[0-9A-Fa-f]{8}", re.ASCII)
_NAME = "([0-9A-Fa-f]{8}|[A-Z][A-Za-z0-9]*)"
_PATH = re.compile(rf"{_NAME}(\.{_NAME})*", re.ASCII)
# What is told of results and stands in no data set: there is nothing to match.
_TOLD = frozenset(["00080063", "00081190", "00201200", "00201202", "00201204"])
_SYNTAXES = "00083002"
_Path = tuple[Attribute, ...]


class Sent(NamedTuple):
    """The value of a key, and what it is where a `+` stands for a space, as in HTML forms."""

    value: str
    as_form: str


def _groups(name: Sent) -> list[Sent]:
    """The component groups of a whole name, `Yamada^Tarou=山田^太郎`: each has to match."""
    if "\\" in name.value or not 0 < name.value.count("=") < 3:
        return [name]
    return [Sent(*each) for each in zip(*(one.split("=") for one in name), strict=True)]


def shown(name: str) -> str:
    """A parameter's name where it may stand in a sentence and a header, or a stand-in."""
    return name if len(name) <= 100 and re.fullmatch(r"[\w.-]+", name, re.ASCII) else "A parameter"


def twice(name: str) -> BadRequest:
    return BadRequest(f"{shown(name)} was sent twice: each key stands once (PS3.18 8.3.4.1).")


@lru_cache(maxsize=4096)
def attributes_of(name: str) -> tuple[Attribute, ...] | None:
    """The attributes of a dotted path of tags and keywords; None where one of them is unknown.

    A private attribute has neither keyword nor VR. Raises BadRequest where the path leads through
    an attribute that is not a sequence.
    """
    if not _PATH.fullmatch(name):
        return None
    found = []
    for part in name.split("."):
        if _TAG.fullmatch(part):
            tag = part.upper()
            attribute = Attribute(tag, "", "") if is_private(tag) else by_tag(tag)
        else:
            attribute = by_keyword(part)
        if attribute is None:
            return None
        found.append(attribute)
    if any(attribute.vr not in ("SQ", "") for attribute in found[:-1]):
        raise BadRequest(f"{shown(name)} leads through an attribute that is not a sequence.")
    return tuple(found)


def read(query: Query, flags: Flags, keys: dict[str, Sent], included: list[str]) -> Query:
    """`query` with the keys and included fields of a URL."""
    reader = _Reader(query.level, flags)
    found = reader.resolve(keys)
    _, sent, name = found.pop((_TIMEZONE,), ((), Sent("", ""), ""))
    zone = sent.value.strip(" *")
    if zone and not is_zone(zone):
        raise BadRequest(f"{shown(name)}: an offset from UTC is written +0100 or -0530.")
    found.pop((_CHARSET,), None)  # never matched (PS3.4 C.2.2.2)
    # A creator sent for a private attribute names its owner; the block number may be another one.
    spent = {
        _place_of_creator(path[:end])
        for path in found
        for end in range(1, len(path) + 1)
        if is_private(path[end - 1]) and not _is_creator(path[end - 1])
    }
    for path, (attributes, sent, name) in found.items():
        if path not in spent:
            reader.match(attributes, sent, name)
    for name in included:
        if name not in ("", "all"):
            reader.include(name)
    return replace(
        query,
        matches=tuple(_combined(reader.matches)),
        asked=tuple(reader.asked.values()),
        everything="all" in included,
        timezone=zone,
        warnings=tuple(reader.warnings[:MAX_WARNINGS]),
    )


class _Reader:
    """Gathers what the keys of one URL ask for."""

    def __init__(self, level: Level, flags: Flags) -> None:
        self.level = level
        self.flags = flags
        self.matches: list[Match] = []
        self.asked: dict[str, Asked] = {}
        self.creators: dict[tuple[str, ...], str] = {}
        self.warnings: list[str] = []

    def resolve(self, keys: dict[str, Sent]) -> dict[tuple[str, ...], tuple[_Path, Sent, str]]:
        """Path of tags → (attributes, value, name as it was sent); private creators are noted."""
        found: dict[tuple[str, ...], tuple[_Path, Sent, str]] = {}
        for name, sent in keys.items():
            attributes = attributes_of(name)
            if attributes is None:
                self.warnings.append(f"{shown(name)} is not known here and was ignored.")
                continue
            path = tuple(attribute.tag for attribute in attributes)
            if path in found:
                raise twice(name)
            found[path] = attributes, sent, name
            if _is_creator(path[-1]):
                self.creators[path] = sent.as_form.strip(" ")
        return found

    def match(self, attributes: _Path, sent: Sent, name: str) -> None:
        path = tuple(attribute.tag for attribute in attributes)
        vr = attributes[-1].vr or ("LO" if _is_creator(path[-1]) else "")
        creators = tuple(self.creator(path[: end + 1], name) for end in range(len(path)))
        if self.level is Level.STUDY and path == (_MODALITY,):
            self.warnings.append("Modality was matched as ModalitiesInStudy.")
            path = (_MODALITIES,)
        self.ask(path[0], attributes[0].vr, creators[0])
        if vr in _BINARY_VRS:
            self.warnings.append(f"{shown(name)} holds binary values, which are not matched.")
            return
        groups = _groups(sent) if vr == "PN" and not self.flags.fuzzy else [sent]
        found = [self.rule(vr, each, name, listed=path[0] in _LISTED) for each in groups]
        rules = [rule for rule in found if rule is not None]
        if not rules:
            return
        if path[0] in _TOLD or (path[0] == _SYNTAXES and self.level is not Level.INSTANCE):
            self.warnings.append(f"{shown(name)} is not matched here and was ignored.")
            return
        self.matches += (Match(path, vr, rule, creators) for rule in rules)
        if RANK[level_of(path[0])] > RANK[self.level]:
            self.warnings.append(
                f"{shown(name)} belongs to a lower level than the results:"
                " those are given that hold at least one match."
            )

    def rule(self, vr: str, sent: Sent, name: str, *, listed: bool) -> Rule | None:
        """How the value matches; read both ways where a `+` in a text may be meant as a space.

        Python's dicomweb-client and requests, Java and browsers' forms send `Doe+John`.
        """
        flags = replace(self.flags, multiple=True) if listed else self.flags
        rules: list[Rule] = []
        for value in dict.fromkeys(sent if vr in _WITH_SPACES else sent[:1]):
            if len(value) > MAX_VALUE_LENGTH and vr != "UI":
                raise BadRequest(f"{shown(name)} has more than {MAX_VALUE_LENGTH} characters.")
            try:
                rule = rule_of(vr, value.replace(",", "\\") if listed else value, flags)
            except ValueError as problem:
                raise BadRequest(f"{shown(name)}: {problem}.") from None
            if rule is not None:
                rules.append(rule)
        return either(rules)

    def creator(self, path: tuple[str, ...], name: str) -> str:
        """The private creator that a private attribute was sent with (PS3.18 8.3.4.1)."""
        if not is_private(path[-1]) or _is_creator(path[-1]):
            return ""
        place = _place_of_creator(path)
        creator = self.creators.get(place, "")
        if not creator:
            wanted = ".".join(place)
            raise BadRequest(f"{shown(name)} is private: send its creator too, as {wanted}=NAME.")
        return creator

    def include(self, name: str) -> None:
        attributes = attributes_of(name)
        if attributes is None:
            self.warnings.append(f"includefield {shown(name)} is not known here and was ignored.")
            return
        tag = attributes[0].tag
        self.ask(tag, attributes[0].vr, self.creator((tag,), name))

    def ask(self, tag: str, vr: str, creator: str) -> None:
        """Only what stands at the level of the results or above it is returned (8.3.4.3)."""
        if RANK[level_of(tag)] <= RANK[self.level]:
            self.asked[tag] = Asked(tag, vr, creator)


def _is_creator(tag: str) -> bool:
    return is_private(tag) and tag[4:6] == "00" and tag[6:] >= "10"


def _place_of_creator(path: tuple[str, ...]) -> tuple[str, ...]:
    """(gggg,00xx) reserves the block (gggg,xx00-xxFF) beside it (PS3.5 7.8.1)."""
    return *path[:-1], f"{path[-1][:4]}00{path[-1][4:6]}"


def _combined(matches: list[Match]) -> Iterator[Match]:
    """The keys; where a date and its time ask for ranges of one form, one range for both.

    PS3.18 8.3.4.1.1, PS3.4 C.2.2.2.5.4: from the first day's time to the last day's time.
    """
    ranges = {match.path: match.rule for match in matches if isinstance(match.rule, Range)}
    joined = {}
    for path, days in ranges.items():
        time = (*path[:-1], MOMENTS.get(path[-1], ""))
        hours = ranges.get(time)
        if hours and (not days.low, not days.high) == (not hours.low, not hours.high):
            joined[path] = Combined(time, days.low + hours.low, days.high + hours.high)
    times = {rule.time for rule in joined.values()}
    for match in matches:
        if match.path in joined:
            yield replace(match, rule=joined[match.path])
        elif match.path not in times:
            _refuse_midnight(match)
            yield match


def _refuse_midnight(match: Match) -> None:
    """A range of times alone lies within one day (PS3.4 C.2.2.2.5.2)."""
    rule = match.rule
    if match.vr == "TM" and isinstance(rule, Range) and rule.low > rule.high > "":
        attribute = by_tag(match.path[-1])
        name = attribute.keyword if attribute else match.path[-1]
        raise BadRequest(f"{name}: the range ends before it begins.")
