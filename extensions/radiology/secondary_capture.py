"""A JPEG or PNG file as a Secondary Capture image of a study (PS3.3 A.8.1)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from extensions.radiology.tables import RadiologyStudy

if TYPE_CHECKING:
    from pydicom import Dataset

    from dicomweb.pixels.foreign import Foreign

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new image goes: its UID and number, and the series that it is of."""

    sop_uid: str
    series_uid: str
    series_number: int | None
    modality: str
    series_description: str = ""
    body_part: str = ""
    instance_number: int = 1

    def numbered(self, number: int) -> "Place":
        return replace(self, instance_number=number)


def encoded(study: RadiologyStudy, place: Place, image: "Foreign") -> bytes:
    """The Part 10 file."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    dataset = _dataset(study, place)
    _describe(dataset, image)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID(place.sop_uid)
    meta.TransferSyntaxUID = UID(image.transfer_syntax)
    dataset.file_meta = meta
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _dataset(study: RadiologyStudy, place: Place) -> "Dataset":
    """Patient, study, series and equipment."""
    from pydicom import Dataset

    now = datetime.now(UTC)
    day, clock = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "ImageType": ["DERIVED", "SECONDARY"],
        "InstanceCreationDate": day,
        "InstanceCreationTime": clock,
        "SOPClassUID": SECONDARY_CAPTURE,
        "SOPInstanceUID": place.sop_uid,
        "StudyDate": study.study_date.replace("-", ""),
        "StudyTime": study.study_time.replace(":", ""),
        "ContentDate": day,
        "ContentTime": clock,
        "AccessionNumber": study.accession_number,
        "Modality": place.modality,
        "ConversionType": "WSD",
        "ReferringPhysicianName": person_name(study.referring_physician),
        "StudyDescription": study.study_description,
        "SeriesDescription": place.series_description,
        "PatientName": person_name(study.patient_name),
        "PatientID": study.patient_id,
        "PatientBirthDate": study.patient_birth_date.replace("-", ""),
        "PatientSex": study.patient_sex,
        "BodyPartExamined": place.body_part,
        "DateOfSecondaryCapture": day,
        "TimeOfSecondaryCapture": clock,
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": place.series_uid,
        "StudyID": "",
        "SeriesNumber": place.series_number,
        "InstanceNumber": place.instance_number,
        "PatientOrientation": None,
        "Laterality": "",
    }
    optional = ("StudyDescription", "SeriesDescription", "BodyPartExamined")
    dataset = Dataset()
    for keyword, value in values.items():
        if value != "" or keyword not in optional:
            setattr(dataset, keyword, value)
    return dataset


def _describe(dataset: "Dataset", image: "Foreign") -> None:
    """The Image Pixel module, and what was lost on the way (PS3.3 C.7.6.1.1.5)."""
    dataset.SamplesPerPixel = image.samples
    dataset.PhotometricInterpretation = image.photometric
    if image.samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.Rows = image.rows
    dataset.Columns = image.columns
    dataset.BitsAllocated = image.bits_allocated
    dataset.BitsStored = image.bits_stored
    dataset.HighBit = image.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.LossyImageCompression = "01" if image.ratio else "00"
    if image.ratio:
        dataset.LossyImageCompressionRatio = f"{image.ratio:.4g}"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
    if image.profile:
        dataset.ICCProfile = image.profile + b"\0" * (len(image.profile) % 2)
    if image.is_jpeg:
        from pydicom.encaps import encapsulate

        dataset.add_new(0x7FE00010, "OB", encapsulate([image.pixels]))
        dataset["PixelData"].is_undefined_length = True
    else:
        pixels = image.pixels + b"\0" * (len(image.pixels) % 2)
        dataset.add_new(0x7FE00010, "OB" if image.bits_allocated == 8 else "OW", pixels)


def person_name(name: str) -> str:
    """`Doe, Jane` as DICOM has it; what has carets, or no comma, stays."""
    family, comma, given = name.partition(",")
    return f"{family.strip()}^{given.strip()}" if comma and "^" not in name else name
