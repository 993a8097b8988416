"""Reading multipart bodies: whole, byte by byte, in random pieces, and hostile."""

import email
import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_toolbelt.multipart.decoder import MultipartDecoder  # type: ignore[import-untyped]

from dicomweb.errors import BadRequest, TooLarge
from dicomweb.wire.media_types import parse_content_type
from dicomweb.wire.multipart import MultipartReader, PartBegin, PartData, PartEnd, boundary_of

Part = tuple[dict[str, str], bytes]


def read(chunks: Iterable[bytes], boundary: str = "b", **limits: int) -> list[Part]:
    reader = MultipartReader(boundary, **limits)
    events = [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()
    parts: list[Part] = []
    open_part = False
    for event in events:
        if isinstance(event, PartBegin):
            assert not open_part
            open_part = True
            parts.append((dict(event.headers), b""))
        elif isinstance(event, PartData):
            assert open_part
            parts[-1] = (parts[-1][0], parts[-1][1] + event.data)
        else:
            assert isinstance(event, PartEnd)
            assert open_part
            open_part = False
    assert not open_part
    return parts


def whole(body: bytes) -> list[bytes]:
    return [body]


def byte_by_byte(body: bytes) -> list[bytes]:
    return [body[index : index + 1] for index in range(len(body))]


def in_random_pieces(body: bytes) -> list[bytes]:
    cuts = sorted(random.Random(len(body)).choices(range(len(body) + 1), k=7))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


FEEDINGS = pytest.mark.parametrize("feeding", [whole, byte_by_byte, in_random_pieces])
Feeding = Callable[[bytes], list[bytes]]
DICOM = {"content-type": "application/dicom"}
HEAD = b"Content-Type: application/dicom\r\n\r\n"


@FEEDINGS
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"--b\r\n" + HEAD + b"DICM\r\n--b--\r\n", [(DICOM, b"DICM")], id="plain"),
        pytest.param(
            b"\r\n--b\r\n" + HEAD + b"one\r\n--b\r\n" + HEAD + b"two\r\n--b--",
            [(DICOM, b"one"), (DICOM, b"two")],
            id="two parts, as dicomweb-client and dcmjs send them",
        ),
        pytest.param(
            b"This is a preamble.\r\nSecond line\r\n--b\r\n" + HEAD + b"x\r\n--b--\r\nepilogue --b",
            [(DICOM, b"x")],
            id="preamble and epilogue",
        ),
        pytest.param(
            b"--b \t \r\n" + HEAD + b"x\r\n--b\t\r\n" + HEAD + b"y\r\n--b-- \r\n",
            [(DICOM, b"x"), (DICOM, b"y")],
            id="blanks behind the boundary",
        ),
        pytest.param(b"--b\r\n" + HEAD + b"x\r\n--b--", [(DICOM, b"x")], id="no final CRLF"),
        pytest.param(b"--b\r\n" + HEAD + b"x\r\n--b", [(DICOM, b"x")], id="last boundary is bare"),
        pytest.param(b"--b\r\n" + HEAD + b"x\r\n--b\r\n", [(DICOM, b"x")], id="opened, then ended"),
        pytest.param(b"--b\r\n" + HEAD + b"x\r\n--b-", [(DICOM, b"x")], id="half a closing"),
        pytest.param(b"--b\r\n" + HEAD + b"x", [(DICOM, b"x")], id="no closing delimiter"),
        pytest.param(b"--b\r\n" + HEAD + b"x\r\n", [(DICOM, b"x\r\n")], id="its CRLF may be data"),
        pytest.param(b"--b\r\n" + HEAD, [(DICOM, b"")], id="empty and not closed"),
        pytest.param(
            b"--b\nContent-Type: application/dicom\n\nx\ry\n--b\n\nz\n--b--\n",
            [(DICOM, b"x\ry"), ({}, b"z")],
            id="bare LF throughout",
        ),
        pytest.param(
            b"--b\nA: 1\n\nends with CR\r\n--b--\n",
            [({"a": "1"}, b"ends with CR\r")],
            id="in a body of bare LF a CR is data",
        ),
        pytest.param(
            b"--b\r\nContent-Type: application/dicom\nX: 1\n\nx\n--b\n\r\n--b--\r\n",
            [({**DICOM, "x": "1"}, b"x\n--b\n")],
            id="bare LF in the headers only",
        ),
        pytest.param(b"--b\r\n\r\nx\r\n--b--\r\n", [({}, b"x")], id="no headers"),
        pytest.param(b"--b\r\n" + HEAD + b"\r\n--b--", [(DICOM, b"")], id="empty part"),
        pytest.param(b"--b\r\n" + HEAD + b"--b--", [(DICOM, b"")], id="empty, one CRLF for both"),
        pytest.param(
            b"--b\r\n\r\nx\r\n--b\r\n\r\n--b\r\n\r\ny\r\n--b--",
            [({}, b"x"), ({}, b""), ({}, b"y")],
            id="an empty part like that among others",
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"--c\r\n--b--", [(DICOM, b"--c")], id="data begins with dashes"
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"a\r\n\r\nb--b\r\n--c\r\n--\r\n-\r\n--b--",
            [(DICOM, b"a\r\n\r\nb--b\r\n--c\r\n--\r\n-")],
            id="blank lines and dashes are data",
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"a\r\n--bc\r\n--b\rd\r\n--b \r\r\n--b--",
            [(DICOM, b"a\r\n--bc\r\n--b\rd\r\n--b \r")],
            id="what only begins like a delimiter is data",
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"a\n--b--\n\r\n--b--",
            [(DICOM, b"a\n--b--\n")],
            id="after CRLF a bare LF begins no delimiter",
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"a\r\n--b" + b" " * 300 + b"\r\n--b--",
            [(DICOM, b"a\r\n--b" + b" " * 300)],
            id="blanks without end are data",
        ),
        pytest.param(
            b"--b\r\n" + HEAD + b"a\r\r\n--b--", [(DICOM, b"a\r")], id="data ends with CR"
        ),
        pytest.param(
            b"--b\r\nContent-Type: text/html;\r\n\tcharset=x\r\nContent-ID:<1>\r\n\r\n\r\n--b--",
            [({"content-type": "text/html; charset=x", "content-id": "<1>"}, b"")],
            id="folded header",
        ),
        pytest.param(
            "--b\r\nX: é\r\nX: second\r\n\r\n\r\n--b--".encode(), [({"x": "é"}, b"")], id="UTF-8"
        ),
        pytest.param(b"--b\r\nX: \xe9\r\n\r\n\r\n--b--", [({"x": "é"}, b"")], id="Latin-1"),
        pytest.param(b"--b--\r\n", [], id="no part at all"),
        pytest.param(b"--b", [], id="a boundary only"),
    ],
)
def test_bodies_are_read_however_they_arrive(
    feeding: Feeding, body: bytes, expected: list[Part]
) -> None:
    assert read(feeding(body)) == expected


