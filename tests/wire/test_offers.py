"""What each resource is given as, by the Accept headers that real clients send."""

import pytest

from dicomweb.errors import NotAcceptable
from dicomweb.wire.negotiation import Choice, Offers, find_choice, negotiate
from dicomweb.wire.offers import (
    bulk_offers,
    frame_offers,
    instance_offers,
    metadata_offers,
    rendered_offers,
    store_offers,
)

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG, LOSSLESS, JPEG_14 = (f"1.2.840.10008.1.2.4.{tail}" for tail in (50, 70, 57))
JLS, JLS_NEAR, J2K, J2K_LOSSY = (f"1.2.840.10008.1.2.4.{tail}" for tail in (80, 81, 90, 91))
HTJ2K, MPEG4, RLE = "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.5"
UNKNOWN = "1.2.840.10008.1.2.8.1"
ALL = frozenset({EXPLICIT, LOSSLESS, JLS, J2K, RLE})


def short(choice: Choice) -> tuple[str, str]:
    """`multipart application/dicom` or `image/jpeg`, and the transfer syntax."""
    return ("multipart " * choice.multipart) + choice.payload_type, choice.transfer_syntax


RAW, DICOM = "multipart application/octet-stream", "multipart application/dicom"


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        (None, JPEG, (DICOM, EXPLICIT)),
        ("", JPEG, (DICOM, EXPLICIT)),
        ("*/*", JPEG, (DICOM, EXPLICIT)),
        ("multipart/*", JPEG, (DICOM, EXPLICIT)),
        ("multipart/related", JPEG, (DICOM, EXPLICIT)),
        ('multipart/related; type="*/*"', JPEG, (DICOM, EXPLICIT)),
        ('multipart/related; type="application/*"', JPEG, (DICOM, EXPLICIT)),
        ('multipart/related; type="application/dicom"', JPEG, (DICOM, EXPLICIT)),
        ("multipart/related; type=application/dicom; transfer-syntax=*", JPEG, (DICOM, JPEG)),
        (
            "multipart/related; type=application/dicom; transfer-syntax=*",
            IMPLICIT,
            (DICOM, EXPLICIT),
        ),
        (
            "multipart/related; type=application/dicom; transfer-syntax=*",
            BIG_ENDIAN,
            (DICOM, EXPLICIT),
        ),
        ("multipart/related; type=application/dicom; transfer-syntax=*", UNKNOWN, (DICOM, UNKNOWN)),
        (f"multipart/related; type=application/dicom; transfer-syntax={J2K}", JLS, (DICOM, J2K)),
        ("application/dicom", JPEG, ("application/dicom", EXPLICIT)),
        ("application/dicom; transfer-syntax=*", JPEG, ("application/dicom", JPEG)),
        ("application/*", JPEG, ("application/dicom", EXPLICIT)),
        ("application/zip", JPEG, ("application/zip", EXPLICIT)),
        ("application/zip; transfer-syntax=*", JPEG, ("application/zip", JPEG)),
        ('multipart/related; type="application/octet-stream"', JPEG, (RAW, "")),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JPEG, (DICOM, EXPLICIT)),
        # The order of q, and among equals what is stored.
        (
            f"application/dicom; transfer-syntax={J2K}; q=0.5, application/dicom; q=0.4",
            JPEG,
            ("application/dicom", J2K),
        ),
        (
            f"application/dicom; transfer-syntax={J2K}, application/dicom; transfer-syntax={JPEG}",
            JPEG,
            ("application/dicom", JPEG),
        ),
        # The most specific range decides, whatever its place.
        ("application/dicom; transfer-syntax=*; q=0.5, */*; q=0.9", JPEG, (DICOM, EXPLICIT)),
        (
            f"application/dicom; transfer-syntax=*, application/dicom; transfer-syntax={JPEG}; q=0",
            JPEG,
            ("application/dicom", EXPLICIT),
        ),
        ("*/*, multipart/*;q=0", JPEG, ("application/dicom", EXPLICIT)),
    ],
)
def test_an_instance_is_given_as_asked(
    accept: str | None, stored: str, expected: tuple[str, str]
) -> None:
    assert short(negotiate(accept, None, instance_offers(stored, ALL, single=True))) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        f"application/dicom; transfer-syntax={IMPLICIT}",
        f"multipart/related; type=application/dicom; transfer-syntax={MPEG4}",
        "multipart/mixed",
        "multipart/related; type=dicom",
        "multipart/related; type=image/jpeg",
        "*/*;q=0",
        "nonsense",
    ],
)
def test_what_cannot_be_given_is_refused_with_a_list(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        negotiate(accept, None, instance_offers(IMPLICIT, ALL, single=True))
    assert 'Available: multipart/related; type="application/dicom" ' in refusal.value.sentence
    assert EXPLICIT in refusal.value.sentence


def test_a_single_part_is_for_one_item_only() -> None:
    assert find_choice("application/dicom", None, instance_offers(EXPLICIT)) is None


@pytest.mark.parametrize(
    ("stored", "producible", "expected"),
    [
        (JPEG, ALL, EXPLICIT),
        (MPEG4, frozenset[str](), MPEG4),
        (UNKNOWN, frozenset[str](), UNKNOWN),
        (IMPLICIT, frozenset[str](), EXPLICIT),
    ],
)
def test_without_a_syntax_explicit_little_endian_is_given_where_it_can_be(
    stored: str, producible: frozenset[str], expected: str
) -> None:
    choice = negotiate("application/dicom", None, instance_offers(stored, producible, single=True))
    assert choice.transfer_syntax == expected


OHIF = "multipart/related; type=application/octet-stream; transfer-syntax=*"
OHIF_WSI = ", ".join(
    [
        f'multipart/related; type="{media_type}"; transfer-syntax=1.2.840.10008.1.2.4.{tail}'
        for media_type, tails in {
            "image/jls": (80, 81),
            "image/jp2": (90, 91),
            "image/jpx": (92, 93),
        }.items()
        for tail in tails
    ]
    + ["multipart/related; type=application/octet-stream; transfer-syntax=*"]
    + [f'multipart/related; type="image/jpeg"; transfer-syntax={JPEG}']
)
ANY_PART = 'multipart/related; type="*/*"; transfer-syntax=*'


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        (None, JLS, (RAW, EXPLICIT)),
        ("*/*", JLS, (RAW, EXPLICIT)),
        ("*/*", EXPLICIT, (RAW, EXPLICIT)),
        ("multipart/related", JLS, (RAW, EXPLICIT)),
        ('multipart/related; type="*/*"', JLS, (RAW, EXPLICIT)),
        ("application/octet-stream", JLS, ("application/octet-stream", EXPLICIT)),
        ('multipart/related; type="application/octet-stream"', JLS, (RAW, EXPLICIT)),
        ('multipart/related; type="image/*"', JLS, ("multipart image/jls", JLS)),
        ('multipart/related; type="image/*"', EXPLICIT, ("multipart image/jpeg", LOSSLESS)),
        ('multipart/related; type="image/jls"', JLS, ("multipart image/jls", JLS)),
        ('multipart/related; type="image/jls"', J2K, ("multipart image/jls", JLS)),
        ('multipart/related; type="image/jls"', JLS_NEAR, ("multipart image/jls", JLS_NEAR)),
        ('multipart/related; type="image/jpeg"', JPEG, ("multipart image/jpeg", JPEG)),
        ('multipart/related; type="image/jpeg"', JPEG_14, ("multipart image/jpeg", LOSSLESS)),
        (
            'multipart/related; type="image/jpeg"; transfer-syntax=*',
            JPEG_14,
            ("multipart image/jpeg", JPEG_14),
        ),
        (
            'multipart/related; type="image/jpeg"; transfer-syntax=*',
            RLE,
            ("multipart image/jpeg", LOSSLESS),
        ),
        ("image/jpeg", JPEG, ("image/jpeg", JPEG)),
        (ANY_PART, JLS, ("multipart image/jls", JLS)),
        (ANY_PART, EXPLICIT, (RAW, EXPLICIT)),
        (ANY_PART, IMPLICIT, (RAW, EXPLICIT)),
        (ANY_PART, HTJ2K, ("multipart image/jphc", HTJ2K)),
        (ANY_PART, UNKNOWN, (RAW, UNKNOWN)),
        # OHIF 3 and cornerstone: compressed frames pass, their syntax named.
        (OHIF, EXPLICIT, (RAW, EXPLICIT)),
        (OHIF, BIG_ENDIAN, (RAW, EXPLICIT)),
        (OHIF, JLS, (RAW, JLS)),
        (OHIF, HTJ2K, (RAW, HTJ2K)),
        (
            'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
            JPEG,
            (RAW, JPEG),
        ),
        ("application/octet-stream; transfer-syntax=*", JPEG, ("application/octet-stream", JPEG)),
        (f"{OHIF}, {ANY_PART}", JLS, ("multipart image/jls", JLS)),
        ("application/dicom+json, " + OHIF, JLS, (RAW, JLS)),
        (OHIF_WSI, JPEG, ("multipart image/jpeg", JPEG)),
        (OHIF_WSI, JLS, ("multipart image/jls", JLS)),
        (OHIF_WSI, J2K_LOSSY, ("multipart image/jp2", J2K_LOSSY)),
        (OHIF_WSI, EXPLICIT, (RAW, EXPLICIT)),
        (OHIF_WSI, LOSSLESS, (RAW, LOSSLESS)),
        # dicomweb-client 0.61 and its namesake for JavaScript, with the old names.
        (
            'multipart/related; type="image/x-jls"; transfer-syntax=' + JLS,
            JLS,
            ("multipart image/jls", JLS),
        ),
        ('multipart/related; type="image/x-dicom-rle"', RLE, ("multipart image/dicom-rle", RLE)),
        ('multipart/related; type="image/dicom+jp2"', J2K, ("multipart image/jp2", J2K)),
        ('multipart/related; type="image/"', J2K, ("multipart image/jp2", J2K)),
        (
            f'multipart/related; type="image/jpeg"; transfer-syntax={JPEG}, '
            f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}',
            JLS,
            (RAW, EXPLICIT),
        ),
        # A browser's <img>.
        ("image/avif,image/webp,image/*,*/*;q=0.8", JPEG, ("image/jpeg", JPEG)),
    ],
)
def test_a_frame_is_given_as_asked(
    accept: str | None, stored: str, expected: tuple[str, str]
) -> None:
    assert short(negotiate(accept, None, frame_offers(stored, ALL, single=True))) == expected


