"""Files, folders and ZIPs into the archive, as `dicomweb import` takes them."""

import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import InstanceRefused
from dicomweb.incoming import Arrived, Outcome

PIECE = 1024 * 1024
# Files that are read at once, that wait behind the slowest, and that are committed together.
READERS = 4
IN_FLIGHT = 32
GROUP = 64


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


def run(
    archive: Archive, paths: list[Path], tell: Callable[[Source, Outcome], None], actor: Actor
) -> None:
    """Store all sources; `tell` hears of each, in their order, once its outcome is certain.

    Files are read side by side and committed in their order: of two with one UID the first stays.
    """
    importer = _Importer(archive, tell, actor)
    with ThreadPoolExecutor(READERS, thread_name_prefix="import") as pool:
        for source in sources(paths):
            importer.reading.append((source, pool.submit(_read, archive, source)))
            if len(importer.reading) >= IN_FLIGHT:
                importer.read()
        while importer.reading:
            importer.read()
        importer.commit()
        while importer.committing:
            importer.finish()


class _Importer:
    """The sources on their way: being read, read and waiting for a full group, being committed."""

    def __init__(
        self, archive: Archive, tell: Callable[[Source, Outcome], None], actor: Actor
    ) -> None:
        self._archive = archive
        self._tell = tell
        self._actor = actor
        self._group: list[tuple[Source, Arrived | Outcome]] = []
        self.reading: deque[tuple[Source, Future[Arrived | Outcome]]] = deque()
        self.committing: deque[
            tuple[list[tuple[Source, Arrived | Outcome]], Future[list[Outcome]]]
        ] = deque()

    def read(self) -> None:
        """Wait for the first source that is being read."""
        source, future = self.reading.popleft()
        self._group.append((source, future.result()))
        if len(self._group) >= GROUP:
            self.commit()

    def commit(self) -> None:
        """Hand the group over; one more may be on its way meanwhile."""
        group, self._group = self._group, []
        arrived = [each for _, each in group if isinstance(each, Arrived)]
        self.committing.append((group, self._archive.submit(arrived, self._actor)))
        while len(self.committing) > 1:
            self.finish()

    def finish(self) -> None:
        """Wait for the first group that is being committed, and tell of it."""
        group, future = self.committing.popleft()
        outcomes = iter(future.result())
        for source, each in group:
            self._tell(source, next(outcomes) if isinstance(each, Arrived) else each)


def _read(archive: Archive, source: Source) -> Arrived | Outcome:
    """One source, written and scanned; or why not."""
    try:
        with source.open() as stream:
            return archive.arrive(iter(lambda: stream.read(PIECE), b""))
    except InstanceRefused as refusal:
        return Outcome.refused(refusal)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as fault:
        sentence = f"The file cannot be read: {type(fault).__name__}."
        return Outcome(reason=InstanceRefused.CANNOT_UNDERSTAND, sentence=sentence)
