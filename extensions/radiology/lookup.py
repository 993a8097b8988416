"""From an id of a path to the study or image it means, as far as the principal sees it."""

from sqlmodel import Session, col, or_, select

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive, Location
from dicomweb.errors import Gone, NotFound
from dicomweb.resources import is_uid
from extensions.radiology.tables import RadiologyStudy


def find_study(
    session: Session,
    principal: Principal,
    id: str,
    *,
    locked: bool = False,
    deleted: bool = False,
) -> RadiologyStudy:
    """The study of this id: its UUID, or its Study Instance UID.

    `locked` keeps others from changing it until the transaction ends. Raises NotFound, also for
    what the principal may not see; Gone for a deleted one, unless `deleted` ones are wanted too.
    """
    if "\0" in id:  # which PostgreSQL takes for no text at all
        raise NotFound("There is no such study.")
    statement = select(RadiologyStudy).where(
        or_(col(RadiologyStudy.id) == id, col(RadiologyStudy.study_uid) == id)
    )
    found = session.exec(statement.with_for_update() if locked else statement).first()
    if found is None or not principal.sees(found.study_uid):
        raise NotFound("There is no such study.")
    if found.deleted_at is not None and not deleted:
        raise Gone("The study was deleted.")
    return found


def find_image(archive: Archive, principal: Principal, id: str) -> Location:
    """Where the image of this SOP Instance UID is. Raises NotFound."""
    found = archive.find_uid(id) if is_uid(id) else None
    if found is None or not principal.sees(found.study):
        raise NotFound("There is no such image.")
    return found
