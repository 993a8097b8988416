"""One study with all that belongs to it: series, images, reports, counts and history."""

from typing import Any

from pydantic import Field
from sqlmodel import Session, col, func, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Principal
from dicomweb.archive import Archive
from extensions.radiology import contents
from extensions.radiology.annotation_tables import RadiologyAnnotation
from extensions.radiology.lookup import find_study
from extensions.radiology.report_shapes import ReportLine
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.report_telling import line_told
from extensions.radiology.shapes import FullSeries, Step, Study
from extensions.radiology.statuses import history_of
from extensions.radiology.tables import RadiologyStudy, RadiologyUpload
from extensions.radiology.telling import answered, etag, full_series_told, studies_told
from extensions.radiology.workflow import Status, possible


class FullStudy(Study):
    """A study with all that belongs to it."""

    storage_size: int = Field(description="Bytes of all its files, as they were uploaded.")
    modalities: list[str] = Field(description="Of its series.")
    number_of_annotations: int
    number_of_reports: int
    next_statuses: list[Status] = Field(description="Steps forward that are possible now.")
    history: list[Step]
    series: list[FullSeries]
    reports: list[ReportLine] = Field(
        description="The newest first; without their longer texts. A share link shows none."
    )


def read(request: Request) -> Response:
    """One study with its series, images, reports, counts and history."""
    archive: Archive = request.state.archive
    principal: Principal = request.scope["principal"]
    with archive.reading() as session:
        study = find_study(session, principal, request.path_params["id"])
        series = full_series_told(request, session, study)
        reports = _reports(session, study) if principal.studies is None else []
        (told,) = studies_told(archive, [study])
        whole = FullStudy(
            **{name: getattr(told, name) for name in Study.model_fields},
            storage_size=contents.size_of(archive, study.study_uid, _sent(session, study)),
            modalities=sorted({each.modality for each in series if each.modality}),
            number_of_annotations=_annotations(session, study),
            number_of_reports=len(reports),
            next_statuses=possible(study.status),
            history=history_of(session, study),
            series=series,
            reports=reports,
        )
    return answered(whole, etag(study))


def _reports(session: Session, study: RadiologyStudy) -> list[ReportLine]:
    newest = (col(RadiologyReport.created_at).desc(), col(RadiologyReport.id).desc())
    own: Any = select(RadiologyReport).where(col(RadiologyReport.study_id) == study.id)
    return [line_told(report, study) for report in session.exec(own.order_by(*newest))]


def _sent(session: Session, study: RadiologyStudy) -> dict[str, int]:
    """Bytes of the JPEG and PNG files that became instances, by SOP Instance UID."""
    own = (col(RadiologyUpload.study_uid) == study.study_uid, col(RadiologyUpload.key) != "")
    return dict(
        session.exec(select(RadiologyUpload.sop_uid, RadiologyUpload.size).where(*own)).all()
    )


def _annotations(session: Session, study: RadiologyStudy) -> int:
    """How many there are."""
    found: int = session.exec(
        select(func.count())
        .select_from(RadiologyAnnotation)
        .where(
            col(RadiologyAnnotation.study_uid) == study.study_uid,
            col(RadiologyAnnotation.deleted_at).is_(None),
        )
    ).one()
    return found
