"""The file APIs: four documented REST interfaces over the one archive.

What comes in by one door goes out by all of them: an instance has a UUID, a short id of the same
128 bits, Orthanc's id and its SOP Instance UID, and every path takes each of these. `pacs_api`,
`dicom_tags`, `exam_images` and `dicom_files` are one document each; `uploads`, `ledger` and `shown`
are the service behind them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlmodel import SQLModel

from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.extension import Extension
from dicomweb.settings import Settings
from extensions.files import (
    damaged_files,
    dicom_files,
    dicom_tags,
    exam_images,
    pacs_api,
    quarantine,
    shared_paths,
)
from extensions.files.ledger import Ledger, on_removed, on_stored
from extensions.files.meaning import about
from extensions.files.tables import TABLES


@asynccontextmanager
async def _opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    ledger = Ledger(archive)
    try:
        yield {"files": ledger}
    finally:
        await in_thread(ledger.close)


extension = Extension(
    name="files",
    routes=[
        *shared_paths.routes,
        *damaged_files.routes,  # before the ids of the next
        *pacs_api.routes,
        *dicom_files.routes,
        *dicom_tags.routes,
        *exam_images.routes,
    ],
    tables=[partial(SQLModel.metadata.create_all, tables=TABLES)],
    on_stored=on_stored,
    on_removed=on_removed,
    opened=_opened,
    kept=quarantine.kept,
    about=about,
)
