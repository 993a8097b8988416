"""What reports look like in JSON: bodies that are taken, answers that are given."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from extensions.json_api import Line, Listed, Paging, Shape, Text, or_default
from extensions.radiology.fields import SEVERAL, Code, Day
from extensions.radiology.report_states import ReportStatus, ReportType
from extensions.radiology.wording import cleaned


def _or_nothing(value: object) -> object:
    return "" if value is None else value


Section = Annotated[Text, AfterValidator(cleaned), BeforeValidator(_or_nothing)]
Name = Annotated[Line, AfterValidator(cleaned), BeforeValidator(_or_nothing)]
Asked = Literal["draft", "preliminary", "final"]


def _spelt(name: str) -> str:
    """camelCase, with UID as the Standard and the document spell it."""
    return to_camel(name.removesuffix("_")).replace("Uid", "UID")


class _Named(Shape):
    model_config = ConfigDict(alias_generator=_spelt)


class Sections(Shape):
    """The text of a report, plain: nothing in it is markup. null is the same as empty."""

    clinical_history: Section = Field(default="", description="Why the study was made.")
    technique: Section = Field(default="", description="How the study was made.")
    comparison: Section = Field(default="", description="What it was compared with.")
    findings: Section = Field(default="", description="What is seen.")
    impression: Section = Field(default="", description="What it means.")
    recommendations: Section = Field(default="", description="What to do next.")
    template_id: Name = Field(default="", description="The template that it was written with.")


class NewAddendum(Sections):
    """An addendum: the report that it adds to is in the path."""

    status: Asked | None = Field(default=None, description="`draft` to keep working on it.")


class NewReport(NewAddendum):
    """A report to be made. Its status is that of its type, unless `draft` is asked for."""

    report_type: ReportType
    addendum_to: Name = Field(
        default="",
        description="Of an addendum: the final report; by default the newest of the study.",
    )


class ReportChange(Sections):
    """What changes; what is not sent stays. A type moves the report forward."""

    report_type: ReportType | None = None
    status: Asked | None = None
    autosave: bool = Field(
        default=False,
        description="An editor saves a draft by itself: the version replaces the one that it has "
        "saved so before, if its author has not paused for half an hour.",
    )

    _default = field_validator("autosave", mode="before")(or_default)


class ReportQuery(Paging):
    """Which reports; the newest first."""

    status: Annotated[list[ReportStatus] | None, Listed] = Field(default=None, description=SEVERAL)
    report_type: ReportType | None = None
    author: Line | None = Field(default=None, description="Who began it, or `me`.")
    study_id: Line | None = Field(default=None, description="Id or Study Instance UID.")
    patient_id: Line | None = None
    modality: Annotated[list[Code] | None, Listed] = Field(default=None, description=SEVERAL)
    date_from: Day | None = Field(default=None, description="Begun then (UTC); also `startDate`.")
    date_to: Day | None = Field(default=None, description="Begun until then; also `endDate`.")
    q: Line | None = Field(
        default=None, description="Words of its text, or of the study and its patient."
    )

    @model_validator(mode="before")
    @classmethod
    def _also(cls, given: Any) -> Any:
        """Other names that clients use for the same."""
        others = {"startDate": "dateFrom", "endDate": "dateTo", "search": "q"}
        if isinstance(given, dict):
            return {others.get(name, name): value for name, value in given.items()}
        return given

    @model_validator(mode="after")
    def _in_order(self) -> "ReportQuery":
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError("dateFrom must not be later than dateTo")
        return self


class FormatQuery(Shape):
    """Which representation, where Accept does not say it."""

    format: Literal["json", "html", "pdf", "fhir", "dicom-pdf", "dicom-sr"] | None = None


class DiffQuery(_Named):
    """Which two versions; by default the newest and the one before it."""

    from_: int | None = Field(default=None, ge=1, description="The older version.")
    to: int | None = Field(default=None, ge=1, description="The newer version.")


class Filed(_Named):
    """An instance of the study that says what a version of the report says."""

    kind: str = Field(description="`sr` or `pdf`.")
    version: int
    sop_instance_uid: str
    series_instance_uid: str


class AddendumLine(Shape):
    """An addendum, as the report that it adds to lists it."""

    id: str
    status: ReportStatus
    created_at: str
    created_by: str


class ReportLine(_Named):
    """A report in a list: everything but its longer texts."""

    id: str
    study_id: str
    study_instance_uid: str
    patient_id: str
    patient_name: str
    accession_number: str
    modality: str
    study_description: str
    study_date: str
    study_deleted: bool
    report_type: ReportType
    status: ReportStatus
    impression: str
    template_id: str | None
    addendum_to: str | None
    version: int
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    finalized_at: str | None
    finalized_by: str
    verified_at: str | None
    verified_by: str


class ReportAnswer(ReportLine):
    """A whole report."""

    clinical_history: str
    technique: str
    comparison: str
    findings: str
    recommendations: str
    addenda: list[AddendumLine]
    documents: list[Filed]
    unknown_placeholders: list[str] = Field(
        default=[], description="Placeholders that nothing is known for; they stand in the text."
    )


class VersionLine(Shape):
    """One version in a list: who made it, when, what it was then."""

    version: int
    report_type: ReportType
    status: ReportStatus
    at: str
    by: str
    autosaved: bool = Field(
        default=False, description="Saved by an editor itself; what it saves next replaces it."
    )


class VersionAnswer(VersionLine):
    """A report as one of its changes left it."""

    clinical_history: str
    technique: str
    comparison: str
    findings: str
    impression: str
    recommendations: str
    template_id: str | None


class Piece(Shape):
    """A run of lines that stayed, came or went."""

    op: Literal["equal", "insert", "delete"]
    text: str


class FieldDiff(Shape):
    """One field that differs: before, after, and how one becomes the other."""

    field: str
    before: str
    after: str
    pieces: list[Piece]


class Diff(_Named):
    """What differs between two versions: field by field, and as unified text."""

    from_: int
    to: int
    changes: list[FieldDiff]
    unified: str
