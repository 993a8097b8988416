"""Login throttling, in the database: it outlives a restart and counts for all workers.

An attempt is counted before the password is compared, so that a thousand at once are a thousand. A
few are free; then each has to wait twice as long as the one before. What was refused for coming too
early is not counted.
"""

import hashlib
import random
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from sqlmodel import Session, col, delete, select, text

from dicomweb.archive import Archive
from dicomweb.errors import TooManyRequests
from extensions.accounts.tables import Attempt, now

# Failures are forgotten so many seconds after the last one, or after the wait that it has cost.
FORGOTTEN = 900
# One attempt in so many takes old rows away.
SWEPT = 1 / 50
_BEGIN = text(
    "INSERT INTO accounts_attempt (subject, count, until, seen) VALUES (:subject, 0, 0, :seen)"
    " ON CONFLICT (subject) DO NOTHING"
)
# In the words of the database: composing it would cost a flood more than asking.
_UNTIL = text("SELECT max(until) FROM accounts_attempt WHERE subject IN (:one, :other)")


class Limit(NamedTuple):
    """So many attempts are free, and nobody waits longer than this (seconds)."""

    free: int
    longest: int


ACCOUNT = Limit(5, 300)
ADDRESS = Limit(30, 900)
Subject = tuple[str, Limit]


def subjects(name: str, address: str) -> list[Subject]:
    """Whose failures count: the name that was given, existing or not, and where it came from."""
    return [
        (_digest("account", name.casefold()), ACCOUNT),
        (_digest("address", _network(address)), ADDRESS),
    ]


def attempt(archive: Archive, whose: Sequence[Subject]) -> None:
    """Count one more attempt. Raises TooManyRequests when it comes too early. In a thread."""
    with archive.reading() as session:  # a flood writes nothing
        both = {"one": whose[0][0], "other": whose[-1][0]}
        _refuse(session.connection().execute(_UNTIL, both).scalar())
    with archive.session() as session:
        # In one order, so that no two attempts wait for each other.
        begun = [{"subject": subject, "seen": now()} for subject, _ in sorted(whose)]
        session.connection().execute(_BEGIN, begun)
        rows = _rows(session, whose)
        _refuse(max((row.until for row in rows.values()), default=0))
        for subject, limit in whose:
            row = rows[subject]
            counts = max(row.seen, row.until) > now() - FORGOTTEN
            row.count = row.count + 1 if counts else 1
            row.seen = now()
            over = row.count - limit.free
            row.until = now() + min(limit.longest, 2**over) if over >= 0 else 0
            session.add(row)
    if random.random() < SWEPT:
        with archive.session() as session:
            old = now() - FORGOTTEN
            session.exec(delete(Attempt).where(col(Attempt.seen) < old, col(Attempt.until) < old))


def forgive(session: Session, whose: Sequence[Subject]) -> None:
    """The attempt was no failure: the account begins anew, the address has one less."""
    rows = _rows(session, whose)
    for subject, limit in whose:
        row = rows.get(subject)
        if row is None:
            continue
        row.count = 0 if limit is ACCOUNT else row.count - 1
        if row.count < limit.free:
            row.until = 0
        if row.count <= 0:
            session.delete(row)
        else:
            session.add(row)


def _rows(session: Session, whose: Sequence[Subject]) -> dict[str, Attempt]:
    named = col(Attempt.subject).in_([subject for subject, _ in whose])
    query = select(Attempt).where(named).order_by(Attempt.subject).with_for_update()
    return {row.subject: row for row in session.exec(query)}


def _refuse(until: int | None) -> None:
    wait = (until or 0) - now()
    if wait > 0:
        raise TooManyRequests(
            f"There were too many attempts to log in: wait {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )


def _digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()


def _network(address: str) -> str:
    """Who has one IPv6 address has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped:
        return str(int(parsed) >> 64)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
