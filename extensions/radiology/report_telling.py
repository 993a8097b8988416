"""From the rows of reports to the answers of the API."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session, col, select
from starlette.responses import Response

from extensions.radiology.report_shapes import (
    AddendumLine,
    Filed,
    ReportAnswer,
    ReportLine,
    VersionAnswer,
    VersionLine,
)
from extensions.radiology.report_tables import (
    SECTIONS,
    RadiologyReport,
    RadiologyReportDocument,
    RadiologyReportVersion,
)
from extensions.radiology.tables import RadiologyStudy
from extensions.radiology.telling import answered

_AS_IT_IS = (
    *("id", "study_id", "report_type", "status", "version", "created_at", "created_by"),
    *("updated_at", "updated_by", "finalized_at", "finalized_by", "verified_at", "verified_by"),
)


def etag_of(report: RadiologyReport) -> str:
    """What If-Match has to name."""
    return f'"{report.version}"'


def line_told(report: RadiologyReport, study: RadiologyStudy) -> ReportLine:
    """A report as lists show it."""
    return ReportLine(**_told(report, study), impression=report.impression)


def report_told(
    session: Session, report: RadiologyReport, study: RadiologyStudy, unknown: Iterable[str] = ()
) -> ReportAnswer:
    """A whole report."""
    return ReportAnswer(
        **_told(report, study),
        **{name: getattr(report, name) for name in SECTIONS},
        addenda=[AddendumLine.model_validate(each) for each in addenda_of(session, report)],
        documents=[_filed(each) for each in documents_of(session, report)],
        unknown_placeholders=list(unknown),
    )


def report_answered(
    session: Session,
    report: RadiologyReport,
    study: RadiologyStudy,
    status: int = 200,
    unknown: Iterable[str] = (),
) -> Response:
    """The same as an answer, with its ETag, and where it is when it is new."""
    told = report_told(session, report, study, unknown)
    location = f"/api/radiology/reports/{report.id}" if status == 201 else ""
    return answered(told, etag_of(report), status, location)


def _told(report: RadiologyReport, study: RadiologyStudy) -> dict[str, Any]:
    return {
        **{name: getattr(report, name) for name in _AS_IT_IS},
        "study_instance_uid": report.study_uid,
        "patient_id": study.patient_id,
        "patient_name": study.patient_name,
        "accession_number": study.accession_number,
        "modality": study.modality,
        "study_description": study.study_description,
        "study_date": study.study_date,
        "study_deleted": study.deleted_at is not None,
        "template_id": report.template_id or None,
        "addendum_to": report.addendum_to or None,
    }


def _filed(row: RadiologyReportDocument) -> Filed:
    return Filed(
        kind=row.kind,
        version=row.version,
        sop_instance_uid=row.sop_uid,
        series_instance_uid=row.series_uid,
    )


def addenda_of(session: Session, report: RadiologyReport) -> Sequence[RadiologyReport]:
    """All addenda of a report, drafts included, the oldest first."""
    return session.exec(
        select(RadiologyReport)
        .where(col(RadiologyReport.addendum_to) == report.id)
        .order_by(col(RadiologyReport.created_at), col(RadiologyReport.id))
    ).all()


def documents_of(session: Session, report: RadiologyReport) -> Sequence[RadiologyReportDocument]:
    """What was stored of a report as DICOM, the newest version first."""
    return session.exec(
        select(RadiologyReportDocument)
        .where(col(RadiologyReportDocument.report_id) == report.id)
        .order_by(
            col(RadiologyReportDocument.version).desc(), col(RadiologyReportDocument.kind).desc()
        )
    ).all()


def versions_of(session: Session, report: RadiologyReport) -> Sequence[RadiologyReportVersion]:
    """Every version, the newest first."""
    return session.exec(
        select(RadiologyReportVersion)
        .where(col(RadiologyReportVersion.report_id) == report.id)
        .order_by(col(RadiologyReportVersion.version).desc())
    ).all()


def version_line(row: RadiologyReportVersion) -> VersionLine:
    return VersionLine.model_validate(row)


def version_told(row: RadiologyReportVersion) -> VersionAnswer:
    """A whole version."""
    fields = {name: getattr(row, name) for name in VersionAnswer.model_fields}
    return VersionAnswer(**{**fields, "template_id": row.template_id or None})
