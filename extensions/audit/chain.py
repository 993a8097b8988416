"""The chain: batches of entries, each sealed by an HMAC over its lines and the batch before."""

import fcntl
import hashlib
import hmac
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlmodel import BigInteger, Session, bindparam, func, insert, select, update

from dicomweb.access.secret import derived
from dicomweb.archive import Archive
from extensions.audit.tables import BATCH, ENTRY, LINE

# So many lines make a batch at most: it is sealed in milliseconds, in which nobody else writes.
BATCH_LINES = 500
# Batches that `verify` reads at once.
PAGE = 50
HEAD = "audit-head"
# What a seal is about, in this order; never changed, only replaced together with the derivation.
SEALED = (
    *("pk", "time", "action", "kind", "outcome", "actor", "address", "request", "study"),
    *("series", "instance", "instances", "patient", "object", "detail", "count"),
)
_LINES = ENTRY.select().with_only_columns(*(ENTRY.c[name] for name in SEALED))
_UNSEALED = ENTRY.c.batch.is_(None)
_DUE = _UNSEALED & (ENTRY.c.closes <= bindparam("now", type_=BigInteger))
_IS_DUE = select(ENTRY.c.pk).where(_DUE).limit(1)
_DUE_LINES = _LINES.where(_DUE).order_by(ENTRY.c.pk).limit(BATCH_LINES).with_for_update()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest batch: its number, from 1 on, and its hash."""

    number: int = 0
    hash: bytes = b""


class Chain:
    """Seals and verifies with a key that is derived from the archive's secret."""

    def __init__(self, secret: bytes, folder: Path) -> None:
        self._key = derived(secret, "audit chain 1")
        self._path = folder / HEAD

    # Sealing

    def seal(self, archive: Archive) -> int:
        """Seal what is written; how many lines. 0 also while another process is at it."""
        now = {"now": int(time.time())}
        with archive.reading() as session:
            if session.connection().execute(_IS_DUE, now).first() is None:
                return 0
        with self._turn() as ours:
            if not ours:
                return 0
            with archive.session() as session:
                count, head = self._seal(session, now)
            if count:
                self._write_head(head)
            return count

    def _seal(self, session: Session, now: dict[str, int]) -> tuple[int, Head]:
        connection = session.connection()
        connection.execute(select(LINE.c.pk).with_for_update())  # workers of other machines
        rows = connection.execute(_DUE_LINES, now).all()
        last = self._last(session)
        if not rows:
            return 0, last
        if not last.number and self.head() is None:  # a crash before it is written is no tampering
            self._write_head(last)
        number, moment = last.number + 1, time.time_ns() // 1000
        sealed = self.hash(number, moment, last.hash, rows)
        connection.execute(
            insert(BATCH).values(
                number=number,
                time=moment,
                count=len(rows),
                first=rows[0].pk,
                last=rows[-1].pk,
                previous=last.hash,
                hash=sealed,
            )
        )
        numbers = [line.pk for line in rows]
        connection.execute(update(ENTRY).where(ENTRY.c.pk.in_(numbers)).values(batch=number))
        return len(rows), Head(number, sealed)

    def _last(self, session: Session) -> Head:
        """The batch to go on from: one that was cut off leaves its number missing for ever."""
        newest = select(BATCH.c.number, BATCH.c.hash).order_by(BATCH.c.number.desc()).limit(1)
        found = session.connection().execute(newest).first()
        last = Head(found.number, found.hash) if found else Head()
        return max(last, self.head() or Head(), key=lambda each: each.number)

    def hash(self, number: int, moment: int, previous: bytes, rows: Sequence[Any]) -> bytes:
        """The seal of a batch; `rows` have the columns SEALED, in the order of `pk`."""
        seal = hmac.new(self._key, digestmod=hashlib.sha256)
        seal.update(orjson.dumps([number, moment, len(rows), previous.hex()]) + b"\n")
        for line in rows:
            seal.update(orjson.dumps(list(line)) + b"\n")
        return seal.digest()

    # The head, outside the database

    def head(self) -> Head | None:
        """What the file says, or None where there is none, or none that we have written."""
        try:
            number, proof, *text = self._path.read_text("ascii").split()
            head = Head(int(number), bytes.fromhex("".join(text)))
            genuine = hmac.compare_digest(bytes.fromhex(proof), self._proof(head))
        except (OSError, ValueError):
            return None
        return head if genuine else None

    def _proof(self, head: Head) -> bytes:
        """Who can read the database knows its numbers and hashes, but not this."""
        return hmac.digest(self._key, b"head %d %s" % (head.number, head.hash), "sha256")

    def _write_head(self, head: Head) -> None:
        draft = self._path.with_name(f".{HEAD}-{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{head.number} {self._proof(head).hex()} {head.hash.hex()}\n")
        draft.replace(self._path)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Whether this process alone, of those of this machine, seals now."""
        path = self._path.with_name(f".{HEAD}-lock")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    # Verifying

    def verify(self, archive: Archive) -> Iterator[str]:
        """A sentence for everything that is not as it was sealed."""
        head = self.head()  # before the database, which goes on growing
        last, sealed = Head(), 0
        while page := _batches(archive, last.number):
            for batch, rows in page:
                sealed += batch.count
                yield from self._check(last, batch, rows)
                if head is not None and head.number == batch.number and head.hash != batch.hash:
                    yield f"Batch {batch.number} is not the one that {HEAD} names."
                last = Head(batch.number, batch.hash)
        if head is None and last.number:
            yield f"{HEAD} is missing or unreadable: the newest batches may have been cut off."
        elif head is not None and head.number > last.number:
            yield f"{_batches_named(last.number + 1, head.number)}, the newest, missing."
        if count := _count(archive, ENTRY.c.batch.not_in(select(BATCH.c.number))):
            yield f"{count} lines belong to batches that are missing."
        among = _count(archive, ENTRY.c.batch.in_(_numbers(last.number)))
        if among > sealed:
            yield f"{among - sealed} lines claim to be of batches that were sealed without them."

    def _check(self, last: Head, batch: Any, rows: list[Any]) -> Iterator[str]:
        if batch.number > last.number + 1:
            yield f"{_batches_named(last.number + 1, batch.number - 1)} missing."
        elif not hmac.compare_digest(batch.previous, last.hash):
            yield f"Batch {batch.number} does not follow batch {last.number}."
        sealed = self.hash(batch.number, batch.time, batch.previous, rows)
        if batch.count != len(rows):
            yield f"Batch {batch.number} has {len(rows)} lines; {batch.count} were sealed."
        elif not hmac.compare_digest(batch.hash, sealed):
            yield f"Batch {batch.number} has been changed, or was sealed with another secret."


def _batches_named(first: int, last: int) -> str:
    return f"Batch {first} is" if first == last else f"Batches {first} to {last} are"


def _batches(archive: Archive, after: int) -> list[tuple[Any, list[Any]]]:
    """The next batches, each with its lines."""
    with archive.reading() as session:
        connection = session.connection()
        newer = BATCH.select().where(BATCH.c.number > after).order_by(BATCH.c.number).limit(PAGE)
        batches = connection.execute(newer).all()
        lines: dict[int, list[Any]] = {batch.number: [] for batch in batches}
        if batches:
            first, last = min(it.first for it in batches), max(it.last for it in batches)
            found = _LINES.add_columns(ENTRY.c.batch).where(ENTRY.c.pk.between(first, last))
            for *values, number in connection.execute(found.order_by(ENTRY.c.pk)):
                if number in lines:
                    lines[number].append(values)
    return [(batch, lines[batch.number]) for batch in batches]


def _numbers(last: int) -> Any:
    """Those of batches up to one: what is sealed meanwhile is not looked at."""
    return select(BATCH.c.number).where(BATCH.c.number <= last)


def sealed(archive: Archive) -> int:
    """How many batches there are."""
    with archive.reading() as session:
        statement = select(func.count()).select_from(BATCH)
        count: int = session.connection().execute(statement).scalar_one()
        return count


def unsealed(archive: Archive) -> int:
    """How many lines wait for their seal."""
    return _count(archive, _UNSEALED)


def _count(archive: Archive, condition: Any) -> int:
    with archive.reading() as session:
        statement = select(func.count()).select_from(ENTRY).where(condition)
        count: int = session.connection().execute(statement).scalar_one()
        return count
