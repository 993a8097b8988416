"""The question of a search: `parse` reads the URL's query string into a `Query` (PS3.18 8.3.4)."""

from dicomweb.query.keys import attributes_of
from dicomweb.query.limits import limited
from dicomweb.query.parameters import parse
from dicomweb.query.rules import (
    Combined,
    Empty,
    Flags,
    Fuzzy,
    Multiple,
    Range,
    Rule,
    Single,
    UidList,
    Unresolved,
    Wildcard,
    rule_of,
)
from dicomweb.query.words import MAX_RESULTS, Asked, Match, Order, Query

__all__ = [
    "MAX_RESULTS",
    "Asked",
    "Combined",
    "Empty",
    "Flags",
    "Fuzzy",
    "Match",
    "Multiple",
    "Order",
    "Query",
    "Range",
    "Rule",
    "Single",
    "UidList",
    "Unresolved",
    "Wildcard",
    "attributes_of",
    "limited",
    "parse",
    "rule_of",
]
