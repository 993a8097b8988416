"""Realistic instances, quickly: made once with pydicom, then patched byte for byte."""

import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

CT = UID("1.2.840.10008.5.1.4.1.1.2")
PATIENT_ID = "BENCH00001"
NAME, DATE, TIME = "NAME000000^BENCH", "20200101", "101112"
NUMBER, POSITION, CLOCK = "888888", "-77777.7777", "111111.000000"
FRAMES_IN_POOL = 8


def uid(*key: object) -> str:
    """A UID of 44 characters, a function of `key` alone."""
    digest = int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=15).digest(), "big")
    return f"2.25.{10**38 + digest % (9 * 10**38)}"


STUDY, SERIES, INSTANCE = uid("study"), uid("series"), uid("instance")
MARKS = (STUDY, SERIES, INSTANCE, NUMBER, POSITION, CLOCK, NAME, DATE, TIME)


@dataclass(frozen=True, slots=True)
class Place:
    """What tells one made instance from the next."""

    study: str
    series: str
    instance: str
    number: int
    name: str = NAME
    date: str = DATE
    time: str = TIME

    @property
    def path(self) -> str:
        return f"/studies/{self.study}/series/{self.series}/instances/{self.instance}"


@dataclass(frozen=True, slots=True)
class Marked:
    """Bytes in which marks stand for what tells instances apart, and where each of them stands."""

    text: bytes
    spots: tuple[tuple[str, int], ...]

    @staticmethod
    def of(text: bytes) -> "Marked":
        return Marked(text, tuple((mark, at) for mark in MARKS for at in _spots(text, mark)))

    def filled(self, values: dict[str, bytes]) -> bytes:
        """The bytes of one instance; a value is as long as its mark."""
        made = bytearray(self.text)
        for mark, at in self.spots:
            made[at : at + len(mark)] = values[mark]
        return bytes(made)


def values(place: Place) -> dict[str, bytes]:
    """What stands where the marks are."""
    number = place.number
    clock = f"{8 + number // 3600 % 12:02d}{number // 60 % 60:02d}{number % 60:02d}"
    found = {
        STUDY: place.study,
        SERIES: place.series,
        INSTANCE: place.instance,
        NUMBER: f"{number:<6d}",
        POSITION: f"{number - 512.0:<11.3f}",
        CLOCK: f"{clock}.{number * 991 % 1_000_000:06d}",
        NAME: place.name,
        DATE: place.date,
        TIME: place.time,
    }
    for mark, value in found.items():
        if len(value) != len(mark):
            raise ValueError(f"{value!r} does not fit where {mark!r} stands.")
    return {mark: value.encode() for mark, value in found.items()}


@dataclass(frozen=True, slots=True)
class Template:
    """A header with marks, and Pixel Data elements to put behind it."""

    header: Marked
    tails: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return len(self.header.text) + len(self.tails[0])

    def head(self, place: Place) -> bytes:
        """The header of one instance."""
        return self.header.filled(values(place))

    def tail(self, place: Place) -> bytes:
        """The Pixel Data element of one instance."""
        return self.tails[place.number % len(self.tails)]

    def file(self, place: Place) -> bytes:
        """The instance as a Part 10 file."""
        return self.head(place) + self.tail(place)

    def pixels(self, place: Place) -> bytes:
        """Its native frame."""
        return self.tail(place)[12:]


def series(count: int, *key: object) -> list[Place]:
    """`count` instances of one series of one study, named by `key`."""
    study, own = uid("study", *key), uid("series", *key)
    return [Place(study, own, uid("instance", *key, n), n) for n in range(1, count + 1)]


@cache
def ct(size: int = 512) -> Template:
    """CT slices of size x size pixels of 16 bits, about 220 elements before them."""
    dataset = _ct_dataset(size)
    return _template(dataset, tuple(_pixel_data(frame) for frame in _frames(size)))


