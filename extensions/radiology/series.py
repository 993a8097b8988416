"""Series of a study: ordered before they have images, found, read, changed and deleted."""

from dataclasses import dataclass

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.archive import Archive
from dicomweb.errors import Conflict, Gone, NotFound
from dicomweb.resources import Resource, is_uid
from extensions.audit import Action, Entry, enter
from extensions.json_api import Page, Paging, api, check_match
from extensions.radiology import contents
from extensions.radiology.contents import StoredSeries
from extensions.radiology.identifiers import series_uid
from extensions.radiology.lookup import find_study
from extensions.radiology.shapes import ChangedSeries, FullSeries, Image, NewSeries, Series
from extensions.radiology.tables import IntegrityError, RadiologySeries, RadiologyStudy
from extensions.radiology.telling import (
    answered,
    check_version,
    etag,
    image_told,
    ordered_series_told,
    series_told,
    stored_series_told,
    uploads_of,
)
from extensions.radiology.workflow import Status

_NONE = "There is no such series."


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series and its study; what the archive has of it, and what was ordered of it, if it was."""

    study: RadiologyStudy
    stored: StoredSeries | None
    ordered: RadiologySeries | None

    @property
    def uid(self) -> str:
        if self.stored is not None:
            return self.stored.uid
        assert self.ordered is not None
        return self.ordered.series_uid

    @property
    def tag(self) -> str:
        """The ETag of what was ordered; a series of files changes with its images only."""
        return etag(self.ordered) if self.ordered is not None and self.stored is None else '"1"'

    def told(self) -> Series:
        if self.stored is not None:
            return stored_series_told(self.study, self.stored)
        assert self.ordered is not None
        return ordered_series_told(self.study, self.ordered)


def find_series(
    session: Session, archive: Archive, principal: Principal, id: str, *, locked: bool = False
) -> FoundSeries:
    """The series of this Series Instance UID. Raises NotFound, or Gone with its study."""
    wanted = select(RadiologySeries).where(col(RadiologySeries.series_uid) == id)
    if not is_uid(id):
        raise NotFound(_NONE)
    ordered = session.exec(wanted.with_for_update() if locked else wanted).first()
    stored = contents.series_named(archive, id)
    stored = [each for each in stored if principal.sees(each.study)]
    study_id = ordered.study_id if ordered else stored[0].study if stored else ""
    if not study_id:
        raise NotFound(_NONE)
    try:
        study = find_study(session, principal, study_id)
    except NotFound:
        raise NotFound(_NONE) from None
    own = [each for each in stored if each.study == study.study_uid]
    return FoundSeries(study, own[0] if own else None, ordered)


def create(request: Request, body: NewSeries) -> Response:
    """A series of a study, for images to come."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    try:
        with archive.session() as session:
            study = find_study(
                session, request.scope["principal"], request.path_params["study_id"], locked=True
            )
            if study.status == Status.CANCELLED:
                raise Conflict("The study was cancelled: it takes no series.")
            taken = {each.series_number for each in series_told(session, archive, study)}
            number = body.series_number
            if number is None:
                number = max((each for each in taken if each is not None), default=0) + 1
            if number in taken:
                raise Conflict(f"seriesNumber: the study has a series {number} already.")
            series = RadiologySeries(
                series_uid=_free_uid(session, archive, body.series_instance_uid)
                or series_uid(study.id, number),
                study_id=study.id,
                series_number=number,
                modality=body.modality or study.modality,
                series_description=body.series_description,
                body_part=body.body_part or study.body_part,
                created_by=actor.name,
            )
            session.add(series)
            session.flush()
            uid = series.series_uid
            enter(session, Entry(Action.CREATE, actor, "series", study=study.study_uid, series=uid))
            told = ordered_series_told(study, series)
    except IntegrityError:  # the same request at the same moment
        raise Conflict("seriesNumber, seriesInstanceUID: there is such a series already.") from None
    return answered(told, etag(series), 201, f"/api/radiology/series/{uid}")


def _free_uid(session: Session, archive: Archive, uid: str | None) -> str:
    """The UID that was asked for, if it was. Raises Conflict where a series has it."""
    if uid and (session.get(RadiologySeries, uid) or contents.series_named(archive, uid)):
        raise Conflict("seriesInstanceUID: another series has it.")
    return uid or ""


