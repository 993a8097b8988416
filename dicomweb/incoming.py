"""One instance on its way in: its bytes go to disk as they arrive, its header is read once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from dicomweb import part10
from dicomweb.errors import InstanceRefused
from dicomweb.part10 import Doubt, Header
from dicomweb.storage import Storage, Writing

# How much of the first bytes is kept for the scan; longer headers are read back from the disk.
HEAD = 256 * 1024
# How much may wait in memory before it is written.
SPILL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrived:
    """An instance whose bytes are written (not yet durable) and whose header has been read."""

    header: Header
    key: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one instance of a store request; `reason` is 0 when it is stored."""

    sop_class: str = ""
    sop_instance: str = ""
    study: str = ""
    series: str = ""
    reason: int = 0
    sentence: str = ""
    doubts: tuple[Doubt, ...] = ()

    @classmethod
    def refused(cls, refusal: InstanceRefused) -> "Outcome":
        return cls(
            refusal.sop_class,
            refusal.sop_instance,
            reason=refusal.reason,
            sentence=refusal.sentence,
        )

    @classmethod
    def of(cls, header: Header, reason: int = 0, sentence: str = "") -> "Outcome":
        return cls(
            header.sop_class,
            header.sop_instance,
            header.study,
            header.series,
            reason,
            sentence,
            () if reason else header.doubts,
        )


class Incoming:
    """Collects the pieces of one instance, writes them, and scans the header at the end.

    `feed` only collects. `spill` and `finish` write and hash: call them outside the event loop.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._writing: Writing | None = None
        self._pieces: list[bytes | memoryview] = []
        self._head: list[bytes | memoryview] = []
        self._head_length = 0
        self._hash = hashlib.sha256()
        self.waiting = 0
        self.size = 0

    def feed(self, piece: bytes | memoryview) -> None:
        self._pieces.append(piece)
        self.waiting += len(piece)

    def spill(self) -> None:
        """Write what waits. Raises InstanceRefused when the storage has no room."""
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        try:
            if self._writing is None:
                self._writing = self._storage.create()
            self._writing.write(pieces)
        except OSError:
            self.discard()
            raise InstanceRefused(
                InstanceRefused.NO_RESOURCES, "The storage has no room for this instance."
            ) from None
        for piece in pieces:
            self._hash.update(piece)
            self.size += len(piece)
            if self._head_length < HEAD:
                self._head.append(piece)
                self._head_length += len(piece)

    def finish(self, study: str = "") -> Arrived:
        """Write the rest and read the header; `study` is the Study Instance UID it must have.

        Raises InstanceRefused, the bytes then being gone again.
        """
        self.spill()
        writing = self._writing
        assert writing is not None
        try:
            header = part10.scan(b"".join(self._head), self.size, writing.read)
            if study and header.study != study:
                raise InstanceRefused(
                    InstanceRefused.STUDY_DIFFERS,
                    "Its Study Instance UID is not that of the path.",
                    sop_class=header.sop_class,
                    sop_instance=header.sop_instance,
                )
        except BaseException:
            writing.discard()
            raise
        writing.close()
        return Arrived(header, writing.key, self.size, self._hash.digest())

    def discard(self) -> None:
        if self._writing is not None:
            self._writing.discard()


def arrive(storage: Storage, pieces: Iterable[bytes], study: str = "") -> Arrived:
    """A whole instance at once, for callers that are outside the event loop."""
    incoming = Incoming(storage)
    try:
        for piece in pieces:
            incoming.feed(piece)
            if incoming.waiting >= SPILL:
                incoming.spill()
    except BaseException:
        incoming.discard()
        raise
    return incoming.finish(study)
