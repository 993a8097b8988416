"""Files into the archive, as all four documents take them: what became of each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dicomweb.access.permissions import Principal
from dicomweb.actor import Actor
from dicomweb.archive import Archive, Location
from dicomweb.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    InstanceRefused,
    Refusal,
    Unavailable,
)
from dicomweb.incoming import Arrived, Outcome
from extensions.files.damage import PREFIX, PREFIX_AT, has_prefix, truncation
from extensions.files.file_names import original_name
from extensions.files.ledger import Ledger, expected
from extensions.files.quarantine import keep_aside
from extensions.files.tables import FilesInstance

INVALID = "Invalid DICOM file: "
# So many files are committed together.
GROUP = 100


@dataclass(frozen=True, slots=True)
class File:
    """One file that was sent: its name, its size, and a way to read it from its first byte."""

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]

    def head(self) -> bytes:
        return next(self.pieces(), b"")[: PREFIX_AT + len(PREFIX)]

    def last_byte(self) -> int:
        last = b"\0"
        for piece in self.pieces():
            last = piece[-1:] or last
        return last[0]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: it is at `location` and has an `entry`, or there is a `refusal`.

    `is_new` is false for what was stored before.
    """

    name: str
    location: Location | None = None
    entry: FilesInstance | None = None
    is_new: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """Where files are taken in, for somebody. Its methods wait for the disk."""

    archive: Archive
    ledger: Ledger
    principal: Principal
    actor: Actor

    def take(self, files: Sequence[File]) -> list[Taken]:
        """One result a file, in their order; those that can be stored are durable."""
        found: list[Taken] = []
        for start in range(0, len(files), GROUP):
            found += self._take(files[start : start + GROUP])
        return found

    def _take(self, files: Sequence[File]) -> list[Taken]:
        arrived: list[Arrived | Refusal] = []
        try:
            for file in files:
                arrived.append(self._arrive(file))
        except BaseException:
            self.archive.discard([each for each in arrived if isinstance(each, Arrived)])
            raise
        whole = [each for each in arrived if isinstance(each, Arrived)]
        names = {
            each.key: _own_name(file.name, each.header.sop_instance)
            for file, each in zip(files, arrived, strict=True)
            if isinstance(each, Arrived)
        }
        with expected(names):
            outcomes = iter(self.archive.submit(whole, self.actor).result() if whole else ())
        return [
            Taken(_own_name(file.name, ""), refusal=each)
            if isinstance(each, Refusal)
            else self._settle(each, next(outcomes), names[each.key])
            for file, each in zip(files, arrived, strict=True)
        ]

    def _arrive(self, file: File) -> Arrived | Refusal:
        """The bytes written and the header read, or why the file is refused."""
        if not file.size:
            return BadRequest(f"{INVALID}the file is empty")
        if not has_prefix(file.head()):
            return BadRequest(f"{INVALID}missing DICM prefix")
        try:
            arrived = self.archive.arrive(file.pieces())
        except InstanceRefused as refused:
            return self._refuse(file, refused.reason, refused.sentence)
        if cut := truncation(arrived.header, file.last_byte):
            self.archive.discard([arrived])
            return self._refuse(file, InstanceRefused.CANNOT_UNDERSTAND, cut)
        if not self.principal.sees(arrived.header.study):
            self.archive.discard([arrived])
            return Forbidden("This file belongs to a study that is not open to you.")
        return arrived

    def _refuse(self, file: File, reason: int, sentence: str) -> Refusal:
        """The refusal of what could not be read; the file is kept aside if there is room."""
        if reason == InstanceRefused.NO_RESOURCES and "no room" in sentence:
            return Unavailable(sentence)
        name = _own_name(file.name, "unnamed.dcm")
        with suppress(Unavailable):
            keep_aside(self.archive, file.pieces(), name, sentence, self.actor)
        return BadRequest(INVALID + sentence)

    def _settle(self, arrived: Arrived, outcome: Outcome, name: str) -> Taken:
        """What is told of a file that was submitted."""
        if outcome.reason == InstanceRefused.DUPLICATE:
            refusal: Refusal = Conflict(
                "A different file is stored under this SOP Instance UID; it was kept."
            )
            return Taken(name, refusal=refusal)
        location = self.archive.find_uid(arrived.header.sop_instance)
        if outcome.reason or location is None:
            sentence = outcome.sentence or "The file was removed while it was stored."
            return Taken(name, refusal=Unavailable(f"{sentence} Send it again."))
        if not self.principal.sees(location.study):  # stored before, in a study of others
            return Taken(name, refusal=Conflict("This SOP Instance UID is taken."))
        entry = self.ledger.entry(location, name)
        return Taken(name, location, entry, is_new=location.key == arrived.key)


def _own_name(sent: str, sop_instance: str) -> str:
    return original_name(sent, f"{sop_instance}.dcm" if sop_instance else "unnamed.dcm")


def summary(taken: Iterable[Taken]) -> int:
    """The status of an answer about several files: 201, 207, or that of the first refusal."""
    refusals = [each.refusal for each in taken]
    if not any(refusals):
        return 201
    first = refusals[0]
    return first.status if all(refusals) and first is not None else 207
