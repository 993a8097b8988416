"""HEAD, conditional requests, ranges, compression: what HTTP itself promises (RFC 9110)."""

import gzip
import json

import pytest

from conformance import multipart
from conformance.client import DICOM, JSON, OCTETS, expect
from conformance.instances import (
    RAW_DATA,
    UNKNOWN_UID,
    gradient,
    image,
    part10,
    path_of,
    plain,
    series_of,
    study_of,
)

RESOURCES = {
    "study metadata": ("{study}/metadata", JSON),
    "instance metadata": ("{instance}/metadata", JSON),
    "instance": ("{instance}", DICOM),
    "frame": ("{instance}/frames/1", OCTETS),
    "rendered": ("{instance}/rendered", "image/jpeg"),
    "search": ("{study}/series", JSON),
}
CACHED = {name: RESOURCES[name] for name in RESOURCES if name != "search"}


@pytest.fixture(scope="session")
def instance(server):
    made = image(gradient(64, 64))
    server.keep(made)
    return made


@pytest.fixture(scope="session")
def large_uri(server):
    made = plain(sop_class=RAW_DATA)
    made.add_new(0x00290010, "LO", "CONFORMANCE SUITE")
    made.add_new(0x00291001, "OB", bytes(range(256)) * 400)
    server.keep(made)
    (metadata,) = server.metadata(path_of(made))
    return metadata["00291001"]["BulkDataURI"]


def path(instance, template):
    return template.format(
        study=study_of(instance), series=series_of(instance), instance=path_of(instance)
    )


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 9.3.2")
@pytest.mark.parametrize(("template", "accept"), RESOURCES.values(), ids=RESOURCES)
def test_head_is_get_without_the_body(server, instance, template, accept):
    url = path(instance, template)
    whole = expect(server.get(url, accept), 200)
    head = expect(server.request("HEAD", url, accept=accept), 200)
    assert not head.content
    named = [one.headers["Content-Type"].partition(";")[0] for one in (head, whole)]
    assert named[0] == named[1]


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 9.3.2")
def test_head_of_what_is_unknown_is_404(server):
    expect(server.request("HEAD", f"/studies/{UNKNOWN_UID}/metadata", accept=JSON), 404)


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 13.1.2")
@pytest.mark.parametrize(("template", "accept"), CACHED.values(), ids=CACHED)
def test_what_a_client_has_is_not_sent_again(server, instance, template, accept):
    url = path(instance, template)
    etag = expect(server.get(url, accept), 200).headers.get("ETag")
    assert etag, "no ETag"
    response = expect(server.get(url, accept, if_none_match=etag), 304)
    assert not response.content
    expect(server.get(url, accept, if_none_match='"another"'), 200)


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 15.4.5")
@pytest.mark.parametrize(("template", "accept"), CACHED.values(), ids=CACHED)
def test_a_304_tells_caches_what_the_answer_told_them(server, instance, template, accept):
    url = path(instance, template)
    whole = expect(server.get(url, accept), 200)
    etag = whole.headers.get("ETag")
    assert etag, "no ETag"
    same = expect(server.get(url, accept, if_none_match=etag), 304)
    for name in ("ETag", "Cache-Control", "Vary"):
        assert same.headers.get(name) == whole.headers.get(name), name


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 13.1.1")
def test_another_version_than_the_client_insists_on_is_412(server, instance):
    url = path_of(instance)
    etag = expect(server.get(url, DICOM), 200).headers.get("ETag")
    assert etag, "no ETag"
    expect(server.get(url, DICOM, if_match=etag), 200)
    expect(server.get(url, DICOM, if_match='"another"'), 412)


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 8.8.3")
def test_the_etag_of_metadata_changes_when_an_instance_is_added(server):
    first = plain()
    server.keep(first)
    before = server.get(f"{study_of(first)}/metadata").headers.get("ETag")
    second = plain(StudyInstanceUID=first.StudyInstanceUID)
    server.keep(second)
    after = server.get(f"{study_of(first)}/metadata").headers.get("ETag")
    assert before != after, f"still {after}"


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 8.8.3")
def test_representations_of_different_types_have_different_etags(server, instance):
    url = f"{path_of(instance)}/rendered"
    tags = {server.get(url, accept).headers.get("ETag") for accept in ("image/jpeg", "image/png")}
    assert len(tags) == 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.6.1.1")
@pytest.mark.parametrize(
    ("value", "part", "content_range"),
    [
        ("bytes=0-9", slice(0, 10), "bytes 0-9/102400"),
        ("bytes=100-", slice(100, None), "bytes 100-102399/102400"),
        ("bytes=-5", slice(-5, None), "bytes 102395-102399/102400"),
    ],
)
def test_a_range_of_bulk_data_is_given(server, large_uri, value, part, content_range):
    response = expect(server.get(large_uri, "application/octet-stream", Range=value), 206)
    assert response.content == (bytes(range(256)) * 400)[part]
    assert response.headers["Content-Range"] == content_range


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.6.1.1")
def test_a_range_beyond_the_end_is_416(server, large_uri):
    response = expect(server.get(large_uri, "application/octet-stream", Range="bytes=200000-"), 416)
    assert response.headers["Content-Range"] == "bytes */102400"


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 14.2")
def test_head_has_no_ranges(server, large_uri):
    headers = {"Range": "bytes=0-9"}
    accept = "application/octet-stream"
    response = server.request("HEAD", large_uri, accept=accept, headers=headers)
    assert "Content-Range" not in expect(response, 200).headers


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.6.1.2")
def test_the_same_multipart_is_the_same_bytes(server, instance):
    bodies = {expect(server.get(study_of(instance), DICOM), 200).content for _ in range(3)}
    assert len(bodies) == 1, "ranges of a multipart body need the same boundary and order"


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 12.5.3")
@pytest.mark.parametrize("resource", ["metadata", "instances"])
def test_json_is_compressed_when_asked(server, resource):
    first = plain()
    server.keep(*[plain(StudyInstanceUID=first.StudyInstanceUID) for _ in range(20)])
    headers = {"Accept": JSON, "Accept-Encoding": "gzip"}
    url = f"{study_of(first)}/{resource}"
    response = expect(server.request("GET", url, headers=headers, stream=True), 200)
    raw = response.raw.read(decode_content=False)
    assert response.headers.get("Content-Encoding") == "gzip"
    assert len(json.loads(gzip.decompress(raw))) == 20


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 12.5.3")
def test_what_may_not_be_compressed_is_not(server, instance):
    headers = {"Accept": JSON, "Accept-Encoding": "identity"}
    url = f"{path_of(instance)}/metadata"
    response = expect(server.request("GET", url, headers=headers), 200)
    assert response.headers.get("Content-Encoding", "identity") == "identity"


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 12.5.5")
def test_a_cache_is_told_that_the_answer_depends_on_accept(server, instance):
    response = expect(server.get(f"{path_of(instance)}/metadata"), 200)
    assert "accept" in response.headers.get("Vary", "").lower()


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 10.1.1")
def test_a_large_store_with_expect_continue_works(server):
    made = image(gradient(200, 200))
    server.remember(made)
    content_type, body = multipart.dicom([part10(made)])
    headers = {"Content-Type": content_type, "Expect": "100-continue"}
    response = server.request("POST", "/studies", accept=JSON, headers=headers, data=body)
    expect(response, 200)