@pytest.mark.parametrize(
    ("accept", "stored"),
    [
        ('multipart/related; type="image/jpeg"; transfer-syntax=' + JPEG, EXPLICIT),
        (f'multipart/related; type="image/jp2"; transfer-syntax={JPEG}', JPEG),
        ('multipart/related; type="image/jpeg"', EXPLICIT),
        ('multipart/related; type="application/octet-stream"', UNKNOWN),
        ('multipart/related; type="application/dicom"', EXPLICIT),
        ("image/png", JPEG),
        ("application/octet-stream", JPEG),
    ],
)
def test_no_pair_outside_the_table_is_given(accept: str, stored: str) -> None:
    assert find_choice(accept, None, frame_offers(stored, frozenset({J2K}))) is None


@pytest.mark.parametrize(
    "accept", ["*/*", 'multipart/related; type="video/mp4"', "multipart/related"]
)
def test_video_comes_as_its_stream(accept: str) -> None:
    offers = frame_offers(MPEG4, single=True)
    assert negotiate(accept, None, offers).transfer_syntax == MPEG4
    assert short(negotiate("video/mp4", None, offers)) == ("video/mp4", MPEG4)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        # OHIF opens a PDF, an ECG and an ICC profile.
        (
            'multipart/related; type="application/pdf", '
            'multipart/related; type="application/octet-stream"',
            "multipart application/pdf",
        ),
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream; transfer-syntax=*", "application/octet-stream"),
        ('multipart/related; type="application/octet-stream"', RAW),
        (OHIF, RAW),
        ("application/pdf", "application/pdf"),
        ("*/*", "multipart application/pdf"),
        (None, "multipart application/pdf"),
    ],
)
def test_bulk_data_is_given_as_asked(accept: str | None, expected: str) -> None:
    choice = negotiate(accept, None, bulk_offers("application/pdf", single=True))
    assert short(choice) == (expected, "")


