"""STOW-RS through its own door: every instance has its outcome, and nothing is half stored."""

import socket
import uuid
from urllib.parse import urlsplit

import pydicom
import pytest
import requests
from clients import body_of, get, parts, path_of, store
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)
from samples import encode, make_image, make_instance
from servers import Server

DICOM = "application/dicom"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def _stored_bytes(server: Server, dataset: pydicom.Dataset) -> bytes:
    return parts(get(server, path_of(dataset), AS_STORED))[0][1]


def test_what_is_stored_is_given_back_byte_for_byte(server: Server) -> None:
    dataset = make_image()
    file = encode(dataset)
    reply = store(server, file)
    assert reply.status == 200
    assert _stored_bytes(server, dataset) == file


def test_each_stored_instance_has_its_url_and_the_study_has_one(server: Server) -> None:
    study = generate_uid()
    datasets = [make_image(StudyInstanceUID=study) for _ in range(3)]
    reply = store(server, *map(encode, datasets))
    urls = [item["00081190"]["Value"][0] for item in reply.items("stored")]
    assert urls == [server.root + path_of(each) for each in datasets]
    assert reply.module["00081190"]["Value"] == [f"{server.root}/studies/{study}"]


def test_one_file_is_stored_without_multipart(server: Server) -> None:
    dataset = make_image()
    answer = requests.post(
        f"{server.root}/studies",
        data=encode(dataset),
        headers={"Content-Type": DICOM},
        timeout=60,
    )
    assert answer.status_code == 200
    assert _stored_bytes(server, dataset) == encode(dataset)


def test_the_same_instance_again_is_a_success_and_is_stored_once(server: Server) -> None:
    dataset = make_image()
    file = encode(dataset)
    store(server, file)
    other_preamble = b"\x01" * 128 + file[128:]
    for again in (file, other_preamble):
        reply = store(server, again)
        assert (reply.status, len(reply.items("stored"))) == (200, 1)
    instances = get(server, f"/studies/{dataset.StudyInstanceUID}/instances").json()
    assert len(instances) == 1


def test_another_data_set_under_a_stored_uid_is_refused_and_the_first_is_kept(
    server: Server,
) -> None:
    dataset = make_image()
    first = encode(dataset)
    store(server, first)
    dataset.PatientName = "Other^Name"
    reply = store(server, encode(dataset))
    assert (reply.status, reply.reasons("failed")) == (409, [0x0111])
    assert _stored_bytes(server, dataset) == first


def test_two_parts_with_one_uid_in_one_request_store_the_first(server: Server) -> None:
    dataset = make_image()
    first = encode(dataset)
    dataset.PatientName = "Other^Name"
    reply = store(server, first, encode(dataset))
    assert (reply.status, len(reply.items("stored"))) == (202, 1)
    assert reply.reasons("failed") == [0x0111]
    assert _stored_bytes(server, dataset) == first


def test_an_instance_of_another_study_than_the_path_names_is_refused_alone(
    server: Server,
) -> None:
    ours, foreign = make_image(), make_image()
    reply = store(server, encode(ours), encode(foreign), study=ours.StudyInstanceUID)
    assert (reply.status, len(reply.items("stored"))) == (202, 1)
    assert [item["00081155"]["Value"] for item in reply.items("failed")] == [
        [foreign.SOPInstanceUID]
    ]
    assert get(server, path_of(foreign), AS_STORED).status_code == 404


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_uncompressed_syntax_is_stored_without_a_warning(server: Server, syntax: str) -> None:
    reply = store(server, make_instance(syntax))
    assert reply.status == 200
    assert reply.reasons("stored", "00081196") == []


def test_a_file_whose_part_says_nothing_but_octets_is_stored(server: Server) -> None:
    body, content_type = body_of([file := encode(dataset := make_image()), b"no file"])
    body = body.replace(
        b"Content-Type: application/dicom", b"Content-Type: application/octet-stream"
    )
    headers = {"Content-Type": content_type}
    answer = requests.post(f"{server.root}/studies", data=body, headers=headers, timeout=60)
    assert (answer.status_code, len(answer.json()["0008119A"]["Value"])) == (202, 1)
    assert _stored_bytes(server, dataset) == file


def test_a_file_without_preamble_is_stored_with_a_warning_and_comes_back_whole(
    server: Server,
) -> None:
    dataset = make_image()
    reply = store(server, encode(dataset)[132:])
    assert (reply.status, len(reply.reasons("stored", "00081196"))) == (202, 1)
    assert "preamble" in reply.items("stored")[0]["00000902"]["Value"][0]
    assert _stored_bytes(server, dataset)[128:132] == b"DICM"


