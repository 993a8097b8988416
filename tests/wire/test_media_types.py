"""Reading Accept and Content-Type, and the table of media types and transfer syntaxes."""

import pydicom.uid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, UnsupportedMediaType
from dicomweb.wire import media_types
from dicomweb.wire.media_types import (
    LOSSY,
    NATIVE,
    TRANSFER_SYNTAXES,
    consumable,
    content_type,
    media_type_of,
    parse_accept,
    parse_content_type,
    safe_media_type,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("*/*", [("*/*", "", "", 1)]),
        ("*; q=.2", [("*/*", "", "", 0.2)]),
        ("image/", [("image/*", "", "", 1)]),
        ("Application/DICOM+JSON", [("application/dicom+json", "", "", 1)]),
        ("multipart/related", [("multipart/related", "*/*", "", 1)]),
        ('multipart/related; type="*/*"', [("multipart/related", "*/*", "", 1)]),
        ("multipart/related; type=dicom", [("multipart/related", "", "", 1)]),
        ("multipart/related; TYPE=IMAGE/JLS", [("multipart/related", "image/jls", "", 1)]),
        ('multipart/related; type="image/x-jls"', [("multipart/related", "image/jls", "", 1)]),
        ("image/dicom+jp2", [("image/jp2", "", "", 1)]),
        ("application/dicom; transfer-syntax=*", [("application/dicom", "", "*", 1)]),
        ('application/dicom; transfer-syntax="1.2"', [("application/dicom", "", "1.2", 1)]),
        ("a/b;q=0.5;ext=1", [("a/b", "", "", 0.5)]),
        ("a/b;q=2, c/d;q=x, e/f", [("e/f", "", "", 1)]),
        ("nonsense, a/b/c, /x, y/, é/é, e/f", [("y/*", "", "", 1), ("e/f", "", "", 1)]),
        (
            'multipart/related; type="application/dicom; transfer-syntax=1.2"',
            [("multipart/related", "application/dicom", "1.2", 1)],
        ),
        (
            "multipart/related; type=application/octet-stream; transfer-syntax=*; boundary=**",
            [("multipart/related", "application/octet-stream", "*", 1)],
        ),
    ],
)
def test_accept_headers_are_read(header: str, expected: object) -> None:
    ranges = parse_accept(header)
    assert [(each.name, each.inner, each.transfer_syntax, each.q) for each in ranges] == expected


def test_a_charset_is_read_from_a_range() -> None:
    assert parse_accept("application/dicom+json; charset=ISO-8859-1")[0].charset == "ISO-8859-1"


def test_a_header_that_is_too_long_is_refused() -> None:
    assert parse_accept("a/b, " * 1000)
    with pytest.raises(BadRequest, match="too long"):
        parse_accept("a/b, " * 2000)


@settings(max_examples=200, deadline=None)
@given(header=st.text('ab*/=;,"\\ q.1é', max_size=40))
def test_any_accept_header_gives_ranges(header: str) -> None:
    assert all(0 <= each.q <= 1 and "/" in each.name for each in parse_accept(header))


@pytest.mark.parametrize(
    "header", [None, "", "dicom", "a/b, c/d", "*/*", "a/*", "a/b; x=" + "y" * 9000]
)
def test_a_content_type_must_be_one_media_type(header: str | None) -> None:
    with pytest.raises(BadRequest, match="Content-Type is m"):
        parse_content_type(header)


STORE = {
    "multipart/related": ("application/dicom", "application/dicom+json"),
    "application/dicom": (),
}


@pytest.mark.parametrize(
    "header",
    [
        'multipart/related; type="application/dicom"; boundary=b',
        "multipart/related; boundary=b; type=application/dicom+json; transfer-syntax=1.2",
        "multipart/related; boundary=b",
        "application/dicom; transfer-syntax=1.2",
    ],
)
def test_what_can_be_stored_is_recognised(header: str) -> None:
    assert consumable(header, STORE).name in STORE


@pytest.mark.parametrize("header", ["text/plain", 'multipart/related; type="text/plain"', "a/b"])
def test_another_content_type_is_refused_with_what_would_be_right(header: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        consumable(header, STORE)
    assert 'multipart/related; type="application/dicom", ' in refusal.value.sentence
    assert refusal.value.sentence.endswith("application/dicom.")


def test_every_syntax_of_pydicom_has_its_media_type() -> None:
    names = {uid.name: media_type_of(uid) for uid in pydicom.uid.AllTransferSyntaxes}
    assert {name for name, media_type in names.items() if not media_type} == {
        name for name in names if "JPIP" in name or "SMPTE" in name or "Papyrus" in name
    }


@pytest.mark.parametrize("uids", TRANSFER_SYNTAXES.values())
def test_every_syntax_of_the_table_is_one_of_the_standard(uids: tuple[str, ...]) -> None:
    for uid in map(pydicom.uid.UID, uids):
        # pydicom's dictionary has not yet all of Supplement 232.
        assert uid.is_transfer_syntax or uid.startswith("1.2.840.10008.1.2.4.11")


def test_every_syntax_belongs_to_one_media_type() -> None:
    uids = [uid for uids in TRANSFER_SYNTAXES.values() for uid in uids]
    assert len(uids) == len(set(uids))
    assert all(TRANSFER_SYNTAXES[media_type_of(uid)] for uid in uids)


def test_natives_are_not_compressed_and_lossy_ones_are() -> None:
    known = [uid for uid in map(pydicom.uid.UID, NATIVE) if uid.is_private is False]
    assert all(
        not uid.is_compressed or uid == media_types.ENCAPSULATED_UNCOMPRESSED for uid in known
    )
    assert not LOSSY & NATIVE
    assert "1.2.840.10008.1.2.4.70" not in LOSSY


def test_a_content_type_is_written_with_quotes() -> None:
    assert content_type("multipart/related", "video/h265", boundary="b", transfer_syntax="1.2") == (
        'multipart/related; type="video/H265"; transfer-syntax=1.2; boundary=b'
    )
    assert content_type("application/dicom+json", charset="utf-8") == (
        "application/dicom+json; charset=utf-8"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("application/pdf", "application/pdf"),
        (" Text/XML; charset=x\0", "text/xml"),
        ("application/pdf\r\nX: y", "application/octet-stream"),
        ("*/*", "application/octet-stream"),
        ("PDF", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_out_of_a_data_set_is_made_safe(text: str, expected: str) -> None:
    assert safe_media_type(text) == expected
