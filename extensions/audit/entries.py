"""What an entry says, and how it gets into the transaction of the change that it tells of."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session
from starlette.types import Scope

from dicomweb.actor import Actor


class Action(StrEnum):
    """What was done."""

    STORE = "store"
    VIEW = "view"
    SEARCH = "search"
    EXPORT = "export"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    LOGIN = "login"
    LOGOUT = "logout"
    ACCOUNT = "account"  # accounts, roles, passwords, keys, share links
    REFUSAL = "refusal"
    AUDIT = "audit"  # the trail itself was read
    START = "start"
    STOP = "stop"


class Outcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail.

    kind       what it was done to, or how: "report", "account", "key", "frames", "zip"
    study …    UIDs, as far as it was about images; `instances` where there are several
    patient    Patient ID, where it is known
    object     the id or name of what has no UID: of a report, an account, a key
    detail     a few more words; of a search its query
    count      how many instances, or how many requests of one minute
    """

    action: Action
    actor: Actor
    kind: str = ""
    outcome: Outcome = Outcome.SUCCESS
    study: str = ""
    series: str = ""
    instance: str = ""
    instances: tuple[str, ...] = ()
    patient: str = ""
    object: str = ""
    detail: str = ""
    count: int = 1


# Longer texts are cut: the clients' share of them is not ours to believe.
_WORD, _DETAIL = 200, 2_000


def cleaned(text: str, most: int = _WORD) -> str:
    """At most `most` characters, those that cannot be printed replaced (PostgreSQL: no NUL)."""
    text = text[:most]
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def row(entry: Entry, moment: int | None = None, closes: int = 0) -> dict[str, Any]:
    """The columns of an entry; `moment` in microseconds since 1970, now by default."""
    actor = entry.actor
    return {
        "time": time.time_ns() // 1000 if moment is None else moment,
        "action": str(entry.action),
        "kind": cleaned(entry.kind),
        "outcome": str(entry.outcome),
        "actor": cleaned(actor.name),
        "address": cleaned(actor.address),
        "request": cleaned(actor.request),
        "study": cleaned(entry.study),
        "series": cleaned(entry.series),
        "instance": cleaned(entry.instance),
        "instances": cleaned(" ".join(entry.instances), 1_000_000),
        "patient": cleaned(entry.patient),
        "object": cleaned(entry.object),
        "detail": cleaned(entry.detail, _DETAIL),
        "count": entry.count,
        "closes": closes,
    }


def enter(session: Session, *entries: Entry) -> None:
    """Enter what the session's transaction does: committed with it, or not at all.

    Raises what the database raises; let it pass, so that the change fails, too.
    """
    from extensions.audit import writing

    writing.enter(session, [row(each) for each in writing.with_patients(session, entries)])


def note(scope: Scope, *entries: Entry) -> None:
    """Enter what has no transaction, within a second or so; equal ones of a minute are counted."""
    trail = scope.get("state", {}).get("audit")
    if trail is not None:
        for entry in entries:
            trail.note(entry)


__all__ = ["Action", "Entry", "Outcome", "enter", "note"]
