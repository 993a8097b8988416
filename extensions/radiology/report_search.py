"""Lists of reports: filters as SQL, a page and its total, within what the principal sees."""

from typing import Any

from sqlmodel import col, func, or_, select
from starlette.requests import Request

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive
from extensions.json_api import Page, Paging
from extensions.radiology.lookup import find_study
from extensions.radiology.report_shapes import ReportAnswer, ReportLine, ReportQuery
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.report_telling import line_told, report_told
from extensions.radiology.tables import RadiologyStudy
from extensions.radiology.wording import folded

_WORDS = 8
_NEWEST = (col(RadiologyReport.created_at).desc(), col(RadiologyReport.id).desc())
_JOINED = col(RadiologyStudy.id) == col(RadiologyReport.study_id)


def listed(request: Request, query: ReportQuery) -> Page[ReportLine]:
    """Reports of all studies, the newest first; of deleted studies as well."""
    conditions = _conditions(request.scope["principal"], query)
    archive: Archive = request.state.archive
    with archive.reading() as session:
        counted = select(func.count()).select_from(RadiologyReport).join(RadiologyStudy, _JOINED)
        total = session.exec(counted.where(*conditions)).one()
        wanted = (
            select(RadiologyReport, RadiologyStudy)
            .join(RadiologyStudy, _JOINED)
            .where(*conditions)
            .order_by(*_NEWEST)
            .offset(query.offset)
            .limit(query.limit)
        )
        rows = [line_told(report, study) for report, study in session.exec(wanted)]
    return Page(rows, query.page, query.limit, total)


def of_study(request: Request, query: Paging) -> Page[ReportAnswer]:
    """All reports of a study, whole, the newest first."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(
            session, request.scope["principal"], request.path_params["id"], deleted=True
        )
        own = col(RadiologyReport.study_id) == study.id
        total = session.exec(select(func.count()).select_from(RadiologyReport).where(own)).one()
        found = session.exec(
            select(RadiologyReport)
            .where(own)
            .order_by(*_NEWEST)
            .offset(query.offset)
            .limit(query.limit)
        ).all()
        rows = [report_told(session, report, study) for report in found]
    return Page(rows, query.page, query.limit, total)


def _conditions(principal: Principal, query: ReportQuery) -> list[Any]:
    report, study = RadiologyReport, RadiologyStudy
    conditions: list[Any] = []
    if principal.studies is not None:
        conditions.append(col(report.study_uid).in_(sorted(principal.studies)))
    author = principal.name if query.author == "me" else query.author
    for column, value in (
        (col(report.report_type), query.report_type),
        (col(report.created_by), author),
        (col(study.patient_id), query.patient_id),
    ):
        if value is not None:
            conditions.append(column == str(value))
    for column, values in (
        (col(report.status), query.status),
        (col(study.modality), query.modality),
    ):
        if values:
            conditions.append(column.in_([str(each) for each in values]))
    if query.study_id is not None:
        conditions.append(
            or_(col(report.study_id) == query.study_id, col(report.study_uid) == query.study_id)
        )
    if query.date_from:
        conditions.append(col(report.created_at) >= query.date_from)
    if query.date_to:
        conditions.append(col(report.created_at) < f"{query.date_to}U")  # behind every T
    for word in folded(query.q or "").split()[:_WORDS]:
        said = col(report.words).contains(word, autoescape=True)
        conditions.append(or_(said, col(study.words).contains(word, autoescape=True)))
    return conditions
