"""Studies: to schedule, list, read, change and delete them (/api/radiology/studies)."""

from typing import Any

from pydantic.alias_generators import to_camel
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import Conflict, Gone, NotFound
from dicomweb.resources import Resource
from extensions.audit import Action, Entry, enter
from extensions.json_api import Page, Paging, api, check_match
from extensions.radiology import contents, details, listing
from extensions.radiology.departures import delete_study
from extensions.radiology.identifiers import accession_number, new_uid
from extensions.radiology.lookup import find_study
from extensions.radiology.shapes import (
    ChangedStudy,
    Image,
    NewStudy,
    Study,
    StudyQuery,
    WorkQuery,
)
from extensions.radiology.tables import IntegrityError, RadiologyStudy, utc_now
from extensions.radiology.telling import (
    answered,
    check_version,
    etag,
    image_told,
    studies_told,
    uploads_of,
)
from extensions.radiology.wording import settle
from extensions.radiology.workflow import touch

# Of images that nobody ordered, the files say whose they are.
_OF_FILES = ("patient_id", "patient_name", "patient_birth_date", "patient_sex", "accession_number")


def create(request: Request, body: NewStudy) -> Response:
    """Schedule a study; or, where its images are here already, order it belatedly."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    try:
        with archive.session() as session:
            study = _ordered(session, body, actor)
            session.flush()
            entry = Entry(Action.CREATE, actor, "study", study=study.study_uid, object=study.id)
            enter(session, entry)
    except IntegrityError:  # on PostgreSQL two orders may come at the same moment
        raise Conflict("Another order has this accession number or UID.") from None
    (told,) = studies_told(archive, [study])
    return answered(told, etag(study), 201, f"/api/radiology/studies/{study.id}")


def _ordered(session: Session, body: NewStudy, actor: Actor) -> RadiologyStudy:
    study = _waiting(session, body)
    fields = body.model_dump(exclude={"study_instance_uid", "study_date", "study_time"})
    if study is None:
        now = utc_now()
        study = RadiologyStudy(
            **fields,
            study_uid=body.study_instance_uid or new_uid(),
            study_date=body.study_date or now[:10],
            study_time=(body.study_time or "") if body.study_date else now[11:19],
            created_by=actor.name,
            updated_by=actor.name,
        )
        study.accession_number = body.accession_number or _free_number(session)
    else:
        for name, value in fields.items():
            setattr(study, name, value or getattr(study, name))
        study.accession_number = study.accession_number or _free_number(session)
        study.origin = "order"
        touch(study, actor)
    settle(study)
    session.add(study)
    return study


def _waiting(session: Session, body: NewStudy) -> RadiologyStudy | None:
    """Images that came before their order: by its UID, or its accession number and patient.

    Raises Conflict where another order has one of them.
    """
    uid, number = body.study_instance_uid, body.accession_number
    if uid:
        found = session.exec(_with("study_uid", uid)).first()
        if found is not None and (found.origin == "order" or found.deleted_at is not None):
            raise Conflict("studyInstanceUID: another study has it.")
    if number:
        rows = session.exec(_with("accession_number", number)).all()
        if any(row.origin == "order" for row in rows):
            raise Conflict("accessionNumber: another order has it.")
        if not uid:
            own = [row for row in rows if row.patient_id == body.patient_id and not row.deleted_at]
            return own[0] if len(own) == 1 else None
    return found if uid else None


def _with(column: str, value: str) -> Any:
    chosen = col(getattr(RadiologyStudy, column)) == value
    return select(RadiologyStudy).where(chosen).with_for_update()


def _free_number(session: Session) -> str:
    """A new accession number that no study has."""
    while session.exec(_with("accession_number", number := accession_number())).first():
        pass
    return number


def images(request: Request, query: Paging) -> Page[Image]:
    """All images of a study, in the order of their series and numbers, for a viewer."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(session, request.scope["principal"], request.path_params["id"])
        found = contents.images_of(archive, Resource(study.study_uid)) if study.images_since else []
        some = found[query.offset : query.offset + query.limit]
        uploads = uploads_of(session, some)
    rows = [image_told(request, image, uploads.get(image.location.instance)) for image in some]
    return Page(rows, query.page, query.limit, len(found))