@FEEDINGS
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "no part"),
        (b"--c\r\n" + HEAD + b"x\r\n--c--", "no part"),
        (b"x" * 70_000, "does not begin with the boundary"),
        (b"--b\r\nContent-Type: application/dicom", "ends within the headers"),
        (b"--b\r\nContent-Type application/dicom\r\n\r\n", "malformed header"),
        (b"--b\r\n: nameless\r\n\r\n", "malformed header"),
        (b"--b\r\nX: a\rSet-Cookie: b\r\n\r\n", "malformed header"),
        (b"--b\r\nX: \0\r\n\r\n", "malformed header"),
        (b"--b\r\nContent-Type: x/y\r\n--b--\r\n\r\n", "malformed header"),
    ],
)
def test_what_is_no_multipart_is_refused(feeding: Feeding, body: bytes, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        read(feeding(body))


@FEEDINGS
def test_a_header_block_has_a_limit(feeding: Feeding) -> None:
    body = b"--b\r\nX: " + b"a" * 2000 + b"\r\n\r\nx\r\n--b--"
    assert len(read(feeding(body))) == 1
    with pytest.raises(TooLarge, match="1000 bytes"):
        read(feeding(body), max_header_bytes=1000)


def test_the_number_of_parts_has_a_limit() -> None:
    body = b"--b\r\n" + b"\r\n\r\n--b\r\n" * 9 + b"\r\n\r\n--b--"
    assert len(read([body], max_parts=10)) == 10
    with pytest.raises(TooLarge, match="more than 9 parts"):
        read([body], max_parts=9)


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary="a:b=c"', "a:b=c"),
        (
            "multipart/related; boundary=----=_Part_1_2.3; type=application/dicom",
            "----=_Part_1_2.3",
        ),
        ('multipart/related; BOUNDARY="with space"', "with space"),
        ("multipart/related;boundary=(a,b)?'+_/", "(a,b)?'+_/"),
        (r'multipart/related; boundary="a\"b\\c"', r"a\"b\c".replace(r"\"", '"')),
        ("multipart/related; boundary=trailing ", "trailing"),
    ],
)
def test_odd_boundaries_are_found_in_the_header_and_in_the_body(header: str, boundary: str) -> None:
    assert boundary_of(parse_content_type(header)) == boundary
    body = f"--{boundary}\r\n\r\nx\r\n--{boundary}--".encode()
    assert read(byte_by_byte(body), boundary) == [({}, b"x")]


