"""Damaged files are kept aside, each once, with the reason why they were not stored."""

from collections.abc import Iterable, Iterator
from uuid import uuid4

from sqlmodel import Session, col, func, select, text

from dicomweb.actor import Actor
from dicomweb.archive import Archive, Kept
from dicomweb.errors import NotFound
from extensions.files.tables import FilesDamaged, now

# Beyond so much damaged files are refused only: they must not fill the disk.
MAX_FILES = 1_000
MAX_BYTES = 2_000_000_000

_COLUMNS = [*FilesDamaged.model_fields]
_INSERT = text(
    f"INSERT INTO files_damaged ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT (sha256) DO NOTHING"
)


def keep_aside(
    archive: Archive, pieces: Iterable[bytes], name: str, reason: str, actor: Actor
) -> bool:
    """Whether the bytes are kept now, or were already. Waits for the disk.

    Raises Unavailable when the storage has no room.
    """
    with archive.reading() as session:
        count, size = session.exec(
            select(func.count(), func.coalesce(func.sum(col(FilesDamaged.size)), 0))
        ).one()
    if count >= MAX_FILES or int(size) >= MAX_BYTES:
        return False
    kept = archive.keep(pieces)
    row = FilesDamaged(
        id=str(uuid4()),
        name=name,
        reason=reason,
        size=kept.size,
        sha256=kept.sha256,
        key=kept.key,
        received=now(),
        sender=actor.name,
    )
    try:
        with archive.session() as session:
            done = session.connection().execute(_INSERT, row.model_dump())
            is_new = done.rowcount == 1
    except BaseException:
        archive.drop([kept.key])
        raise
    if not is_new:
        archive.drop([kept.key])
    return True


def page(session: Session, offset: int, limit: int) -> tuple[list[FilesDamaged], int]:
    """Some of them, the newest first, and how many there are."""
    newest = (col(FilesDamaged.received).desc(), col(FilesDamaged.id))
    rows = session.exec(select(FilesDamaged).order_by(*newest).offset(offset).limit(limit)).all()
    session.expunge_all()
    return list(rows), session.exec(select(func.count()).select_from(FilesDamaged)).one()


def find(session: Session, id: str) -> FilesDamaged:
    """Raises NotFound."""
    found = session.get(FilesDamaged, id)
    if found is None:
        raise NotFound("There is no damaged file with this id.")
    return found


def blob_of(row: FilesDamaged) -> Kept:
    return Kept(row.key, row.size, row.sha256)


def kept(session: Session) -> Iterator[Kept]:
    """All blobs, for `dicomweb check`."""
    return (blob_of(row) for row in session.exec(select(FilesDamaged)))
