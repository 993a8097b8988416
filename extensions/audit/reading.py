"""Questions to the trail: filters, one page, or all that fits, page after page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field
from sqlmodel import Session, and_, func, or_, select

from dicomweb.archive import Archive
from extensions.audit.entries import Action, Outcome
from extensions.audit.tables import ENTRY
from extensions.json_api import Line, Paging

# Rows that a stream reads at once.
ROWS = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEWEST_FIRST = (ENTRY.c.time.desc(), ENTRY.c.pk.desc())
_OLDEST_FIRST = (ENTRY.c.time, ENTRY.c.pk)


def _moment(value: Any) -> Any:
    """A date or a time of ISO 8601, UTC where it names no zone; whole days stay dates."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            "a date or time is written as 2026-11-21 or 2026-11-21T08:30:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Moment = Annotated[datetime | date, BeforeValidator(_moment)]


class Filters(Paging):
    """What lines are wanted; all that are given have to fit."""

    since: Moment | None = Field(
        default=None, alias="from", description="The first moment, or day (ISO 8601, UTC)."
    )
    until: Moment | None = Field(
        default=None, alias="to", description="Before this moment, or the last day."
    )
    actor: Line = Field(default="", description="Name of the principal.")
    action: Action | None = Field(default=None, description="What was done.")
    kind: Line = Field(default="", description="What it was done to, or how.")
    outcome: Outcome | None = Field(default=None, description="How it ended.")
    study: Line = Field(default="", description="Study Instance UID.")
    patient: Line = Field(default="", description="Patient ID.")
    object: Line = Field(default="", description="Id or name of what has no UID.")
    address: Line = Field(default="", description="Network address of the client.")
    request: Line = Field(
        default="",
        validation_alias=AliasChoices("requestId", "request"),
        description="Id of the request.",
    )

    @property
    def conditions(self) -> list[Any]:
        """Those of a WHERE."""
        columns = ("actor", "action", "kind", "outcome", "study", "patient", "object", "address")
        wanted = [(ENTRY.c[name], getattr(self, name)) for name in (*columns, "request")]
        found = [column == str(value) for column, value in wanted if value]
        if self.since is not None:
            found.append(ENTRY.c.time >= _microseconds(self.since))
        if self.until is not None:
            found.append(ENTRY.c.time < _microseconds(self.until, end=True))
        return found


def _microseconds(moment: datetime | date, *, end: bool = False) -> int:
    """Since 1970; a day begins at its begin, and ends at that of the next."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
        if end and moment.date() < date.max:
            moment += timedelta(days=1)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def shown(microseconds: int) -> str:
    """`2026-11-21T08:30:00.123456Z`."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def page(session: Session, filters: Filters) -> tuple[list[Any], int]:
    """Rows, newest first, and how many there are in all."""
    connection = session.connection()
    total = select(func.count()).select_from(ENTRY).where(*filters.conditions)
    rows = (
        ENTRY.select()
        .where(*filters.conditions)
        .order_by(*_NEWEST_FIRST)
        .limit(filters.limit)
        .offset(filters.offset)
    )
    return list(connection.execute(rows).all()), connection.execute(total).scalar_one()


def everything(archive: Archive, filters: Filters, *, oldest_first: bool) -> Iterator[list[Any]]:
    """All rows in pages; each page is read by itself, so that no writer ever waits for a reader."""
    order = _OLDEST_FIRST if oldest_first else _NEWEST_FIRST
    behind: list[Any] = []
    while True:
        wanted = ENTRY.select().where(*filters.conditions, *behind).order_by(*order).limit(ROWS)
        with archive.reading() as session:
            rows = list(session.connection().execute(wanted).all())
        if not rows:
            return
        yield rows
        behind = [_after(rows[-1]) if oldest_first else _before(rows[-1])]


def _before(row: Any) -> Any:
    tied = and_(ENTRY.c.time == row.time, ENTRY.c.pk < row.pk)
    return or_(ENTRY.c.time < row.time, tied)


def _after(row: Any) -> Any:
    tied = and_(ENTRY.c.time == row.time, ENTRY.c.pk > row.pk)
    return or_(ENTRY.c.time > row.time, tied)
