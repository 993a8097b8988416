"""Writing multipart bodies: other parsers read them, the length is known, the bytes repeat."""

import email
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_toolbelt.multipart.decoder import MultipartDecoder  # type: ignore[import-untyped]

from dicomweb.wire.multipart import (
    MultipartReader,
    PartBegin,
    boundary_for,
    closing,
    multipart_length,
    part_head,
    range_head,
)

URL = "http://h/dicom-web/studies/1.2"


def write(boundary: str, payloads: list[bytes]) -> tuple[bytes, int]:
    heads = [
        part_head(boundary, "application/dicom", URL, len(payload), first=not index)
        for index, payload in enumerate(payloads)
    ]
    body = b"".join(head + payload for head, payload in zip(heads, payloads, strict=True))
    body += closing(boundary, first=not payloads)
    return body, multipart_length(boundary, heads, map(len, payloads))


@settings(max_examples=100, deadline=None)
@given(payloads=st.lists(st.binary(max_size=60), max_size=4), seed=st.text(max_size=9))
def test_what_is_written_is_read_and_has_the_length_foretold(
    payloads: list[bytes], seed: str
) -> None:
    boundary = boundary_for(seed)
    body, length = write(boundary, payloads)
    assert len(body) == length
    reader = MultipartReader(boundary)
    begins = [event for event in reader.feed(body) if isinstance(event, PartBegin)]
    assert [int(begin.headers["content-length"]) for begin in begins] == [*map(len, payloads)]
    assert reader.complete
    if payloads:
        decoder = MultipartDecoder(body, f"multipart/related; boundary={boundary}")
        assert [part.content for part in decoder.parts] == payloads


def test_a_part_says_what_and_where_it_is() -> None:
    assert part_head("b", "image/jls; transfer-syntax=1.2", URL, 12, first=True) == (
        b"--b\r\nContent-Type: image/jls; transfer-syntax=1.2\r\nContent-Length: 12\r\n"
        b"Content-Location: http://h/dicom-web/studies/1.2\r\n\r\n"
    )
    assert part_head("b", "application/dicom+xml", "", None) == (
        b"\r\n--b\r\nContent-Type: application/dicom+xml\r\n\r\n"
    )


def test_byte_ranges_are_parts_too() -> None:
    body = range_head("b", "image/jls", "bytes 0-1/9", first=True) + b"ab"
    body += range_head("b", "image/jls", "bytes 7-8/9") + b"yz" + closing("b")
    message = email.message_from_bytes(
        b"Content-Type: multipart/byteranges; boundary=b\r\n\r\n" + body
    )
    parts = [*message.walk()][1:]
    assert [part["Content-Range"] for part in parts] == ["bytes 0-1/9", "bytes 7-8/9"]
    assert [part.get_payload() for part in parts] == ["ab", "yz"]


def test_no_value_can_add_a_header() -> None:
    head = part_head("b", "application/pdf\r\nX-Evil: 1", "http://h/\n\nbody", 1)
    assert head.count(b"\r\n") == head.count(b"\n") == 6


def test_a_boundary_repeats_for_its_seed_and_key_only() -> None:
    boundary = boundary_for('"etag"')
    assert re.fullmatch("[0-9a-f]{48}", boundary)
    assert boundary == boundary_for(b'"etag"')
    assert len({boundary, boundary_for('"other"'), boundary_for('"etag"', b"key")}) == 3


@pytest.mark.parametrize("payloads", [[], [b""]])
def test_an_empty_multipart_is_well_formed(payloads: list[bytes]) -> None:
    body, _ = write("b", payloads)
    assert body.startswith(b"--b")
    assert body.endswith(b"--b--\r\n")
