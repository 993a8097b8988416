"""Studies, series and instances as DICOM (PS3.18 10.4.1.1.1)."""

import io
import zipfile

import numpy as np
import pydicom
import pytest

from conformance import multipart
from conformance.client import DICOM, DICOM_AS_STORED, OCTETS, expect
from conformance.codestreams import JPEG_BASELINE
from conformance.instances import (
    BASIC_TEXT_SR,
    EXPLICIT,
    IMPLICIT,
    RLE,
    encapsulated,
    gradient,
    image,
    part10,
    path_of,
    plain,
    series_of,
    study_of,
)
from conformance.retrieve.conftest import COMPRESSED, NATIVE, OLD

LOSSLESS = [name for name in COMPRESSED if name != "JPEG baseline"]
LEVELS = ("study", "series", "instance")


def level_of(level, study):
    """A path, and the instances that it stands for."""
    return {
        "study": (study_of(study.first), study.all),
        "series": (series_of(study.first), study.all[:2]),
        "instance": (path_of(study.first), study.all[:1]),
    }[level]


def read(part):
    return pydicom.dcmread(io.BytesIO(part.body))


@pytest.mark.clause("PS3.18 10.4.1.1.1")
@pytest.mark.parametrize("level", LEVELS)
def test_all_instances_are_retrieved_one_part_each(server, study, level):
    path, wanted = level_of(level, study)
    parts = server.parts(path, DICOM)
    assert sorted(read(part).SOPInstanceUID for part in parts) == sorted(
        one.SOPInstanceUID for one in wanted
    )


@pytest.mark.clause("PS3.18 8.7.1")
@pytest.mark.parametrize("level", LEVELS)
def test_the_content_type_names_type_and_boundary(server, study, level):
    response = expect(server.get(level_of(level, study)[0], DICOM), 200)
    name, parameters = multipart.media_type(response.headers["Content-Type"])
    assert name == "multipart/related"
    assert parameters["type"].lower() == "application/dicom"
    assert 1 <= len(parameters["boundary"]) <= 70


@pytest.mark.clause("PS3.18 8.7.9")
@pytest.mark.parametrize("accept", [DICOM, DICOM_AS_STORED], ids=["default", "as stored"])
def test_each_part_names_its_transfer_syntax_truly(server, study, accept):
    for part in server.parts(study_of(study.first), accept):
        assert part.media_type == "application/dicom"
        assert part.transfer_syntax == str(read(part).file_meta.TransferSyntaxUID)


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_each_part_says_where_its_instance_is(server, study):
    for part in server.parts(study_of(study.first), DICOM):
        instance = read(part)
        assert part.location.endswith(path_of(instance)), f"Content-Location: {part.location!r}"


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_each_part_says_its_length(server, study):
    for part in server.parts(study_of(study.first), DICOM):
        assert part.headers.get("content-length") == str(len(part.body))


@pytest.mark.clause("PS3.18 8.7.3.4")
@pytest.mark.parametrize("name", [*NATIVE, *OLD, *LOSSLESS, "planes", "1 bit"])
def test_without_a_transfer_syntax_explicit_vr_little_endian_is_given(server, stored, name):
    sample = stored[name]
    (part,) = server.parts(path_of(sample.instance), DICOM)
    back = read(part)
    assert str(back.file_meta.TransferSyntaxUID) == EXPLICIT
    assert (back.pixel_array == sample.pixels).all()


@pytest.mark.clause("PS3.18 8.7.3.4")
def test_lossy_pixels_are_given_decompressed_or_as_they_are(server, stored):
    sample = stored["JPEG baseline"]
    (part,) = server.parts(path_of(sample.instance), DICOM)
    back = read(part)
    assert str(back.file_meta.TransferSyntaxUID) in (EXPLICIT, sample.syntax)
    if str(back.file_meta.TransferSyntaxUID) == EXPLICIT:
        assert abs(back.pixel_array.astype(int) - sample.pixels).max() <= 2


@pytest.mark.clause("PS3.18 8.7.3.4")
def test_decompressed_pixels_remain_known_as_lossy(server, stored):
    (part,) = server.parts(path_of(stored["JPEG baseline"].instance), DICOM)
    assert read(part).LossyImageCompression == "01"


