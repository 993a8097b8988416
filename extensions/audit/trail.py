"""What was seen and refused: counted in memory, written by a thread every second, then sealed."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from prometheus_client import Counter
from sqlmodel import Session, insert, update

from dicomweb.actor import Actor
from dicomweb.archive import Archive
from extensions.audit import writing
from extensions.audit.chain import BATCH_LINES, Chain
from extensions.audit.entries import Action, Entry, Outcome, row
from extensions.audit.subjects import NOTHING, About, Subjects, sought
from extensions.audit.tables import ENTRY

log = logging.getLogger("dicomweb.audit")

TICK = 1.0  # seconds between two writings of new lines
# Every so many ticks lines are counted up, lines are sealed after a change, or looked for anyway.
COUNTED, SEALED, LOOKED = 5, 2, 10
MINUTE = 60_000_000  # of microseconds
# A line is sealed so many seconds after its minute: its writer has long finished by then.
GRACE = 10
# So many different lines wait at most; what is more is counted under its action alone.
MOST = 20_000
CHUNK = 1_000

FAILURES = Counter(
    "dicomweb_audit_failures", "Failed attempts to write or to seal lines of the audit trail."
)
OVERFLOWS = Counter(
    "dicomweb_audit_overflows", "Requests of which the audit trail keeps no more than the action."
)
_OF_PATIENTS = frozenset({Action.VIEW, Action.SEARCH, Action.EXPORT})
# Whose `object` is the id of something in a study, where it is not the name of somebody.
_OF_THINGS = _OF_PATIENTS | {Action.CREATE, Action.CHANGE, Action.DELETE}


class Key(NamedTuple):
    """What requests have in common that share a line."""

    action: str
    kind: str
    outcome: str
    name: str
    address: str
    study: str = ""
    object: str = ""
    detail: str = ""
    patient: str = ""


@dataclass(slots=True)
class Line:
    """How often, since when (microseconds), the first request's id; "" for UIDs that differ."""

    count: int
    moment: int
    request: str
    series: str
    instance: str

    def add(self, count: int, series: str, instance: str) -> None:
        self.count += count
        if self.series != series:
            self.series = ""
        if self.instance != instance:
            self.instance = ""


@dataclass(frozen=True, slots=True)
class _Open:
    """A line in the database that may still be counted up."""

    pk: int
    line: Line


