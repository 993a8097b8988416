"""The service behind the file APIs without a server: an archive, its ledger, and a counter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dicomweb.access.permissions import ANONYMOUS_ADMIN, Principal
from dicomweb.actor import Actor
from dicomweb.archive import Archive, resource_of
from dicomweb.index import Extension, Index
from dicomweb.resources import Resource
from dicomweb.storage.filesystem import FileSystem
from extensions.files import extension, quarantine
from extensions.files.ledger import Ledger
from extensions.files.uploads import Counter, Taken


@dataclass(frozen=True)
class Place:
    archive: Archive
    ledger: Ledger
    principal: Principal = ANONYMOUS_ADMIN

    @property
    def counter(self) -> Counter:
        return Counter(self.archive, self.ledger, self.principal, Actor("tester"))

    def resource(self, taken: Taken) -> Resource:
        assert taken.location is not None
        return resource_of(taken.location)

    def only_damaged_files_are_kept(self) -> None:
        with self.archive.reading() as session:
            kept = {each.key for each in quarantine.kept(session)}
        rows = {row.key for page in self.archive.rows() for row in page}
        assert set(dict(self.archive.storage.keys())) == kept | rows


@contextmanager
def opened(folder: Path, url: str = "") -> Iterator[Place]:
    """An empty archive with the tables of the file APIs."""
    assert extension.on_stored
    assert extension.on_removed
    index = Index(
        url or f"sqlite:///{folder / 'index.sqlite'}",
        extensions=[Extension(extension.name, extension.tables)],
        on_stored=[extension.on_stored],
        on_removed=[extension.on_removed],
    )
    archive = Archive(index, FileSystem(folder / "objects"))
    ledger = Ledger(archive)
    try:
        yield Place(archive, ledger)
    finally:
        ledger.close()
        archive.close()
