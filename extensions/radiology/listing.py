"""Lists of studies: filters as SQL, a page and its total, the worklist, the priors of a patient."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlmodel import Session, col, func, or_, select
from starlette.requests import Request

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive
from extensions.json_api import Page, Paging
from extensions.radiology.lookup import find_study
from extensions.radiology.shapes import Study, StudyFilters, StudyQuery, WorkQuery
from extensions.radiology.tables import RadiologyStudy
from extensions.radiology.telling import studies_told
from extensions.radiology.wording import folded
from extensions.radiology.workflow import Status

# What waits for a technician, and what waits for a radiologist.
STAGES: dict[str, tuple[Status, ...]] = {
    "acquisition": (Status.SCHEDULED, Status.ARRIVED, Status.IN_PROGRESS),
    "reading": (Status.COMPLETED, Status.READ),
}
STAGES["all"] = STAGES["acquisition"] + STAGES["reading"]
# Fields of a query whose value a column has to have.
_EQUAL = {
    "patient_id": "patient_id",
    "order_id": "order_id",
    "accession_number": "accession_number",
    "assigned_to": "assigned_to",
    "body_part": "body_part",
    "study_date": "study_date",
    "study_instance_uid": "study_uid",
}
_WORDS = 8

Chosen = TypeVar("Chosen")
_NEWEST = (col(RadiologyStudy.moment).desc(), col(RadiologyStudy.id).desc())
_WORK = (col(RadiologyStudy.urgency), col(RadiologyStudy.moment), col(RadiologyStudy.id))


def listed(request: Request, query: StudyQuery) -> Page[Study]:
    """Studies, the newest first."""
    conditions = _conditions(request.scope["principal"], query)
    return _page(request, query, conditions, _NEWEST)


def worklist(request: Request, query: WorkQuery) -> Page[Study]:
    """What is still to be done: the most urgent first, then what has waited longest."""
    conditions = _conditions(request.scope["principal"], query)
    conditions.append(col(RadiologyStudy.status).in_([str(each) for each in STAGES[query.stage]]))
    return _page(request, query, conditions, _WORK)


def priors(request: Request, query: StudyQuery) -> Page[Study]:
    """Earlier studies of the same patient, the newest first; none without a Patient ID."""
    principal: Principal = request.scope["principal"]
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(session, principal, request.path_params["id"])
    conditions = [
        *_conditions(principal, query),
        col(RadiologyStudy.patient_id) == study.patient_id,
        col(RadiologyStudy.patient_id) != "",
        col(RadiologyStudy.id) != study.id,
        col(RadiologyStudy.status) != str(Status.CANCELLED),
    ]
    if study.moment:
        conditions.append(col(RadiologyStudy.moment) <= study.moment)
    return _page(request, query, conditions, _NEWEST)


def tally(request: Request, query: StudyFilters) -> dict[str, int]:
    """How many studies there are in each status, with the other filters of the query."""
    archive: Archive = request.state.archive
    others = query.model_copy(update={"status": None})
    conditions = _conditions(request.scope["principal"], others)
    status = col(RadiologyStudy.status)
    with archive.reading() as session:
        found = session.exec(select(status, func.count()).where(*conditions).group_by(status))
        return dict(found.all())


def _page(
    request: Request, paging: Paging, conditions: Sequence[Any], order: Sequence[Any]
) -> Page[Study]:
    archive: Archive = request.state.archive
    with archive.reading() as session:
        total = session.exec(
            select(func.count()).select_from(RadiologyStudy).where(*conditions)
        ).one()
        rows = _rows(session, paging, conditions, order) if paging.offset < total else []
    return Page(studies_told(archive, rows), paging.page, paging.limit, total)


def _rows(
    session: Session, paging: Paging, conditions: Sequence[Any], order: Sequence[Any]
) -> Sequence[RadiologyStudy]:
    wanted = select(RadiologyStudy).where(*conditions).order_by(*order)
    return session.exec(wanted.offset(paging.offset).limit(paging.limit)).all()


def _conditions(principal: Principal, query: StudyFilters) -> list[Any]:
    """What a query asks of the columns, within what the principal may see."""
    conditions: list[Any] = [col(RadiologyStudy.deleted_at).is_(None)]
    if principal.studies is not None:
        conditions.append(col(RadiologyStudy.study_uid).in_(sorted(principal.studies)))
    if query.assigned_to == "me":
        query = query.model_copy(update={"assigned_to": principal.name})
    for name, column in _EQUAL.items():
        value = getattr(query, name)
        if value is not None:
            conditions.append(col(getattr(RadiologyStudy, column)) == value)
    for name in ("status", "modality", "priority"):
        if several := getattr(query, name):
            wanted = [str(each) for each in several]
            said = col(getattr(RadiologyStudy, name))
            # Of one value the index gives the order, too.
            conditions.append(said.in_(wanted) if len(wanted) > 1 else said == wanted[0])
    if query.unassigned is not None:
        nobody = col(RadiologyStudy.assigned_to) == ""
        conditions.append(nobody if query.unassigned else ~nobody)
    if query.has_images is not None:
        nothing = col(RadiologyStudy.images_since).is_(None)
        conditions.append(~nothing if query.has_images else nothing)
    return [*conditions, *_between(query), *_said(query.q or "")]


def _between(query: StudyFilters) -> list[Any]:
    """The days from and to, both included; a study without a date is on none."""
    conditions: list[Any] = []
    if query.date_from:
        conditions.append(col(RadiologyStudy.moment) >= query.date_from)
    if query.date_to:
        conditions.append(col(RadiologyStudy.moment) < f"{query.date_to}U")  # behind every T
        conditions.append(col(RadiologyStudy.moment) != "")
    return conditions


def _said(text: str) -> list[Any]:
    """Every word of the text stands somewhere in the words of the study."""
    words = folded(text).split()[:_WORDS]
    return [or_(col(RadiologyStudy.words).contains(word, autoescape=True)) for word in words]
