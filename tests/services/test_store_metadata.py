"""STOW-RS of metadata with bulk data: what becomes an instance, and what is refused."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from clients import get, path_of, post, related
from metadata_stores import JSON, OCTETS, PIXELS, XML, bulk, model, reply, send, stored
from samples import encode, make_dataset, make_image
from servers import Server

from dicomweb.wire.json_model import canonical
from dicomweb.wire.xml_model import to_xml

PDF = b"%PDF-1.4 with an odd length"
PDF_STORAGE = "1.2.840.10008.5.1.4.1.1.104.1"


def test_native_pixels_in_a_part_become_the_pixels_of_the_instance(server: Server) -> None:
    image = make_image(rows=5, columns=7, PatientName="Grüße^Ω=山田^太郎")
    image.SpecificCharacterSet = "ISO_IR 192"
    answer = send(server, [model(image, PixelData="p")], bulk(OCTETS, "p", image.PixelData))
    assert (answer.status, answer.reasons("stored", "00081196")) == (200, [])
    back = stored(server, image)
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert back.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
    assert back.PixelData == image.PixelData
    assert back.pixel_array[4, 6] == 34
    assert back.PatientName == image.PatientName


def test_xml_has_one_part_for_each_data_set(server: Server) -> None:
    images = [make_image(), make_image()]
    documents = [
        ({"Content-Type": XML}, to_xml(canonical(model(image, PixelData=f"p{n}"))))
        for n, image in enumerate(images)
    ]
    data = [bulk(OCTETS, f"p{n}", image.PixelData) for n, image in enumerate(images)]
    answer = reply(post(server, *related([*documents, *data], XML)))
    assert (answer.status, len(answer.items("stored"))) == (200, 2)
    assert all(stored(server, image).PixelData == image.PixelData for image in images)


@pytest.mark.parametrize("content_type", [JSON, "application/json", f"{JSON}; charset=utf-8"])
def test_json_without_bulk_data_needs_no_multipart(server: Server, content_type: str) -> None:
    dataset = make_dataset(PatientName="Müller^Jörg")
    answer = reply(post(server, json.dumps([model(dataset)]), content_type))
    assert answer.status == 200
    assert stored(server, dataset).PatientName == "Müller^Jörg"


def test_xml_without_bulk_data_needs_no_multipart(server: Server) -> None:
    dataset = make_dataset()
    assert post(server, to_xml(canonical(model(dataset))), XML).status_code == 200
    assert stored(server, dataset).PatientID == dataset.PatientID


@pytest.mark.parametrize(
    ("uri", "headers"),
    [
        ("p 1", {"Content-Location": "p 1"}),
        ("/dicom-web/bulk/1", {"Content-Location": "{root}/bulk/1"}),
        ("{root}/bulk/1", {"Content-Location": "bulk/1"}),
        ("bulk/a%20b", {"Content-Location": "bulk/a b"}),
        ("cid:p@x", {"Content-ID": "<p@x>"}),
        ("cid:p%40x", {"Content-ID": "<p@x>"}),
        ("urn:uuid:6d1c7a35", {"Content-Location": "urn:uuid:6d1c7a35"}),
    ],
)
def test_parts_are_found_by_content_location_and_content_id(
    server: Server, uri: str, headers: dict[str, str]
) -> None:
    image = make_image()
    named = {name: value.format(root=server.root) for name, value in headers.items()}
    part = ({"Content-Type": OCTETS, **named}, image.PixelData)
    assert send(server, [model(image, PixelData=uri.format(root=server.root))], part).status == 200
    assert stored(server, image).PixelData == image.PixelData


def test_a_part_missing_fails_one_instance_and_is_fetched_from_nowhere(server: Server) -> None:
    good, bad = make_image(), make_image()
    datasets = [model(good, PixelData="here"), model(bad, PixelData=f"{server.address}/metrics")]
    answer = send(server, datasets, bulk(OCTETS, "here", good.PixelData))
    assert (answer.status, answer.reasons("failed")) == (202, [0xC000])
    assert answer.items("failed")[0]["00081155"]["Value"] == [bad.SOPInstanceUID]
    assert get(server, path_of(bad)).status_code == 404


def test_bulk_data_may_stand_in_sequences_and_be_numbers(server: Server) -> None:
    dataset = make_dataset()
    dataset.add_new(0x00660016, "OF", np.arange(300, dtype="<f4").tobytes())
    item = make_image(rows=2, columns=2)
    found = model(dataset)
    found["00660016"] = {"vr": "OF", "BulkDataURI": "points"}
    icon = {"00280010": {"vr": "US", "Value": [2]}, PIXELS: {"vr": "OW", "BulkDataURI": "icon"}}
    found["00880200"] = {"vr": "SQ", "Value": [icon]}
    points = bulk(OCTETS, "points", dataset[0x00660016].value)
    assert send(server, [found], bulk(OCTETS, "icon", item.PixelData), points).status == 200
    back = stored(server, dataset)
    assert back[0x00660016].value == dataset[0x00660016].value
    assert back.IconImageSequence[0].PixelData == item.PixelData


def test_a_document_is_typed_by_its_part_and_keeps_its_length(server: Server) -> None:
    dataset = make_dataset(SOPClassUID=PDF_STORAGE, Modality="DOC")
    part = bulk("application/pdf", "d", PDF)
    assert send(server, [model(dataset, EncapsulatedDocument="d")], part).status == 200
    back = stored(server, dataset)
    assert back.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert back.EncapsulatedDocument[: back.EncapsulatedDocumentLength] == PDF
    answer = get(server, f"{path_of(dataset)}/bulkdata/00420011", "application/pdf")
    assert answer.content == PDF


def test_group_0002_of_the_metadata_counts_for_nothing(server: Server) -> None:
    dataset = make_dataset()
    found = {"00020010": {"vr": "UI", "Value": ["1.2.3"]}, **model(dataset)}
    assert send(server, [found]).status == 200
    assert stored(server, dataset).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_metadata_of_another_study_than_that_of_the_path_is_refused(server: Server) -> None:
    dataset = make_dataset()
    answer = reply(post(server, json.dumps([model(dataset)]), JSON, "/studies/1.2.3"))
    assert (answer.status, answer.reasons("failed")) == (409, [0xC409])


def test_the_same_instance_again_is_a_success_and_another_a_duplicate(server: Server) -> None:
    image = make_image()
    part = bulk(OCTETS, "p", image.PixelData)
    assert [send(server, [model(image, PixelData="p")], part).status for _ in "12"] == [200, 200]
    image.PatientID = "other"
    answer = send(server, [model(image, PixelData="p")], part)
    assert (answer.status, answer.reasons("failed")) == (409, [0x0111])


def test_a_request_may_mix_files_with_metadata(server: Server) -> None:
    file, image = make_image(), make_image()
    body, content_type = related(
        [
            ({"Content-Type": JSON}, json.dumps([model(image, PixelData="p")]).encode()),
            ({"Content-Type": "application/dicom"}, encode(file)),
            bulk(OCTETS, "p", image.PixelData),
        ],
        JSON,
    )
    answer = reply(post(server, body, content_type))
    assert (answer.status, len(answer.items("stored"))) == (200, 2)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[1]", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"[" + b"[]," * 2_000_001 + b"[]]", 413),
        (b" " * (65 * 1024 * 1024), 413),
        (b"[{}]", 409),
        (b'[{"00100010": 7}]', 409),
        (b'[{"PatientID": {"vr": "LO"}}]', 409),
        (b"[]", 400),
    ],
    ids=[
        *("empty", "cut", "number", "deep", "no text", "many", "long"),
        *("{}", "7", "name", "[]"),
    ],
)
def test_hostile_json_is_refused_with_a_sentence(server: Server, text: bytes, status: int) -> None:
    answer = post(server, *related([({"Content-Type": JSON}, text)], JSON))
    assert answer.status_code == status
    if status != 409:
        assert answer.json()["message"]


def _nested(depth: int) -> bytes:
    item = b"{}"
    for _ in range(depth):
        item = b'{"00081140":{"vr":"SQ","Value":[' + item + b"]}}"
    return b"[" + item + b"]"


def test_sequences_that_are_nested_too_deep_are_refused(server: Server) -> None:
    assert post(server, _nested(101), JSON).status_code == 409


@pytest.mark.parametrize(
    "document",
    [
        b"<a/>",
        b"no XML",
        b'<!DOCTYPE d [<!ENTITY a "b">]><NativeDicomModel/>',
        b'<?xml version="1.0" encoding="x"?><NativeDicomModel/>',
        b"<NativeDicomModel>" + b"<DicomAttribute>" * 500,
    ],
)
def test_hostile_xml_is_a_failure_of_its_own(server: Server, document: bytes) -> None:
    good = make_dataset()
    parts = [
        ({"Content-Type": XML}, document),
        ({"Content-Type": XML}, to_xml(canonical(model(good)))),
    ]
    answer = reply(post(server, *related(parts, XML)))
    assert (answer.status, len(answer.items("stored")), len(answer.items("other"))) == (202, 1, 1)


def test_parts_that_say_nothing_are_what_the_type_says(server: Server) -> None:
    file, image = make_image(), make_image()
    body, content_type = related([({}, encode(file))], "application/dicom")
    untyped = content_type.replace('type="application/dicom"; ', "")
    assert post(server, body, untyped).status_code == 200
    metadata = ({}, json.dumps([model(image, PixelData="p")]).encode())
    pixels = ({"Content-Location": "p"}, image.PixelData)
    assert post(server, *related([metadata, pixels], JSON)).status_code == 200
    assert stored(server, image).PixelData == image.PixelData


def test_bulk_data_without_metadata_is_no_request(server: Server) -> None:
    answer = post(server, *related([bulk(OCTETS, "p", b"x")], OCTETS))
    assert (answer.status_code, "metadata" in answer.json()["message"]) == (400, True)


def test_a_multipart_of_metadata_that_breaks_stores_nothing(server: Server) -> None:
    image = make_image()
    first = ({"Content-Type": JSON}, json.dumps([model(image, PixelData="p")]).encode())
    body, content_type = related([first, bulk(OCTETS, "p", image.PixelData)], JSON)
    broken = body.removesuffix(b"--\r\n") + b"\r\nno header\r\n\r\nx"
    assert post(server, broken, content_type).status_code == 400
    assert get(server, path_of(image)).status_code == 404


SIZE = int(os.environ.get("LIGHTBOX_STORE_MIB", "400")) * 1024 * 1024


def _large_body() -> Iterator[bytes]:
    """Metadata, then one bulk data part of SIZE zeros."""
    image = make_image()
    image.Rows, image.Columns, image.NumberOfFrames = 1024, 512, SIZE // 1024 // 1024
    text = json.dumps([model(image, PixelData="p")]).encode()
    yield b"--b\r\nContent-Type: application/dicom+json\r\n\r\n" + text
    yield b"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Location: p\r\n\r\n"
    for _ in range(SIZE // 1024 // 1024):
        yield bytes(1024 * 1024)
    yield b"\r\n--b--\r\n"


def _resident(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_bulk_data_of_any_size_take_no_memory(own_server: Server) -> None:
    small = make_image()
    send(own_server, [model(small, PixelData="p")], bulk(OCTETS, "p", small.PixelData))
    peak = [_resident(own_server)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak.append(_resident(own_server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = requests.post(
            f"{own_server.root}/studies",
            data=_large_body(),
            headers={"Content-Type": f'multipart/related; type="{JSON}"; boundary=b'},
            timeout=600,
        )
    finally:
        done.set()
        watcher.join()
    assert answer.status_code == 200
    assert max(peak) - peak[0] < 64 * 1024 * 1024
    assert [
        each.name for each in own_server.data_dir.iterdir() if each.name.startswith("tmp")
    ] == []
