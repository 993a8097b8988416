"""A study on its way: status, history, assignment and priority."""

from collections.abc import Callable

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from extensions.audit import Action, Entry, enter
from extensions.json_api import api
from extensions.radiology.lookup import find_study
from extensions.radiology.shapes import Assigned, NewStep, Step, Study, Urgency
from extensions.radiology.tables import RadiologyStep, RadiologyStudy
from extensions.radiology.telling import answered, check_version, etag, studies_told
from extensions.radiology.wording import settle
from extensions.radiology.workflow import advance, touch


def step(request: Request, body: NewStep) -> Response:
    """To another status, forwards freely, backwards with a reason and radiology:manage."""
    principal = request.scope["principal"]

    def take(session: Session, study: RadiologyStudy, actor: Actor) -> str:
        before = study.status
        if not advance(session, study, body.status, actor, principal=principal, reason=body.reason):
            return ""
        return f"{before} to {study.status}"

    return _changed(request, take)


def assign(request: Request, body: Assigned) -> Response:
    """To the radiologist who is to read it."""

    def give(session: Session, study: RadiologyStudy, actor: Actor) -> str:
        if study.assigned_to == body.assigned_to:
            return ""
        study.assigned_to = body.assigned_to
        touch(study, actor)
        return "assigned to" if body.assigned_to else "assigned to nobody"

    return _changed(request, give)


def prioritise(request: Request, body: Urgency) -> Response:
    """How urgent it is."""

    def rank(session: Session, study: RadiologyStudy, actor: Actor) -> str:
        if study.priority == body.priority:
            return ""
        study.priority = body.priority
        settle(study)
        touch(study, actor)
        return f"priority {body.priority}"

    return _changed(request, rank)


def _changed(request: Request, change: Callable[[Session, RadiologyStudy, Actor], str]) -> Response:
    """One change of a study; it returns what the trail says of it, nothing if nothing changed."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    with archive.session() as session:
        study = find_study(
            session, request.scope["principal"], request.path_params["id"], locked=True
        )
        check_version(request, etag(study))
        detail = change(session, study, actor)
        if detail:
            session.add(study)
            session.flush()
            uid = study.study_uid
            entry = Entry(Action.CHANGE, actor, "study", study=uid, object=study.id, detail=detail)
            enter(session, entry)
    (told,) = studies_told(archive, [study])
    return answered(told, etag(study))


def history(request: Request) -> list[Step]:
    """Every step of a study, the first first."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(session, request.scope["principal"], request.path_params["id"])
        return history_of(session, study)


def history_of(session: Session, study: RadiologyStudy) -> list[Step]:
    """The steps that a study has taken."""
    rows = session.exec(
        select(RadiologyStep)
        .where(col(RadiologyStep.study_id) == study.id)
        .order_by(col(RadiologyStep.at), col(RadiologyStep.id))
    )
    return [Step.model_validate(row) for row in rows]


_STUDY = "/api/radiology/studies/{id}"
_REFUSALS = (404, 409, 410, 412, 428)

routes = [
    api(
        "PUT",
        _STUDY + "/status",
        step,
        Permission.EDIT,
        takes=NewStep,
        gives=Study,
        refusals=_REFUSALS,
        summary="Take a step of the workflow",
    ),
    api(
        "GET",
        _STUDY + "/history",
        history,
        Permission.VIEW,
        gives=list[Step],
        refusals=(404, 410),
        summary="The steps that a study has taken",
    ),
    api(
        "PUT",
        _STUDY + "/assignment",
        assign,
        Permission.EDIT,
        takes=Assigned,
        gives=Study,
        refusals=_REFUSALS,
        summary="Assign a study to a radiologist",
    ),
    api(
        "PUT",
        _STUDY + "/priority",
        prioritise,
        Permission.EDIT,
        takes=Urgency,
        gives=Study,
        refusals=_REFUSALS,
        summary="Say how urgent a study is",
    ),
]
