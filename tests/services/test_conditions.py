"""Conditional requests and ranges: HTTP's own rules (RFC 9110 13 to 15) at every resource."""

import pytest
import requests
from clients import get, path_of, store
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from samples import encode, make_image
from servers import Server

OCTETS = 'multipart/related; type="application/octet-stream"'
DICOM = 'multipart/related; type="application/dicom"'
RESOURCES = {
    "metadata": ("/metadata", "application/dicom+json"),
    "instance": ("", "application/dicom"),
    "multipart": ("", DICOM),
    "frame": ("/frames/1", "application/octet-stream"),
    "bulk data": ("/bulkdata/7FE00010", "application/octet-stream"),
    "all bulk data": ("/bulkdata", "*/*"),
    "rendered": ("/rendered", "image/png"),
}
each_resource = pytest.mark.parametrize(("below", "accept"), RESOURCES.values(), ids=RESOURCES)


@pytest.fixture(scope="module")
def image(server: Server) -> Dataset:
    made = make_image(rows=16, columns=16)
    assert store(server, encode(made)).status == 200
    return made


@each_resource
def test_304_has_the_headers_that_caches_need(
    server: Server, image: Dataset, below: str, accept: str
) -> None:
    whole = get(server, path_of(image) + below, accept)
    same = get(server, path_of(image) + below, accept, **{"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert same.headers[name] == whole.headers[name]


@each_resource
def test_another_version_than_if_match_names_is_412(
    server: Server, image: Dataset, below: str, accept: str
) -> None:
    answer = get(server, path_of(image) + below, accept, **{"If-Match": '"other"'})
    assert answer.status_code == 412
    assert "If-Match" in answer.json()["message"]


def test_if_match_comes_before_if_none_match(server: Server, image: Dataset) -> None:
    path = path_of(image)
    etag = get(server, path, DICOM).headers["ETag"]
    assert get(server, path, DICOM, **{"If-Match": f'"x", {etag}'}).status_code == 200
    both = {"If-Match": '"x"', "If-None-Match": etag}
    assert get(server, path, DICOM, **both).status_code == 412


def test_head_knows_no_ranges(server: Server, image: Dataset) -> None:
    url = f"{server.root}{path_of(image)}/bulkdata/7FE00010"
    headers = {"Accept": "application/octet-stream", "Range": "bytes=0-9"}
    answer = requests.head(url, headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == "512"
    assert "Content-Range" not in answer.headers


def test_forms_that_differ_in_one_part_only_differ_in_their_etag(server: Server) -> None:
    """Of a native image and one in RLE, the second alone is given in another form."""
    native = make_image()
    packed = make_image(StudyInstanceUID=native.StudyInstanceUID)
    encode(packed)
    packed.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    assert store(server, encode(native), encode(packed, RLELossless)).status == 200
    path = f"/studies/{native.StudyInstanceUID}/bulkdata"
    answers = [get(server, path, OCTETS + asked) for asked in ("", "; transfer-syntax=*")]
    assert answers[0].content != answers[1].content
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