def test_what_is_no_dicom_goes_to_the_other_failures(server: Server) -> None:
    reply = store(server, b"<html>no image</html>")
    assert (reply.status, len(reply.items("failed"))) == (409, 0)
    assert len(reply.reasons("other")) == 1


def test_good_and_bad_parts_have_an_outcome_each(server: Server) -> None:
    dataset = make_image()
    reply = store(server, b"nothing", encode(dataset), b"")
    assert (reply.status, len(reply.items("stored")), len(reply.items("other"))) == (202, 1, 2)


def test_one_patient_id_that_differs_never_splits_the_study(server: Server) -> None:
    study = generate_uid()
    store(server, make_instance(StudyInstanceUID=study, PatientID="A"))
    store(server, make_instance(StudyInstanceUID=study, PatientID="B"))
    found = get(server, f"/studies?StudyInstanceUID={study}").json()
    assert [each["00201208"]["Value"] for each in found] == [[2]]
    assert found[0]["00100020"]["Value"] == ["A"]


def test_the_answer_is_xml_for_who_asks_for_it(server: Server) -> None:
    body, content_type = body_of([make_instance()])
    answer = requests.post(
        f"{server.root}/studies",
        data=body,
        headers={"Content-Type": content_type, "Accept": "application/dicom+xml"},
        timeout=60,
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/dicom+xml")
    assert b'tag="00081199"' in answer.content


def test_no_accept_header_fails_a_store(server: Server) -> None:
    assert store(server, make_instance(), accept="image/png").status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("application/dicom+json", b"[]", 400),
        ('multipart/related; type="image/jpeg"; boundary=b', b"--b--", 415),
        ("multipart/related; type=application/dicom", b"--b--", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"--b--\r\n", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"no boundary here", 400),
        ("application/dicom", b"", 400),
        ("///", b"x", 400),
    ],
)
def test_a_request_that_is_none_is_refused_with_a_sentence(
    server: Server, content_type: str, body: bytes, status: int
) -> None:
    answer = requests.post(
        f"{server.root}/studies", data=body, headers={"Content-Type": content_type}, timeout=60
    )
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)


def test_without_a_content_type_the_request_is_refused(server: Server) -> None:
    answer = requests.post(f"{server.root}/studies", data=b"x", timeout=60)
    assert answer.status_code == 400


@pytest.mark.parametrize("study", ["abc", "1..2", "1.2.", "1%202", "1" * 200])
def test_a_malformed_study_uid_in_the_path_is_refused(server: Server, study: str) -> None:
    body, content_type = body_of([make_instance()])
    answer = requests.post(
        f"{server.root}/studies/{study}",
        data=body,
        headers={"Content-Type": content_type},
        timeout=60,
    )
    assert answer.status_code == 400


def test_a_multipart_that_breaks_after_a_whole_part_keeps_that_part(server: Server) -> None:
    dataset = make_image()
    body, content_type = body_of([encode(dataset)])
    boundary = content_type.rpartition("=")[2]
    broken = body.removesuffix(b"--\r\n") + b"\r\nno colon in this header\r\n\r\nx"
    assert boundary.encode() in broken
    answer = requests.post(
        f"{server.root}/studies", data=broken, headers={"Content-Type": content_type}, timeout=60
    )
    assert answer.status_code == 202
    assert _stored_bytes(server, dataset) == encode(dataset)


def test_boundaries_and_blank_lines_within_a_file_are_data(server: Server) -> None:
    boundary = uuid.uuid4().hex
    tricky = f"\r\n--{boundary}x\r\n\r\n--\r\n\r\n".encode()
    dataset = make_image(rows=1, columns=len(tricky))
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = tricky
    file = encode(dataset)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    answer = requests.post(
        f"{server.root}/studies",
        data=head + file + f"\r\n--{boundary}--".encode(),
        headers={"Content-Type": f"multipart/related; type={DICOM}; boundary={boundary}"},
        timeout=60,
    )
    assert answer.status_code == 200
    assert _stored_bytes(server, dataset) == file


def test_a_connection_that_breaks_in_mid_part_stores_nothing(server: Server) -> None:
    dataset = make_image(rows=512, columns=512)
    body, content_type = body_of([encode(dataset)])
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body[: len(body) // 2]
        )
    assert get(server, path_of(dataset), AS_STORED).status_code == 404


def test_a_chunked_body_of_many_parts_is_stored(server: Server) -> None:
    study = generate_uid()
    files = [make_instance(StudyInstanceUID=study) for _ in range(150)]
    body, content_type = body_of(files)
    pieces = (body[start : start + 777] for start in range(0, len(body), 777))
    answer = requests.post(
        f"{server.root}/studies", data=pieces, headers={"Content-Type": content_type}, timeout=60
    )
    assert answer.status_code == 200
    assert len(get(server, f"/studies/{study}/instances").json()) == 150
