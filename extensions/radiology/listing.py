"""Lists of studies: filters as SQL, a page and its total, the worklist, the priors of a patient."""

from collections.abc import Callable, Sequence
from heapq import merge
from itertools import islice
from typing import Any

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

Rows = Callable[[Session], Sequence[RadiologyStudy]]
_NEWEST = (col(RadiologyStudy.moment).desc(), col(RadiologyStudy.id).desc())
_WORK = (col(RadiologyStudy.urgency), col(RadiologyStudy.moment), col(RadiologyStudy.id))


def listed(request: Request, query: StudyQuery) -> Page[Study]:
    """Studies, the newest first."""
    conditions = _conditions(request.scope["principal"], query)
    return _page(request, query, conditions, _newest(query, conditions))


def worklist(request: Request, query: WorkQuery) -> Page[Study]:
    """What is still to be done: the most urgent first, then what has waited longest."""
    conditions = _conditions(request.scope["principal"], query)
    statuses = [str(each) for each in STAGES[query.stage]]

    def rows(session: Session) -> Sequence[RadiologyStudy]:
        """In the order of an index that each status has, and merged: nothing is sorted."""
        end = query.offset + query.limit
        keys = merge(*(_keys(session, conditions, each, end) for each in statuses))
        ids = [id for _, _, id in islice(keys, query.offset, end)]
        found = session.exec(select(RadiologyStudy).where(col(RadiologyStudy.id).in_(ids))).all()
        return sorted(found, key=lambda study: ids.index(study.id))

    wanted = [*conditions, col(RadiologyStudy.status).in_(statuses)]
    return _page(request, query, wanted, rows)


def _keys(
    session: Session, conditions: Sequence[Any], status: str, limit: int
) -> Sequence[tuple[int, str, str]]:
    """The first of one status, in the order of the worklist."""
    wanted = select(*_WORK).where(*conditions, col(RadiologyStudy.status) == status)
    return session.exec(wanted.order_by(*_WORK).limit(limit)).all()


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
    return _page(request, query, conditions, _newest(query, conditions))


def tally(request: Request, query: StudyFilters) -> dict[str, int]:
    """How many studies there are in each status, with the other filters of the query."""
    archive: Archive = request.state.archive
    others = query.model_copy(update={"status": None})
    conditions = _conditions(request.scope["principal"], others)
    status = col(RadiologyStudy.status)
    with archive.reading() as session:
        found = session.exec(select(status, func.count()).where(*conditions).group_by(status))
        return dict(found.all())


def _page(request: Request, paging: Paging, conditions: Sequence[Any], rows: Rows) -> Page[Study]:
    """The page of what fits the conditions, which `rows` reads, with its total."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        total = session.exec(
            select(func.count()).select_from(RadiologyStudy).where(*conditions)
        ).one()
        found = rows(session) if paging.offset < total else []
    return Page(studies_told(archive, found), paging.page, paging.limit, total)


def _newest(paging: Paging, conditions: Sequence[Any]) -> Rows:
    """The rows of a page, the newest first."""
    wanted = select(RadiologyStudy).where(*conditions).order_by(*_NEWEST)
    page = wanted.offset(paging.offset).limit(paging.limit)
    return lambda session: session.exec(page).all()


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