@cache
def small(modality: str) -> Template:
    """Instances of about 40 elements and 4 x 4 pixels, for archives of a million."""
    wanted = _patient_and_study()
    dataset = _ct_dataset(4)
    series = ("SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "InstanceNumber")
    image = ("SOPClassUID", "SOPInstanceUID", "SpecificCharacterSet", "ImagePositionPatient")
    keep = {*wanted, *series, *image, "ContentTime", "Manufacturer", "BodyPartExamined"}
    for element in list(dataset):
        if element.keyword not in keep and element.tag.group != 0x0028:
            del dataset[element.tag]
    dataset.Modality = modality
    return _template(dataset, (_pixel_data(bytes(32)),))


def _template(dataset: Dataset, tails: tuple[bytes, ...]) -> Template:
    return Template(Marked.of(encode(dataset, ExplicitVRLittleEndian)), tails)


def _spots(text: bytes, mark: str) -> Iterator[int]:
    at = text.find(mark.encode())
    while at >= 0:
        yield at
        at = text.find(mark.encode(), at + 1)


def encode(dataset: Dataset, transfer_syntax: UID) -> bytes:
    """The data set as a Part 10 file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _pixel_data(frame: bytes) -> bytes:
    return b"\xe0\x7f\x10\x00OW\0\0" + len(frame).to_bytes(4, "little") + frame


def _frames(size: int) -> list[bytes]:
    """A phantom with noise in 12 bits of 16: unlike zeros, it costs an encoder what a CT costs."""
    noise = np.random.default_rng(7)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    body = np.where((x / 0.85) ** 2 + (y / 0.62) ** 2 < 1, 1050.0, 0.0)
    for cx, cy, a, b, change in ((-0.35, 0, 0.28, 0.4, -850), (0.35, 0, 0.28, 0.4, -850)):
        body = np.where(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1, body + change, body)
    body = np.where((x / 0.1) ** 2 + ((y - 0.42) / 0.1) ** 2 < 1, 1900.0, body)
    many = (body + noise.normal(0, 25, body.shape) for _ in range(FRAMES_IN_POOL))
    return [np.clip(each, 0, 4095).astype("<u2").tobytes() for each in many]


def make(**values: object) -> Dataset:
    """A data set of keywords and values."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    return Sequence(
        [make(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)],
    )


def _patient_and_study() -> dict[str, object]:
    return {
        "PatientName": NAME,
        "PatientID": PATIENT_ID,
        "IssuerOfPatientID": "BENCHMARK",
        "PatientBirthDate": "19600229",
        "PatientSex": "F",
        "PatientAge": "060Y",
        "PatientSize": "1.71",
        "PatientWeight": "70.5",
        "StudyInstanceUID": STUDY,
        "StudyDate": DATE,
        "StudyTime": TIME,
        "StudyID": "4711",
        "StudyDescription": "CT CHEST W CONTRAST",
        "AccessionNumber": "A000123456",
        "ReferringPhysicianName": "KOWALSKI^LUCA^^DR",
        "NameOfPhysiciansReadingStudy": "READER^7",
        "AdditionalPatientHistory": "history " * 12,
        "OtherPatientIDsSequence": Sequence(
            [make(PatientID="X1", IssuerOfPatientID="OTHER", TypeOfPatientID="TEXT")]
        ),
        "ReferencedStudySequence": Sequence(
            [
                make(
                    ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                    ReferencedSOPInstanceUID=uid("r"),
                )
            ]
        ),
        "ProcedureCodeSequence": _code("P0042", "L", "CT CHEST W CONTRAST"),
    }


def _equipment_and_series() -> dict[str, object]:
    return {
        "Modality": "CT",
        "SeriesInstanceUID": SERIES,
        "SeriesNumber": 2,
        "SeriesDescription": "AXIAL 1.0 STD",
        "SeriesDate": DATE,
        "SeriesTime": "101301",
        "Manufacturer": "SIEMENS",
        "ManufacturerModelName": "SOMATOM Force",
        "InstitutionName": "UNIVERSITÄTSKLINIKUM",
        "InstitutionAddress": "1 Test Street\r\nTown",
        "InstitutionalDepartmentName": "Radiology",
        "StationName": "ST07",
        "OperatorsName": "TECH^7",
        "PerformingPhysicianName": "ROSSI^ANNA",
        "DeviceSerialNumber": "00470011",
        "SoftwareVersions": ["sw_1", "x.y"],
        "ProtocolName": "CT CHEST",
        "BodyPartExamined": "CHEST",
        "PatientPosition": "HFS",
        "FrameOfReferenceUID": uid("frame of reference"),
        "PositionReferenceIndicator": "",
        "PerformedProcedureStepStartDate": DATE,
        "PerformedProcedureStepStartTime": TIME,
        "PerformedProcedureStepID": "PPS000042",
        "PerformedProtocolCodeSequence": _code("C1", "L", "protocol"),
        "RequestingPhysician": "KOWALSKI^LUCA^^DR",
        "RequestedProcedureDescription": "CT CHEST W CONTRAST",
        "RequestAttributesSequence": Sequence(
            [
                make(
                    ScheduledProcedureStepDescription="CT CHEST",
                    ScheduledProcedureStepID="SPS000042",
                    RequestedProcedureID="RP000042",
                    ScheduledProtocolCodeSequence=_code("C1", "L", "protocol"),
                )
            ]
        ),
    }


