"""The index of an archive: what is stored, where, and how it is found."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from sqlmodel import Session

from dicomweb.actor import PROGRAM, Actor
from dicomweb.index import writes
from dicomweb.index.database import Database
from dicomweb.index.datasets import Datasets
from dicomweb.index.reads import Location, Reads, Row, State, Statistics
from dicomweb.index.records import Ingest, OnStored, Outcome, Record
from dicomweb.index.removal import OnRemoved, Removal, Removed
from dicomweb.index.schema import Extension
from dicomweb.index.search import Found, Search, Statements
from dicomweb.query import Query
from dicomweb.resources import Resource


class Index:
    """The rows of an archive, in SQLite or PostgreSQL; safe to use from several threads.

    `url` is `sqlite:///path` or `postgresql+psycopg://…`. `on_stored` and `on_removed` are called
    inside the transaction that stores or removes, with a session of it.

    Where `is_local` (SQLite), `locate`, `changed`, `state` and a search that `is_quick` take some
    10 to 100 microseconds and may be called in an event loop, as may `metadata` and `locations` of
    a series (2 microseconds an instance). All others, and every call on PostgreSQL, belong in a
    thread: `store` and `remove` wait for the disk.

    Every method may raise Unavailable (503) when the database does not answer.
    """

    def __init__(
        self,
        url: str,
        *,
        extensions: Sequence[Extension] = (),
        on_stored: Sequence[OnStored] = (),
        on_removed: Sequence[OnRemoved] = (),
    ) -> None:
        """Open the database and bring it to the newest schema.

        Raises ValueError, with one sentence, for a wrong URL and for a database that is newer than
        this program.
        """
        self._database = Database(url, extensions)
        datasets = Datasets(self._database)
        self._datasets = datasets
        self._ingest = Ingest(self._database, datasets.codecs, on_stored)
        self._removal = Removal(self._database, on_removed)
        self._reads = Reads(self._database, datasets)
        self._statements = Statements(self._database)

    @property
    def is_local(self) -> bool:
        """Whether reads take microseconds in this process."""
        return self._database.engine.local

    # Writing

    def store(self, records: Sequence[Record]) -> list[Outcome]:
        """Store a group of instances (1 to 200, say) in one transaction: what became of each.

        The bytes have to be on disk before. Durable when this returns. An instance whose UID is
        taken changes nothing and is told as a Duplicate; of two in one group the first is stored.
        The first instance of a study (a series) decides what is told of it.
        """
        return self._ingest.store(records)

    def remove(self, resource: Resource, actor: Actor = PROGRAM) -> Removed:
        """Remove a study, series or instance; tombstones remember it. Durable when this returns.

        The bytes are still there: their keys are in the answer. Raises NotFound or Gone.
        """
        removed = self._removal.remove(resource, actor)
        if removed is None:
            raise self._reads.missing(resource)
        return removed

    def record_hashes(self, hashes: Mapping[tuple[str, str], bytes]) -> None:
        """Note SHA-256 digests that come after the store, by (instance UID, storage key)."""
        rows = [
            {"stored": uid, "stored_key": key, "sha256": digest}
            for (uid, key), digest in hashes.items()
        ]
        self._database.write(lambda transaction: transaction.run_many(writes.SET_HASH, rows))

    def session(self) -> AbstractContextManager[Session]:
        """A session that writes, for extensions: one transaction, committed when it ends well."""
        return self._database.session()

    def reading(self) -> AbstractContextManager[Session]:
        """A session that only reads, for extensions: it waits for nobody."""
        return self._database.reading()

    # Searching

    def search(self, query: Query) -> Search:
        """A search, to ask whether it `is_quick` before it is run by `find` or `count`."""
        return Search(query, self._statements, self._datasets)

    def find(self, query: Query) -> Found:
        """One page of search results (see `Search.find`)."""
        return self.search(query).find()

    def count(self, query: Query) -> int:
        """How many results a search has in all."""
        return self.search(query).count()

    # Reading by path: NotFound or Gone where there is no such resource

    def locate(self, resource: Resource) -> Location:
        """Where one instance is."""
        return self._reads.locations(resource)[0]

    def of_uid(self, instance: str) -> Location | None:
        """Where the instance of this SOP Instance UID is, in whatever study; None: nowhere."""
        return self._reads.of_uid(instance)

    def locations(self, resource: Resource) -> list[Location]:
        """The instances of a resource: series by number, instances by number, then UID."""
        return self._reads.locations(resource)

    def metadata(self, resource: Resource) -> list[bytes]:
        """The data sets of a resource as DICOM JSON objects, in the same order.

        \\x01 stands for the service root; `b",".join` makes the members of the answer's array.
        """
        return self._reads.metadata(resource)

    def changed(self, resource: Resource) -> int:
        """The change counter of a resource: another number after every change of it, for ETags.

        It is never used again, not even after the resource was deleted and stored anew.
        """
        return self._reads.changed(resource)

    def state(self, resource: Resource) -> State:
        """Whether a resource is present, was deleted (410), or is unknown (404)."""
        return self._reads.state(resource)

    def ping(self) -> None:
        """Touch the database. Raises Unavailable when it does not answer."""
        self._reads.ping()

    def statistics(self) -> Statistics:
        """How much there is; reads the row of every study."""
        return self._reads.statistics()

    def rows(self, page: int = 1000, after: int = 0) -> Iterator[list[Row]]:
        """All instances in pages, in the order of storing, from the `pk` behind `after` on."""
        return self._reads.rows(page, after)

    def close(self) -> None:
        """Close all connections; no other thread may use the index any more."""
        self._database.close()
