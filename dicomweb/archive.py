"""An archive is an index and a storage; nobody above sees either. store · find · open · remove."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from dicomweb.actor import PROGRAM, Actor
from dicomweb.cache import ByteCache
from dicomweb.committer import Committer
from dicomweb.compression import compress
from dicomweb.content import Content, Piece
from dicomweb.errors import Fault, InstanceRefused, NotFound, Refusal
from dicomweb.incoming import Arrived, Incoming, Outcome, arrive
from dicomweb.index import (
    Duplicate,
    Found,
    Index,
    Location,
    Record,
    Removed,
    Row,
    Search,
    Statistics,
    Stored,
)
from dicomweb.index.search import COUNTED
from dicomweb.keeping import Kept, keep
from dicomweb.part10 import Bulk, FrameTable
from dicomweb.part10.bulk import unpack_bulk
from dicomweb.query import Query, limited
from dicomweb.resources import Resource
from dicomweb.storage import Storage

if TYPE_CHECKING:
    from sqlmodel import Session

# Reads up to this many bytes happen in the event loop when they are in memory already.
WARM_READ = 4 * 1024 * 1024


__all__ = [
    "COUNTED",
    "Archive",
    "Bulk",
    "Found",
    "Kept",
    "Location",
    "Record",
    "Removed",
    "Row",
    "Stored",
    "resource_of",
]


class Archive:
    """What is stored, under the names of the Standard. Methods say whether they may wait."""

    def __init__(self, index: Index, storage: Storage, *, cache_bytes: int = 64_000_000) -> None:
        self.index = index
        self.storage = storage
        self._committer = Committer(index, storage, self._is_same)
        self._documents: ByteCache[bytes] = ByteCache(cache_bytes, len)
        self._parsed: ByteCache[dict[str, Any]] = ByteCache(512, lambda each: 1)

    def close(self) -> None:
        """What was submitted is committed first."""
        self._committer.close()
        self.index.close()

    # store

    def incoming(self) -> Incoming:
        """For one instance that arrives in pieces."""
        return Incoming(self.storage)

    def arrive(self, pieces: Iterable[bytes], study: str = "") -> Arrived:
        """One instance from `pieces`: written and scanned, not yet committed. Waits for the disk.

        Raises InstanceRefused.
        """
        return arrive(self.storage, pieces, study)

    def discard(self, arrived: Sequence[Arrived]) -> None:
        """Take away what arrived and will not be submitted."""
        self.storage.remove([one.key for one in arrived])

    def submit(self, arrived: Sequence[Arrived], actor: Actor = PROGRAM) -> "Future[list[Outcome]]":
        """Make them durable and index them, together with whatever else is waiting."""
        return self._committer.submit(arrived, actor)

    def store(self, pieces: Iterable[bytes], study: str = "", actor: Actor = PROGRAM) -> Outcome:
        """One instance from `pieces`, durable and indexed when this returns. Waits for the disk."""
        try:
            arrived = self.arrive(pieces, study)
        except InstanceRefused as refusal:
            return Outcome.refused(refusal)
        return self.submit([arrived], actor).result()[0]

    def _is_same(self, arrived: Arrived, stored: Duplicate) -> bool:
        """Whether a second instance under a UID says the same: file meta and preamble apart."""
        if arrived.sha256 == stored.sha256:
            return True
        header = arrived.header
        from dicomweb.part10.same import Stored as File
        from dicomweb.part10.same import same_dataset

        return same_dataset(
            File(
                header.transfer_syntax,
                header.dataset_offset,
                arrived.size,
                partial(self.storage.read, arrived.key),
            ),
            File(
                stored.transfer_syntax,
                stored.dataset_offset,
                stored.size,
                partial(self.storage.read, stored.key),
            ),
        )

    # find

    @property
    def is_local(self) -> bool:
        """Whether what says nothing of waiting takes microseconds (see `Index`)."""
        return self.index.is_local

    def search(self, query: Query, studies: Set[str] | None = None) -> Search:
        """A search, to ask whether it `is_quick` before it is run by `find`.

        `studies` are all that the one who asks may know of (`Principal.studies`); None: every one.
        """
        return self.index.search(query if studies is None else limited(query, studies))

    def statistics(self) -> Statistics:
        return self.index.statistics()

    # open

    def locate(self, resource: Resource) -> Location:
        """Where one instance is; microseconds. Raises NotFound, or Gone after a deletion."""
        return self.index.locate(resource)

    def find_instance(self, resource: Resource) -> Location | None:
        """The same, or None where there is no such instance."""
        try:
            return self.index.locate(resource)
        except Refusal:
            return None

    def find_uid(self, instance: str) -> Location | None:
        """Where the instance of this SOP Instance UID is, in whatever study; None: nowhere."""
        return self.index.of_uid(instance)

    def rows(self, after: int = 0) -> Iterator[list[Row]]:
        """Pages of all instances in the order of storing, from the `pk` behind `after` on."""
        return self.index.rows(after=after)

    def locations(self, resource: Resource) -> list[Location]:
        """Every instance of a study or series, in the order of their numbers."""
        return self.index.locations(resource)

    def version(self, resource: Resource) -> str:
        """What changes whenever something below the resource does: the base of ETags."""
        return f"{self.index.changed(resource):x}"

    def written(self, key: str) -> int:
        """When the bytes of an instance came: microseconds since 1970. Waits for the disk."""
        return int(self.storage.written(key) * 1_000_000)

    def finished_metadata(self, resource: Resource, root: str, coding: str) -> bytes | None:
        """The metadata as last made, if nothing has changed below the resource since."""
        return self._documents.get((resource, self.version(resource), root, coding))

    def metadata(self, resource: Resource, root: str, coding: str = "identity") -> bytes:
        """All attributes of every instance below (PS3.18 10.4.1.1.2) as one JSON array.

        As prepared at ingest: the instances' texts are joined, and URIs begin with `root`.
        """
        key = (resource, self.version(resource), root, coding)
        return self._documents.computed(key, lambda: self._metadata(resource, root, coding))

    def _metadata(self, resource: Resource, root: str, coding: str) -> bytes:
        if coding != "identity":
            return compress(self.metadata(resource, root), coding)
        joined = b"[" + b",".join(self.index.metadata(resource)) + b"]"
        return joined.replace(b"\x01", root.encode())

    def attributes(self, location: Location) -> dict[str, Any]:
        """The DICOM JSON of one instance, parsed; large values as BulkDataURIs."""
        return self._parsed.computed(location.key, lambda: self._attributes(location))

    def _attributes(self, location: Location) -> dict[str, Any]:
        (text,) = self.index.metadata(resource_of(location))
        found: dict[str, Any] = orjson.loads(text.replace(b"\x01", b""))
        return found

    def file(self, location: Location) -> Iterator[Piece]:
        """The bytes of an instance exactly as they were received, in pieces."""
        return self.content(location, 0, location.size).open(0, location.size)

    def read(self, location: Location, offset: int, length: int) -> bytes:
        """A range of the stored bytes; fewer only where the file ends. May wait for the disk."""
        found: bytes = self._guarded(
            location, lambda: self.storage.read(location.key, offset, length)
        )
        return found

    def content(self, location: Location, offset: int, length: int) -> Content:
        """A range of the stored bytes, to be read when it is sent."""
        key, storage = location.key, self.storage

        def warm() -> bytes | None:
            if length > WARM_READ:
                return None
            found: bytes | None = self._guarded(
                location, lambda: storage.read_if_warm(key, offset, length)
            )
            return found

        def pieces(start: int, count: int) -> Iterator[bytes]:
            found: Iterator[bytes] = self._guarded(
                location, lambda: storage.pieces(key, offset + start, count)
            )
            return found

        return Content(length, warm, pieces)

    def _guarded(self, location: Location, read: Any) -> Any:
        """A deletion may come between a row's reading and its bytes': that is no fault of ours."""
        try:
            return read()
        except Fault:
            self.locate(resource_of(location))
            raise

    def frames(self, location: Location) -> FrameTable:
        """Where the frames of an instance are. Raises NotFound when it has no pixel data."""
        if not location.frames:
            raise NotFound("This instance has no pixel data, and so no frames.")
        return FrameTable.unpack(location.frames)

    def all_bulk(self, location: Location) -> Sequence[Bulk]:
        """Where every value is that is too large for the metadata."""
        return unpack_bulk(location.bulk)

    def bulk(self, location: Location, path: str) -> Bulk:
        """Where the value of a BulkDataURI is. Raises NotFound."""
        for bulk in self.all_bulk(location):
            if bulk.path == path:
                return bulk
        raise NotFound("This instance has no bulk data under that path.")

    def document(self, location: Location) -> Bulk:
        """Where an encapsulated document is, without its padding (PS3.3 C.24.2, (0042,0015))."""
        bulk = self.bulk(location, "00420011")
        length = self.attributes(location).get("00420015", {}).get("Value", [bulk.length])[0]
        return replace(bulk, length=length) if length == bulk.length - 1 else bulk

    # remove

    def remove(self, resource: Resource, actor: Actor = PROGRAM) -> Removed:
        """Rows first, then bytes; remembered, so that 410 can be answered. Waits for the disk."""
        removed = self.index.remove(resource, actor)
        self.storage.remove(removed.keys)
        return removed

    # for extensions: rows and blobs of their own

    def session(self) -> "AbstractContextManager[Session]":
        """A session that writes: one transaction, committed when it ends well. In a thread."""
        return self.index.session()

    def reading(self) -> "AbstractContextManager[Session]":
        """A session that only reads, and waits for nobody. In a thread."""
        return self.index.reading()

    def keep(self, pieces: Iterable[bytes]) -> Kept:
        """Bytes that are no instance, durable when this returns: write their row afterwards.

        The extension lists them under `kept`, so that `dicomweb check` knows whose they are.
        """
        return keep(self.storage, pieces)

    def kept(self, kept: Kept) -> Content:
        """The bytes that `keep` took, to be read when they are sent."""
        key, storage = kept.key, self.storage
        return Content(
            kept.size,
            lambda: storage.read_if_warm(key, 0, kept.size) if kept.size <= WARM_READ else None,
            lambda start, count: storage.pieces(key, start, count),
        )

    def drop(self, keys: Sequence[str]) -> None:
        """Take away what was kept, after its row."""
        self.storage.remove(keys)

    # operate

    def check(self) -> None:
        """Raises errors.Unavailable when index or storage do not answer. Waits for both."""
        self.index.ping()
        self.storage.check()

    def digest(self, location: Location) -> str:
        """A strong identity of the stored bytes, for ETags of single instances."""
        return hashlib.blake2b(location.sha256, digest_size=12).hexdigest()


def resource_of(location: Location) -> Resource:
    """The resource that is at this location."""
    return Resource(location.study, location.series, location.instance)
