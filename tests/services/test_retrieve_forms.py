"""WADO-RS in its further forms: ZIP, bulk data of a resource, narrowed metadata, several ranges."""

import io
import zipfile

import numpy as np
import pydicom
import pytest
import requests
from clients import get, parts, path_of, store
from pydicom.dataset import Dataset
from requests_toolbelt.multipart.decoder import MultipartDecoder
from samples import encode, make_image
from servers import Server

OCTETS = 'multipart/related; type="application/octet-stream"'


@pytest.fixture(scope="module")
def images(server: Server) -> list[Dataset]:
    """Three instances in two series of one study."""
    first = make_image(rows=64, columns=64, PatientName="Müller^Jörg")
    first.SpecificCharacterSet = "ISO_IR 192"
    second = make_image(StudyInstanceUID=first.StudyInstanceUID)
    second.SeriesInstanceUID = first.SeriesInstanceUID
    third = make_image(StudyInstanceUID=first.StudyInstanceUID)
    assert store(server, encode(first), encode(second), encode(third)).status == 200
    return [first, second, third]


def _paths(images: list[Dataset]) -> dict[str, tuple[str, list[Dataset]]]:
    whole = path_of(images[0])
    series = whole.partition("/instances")[0]
    study = whole.partition("/series")[0]
    return {"study": (study, images), "series": (series, images[:2]), "one": (whole, images[:1])}


@pytest.mark.parametrize("level", ["study", "series", "one"])
def test_a_zip_holds_the_files_under_their_uids(
    server: Server, images: list[Dataset], level: str
) -> None:
    path, wanted = _paths(images)[level]
    answer = get(server, path, "application/zip; transfer-syntax=*")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert 'filename="' in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files == {
        f"{each.StudyInstanceUID}/{each.SeriesInstanceUID}/{each.SOPInstanceUID}.dcm": encode(each)
        for each in wanted
    }


def test_a_zip_is_the_same_again_and_not_sent_again(server: Server, images: list[Dataset]) -> None:
    path = _paths(images)["study"][0]
    first, again = (get(server, path, "application/zip") for _ in "12")
    assert first.content == again.content
    tag = {"If-None-Match": first.headers["ETag"]}
    assert get(server, path, "application/zip", **tag).status_code == 304


def test_a_zip_converts_what_it_holds(server: Server) -> None:
    image = make_image(rows=16, columns=16)
    store(server, encode(image))
    answer = get(server, path_of(image), "application/zip; transfer-syntax=1.2.840.10008.1.2.5")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        back = pydicom.dcmread(io.BytesIO(archive.read(archive.namelist()[0])))
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.5"
    assert (back.pixel_array.ravel() == np.arange(256)).all()


def test_head_of_a_zip_tells_its_length(server: Server, images: list[Dataset]) -> None:
    path = _paths(images)["study"][0]
    headers = {"Accept": "application/zip"}
    head = requests.head(f"{server.root}{path}", headers=headers, timeout=30)
    whole = get(server, path, "application/zip")
    assert head.headers["Content-Length"] == str(len(whole.content))


@pytest.mark.parametrize("level", ["study", "series", "one"])
def test_octets_of_a_resource_are_its_bulk_data(
    server: Server, images: list[Dataset], level: str
) -> None:
    path, _ = _paths(images)[level]
    legacy, bulk = get(server, path, OCTETS), get(server, f"{path}/bulkdata", OCTETS)
    assert legacy.status_code == 200
    assert parts(legacy) == parts(bulk)


