"""Studies, series and images as bodies, queries and answers."""

import re
from datetime import datetime
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
from extensions.radiology.fields import (
    SEVERAL,
    SHORT,
    Account,
    Birth,
    BodyPart,
    Clock,
    Code,
    Day,
    Given,
    Identifier,
    Maybe,
    ModalityCode,
    Name,
    OrderId,
    PatientId,
    Priority,
    Sex,
    Title,
    Uid,
    absent,
    required,
)
from extensions.radiology.wording import cleaned
from extensions.radiology.workflow import Status


def _parted(given: Any) -> Any:
    """A study's date with a time is both, as it is written: the clock is that of the site."""
    date = given.get("studyDate") if isinstance(given, dict) else None
    if not isinstance(date, str) or not re.match("[0-9-]{10}[T ][0-9]", date):
        return given
    try:
        time = datetime.fromisoformat(date).time().isoformat("seconds")
    except ValueError:
        return given  # to be refused
    return {"studyTime": time, **given}


def _named(name: str) -> str:
    """camelCase, with UID as the Standard and the document spell it."""
    return to_camel(name).replace("Uid", "UID")


class _Named(Shape):
    model_config = ConfigDict(alias_generator=_named)


class _Ordered(_Named):
    """What an order may say, and what may be changed of it later."""

    order_id: OrderId = Field(default="", description="The hospital's order.")
    patient_name: Name = Field(default="", description="As Family^Given, or as it is written.")
    patient_birth_date: Birth = Field(default="", description="YYYY-MM-DD.")
    patient_sex: Sex = Field(default="", description="M, F or O.")
    body_part: BodyPart = Field(default="", description="As in CHEST (PS3.16 Annex L).")
    priority: Priority = "routine"
    assigned_to: Account = Field(default="", description="The radiologist who is to read it.")
    study_description: Title = ""
    clinical_history: Annotated[Text, AfterValidator(cleaned), Field(max_length=10_000), Given] = ""
    referring_physician: Name = ""
    performing_technician: Title = ""


