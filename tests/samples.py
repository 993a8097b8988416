"""DICOM files for tests: the shared samples, where they are present, and small ones made here."""

import os
from array import array
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_files
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

SECONDARY_CAPTURE = UID("1.2.840.10008.5.1.4.1.1.7")
CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")


def folder() -> Path:
    """The shared samples (see their README.md); a test that needs them is skipped without them."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    found = Path(os.environ.get("LIGHTBOX_SAMPLES") or beside)
    if not found.is_dir():
        pytest.skip(f"No sample files in {found}: set LIGHTBOX_SAMPLES to their folder.")
    return found


@cache
def files() -> tuple[Path, ...]:
    """Every sample file, README and manifest apart, in a stable order."""
    apart = {"README.md", "manifest.csv"}
    return tuple(
        path for path in sorted(folder().rglob("*")) if path.is_file() and path.name not in apart
    )


@cache
def pydicom_files() -> tuple[Path, ...]:
    """The DICOM files inside pydicom's wheel; nothing is downloaded."""
    inside = Path(pydicom.__file__).parent / "data" / "test_files"
    found = (Path(name) for name in get_testdata_files())
    return tuple(sorted(path for path in found if path.suffix == ".dcm" and inside in path.parents))


def make_dataset(**values: Any) -> Dataset:
    """A secondary capture without pixels, with fresh UIDs; `values` are keywords of attributes."""
    dataset = Dataset()
    dataset.SOPClassUID = SECONDARY_CAPTURE
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.PatientName = "Doe^Jane"
    dataset.PatientID = "P1"
    dataset.PatientBirthDate = "19800101"
    dataset.PatientSex = "F"
    dataset.StudyDate = "20240102"
    dataset.StudyTime = "030405"
    dataset.AccessionNumber = "A1"
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.Modality = "OT"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def make_image(*, rows: int = 4, columns: int = 6, frames: int = 0, **values: Any) -> Dataset:
    """The same with 16-bit grey pixels counting upwards; `frames` 0 leaves NumberOfFrames out."""
    dataset = make_dataset(
        Rows=rows,
        Columns=columns,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
    )
    if frames:
        dataset.NumberOfFrames = frames
    count = rows * columns * (frames or 1)
    pixels = array("H", range(min(count, 65536))) * (count // 65536 + 1)
    dataset.add_new(0x7FE00010, "OW", pixels[:count].tobytes())
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def compress(
    dataset: Dataset, frames: list[bytes], *, fragments: int = 1, table: bool = True
) -> None:
    """Put `frames` (compressed already, whatever they hold) into the data set, encapsulated."""
    dataset.NumberOfFrames = len(frames)
    dataset.add_new(
        0x7FE00010, "OB", encapsulate(frames, fragments_per_frame=fragments, has_bot=table)
    )
    dataset["PixelData"].is_undefined_length = True


def encode(dataset: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The data set as a Part 10 file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    dataset.file_meta = meta
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def make_instance(transfer_syntax: str = ExplicitVRLittleEndian, **values: Any) -> bytes:
    """A valid small image as Part 10 bytes, with fresh UIDs unless `values` say otherwise."""
    return encode(make_image(**values), transfer_syntax)
