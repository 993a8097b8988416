"""What can be stored, and that it is there afterwards."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate_extended

from conformance import answers, codestreams, instances
from conformance.client import DICOM, DICOM_AS_STORED, expect, uids
from conformance.instances import copy, gradient, image, part10, path_of, plain, series_of, study_of

COMPRESSED = {
    "RLE": (instances.RLE, None),
    "JPEG baseline": (codestreams.JPEG_BASELINE, codestreams.jpeg(gradient())),
    "JPEG lossless": (codestreams.JPEG_LOSSLESS_SV1, codestreams.JPEG_LOSSLESS),
    "JPEG-LS": (codestreams.JPEG_LS_LOSSLESS, codestreams.JPEG_LS),
    "JPEG 2000": (codestreams.JPEG_2000_LOSSLESS, codestreams.jpeg2000(gradient())),
    "HTJ2K": (codestreams.HTJ2K_LOSSLESS, codestreams.HTJ2K),
}


def compressed(syntax, frame):
    if frame is None:
        return instances.rle(image(gradient()))
    return instances.encapsulated([frame], syntax, image(gradient()))


def read(part):
    return pydicom.dcmread(io.BytesIO(part.body))


@pytest.mark.clause("PS3.18 10.5.1.1.1")
@pytest.mark.parametrize("count", [1, 2, 25])
def test_every_instance_of_a_request_is_stored(server, count):
    first = plain()
    batch = [first, *(copy(first, InstanceNumber=n) for n in range(2, count + 1))]
    response = expect(server.store(*batch), 200)
    assert answers.stored(response) == {one.SOPInstanceUID for one in batch}
    results = server.find(f"{series_of(first)}/instances")
    assert set(uids(results, "00080018")) == {one.SOPInstanceUID for one in batch}


@pytest.mark.clause("PS3.18 10.5.1.1.1")
def test_a_request_may_hold_several_studies(server):
    batch = [plain(), plain(), plain()]
    expect(server.store(*batch), 200)
    for instance in batch:
        assert server.find("/studies", StudyInstanceUID=instance.StudyInstanceUID)


@pytest.mark.clause("PS3.18 10.5.1.1.1")
def test_a_request_may_name_its_study(server):
    instance = plain()
    response = expect(server.store(instance, path=study_of(instance)), 200)
    assert answers.stored(response) == {instance.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.2")
def test_a_slash_behind_studies_changes_nothing(server):
    expect(server.store(plain(), path="/studies/"), 200)


@pytest.mark.clause("PS3.18 10.5.2")
def test_instances_of_a_series_may_come_in_any_order_and_in_many_requests(server):
    first = plain()
    for number in (3, 1, 2):
        expect(server.store(copy(first, InstanceNumber=number)), 200)
    assert len(server.find(f"{series_of(first)}/instances")) == 3


@pytest.mark.clause("PS3.18 8.7.3.1")
@pytest.mark.parametrize(("syntax", "frame"), COMPRESSED.values(), ids=COMPRESSED)
def test_compressed_pixels_are_kept_bit_for_bit(server, syntax, frame):
    instance = compressed(syntax, frame)
    server.keep(instance)
    back = read(server.parts(path_of(instance), DICOM_AS_STORED)[0])
    assert str(back.file_meta.TransferSyntaxUID) == syntax
    assert back.PixelData == instance.PixelData


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.6.2.1")
@pytest.mark.parametrize(
    "syntax",
    [instances.IMPLICIT, instances.BIG_ENDIAN, instances.DEFLATED],
    ids=["Implicit VR LE", "Explicit VR BE", "Deflated"],
)
def test_old_transfer_syntaxes_are_taken_and_given_as_explicit_vr_little_endian(server, syntax):
    pixels = gradient(dtype="u2", step=300)
    instance = image(pixels, syntax=syntax)
    server.keep(instance)
    back = read(server.parts(path_of(instance), DICOM)[0])
    assert str(back.file_meta.TransferSyntaxUID) == instances.EXPLICIT
    assert (back.pixel_array == pixels).all()


@pytest.mark.clause("PS3.18 10.5.2")
def test_an_extended_offset_table_is_kept(server):
    frames = [codestreams.jpeg(gradient() + n) for n in range(3)]
    pixels = np.stack([gradient()] * 3)
    instance = image(pixels)
    instance.file_meta.TransferSyntaxUID = codestreams.JPEG_BASELINE
    instance.PixelData, offsets, lengths = encapsulate_extended(frames)
    instance["PixelData"].VR = "OB"
    instance["PixelData"].is_undefined_length = True
    instance.ExtendedOffsetTable, instance.ExtendedOffsetTableLengths = offsets, lengths
    server.keep(instance)
    back = read(server.parts(path_of(instance), DICOM_AS_STORED)[0])
    assert back.ExtendedOffsetTable == offsets
    assert back.PixelData == instance.PixelData


@pytest.mark.clause("PS3.18 10.5.2")
def test_private_attributes_survive(server):
    instance = plain()
    block = instance.private_block(0x0029, "CONFORMANCE SUITE", create=True)
    block.add_new(0x01, "LO", "a private value")
    server.keep(instance)
    back = read(server.parts(path_of(instance), DICOM_AS_STORED)[0])
    assert back.private_block(0x0029, "CONFORMANCE SUITE")[0x01].value == "a private value"


@pytest.mark.clause("PS3.18 10.5.2")
@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Grüße^Ω"),
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Илья^Шишкин"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
    ],
    ids=["UTF-8", "Latin-1", "Cyrillic", "Japanese", "GB18030"],
)
def test_the_stored_character_set_is_readable_afterwards(server, charset, name):
    instance = plain(SpecificCharacterSet=charset, PatientName=name)
    server.keep(instance)
    back = read(server.parts(path_of(instance), DICOM_AS_STORED)[0])
    assert str(back.PatientName) == name


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_type_2_attributes_may_be_empty_or_absent(server):
    instance = plain(
        PatientID="", PatientName="", StudyDate="", StudyTime=None, StudyID="", SeriesNumber=None
    )
    expect(server.store(instance), 200)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_values_longer_than_their_vr_allows_do_not_keep_an_instance_out(server):
    instance = plain(AccessionNumber="A" * 16, SeriesDescription="D" * 64)
    server.remember(instance)
    # Explicit VR: the tag, the VR, two bytes of length, the value.
    file = part10(instance).replace(b"SH\x10\0" + b"A" * 16, b"SH\x12\0" + b"A" * 18)
    file = file.replace(b"LO\x40\0" + b"D" * 64, b"LO\x42\0" + b"D" * 66)
    response = expect(server.store(file), 200, 202)
    assert answers.stored(response) == {instance.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_the_same_series_uid_in_two_studies_stays_apart(server):
    one = plain()
    other = copy(one, StudyInstanceUID=instances.uid())
    server.keep(one, other)
    for instance in (one, other):
        results = server.find(f"{series_of(instance)}/instances")
        assert uids(results, "00080018") == [instance.SOPInstanceUID]


@pytest.mark.clause("PS3.10 7.1")
def test_the_preamble_may_hold_anything(server):
    instance = plain()
    tiff = b"II*\0\x08\0\0\0" + bytes(range(120))
    expect(server.store(part10(instance, preamble=tiff)), 200)
    server.remember(instance)
    assert server.metadata(path_of(instance))