@pytest.mark.clause("PS3.18 8.7.3.5.2")
@pytest.mark.parametrize("name", [*NATIVE, *COMPRESSED, "planes", "1 bit", "MP4"])
def test_any_transfer_syntax_gives_what_was_stored(server, stored, name):
    sample = stored[name]
    (part,) = server.parts(path_of(sample.instance), DICOM_AS_STORED)
    back = read(part)
    assert str(back.file_meta.TransferSyntaxUID) == sample.syntax
    assert back.PixelData == sample.instance.PixelData


@pytest.mark.clause("PS3.18 8.7.3.5.2")
@pytest.mark.parametrize("name", [*COMPRESSED, "16 bits"])
def test_the_stored_transfer_syntax_may_be_asked_for_by_its_uid(server, stored, name):
    sample = stored[name]
    accept = f"{DICOM}; transfer-syntax={sample.syntax}"
    (part,) = server.parts(path_of(sample.instance), accept)
    assert str(read(part).file_meta.TransferSyntaxUID) == sample.syntax


@pytest.mark.clause("PS3.18 8.6.2.1")
@pytest.mark.parametrize("name", OLD)
def test_implicit_vr_and_big_endian_are_never_given(server, stored, name):
    (part,) = server.parts(path_of(stored[name].instance), DICOM_AS_STORED)
    unwanted = (OLD["Implicit VR LE"], OLD["Explicit VR BE"])
    assert str(read(part).file_meta.TransferSyntaxUID) not in unwanted


@pytest.mark.clause("PS3.18 8.7.3.4")
@pytest.mark.parametrize("syntax", [RLE, JPEG_BASELINE])
def test_an_object_without_pixels_is_explicit_whatever_it_came_in(server, syntax):
    """Reports and key object notes take the transfer syntax of the association they came by."""
    instance = plain(sop_class=BASIC_TEXT_SR, Modality="SR", syntax=syntax)
    server.keep(instance)
    (part,) = server.parts(path_of(instance), DICOM)
    assert part.transfer_syntax in ("", EXPLICIT)
    assert str(read(part).file_meta.TransferSyntaxUID) == EXPLICIT


@pytest.mark.clause("PS3.18 8.7.3.4")
def test_encapsulated_uncompressed_pixels_are_unwrapped(server):
    pixels = np.stack([gradient(dtype="u2", step=n + 1) for n in range(3)])
    native = image(pixels)
    frames = [frame.tobytes() for frame in pixels]
    instance = encapsulated(frames, "1.2.840.10008.1.2.1.98", native)
    server.keep(instance)
    (part,) = server.parts(path_of(instance), DICOM)
    back = read(part)
    assert part.transfer_syntax in ("", EXPLICIT)
    assert str(back.file_meta.TransferSyntaxUID) == EXPLICIT
    assert back.PixelData == native.PixelData


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.9")
@pytest.mark.parametrize("accept", [DICOM, DICOM_AS_STORED], ids=["explicit", "as stored"])
def test_a_file_that_is_not_what_it_declares_is_refused_or_given_truly(server, accept):
    instance = plain(PatientComments="Implicit VR behind Explicit VR meta information")
    instance.file_meta.TransferSyntaxUID = IMPLICIT
    server.remember(instance)
    declared = IMPLICIT.encode() + b"\0"
    head, _, rest = part10(instance).partition(b"UI\x12\0" + declared)
    # Explicit VR Little Endian is two characters longer, as is the group then.
    head = head.replace(b"UL\x04\0" + head[140:144], b"UL\x04\0" + _longer(head[140:144]), 1)
    response = server.store(head + b"UI\x14\0" + EXPLICIT.encode() + b"\0" + rest)
    if expect(response, 200, 202, 400, 409).status_code < 400:
        (part,) = server.parts(path_of(instance), accept)
        begin = part.body.index(b"\x08\0\x16\0") + 4
        assert part.body[begin : begin + 2] == b"UI", "still implicit"
        assert part.transfer_syntax in ("", str(read(part).file_meta.TransferSyntaxUID))


