"""Instances made for a run: fresh UIDs, a patient ID of this run only, small known pixels."""

import io
import uuid
from copy import deepcopy

import numpy as np
from pydicom import Dataset, config
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

# Every run, and every xdist worker, has its own patients: a shared server may be tested.
RUN = f"CF{uuid.uuid4().hex[:9].upper()}"

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SINGLE_BIT_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.7.1"
BYTE_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.7.2"
WORD_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.7.3"
COLOUR_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.7.4"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"

EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
BIG_ENDIAN, DEFLATED = str(ExplicitVRBigEndian), str(DeflatedExplicitVRLittleEndian)
RLE = str(RLELossless)


# Well-formed, and stored nowhere, also where somebody has tested with 1.2.3 before.
UNKNOWN_UID = f"2.25.{2**127 - 1}"


def uid() -> str:
    """A UID never used before."""
    return str(generate_uid(prefix=None))


def plain(
    *, sop_class: str = SECONDARY_CAPTURE, syntax: str = EXPLICIT, **elements: object
) -> Dataset:
    """An instance without pixels; elements by keyword, None leaves one out."""
    wanted: dict[str, object] = {
        "SOPClassUID": sop_class,
        "SOPInstanceUID": uid(),
        "StudyInstanceUID": uid(),
        "SeriesInstanceUID": uid(),
        "StudyDate": "20240229",
        "StudyTime": "101112",
        "AccessionNumber": "",
        "Modality": "OT",
        "ReferringPhysicianName": "",
        "PatientName": "Conformance^Suite",
        "PatientID": RUN,
        "PatientBirthDate": "19700101",
        "PatientSex": "O",
        "StudyID": "1",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
    }
    wanted.update(elements)
    dataset = Dataset()
    for keyword, value in wanted.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def image(pixels: np.ndarray, *, photometric: str = "MONOCHROME2", **elements: object) -> Dataset:
    """A native image of (rows, columns), (frames, rows, columns), or either with 3 samples."""
    colour = pixels.shape[-1] == 3 and photometric not in ("MONOCHROME1", "MONOCHROME2")
    geometry = pixels.shape[:-1] if colour else pixels.shape
    bits = pixels.dtype.itemsize * 8
    dataset = plain(
        Rows=geometry[-2],
        Columns=geometry[-1],
        SamplesPerPixel=3 if colour else 1,
        PhotometricInterpretation=photometric,
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(pixels.dtype.kind == "i"),
    )
    if colour:
        dataset.PlanarConfiguration = 0
    if len(geometry) == 3:
        dataset.NumberOfFrames = geometry[0]
        dataset.SOPClassUID = _multiframe_class(colour, bits)
    _set(dataset, elements)
    big_endian = dataset.file_meta.TransferSyntaxUID == BIG_ENDIAN
    raw = pixels.astype(pixels.dtype.newbyteorder(">" if big_endian else "<")).tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return dataset


def _multiframe_class(colour: bool, bits: int) -> str:
    if colour:
        return COLOUR_MULTIFRAME
    return BYTE_MULTIFRAME if bits == 8 else WORD_MULTIFRAME


def _set(dataset: Dataset, elements: dict[str, object]) -> None:
    for keyword, value in elements.items():
        if keyword == "syntax":
            dataset.file_meta.TransferSyntaxUID = value
        elif value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)


def encapsulated(frames: list[bytes], syntax: str, like: Dataset, **elements: object) -> Dataset:
    """`like` with compressed frames in place of its pixels, one fragment each."""
    dataset = copy(like)
    _set(dataset, elements)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def rle(like: Dataset) -> Dataset:
    """`like` compressed by RLE, by pydicom's own encoder."""
    dataset = copy(like)
    dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    return dataset


def frames_of(dataset: Dataset) -> list[bytes]:
    """The compressed frames of an encapsulated instance."""
    count = int(dataset.get("NumberOfFrames", 1))
    return list(generate_frames(dataset.PixelData, number_of_frames=count))


def copy(dataset: Dataset, **elements: object) -> Dataset:
    """The same data set as another instance of the same series."""
    other = deepcopy(dataset)
    other.SOPInstanceUID = uid()
    _set(other, elements)
    return other


def bits(frames: int = 3, rows: int = 3, columns: int = 5) -> tuple[Dataset, np.ndarray]:
    """A one-bit multi-frame whose frames do not begin at a byte, and its pixels."""
    pixels = (np.arange(frames * rows * columns).reshape(frames, rows, columns) % 3 == 0).astype(
        "u1"
    )
    dataset = image(pixels, SOPClassUID=SINGLE_BIT_MULTIFRAME)
    _set(dataset, {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0})
    packed = np.packbits(pixels.reshape(-1), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    return dataset, pixels


def gradient(rows: int = 12, columns: int = 16, dtype: str = "u1", step: int = 1) -> np.ndarray:
    """Known pixels: every value of a small image is different, and rows are not columns."""
    return (np.arange(rows * columns).reshape(rows, columns) * step).astype(dtype)


def part10(dataset: Dataset, *, preamble: bytes = b"\0" * 128) -> bytes:
    """The bytes of a Part 10 file; values are written as they are, wrong ones too."""
    dataset = deepcopy(dataset)
    dataset.preamble = preamble
    meta = dataset.file_meta
    meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    stream = io.BytesIO()
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        dataset.save_as(stream, enforce_file_format=True)
    finally:
        config.settings.writing_validation_mode = before
    return stream.getvalue()


def study_of(dataset: Dataset) -> str:
    """/studies/{study} of an instance."""
    return f"/studies/{dataset.StudyInstanceUID}"


def series_of(dataset: Dataset) -> str:
    """/studies/{study}/series/{series} of an instance."""
    return f"{study_of(dataset)}/series/{dataset.SeriesInstanceUID}"


def path_of(dataset: Dataset) -> str:
    """/studies/{study}/series/{series}/instances/{instance} of an instance."""
    return f"{series_of(dataset)}/instances/{dataset.SOPInstanceUID}"
