"""Stores of metadata with compressed bulk data: images, films, documents (Table 10.5.2-1)."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from conformance import codestreams, images
from conformance.client import DICOM, DICOM_AS_STORED, OCTETS, expect, values
from conformance.instances import ENCAPSULATED_PDF, gradient, image, path_of, plain
from conformance.store.metadata_and_bulk import in_json, in_xml, json_of

PIXELS = "7FE00010"
DESCRIPTION = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
)  # fmt: skip
KEPT = {
    "JPEG baseline": (codestreams.JPEG_BASELINE, "image/jpeg", codestreams.jpeg(gradient())),
    "JPEG-LS": (codestreams.JPEG_LS_LOSSLESS, "image/jls", codestreams.JPEG_LS),
    "JPEG 2000": (codestreams.JPEG_2000_LOSSLESS, "image/jp2", codestreams.jpeg2000(gradient())),
    "HTJ2K": (codestreams.HTJ2K_LOSSLESS, "image/jphc", codestreams.HTJ2K),
}
DERIVED = {name: KEPT[name] for name in ("JPEG baseline", "JPEG 2000")}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def undescribed(pixels):
    """An image of which the metadata says nothing: the server must look into the bulk data."""
    instance = image(pixels)
    for keyword in (*DESCRIPTION, "PixelData", "PlanarConfiguration", "NumberOfFrames"):
        if keyword in instance:
            del instance[keyword]
    return instance


def sent(server, instance, dataset, *bulk, write=in_json):
    content_type, body = write([dataset], *bulk)
    server.remember(instance)
    expect(server.post(body, content_type), 200, 202)


def read(server, instance, accept):
    return pydicom.dcmread(io.BytesIO(server.parts(path_of(instance), accept)[0].body))


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.2")
@pytest.mark.parametrize(("syntax", "media_type", "frame"), KEPT.values(), ids=KEPT)
def test_a_compressed_image_is_encapsulated_unchanged(server, syntax, media_type, frame):
    instance = image(gradient())
    bulk = (f"{media_type}; transfer-syntax={syntax}", "frame", frame)
    sent(server, instance, json_of(instance, {PIXELS: "frame"}), bulk)
    back = read(server, instance, DICOM_AS_STORED)
    assert str(back.file_meta.TransferSyntaxUID) == syntax
    assert next(generate_frames(back.PixelData, number_of_frames=1)).rstrip(b"\0") == frame.rstrip(
        b"\0"
    )


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.2")
@pytest.mark.parametrize(("syntax", "media_type", "frame"), DERIVED.values(), ids=DERIVED)
def test_a_missing_pixel_description_is_derived(server, syntax, media_type, frame):
    instance = undescribed(gradient())
    bulk = (f"{media_type}; transfer-syntax={syntax}", "frame", frame)
    sent(server, instance, json_of(instance, {PIXELS: "frame"}), bulk)
    (metadata,) = server.metadata(path_of(instance))
    assert values(metadata, "00280010") == [12]
    assert values(metadata, "00280011") == [16]
    assert values(metadata, "00280004") == ["MONOCHROME2"]
    assert values(metadata, "00280101") == [8]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
@pytest.mark.parametrize("write", [in_json, in_xml], ids=["JSON", "XML"])
def test_a_jpeg_without_its_transfer_syntax_is_recognised(server, write):
    instance = undescribed(gradient())
    frame = codestreams.jpeg(gradient())
    sent(
        server, instance, json_of(instance, {PIXELS: "f"}), ("image/jpeg", "f", frame), write=write
    )
    back = read(server, instance, DICOM_AS_STORED)
    assert str(back.file_meta.TransferSyntaxUID) == codestreams.JPEG_BASELINE


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.2")
@pytest.mark.parametrize(
    "pixels",
    [gradient(), np.stack([gradient(), gradient() // 2, gradient()[::-1]], -1)],
    ids=["grey", "colour"],
)
def test_a_png_becomes_lossless_pixels(server, pixels):
    instance = undescribed(gradient())
    bulk = ("image/png", "picture", codestreams.png(pixels))
    sent(server, instance, json_of(instance, {PIXELS: "picture"}), bulk)
    back = read(server, instance, DICOM)
    assert (back.pixel_array == pixels).all()


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.2")
def test_an_animated_gif_becomes_frames(server):
    frames = [gradient(), gradient()[::-1], gradient()[:, ::-1]]
    instance = undescribed(gradient())
    bulk = ("image/gif", "film", codestreams.gif(frames))
    sent(server, instance, json_of(instance, {PIXELS: "film"}), bulk)
    back = read(server, instance, DICOM)
    assert back.NumberOfFrames == 3
    assert back.pixel_array.shape[:3] == (3, 12, 16)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.1.4")
def test_the_frames_of_a_compressed_multi_frame_come_in_parts_of_their_own(server):
    frames = [codestreams.jpeg(gradient() // (n + 1)) for n in range(3)]
    instance = image(np.stack([gradient()] * 3))
    media_type = f"image/jpeg; transfer-syntax={codestreams.JPEG_BASELINE}"
    bulk = [(media_type, "frames", frame) for frame in frames]
    sent(server, instance, json_of(instance, {PIXELS: "frames"}), *bulk)
    for number, frame in enumerate(frames, 1):
        accept = 'multipart/related; type="image/jpeg"; transfer-syntax=*'
        (part,) = server.parts(f"{path_of(instance)}/frames/{number}", accept)
        assert images.decoded(part.body).tolist() == images.decoded(frame).tolist()


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.2")
def test_a_film_is_one_part(server):
    instance = image(np.stack([gradient()] * 2), NumberOfFrames=2)
    media_type = f"video/mp4; transfer-syntax={codestreams.MP4}"
    bulk = (media_type, "film", codestreams.MP4_STREAM)
    sent(server, instance, json_of(instance, {PIXELS: "film"}), bulk)
    back = read(server, instance, DICOM_AS_STORED)
    assert str(back.file_meta.TransferSyntaxUID) == codestreams.MP4
    assert codestreams.MP4_STREAM in back.PixelData


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.5.1.4")
def test_a_document_comes_under_its_own_media_type(server):
    instance = plain(sop_class=ENCAPSULATED_PDF, Modality="DOC")
    instance.MIMETypeOfEncapsulatedDocument = "application/pdf"
    bulk = ("application/pdf", "document", PDF)
    sent(server, instance, json_of(instance, {"00420011": "document"}), bulk)
    back = read(server, instance, DICOM)
    assert back.EncapsulatedDocument.rstrip(b"\0") == PDF


@pytest.mark.clause("PS3.18 10.5.1.4")
def test_a_document_may_come_as_octets(server):
    instance = plain(sop_class=ENCAPSULATED_PDF, Modality="DOC")
    instance.MIMETypeOfEncapsulatedDocument = "application/pdf"
    bulk = ("application/octet-stream", "document", PDF)
    sent(server, instance, json_of(instance, {"00420011": "document"}), bulk)
    (metadata,) = server.metadata(path_of(instance))
    uri = metadata["00420011"].get("BulkDataURI")
    if uri:
        (part,) = server.parts(uri, OCTETS)
        assert part.body.rstrip(b"\0") == PDF
    else:
        assert metadata["00420011"]["InlineBinary"]


@pytest.mark.clause("PS3.18 10.5.2")
def test_a_bulk_part_that_is_not_what_it_says_is_refused(server):
    instance = undescribed(gradient())
    content_type, body = in_json(
        [json_of(instance, {PIXELS: "picture"})], ("image/png", "picture", b"no PNG at all")
    )
    expect(server.post(body, content_type), 400, 409)
