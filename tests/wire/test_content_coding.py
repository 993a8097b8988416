"""Accept-Encoding: what browsers send, weights, and everything forbidden."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import NotAcceptable
from dicomweb.wire.content_coding import choose_coding


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, gzip;q=0.2", "gzip"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity", "identity"),
        ("br", "identity"),
        ("gzip;q=0", "identity"),
        ("gzip;q=nonsense", "identity"),
        ("*;q=0, identity;q=0.1", "identity"),
        ("*;q=0, gzip", "gzip"),
        ("gzip, " * 2000, "identity"),
    ],
)
def test_the_best_coding_is_chosen(header: str | None, expected: str) -> None:
    assert choose_coding(header) == expected


@pytest.mark.parametrize("header", ["*;q=0", "identity;q=0", "identity;q=0, br", "*;q=0, br"])
def test_a_client_may_forbid_everything(header: str) -> None:
    with pytest.raises(NotAcceptable, match="zstd, gzip, identity"):
        choose_coding(header)


def test_what_is_offered_and_in_which_order_is_the_services_choice() -> None:
    assert choose_coding("gzip, zstd", ("gzip", "zstd")) == "gzip"
    assert choose_coding("gzip, zstd", ()) == "identity"


@settings(max_examples=200, deadline=None)
@given(header=st.text("gzip*,;q=01. zstdenty", max_size=40))
def test_any_header_gives_a_choice(header: str) -> None:
    try:
        assert choose_coding(header) in {"gzip", "zstd", "identity"}
    except NotAcceptable:
        assert "0" in header
