"""What goes along with images and studies that are deleted, by whatever door.

A study that is deleted takes its series, images, annotations and draft reports; final and verified
reports stay, and its row stays with them, marked as deleted. An order whose images are deleted one
by one is an order without images again.
"""

from collections.abc import Iterable, Iterator

from sqlmodel import Session, col, delete, select

from dicomweb.actor import Actor
from dicomweb.archive import Kept, Removed
from dicomweb.resources import Level
from extensions.radiology.annotation_tables import delete_of, delete_of_instances
from extensions.radiology.report_rows import delete_drafts
from extensions.radiology.tables import RadiologySeries, RadiologyStudy, RadiologyUpload, utc_now
from extensions.radiology.workflow import touch

_CHUNK = 500


def on_removed(session: Session, removed: Removed) -> None:
    """Callback of the archive, in the transaction that removes."""
    images = [each.instance for each in removed.instances]
    delete_of_instances(session, images)
    removed.keys.extend(_uploads(session, images))
    if removed.resource.level is not Level.INSTANCE:
        _ordered_series(session, [each.series for each in removed.series])
    if removed.study:
        study = session.exec(
            select(RadiologyStudy)
            .where(col(RadiologyStudy.study_uid) == removed.resource.study)
            .with_for_update()
        ).first()
        if study is not None and study.deleted_at is None:
            _emptied(session, study, removed)


def _emptied(session: Session, study: RadiologyStudy, removed: Removed) -> None:
    """The last image of a study is gone."""
    if removed.resource.level is Level.STUDY or study.origin == "images":
        delete_study(session, study, removed.actor)
        return
    study.images_since = None
    touch(study, removed.actor)
    session.add(study)


def delete_study(session: Session, study: RadiologyStudy, actor: Actor) -> None:
    """The row of a study without images, and what belongs to it; final reports stay."""
    delete_of(session, study.study_uid)
    delete_drafts(session, study.id)
    session.exec(delete(RadiologySeries).where(col(RadiologySeries.study_id) == study.id))
    study.deleted_at = utc_now()
    study.deleted_by = actor.name
    study.images_since = None
    touch(study, actor, study.deleted_at)
    session.add(study)


def _uploads(session: Session, images: list[str]) -> Iterator[str]:
    """Forget uploads; the keys of the blobs that were kept of them."""
    for some in _chunks(images):
        chosen = col(RadiologyUpload.sop_uid).in_(some)
        keys = session.exec(select(RadiologyUpload.key).where(chosen)).all()
        session.exec(delete(RadiologyUpload).where(chosen))
        yield from filter(None, keys)


def _ordered_series(session: Session, series: list[str]) -> None:
    for some in _chunks(series):
        session.exec(delete(RadiologySeries).where(col(RadiologySeries.series_uid).in_(some)))


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def kept(session: Session) -> Iterable[Kept]:
    """The blobs of our own: JPEG and PNG files as they were uploaded."""
    wanted = select(RadiologyUpload.key, RadiologyUpload.size, RadiologyUpload.sha256)
    rows = session.exec(wanted.where(col(RadiologyUpload.key) != ""))
    return (Kept(key, size, sha256) for key, size, sha256 in rows)
