"""WADO-RS through its own door: instances, metadata, frames, bulk data; pydicom as the oracle."""

from io import BytesIO

import numpy as np
import pydicom
import pytest
from clients import get, parts, path_of, store
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)
from samples import encode, make_dataset, make_image
from servers import Server

FRAMES = 'multipart/related; type="application/octet-stream"'


def _put(server: Server, dataset: pydicom.Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    file = encode(dataset, syntax)
    assert store(server, file).status in (200, 202)
    return file


def _read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(data))


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        ExplicitVRLittleEndian,
    ],
)
def test_by_default_an_instance_comes_in_explicit_little_endian(
    server: Server, syntax: str
) -> None:
    dataset = make_image()
    little = dataset.PixelData
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(little, "<u2").astype(">u2").tobytes()
    _put(server, dataset, syntax)
    dataset.PixelData = little
    ((headers, data),) = parts(get(server, path_of(dataset)))
    assert headers["content-type"] == f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"
    assert _read(data) == dataset
    assert _read(data).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_a_compressed_instance_is_decoded_by_default_and_as_stored_on_demand(
    server: Server,
) -> None:
    dataset = make_image(rows=32, columns=32)
    pixels = dataset.PixelData
    dataset.file_meta = _read(encode(dataset)).file_meta
    dataset.compress(RLELossless)
    file = _put(server, dataset, RLELossless)
    plain = parts(get(server, path_of(dataset)))[0][1]
    assert _read(plain).PixelData == pixels
    stored = get(
        server, path_of(dataset), 'multipart/related; type="application/dicom"; transfer-syntax=*'
    )
    ((headers, data),) = parts(stored)
    assert data == file
    assert headers["content-type"].endswith(RLELossless)


def test_one_instance_may_come_alone_and_by_ranges(server: Server) -> None:
    dataset = make_image()
    file = _put(server, dataset)
    whole = get(server, path_of(dataset), "application/dicom")
    assert (whole.content, whole.headers["Accept-Ranges"]) == (file, "bytes")
    some = get(server, path_of(dataset), "application/dicom", Range="bytes=128-131")
    assert (some.status_code, some.content) == (206, b"DICM")
    assert some.headers["Content-Range"] == f"bytes 128-131/{len(file)}"
    none = get(server, path_of(dataset), "application/dicom", Range=f"bytes={len(file)}-")
    assert none.status_code == 416


def test_a_series_and_a_study_come_whole_in_the_order_of_their_numbers(server: Server) -> None:
    study, series = generate_uid(), generate_uid()
    datasets = [
        make_image(StudyInstanceUID=study, SeriesInstanceUID=series, InstanceNumber=number)
        for number in (3, 1, 2)
    ]
    files = {each.InstanceNumber: encode(each) for each in datasets}
    store(server, *files.values())
    for path in (f"/studies/{study}", f"/studies/{study}/series/{series}"):
        answer = get(server, path)
        assert [data for _, data in parts(answer)] == [files[1], files[2], files[3]]
        assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_the_same_request_gives_the_same_bytes(server: Server) -> None:
    dataset = make_image()
    _put(server, dataset)
    path = f"/studies/{dataset.StudyInstanceUID}"
    assert get(server, path).content == get(server, path).content


def test_every_part_names_its_url(server: Server) -> None:
    dataset = make_image(frames=2)
    _put(server, dataset)
    ((headers, _),) = parts(get(server, path_of(dataset)))
    assert headers["content-location"] == server.root + path_of(dataset)
    frames = parts(get(server, path_of(dataset) + "/frames/1,2", FRAMES))
    urls = [headers["content-location"] for headers, _ in frames]
    assert urls == [f"{server.root}{path_of(dataset)}/frames/{number}" for number in (1, 2)]


