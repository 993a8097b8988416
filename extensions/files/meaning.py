"""What the ids of the file APIs mean, for whoever has to name it by its UIDs."""

from sqlmodel import Session, col, inspect, select

from dicomweb.resources import Resource
from extensions.files.identifiers import read_orthanc, read_uuid
from extensions.files.tables import FilesImage, FilesInstance


def about(session: Session, id: str) -> Resource | None:
    """The instance of a UUID, a short or Orthanc id; the study of an image of an exam."""
    columns = (FilesInstance.study, FilesInstance.series, FilesInstance.sop)
    if (uuid := read_uuid(id)) is not None:
        found = session.exec(select(*columns).where(col(FilesInstance.uuid) == uuid)).first()
        return Resource(*found) if found else _of_exam(session, id)
    if (orthanc := read_orthanc(id)) is not None:
        found = session.exec(select(*columns).where(col(FilesInstance.orthanc) == orthanc)).first()
        return Resource(*found) if found else None
    return None


def _of_exam(session: Session, id: str) -> Resource | None:
    if not inspect(session.connection()).has_table("radiology_study"):
        return None
    from extensions.radiology.tables import RadiologyStudy

    of_exam = col(RadiologyStudy.id) == FilesImage.exam_id
    study = select(RadiologyStudy.study_uid).where(of_exam, col(FilesImage.image_id) == id)
    found = session.exec(study).first()
    return Resource(found) if found else None
