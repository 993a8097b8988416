"""Files that declare one transfer syntax and are something else: what comes out is true."""

import io

import pydicom
import pytest
from clients import get, path_of, store
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from samples import compress, encode, make_dataset, make_image
from servers import Server

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
WRAPPED, JPEG, PRIVATE = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.4.50", "1.2.3.4.5"
ANY = "application/dicom; transfer-syntax=*"


def _bare(dataset: Dataset, *, implicit: bool) -> bytes:
    """The data set alone."""
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, implicit
    write_dataset(file, dataset)
    return file.getvalue()


def _labelled(dataset: Dataset, syntax: str, body: bytes) -> bytes:
    """A file whose meta information declares `syntax`, whatever its body is."""
    meta_only = encode(Dataset.from_json(dataset.to_json_dict()), EXPLICIT)
    end = meta_only.index(b"\x08\0\x16\0UI")
    padded = syntax.encode() + b"\0" * (len(syntax) % 2)
    old = b"\x02\0\x10\0UI\x14\0" + EXPLICIT.encode() + b"\0"
    new = b"\x02\0\x10\0UI" + len(padded).to_bytes(2, "little") + padded
    return meta_only[:end].replace(old, new) + body


def _given(server: Server, dataset: Dataset, accept: str) -> tuple[str, pydicom.FileDataset]:
    answer = get(server, path_of(dataset), accept)
    assert answer.status_code == 200, answer.text
    file = pydicom.dcmread(io.BytesIO(answer.content))
    named = answer.headers["Content-Type"].partition("transfer-syntax=")[2]
    assert named == file.file_meta.TransferSyntaxUID
    assert file.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    return named, file


@pytest.mark.parametrize("accept", ["application/dicom", ANY])
@pytest.mark.parametrize("declared", [EXPLICIT, JPEG, ""])
def test_implicit_elements_are_never_passed_off_as_explicit(
    server: Server, declared: str, accept: str
) -> None:
    dataset = make_dataset(PatientName="Not^As^Declared")
    file = _labelled(dataset, declared, _bare(dataset, implicit=True))
    assert store(server, file).status == 202
    _, found = _given(server, dataset, accept)
    assert not found.is_implicit_VR
    assert found.PatientName == "Not^As^Declared"


@pytest.mark.parametrize("preamble", [b"", bytes(128) + b"DICM"])
def test_a_file_without_meta_information_is_given_some(server: Server, preamble: bytes) -> None:
    dataset = make_dataset()
    assert store(server, preamble + _bare(dataset, implicit=False)).status == 202
    for accept in ("application/dicom", ANY):
        assert _given(server, dataset, accept)[0] == EXPLICIT


@pytest.mark.parametrize("declared", [JPEG, PRIVATE])
def test_a_compressed_syntax_without_pixels_is_explicit_where_that_is_asked_for(
    server: Server, declared: str
) -> None:
    """Reports and key object notes take the syntax of the association that they came by."""
    dataset = make_dataset()
    assert store(server, _labelled(dataset, declared, _bare(dataset, implicit=False))).status < 300
    assert _given(server, dataset, "application/dicom")[0] == EXPLICIT
    assert _given(server, dataset, ANY)[0] == declared


def test_encapsulated_uncompressed_pixels_are_unwrapped(server: Server) -> None:
    dataset = make_image(frames=2)
    pixels = dataset.PixelData
    half = len(pixels) // 2
    compress(dataset, [pixels[:half], pixels[half:]])
    assert store(server, encode(dataset, WRAPPED)).status == 200
    assert _given(server, dataset, ANY)[0] == WRAPPED
    syntax, found = _given(server, dataset, "application/dicom")
    assert (syntax, found.PixelData) == (EXPLICIT, pixels)


@pytest.mark.parametrize("accept", ["application/dicom", ANY])
def test_a_syntax_padded_by_a_space_is_given_as_it_was_received(
    server: Server, accept: str
) -> None:
    dataset = make_image()
    file = encode(dataset).replace(EXPLICIT.encode() + b"\0", EXPLICIT.encode() + b" ")
    assert store(server, file).status in (200, 202)
    assert get(server, path_of(dataset), accept).content == file
