"""Choosing what to answer with: the algorithm of PS3.18 8.7.8."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.wire.media_types import TRANSFER_SYNTAXES
from dicomweb.wire.negotiation import Choice, Offer, find_choice, negotiate, negotiate_each
from dicomweb.wire.offers import (
    frame_offers,
    instance_offers,
    metadata_offers,
    rendered_offers,
)

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG, LOSSLESS, JLS, J2K = (f"1.2.840.10008.1.2.4.{tail}" for tail in (50, 70, 80, 90))
UNKNOWN = "1.2.840.10008.1.2.8.1"
ALL = frozenset({EXPLICIT, LOSSLESS, JLS, J2K})

RELATED = "multipart/related"
OHIF = "multipart/related; type=application/octet-stream; transfer-syntax=*"
RENDERED = ("image/jpeg", "image/png", "image/gif")


def test_a_parameter_alone_that_fits_nothing_is_refused() -> None:
    with pytest.raises(NotAcceptable, match=r"Available: image/jpeg, image/png, image/gif, multi"):
        negotiate(None, "image/webp", rendered_offers(RENDERED))


@pytest.mark.parametrize(
    ("accept", "parameter"),
    [("application/dicom, image/png", None), (None, "application/dicom+json,text/html")],
)
def test_dicom_and_rendered_types_do_not_mix(accept: str | None, parameter: str | None) -> None:
    with pytest.raises(BadRequest, match="cannot be mixed"):
        negotiate(accept, parameter, rendered_offers(RENDERED))


def test_browsers_may_mix_what_they_like() -> None:
    assert negotiate("application/dicom+json, text/html, */*", None, metadata_offers())


def test_the_charset_that_was_asked_for_comes_along() -> None:
    choice = negotiate("application/dicom+json; charset=GB18030", None, metadata_offers())
    assert choice.charset == "GB18030"


def test_a_choice_knows_the_content_type_of_its_part() -> None:
    choice = negotiate(OHIF, None, frame_offers(JLS))
    assert choice.part_type == f"application/octet-stream; transfer-syntax={JLS}"
    assert Choice("video/h265").part_type == "video/H265"


def test_items_of_one_answer_share_its_form() -> None:
    accept = (
        f"application/zip; transfer-syntax={JLS}, multipart/related; type=application/dicom; q=0.9"
    )
    offers = [instance_offers(JLS), instance_offers(JPEG, ALL), instance_offers(UNKNOWN)]
    first, second, third = negotiate_each(accept, None, offers)
    assert first == Choice("application/zip", "", JLS)
    assert second == Choice("application/zip", "", JLS)
    assert third is None
    assert negotiate_each(accept, None, offers[::-1])[:1] == [
        Choice(RELATED, "application/dicom", UNKNOWN)
    ]


def test_no_item_that_can_be_given_is_a_refusal() -> None:
    offers = [instance_offers(JPEG), instance_offers(JLS)]
    with pytest.raises(NotAcceptable):
        negotiate_each("application/dicom; transfer-syntax=1.2.3", None, offers)
    assert negotiate_each("text/html", None, []) == []


def test_long_headers_are_negotiated_as_well() -> None:
    accept = ", ".join(f"a/{number}" for number in range(600)) + ", */*"
    assert find_choice(accept, None, metadata_offers()) is None  # behind the first hundred
    assert find_choice("*/*, " + accept, None, metadata_offers()) is not None


UIDS = [uid for uids in TRANSFER_SYNTAXES.values() for uid in uids] + [
    IMPLICIT,
    BIG_ENDIAN,
    UNKNOWN,
]
TYPES = [*TRANSFER_SYNTAXES, "application/dicom", "*/*", "image/*", "image/jls"]


@st.composite
def accept_members(draw: st.DrawFn) -> str:
    member = draw(st.sampled_from(TYPES))
    if draw(st.booleans()):
        member = f'multipart/related; type="{member}"'
    syntax = draw(st.sampled_from(["", "*", *UIDS]))
    q = draw(st.sampled_from(["", "; q=0", "; q=0.5", "; q=1"]))
    return member + (f"; transfer-syntax={syntax}" if syntax else "") + q


@settings(max_examples=300, deadline=None)
@given(
    members=st.lists(accept_members(), min_size=1, max_size=5),
    stored=st.sampled_from(UIDS),
    producible=st.frozensets(st.sampled_from(UIDS), max_size=5),
    resource=st.sampled_from([instance_offers, frame_offers]),
)
def test_a_choice_is_one_of_the_offers_and_was_asked_for(
    members: list[str], stored: str, producible: frozenset[str], resource: object
) -> None:
    make = instance_offers if resource is instance_offers else frame_offers
    offers = make(stored, producible, single=True)
    choice = find_choice(", ".join(members), None, offers)
    alone = [find_choice(member, None, offers) for member in members]
    if choice is None:
        assert all(each is None for each in alone) or any("q=0" in member for member in members)
        return
    offer = Offer(choice.media_type, choice.inner)
    assert (offer.media_type, offer.inner) in {
        (each.media_type, each.inner) for each in offers.items
    }
    assert choice.transfer_syntax not in {IMPLICIT, BIG_ENDIAN}
    assert any(alone)
