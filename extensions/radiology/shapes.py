"""Studies, series and images as bodies, queries and answers, and what each field may hold."""

import re
from datetime import date, datetime
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

from dicomweb.resources import is_uid
from extensions.json_api import Line, Paging, Shape, Text, or_default
from extensions.radiology.modalities import MODALITIES
from extensions.radiology.workflow import Status

Priority = Literal["routine", "urgent", "asap", "stat"]

# What a DICOM file takes (PS3.5 6.2): a Secondary Capture carries these of its order.
_SHORT, _LONG, _GROUP = 16, 64, 64


def _line(text: str) -> str:
    """One line without the characters that DICOM gives a meaning of its own."""
    cleaned = " ".join(text.split())
    if "\\" in cleaned or not cleaned.isprintable():
        raise ValueError("no backslash and no control character may stand here")
    return cleaned


def _required(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _person(text: str) -> str:
    groups = text.split("=")
    if len(groups) > 3 or any(len(group) > _GROUP or group.count("^") > 4 for group in groups):
        raise ValueError("a name has at most 64 characters, as Family^Given or as it is written")
    return text


def _modality(text: str) -> str:
    if text.upper() not in MODALITIES:
        raise ValueError(f"it must be one of {', '.join(MODALITIES)}")
    return text.upper()


def _code(text: str) -> str:
    if not re.fullmatch("[A-Za-z0-9 _]{1,16}", text):
        raise ValueError("it must be the code of a modality, as in CT")
    return text.upper()


def _body_part(text: str) -> str:
    found = text.upper()
    if not re.fullmatch("[A-Z0-9 _]{0,16}", found):
        raise ValueError("at most 16 letters, digits, blanks and underscores, as in CHEST")
    return found


def _birth_date(value: str) -> str:
    if value and _day(value) > date.today().isoformat():
        raise ValueError("it lies in the future")
    return _day(value) if value else ""


def _day(value: str) -> str:
    """`YYYY-MM-DD` of a date, of a DICOM date, or of a date and time."""
    if re.fullmatch("[0-9]{8}", value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date must be spelt YYYY-MM-DD")
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise ValueError("there is no such date, spelt YYYY-MM-DD") from None


def _uid(text: str) -> str:
    if not is_uid(text) or len(text) > 64:
        raise ValueError("a UID is digits in groups joined by dots, 64 characters at most")
    return text


def _optional(value: Any) -> Any:
    """null is what is not known, as is the empty text."""
    return "" if value is None else value


def _absent(value: Any) -> Any:
    return None if value == "" else value


_Cleaned = Annotated[Line, AfterValidator(_line)]
_Given = BeforeValidator(_optional)
Title = Annotated[_Cleaned, Field(max_length=_LONG), _Given]
Name = Annotated[_Cleaned, AfterValidator(_person), _Given]
Birth = Annotated[_Cleaned, AfterValidator(_birth_date), _Given]
Sex = Annotated[Literal["M", "F", "O", ""], _Given]
BodyPart = Annotated[_Cleaned, AfterValidator(_body_part), _Given]
PatientId = Annotated[_Cleaned, Field(max_length=_LONG), AfterValidator(_required)]
OrderId = Annotated[_Cleaned, Field(max_length=255), _Given]
Account = Annotated[_Cleaned, Field(max_length=255), _Given]
Day = Annotated[_Cleaned, AfterValidator(_day)]
ModalityCode = Annotated[_Cleaned, AfterValidator(_modality)]
Code = Annotated[_Cleaned, AfterValidator(_code)]
Uid = Annotated[_Cleaned, AfterValidator(_uid)]
Maybe = Annotated[str | None, BeforeValidator(_absent)]


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
    clinical_history: Annotated[Text, Field(max_length=10_000), _Given] = ""
    referring_physician: Name = ""
    performing_technician: Title = ""


class NewStudy(_Ordered):
    """A study to be scheduled. Accession number and Study Instance UID are made where not given."""

    patient_id: PatientId
    modality: ModalityCode
    accession_number: Annotated[_Cleaned, Field(max_length=_SHORT), _Given] = ""
    study_instance_uid: Annotated[Uid | None, BeforeValidator(_absent)] = None
    study_date: Annotated[Day | None, BeforeValidator(_absent)] = Field(
        default=None, description="When it is to be made; today by default."
    )

    _default = field_validator("priority", mode="before")(or_default)


class ChangedStudy(_Ordered):
    """The fields to change; what is not sent stays."""

    patient_id: PatientId = ""
    modality: ModalityCode = ""
    accession_number: Annotated[_Cleaned, Field(max_length=_SHORT), AfterValidator(_required)] = ""
    study_date: Day = ""

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
    reason: Annotated[Line, _Given] = Field(default="", description="A step back needs one.")


class Assigned(_Named):
    """Who is to read a study; null: nobody yet."""

    assigned_to: Account


class Urgency(_Named):
    priority: Priority


def _statuses(value: Any) -> Any:
    """`scheduled,arrived` as a list."""
    return value.split(",") if isinstance(value, str) else value


class StudyFilters(_Named):
    """Filters of a list of studies; all of them hold together."""

    status: Annotated[list[Status] | None, BeforeValidator(_statuses)] = Field(
        default=None, description="One status, or several with commas."
    )
    modality: Code | None = None
    patient_id: Line | None = None
    order_id: Line | None = None
    accession_number: Line | None = None
    assigned_to: Line | None = Field(default=None, description="An account, or `me`.")
    unassigned: bool | None = Field(default=None, description="true: those of nobody.")
    priority: Priority | None = None
    body_part: BodyPart | None = None
    study_instance_uid: Line | None = None
    study_date: Day | None = Field(default=None, description="YYYY-MM-DD: that day only.")
    date_from: Day | None = Field(default=None, description="YYYY-MM-DD; also `startDate`.")
    date_to: Day | None = Field(default=None, description="YYYY-MM-DD; also `endDate`.")
    has_images: bool | None = None
    q: Line | None = Field(
        default=None,
        description="Words of name, Patient ID, accession number, description, physician, order.",
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
    number_of_series: int = 0
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
    window_center: float | None
    window_width: float | None
    pixel_spacing: list[float] | None = Field(description="Millimetres: between rows, columns.")
    file_size: int = Field(description="Bytes of the stored DICOM file.")
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
    """A series to be filled later; number and modality are found where they are not given."""

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