def test_metadata_says_what_pydicom_says(server: Server) -> None:
    dataset = make_image(PatientName="Yamada^Tarou=山田^太郎", SpecificCharacterSet="ISO_IR 192")
    _put(server, dataset)
    for level in (path_of(dataset), f"/studies/{dataset.StudyInstanceUID}"):
        (found,) = get(server, f"{level}/metadata").json()
        pixels = found.pop("7FE00010")
        expected = dataset.to_json_dict()
        del expected["7FE00010"]
        assert found == expected
        assert pixels == {
            "vr": "OW",
            "BulkDataURI": f"{server.root}{path_of(dataset)}/bulkdata/7FE00010",
        }


def test_bulk_data_uris_begin_with_the_host_that_the_client_used(server: Server) -> None:
    dataset = make_image()
    _put(server, dataset)
    path = path_of(dataset) + "/metadata"
    for headers, root in (
        ({"Host": "pacs.example:8443"}, "http://pacs.example:8443/dicom-web"),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pacs.example"},
            "https://pacs.example/dicom-web",
        ),
        ({"Forwarded": "proto=https;host=pacs.example"}, "https://pacs.example/dicom-web"),
    ):
        (found,) = get(server, path, **headers).json()
        assert found["7FE00010"]["BulkDataURI"].startswith(f"{root}/studies/")


