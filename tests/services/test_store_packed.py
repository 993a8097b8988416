"""STOW-RS of packed bodies: ZIP and gzip, damaged ones and bombs."""

import gzip
import io
import zipfile

import pytest
from clients import body_of, get, path_of, post
from metadata_stores import reply
from samples import encode, make_image
from servers import Server

ZIP = "application/zip"
DICOM = "application/dicom"


def _zip(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def test_the_files_of_a_zip_are_stored(server: Server) -> None:
    images = [make_image() for _ in range(3)]
    names = ["a/0.dcm", "./a/1.dcm", "../../2.dcm"]
    members = [(name, encode(image)) for name, image in zip(names, images, strict=True)]
    beside = [("DICOMDIR", b"x"), ("a/", b""), (".hidden", b"x"), ("__MACOSX/a/._0.dcm", b"x")]
    beside += [(".", b"x"), ("./..", b"x"), ("./DicomDir", b"x")]
    answer = reply(post(server, _zip(*members, *beside), ZIP))
    assert (answer.status, len(answer.items("stored"))) == (200, 3)
    for image in images:
        assert get(server, f"{path_of(image)}/metadata").status_code == 200


def test_a_file_of_a_zip_that_is_no_dicom_is_told(server: Server) -> None:
    answer = reply(post(server, _zip(("a", encode(make_image())), ("readme.txt", b"x" * 500)), ZIP))
    assert (answer.status, len(answer.items("other"))) == (202, 1)


@pytest.mark.parametrize("study", [None, "1.2.3"])
def test_a_zip_may_be_sent_to_its_study(server: Server, study: str | None) -> None:
    image = make_image()
    path = f"/studies/{study or image.StudyInstanceUID}"
    answer = post(server, _zip(("a", encode(image))), ZIP, path)
    assert answer.status_code == (409 if study else 200)


@pytest.mark.parametrize(
    "body",
    [b"", b"PK", b"no ZIP at all", _zip(("a", b"x" * 400))[:-30], _zip()],
    ids=["nothing", "two letters", "text", "cut short", "empty"],
)
def test_what_is_no_zip_or_an_empty_one_is_400(server: Server, body: bytes) -> None:
    answer = post(server, body, ZIP)
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


def test_a_damaged_file_of_a_zip_fails_alone(server: Server) -> None:
    good, bad = encode(make_image()), encode(make_image(rows=64, columns=64))
    body = bytearray(_zip(("good", good), ("bad", bad), compression=zipfile.ZIP_STORED))
    body[body.index(bad) + 3000] ^= 1
    answer = reply(post(server, bytes(body), ZIP))
    assert (answer.status, len(answer.items("stored")), len(answer.items("other"))) == (202, 1, 1)


def test_other_compressions_are_refused(server: Server) -> None:
    body = _zip(("a", encode(make_image())), compression=zipfile.ZIP_LZMA)
    assert post(server, body, ZIP).status_code == 409


def test_a_zip_that_says_it_unpacks_to_very_much_is_413(server: Server) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(12):
            with archive.open(str(number), "w", force_zip64=True) as member:
                for _ in range(100):
                    member.write(bytes(1024 * 1024))
    assert post(server, stream.getvalue(), ZIP).status_code == 413


def test_a_zip_of_very_many_names_is_413(server: Server) -> None:
    body = _zip(*((f"{n:0200}", b"") for n in range(35_000)))
    assert post(server, body, ZIP).status_code == 413


def test_a_gzip_body_is_stored(server: Server) -> None:
    image = make_image()
    body, content_type = body_of([encode(image), encode(make_image())])
    packed = gzip.compress(body[:300]) + gzip.compress(body[300:])
    answer = post(server, packed, content_type, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    assert get(server, f"{path_of(image)}/metadata").status_code == 200


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b"x" * 1000)[:-12], 400),
        ("gzip", b"", 400),
        ("br", b"x", 415),
    ],
    ids=["no gzip", "cut short", "empty", "another coding"],
)
def test_a_body_that_cannot_be_unpacked_is_refused(
    server: Server, coding: str, body: bytes, status: int
) -> None:
    answer = post(server, body, DICOM, **{"Content-Encoding": coding})
    assert answer.status_code == status
    assert ("Accept-Encoding" in answer.headers) == (status == 415)


def _bomb() -> bytes:
    """A file, and 1.2 GB of zeros behind it; each gzip member is packed once."""
    return gzip.compress(encode(make_image())) + gzip.compress(bytes(64 * 1024 * 1024)) * 18


def test_a_gzip_bomb_is_413(server: Server) -> None:
    answer = post(server, _bomb(), DICOM, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
