"""Index against storage: every row has its bytes with the right hash, every blob has its row."""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dicomweb.archive import Archive, Kept
from dicomweb.errors import Fault
from dicomweb.extension import Extension
from dicomweb.resources import Resource

# While a server runs, a younger blob without a row may be an instance that is just arriving.
ARRIVING = 3600.0
LOCK = ".serving"


class Problem(StrEnum):
    """What can be wrong, and how it reads in the report."""

    MISSING = "has a row but no bytes"
    DAMAGED = "has bytes that differ from those stored"
    ORPHAN = "has bytes but no row"


@dataclass(frozen=True, slots=True)
class Finding:
    problem: Problem
    subject: str
    repaired: bool


@contextmanager
def serving(data_dir: Path) -> Iterator[None]:
    """Held by a running server, so that a check knows that blobs may be arriving."""
    with (data_dir / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def is_served(data_dir: Path) -> bool:
    """Whether a server runs on this data folder (on this machine)."""
    with (data_dir / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def run(
    archive: Archive,
    data_dir: Path,
    *,
    repair: bool,
    step: Callable[[], None],
    extensions: Sequence[Extension] = (),
) -> Iterator[Finding]:
    """Every problem, repaired as it is found when `repair` is set.

    Repair never destroys bytes: what has no row, and what is damaged, is set aside in the folder
    `orphans` of the data folder; the row of a missing or damaged instance goes, so that it can be
    stored again. What `extensions` kept beside the instances is looked at in the same way, but a
    damaged blob of theirs stays where its row says: only they know what it is. `step` is called
    once for each row and blob looked at.
    """
    aside = data_dir / "orphans"
    youngest = time.time() - ARRIVING if is_served(data_dir) else float("inf")
    blobs = dict(archive.storage.keys())
    for row in (row for page in archive.index.rows() for row in page):
        step()
        known = blobs.pop(row.key, None) is not None
        problem = _problem(archive, row.key, row.size, row.sha256)
        if problem is None:
            continue
        if repair:
            if known:
                _set_aside(archive, row.key, aside)
            archive.remove(Resource(row.study, row.series, row.instance))
        yield Finding(problem, Resource(row.study, row.series, row.instance).path, repair)
    for kept in _kept(archive, extensions):
        step()
        blobs.pop(kept.key, None)
        if problem := _problem(archive, kept.key, kept.size, kept.sha256):
            yield Finding(problem, kept.key, repaired=False)
    for key, changed in blobs.items():
        step()
        if changed > youngest:
            continue
        if repair:
            _set_aside(archive, key, aside)
            archive.storage.remove([key])
        yield Finding(Problem.ORPHAN, key, repair)


def _kept(archive: Archive, extensions: Sequence[Extension]) -> list[Kept]:
    """The blobs that extensions say are theirs; read at once, hashing takes longer than a read."""
    callbacks = [each.kept for each in extensions if each.kept]
    if not callbacks:
        return []
    with archive.reading() as session:
        return [kept for callback in callbacks for kept in callback(session)]


def _problem(archive: Archive, key: str, size: int, sha256: bytes) -> Problem | None:
    digest = hashlib.sha256()
    try:
        if archive.storage.size(key) != size:
            return Problem.DAMAGED
        for piece in archive.storage.pieces(key, 0, size):
            digest.update(piece)
    except Fault:
        return Problem.MISSING
    return None if digest.digest() == sha256 else Problem.DAMAGED


def _set_aside(archive: Archive, key: str, aside: Path) -> None:
    aside.mkdir(exist_ok=True)
    target = aside / f"{key.replace('/', '')}.dcm"
    with target.open("wb") as copy:
        for piece in archive.storage.pieces(key, 0, archive.storage.size(key)):
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