JSON, XML = "application/dicom+json", "multipart application/dicom+xml"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/dicom+json", JSON),
        ("application/dicom+json; charset=utf-8", JSON),
        ("application/dicom+json; transfer-syntax=*", JSON),
        ("application/dicom+json, application/json", JSON),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", JSON),
        ("application/*", JSON),
        ("application/dicom+json, " + OHIF, JSON),
        (OHIF + ", application/dicom+json", JSON),
        ('multipart/related; type="application/dicom+xml"', XML),
        ("multipart/related;type=application/dicom+xml;boundary=**", XML),
        ("multipart/*", XML),
        ("application/dicom+json;q=0.5, multipart/related; type=application/dicom+xml", XML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
    ],
)
def test_metadata_and_results_are_given_as_asked(accept: str | None, expected: str) -> None:
    assert short(negotiate(accept, None, metadata_offers())) == (expected, "")


@pytest.mark.parametrize("accept", [OHIF, "application/dicom+xml", "text/html", "image/jpeg"])
def test_metadata_is_nothing_else(accept: str) -> None:
    assert find_choice(accept, None, metadata_offers()) is None


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/dicom+xml", "application/dicom+xml"),
        ('multipart/related; type="application/dicom+xml"', XML),
        ("*/*", JSON),
        ("application/json", "application/json"),
    ],
)
def test_a_store_is_answered_as_asked(accept: str, expected: str) -> None:
    assert short(negotiate(accept, None, store_offers())) == (expected, "")