def ordered_uid(session: Session, study: str, number: int) -> str:
    """Of the series that was ordered with this number for the study (its id), empty if none was."""
    own = (col(RadiologySeries.study_id) == study, col(RadiologySeries.series_number) == number)
    return session.exec(select(RadiologySeries.series_uid).where(*own)).first() or ""


def listed(request: Request) -> list[Series]:
    """All series of a study by number."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(session, request.scope["principal"], request.path_params["study_id"])
        return series_told(session, archive, study)


def read(request: Request) -> Response:
    """One series with its images."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        found = _find(session, request)
        told = found.told()
        rows = _images(request, session, found)
    whole = FullSeries(**{n: getattr(told, n) for n in Series.model_fields}, images=rows)
    return answered(whole, found.tag)


def images(request: Request, query: Paging) -> Page[Image]:
    """The images of a series by number."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        found = _find(session, request)
        total = found.stored.images if found.stored else 0
        rows = _images(request, session, found, query.offset, query.limit)
    return Page(rows, query.page, query.limit, total)


def _images(
    request: Request,
    session: Session,
    found: FoundSeries,
    offset: int = 0,
    limit: int | None = None,
) -> list[Image]:
    if found.stored is None:
        return []
    archive: Archive = request.state.archive
    resource = Resource(found.stored.study, found.stored.uid)
    some = contents.images_of(archive, resource)[offset:][:limit]
    uploads = uploads_of(session, some)
    return [image_told(request, image, uploads.get(image.location.instance)) for image in some]


def change(request: Request, body: ChangedSeries) -> Response:
    """Other values for a series that has no images yet."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    with archive.session() as session:
        found = _find(session, request, locked=True)
        check_version(request, found.tag)
        row = found.ordered
        if row is None or found.stored is not None:
            raise Conflict(
                "The series has images, so that its files say what it is; the archive keeps them "
                "as they came."
            )
        sent = body.model_dump(exclude_unset=True)
        if any(getattr(row, name) != value for name, value in sent.items()):
            for name, value in sent.items():
                setattr(row, name, value)
            row.version += 1
            session.add(row)
            session.flush()
            uid = found.study.study_uid
            entry = Entry(Action.CHANGE, actor, "series", study=uid, series=row.series_uid)
            enter(session, entry)
        return answered(ordered_series_told(found.study, row), etag(row))


def remove(request: Request) -> None:
    """The series with its images and their annotations."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    with archive.session() as session:
        found = _find(session, request, locked=True)
        check_match(request, found.tag)
        if found.stored is None and found.ordered is not None:
            session.delete(found.ordered)
            session.flush()
            uid = found.study.study_uid
            enter(session, Entry(Action.DELETE, actor, "series", study=uid, series=found.uid))
            return
    try:
        archive.remove(Resource(found.study.study_uid, found.uid), actor)
    except (NotFound, Gone):
        raise NotFound(_NONE) from None


def _find(session: Session, request: Request, *, locked: bool = False) -> FoundSeries:
    principal, id = request.scope["principal"], request.path_params["id"]
    return find_series(session, request.state.archive, principal, id, locked=locked)


_OF_STUDY = "/api/radiology/studies/{study_id}/series"
_SERIES = "/api/radiology/series/{id}"

routes = [
    api(
        "POST",
        _OF_STUDY,
        create,
        Permission.CREATE,
        takes=NewSeries,
        gives=Series,
        status=201,
        refusals=(404, 409, 410),
        summary="Add a series to a study",
    ),
    api(
        "GET",
        _OF_STUDY,
        listed,
        Permission.VIEW,
        gives=list[Series],
        refusals=(404, 410),
        summary="The series of a study",
    ),
    api(
        "GET",
        _SERIES,
        read,
        Permission.VIEW,
        gives=FullSeries,
        refusals=(404, 410),
        summary="One series with its images",
    ),
    api(
        "GET",
        _SERIES + "/images",
        images,
        Permission.VIEW,
        asks=Paging,
        gives=Image,
        listed=True,
        refusals=(404, 410),
        summary="The images of a series",
    ),
    api(
        "PATCH",
        _SERIES,
        change,
        Permission.EDIT,
        takes=ChangedSeries,
        gives=Series,
        refusals=(404, 409, 410, 412, 428),
        summary="Change a series that has no images yet",
    ),
    api(
        "DELETE",
        _SERIES,
        remove,
        Permission.MANAGE,
        status=204,
        refusals=(404, 410, 412),
        summary="Delete a series with its images and annotations",
    ),
]
