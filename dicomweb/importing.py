"""Files, folders and ZIPs into the archive, as `dicomweb import` takes them."""

import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from dicomweb.archive import Archive
from dicomweb.errors import InstanceRefused
from dicomweb.incoming import Arrived, Outcome

PIECE = 1024 * 1024
# Instances on their way at once: enough for a full group commit, bounded in memory and open files.
IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import, by the name under which a person knows it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def sources(paths: list[Path]) -> Iterator[Source]:
    """Every file of these files, folders and ZIPs, in a stable order."""
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in (each for each in inside if each.is_file()):
            if zipfile.is_zipfile(file):
                yield from _members(file)
            else:
                yield Source(str(file), file.stat().st_size, partial(_open, file))


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _members(path: Path) -> Iterator[Source]:
    archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        if not member.is_dir():
            yield Source(
                f"{path}!{member.filename}",
                member.file_size,
                partial(archive.open, member),
            )


def run(archive: Archive, paths: list[Path], tell: Callable[[Source, Outcome], None]) -> None:
    """Store all sources; `tell` hears of each, in order, once its outcome is certain."""
    waiting: deque[tuple[Source, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="import") as pool:
        for source in sources(paths):
            waiting.append((source, pool.submit(_store, archive, source)))
            if len(waiting) >= IN_FLIGHT:
                first, future = waiting.popleft()
                tell(first, future.result())
        for source, future in waiting:
            tell(source, future.result())


def _store(archive: Archive, source: Source) -> Outcome:
    """One source through the archive's own door, together with the others that are waiting."""
    arrived: list[Arrived] = []
    try:
        with source.open() as stream:
            arrived.append(archive.arrive(iter(lambda: stream.read(PIECE), b"")))
    except InstanceRefused as refusal:
        return Outcome.refused(refusal)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as fault:
        sentence = f"The file cannot be read: {type(fault).__name__}."
        return Outcome(reason=InstanceRefused.CANNOT_UNDERSTAND, sentence=sentence)
    return archive.submit(arrived).result()[0]
