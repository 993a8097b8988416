"""The tables of report templates: the template as it stands, and every version of it."""

from sqlmodel import Field, Index, SQLModel

from extensions.radiology.tables import TEXT, new_id, utc_now


class RadiologyReportTemplate(SQLModel, table=True):
    """A template as it stands. `content_format` is text or html; html was made harmless.

    `body_part` is empty where it is for all. `deleted_at`: it is not offered any more, reports
    that were written with it still name it. `version` counts changes (the ETag).
    """

    __tablename__ = "radiology_report_template"
    __table_args__ = (Index("radiology_report_template_for", "modality", "body_part", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    modality: str = Field(sa_type=TEXT)
    body_part: str = Field(default="", sa_type=TEXT)
    content: str = Field(sa_type=TEXT)
    content_format: str = Field(default="text", sa_type=TEXT)
    is_active: bool = True
    version: int = 1
    created_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    created_by: str = Field(default="", sa_type=TEXT)
    updated_at: str = Field(default_factory=utc_now, sa_type=TEXT)
    updated_by: str = Field(default="", sa_type=TEXT)
    deleted_at: str | None = Field(default=None, sa_type=TEXT)


class RadiologyReportTemplateVersion(SQLModel, table=True):
    """A template as one of its changes left it: who made it, when. Never changed."""

    __tablename__ = "radiology_report_template_version"

    template_id: str = Field(
        primary_key=True, foreign_key="radiology_report_template.id", sa_type=TEXT
    )
    version: int = Field(primary_key=True)
    name: str = Field(sa_type=TEXT)
    modality: str = Field(sa_type=TEXT)
    body_part: str = Field(default="", sa_type=TEXT)
    content: str = Field(sa_type=TEXT)
    content_format: str = Field(default="text", sa_type=TEXT)
    is_active: bool = True
    at: str = Field(sa_type=TEXT)
    by: str = Field(default="", sa_type=TEXT)


_MODELS: tuple[type[SQLModel], ...] = (RadiologyReportTemplate, RadiologyReportTemplateVersion)
TABLES = [
    model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    for model in _MODELS
]