def _longer(length):
    return (int.from_bytes(length, "little") + 2).to_bytes(4, "little")


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.3.7")
@pytest.mark.parametrize(
    "syntax", [RLE, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.70"]
)
def test_a_native_image_is_compressed_without_loss_when_asked(server, stored, syntax):
    sample = stored["16 bits"]
    accept = f"{DICOM}; transfer-syntax={syntax}"
    (part,) = server.parts(path_of(sample.instance), accept)
    back = read(part)
    assert str(back.file_meta.TransferSyntaxUID) == syntax
    assert back.get("LossyImageCompression", "00") != "01"


@pytest.mark.clause("PS3.18 8.7.8.2")
def test_a_transfer_syntax_that_cannot_be_given_is_406(server, stored):
    path = path_of(stored["16 bits"].instance)
    expect(server.get(path, f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.102"), 406)


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize(
    "accept",
    [
        f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.102, {DICOM}; transfer-syntax=*;q=0.1",
        f'image/nothing, {DICOM};q=0.3, multipart/related; type="text/nothing"',
        f'{DICOM}; boundary="**"',
        f'{DICOM}; note="a, b; c"',
        'MULTIPART/RELATED; TYPE="application/dicom"',
        "multipart/related;type=application/dicom",
    ],
    ids=["second choice", "others beside it", "boundary", "quoted signs", "capitals", "bare type"],
)
def test_the_accept_header_is_read_as_http_defines_it(server, study, accept):
    (part,) = server.parts(path_of(study.first), accept)
    assert read(part).SOPInstanceUID == study.first.SOPInstanceUID


@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", ["*/*", "multipart/*", "text/html, */*;q=0.1"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_wildcard_gives_the_default_multipart_of_dicom(server, study, level, accept):
    path, wanted = level_of(level, study)
    parts = server.parts(path, accept)
    assert {part.media_type for part in parts} == {"application/dicom"}
    assert len(parts) == len(wanted)


@pytest.mark.leniently
@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.4.1.1")
def test_a_missing_accept_header_means_anything(server, study):
    response = expect(server.get(path_of(study.first), None), 200)
    assert multipart.read(response.headers["Content-Type"], response.content)


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 8.4.1.1")
def test_a_missing_accept_header_is_406(server, study):
    expect(server.get(path_of(study.first), None), 406)


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("accept", ["text/csv", "application/pdf"])
def test_a_type_that_cannot_be_given_is_406(server, study, level, accept):
    expect(server.get(level_of(level, study)[0], accept), 406)


@pytest.mark.clause("PS3.18 8.5")
def test_a_406_says_what_is_available(server, study):
    response = expect(server.get(path_of(study.first), "text/csv"), 406)
    assert b"application/dicom" in response.content


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize(
    "accept",
    [
        "application/dicom",
        "application/dicom; transfer-syntax=*",
        f"application/dicom, {DICOM};q=0",
    ],
    ids=["alone", "with a transfer syntax", "without multipart"],
)
def test_one_instance_may_come_as_a_single_part(server, study, accept):
    response = expect(server.get(path_of(study.first), accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/dicom"
    assert pydicom.dcmread(io.BytesIO(response.content)).PixelData == study.first.PixelData


@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", ["study", "series"])
def test_a_study_or_a_series_is_never_a_single_part(server, study, level):
    expect(server.get(level_of(level, study)[0], "application/dicom"), 406)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.6")
def test_the_accept_parameter_chooses_the_media_type(server, study):
    url = f"{path_of(study.first)}?accept=application/dicom"
    response = expect(server.get(url, "*/*"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/dicom"


@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", LEVELS)
def test_the_legacy_octets_of_a_resource_are_its_bulk_data(server, study, level):
    path, wanted = level_of(level, study)
    parts = server.parts(path, OCTETS)
    assert {part.media_type for part in parts} == {"application/octet-stream"}
    assert len(parts) >= len(wanted)
    assert study.first.PixelData in [part.body for part in parts]


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", LEVELS)
def test_a_zip_archive_holds_the_instances(server, study, level):
    path, wanted = level_of(level, study)
    response = expect(server.get(path, "application/zip"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        files = [archive.read(name) for name in archive.namelist() if "DICOMDIR" not in name]
    uids = {pydicom.dcmread(io.BytesIO(one)).SOPInstanceUID for one in files}
    assert uids == {one.SOPInstanceUID for one in wanted}


@pytest.mark.clause("PS3.10 7.1")
@pytest.mark.parametrize("accept", [DICOM, DICOM_AS_STORED], ids=["default", "as stored"])
def test_a_part_is_a_part_10_file_with_file_meta_information(server, study, accept):
    for part in server.parts(study_of(study.first), accept):
        assert part.body[128:132] == b"DICM"
        meta = read(part).file_meta
        assert meta.MediaStorageSOPInstanceUID == read(part).SOPInstanceUID
        assert meta.MediaStorageSOPClassUID == read(part).SOPClassUID
        assert meta.FileMetaInformationGroupLength
