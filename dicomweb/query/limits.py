"""Searches of somebody who may see some studies alone."""

from collections.abc import Set
from dataclasses import replace

from dicomweb.query.rules import UidList
from dicomweb.query.words import Match, Query

_STUDY = ("0020000D",)
# No UID: nothing is ever found under it.
_NONE = ("-",)


def limited(query: Query, studies: Set[str]) -> Query:
    """The query, matching within these Study Instance UIDs and no other."""
    allowed = studies
    others = []
    for match in query.matches:
        if match.path == _STUDY and isinstance(match.rule, UidList):
            allowed = allowed & set(match.rule.uids)
        else:
            others.append(match)
    only = Match(_STUDY, "UI", UidList(tuple(sorted(allowed)) or _NONE), ("",))
    return replace(query, matches=(only, *others), limited=True)