class NewStudy(_Ordered):
    """A study to be scheduled. Accession number and Study Instance UID are made where not given."""

    patient_id: PatientId
    modality: ModalityCode
    accession_number: Annotated[Identifier, Field(max_length=SHORT), Given] = ""
    study_instance_uid: Annotated[Uid | None, BeforeValidator(absent)] = None
    study_date: Annotated[Day | None, BeforeValidator(absent)] = Field(
        default=None,
        description="When it is to be made, on the clock of the site; also with a time. "
        "Now (UTC) by default.",
    )
    study_time: Annotated[Clock | None, BeforeValidator(absent)] = Field(
        default=None, description="HH:MM:SS, with studyDate."
    )

    _default = field_validator("priority", mode="before")(or_default)
    _both = model_validator(mode="before")(_parted)

    @model_validator(mode="before")
    @classmethod
    def _scheduled(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("status") not in (None, Status.SCHEDULED):
            raise ValueError("status: a new study is scheduled; PUT on its /status moves it on")
        return given

    @model_validator(mode="after")
    def _dated(self) -> "NewStudy":
        if self.study_time and not self.study_date:
            raise ValueError("studyTime needs studyDate")
        return self


class ChangedStudy(_Ordered):
    """The fields to change; what is not sent stays."""

    patient_id: PatientId = ""
    modality: ModalityCode = ""
    accession_number: Annotated[Identifier, Field(max_length=SHORT), AfterValidator(required)] = ""
    study_date: Day = ""
    study_time: Annotated[Clock | None, BeforeValidator(absent)] = Field(
        default=None, description="null: not known. A date without a time has none."
    )

    _both = model_validator(mode="before")(_parted)

    @model_validator(mode="before")
    @classmethod
    def _elsewhere(cls, given: Any) -> Any:
        """What has a meaning here, but cannot be changed so, is not passed over in silence."""
        if isinstance(given, dict) and "status" in given:
            raise ValueError("status is changed by PUT on the study's /status")
        if isinstance(given, dict) and "studyInstanceUID" in given:
            raise ValueError("studyInstanceUID cannot be changed: its images have it")
        return given


class NewStep(_Named):
    """A step of the workflow."""

    status: Status
    reason: Annotated[Line, Given] = Field(default="", description="A step back needs one.")


class Assigned(_Named):
    """Who is to read a study; null: nobody yet."""

    assigned_to: Account


class Urgency(_Named):
    priority: Priority


_OTHERS = {"startDate": "dateFrom", "endDate": "dateTo"}
# Names of a filter by words; several together narrow it down.
_WORDS = ("q", "search", "patientName", "patient")


class StudyFilters(_Named):
    """Filters of a list of studies; all of them hold together."""

    status: Annotated[list[Status] | None, Listed] = Field(default=None, description=SEVERAL)
    modality: Annotated[list[Code] | None, Listed] = Field(default=None, description=SEVERAL)
    patient_id: Line | None = None
    order_id: Line | None = None
    accession_number: Line | None = None
    assigned_to: Line | None = Field(default=None, description="An account, or `me`.")
    unassigned: bool | None = Field(default=None, description="true: those of nobody.")
    priority: Annotated[list[Priority] | None, Listed] = Field(default=None, description=SEVERAL)
    body_part: BodyPart | None = None
    study_instance_uid: Line | None = None
    study_date: Day | None = Field(
        default=None, description="YYYY-MM-DD: that day only; YYYYMMDD-YYYYMMDD: from and to."
    )
    date_from: Day | None = Field(default=None, description="YYYY-MM-DD; also `startDate`.")
    date_to: Day | None = Field(default=None, description="YYYY-MM-DD; also `endDate`.")
    has_images: bool | None = None
    q: Line | None = Field(
        default=None,
        description="Words of name, Patient ID, accession number, description, physician, order; "
        "also `search`, `patientName`, `patient`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _also(cls, given: Any) -> Any:
        """Other names that clients use for the same, and a range as DICOM spells it."""
        if not isinstance(given, dict):
            return given
        said = {_OTHERS.get(name, name): value for name, value in given.items()}
        if words := [str(given[name]) for name in _WORDS if given.get(name)]:
            said["q"] = " ".join(words).replace("*", " ")  # words are found within longer ones
        if found := re.fullmatch("([0-9]{8})?-([0-9]{8})?", str(said.get("studyDate"))):
            del said["studyDate"]
            ends = zip(("dateFrom", "dateTo"), found.groups(), strict=True)
            return {name: value for name, value in ends if value} | said
        return said

    @model_validator(mode="after")
    def _in_order(self) -> "StudyFilters":
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError("dateFrom must not be later than dateTo")
        return self


class StudyQuery(StudyFilters, Paging):
    """A page of a list of studies."""

    model_config = ConfigDict(alias_generator=_named)  # of two bases the last would count


class WorkQuery(StudyFilters, Paging):
    """A page of a worklist; `status` narrows the stage down."""

    model_config = ConfigDict(alias_generator=_named)  # of two bases the last would count

    stage: Literal["acquisition", "reading", "all"] = Field(
        default="all",
        description="acquisition: scheduled, arrived, in_progress; reading: completed, read.",
    )


class Study(_Named):
    """A study as lists show it. null: not known."""

    id: str
    study_instance_uid: str
    accession_number: Maybe
    order_id: Maybe
    patient_id: Maybe
    patient_name: Maybe
    patient_birth_date: Maybe
    patient_sex: Maybe
    modality: Maybe
    body_part: Maybe
    status: Status
    priority: Priority
    assigned_to: Maybe
    study_description: Maybe
    clinical_history: Maybe
    referring_physician: Maybe
    performing_technician: Maybe
    study_date: Maybe
    study_time: Maybe
    images_since: Maybe
    number_of_series: int = Field(default=0, description="Also those that wait for images.")
    number_of_images: int = 0
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str
    version: int


class Image(_Named):
    """An image: what its file says of it, and where its bytes and pictures are."""

    id: str = Field(description="Its SOP Instance UID.")
    series_id: str = Field(description="Its Series Instance UID.")
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    instance_number: int | None
    rows: int | None
    columns: int | None
    number_of_frames: int | None
    bits_stored: int | None
    photometric_interpretation: str | None
    window_center: float | None = Field(description="Of several windows and frames the first.")
    window_width: float | None
    pixel_spacing: list[float] | None = Field(description="Millimetres: between rows, columns.")
    file_size: int = Field(description="Bytes of `fileUrl`.")
    media_type: str = Field(default="application/dicom", description="Of `fileUrl`.")
    filename: str | None = None
    uploaded_at: str | None = None
    uploaded_by: str | None = None
    file_url: str
    rendered_url: str
    thumbnail_url: str
    metadata_url: str
    warnings: list[str] = Field(
        default_factory=list, description="Of an upload: what looked wrong."
    )


class Series(_Named):
    """A series: what its files say, or what was ordered while it has none."""

    id: str = Field(description="Its Series Instance UID.")
    series_instance_uid: str
    study_id: str
    study_instance_uid: str
    series_number: int | None
    modality: Maybe
    series_description: Maybe
    body_part: Maybe
    number_of_images: int
    version: int = 1


class FullSeries(Series):
    """With its images, in the order of their numbers."""

    images: list[Image]


class Step(_Named):
    """One step of the workflow that was taken."""

    from_status: Maybe
    to_status: str
    reason: Maybe
    at: str
    by: str


class NewSeries(_Named):
    """A series to be filled later; what is not given is found, its UID made."""

    series_instance_uid: Annotated[Uid | None, BeforeValidator(absent)] = None
    series_number: int | None = Field(default=None, ge=0, le=2**31 - 1)
    modality: ModalityCode | None = None
    series_description: Title = ""
    body_part: BodyPart = ""


class ChangedSeries(_Named):
    """The fields to change of a series without images; what is not sent stays."""

    modality: ModalityCode = ""
    series_description: Title = ""
    body_part: BodyPart = ""


class ImageFields(_Named):
    """The fields beside the file of an upload."""

    series_number: int | None = Field(default=None, ge=0, le=2**31 - 1)
    instance_number: int | None = Field(default=None, ge=0, le=2**31 - 1)
    series_description: Title = ""
    body_part: BodyPart = ""