def _acquisition() -> dict[str, object]:
    texts = {
        "ScanOptions": "HELICAL MODE",
        "KVP": "120",
        "DataCollectionDiameter": "500",
        "ReconstructionDiameter": "360",
        "DistanceSourceToDetector": "949.1",
        "DistanceSourceToPatient": "541",
        "GantryDetectorTilt": "0",
        "TableHeight": "160",
        "RotationDirection": "CW",
        "ExposureTime": "500",
        "XRayTubeCurrent": "212",
        "Exposure": "120",
        "FilterType": "BODY FILTER",
        "GeneratorPower": "60000",
        "FocalSpots": "1.2",
        "ConvolutionKernel": "B30f",
        "ContrastBolusAgent": "OMNIPAQUE",
        "ContrastBolusRoute": "IV",
        "SliceThickness": "1.0",
        "SliceLocation": POSITION,
        "SpacingBetweenSlices": "1.0",
        "AcquisitionNumber": "1",
        "AcquisitionTime": CLOCK,
        "AcquisitionDate": DATE,
        "ContentDate": DATE,
        "ContentTime": CLOCK,
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
    }
    return {
        **texts,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
        "ImagePositionPatient": ["-250.0", "-250.0", POSITION],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "PixelSpacing": ["0.9765625", "0.9765625"],
        "WindowCenter": ["40", "-600"],
        "WindowWidth": ["400", "1500"],
        "WindowCenterWidthExplanation": ["SOFT", "LUNG"],
        "RevolutionTime": 0.5,
        "SingleCollimationWidth": 0.625,
        "TotalCollimationWidth": 40.0,
        "TableSpeed": 79.0,
        "SpiralPitchFactor": 0.98,
        "CTDIvol": 9.5,
        "IrradiationEventUID": uid("irradiation"),
        "ReferencedImageSequence": Sequence(
            make(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid("scout", n))
            for n in range(3)
        ),
    }


def _add_private(dataset: Dataset) -> None:
    """Three vendor blocks of 96 elements, a binary one of 4 KB and a private sequence."""
    chance = random.Random(11)
    for group, creator, count in (
        (0x0019, "SIEMENS CT VA0  COAD", 48),
        (0x0021, "SIEMENS MED", 24),
        (0x0051, "SIEMENS CT HEADER", 20),
    ):
        block = dataset.private_block(group, creator, create=True)
        for n in range(count):
            vr, value = [
                ("LO", f"VALUE {chance.randrange(99)}"),
                ("DS", f"{chance.uniform(-9, 9):.4f}"),
                ("US", chance.randrange(999)),
                ("FD", chance.random()),
                ("SL", chance.randrange(-999, 999)),
                ("CS", "IMAGE NUM 4"),
            ][n % 6]
            block.add_new(0x10 + n, vr, value)
    block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x10, "OB", bytes(chance.randrange(256) for _ in range(2048)))
    inner = Sequence([_code("T1", "99VENDOR", "inner")[0]])
    block.add_new(0x40, "SQ", Sequence([make(ContentSequence=inner, LossyImageCompression="00")]))


def _ct_dataset(size: int) -> Dataset:
    dataset = make(
        SpecificCharacterSet="ISO_IR 100",
        SOPClassUID=CT,
        SOPInstanceUID=INSTANCE,
        InstanceNumber=NUMBER,
        InstanceCreationDate=DATE,
        InstanceCreationTime=CLOCK,
        **_patient_and_study(),
        **_equipment_and_series(),
        **_acquisition(),
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=size,
        Columns=size,
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
    )
    _add_private(dataset)
    return dataset
