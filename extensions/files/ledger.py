"""Which instances there are for the file APIs: by every id that they give, the newest first.

Nothing is written here when others store: ids of those instances are computed when somebody asks.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, delete, func, select, text

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive, Location, Removed, Row, Stored, resource_of
from dicomweb.errors import Fault, NotFound, Refusal, Unavailable
from dicomweb.resources import Resource, is_uid
from extensions.files.facts import Facts, facts_of, in_attributes, in_elements
from extensions.files.identifiers import orthanc_of, read_orthanc, read_uuid, uuid_of
from extensions.files.tables import INSTANCE, FilesInstance, FilesProgress, now

# A request waits so long for the archive to be read; the rest is read in the background.
PATIENCE_SECONDS = 5.0
SLICE_SECONDS = 0.5
# A transaction of a store is over after so many microseconds; it takes milliseconds.
SETTLED = 120 * 1_000_000
# What came within so many microseconds of the last change of its series was that change.
COARSE = 1_000_000
_CHUNK = 500

_COLUMNS = [column.name for column in INSTANCE.columns]
_ENTER = text(
    f"INSERT INTO files_instance ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT (uuid) DO UPDATE SET "
    "orthanc = excluded.orthanc, study = excluded.study, series = excluded.series, "
    "size = excluded.size, facts = excluded.facts, name = "
    "CASE WHEN files_instance.name = '' THEN excluded.name ELSE files_instance.name END"
)

_ADVANCE = text(
    "INSERT INTO files_progress (id, settled, reached, seen_at) "
    "VALUES (:id, :settled, :reached, :seen_at) ON CONFLICT (id) DO UPDATE SET "
    "settled = CASE WHEN excluded.settled > files_progress.settled "
    "THEN excluded.settled ELSE files_progress.settled END, "
    "seen_at = CASE WHEN excluded.reached > files_progress.reached "
    "THEN excluded.seen_at ELSE files_progress.seen_at END, "
    "reached = CASE WHEN excluded.reached > files_progress.reached "
    "THEN excluded.reached ELSE files_progress.reached END"
)


# Files of forms that this process is storing, by the key of their bytes: their names.
_expected: dict[str, str] = {}


@contextmanager
def expected(names: Mapping[str, str]) -> Iterator[None]:
    """While files are stored that came by a form: their rows are written with them."""
    _expected.update(names)
    try:
        yield
    finally:
        for key in names:
            del _expected[key]


def on_stored(session: Session, stored: Sequence[Stored]) -> None:
    """Callback of the archive; it costs nothing where no form is being stored."""
    if not _expected:
        return
    records = [one.record for one in stored if one.record.key in _expected]
    _enter(
        session,
        [
            _row(
                Resource(record.study, record.series, record.instance),
                facts_of(in_elements(record.elements)),
                size=record.size,
                stored=now(),
                name=_expected[record.key],
            )
            for record in records
        ],
    )


def on_removed(session: Session, removed: Removed) -> None:
    """Callback of the archive: what is gone has no ids any more, and its name is forgotten."""
    uids = [resource.instance for resource in removed.instances]
    for start in range(0, len(uids), _CHUNK):
        chunk = uids[start : start + _CHUNK]
        session.connection().execute(delete(INSTANCE).where(INSTANCE.c.sop.in_(chunk)))


def _enter(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(_ENTER, rows)


def _row(resource: Resource, facts: Facts, *, size: int, stored: int, name: str) -> dict[str, Any]:
    study, series, sop = resource.study, resource.series, resource.instance
    return {
        "uuid": uuid_of(sop),
        "orthanc": orthanc_of(facts.patient_id or "", study, series, sop),
        "sop": sop,
        "study": study,
        "series": series,
        "name": name,
        "size": size,
        "stored": stored,
        "facts": facts.packed(),
    }


@dataclass(slots=True)
class _Round:
    """One way through what is new, page by page: `cursor` is behind the last page entered.

    `is_first`: nobody has seen these rows before, so that `progress` tells how far this round is.
    """

    progress: FilesProgress
    cursor: int
    began: int
    is_first: bool
    times: dict[tuple[str, str], int] = field(default_factory=dict)


class Ledger:
    """The instances of one archive. Methods may wait for the database: call them in a thread."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._turn = threading.Lock()
        self._round: _Round | None = None
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._background: threading.Thread | None = None

    # one instance

    def locate(self, principal: Principal, id: str) -> Location:
        """Where the instance of an id is: a UUID, a short or Orthanc id, or a SOP Instance UID.

        Raises NotFound for what never was, is gone, or is hidden from the principal.
        """
        found = self._by_uid(id) or self._by_id(id)
        if found is None or not principal.sees(found.study):
            raise NotFound("There is no DICOM file with this id.")
        return found

    def _by_uid(self, text: str) -> Location | None:
        return self._archive.find_uid(text) if is_uid(text) else None

    def _by_id(self, id: str) -> Location | None:
        if (uuid := read_uuid(id)) is not None:
            column, wanted = col(FilesInstance.uuid), uuid
        elif (orthanc := read_orthanc(id)) is not None:
            column, wanted = col(FilesInstance.orthanc), orthanc
        else:
            return None
        statement = select(FilesInstance.sop).where(column == wanted)
        with self._archive.reading() as session:
            sop = session.exec(statement).first()
        if sop is None:
            self.catch_up()
            with self._archive.reading() as session:
                sop = session.exec(statement).first()
        return None if sop is None else self._archive.find_uid(sop)

    def entry(self, location: Location, name: str = "") -> FilesInstance:
        """What is told of an instance; `name` is that of the file, if it has none yet."""
        found = self._find(location)
        if found is not None and (found.name or not name):
            return found
        row = self._described(resource_of(location), location, self._time(location), name)
        with self._archive.session() as session:
            _enter(session, [row])
        return self._find(location) or FilesInstance(**row)

    def _find(self, location: Location) -> FilesInstance | None:
        with self._archive.reading() as session:
            found = session.get(FilesInstance, uuid_of(location.instance))
            if found is not None:
                session.expunge(found)
            return found

    def _described(
        self, resource: Resource, location: Location, stored: int, name: str = ""
    ) -> dict[str, Any]:
        facts = facts_of(in_attributes(self._archive.attributes(location)))
        return _row(resource, facts, size=location.size, stored=stored, name=name)

    def _time(self, location: Location | Row) -> int:
        """When an instance was stored: at the last change of its series, or when its bytes came.

        The clock of files is coarse, and bytes may have been copied since from another disk.
        """
        changed = int(self._archive.version(Resource(location.study, location.series)), 16)
        with suppress(Fault):  # the bytes are missing
            came = self._archive.written(location.key)
            if came < changed - COARSE:
                return came
        return min(changed, now())

    # all of them

    def page(
        self, principal: Principal, offset: int, limit: int
    ) -> tuple[list[FilesInstance], int]:
        """Some instances, the newest first, and how many there are in all."""
        self.catch_up()
        rows = select(FilesInstance)
        count = select(func.count()).select_from(FilesInstance)
        if principal.studies is not None:
            visible = col(FilesInstance.study).in_(sorted(principal.studies))
            rows, count = rows.where(visible), count.where(visible)
        newest = (col(FilesInstance.stored).desc(), col(FilesInstance.uuid))
        with self._archive.reading() as session:
            found = session.exec(rows.order_by(*newest).offset(offset).limit(limit)).all()
            session.expunge_all()
            return list(found), session.exec(count).one()

    def catch_up(self) -> None:
        """Enter what was stored by other doors since the last time.

        Raises Unavailable when that takes too long; then it goes on in the background.
        """
        if self._turn.acquire(timeout=PATIENCE_SECONDS):
            try:
                if self._advance(time.monotonic() + PATIENCE_SECONDS):
                    return
            finally:
                self._turn.release()
            self._go_on()
        raise Unavailable(
            "The ids of this archive are being computed for the first time: try again.",
            headers={"Retry-After": "2"},
        )

    def _advance(self, until: float) -> bool:
        """One page at least, and more until a time of the monotonic clock; whether that is all."""
        round = self._round or self._new_round()
        self._round = round
        for number, page in enumerate(self._archive.rows(round.cursor)):
            if number and time.monotonic() > until:
                return False
            if round.is_first:
                round.progress.reached, round.progress.seen_at = page[-1].pk, round.began
            self._enter_page(page, round)
            round.cursor = page[-1].pk
        self._round = None
        return True

    def _go_on(self) -> None:
        with self._starting:
            if self._background is None or not self._background.is_alive():
                self._background = threading.Thread(target=self._finish, name="ids", daemon=True)
                self._background.start()

    def _finish(self) -> None:
        """All the rest, in slices, so that requests come in between."""
        with suppress(Refusal):
            while not self._closing.is_set():
                with self._turn:
                    if self._advance(time.monotonic() + SLICE_SECONDS):
                        return

    def close(self) -> None:
        """No more work in the background."""
        self._closing.set()
        if self._background is not None:
            self._background.join()

    def _new_round(self) -> "_Round":
        """Where to begin: behind what is certain not to grow any more."""
        with self._archive.reading() as session:
            found = session.get(FilesProgress, 1) or FilesProgress()
            session.expunge_all()
            # SQLite has one writer: what is numbered is committed in the order of the numbers.
            ordered = session.connection().dialect.name == "sqlite"
        if ordered or now() - found.seen_at > SETTLED:
            found.settled = found.reached
        return _Round(found, found.settled, now(), found.settled == found.reached)

    def _enter_page(self, page: Sequence[Row], round: "_Round") -> None:
        fresh = self._unknown(page)
        rows = [row for each in fresh if (row := self._row_of(each, round.times)) is not None]
        with self._archive.session() as session:
            # What was removed meanwhile stays away: its own callback came too early for it.
            here = {each.instance for each in next(self._archive.rows(page[0].pk - 1), [])}
            _enter(session, [row for row in rows if row["sop"] in here])
            session.connection().execute(_ADVANCE, round.progress.model_dump())

    def _unknown(self, page: Sequence[Row]) -> list[Row]:
        known: set[str] = set()
        with self._archive.reading() as session:
            for start in range(0, len(page), _CHUNK):
                uids = [each.instance for each in page[start : start + _CHUNK]]
                statement = select(FilesInstance.sop).where(col(FilesInstance.sop).in_(uids))
                known.update(session.exec(statement))
        return [each for each in page if each.instance not in known]

    def _row_of(self, row: Row, times: dict[tuple[str, str], int]) -> dict[str, Any] | None:
        """What to enter for a row of the archive; None where it is gone already."""
        resource = Resource(row.study, row.series, row.instance)
        series = (row.study, row.series)
        try:
            # Within a series, the order of storing is that of the numbers.
            times[series] = max(times.get(series, 0) + 1, self._time(row))
            location = self._archive.locate(resource)
            return self._described(resource, location, times[series])
        except Refusal:
            return None
