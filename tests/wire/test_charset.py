"""Charsets of answers: preferences, what can be encoded, and what is 406."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.wire import charset
from dicomweb.wire.charset import acceptable_charsets, codec_of, decode_text, encode_text


@pytest.mark.parametrize(
    ("parameter", "media_type", "header", "expected"),
    [
        (None, "", None, ["utf-8"]),
        (None, "", "*", ["utf-8"]),
        (None, "", "iso-8859-1, utf-8", ["iso-8859-1", "utf-8"]),
        (None, "", "iso-8859-1;q=0.5, UTF8", ["utf-8", "iso-8859-1"]),
        (None, "", "utf-8;q=0, gb18030", ["gb18030"]),
        (None, "", "utf-8;q=0", []),
        (None, "", "klingon", ["utf-8"]),
        (None, "", "klingon, euc-kr;q=0.1", ["euc-kr"]),
        (None, "iso-8859-1", "utf-8", ["iso-8859-1"]),
        ("gb18030", "iso-8859-1", "utf-8", ["gb18030"]),
        ("klingon", "", "gbk", ["gbk"]),
        ('"ISO_IR 100"', "", None, ["iso-8859-1"]),
        ("ISO_IR 192", "", None, ["utf-8"]),
        ("iso_ir 144, ISO_IR 126", "", None, ["iso-8859-5", "iso-8859-7"]),
        (None, "", "utf-8, " * 2000, ["utf-8"]),
    ],
)
def test_the_charsets_a_client_takes(
    parameter: str | None, media_type: str, header: str | None, expected: list[str]
) -> None:
    assert acceptable_charsets(parameter, media_type, header) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "charsets", "expected"),
    [
        ("é", ("utf-8",), (b"\xc3\xa9", "utf-8")),
        ("é", ("iso-8859-1", "utf-8"), (b"\xe9", "iso-8859-1")),
        ("山", ("iso-8859-1", "utf-8"), ("山".encode(), "utf-8")),
        ("山", ("us-ascii", "gb18030"), ("山".encode("gb18030"), "gb18030")),
        ("abc", ("us-ascii",), (b"abc", "us-ascii")),
    ],
)
def test_text_is_encoded_in_the_first_that_can_hold_it(
    text: str, charsets: tuple[str, ...], expected: tuple[bytes, str]
) -> None:
    assert encode_text(text.encode(), charsets) == expected


@pytest.mark.parametrize("charsets", [(), ("iso-8859-1", "us-ascii")])
def test_what_no_charset_can_hold_is_not_acceptable(charsets: tuple[str, ...]) -> None:
    with pytest.raises(NotAcceptable, match="Available: utf-8"):
        encode_text("山".encode(), charsets)


@pytest.mark.parametrize("name", charset._CODECS)
def test_no_character_turns_into_syntax(name: str) -> None:
    codec = codec_of(name)
    assert bytes(range(128)).decode("ascii").encode(codec) == bytes(range(128))
    for code in range(0x80, 0x3100):
        encoded = chr(code).encode(codec, "ignore")
        assert not encoded or not encoded.isascii()


@settings(max_examples=100, deadline=None)
@given(value=st.text(max_size=20), name=st.sampled_from(sorted(charset._CODECS)))
def test_json_survives_every_charset(value: str, name: str) -> None:
    try:
        data, used = encode_text(orjson.dumps(value), (name,))
    except NotAcceptable:
        assert not value.isascii()
    else:
        assert orjson.loads(decode_text(data, used)) == value


@pytest.mark.parametrize(("data", "name"), [(b"\xff", ""), (b"\xff", "utf-8"), (b"a", "klingon")])
def test_a_body_in_another_charset_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(BadRequest):
        decode_text(data, name)


def test_a_byte_order_mark_is_no_text() -> None:
    assert decode_text(b"\xef\xbb\xbf[]", "") == "[]"
