"""What no column can tell: rows are matched one by one, by the metadata that is stored.

Any attribute of any instance can be matched, if slowly. The number of data sets that one search may
read is bounded.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from dicomweb.attributes import RANK
from dicomweb.errors import TooLarge
from dicomweb.index.answers import Assembler, Parts, loaded
from dicomweb.index.engines import Engine
from dicomweb.index.matching import matches
from dicomweb.index.terms import Part, joined, translated
from dicomweb.index.values import words
from dicomweb.query import Combined, Empty, Fuzzy, Match, Multiple, Query, Range, Rule, Single
from dicomweb.resources import Level

# Data sets that one search reads before it is refused as too broad (some seconds).
EXAMINED = 20_000
_TIMEZONE = "00080201"
_STUDY_DATE = ("00080020",)
_TIMED = frozenset({"DA", "TM", "DT"})


def split(query: Query, engine: Engine) -> tuple[list[Part], tuple[Match, ...]]:
    """What the database can tell of a query's keys, and the keys that have to be matched slowly.

    A key may stand on both sides: the database then narrows down what is matched slowly.
    """
    parts: list[Part] = []
    slow: list[Match] = []
    for match in query.matches:
        shifted = query.timezone and match.vr in _TIMED and not isinstance(match.rule, Empty)
        told = None if shifted else translated(match, engine)
        parts += told or _narrowing(match, engine)
        if told is None or _overlaps(match.rule):
            slow.append(match)
    # Keys of one sequence match in one item, keys of a lower level in one instance.
    together = {match.path[0] for match in slow if len(match.path) > 1}
    below = any(RANK[match.level] > RANK[query.level] for match in slow)
    return joined(parts, engine), tuple(
        match
        for match in query.matches
        if match in slow
        or match.path[0] in together
        or (below and RANK[match.level] > RANK[query.level])
    )


def _overlaps(rule: Rule) -> bool:
    """Whether words of a fuzzy name could match one and the same word of a stored one."""
    if isinstance(rule, Multiple):
        return any(_overlaps(option) for option in rule.rules)
    if not isinstance(rule, Fuzzy):
        return False
    found = sorted(words(rule.name))
    return any(after.startswith(word) for word, after in pairwise(found))


def _narrowing(match: Match, engine: Engine) -> list[Part]:
    """Study dates that are meant in another zone: a day more on both sides holds them all."""
    rule = match.rule
    if match.path != _STUDY_DATE or not isinstance(rule, Single | Range | Combined):
        return []
    low, high = (rule.value,) * 2 if isinstance(rule, Single) else (rule.low[:8], rule.high[:8])
    wider = Range(low and _moved(low, -1), high and _moved(high, 1))
    return translated(replace(match, rule=wider), engine) or []


def _moved(day: str, days: int) -> str:
    try:
        moved = datetime.strptime(day, "%Y%m%d") + timedelta(days)
    except OverflowError:
        return day
    return moved.strftime("%Y%m%d").zfill(8)


@dataclass(slots=True)
class Residue:
    """The keys of one search that are matched slowly, row by row.

    `members` reads the data sets below a row, for keys of a lower level.
    """

    query: Query
    keys: tuple[Match, ...]
    members: Callable[[Parts], Iterable[bytes]]
    examined: int = 0

    def holds(self, parts: Parts, assembler: Assembler) -> bool:
        """Whether a row matches. Raises TooLarge when the search has read too much."""
        zone = self.query.timezone
        for level in Level:
            keys = [key for key in self.keys if key.level is level]
            if keys and RANK[level] <= RANK[self.query.level]:
                self._count()
                study = assembler.details(parts, Level.STUDY)
                own = {tag: study[tag] for tag in (_TIMEZONE,) if tag in study}
                if not matches({**own, **assembler.details(parts, level)}, keys, zone):
                    return False
        lower = [key for key in self.keys if RANK[key.level] > RANK[self.query.level]]
        return not lower or any(self._member(raw, lower) for raw in self.members(parts))

    def _member(self, raw: bytes, keys: list[Match]) -> bool:
        self._count()
        # Most instances do not have what is sought, which their bytes tell without parsing.
        needed = (x.path[0] for x in keys if not isinstance(x.rule, Empty) and not x.creators[0])
        if any(b'"%b"' % tag.encode() not in raw for tag in needed):
            return False
        return matches(loaded(raw), keys, self.query.timezone)

    def _count(self) -> None:
        self.examined += 1
        if self.examined > EXAMINED:
            raise TooLarge(
                f"The search would read more than {EXAMINED} data sets: narrow it down by date,"
                " patient or study."
            )
