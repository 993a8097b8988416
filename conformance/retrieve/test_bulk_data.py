"""Bulk data by the URIs that the metadata gave, and of whole resources."""

import numpy as np
import pytest

from conformance import multipart
from conformance.client import OCTETS, expect
from conformance.instances import (
    ENCAPSULATED_PDF,
    RAW_DATA,
    gradient,
    image,
    path_of,
    plain,
    series_of,
    study_of,
)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
LARGE = bytes(range(256)) * 1024


@pytest.fixture(scope="session")
def document(server):
    instance = plain(sop_class=ENCAPSULATED_PDF, Modality="DOC")
    instance.MIMETypeOfEncapsulatedDocument = "application/pdf"
    instance.EncapsulatedDocument = PDF + b"\0" * (len(PDF) % 2)
    instance.EncapsulatedDocumentLength = len(PDF)
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def large(server):
    """Large values at the top, in a private element, and nested two deep."""
    instance = plain(sop_class=RAW_DATA)
    instance.add_new(0x00720067, "OF", np.arange(30000, dtype="<f4").tobytes())
    instance.add_new(0x00290010, "LO", "CONFORMANCE SUITE")
    instance.add_new(0x00291001, "OB", LARGE)
    item = plain()
    inner = plain()
    inner.add_new(0x00720065, "OB", LARGE[::-1])
    item.OtherPatientIDsSequence = [plain(), inner]
    instance.OtherPatientIDsSequence = [item]
    server.keep(instance)
    return instance


def uri_of(server, instance, tag):
    (metadata,) = server.metadata(path_of(instance))
    assert "BulkDataURI" in metadata[tag], f"{tag} has {set(metadata[tag])}"
    return metadata[tag]["BulkDataURI"]


def bytes_at(server, uri):
    (part,) = server.parts(uri, OCTETS)
    return part.body


@pytest.mark.clause("PS3.18 10.4.1.1.5")
@pytest.mark.parametrize("name", ["8 bits", "16 bits", "colour", "three frames", "planes", "1 bit"])
def test_the_pixel_data_of_a_native_image_is_its_value_field(server, stored, name):
    instance = stored[name].instance
    assert bytes_at(server, uri_of(server, instance, "7FE00010")) == instance.PixelData


@pytest.mark.clause("PS3.18 8.7.3.3.1")
def test_the_pixel_data_of_a_big_endian_image_is_little_endian(server, stored):
    sample = stored["Explicit VR BE"]
    uri = uri_of(server, sample.instance, "7FE00010")
    assert bytes_at(server, uri) == sample.pixels.astype("<u2").tobytes()


@pytest.mark.clause("PS3.18 8.7.3.3.2")
@pytest.mark.parametrize("name", ["RLE", "JPEG baseline"])
def test_the_pixel_data_of_a_compressed_multi_frame_is_one_part_for_each_frame(
    server, stored, name
):
    sample = stored[name]
    accept = f'multipart/related; type="{sample.media_type}"; transfer-syntax={sample.syntax}'
    parts = server.parts(uri_of(server, sample.instance, "7FE00010"), accept)
    assert [part.body.rstrip(b"\0") for part in parts] == [
        frame.rstrip(b"\0") for frame in sample.frames
    ]


@pytest.mark.clause("PS3.18 10.4.1.1.5")
@pytest.mark.parametrize(
    ("tag", "wanted"),
    [("00720067", np.arange(30000, dtype="<f4").tobytes()), ("00291001", LARGE)],
    ids=["floats", "private"],
)
def test_a_large_value_is_given_byte_for_byte(server, large, tag, wanted):
    assert bytes_at(server, uri_of(server, large, tag)) == wanted


@pytest.mark.clause("PS3.18 10.4.1.1.5")
def test_a_large_value_inside_sequences_is_given_byte_for_byte(server, large):
    (metadata,) = server.metadata(path_of(large))
    inner = metadata["00101002"]["Value"][0]["00101002"]["Value"][1]
    assert bytes_at(server, inner["00720065"]["BulkDataURI"]) == LARGE[::-1]


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_the_content_location_of_bulk_data_is_its_uri(server, large):
    uri = uri_of(server, large, "00291001")
    (part,) = server.parts(uri, OCTETS)
    assert server.absolute(part.location) == uri