class Trail:
    """The trail of one process. `count` and `note` are quick, and for any thread."""

    def __init__(self, archive: Archive, chain: Chain, about: Sequence[About] = ()) -> None:
        self._archive = archive
        self._chain = chain
        self._subjects = Subjects(archive, about)
        self._lock = threading.Lock()
        self._pending: dict[Key | tuple[str, ...], Line] = {}
        self._writing = threading.Lock()
        self._open: dict[Key | tuple[str, ...], _Open] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write and seal what there is, then stop."""
        self._stop.set()
        self._thread.join()
        self.flush()
        self._close_lines()
        while self._seal():
            pass

    def count(self, key: tuple[str, ...], request: str, series: str, instance: str) -> None:
        """One more request; `key` holds the values of Key, or the first five and a few more."""
        with self._lock:
            line = self._pending.get(key)
            if line is not None:
                line.add(1, series, instance)
            else:
                self._begin(key, Line(1, time.time_ns() // 1000, request, series, instance))

    def note(self, entry: Entry) -> None:
        """Enter what has no transaction; equal ones of a minute are one line."""
        actor = entry.actor
        said = (entry.study, entry.object, entry.detail, entry.patient)
        start = (entry.action, entry.kind, entry.outcome, actor.name, actor.address)
        key = tuple(map(str, (*start, *said)))
        for _ in range(entry.count):
            self.count(key, actor.request, entry.series, entry.instance)

    def _begin(self, key: tuple[str, ...], line: Line) -> None:
        if len(self._pending) < MOST:
            self._pending[key] = line
            return
        OVERFLOWS.inc()
        rest = self._pending.setdefault(
            (*key[:3], "", "", "", "", "too many lines at once"), replace(line, count=0)
        )
        rest.add(1, "", "")

    def flush(self, *, everything: bool = True) -> bool:
        """Write what is waiting; whether it could be. What could not stays for the next time.

        `everything` also counts up the lines that are in the database already.
        """
        with self._writing:
            with self._lock:
                drained, self._pending = self._pending, {}
            pairs = list(drained.items())
            if not everything:
                self._put_back([pair for pair in pairs if self._is_open(*pair)])
                pairs = [pair for pair in pairs if not self._is_open(*pair)]
            for start in range(0, len(pairs), CHUNK):
                try:
                    self._write(pairs[start : start + CHUNK])
                except Exception as fault:
                    _failed(fault)
                    self._put_back(pairs[start:])
                    return False
            self._subjects.forget()
            self._forget()
            return True

    def _put_back(self, pairs: list[tuple[tuple[str, ...], Line]]) -> None:
        with self._lock:
            for key, line in pairs:
                meanwhile = self._pending.pop(key, None)
                if meanwhile is not None:
                    line.add(meanwhile.count, meanwhile.series, meanwhile.instance)
                self._begin(key, line)

    def _write(self, pairs: list[tuple[tuple[str, ...], Line]]) -> None:
        """Count up the lines that are open, and begin the others."""
        known, new = [], []
        for key, line in pairs:
            if self._is_open(key, line):
                opened = self._open[key]
                total = replace(opened.line)
                total.add(line.count, line.series, line.instance)
                known.append((key, line, _Open(opened.pk, total)))
            else:
                new.append((key, line))
        rows = [self._row(Key(*key), line) for key, line in new]
        with self._archive.session() as session:
            for key, line, opened in known:
                if not _count_up(session, opened):
                    new.append((key, line))
                    rows.append(self._row(Key(*key), line))
            begun = _insert(session, new, rows)
        self._open.update({key: opened for key, _, opened in known})
        self._open.update(begun)

    def _is_open(self, key: tuple[str, ...], line: Line) -> bool:
        opened = self._open.get(key)
        return opened is not None and opened.line.moment // MINUTE == line.moment // MINUTE

    def _row(self, key: Key, line: Line) -> dict[str, Any]:
        """The columns of a new line; what its path does not say is looked up."""
        entry = entry_of(key, line)
        if key.outcome == Outcome.SUCCESS and not key.study and key.object:
            found = self._subjects.of(key.object) if key.action in _OF_THINGS else NOTHING
            entry = replace(entry, study=found.study, series=found.series, instance=found.instance)
        if key.action == Action.SEARCH and key.detail:
            entry = sought(entry)
        if entry.study and not entry.patient and key.action in _OF_PATIENTS:
            entry = replace(entry, patient=self._subjects.patient(entry.study))
        return row(entry, line.moment, _closes(line.moment))

    def _forget(self) -> None:
        """Lines of past minutes are counted up no more."""
        now = time.time()
        self._open = {
            key: opened for key, opened in self._open.items() if _closes(opened.line.moment) > now
        }

    def _close_lines(self) -> None:
        """The server stops: its lines can be sealed at once."""
        numbers = [opened.pk for opened in self._open.values()]
        if not numbers:
            return
        try:
            with self._archive.session() as session:
                mine = ENTRY.c.pk.in_(numbers), ENTRY.c.batch.is_(None)
                session.connection().execute(update(ENTRY).where(*mine).values(closes=0))
        except Exception as fault:
            _failed(fault)

    def _run(self) -> None:
        tick = entered = due = 0
        while not self._stop.wait(TICK):
            tick += 1
            if self._pending:
                self.flush(everything=tick % COUNTED == 0)
            if writing.entered() != entered:
                entered, due = writing.entered(), 2  # it may be committed a little later
            if tick % LOOKED == 0 or (tick % SEALED == 0 and due):
                due = max(due - 1, 0)
                while self._seal():
                    pass

    def _seal(self) -> bool:
        """Seal one batch; whether there may be more."""
        try:
            return self._chain.seal(self._archive) >= BATCH_LINES
        except Exception as fault:
            _failed(fault)
            return False


def _count_up(session: Session, opened: _Open) -> bool:
    """False when the line has been sealed meanwhile."""
    line = opened.line
    statement = (
        update(ENTRY)
        .where(ENTRY.c.pk == opened.pk, ENTRY.c.batch.is_(None))
        .values(count=line.count, series=line.series, instance=line.instance)
    )
    return session.connection().execute(statement).rowcount == 1


def _insert(
    session: Session, new: list[tuple[tuple[str, ...], Line]], rows: list[dict[str, Any]]
) -> dict[Key | tuple[str, ...], _Open]:
    if not new:
        return {}
    statement = insert(ENTRY).returning(ENTRY.c.pk, sort_by_parameter_order=True)
    numbers = session.connection().execute(statement, rows).scalars()
    return {key: _Open(pk, line) for (key, line), pk in zip(new, numbers, strict=True)}


def _closes(moment: int) -> int:
    """The second from which on a line of that moment may be sealed."""
    return (moment // MINUTE + 1) * 60 + GRACE


def entry_of(key: Key, line: Line) -> Entry:
    """The line as an entry."""
    return Entry(
        Action(key.action),
        Actor(key.name, key.address, line.request),
        key.kind,
        Outcome(key.outcome),
        key.study,
        line.series,
        line.instance,
        patient=key.patient,
        object=key.object,
        detail=key.detail,
        count=line.count,
    )


def _failed(fault: Exception) -> None:
    """Without the fault's message: a database's quotes the values."""
    FAILURES.inc()
    log.error("The audit trail could not be written: %s; it is tried again.", type(fault).__name__)