def change(request: Request, body: ChangedStudy) -> Response:
    """Other values for the fields that are sent."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    try:
        with archive.session() as session:
            study = find_study(
                session, request.scope["principal"], request.path_params["id"], locked=True
            )
            check_version(request, etag(study))
            changed = _changes(session, study, body)
            if changed:
                _change(session, study, changed, actor)
    except IntegrityError:
        raise Conflict("accessionNumber: another order has it.") from None
    (told,) = studies_told(archive, [study])
    return answered(told, etag(study))


def _changes(session: Session, study: RadiologyStudy, body: ChangedStudy) -> dict[str, Any]:
    """What is different; raises Conflict for what the files have to say."""
    sent = body.model_dump(exclude_unset=True)
    if "study_time" in sent:
        sent["study_time"] = sent["study_time"] or ""
    elif sent.get("study_date", study.study_date) != study.study_date:
        sent["study_time"] = ""  # that of another day
    changed = {name: value for name, value in sent.items() if value != getattr(study, name)}
    wrong = [to_camel(name) for name in changed if name in _OF_FILES and study.origin == "images"]
    if wrong:
        raise Conflict(
            f"{', '.join(wrong)}: nobody ordered this study, so that its files say whose it is; "
            "the archive keeps them as they came."
        )
    number = changed.get("accession_number")
    if number and any(
        row.origin == "order" for row in session.exec(_with("accession_number", number))
    ):
        raise Conflict("accessionNumber: another order has it.")
    return changed


def _change(session: Session, study: RadiologyStudy, changed: dict[str, Any], actor: Actor) -> None:
    for name, value in changed.items():
        setattr(study, name, value)
    settle(study)
    touch(study, actor)
    session.add(study)
    session.flush()
    detail = ", ".join(sorted(changed))
    enter(
        session,
        Entry(Action.CHANGE, actor, "study", study=study.study_uid, object=study.id, detail=detail),
    )


def remove(request: Request) -> None:
    """The study with series, images, annotations and draft reports; final reports stay."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    with archive.reading() as session:
        study = find_study(session, request.scope["principal"], request.path_params["id"])
        check_match(request, etag(study))
    uid = study.study_uid if study.images_since else _row_removed(request, study.id, actor)
    if not uid:
        return
    try:
        archive.remove(Resource(uid), actor)  # the rest goes by `on_removed`
    except (NotFound, Gone):  # somebody was faster
        _row_removed(request, study.id, actor, whatever=True)


def _row_removed(request: Request, id: str, actor: Actor, *, whatever: bool = False) -> str:
    """Mark a study without images as deleted; the UID of one that has got some meanwhile."""
    archive: Archive = request.state.archive
    with archive.session() as session:
        study = find_study(session, request.scope["principal"], id, locked=True)
        if study.images_since is not None and not whatever:
            return study.study_uid
        delete_study(session, study, actor)
        entry = Entry(Action.DELETE, actor, "study", study=study.study_uid, object=study.id)
        enter(session, entry)
    return ""


_STUDIES = "/api/radiology/studies"
_STUDY = _STUDIES + "/{id}"

routes = [
    api(
        "POST",
        _STUDIES,
        create,
        Permission.CREATE,
        takes=NewStudy,
        gives=Study,
        status=201,
        refusals=(409,),
        summary="Schedule a study",
    ),
    api(
        "GET",
        _STUDIES,
        listing.listed,
        Permission.VIEW,
        asks=StudyQuery,
        gives=Study,
        listed=True,
        summary="Studies, the newest first, with filters",
    ),
    api(
        "GET",
        "/api/radiology/worklist",
        listing.worklist,
        Permission.VIEW,
        asks=WorkQuery,
        gives=Study,
        listed=True,
        summary="What is to be done, the most urgent first",
    ),
    api(
        "GET",
        _STUDY,
        details.read,
        Permission.VIEW,
        gives=details.FullStudy,
        refusals=(404, 410),
        summary="One study with its series, images and reports",
    ),
    api(
        "PATCH",
        _STUDY,
        change,
        Permission.EDIT,
        takes=ChangedStudy,
        gives=Study,
        refusals=(404, 409, 410, 412, 428),
        summary="Change a study",
    ),
    api(
        "DELETE",
        _STUDY,
        remove,
        Permission.MANAGE,
        status=204,
        refusals=(404, 410, 412),
        summary="Delete a study with its images, annotations and draft reports",
    ),
    api(
        "GET",
        _STUDY + "/images",
        images,
        Permission.VIEW,
        asks=Paging,
        gives=Image,
        listed=True,
        refusals=(404, 410),
        summary="All images of a study, for a viewer",
    ),
    api(
        "GET",
        _STUDY + "/priors",
        listing.priors,
        Permission.VIEW,
        asks=StudyQuery,
        gives=Study,
        listed=True,
        refusals=(404, 410),
        summary="Earlier studies of the same patient",
    ),
]
