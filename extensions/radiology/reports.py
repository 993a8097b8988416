"""Reports of studies: write, read, list, finish, verify, add to (/api/radiology/reports).

draft → preliminary → final → verified; after final, addenda only. Every version is kept. A final
report, its verification and its addenda are stored as DICOM in their study.
"""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.archive import Archive
from dicomweb.errors import BadRequest, Conflict
from extensions.json_api import Paging, api, check_match
from extensions.radiology import report_filing, report_search
from extensions.radiology.lookup import find_study
from extensions.radiology.report_forms import MEDIA_TYPES, form_of, represented
from extensions.radiology.report_placeholders import fill, values_of
from extensions.radiology.report_rows import (
    Writing,
    changed_columns,
    delete_drafts,
    delete_report,
    find_report,
    keep_version,
    study_of,
    write,
)
from extensions.radiology.report_shapes import (
    FormatQuery,
    NewAddendum,
    NewReport,
    ReportAnswer,
    ReportChange,
    ReportLine,
    ReportQuery,
)
from extensions.radiology.report_sheet import sheet_of
from extensions.radiology.report_states import (
    FIXED,
    ReportStatus,
    ReportType,
    begun,
    check_deletable,
    check_verifiable,
    moved,
)
from extensions.radiology.report_tables import SECTIONS, RadiologyReport
from extensions.radiology.report_telling import etag_of, report_answered
from extensions.radiology.tables import RadiologyStudy, new_id, utc_now
from extensions.radiology.templates import active_template, sections_of
from extensions.radiology.unconditional import last_wins

__all__ = ["delete_drafts", "routes"]


def create(request: Request, body: NewReport) -> Response:
    """A report of the study in the path."""
    with _archive(request).reading() as session:
        study = find_study(session, _principal(request), request.path_params["id"])
        root = ""
        if body.report_type == ReportType.ADDENDUM:
            root = _root(session, study, body.addendum_to)
        elif body.addendum_to:
            raise BadRequest("addendumTo: only a report of the type addendum has it.")
        columns, unknown = _begun(request, session, study, body, body.report_type, root)
    return _written(request, study, columns, 0, 201, unknown)


def add(request: Request, body: NewAddendum) -> Response:
    """An addendum to the final report in the path."""
    with _archive(request).reading() as session:
        root = find_report(session, _principal(request), request.path_params["id"])
        study = find_study(session, _principal(request), root.study_id)
        uid = _root(session, study, root.id)
        columns, unknown = _begun(request, session, study, body, ReportType.ADDENDUM, uid)
    return _written(request, study, columns, 0, 201, unknown)


def _root(session: Session, study: RadiologyStudy, id: str) -> str:
    """The final report that an addendum adds to. Raises BadRequest, and Conflict without one."""
    own = col(RadiologyReport.study_id) == study.id
    main = col(RadiologyReport.addendum_to) == ""
    final = col(RadiologyReport.status).in_([str(each) for each in FIXED])
    if not id:
        newest = col(RadiologyReport.finalized_at).desc()
        found = session.exec(select(RadiologyReport).where(own, main, final).order_by(newest))
        root = found.first()
        if root is None:
            raise Conflict("This study has no final report that an addendum could add to.")
        return root.id
    root = session.get(RadiologyReport, id)
    if root is None or root.study_id != study.id:
        raise BadRequest("addendumTo: this study has no such report.")
    if root.addendum_to:
        return root.addendum_to
    if root.status not in FIXED:
        raise Conflict(f"Only a final report has addenda; this one is {root.status}: change it.")
    return root.id


