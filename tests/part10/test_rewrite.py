"""Files written anew: the same data set in Explicit VR Little Endian, or with other pixels."""

from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.sequence import Sequence

from dicomweb.errors import InstanceRefused
from dicomweb.part10.rewrite import explicit, with_pixels
from tests import samples
from tests.part10 import oracle

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"


def explicit_of(data: bytes) -> bytes:
    made = explicit(len(data), oracle.reader(data))
    whole = made.whole()
    assert len(whole) == made.length
    return whole


def pixels_of(data: bytes, syntax: str, frames, **changes) -> pydicom.Dataset:
    wanted = Dataset()
    for keyword, value in changes.items():
        setattr(wanted, keyword, value)
    elements = wanted.to_json_dict()
    gone = [tag for tag, element in elements.items() if "Value" not in element]
    elements |= dict.fromkeys(gone)
    made = with_pixels(len(data), oracle.reader(data), syntax, frames, elements)
    whole = made.whole()
    assert len(whole) == made.length
    return pydicom.dcmread(BytesIO(whole))


def rich_dataset() -> Dataset:
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3"
    dataset = samples.make_image(
        PixelRepresentation=1, ReferencedImageSequence=Sequence([item, Dataset()])
    )
    dataset.add_new(0x00280106, "SS", -5)
    dataset.add_new(0x00189810, "SS", -1)
    dataset.PatientComments = "two\nlines"
    dataset.FrameIncrementPointer = 0x00181063
    dataset.RecommendedDisplayFrameRateInFloat = 1.5
    return dataset


@pytest.mark.parametrize("syntax", [IMPLICIT, DEFLATED, EXPLICIT, BIG_ENDIAN])
def test_every_native_syntax_becomes_explicit_little_endian(syntax):
    dataset = rich_dataset()
    del dataset[0x00189810]
    data = samples.encode(dataset, syntax)
    found = pydicom.dcmread(BytesIO(explicit_of(data)))
    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    if syntax == BIG_ENDIAN:  # pydicom writes the bytes of OW as they are
        pixels = dataset.PixelData
        turned = b"".join(pixels[i + 1 : i + 2] + pixels[i : i + 1] for i in range(0, 48, 2))
        dataset.PixelData = turned
    assert found == dataset


def test_the_file_meta_is_written_by_us():
    data = explicit_of(samples.make_instance(IMPLICIT))
    found = pydicom.dcmread(BytesIO(data))
    assert data[:132] == bytes(128) + b"DICM"
    assert found.file_meta.ImplementationVersionName == "LIGHTBOX"
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
    assert oracle.scan_bytes(data).doubts == ()


def test_what_lacks_its_meta_information_gets_it():
    data = samples.make_instance()
    bare = data[oracle.scan_bytes(data).dataset_offset :]
    assert pydicom.dcmread(BytesIO(explicit_of(bare))) == pydicom.dcmread(BytesIO(data))


def test_encapsulated_pixels_keep_their_syntax():
    dataset = samples.make_image()
    samples.compress(dataset, [b"\xff\xd8one\xff\xd9", b"\xff\xd8three\xff\xd9"])
    found = pydicom.dcmread(BytesIO(explicit_of(samples.encode(dataset, JPEG))))
    assert found.file_meta.TransferSyntaxUID == JPEG
    assert found.PixelData == dataset.PixelData


def test_a_value_too_long_for_its_vr_is_unknown():
    dataset = samples.make_dataset()
    dataset.add_new(0x00281408, "OW", b"\0\0")
    dataset.add_new(0x30060050, "DS", ["1.5"] * 20_000)
    data = samples.encode(dataset, IMPLICIT)
    found = pydicom.dcmread(BytesIO(explicit_of(data)))
    assert found.get_item(0x30060050).VR == "UN"


def test_lengths_of_groups_are_left_out():
    data = samples.make_instance(IMPLICIT)
    place = data.index(b"\x08\x00\x16\x00")
    data = data[:place] + b"\x08\x00\x00\x00\x04\x00\x00\x00\x63\0\0\0" + data[place:]
    assert 0x00080000 not in pydicom.dcmread(BytesIO(explicit_of(data)))


def test_what_cannot_be_read_cannot_be_written():
    with pytest.raises(InstanceRefused):
        explicit(10, oracle.reader(b"not dicom."))


def test_real_files_keep_their_values():
    for name in (
        "rt/rtss.dcm",
        "pydicom-data/liver_expb.dcm",
        "synthetic/modalities/mr_deflated.dcm",
    ):
        data = (samples.folder() / name).read_bytes()
        found = explicit_of(data)
        assert (
            oracle.differences(oracle.ours(found, oracle.scan_bytes(found)), oracle.theirs(data))
            == []
        )


def test_other_frames_are_encapsulated_with_a_table():
    frames = [b"\xff\xd8one\xff\xd9", b"\xff\xd8three\xff\xd9", b"\xff\xd8\xff\xd9"]
    data = samples.make_instance(frames=3)
    found = pixels_of(data, JPEG, frames)
    assert [f.rstrip(b"\0") for f in generate_frames(found.PixelData, number_of_frames=3)] == frames
    assert found.file_meta.TransferSyntaxUID == JPEG


def test_native_frames_are_joined():
    dataset = samples.make_image()
    samples.compress(dataset, [b"\xff\xd8one\xff\xd9"])
    found = pixels_of(samples.encode(dataset, JPEG), EXPLICIT, [b"abc", b"def", b"g"])
    assert found.PixelData == b"abcdefg\0"
    assert found["PixelData"].VR == "OW"


def test_changes_are_made_and_all_else_is_kept():
    dataset = samples.make_image(PatientName="Müller", SpecificCharacterSet="ISO_IR 100")
    dataset.ExtendedOffsetTable = bytes(8)
    found = pixels_of(
        samples.encode(dataset),
        JPEG,
        [b"x"],
        PhotometricInterpretation="RGB",
        LossyImageCompressionRatio=[1.5, 2.0],
        DerivationDescription="größer",
        PatientID=None,
        SOPInstanceUID="1.2.3",
    )
    assert found.PhotometricInterpretation == "RGB"
    assert found.LossyImageCompressionRatio == [1.5, 2.0]
    assert found.DerivationDescription == "größer"
    assert found.PatientName == "Müller"
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID == "1.2.3"
    assert "PatientID" not in found
    assert "ExtendedOffsetTable" not in found


def test_text_that_stands_under_vr_un_is_read_behind_its_longer_header():
    data = samples.encode(samples.make_dataset(SpecificCharacterSet="ISO_IR 192"))
    for tag, vr in ((b"\x08\0\x05\0", b"CS"), (b"\x08\0\x18\0", b"UI")):
        at = data.index(tag + vr, 256)
        length = data[at + 6 : at + 8]
        data = data[: at + 4] + b"UN\0\0" + length + b"\0\0" + data[at + 8 :]
    found = pixels_of(data, JPEG, [b"\xff\xd8"], DerivationDescription="größer")
    assert found.DerivationDescription == "größer"
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID


def test_values_that_break_their_vr_survive_a_change_of_pixels():
    file = samples.make_instance().replace(b"20240102", b"2024.1.2")
    found = pixels_of(file, JPEG, [b"x"])
    with oracle.lenient():
        assert str(found.StudyDate) == "2024.1.2"