@pytest.mark.clause("PS3.18 F.2.6")
def test_a_bulk_data_uri_is_stable(server, large):
    assert uri_of(server, large, "00291001") == uri_of(server, large, "00291001")


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.4")
def test_bulk_data_may_come_as_a_single_part(server, large):
    uri = uri_of(server, large, "00291001")
    response = expect(server.get(uri, "application/octet-stream"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/octet-stream"
    assert response.content == LARGE


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("accept", ["application/pdf", 'multipart/related; type="application/pdf"'])
def test_a_document_is_given_under_its_own_media_type(server, document, accept):
    uri = uri_of(server, document, "00420011")
    response = expect(server.get(uri, accept), 200)
    body = response.content
    if accept.startswith("multipart"):
        (part,) = multipart.read(response.headers["Content-Type"], body)
        assert part.media_type == "application/pdf"
        body = part.body
    assert body == PDF, "without the byte that pads it"


@pytest.mark.clause("PS3.18 10.4.1.1.5")
def test_a_document_is_given_as_octets(server, document):
    body = bytes_at(server, uri_of(server, document, "00420011"))
    assert body.rstrip(b"\0") == PDF


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.4")
def test_wildcards_give_bulk_data(server, large):
    uri = uri_of(server, large, "00291001")
    response = expect(server.get(uri, "*/*"), 200)
    body = response.content
    if response.headers["Content-Type"].startswith("multipart/"):
        (part,) = multipart.read(response.headers["Content-Type"], body)
        body = part.body
    assert body == LARGE


@pytest.mark.clause("PS3.18 8.7.8.1")
def test_a_type_that_bulk_data_cannot_be_given_in_is_406(server, large):
    expect(
        server.get(uri_of(server, large, "00291001"), 'multipart/related; type="image/jp2"'), 406
    )


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.5")
@pytest.mark.parametrize(
    "level", [study_of, series_of, path_of], ids=["study", "series", "instance"]
)
def test_all_bulk_data_of_a_resource_is_given(server, study, level):
    wanted = {study_of: study.all, series_of: study.all[:2], path_of: study.all[:1]}[level]
    parts = server.parts(f"{level(study.first)}/bulkdata", OCTETS)
    bodies = [part.body for part in parts]
    assert len(parts) >= len(wanted)
    for instance in wanted[:2]:
        assert instance.PixelData in bodies


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.6")
@pytest.mark.parametrize(
    "level", [study_of, series_of, path_of], ids=["study", "series", "instance"]
)
def test_the_pixel_data_of_a_resource_is_given(server, study, level):
    wanted = {study_of: study.all, series_of: study.all[:2], path_of: study.all[:1]}[level]
    parts = server.parts(f"{level(study.first)}/pixeldata", OCTETS)
    assert len(parts) == len(wanted)
    assert study.first.PixelData in [part.body for part in parts]


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.6")
def test_pixel_data_leaves_icons_and_private_values_out(server):
    instance = image(gradient())
    instance.IconImageSequence = [image(gradient(4, 4))]
    instance.add_new(0x00290010, "LO", "CONFORMANCE SUITE")
    instance.add_new(0x00291001, "OB", LARGE)
    server.keep(instance)
    (part,) = server.parts(f"{path_of(instance)}/pixeldata", OCTETS)
    assert part.body == instance.PixelData


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("resource", ["pixeldata", "frames/1"])
def test_an_instance_without_pixels_has_no_pixel_data(server, without_pixels, resource):
    expect(server.get(f"{path_of(without_pixels)}/{resource}", OCTETS), 404)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("wrong", ["00720099", "00101002/9/00720065", "zzzz"])
def test_bulk_data_that_is_not_there_is_404_or_400(server, large, wrong):
    uri = uri_of(server, large, "00291001")
    expect(server.get(uri.replace("00291001", wrong), OCTETS), 400, 404)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.3.3.2")
@pytest.mark.parametrize(
    "accept", ["video/mp4", 'multipart/related; type="video/mp4"; transfer-syntax=*']
)
def test_a_film_is_given_whole(server, stored, accept):
    sample = stored["MP4"]
    path = f"{path_of(sample.instance)}/pixeldata"
    response = expect(server.get(path, accept), 200)
    body = response.content
    if accept.startswith("multipart"):
        (part,) = multipart.read(response.headers["Content-Type"], body)
        body = part.body
    assert body.rstrip(b"\0") == sample.frames[0].rstrip(b"\0")
