"""Entity tags: RFC 9110's own table of comparisons, lists, stars and what is no tag."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.wire.conditional import (
    if_range_holds,
    is_not_modified,
    precondition_holds,
    strong_etag,
    weak_etag,
)


@pytest.mark.parametrize(
    ("sent", "etag", "strong", "weak"),
    [
        # RFC 9110 8.8.3.2
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
        ('"1"', 'W/"1"', False, True),
        ('"0", "1" , W/"2"', '"1"', True, True),
        ('"0","1"', '"2"', False, False),
        (",,\t", '"1"', False, False),
        ('"a,b"', '"a"', False, False),
        ('"a,b"', '"a,b"', True, True),
        ("1", '"1"', True, True),
        ("*", '"1"', True, True),
        (" * ", 'W/"1"', True, True),
    ],
)
def test_tags_are_compared_strongly_and_weakly(
    sent: str, etag: str, strong: bool, weak: bool
) -> None:
    assert precondition_holds(sent, etag) is strong
    assert is_not_modified(sent, etag) is weak


def test_without_a_condition_everything_is_sent_and_allowed() -> None:
    assert not is_not_modified(None, '"1"')
    assert not is_not_modified("", '"1"')
    assert precondition_holds(None, None)


@pytest.mark.parametrize("sent", ["*", '"1"'])
def test_what_does_not_exist_matches_nothing(sent: str) -> None:
    assert not precondition_holds(sent, None)


@pytest.mark.parametrize(
    ("sent", "etag", "date", "expected"),
    [
        (None, '"1"', "", True),
        ('"1"', '"1"', "", True),
        ('"2"', '"1"', "", False),
        ('W/"1"', 'W/"1"', "", False),
        ("Sat, 21 Nov 2026 08:00:00 GMT", '"1"', "Sat, 21 Nov 2026 08:00:00 GMT", True),
        ("Sat, 21 Nov 2026 08:00:00 GMT", '"1"', "Sat, 21 Nov 2026 08:00:01 GMT", False),
        ("Sat, 21 Nov 2026 08:00:00 GMT", '"1"', "", False),
    ],
)
def test_a_range_depends_on_what_the_client_has(
    sent: str | None, etag: str, date: str, expected: bool
) -> None:
    assert if_range_holds(sent, etag, date) is expected


@settings(max_examples=200, deadline=None)
@given(sent=st.text('W/", *a\x00é', max_size=30), etag=st.sampled_from(['"a"', 'W/"a"', '""']))
def test_any_text_is_compared(sent: str, etag: str) -> None:
    if precondition_holds(sent, etag) and sent.strip(" *"):
        assert is_not_modified(sent, etag)


def test_tags_are_made() -> None:
    assert (strong_etag("a"), weak_etag("a")) == ('"a"', 'W/"a"')
