"""The images of exams: their fields, their rows, and the exams that they belong to."""

import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import AfterValidator, Field
from sqlmodel import Session, col, false, func, inspect, select
from sqlmodel.sql.expression import SelectOfScalar
from starlette.requests import Request

from dicomweb.access.guard import actor_of
from dicomweb.archive import Archive
from dicomweb.errors import Gone, NotFound
from dicomweb.resources import is_uid
from extensions.audit import Action, Entry, enter
from extensions.files.shapes import ExamQuery
from extensions.files.tables import FilesImage, now
from extensions.json_api import Line, Shape, Text

_NO_EXAM = "Medical exam not found."
# A blank or a backslash is read in different ways by different clients.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"`]")


def _uid(text: str) -> str:
    if not is_uid(text):
        raise ValueError("it is no UID: digits in groups joined by dots are right")
    return text


def _time(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("it is no time as 1996-03-08T00:00:00.000Z is") from None
    return text


def _url(text: str) -> str:
    """A path of this server, or an address of the web: nothing that a browser would run."""
    sentence = "it is neither a relative path nor an address that begins with http:// or https://"
    if _UNSAFE.search(text) or text.startswith("//"):
        raise ValueError(sentence)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise ValueError(sentence) from None
    if parts.scheme:
        if parts.scheme.lower() not in ("http", "https") or not host:
            raise ValueError(sentence)
    elif not text or ":" in text.partition("/")[0]:
        raise ValueError(sentence)
    return text


Uid = Annotated[str, AfterValidator(_uid)]


class NewImage(Shape):
    """What is registered; the names outside are those of the document."""

    exam_id: Line = Field(
        alias="examenID", min_length=1, description="Id of a study of the radiology API."
    )
    study_uid: Uid = Field(alias="studyInstanceUID")
    series_uid: Uid = Field(alias="seriesInstanceUID")
    sop_uid: Uid = Field(alias="sopInstanceUID")
    acquired: Annotated[Line, AfterValidator(_time)] = Field(alias="dateAcquisition")
    modality: Annotated[Line, Field(min_length=1, max_length=50)] = Field(alias="modalite")
    description: Text
    url: Annotated[Line, Field(max_length=500), AfterValidator(_url)] | None = Field(
        default=None, description="A relative path, or http(s)."
    )
    orthanc_id: Annotated[Line, Field(max_length=255)] | None = Field(
        default=None, alias="orthancInstanceId"
    )


def register(request: Request, image: NewImage) -> dict[str, Any]:
    """The image with its id. Raises NotFound for an exam that is unknown, gone or hidden."""
    archive: Archive = request.state.archive
    actor = actor_of(request.scope)
    row = FilesImage(
        **image.model_dump(), image_id=str(uuid4()), registered=now(), registered_by=actor.name
    )
    found = _shown(row)
    with archive.session() as session:
        study = _exam(session, request, image.exam_id)
        session.add(row)
        enter(
            session,
            Entry(Action.CREATE, actor, "exam image", study=study, object=row.image_id),
        )
    return found


def find(request: Request, id: str) -> dict[str, Any]:
    """Raises NotFound, also where the exam is not to be had."""
    archive: Archive = request.state.archive
    with archive.reading() as session:
        row = session.get(FilesImage, id)
        if row is None:
            raise NotFound("There is no image with this imageID.")
        _exam(session, request, row.exam_id)
        return _shown(row)


def list_of(request: Request, query: ExamQuery) -> tuple[list[dict[str, Any]], int]:
    """Some images of an exam or of all that may be seen, and how many there are.

    Raises NotFound without the exam.
    """
    archive: Archive = request.state.archive
    with archive.reading() as session:
        images = _images(session, request, query.exam)
        total = session.exec(select(func.count()).select_from(images.subquery())).one()
        ordered = images.order_by(col(FilesImage.registered), col(FilesImage.image_id))
        rows = session.exec(ordered.offset(query.offset).limit(query.limit)).all()
        return [_shown(row) for row in rows], total


def _images(session: Session, request: Request, exam: str | None) -> SelectOfScalar[FilesImage]:
    """The images of one exam, or of all. Raises NotFound without the exam."""
    images = select(FilesImage)
    if exam is not None:
        _exam(session, request, exam)
        return images.where(col(FilesImage.exam_id) == exam)
    if not inspect(session.connection()).has_table("radiology_study"):
        return images.where(false())
    from extensions.radiology.tables import RadiologyStudy

    exams = select(RadiologyStudy.id).where(col(RadiologyStudy.deleted_at).is_(None))
    seen = request.scope["principal"].studies
    if seen is not None:
        exams = exams.where(col(RadiologyStudy.study_uid).in_(sorted(seen)))
    return images.where(col(FilesImage.exam_id).in_(exams))


def _exam(session: Session, request: Request, id: str) -> str:
    """The Study Instance UID of an exam that the principal may see. Raises NotFound."""
    if not inspect(session.connection()).has_table("radiology_study"):
        raise NotFound(_NO_EXAM)
    from extensions.radiology.lookup import find_study

    try:
        study = find_study(session, request.scope["principal"], id)
    except (NotFound, Gone):
        raise NotFound(_NO_EXAM) from None
    if study.id != id:
        raise NotFound(_NO_EXAM)
    return study.study_uid


def _shown(row: FilesImage) -> dict[str, Any]:
    return {
        "imageID": row.image_id,
        "examenID": row.exam_id,
        "studyInstanceUID": row.study_uid,
        "seriesInstanceUID": row.series_uid,
        "sopInstanceUID": row.sop_uid,
        "dateAcquisition": row.acquired,
        "modalite": row.modality,
        "description": row.description,
        "url": row.url,
        "orthancInstanceId": row.orthanc_id,
    }
