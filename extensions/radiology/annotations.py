"""Annotations of images: draw, change, delete, list; every version is kept.

A key image is any annotation with `keyImage`: the contract's kinds are fixed, and a key image is
mostly marked by what is drawn on it; without a drawing it is a `text` with that flag.

Who may annotate may change any annotation (its versions tell who did what) and delete their own;
to delete another's needs radiology:manage. A deleted one is 410, its versions stay to be read.
"""

from typing import Any, cast

from sqlmodel import Session, col, func, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.archive import Archive, Location
from dicomweb.errors import Forbidden, Gone, NotFound
from dicomweb.wire.conditional import is_not_modified
from extensions.audit import Action, enter
from extensions.json_api import Page, api, check_match, enveloped, validated
from extensions.radiology import annotation_exchange
from extensions.radiology.annotation_fields import (
    Annotation,
    Change,
    Drawing,
    Measurements,
    Version,
    Wanted,
    WantedAnywhere,
)
from extensions.radiology.annotation_rules import check_frame, entry_of, filters, withdraw
from extensions.radiology.annotation_tables import (
    RadiologyAnnotation,
    RadiologyAnnotationVersion,
    add,
    answer_of,
    packed,
    packed_measurements,
    replace,
    version_of,
)
from extensions.radiology.lookup import find_image, find_study
from extensions.radiology.tables import RadiologyStudy, utc_now
from extensions.radiology.unconditional import last_wins


def create(request: Request, body: Drawing) -> Response:
    """POST …/images/{id}/annotations"""
    archive, actor = _archive(request), actor_of(request.scope)
    location = find_image(archive, _principal(request), request.path_params["id"])
    row = RadiologyAnnotation(
        study_uid=location.study,
        series_uid=location.series,
        image_uid=location.instance,
        **_columns(request, location, body),
        author=actor.name,
        created_by=actor.name,
        updated_by=actor.name,
    )
    row.updated_at = row.created_at
    with archive.session() as session:
        add(session, row, "created")
        enter(session, entry_of(request, Action.CREATE, row))
        answer = _answered(row, 201)
    if withdraw(archive, location.instance):
        raise NotFound("There is no such image.")
    return answer


def of_image(request: Request, query: Wanted) -> Page[Annotation]:
    """GET …/images/{id}/annotations"""
    location = find_image(_archive(request), _principal(request), request.path_params["id"])
    with _archive(request).reading() as session:
        return _page(
            request, session, query, [col(RadiologyAnnotation.image_uid) == location.instance]
        )


def of_study(request: Request, query: Wanted) -> Page[Annotation]:
    """GET …/studies/{id}/annotations"""
    with _archive(request).reading() as session:
        study = find_study(session, _principal(request), request.path_params["id"])
        return _page(
            request, session, query, [col(RadiologyAnnotation.study_uid) == study.study_uid]
        )


def anywhere(request: Request, query: WantedAnywhere) -> Page[Annotation]:
    """GET /api/radiology/annotations, the newest first"""
    principal = _principal(request)
    study_uid = col(RadiologyAnnotation.study_uid)
    clauses: list[Any] = []
    with _archive(request).reading() as session:
        if principal.studies is not None:
            clauses.append(study_uid.in_(sorted(principal.studies)))
        if query.study:
            clauses.append(study_uid == find_study(session, principal, query.study).study_uid)
        if query.patient:
            theirs = select(RadiologyStudy.study_uid).where(
                RadiologyStudy.patient_id == query.patient
            )
            clauses.append(study_uid.in_(theirs))
        return _page(request, session, query, clauses, newest_first=True)


def one(request: Request) -> Response:
    """GET /api/radiology/annotations/{id}"""
    with _archive(request).reading() as session:
        row = _found(session, request)
    if is_not_modified(request.headers.get("if-none-match"), row.etag):
        return Response(status_code=304, headers={"ETag": row.etag})
    return _answered(row)


def versions(request: Request) -> list[Version]:
    """GET …/annotations/{id}/versions, the first first; also of a deleted one"""
    with _archive(request).reading() as session:
        row = _found(session, request, deleted=True)
        of = RadiologyAnnotationVersion.annotation_id == row.id
        number = col(RadiologyAnnotationVersion.version)
        found = session.exec(select(RadiologyAnnotationVersion).where(of).order_by(number)).all()
        return [version_of(each) for each in found]


@last_wins
def put(request: Request, body: Drawing) -> Response:
    """PUT …/annotations/{id}: all of what is drawn; the image stays"""
    return _changed(request, _current(request), body)


@last_wins
def patch(request: Request, body: Change) -> Response:
    """PATCH …/annotations/{id}: the fields that are sent"""
    row = _current(request)
    now = answer_of(row).model_dump(mode="json", by_alias=True, include=set(Drawing.model_fields))
    return _changed(request, row, validated(Drawing, now | body.given()))


@last_wins
def delete(request: Request) -> Response:
    """DELETE …/annotations/{id}: it is remembered, with who and when"""
    row, principal = _current(request), _principal(request)
    if row.author != principal.name and not principal.may(Permission.MANAGE):
        raise Forbidden(
            f"Only its author, or who has the permission {Permission.MANAGE}, may delete it."
        )
    actor, read = actor_of(request.scope), row.version
    row.deleted_at, row.deleted_by = utc_now(), actor.name
    with _archive(request).session() as session:
        replace(session, read, row, "deleted", actor.name)
        enter(session, entry_of(request, Action.DELETE, row))
    return Response(status_code=204)


