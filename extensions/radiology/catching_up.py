"""Studies that were stored while this extension was not loaded get their rows after a start."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlmodel import col, func, select

from dicomweb.actor import PROGRAM
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.query import Query
from dicomweb.resources import Level
from dicomweb.settings import Settings
from extensions.radiology.arrivals import appear, told_by
from extensions.radiology.contents import text
from extensions.radiology.tables import IntegrityError, RadiologyStudy

# A transaction of so many studies holds up nobody who stores.
_PAGE = 200
log = logging.getLogger("dicomweb")


@asynccontextmanager
async def opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    """A thread beside the server, which ends when every study has its row."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(archive, stop), name="radiology", daemon=True)
    thread.start()
    try:
        yield {}
    finally:
        stop.set()
        await in_thread(thread.join)


def _run(archive: Archive, stop: threading.Event) -> None:
    try:
        catch_up(archive, stop)
    except IntegrityError:
        log.info("Another worker gives studies their radiology rows.")
    except Exception as fault:
        log.warning("Studies without radiology rows stay so until the next start: %r.", type(fault))


def catch_up(archive: Archive, stop: threading.Event) -> int:
    """How many studies were looked at: all of the archive's, where one has no row."""
    if _known(archive) >= archive.statistics().studies:
        return 0
    looked, cursor = 0, ""
    while not stop.is_set():
        found = archive.search(Query(Level.STUDY, limit=_PAGE, cursor=cursor)).find()
        studies = [orjson.loads(each.replace(b"\x01", b"")) for each in found.fragments]
        told = [told_by(text(study, "0020000D"), _of(study)) for study in studies]
        with archive.session() as session:
            appear(session, [(each, PROGRAM) for each in told])
        looked += len(studies)
        cursor = found.cursor
        if not cursor or not found.remaining:
            break
    return looked


def _known(archive: Archive) -> int:
    """How many rows have images."""
    wanted = select(func.count()).where(col(RadiologyStudy.images_since).is_not(None))
    with archive.reading() as session:
        return session.exec(wanted).one()


def _of(study: dict[str, Any]) -> Callable[[str], str]:
    """The values of a search result; its modality is the first of ModalitiesInStudy."""
    return lambda tag: text(study, {"00080060": "00080061"}.get(tag, tag))
