"""The tables of studies, ordered series, uploads and workflow steps; what a study row means."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Index, LargeBinary, SQLModel, Text, text

# Texts sort and compare byte for byte on both engines.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# Priorities, the most urgent first (those of a FHIR ServiceRequest).
PRIORITIES = ("stat", "asap", "urgent", "routine")
ROUTINE = PRIORITIES.index("routine")
_ORDERED = "origin = 'order'"
_PRESENT = "deleted_at IS NULL"


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on either engine (`dicomweb.index.engines`)."""
    return {"sqlite_where": text(condition)}


def utc_now() -> str:
    """The time of now as every table keeps it: `2026-11-21T10:00:00.000000Z`; it sorts as text."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def new_id() -> str:
    """A fresh id of a row: a UUID as text."""
    return str(uuid4())


class RadiologyStudy(SQLModel, table=True):
    """A study as the hospital sees it: an order, images that came without one, or both joined.

    `origin` is "order" (made by POST) or "images" (its images came first, by whatever door).
    `images_since` is when its first image came, None while nothing is stored under `study_uid`.
    Texts are empty where nothing is known; names are as DICOM or the order spells them. Dates are
    `YYYY-MM-DD`, `study_time` is `HH:MM:SS`, `moment` both together (what lists sort by), `urgency`
    the priority as a number that sorts. `words` is what the free text search looks in. `version`
    counts changes (the ETag). `deleted_at`: the study is gone from every list; its final reports
    still name it.
    """

    __tablename__ = "radiology_study"
    __table_args__ = (
        # Lists never show what is deleted: they, and their totals, are read from these alone.
        *(
            Index(f"radiology_study_{name}", *columns, **_where(_PRESENT))
            for name, columns in {
                "newest": ("moment", "id"),
                "patient": ("patient_id", "moment", "id"),
                "status": ("status", "moment", "id"),
                "modality": ("modality", "moment", "id"),
                "assigned": ("assigned_to", "moment", "id"),
                "work": ("urgency", "moment", "id"),
                "stage": ("status", "urgency", "moment", "id"),
            }.items()
        ),
        Index("radiology_study_accession", "accession_number"),
        Index("radiology_study_order", "order_id"),
        # Two orders never share an accession number; studies that came as images may.
        Index(
            "radiology_study_ordered",
            "accession_number",
            unique=True,
            **_where(_ORDERED),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=TEXT)
    study_uid: str = Field(unique=True, sa_type=TEXT)
    accession_number: str = Field(default="", sa_type=TEXT)
    origin: str = Field(default="order", sa_type=TEXT)
    order_id: str = Field(default="", sa_type=TEXT)
    patient_id: str = Field(default="", sa_type=TEXT)
    patient_name: str = Field(default="", sa_type=TEXT)
    patient_birth_date: str = Field(default="", sa_type=TEXT)
    patient_sex: str = Field(default="", sa_type=TEXT)
    modality: str = Field(default="", sa_type=TEXT)
    body_part: str = Field(default="", sa_type=TEXT)
    status: str = Field(default="scheduled", sa_type=TEXT)
    priority: str = Field(default="routine", sa_type=TEXT)
    urgency: int = ROUTINE
    assigned_to: str = Field(default="", sa_type=TEXT)
    study_description: str = Field(default="", sa_type=TEXT)
    clinical_history: str = Field(default="", sa_type=TEXT)
    referring_physician: str = Field(default="", sa_type=TEXT)
    performing_technician: str = Field(default="", sa_type=TEXT)
    study_date: str = Field(default="", sa_type=TEXT)
    study_time: str = Field(default="", sa_type=TEXT)
    moment: str = Field(default="", sa_type=TEXT)
    words: str = Field(default="", sa_type=TEXT)
    images_since: str | None = Field(default=None, sa_type=TEXT)
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)
    updated_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    updated_by: str = Field(default="", sa_type=TEXT)
    version: int = Field(default=1)
    deleted_at: str | None = Field(default=None, sa_type=TEXT)
    deleted_by: str = Field(default="", sa_type=TEXT)


class RadiologySeries(SQLModel, table=True):
    """A series that was ordered before it had images; once it has, its files tell what it is."""

    __tablename__ = "radiology_series"

    series_uid: str = Field(primary_key=True, sa_type=TEXT)
    study_id: str = Field(index=True, foreign_key="radiology_study.id", sa_type=TEXT)
    series_number: int
    modality: str = Field(default="", sa_type=TEXT)
    series_description: str = Field(default="", sa_type=TEXT)
    body_part: str = Field(default="", sa_type=TEXT)
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)
    version: int = Field(default=1)


class RadiologyUpload(SQLModel, table=True):
    """An image that came through our form. `key`, `size`, `sha256`: the bytes that were sent.

    They are a blob of our own where a JPEG or PNG became an instance; `key` is empty where the
    file was DICOM, whose bytes the archive holds already.
    """

    __tablename__ = "radiology_upload"

    sop_uid: str = Field(primary_key=True, sa_type=TEXT)
    study_uid: str = Field(index=True, sa_type=TEXT)
    key: str = Field(default="", sa_type=TEXT)
    size: int = 0
    sha256: bytes = Field(default=b"", sa_type=LargeBinary)
    media_type: str = Field(default="application/dicom", sa_type=TEXT)
    filename: str = Field(default="", sa_type=TEXT)
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)


class RadiologyStep(SQLModel, table=True):
    """One step of a study's workflow: from where, to where, who, when, and why if it went back."""

    __tablename__ = "radiology_step"
    __table_args__ = (Index("radiology_step_study", "study_id", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=TEXT)
    study_id: str = Field(foreign_key="radiology_study.id", sa_type=TEXT)
    from_status: str = Field(default="", sa_type=TEXT)
    to_status: str = Field(sa_type=TEXT)
    reason: str = Field(default="", sa_type=TEXT)
    at: str = Field(default_factory=utc_now, sa_type=TEXT)
    by: str = Field(default="", sa_type=TEXT)


_MODELS: list[type[SQLModel]] = [RadiologyStudy, RadiologySeries, RadiologyUpload, RadiologyStep]
TABLES = [SQLModel.metadata.tables[str(model.__tablename__)] for model in _MODELS]


def add_indexes(connection: Any) -> None:
    """Indexes of studies that came after their table."""
    for index in TABLES[0].indexes:
        index.create(connection, checkfirst=True)


__all__ = [
    "PRIORITIES",
    "ROUTINE",
    "TABLES",
    "TEXT",
    "IntegrityError",
    "RadiologySeries",
    "RadiologyStep",
    "RadiologyStudy",
    "RadiologyUpload",
    "add_indexes",
    "new_id",
    "utc_now",
]
