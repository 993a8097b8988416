"""What the ids of the radiology API mean, for whoever has to name it by its UIDs."""

from sqlmodel import Session, col, select

from dicomweb.resources import Resource
from extensions.radiology.annotation_tables import RadiologyAnnotation
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.tables import RadiologySeries, RadiologyStudy


def about(session: Session, id: str) -> Resource | None:
    """The study of a study, series, report or annotation; deleted ones have one, too."""
    ordered = col(RadiologySeries.study_id) == RadiologyStudy.id
    for study in (
        select(RadiologyStudy.study_uid).where(col(RadiologyStudy.id) == id),
        select(RadiologyReport.study_uid).where(col(RadiologyReport.id) == id),
        select(RadiologyAnnotation.study_uid).where(col(RadiologyAnnotation.id) == id),
        select(RadiologyStudy.study_uid).where(ordered, col(RadiologySeries.series_uid) == id),
    ):
        if found := session.exec(study).first():
            return Resource(found)
    return None