def test_metadata_is_compressed_for_who_takes_it_and_not_sent_again(server: Server) -> None:
    dataset = make_image()
    _put(server, dataset)
    path = f"/studies/{dataset.StudyInstanceUID}/metadata"
    plain = get(server, path, **{"Accept-Encoding": "identity"})
    packed = get(server, path, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    again = get(server, path, **{"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    store(server, encode(make_image(StudyInstanceUID=dataset.StudyInstanceUID)))
    assert len(get(server, path, **{"If-None-Match": plain.headers["ETag"]}).json()) == 2


def test_metadata_comes_as_xml_with_one_document_an_instance(server: Server) -> None:
    study = generate_uid()
    store(server, *(encode(make_image(StudyInstanceUID=study)) for _ in range(2)))
    answer = get(
        server, f"/studies/{study}/metadata", 'multipart/related; type="application/dicom+xml"'
    )
    documents = [data for _, data in parts(answer)]
    assert len(documents) == 2
    assert all(b"<NativeDicomModel" in document for document in documents)


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
    ],
)
def test_native_frames_come_little_endian_whatever_is_stored(server: Server, syntax: str) -> None:
    dataset = make_image(frames=3)
    array = np.frombuffer(dataset.PixelData, "<u2").reshape(3, -1)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = array.astype(">u2").tobytes()
    _put(server, dataset, syntax)
    found = parts(get(server, path_of(dataset) + "/frames/3,1", FRAMES))
    assert [data for _, data in found] == [array[2].tobytes(), array[0].tobytes()]


def test_one_frame_may_come_alone(server: Server) -> None:
    dataset = make_image(frames=2)
    _put(server, dataset)
    answer = get(server, path_of(dataset) + "/frames/2", "application/octet-stream")
    assert answer.content == dataset.PixelData[48:]
    assert answer.headers["Content-Type"].startswith("application/octet-stream")


def test_frames_of_one_bit_are_cut_where_they_begin(server: Server) -> None:
    frames = np.random.default_rng(1).integers(0, 2, (3, 5, 3), np.uint8)
    frames[:, 0, 0] = 1  # beside the last bit of the frame before it
    dataset = make_image(rows=5, columns=3, frames=3)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.add_new(0x7FE00010, "OB", np.packbits(frames.ravel(), bitorder="little").tobytes())
    _put(server, dataset)
    for number in (1, 2, 3):
        ((_, data),) = parts(get(server, f"{path_of(dataset)}/frames/{number}", FRAMES))
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        assert (bits[:15] == frames[number - 1].ravel()).all()
        assert (len(data), bits[15]) == (2, 0)


@pytest.mark.parametrize(
    ("frames", "status"),
    [("0", 400), ("-1", 400), ("x", 400), ("1,", 400), ("3", 404), ("1,9", 404)],
)
def test_frames_that_are_not_there_are_refused(server: Server, frames: str, status: int) -> None:
    dataset = make_image(frames=2)
    _put(server, dataset)
    assert get(server, f"{path_of(dataset)}/frames/{frames}", FRAMES).status_code == status


def test_commas_may_be_percent_encoded(server: Server) -> None:
    dataset = make_image(frames=2)
    _put(server, dataset)
    assert len(parts(get(server, path_of(dataset) + "/frames/1%2C2", FRAMES))) == 2


def test_an_instance_without_pixels_has_no_frames(server: Server) -> None:
    dataset = make_dataset()
    _put(server, dataset)
    assert get(server, path_of(dataset) + "/frames/1", FRAMES).status_code == 404


def test_the_bulk_data_uri_gives_the_very_bytes_at_any_depth(server: Server) -> None:
    deep = pydicom.Dataset()
    deep.add_new(0x00091010, "OB", bytes(range(256)) * 64)
    deep.add_new(0x00090010, "LO", "LIGHTBOX TEST")
    middle = pydicom.Dataset()
    middle.ReferencedImageSequence = [pydicom.Dataset(), deep]
    dataset = make_image(ReferencedSeriesSequence=[middle])
    _put(server, dataset)
    (found,) = get(server, path_of(dataset) + "/metadata").json()
    inner = found["00081115"]["Value"][0]["00081140"]["Value"][1]
    uri = inner["00091010"]["BulkDataURI"]
    ((headers, data),) = parts(get(server, uri.removeprefix(server.root)))
    assert (data, headers["content-location"]) == (bytes(range(256)) * 64, uri)
    assert get(server, uri.removeprefix(server.root), "application/octet-stream").content == data


def test_an_encapsulated_document_has_its_own_type_and_no_padding(server: Server) -> None:
    pdf = b"%PDF-1.7\n" + b"x" * 9000
    dataset = make_dataset(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocumentLength=len(pdf),
        EncapsulatedDocument=pdf + b"\0" * (len(pdf) % 2),
    )
    _put(server, dataset)
    answer = get(server, path_of(dataset) + "/bulkdata/00420011", "application/pdf")
    assert (answer.content, answer.headers["Content-Type"]) == (pdf, "application/pdf")


def test_all_bulk_data_of_a_study_come_in_one_answer(server: Server) -> None:
    study = generate_uid()
    datasets = [make_image(StudyInstanceUID=study, InstanceNumber=n) for n in (1, 2)]
    store(server, *map(encode, datasets))
    found = parts(get(server, f"/studies/{study}/bulkdata"))
    assert [data for _, data in found] == [each.PixelData for each in datasets]


@pytest.mark.parametrize(
    "path",
    ["", "/metadata", "/series/1.2.3", "/series/1.2.3/instances/1.2.4/frames/1", "/bulkdata"],
)
def test_what_is_not_there_is_404(server: Server, path: str) -> None:
    assert get(server, f"/studies/{generate_uid()}{path}").status_code == 404


def test_a_series_is_found_only_in_its_own_study(server: Server) -> None:
    dataset = make_image()
    _put(server, dataset)
    wrong = path_of(dataset).replace(dataset.StudyInstanceUID, generate_uid())
    assert get(server, wrong).status_code == 404
    assert get(server, wrong + "/metadata").status_code == 404


@pytest.mark.parametrize("accept", ["image/png", "application/dicom; transfer-syntax=1.2.3", "x"])
def test_what_cannot_be_given_is_406_and_says_what_can(server: Server, accept: str) -> None:
    dataset = make_image()
    _put(server, dataset)
    answer = get(server, path_of(dataset), accept)
    assert answer.status_code == 406
    assert "application/dicom" in answer.json()["message"]


def test_head_says_how_much_there_would_be(server: Server) -> None:
    import requests

    dataset = make_image()
    file = _put(server, dataset)
    answer = requests.head(
        server.root + path_of(dataset), headers={"Accept": "application/dicom"}, timeout=60
    )
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(file)))


@pytest.mark.parametrize("suffix", ["/", "//"])
def test_a_slash_too_many_does_no_harm(server: Server, suffix: str) -> None:
    dataset = make_image()
    _put(server, dataset)
    assert get(server, path_of(dataset) + suffix).status_code == 200
