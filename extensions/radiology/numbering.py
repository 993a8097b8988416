"""Instance Numbers of uploads: the next of its series for each, whichever worker takes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive
from dicomweb.resources import Resource
from extensions.radiology.contents import last_number
from extensions.radiology.lookup import find_study
from extensions.radiology.tables import TEXT, utc_now

# An upload is over long before; what is older was left by a process that ended in the middle.
_STALE = timedelta(minutes=15)


class RadiologyNumber(SQLModel, table=True):
    """A number that an image will have which is being stored; gone in the same transaction."""

    __tablename__ = "radiology_number"

    sop_uid: str = Field(primary_key=True, sa_type=TEXT)
    series_uid: str = Field(index=True, sa_type=TEXT)
    number: int
    at: str = Field(default_factory=utc_now, sa_type=TEXT)


TABLES = [SQLModel.metadata.tables[str(RadiologyNumber.__tablename__)]]


@contextmanager
def reserved(
    archive: Archive, principal: Principal, study: str, series: Resource, sop_uid: str
) -> Iterator[int]:
    """The next number of a series, while the image `sop_uid` that has it is stored.

    `study` is the id of the row. Raises NotFound, or Gone where it was deleted.
    """
    with archive.session() as session:
        find_study(session, principal, study, locked=True)  # its uploads come one after the other
        number = _next(session, archive, series)
        session.add(RadiologyNumber(sop_uid=sop_uid, series_uid=series.series, number=number))
    try:
        yield number
    except BaseException:
        with archive.session() as session:
            release(session, sop_uid)
        raise


def _next(session: Session, archive: Archive, series: Resource) -> int:
    """What is being stored is read before what is stored: nothing slips through between them."""
    stale = f"{datetime.now(UTC) - _STALE:%Y-%m-%dT%H:%M:%S.%f}Z"
    session.exec(delete(RadiologyNumber).where(col(RadiologyNumber.at) < stale))
    own = col(RadiologyNumber.series_uid) == series.series
    coming = session.exec(select(func.max(RadiologyNumber.number)).where(own)).one()
    return max(coming or 0, last_number(archive, series)) + 1


def release(session: Session, sop_uid: str) -> None:
    """The image is stored, or will not be."""
    session.exec(delete(RadiologyNumber).where(col(RadiologyNumber.sop_uid) == sop_uid))