def _archive(request: Request) -> Archive:
    return cast(Archive, request.state.archive)


def _principal(request: Request) -> Principal:
    return cast(Principal, request.scope["principal"])


def _found(session: Session, request: Request, *, deleted: bool = False) -> RadiologyAnnotation:
    """The annotation of the path. Raises NotFound, and Gone for a deleted one."""
    row = session.get(RadiologyAnnotation, request.path_params["id"])
    if row is None or not _principal(request).sees(row.study_uid):
        raise NotFound("There is no such annotation.")
    if row.deleted_at is not None and not deleted:
        raise Gone("The annotation was deleted; its versions can be read.")
    session.expunge(row)
    return row


def _current(request: Request) -> RadiologyAnnotation:
    """The same, to be changed: If-Match must hold."""
    with _archive(request).reading() as session:
        row = _found(session, request)
    demanded = request.state.settings.require_if_match
    check_match(request, row.etag, demanded=demanded)
    return row


def _changed(request: Request, row: RadiologyAnnotation, body: Drawing) -> Response:
    archive, actor = _archive(request), actor_of(request.scope)
    location = find_image(archive, _principal(request), row.image_uid)
    read = row.version
    for name, value in _columns(request, location, body).items():
        setattr(row, name, value)
    with archive.session() as session:
        replace(session, read, row, "changed", actor.name)
        enter(session, entry_of(request, Action.CHANGE, row))
    return _answered(row)


def _columns(request: Request, location: Location, drawing: Drawing) -> dict[str, Any]:
    """The columns of what is drawn, measured. Raises BadRequest for a frame that is not there."""
    check_frame(_archive(request), location, drawing.frame)
    return {
        "type": drawing.type.value,
        "frame": drawing.frame,
        "points": packed(drawing.points),
        "label": drawing.label,
        "color": drawing.color,
        "key_image": drawing.key_image,
        "measurements": packed_measurements(measure(request, location, drawing)),
    }


def measure(request: Request, location: Location, drawing: Drawing) -> Measurements | None:
    """What the drawing measures on its image; reads and decodes the frame where it must."""
    from extensions.radiology.measuring import Ruler

    ruler = Ruler(request.state.rendering)
    return ruler.measured(location, drawing.type, drawing.frame, drawing.points)


def _answered(row: RadiologyAnnotation, status: int = 200) -> Response:
    headers = {"ETag": row.etag}
    if status == 201:
        headers["Location"] = f"/api/radiology/annotations/{row.id}"
    data = answer_of(row).model_dump(mode="json", by_alias=True)
    return enveloped({"success": True, "data": data}, status, headers)


def _page(
    request: Request,
    session: Session,
    query: Wanted,
    clauses: list[Any],
    *,
    newest_first: bool = False,
) -> Page[Annotation]:
    clauses = [*clauses, *filters(query, _principal(request))]
    total = session.exec(select(func.count()).select_from(RadiologyAnnotation).where(*clauses))
    order = (col(RadiologyAnnotation.created_at), col(RadiologyAnnotation.id))
    rows = session.exec(
        select(RadiologyAnnotation)
        .where(*clauses)
        .order_by(*(each.desc() if newest_first else each for each in order))
        .offset(query.offset)
        .limit(query.limit)
    )
    found = [answer_of(row) for row in rows]
    return Page(found, query.page, query.limit, total.one())


_API = "/api/radiology"
_IMAGE = _API + "/images/{id}/annotations"
_ONE = _API + "/annotations/{id}"

routes = [
    api(
        *("POST", _IMAGE, create, Permission.ANNOTATE),
        takes=Drawing,
        gives=Annotation,
        status=201,
        refusals=(404, 409),
        summary="Annotate an image; lengths, areas, angles and values are measured by the server",
    ),
    api(
        *("GET", _IMAGE, of_image, Permission.VIEW),
        asks=Wanted,
        gives=Annotation,
        listed=True,
        refusals=(404,),
        summary="The annotations of an image",
    ),
    api(
        *("GET", _API + "/studies/{id}/annotations", of_study, Permission.VIEW),
        asks=Wanted,
        gives=Annotation,
        listed=True,
        refusals=(404,),
        summary="The annotations of a study",
    ),
    api(
        *("GET", _API + "/annotations", anywhere, Permission.VIEW),
        asks=WantedAnywhere,
        gives=Annotation,
        listed=True,
        refusals=(404,),
        summary="Annotations of all studies, the newest first",
    ),
    api(
        *("GET", _ONE, one, Permission.VIEW),
        gives=Annotation,
        refusals=(404, 410),
        summary="One annotation, with its ETag",
    ),
    api(
        *("GET", _ONE + "/versions", versions, Permission.VIEW),
        gives=list[Version],
        refusals=(404,),
        summary="All versions of an annotation",
    ),
    api(
        *("PUT", _ONE, put, Permission.ANNOTATE),
        takes=Drawing,
        gives=Annotation,
        refusals=(404, 410, 412, 428),
        summary="Draw an annotation anew",
    ),
    api(
        *("PATCH", _ONE, patch, Permission.ANNOTATE),
        takes=Change,
        gives=Annotation,
        refusals=(404, 410, 412, 428),
        summary="Change some fields of an annotation",
    ),
    api(
        *("DELETE", _ONE, delete, Permission.ANNOTATE),
        status=204,
        refusals=(404, 410, 412, 428),
        summary="Delete an annotation; its versions stay",
    ),
    *annotation_exchange.routes,
]
