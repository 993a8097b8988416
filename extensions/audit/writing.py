"""Entries of changes: into the transaction that changes something, with one statement."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import orjson
from sqlmodel import Session, bindparam, insert, inspect, select

from extensions.audit.entries import Action, Entry, cleaned, row
from extensions.audit.tables import ENTRY
from extensions.prepared import Prepared

if TYPE_CHECKING:
    from dicomweb.extension import Removed, Stored

# Whether the database of an engine has the tables: an archive may run without this extension.
_kept: "WeakKeyDictionary[object, bool]" = WeakKeyDictionary()
# Requests under way that have entered something; those of no request are few, and forgotten.
_entered: dict[str, None] = {}
_MOST = 10_000
_counter = itertools.count(1)
_last = 0
_COLUMNS = [column.name for column in ENTRY.columns if column.name not in ("pk", "batch")]
_ENTER = Prepared(insert(ENTRY).values({name: bindparam(name) for name in _COLUMNS}))


def enter(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """The rows, in the transaction of the session."""
    if not rows or not is_kept(session.connection()):
        return
    _ENTER.run(session, rows)
    _count()
    if len(_entered) > _MOST:
        _entered.clear()
    _entered.update((each["request"], None) for each in rows)


def _count() -> None:
    global _last
    _last = next(_counter)


def entered() -> int:
    """Another number after each entry of this process."""
    return _last


def was_entered(request: str) -> bool:
    """Whether the request of this id has entered what it changed; asked once, at its end."""
    return _entered.pop(request, 0) is None and request != ""


def is_kept(connection: Any) -> bool:
    """Whether this database has a trail."""
    kept = _kept.get(connection.engine)
    if not kept:
        kept = inspect(connection).has_table(ENTRY.name)
        _kept[connection.engine] = kept
    return kept


def on_stored(session: Session, stored: "Sequence[Stored]") -> None:
    """One line for each study of each request, with the UIDs of what was stored."""
    groups: dict[tuple[int, str], list[Stored]] = {}
    for one in stored:
        groups.setdefault((id(one.record.actor), one.record.study), []).append(one)
    enter(session, [row(_stored(group)) for group in groups.values()])


def _stored(group: "list[Stored]") -> Entry:
    first = group[0].record
    series = {one.record.series for one in group}
    uids = tuple(one.record.instance for one in group)
    value = first.elements.get("00100020", b"{}")
    patient = (orjson.loads(value).get("Value") or [""])[0]
    return Entry(
        Action.STORE,
        first.actor,
        "new study" if any(one.new_study for one in group) else "instances",
        study=first.study,
        series=first.series if len(series) == 1 else "",
        instance=uids[0] if len(uids) == 1 else "",
        instances=uids if len(uids) > 1 else (),
        patient=str(patient or ""),
        count=len(uids),
    )


def on_removed(session: Session, removed: "Removed") -> None:
    """One line for what was deleted."""
    resource = removed.resource
    entry = Entry(
        Action.DELETE,
        removed.actor,
        resource.level.name.lower(),
        study=resource.study,
        series=resource.series,
        instance=resource.instance,
        count=len(removed.instances),
    )
    enter(session, [row(each) for each in with_patients(session, [entry])])


def with_patients(session: Session, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The same; the patient of a study is known from its line before, if nobody names one."""
    if not is_kept(session.connection()):
        return entries
    return [_with_patient(session, each) for each in entries]


def _with_patient(session: Session, entry: Entry) -> Entry:
    if entry.patient or not entry.study:
        return entry
    known = (
        select(ENTRY.c.patient)
        .where(ENTRY.c.study == cleaned(entry.study), ENTRY.c.patient != "")
        .order_by(ENTRY.c.pk.desc())
        .limit(1)
    )
    patient = session.connection().execute(known).scalar() or ""
    return replace(entry, patient=patient)
