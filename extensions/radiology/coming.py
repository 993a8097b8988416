"""Instances that are stored into a study of ours: images of our forms, and reports.

A study may be deleted while one is made for it: by DICOMweb it can be stored again, but nobody who
only meant to add to it does that. Rows of uploads are written in the transaction that stores the
instance, so that there is never one without the other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlmodel import Session, col, insert, select

from dicomweb.actor import Actor
from dicomweb.archive import Archive, Stored
from dicomweb.errors import Conflict, Fault, Gone, InstanceRefused, Refusal, Unavailable
from dicomweb.incoming import Arrived, Outcome
from extensions.radiology.numbering import release
from extensions.radiology.tables import RadiologyStudy, RadiologyUpload


@dataclass(slots=True)
class Coming:
    """Into which study (its id), the row of its upload; afterwards why it was not stored."""

    study: str
    upload: RadiologyUpload | None
    refusal: Refusal | None = None


# Those of this process, by the key of their bytes: the same file may come twice at once.
_coming: dict[str, Coming] = {}


def arrive(archive: Archive, file: bytes, study_uid: str) -> Arrived:
    """A file that was made here. Raises Unavailable where the storage has no room."""
    try:
        return archive.arrive([file], study_uid)
    except InstanceRefused as refused:
        if refused.reason == InstanceRefused.NO_RESOURCES:
            raise Unavailable(refused.sentence) from None
        raise Fault("It could not be made a DICOM file.") from None


def store(
    archive: Archive,
    arrived: Arrived,
    actor: Actor,
    study: str,
    upload: RadiologyUpload | None = None,
) -> Outcome:
    """An instance that has arrived goes into the study of this id. Waits for the disk.

    Raises Gone where that was deleted meanwhile, Conflict where it has another UID now.
    """
    with into(study, arrived.key, upload) as own:
        (outcome,) = archive.submit([arrived], actor).result()
    if outcome.reason and own.refusal is not None:
        raise own.refusal
    return outcome


@contextmanager
def into(study: str, key: str, upload: RadiologyUpload | None = None) -> Iterator[Coming]:
    """While the instance with its bytes under `key` is stored into the study of this id."""
    own = _coming[key] = Coming(study, upload)
    try:
        yield own
    finally:
        del _coming[key]


def _refusal(session: Session, id: str, study_uid: str) -> Refusal | None:
    """Why an instance with this Study Instance UID cannot be of the study any more."""
    told = select(RadiologyStudy.deleted_at, RadiologyStudy.images_since, RadiologyStudy.study_uid)
    row = told.where(col(RadiologyStudy.id) == id).with_for_update()
    deleted_at, images_since, own_uid = session.exec(row).one()
    if deleted_at is not None:
        return Gone("The study was deleted.")
    if images_since is not None and own_uid != study_uid:  # an order took over that of its images
        return Conflict(f"Images of the study {own_uid} have come meanwhile: send it again.")
    return None


def on_stored(session: Session, stored: Sequence[Stored]) -> None:
    """Callback of the archive, before study rows learn of their images."""
    taken: dict[str, str] = {}  # by id: an order takes over one UID only, in one group as well
    for one in stored:
        own = _coming.get(one.record.key)
        if own is None:
            continue
        own.refusal = _refusal(session, own.study, one.record.study)
        if taken.setdefault(own.study, one.record.study) != one.record.study:
            own.refusal = Conflict("Images of another study have come meanwhile: send it again.")
        if own.refusal is not None:
            raise own.refusal
        if own.upload is not None:
            session.exec(insert(RadiologyUpload).values(**own.upload.model_dump()))
            release(session, own.upload.sop_uid)