RENDERED = ("image/jpeg", "image/png", "image/gif")


@pytest.mark.parametrize(
    ("accept", "parameter", "several", "expected"),
    [
        (None, None, False, "image/jpeg"),
        ("*/*", None, False, "image/jpeg"),
        ("image/*", None, False, "image/jpeg"),
        ("image/png", None, False, "image/png"),
        ("image/webp, image/png;q=0.5, */*;q=0.1", None, False, "image/png"),
        ("image/png;q=0.5, image/gif;q=0.6", None, False, "image/gif"),
        ('multipart/related; type="image/png"', None, False, "multipart image/png"),
        ("image/jpeg; transfer-syntax=" + JPEG, None, False, "image/jpeg"),
        # OHIF's thumbnails: the parameter wins although the header forbids it.
        ('multipart/related; type="application/octet-stream"', "image/jpeg", False, "image/jpeg"),
        ('multipart/related; type="application/octet-stream"', "image/jpeg", True, "image/jpeg"),
        ("image/png", "image/webp", False, "image/png"),
        (None, "image/png;q=0.2, image/gif;q=0.3", False, "image/gif"),
        ("text/html,*/*;q=0.8", "image/gif", False, "image/gif"),
        ("*/*", "image/webp", False, "image/jpeg"),
        (None, None, True, "multipart image/jpeg"),
        ("image/jpeg", None, True, "image/jpeg"),
    ],
)
def test_a_rendering_is_given_as_asked(
    accept: str | None, parameter: str | None, several: bool, expected: str
) -> None:
    choice = negotiate(accept, parameter, rendered_offers(RENDERED, several=several))
    assert short(choice) == (expected, "")


def test_offers_are_made_once() -> None:
    assert frame_offers(JLS, ALL) is frame_offers(JLS, ALL)
    assert Offers(()) != Offers(())
