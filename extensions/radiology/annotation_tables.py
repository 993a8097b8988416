"""The tables of annotations and their versions, and the writes that keep the two together."""

from collections.abc import Sequence

import orjson
from sqlmodel import Field, Index, Session, SQLModel, col, delete, select, update

from dicomweb.errors import NotFound, PreconditionFailed
from extensions.radiology.annotation_fields import (
    Annotation,
    Coordinates,
    Kind,
    Measurements,
    Point,
    Version,
)
from extensions.radiology.tables import TEXT, new_id, utc_now

# Values of one IN (…).
_CHUNK = 500
_CONTENT = ("type", "frame", "points", "label", "color", "key_image", "author", "measurements")


class RadiologyAnnotation(SQLModel, table=True):
    """An annotation as it is now.

    `points` is JSON, [[x, y], …] in pixels; `measurements` is JSON as the API answers it, empty
    for kinds that measure nothing. `author` drew it, `created_by` entered it. `tracking` is the
    Tracking Unique Identifier (0062,0021) it has in reports; `source` the SOP Instance UID of the
    report it came from. `version` counts changes from 1 (the ETag).
    """

    __tablename__ = "radiology_annotation"
    __table_args__ = (
        Index("radiology_annotation_study", "study_uid", "created_at", "id"),
        Index("radiology_annotation_image", "image_uid", "created_at", "id"),
        Index("radiology_annotation_author", "author", "created_at", "id"),
        Index("radiology_annotation_newest", "created_at", "id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=TEXT)
    study_uid: str = Field(sa_type=TEXT)
    series_uid: str = Field(sa_type=TEXT)
    image_uid: str = Field(sa_type=TEXT)
    type: str = Field(sa_type=TEXT)
    frame: int = 1
    points: str = Field(sa_type=TEXT)
    label: str = Field(default="", sa_type=TEXT)
    color: str = Field(sa_type=TEXT)
    key_image: bool = False
    author: str = Field(default="", sa_type=TEXT)
    measurements: str = Field(default="", sa_type=TEXT)
    tracking: str = Field(default="", sa_type=TEXT)
    source: str = Field(default="", sa_type=TEXT)
    version: int = 1
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)
    updated_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    updated_by: str = Field(default="", sa_type=TEXT)
    deleted_at: str | None = Field(default=None, sa_type=TEXT)
    deleted_by: str | None = Field(default=None, sa_type=TEXT)

    @property
    def etag(self) -> str:
        return f'"{self.version}"'

    @property
    def places(self) -> list[tuple[float, float]]:
        """The points as pairs."""
        return [(x, y) for x, y in orjson.loads(self.points)]


class RadiologyAnnotationVersion(SQLModel, table=True):
    """What one version said; `content` is JSON of the columns that `_CONTENT` names."""

    __tablename__ = "radiology_annotation_version"

    annotation_id: str = Field(primary_key=True, sa_type=TEXT)
    version: int = Field(primary_key=True)
    action: str = Field(sa_type=TEXT)
    at: str = Field(sa_type=TEXT)
    by: str = Field(sa_type=TEXT)
    content: str = Field(sa_type=TEXT)


ANNOTATION_TABLES = [
    model.__table__  # type: ignore[union-attr]  # set by SQLModel's metaclass
    for model in (RadiologyAnnotation, RadiologyAnnotationVersion)
]


def packed(points: Sequence[tuple[float, float]]) -> str:
    """Points as the column keeps them."""
    return orjson.dumps(points).decode()


def packed_measurements(measurements: Measurements | None) -> str:
    """Measurements as the column keeps them."""
    return "" if measurements is None else measurements.model_dump_json(by_alias=True)


def _unpacked_measurements(text: str) -> Measurements | None:
    return Measurements.model_validate_json(text) if text else None


def _coordinates(points: str) -> Coordinates:
    return Coordinates(points=[Point(x=x, y=y) for x, y in orjson.loads(points)])


def answer_of(row: RadiologyAnnotation) -> Annotation:
    """The row as the API answers it."""
    return Annotation(
        id=row.id,
        image_id=row.image_uid,
        studyInstanceUID=row.study_uid,
        seriesInstanceUID=row.series_uid,
        type=Kind(row.type),
        coordinates=_coordinates(row.points),
        label=row.label,
        color=row.color,
        frame=row.frame,
        key_image=row.key_image,
        author=row.author,
        source=row.source,
        measurements=_unpacked_measurements(row.measurements),
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by,
    )


def version_of(row: RadiologyAnnotationVersion) -> Version:
    """A version as the API answers it."""
    content = orjson.loads(row.content)
    return Version(
        version=row.version,
        action=row.action,
        at=row.at,
        by=row.by,
        **{name: content[name] for name in _CONTENT if name not in ("points", "measurements")},
        coordinates=_coordinates(content["points"]),
        measurements=_unpacked_measurements(content["measurements"]),
    )


def add(session: Session, row: RadiologyAnnotation, action: str) -> None:
    """A new annotation and its first version."""
    session.add(row)
    _remember(session, row, action)


def replace(session: Session, read: int, row: RadiologyAnnotation, action: str, by: str) -> None:
    """Write a row that was changed since its version `read`, as the next version.

    Raises PreconditionFailed where somebody else has written meanwhile, NotFound where it is gone.
    """
    row.version, row.updated_at, row.updated_by = read + 1, utc_now(), by
    values = row.model_dump(exclude={"id"})
    # `execute`, not `exec`: the count of rows is wanted, whatever the version of SQLModel.
    changed = session.connection().execute(
        update(RadiologyAnnotation)
        .where(col(RadiologyAnnotation.id) == row.id, col(RadiologyAnnotation.version) == read)
        .values(**values)
    )
    if changed.rowcount == 1:
        _remember(session, row, action)
        return
    current = session.get(RadiologyAnnotation, row.id)
    if current is None:
        raise NotFound("There is no such annotation.")
    raise PreconditionFailed(
        "It has been changed meanwhile: read it again, and send its ETag as If-Match.",
        headers={"ETag": current.etag},
    )


def _remember(session: Session, row: RadiologyAnnotation, action: str) -> None:
    content = {name: getattr(row, name) for name in _CONTENT}
    session.add(
        RadiologyAnnotationVersion(
            annotation_id=row.id,
            version=row.version,
            action=action,
            at=row.updated_at,
            by=row.updated_by,
            content=orjson.dumps(content).decode(),
        )
    )


def delete_of(session: Session, study_uid: str) -> int:
    """Take away all annotations of a study, versions too; how many there were.

    For the removal of a study's images, in the transaction that removes them.
    """
    ids = session.exec(
        select(RadiologyAnnotation.id).where(RadiologyAnnotation.study_uid == study_uid)
    ).all()
    return _delete(session, ids)


def delete_of_instances(session: Session, sop_uids: Sequence[str]) -> int:
    """The same for the annotations of these images (SOP Instance UIDs)."""
    ids: list[str] = []
    for start in range(0, len(sop_uids), _CHUNK):
        chunk = sop_uids[start : start + _CHUNK]
        image = col(RadiologyAnnotation.image_uid)
        ids += session.exec(select(RadiologyAnnotation.id).where(image.in_(chunk))).all()
    return _delete(session, ids)


def _delete(session: Session, ids: Sequence[str]) -> int:
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        connection = session.connection()
        of = col(RadiologyAnnotationVersion.annotation_id)
        connection.execute(delete(RadiologyAnnotationVersion).where(of.in_(chunk)))
        own = col(RadiologyAnnotation.id)
        connection.execute(delete(RadiologyAnnotation).where(own.in_(chunk)))
    return len(ids)
