"""Queries and answers of the four documents, as our own documentation describes them."""

from typing import Any

from pydantic import ConfigDict, Field

from extensions.json_api import Paging
from extensions.json_api import Shape as OurShape


class Shape(OurShape):
    """Made ready when it is first needed: a start does not need any of them."""

    model_config = ConfigDict(defer_build=True)


class Frame(Shape):
    """Which frame a picture shows."""

    frame: int = Field(default=1, ge=1, le=999_999_999, description="Frame, counted from 1.")


class Preview(Frame):
    quality: int = Field(default=90, ge=1, le=100, description="Of the JPEG; 100 is the best.")


class OneFile(Shape):
    id: str = Field(min_length=1, description="Any id of the file, or its SOP Instance UID.")


class OneImage(OneFile, Frame):
    """A picture of a file."""


class OneTag(Shape):
    tag: str | None = Field(
        default=None, description="0010,0010 or 00100010 or PatientName; all without it."
    )


class ExamQuery(Paging):
    """Which images a list holds."""

    exam: str | None = Field(
        default=None,
        alias="examenID",
        max_length=1_000,
        description="Id of an exam; without it, the images of all exams.",
    )


class PacsMetadata(Shape):
    """null where the file has no value."""

    patient_name: str | None
    patient_id: str | None
    study_date: str | None
    study_time: str | None
    modality: str | None
    study_description: str | None
    series_description: str | None
    instance_number: str | None
    sop_instance_uid: str = Field(alias="sopInstanceUID")
    study_instance_uid: str = Field(alias="studyInstanceUID")
    series_instance_uid: str = Field(alias="seriesInstanceUID")


class PacsFile(Shape):
    id: str
    filename: str
    original_name: str
    file_size: int
    uploaded_at: str


class PacsFileWithMetadata(PacsFile):
    metadata: PacsMetadata


class PacsListedFile(PacsFile):
    patient_name: str | None
    study_date: str | None
    modality: str | None


class PacsList(Shape):
    total: int
    dicom_files: list[PacsListedFile]


class DamagedFile(Shape):
    id: str
    original_name: str
    reason: str
    file_size: int
    sha256: str
    received_at: str
    received_from: str = Field(description="Who sent it.")


class OrthancInstance(Shape):
    """Where an instance belongs, by Orthanc's ids."""

    id: str = Field(alias="ID")
    parent_patient: str = Field(alias="ParentPatient")
    parent_series: str = Field(alias="ParentSeries")
    parent_study: str = Field(alias="ParentStudy")
    path: str = Field(alias="Path")
    status: str = Field(alias="Status", description="Success or AlreadyStored")
    acquisition_date: str | None
    modality: str | None
    study_instance_uid: str = Field(alias="StudyInstanceUID")
    series_instance_uid: str = Field(alias="SeriesInstanceUID")
    sop_instance_uid: str = Field(alias="SOPInstanceUID")


class ExamImage(Shape):
    """An image of an exam, every field as it was sent."""

    image_id: str = Field(alias="imageID")
    exam_id: str = Field(alias="examenID")
    study_uid: str = Field(alias="studyInstanceUID")
    series_uid: str = Field(alias="seriesInstanceUID")
    sop_uid: str = Field(alias="sopInstanceUID")
    acquired: str = Field(alias="dateAcquisition")
    modality: str = Field(alias="modalite")
    description: str
    url: str | None
    orthanc_id: str | None = Field(alias="orthancInstanceId")


class Tag(Shape):
    number: int = Field(alias="ID")
    tag: str = Field(alias="Tag", description="(0010,0010)")
    vr: str = Field(alias="VR", description="VRStringList, VRBytes and so on")
    value: str = Field(alias="Value", description="Values between blanks in brackets")
    name: str = Field(alias="Name", description="The keyword")


class Tags(Shape):
    uuid: str
    tags: list[Tag]


class Dimensions(Shape):
    rows: int | None
    columns: int | None


class DicomInfo(Shape):
    patient_name: str | None = Field(alias="PatientName")
    patient_id: str | None = Field(alias="PatientID")
    study_date: str | None = Field(alias="StudyDate")
    study_description: str | None = Field(alias="StudyDescription")
    modality: str | None = Field(alias="Modality")
    image_dimensions: Dimensions = Field(alias="ImageDimensions")


class DicomFile(Shape):
    id: str
    filename: str
    size_bytes: int = Field(alias="size_bytes")
    created_at: str = Field(alias="created_at", description="UTC")
    modified_at: str = Field(alias="modified_at")
    dicom_info: DicomInfo = Field(alias="dicom_info")


class DicomFileList(Shape):
    count: int
    files: list[DicomFile]


class Uploaded(Shape):
    id: str
    filename: str
    message: str


class ShortId(Shape):
    """The answer to an import: 22 letters and digits."""

    id: str


class UploadedOnes(Shape):
    """Several files of a form, each with its id or its error."""

    message: str
    files: list[dict[str, Any]]


class Message(Shape):
    message: str


class Attributes(Shape):
    """All of them, or with `tag` the one."""

    count: int | None = None
    attributes: dict[str, Any] | None = None
    tag: str | None = None
    value: Any = None