def test_a_study_has_an_etag(server: Server, images: list[Dataset]) -> None:
    path = _paths(images)["study"][0]
    first = get(server, path)
    assert get(server, path, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    other = get(server, path, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("fields", "there", "gone"),
    [
        ("Rows,00280011", {"00280010", "00280011", "00080018"}, {"00280100", "00100010"}),
        ("PatientName", {"00100010", "0020000D"}, {"00280010"}),
        ("all", {"00280100"}, set()),
        ("Rows&includefield=Columns", {"00280010", "00280011"}, {"00280100"}),
        ("00291010", {"00080018"}, {"00280010"}),
    ],
)
@pytest.mark.parametrize("accept", ["application/dicom+json", "application/dicom+xml"])
def test_metadata_are_narrowed_to_the_fields_asked_for(
    server: Server, images: list[Dataset], fields: str, there: set, gone: set, accept: str
) -> None:
    answer = get(server, f"{path_of(images[0])}/metadata?includefield={fields}", accept)
    assert answer.status_code == 200
    assert all(tag in answer.text for tag in there)
    assert not any(tag in answer.text for tag in gone)


def test_a_field_that_is_none_is_400(server: Server, images: list[Dataset]) -> None:
    answer = get(server, f"{path_of(images[0])}/metadata?includefield=Nonsense")
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


def test_narrowed_metadata_have_an_etag_of_their_own(server: Server, images: list[Dataset]) -> None:
    path = f"{path_of(images[0])}/metadata"
    tags = {get(server, path + query).headers["ETag"] for query in ("", "?includefield=Rows")}
    assert len(tags) == 2


def test_metadata_come_in_the_character_set_asked_for(
    server: Server, images: list[Dataset]
) -> None:
    path = f"{path_of(images[0])}/metadata"
    answer = get(server, f"{path}?charset=iso-8859-1")
    assert answer.headers["Content-Type"] == "application/dicom+json; charset=iso-8859-1"
    assert answer.content.decode("latin-1").count("Müller") == 1
    assert get(server, f"{path}?charset=iso-8859-7").status_code == 406


def test_metadata_are_compressed_by_zstd_and_gzip(server: Server, images: list[Dataset]) -> None:
    path = f"{_paths(images)['study'][0]}/metadata"
    plain = get(server, path, **{"Accept-Encoding": "identity"})
    for coding in ("gzip", "zstd"):
        answer = requests.get(
            f"{server.root}{path}", headers={"Accept-Encoding": coding}, stream=True, timeout=30
        )
        assert answer.headers["Content-Encoding"] == coding
        assert len(answer.raw.read(decode_content=False)) < len(plain.content)


def test_several_ranges_come_in_one_multipart(server: Server, images: list[Dataset]) -> None:
    path, file = path_of(images[0]), encode(images[0])
    accept = "application/dicom; transfer-syntax=*"
    answer = get(server, path, accept, Range="bytes=0-9,100-199,-5")
    assert answer.status_code == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    found = MultipartDecoder(answer.content, answer.headers["Content-Type"]).parts
    assert [part.content for part in found] == [file[:10], file[100:200], file[-5:]]
    size = len(file)
    assert [part.headers[b"Content-Range"].decode() for part in found] == [
        f"bytes 0-9/{size}",
        f"bytes 100-199/{size}",
        f"bytes {size - 5}-{size - 1}/{size}",
    ]


def test_a_whole_that_cannot_be_had_is_406_and_a_part_of_it_206(server: Server) -> None:
    image = make_image()
    text = make_image(StudyInstanceUID=image.StudyInstanceUID)
    text.SeriesInstanceUID = image.SeriesInstanceUID
    text.BitsAllocated = text.BitsStored = 32
    text.PixelData = bytes(4 * 24)
    store(server, encode(image), encode(text))
    path = path_of(image).partition("/instances")[0]
    lossless = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.70'
    answer = get(server, path, lossless)
    assert (answer.status_code, len(parts(answer))) == (206, 1)
    assert "ETag" in answer.headers
    assert get(server, path_of(text), lossless).status_code == 406


def test_a_failure_after_the_first_byte_breaks_the_connection(own_server: Server) -> None:
    small, large = make_image(InstanceNumber=1), make_image(rows=2048, columns=2048)
    large.StudyInstanceUID, large.InstanceNumber = small.StudyInstanceUID, 2
    store(own_server, encode(small), encode(large))
    files = (own_server.data_dir / "objects").rglob("*.dcm")
    largest = max(files, key=lambda file: file.stat().st_size)
    with largest.open("r+b") as file:
        file.truncate(3 * 1024 * 1024)
    path = f"/studies/{small.StudyInstanceUID}"
    for accept in ('multipart/related; type="application/dicom"', "application/zip"):
        with pytest.raises(requests.RequestException):
            get(own_server, path, f"{accept}; transfer-syntax=*")
