"""What the routes of annotations share: bounds, filters, lines of the trail."""

from typing import Any

from sqlmodel import col
from starlette.requests import Request

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive, Location
from dicomweb.errors import BadRequest, Conflict
from dicomweb.pixels.attributes import integer
from extensions.audit import Action, Entry
from extensions.radiology.annotation_fields import Wanted
from extensions.radiology.annotation_tables import RadiologyAnnotation, delete_of_instances

NUMBER_OF_FRAMES = "00280008"


def check_frame(archive: Archive, location: Location, frame: int) -> None:
    """Raises BadRequest where the image has no such frame, Conflict where it is no image."""
    if not location.frames:
        raise Conflict("This instance has no image: there is nothing to draw on.")
    said = integer(archive.attributes(location), NUMBER_OF_FRAMES, 1) or 1
    count = max(archive.frames(location).count, said)
    if frame > count:
        raise BadRequest(f"frame: this image has the frames 1 to {count}.")


def withdraw(archive: Archive, image: str) -> bool:
    """An image may be deleted while it is drawn on: then what was drawn goes, too. Whether so."""
    if archive.find_uid(image) is not None:
        return False
    with archive.session() as session:
        delete_of_instances(session, [image])
    return True


def entry_of(request: Request, action: Action, row: RadiologyAnnotation) -> Entry:
    """A line of the audit trail."""
    return Entry(
        action,
        actor_of(request.scope),
        "annotation",
        study=row.study_uid,
        series=row.series_uid,
        instance=row.image_uid,
        object=row.id,
    )


def filters(query: Wanted, principal: Principal) -> list[Any]:
    """The clauses of what a list wants; the author `me` is the principal."""
    author = principal.name if query.author == "me" else query.author
    wanted = {
        RadiologyAnnotation.author: author or None,
        RadiologyAnnotation.image_uid: query.image or None,
        RadiologyAnnotation.frame: query.frame,
        RadiologyAnnotation.key_image: query.key_image,
    }
    clauses: list[Any] = [
        col(column) == value for column, value in wanted.items() if value is not None
    ]
    if query.type:
        clauses.append(col(RadiologyAnnotation.type).in_([each.value for each in query.type]))
    if not query.include_deleted:
        clauses.append(col(RadiologyAnnotation.deleted_at).is_(None))
    return clauses
