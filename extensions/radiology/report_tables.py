"""The tables of reports: the report as it stands, every version of it, what was filed as DICOM."""

from typing import Any

from sqlmodel import Field, Index, SQLModel, inspect, text

from extensions.radiology.tables import TEXT, new_id, utc_now

# The sections of a report in the order in which they are read; three are the document's own.
SECTIONS = (
    "clinical_history",
    "technique",
    "comparison",
    "findings",
    "impression",
    "recommendations",
)
TITLES = {
    "clinical_history": "Clinical history",
    "technique": "Technique",
    "comparison": "Comparison",
    "findings": "Findings",
    "impression": "Impression",
    "recommendations": "Recommendations",
}


class RadiologyReport(SQLModel, table=True):
    """A report as it stands. An addendum names the report that it adds to in `addendum_to`.

    `report_type` is preliminary, final or addendum; `status` draft, preliminary, final or
    verified. `words` is what the free text search looks in. `version` counts changes (the ETag).
    """

    __tablename__ = "radiology_report"
    __table_args__ = (
        Index("radiology_report_newest", "created_at", "id"),
        Index("radiology_report_study", "study_id", "created_at"),
        Index("radiology_report_status", "status", "created_at"),
        Index("radiology_report_author", "created_by", "created_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=TEXT)
    study_id: str = Field(foreign_key="radiology_study.id", sa_type=TEXT)
    study_uid: str = Field(index=True, sa_type=TEXT)
    report_type: str = Field(sa_type=TEXT)
    status: str = Field(sa_type=TEXT)
    clinical_history: str = Field(default="", sa_type=TEXT)
    technique: str = Field(default="", sa_type=TEXT)
    comparison: str = Field(default="", sa_type=TEXT)
    findings: str = Field(default="", sa_type=TEXT)
    impression: str = Field(default="", sa_type=TEXT)
    recommendations: str = Field(default="", sa_type=TEXT)
    template_id: str = Field(default="", sa_type=TEXT)
    addendum_to: str = Field(default="", index=True, sa_type=TEXT)
    words: str = Field(default="", sa_type=TEXT)
    version: int = Field(default=1)
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)
    updated_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    updated_by: str = Field(default="", sa_type=TEXT)
    finalized_at: str | None = Field(default=None, sa_type=TEXT)
    finalized_by: str = Field(default="", sa_type=TEXT)
    verified_at: str | None = Field(default=None, sa_type=TEXT)
    verified_by: str = Field(default="", sa_type=TEXT)


class RadiologyReportVersion(SQLModel, table=True):
    """A report as one of its changes left it: who made it, when. Never changed.

    An `autosaved` one is replaced by the next that its author's editor saves by itself.
    """

    __tablename__ = "radiology_report_version"

    report_id: str = Field(primary_key=True, foreign_key="radiology_report.id", sa_type=TEXT)
    version: int = Field(primary_key=True)
    report_type: str = Field(sa_type=TEXT)
    status: str = Field(sa_type=TEXT)
    clinical_history: str = Field(default="", sa_type=TEXT)
    technique: str = Field(default="", sa_type=TEXT)
    comparison: str = Field(default="", sa_type=TEXT)
    findings: str = Field(default="", sa_type=TEXT)
    impression: str = Field(default="", sa_type=TEXT)
    recommendations: str = Field(default="", sa_type=TEXT)
    template_id: str = Field(default="", sa_type=TEXT)
    at: str = Field(sa_type=TEXT)
    by: str = Field(default="", sa_type=TEXT)
    autosaved: bool = False


class RadiologyReportDocument(SQLModel, table=True):
    """An instance of the archive that says what a version of a report says; `kind`: sr or pdf."""

    __tablename__ = "radiology_report_document"

    sop_uid: str = Field(primary_key=True, sa_type=TEXT)
    series_uid: str = Field(sa_type=TEXT)
    report_id: str = Field(index=True, foreign_key="radiology_report.id", sa_type=TEXT)
    version: int
    kind: str = Field(sa_type=TEXT)
    at: str = Field(sa_type=TEXT)


_MODELS: tuple[type[SQLModel], ...] = (
    RadiologyReport,
    RadiologyReportVersion,
    RadiologyReportDocument,
)
TABLES = [
    model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    for model in _MODELS
]


def add_autosaved(connection: Any) -> None:
    """A step of the schema: versions made before know nothing of automatic saving."""
    table = str(RadiologyReportVersion.__tablename__)
    if all(column["name"] != "autosaved" for column in inspect(connection).get_columns(table)):
        added = "ADD COLUMN autosaved BOOLEAN NOT NULL DEFAULT false"
        connection.execute(text(f"ALTER TABLE {table} {added}"))