def _begun(
    request: Request,
    session: Session,
    study: RadiologyStudy,
    body: NewAddendum,
    kind: ReportType,
    root: str,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The columns of a new report, and the placeholders that nothing is known for."""
    status = begun(kind, body.status)
    texts, unknown = _texts(session, study, body, actor_of(request.scope).name)
    _check_says_something(status, texts)
    name, now = actor_of(request.scope).name, utc_now()
    report = RadiologyReport(
        id=new_id(),
        study_id=study.id,
        study_uid=study.study_uid,
        report_type=str(kind),
        status=str(status),
        template_id=body.template_id,
        addendum_to=root,
        created_at=now,
        created_by=name,
        updated_at=now,
        updated_by=name,
        **_finished(status, name, now),
    )
    return changed_columns(report, **texts), unknown


def _finished(status: str, name: str, now: str) -> dict[str, Any]:
    """Who made it final, and when."""
    return {"finalized_at": now, "finalized_by": name} if status == ReportStatus.FINAL else {}


def _texts(
    session: Session, study: RadiologyStudy, body: NewAddendum | ReportChange, author: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The sections that were sent, or those of the template; with their placeholders filled."""
    sent = {name: getattr(body, name) for name in SECTIONS if name in body.model_fields_set}
    if not body.template_id:
        return sent, ()
    made, unknown = sections_of(active_template(session, body.template_id), study, author)
    values = values_of(study, author)
    names = dict.fromkeys(() if sent else unknown)
    for section, text in sent.items():
        filled = fill(text, values)
        made[section] = filled.text.rstrip()
        names |= dict.fromkeys(filled.unknown)
    return ({name: made[name] for name in sent} if sent else made), tuple(names)


def _check_says_something(status: str, texts: Mapping[str, str]) -> None:
    if status != ReportStatus.DRAFT and not any(texts.get(name, "").strip() for name in SECTIONS):
        raise BadRequest(
            f"findings: a {status} report must say something, in its findings or another section; "
            'only a draft ("status": "draft") may be empty.'
        )


@last_wins
def change(request: Request, body: ReportChange) -> Response:
    """Other text, or a step forward. A change of what is final is refused."""
    name, now = actor_of(request.scope).name, utc_now()
    with _archive(request).reading() as session:
        report = find_report(session, _principal(request), request.path_params["id"])
        study = find_study(session, _principal(request), report.study_id)
        _check_match(request, report)
        kind, status = moved(report.report_type, report.status, body.report_type, body.status)
        changes, unknown = _changes(session, study, report, body, name)
        changes |= {"report_type": str(kind), "status": str(status)}
        version, columns = report.version, {}
        if any(getattr(report, column) != value for column, value in changes.items()):
            changes |= {"updated_at": now, "updated_by": name, **_finished(status, name, now)}
            columns = changed_columns(report, version=version + 1, **changes)
            _check_says_something(status, columns)
        same = report_answered(session, report, study, unknown=unknown)
    autosaved = body.autosave and status == ReportStatus.DRAFT
    if columns:
        return _written(request, study, columns, version, 200, unknown, autosaved)
    if status == ReportStatus.DRAFT and not autosaved:
        with _archive(request).session() as session:
            keep_version(session, request.path_params["id"], version)
    return same


def _changes(
    session: Session,
    study: RadiologyStudy,
    report: RadiologyReport,
    body: ReportChange,
    author: str,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Sections and template that were sent; a template fills what it is newly named for."""
    changes: dict[str, Any] = {}
    if "template_id" in body.model_fields_set:
        changes["template_id"] = body.template_id
    if body.template_id and body.template_id == report.template_id:
        body = body.model_copy(update={"template_id": ""})
    texts, unknown = _texts(session, study, body, author)
    return {**changes, **texts}, unknown


@last_wins
def verify(request: Request) -> Response:
    """The verifier stands by a final report: who, and when."""
    name, now = actor_of(request.scope).name, utc_now()
    with _archive(request).reading() as session:
        report = find_report(session, _principal(request), request.path_params["id"])
        study = find_study(session, _principal(request), report.study_id)
        _check_match(request, report)
        check_verifiable(report.status)
        columns = changed_columns(
            report,
            status=str(ReportStatus.VERIFIED),
            verified_at=now,
            verified_by=name,
            updated_at=now,
            updated_by=name,
            version=report.version + 1,
        )
    return _written(request, study, columns, report.version, 200)


def _written(
    request: Request,
    study: RadiologyStudy,
    columns: Mapping[str, Any],
    expected: int,
    status: int,
    unknown: tuple[str, ...] = (),
    autosaved: bool = False,
) -> Response:
    """Write a version; what is final is stored as DICOM with it, or neither is."""
    archive, actor = _archive(request), actor_of(request.scope)
    if columns["status"] in FIXED:
        with archive.reading() as session:
            sheet = sheet_of(session, RadiologyReport(**columns), study)
            filing = report_filing.prepared(archive, session, sheet)
        writing = Writing(columns, expected, actor, study.patient_id, filing.rows)
        report_filing.file(archive, study, filing, writing)
    else:
        with archive.session() as session:
            writing = Writing(columns, expected, actor, study.patient_id, autosaved=autosaved)
            write(session, writing)
    with archive.reading() as session:
        report = find_report(session, _principal(request), str(columns["id"]))
        return report_answered(session, report, study_of(session, report), status, unknown)


@last_wins
def remove(request: Request) -> None:
    """A draft, with its versions."""
    archive = _archive(request)
    with archive.session() as session:
        report = find_report(session, _principal(request), request.path_params["id"])
        _check_match(request, report)
        check_deletable(report.status)
        patient = study_of(session, report).patient_id
        session.expunge(report)
        delete_report(session, report, actor_of(request.scope), patient)


def read(request: Request, query: FormatQuery) -> Response:
    """One report, in the form that `format` or Accept asks for."""
    form = form_of(query.format, ", ".join(request.headers.getlist("accept")))
    with _archive(request).reading() as session:
        report = find_report(session, _principal(request), request.path_params["id"])
        return represented(request, session, report, study_of(session, report), form)


def _check_match(request: Request, report: RadiologyReport) -> None:
    demanded = request.state.settings.require_if_match
    check_match(request, etag_of(report), demanded=demanded)


def _archive(request: Request) -> Archive:
    archive: Archive = request.state.archive
    return archive


def _principal(request: Request) -> Principal:
    principal: Principal = request.scope["principal"]
    return principal


_STUDY = "/api/radiology/studies/{id}"
_REPORTS = "/api/radiology/reports"
_REPORT = _REPORTS + "/{id}"

routes = [
    api(
        "POST",
        _STUDY + "/report",
        create,
        Permission.REPORT,
        takes=NewReport,
        gives=ReportAnswer,
        status=201,
        refusals=(404, 409, 410),
        summary="Write a report; what is no draft makes the study reported",
    ),
    *(
        api(
            "GET",
            _STUDY + path,
            report_search.of_study,
            Permission.VIEW,
            asks=Paging,
            gives=ReportAnswer,
            listed=True,
            refusals=(404,),
            summary="All reports of a study, the newest first",
        )
        for path in ("/reports", "/report")  # the document writes them to the second
    ),
    api(
        "GET",
        _REPORTS,
        report_search.listed,
        Permission.VIEW,
        asks=ReportQuery,
        gives=ReportLine,
        listed=True,
        summary="Reports of all studies, the newest first, with filters",
    ),
    api(
        "GET",
        _REPORT,
        read,
        Permission.VIEW,
        asks=FormatQuery,
        gives=ReportAnswer,
        media_types=tuple(dict.fromkeys(MEDIA_TYPES.values())),
        refusals=(404, 406),
        summary="One report as JSON, HTML, PDF, FHIR DiagnosticReport, DICOM SR or DICOM PDF",
    ),
    api(
        "PUT",
        _REPORT,
        change,
        Permission.REPORT,
        takes=ReportChange,
        gives=ReportAnswer,
        refusals=(404, 409, 410, 412, 428),
        summary="Change a report that is not final, or move it forward; a version more",
    ),
    api(
        "DELETE",
        _REPORT,
        remove,
        Permission.REPORT,
        status=204,
        refusals=(404, 409, 412, 428),
        summary="Delete a draft",
    ),
    api(
        "POST",
        _REPORT + "/verify",
        verify,
        Permission.REPORT,
        gives=ReportAnswer,
        refusals=(404, 409, 410, 412, 428),
        summary="Verify a final report",
    ),
    api(
        "POST",
        _REPORT + "/addendum",
        add,
        Permission.REPORT,
        takes=NewAddendum,
        gives=ReportAnswer,
        status=201,
        refusals=(404, 409, 410),
        summary="Add to a final report",
    ),
]