@pytest.mark.parametrize(
    "parameter", ["", "; boundary=", "; boundary=é", f"; boundary={'a' * 300}"]
)
def test_a_boundary_must_be_there_and_be_one(parameter: str) -> None:
    with pytest.raises(BadRequest, match="boundary"):
        boundary_of(parse_content_type("multipart/related" + parameter))


def test_whether_the_closing_delimiter_came_can_be_asked() -> None:
    cut, closed = MultipartReader("b"), MultipartReader("b")
    cut.feed(b"--b\r\n\r\nhalf a part")
    closed.feed(b"--b\r\n\r\npart\r\n--b--")
    cut.close()
    closed.close()
    assert (cut.complete, closed.complete) == (False, True)


def test_data_is_passed_on_before_its_part_ends_and_not_copied() -> None:
    reader = MultipartReader("b")
    reader.feed(b"--b\r\n\r\n")
    chunk = bytes(65536)
    (event,) = reader.feed(chunk)
    assert isinstance(event, PartData)
    assert event.data.obj is chunk
    assert len(event.data) == len(chunk)


def test_what_follows_the_end_is_passed_over() -> None:
    reader = MultipartReader("b")
    reader.feed(b"--b\r\n\r\nx\r\n--b--")
    assert reader.feed(b"\r\n--b\r\n\r\ny") == []
    assert reader.close() == []


BOUNDARY = st.text("ab-=:_'()+,./?", min_size=1, max_size=12).map(lambda text: text.rstrip())
# Payloads that are full of what delimiters are made of.
PAYLOAD = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b"--", b"-", b"\r\n--", b"a", b"b", b" ", b"\r\n\r\n"]
        ),
        st.binary(max_size=20),
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(boundary=BOUNDARY, payloads=st.lists(PAYLOAD, min_size=1, max_size=5), data=st.data())
def test_any_payload_comes_back_in_any_pieces(
    boundary: str, payloads: list[bytes], data: st.DataObject
) -> None:
    delimiter = b"\r\n--" + boundary.encode()
    payloads = [payload.replace(delimiter, b"") for payload in payloads]
    payloads = [b"" if delimiter[2:] in payload else payload for payload in payloads]
    body = b"".join(delimiter + b"\r\nN: 1\r\n\r\n" + payload for payload in payloads)
    body += delimiter + b"--\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert read(chunks, boundary) == [({"n": "1"}, payload) for payload in payloads]


@settings(max_examples=300, deadline=None)
@given(chunks=st.lists(PAYLOAD, max_size=8), start=st.booleans())
def test_no_input_gives_anything_but_parts_or_a_refusal(chunks: list[bytes], start: bool) -> None:
    chunks = [b"--a\r\n", *chunks] if start else chunks
    try:
        parts = read(chunks, "a")
    except BadRequest:
        with pytest.raises(BadRequest):
            read(byte_by_byte(b"".join(chunks)), "a")
    else:
        assert read(byte_by_byte(b"".join(chunks)), "a") == parts


@settings(max_examples=100, deadline=None)
@given(payloads=st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_two_other_parsers_agree(payloads: list[bytes]) -> None:
    boundary = "--0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"
    head = f"--{boundary}\r\nContent-Type: application/octet-stream\r\n".encode()
    head += b"Content-Transfer-Encoding: binary\r\n\r\n"
    body = b"\r\n".join(head + payload for payload in payloads) + f"\r\n--{boundary}--\r\n".encode()
    ours = [payload for _, payload in read([body], boundary)]
    content_type = f'multipart/related; boundary="{boundary}"'
    assert ours == [part.content for part in MultipartDecoder(body, content_type).parts]
    if b"\r" not in b"".join(payloads) and b"\n" not in b"".join(payloads):
        message = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        assert ours == [part.get_payload(decode=True) for part in message.walk()][1:]
