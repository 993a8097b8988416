"""A search as a value: its keys, what it returns, in which order (PS3.18 8.3.4)."""

from dataclasses import dataclass

from dicomweb.attributes import level_of
from dicomweb.query.rules import Rule
from dicomweb.resources import Level, Resource

MAX_RESULTS = 10_000  # a list is whole up to here (contract.md)
_EVERYWHERE = Resource()


@dataclass(frozen=True, slots=True)
class Match:
    """One key: the path of tags (all but the last are sequences), the VR of the last, the rule.

    `creators` has one entry for each tag of the path: the private creator, or the empty string.
    """

    path: tuple[str, ...]
    vr: str
    rule: Rule
    creators: tuple[str, ...]

    @property
    def level(self) -> Level:
        return level_of(self.path[0])


@dataclass(frozen=True, slots=True)
class Asked:
    """A top-level attribute that the results shall carry; `creator` for a private one."""

    tag: str
    vr: str
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order of the results: an addition of ours, PS3.18 has no sort parameter."""

    tag: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A search for `level` resources `within` a study or series (or everywhere).

    `asked` holds the keys that were matched and `includefield`; what the tables of PS3.18 10.6.3
    return anyway may stand there too. `timezone` is that of the request's dates and times, `+HHMM`
    or empty. `warnings` are sentences for `Warning: 299`. `limited`: who asks may know of no other
    study than those that the keys let through, so that nothing is told of a patient's others.
    """

    level: Level
    within: Resource = _EVERYWHERE
    matches: tuple[Match, ...] = ()
    asked: tuple[Asked, ...] = ()
    everything: bool = False
    limit: int = MAX_RESULTS
    offset: int = 0
    order: tuple[Order, ...] = ()
    cursor: str = ""
    timezone: str = ""
    warnings: tuple[str, ...] = ()
    limited: bool = False
