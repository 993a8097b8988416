"""The tokenizer: what the grammar says, what clients send, and what nobody should."""

import time
from email.message import Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.wire.header_values import element, elements, quality, quoted, unquoted_list


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        (" , ,\t", []),
        ("gzip", [[("gzip", None)]]),
        ("a/b; q=0.5, c", [[("a/b", None), ("q", "0.5")], [("c", None)]]),
        ('a;b="x,y;z"', [[("a", None), ("b", "x,y;z")]]),
        (r'a;b="x\"y\\"', [[("a", None), ("b", 'x"y\\')]]),
        (
            "a;type=application/dicom ;c=1",
            [[("a", None), ("type", "application/dicom"), ("c", "1")]],
        ),
        ("a ; b = c , d", [[("a", None), ("b", "c")], [("d", None)]]),
        ("a;;b=1;", [[("a", None), ("b", "1")]]),
        ("a;b=", [[("a", None), ("b", "")]]),
        ("a;b=c=d", [[("a", None), ("b", "c=d")]]),
        (
            'for="[::1]";proto=https, for=x',
            [[("for", "[::1]"), ("proto", "https")], [("for", "x")]],
        ),
        ("two words, c", [[("c", None)]]),
        ('a;b="never closed, c', []),
        ('a;b="x"y, c', [[("c", None)]]),
        ('a;b=x"y,z", c', [[("c", None)]]),
        ('"quoted", c', [[("c", None)]]),
    ],
)
def test_a_list_header_is_split_into_elements(header: str, expected: object) -> None:
    assert elements(header) == expected


def test_only_the_first_hundred_elements_count() -> None:
    assert len(elements("a," * 500)) == 100


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/html", [("text/html", None)]),
        ("a/b; boundary=(a,b)?", [("a/b", None), ("boundary", "(a,b)?")]),
        ('a/b; boundary="a b"', [("a/b", None), ("boundary", "a b")]),
        ("a/b, c/d", []),
        ('a/b; x="', []),
        ("", []),
    ],
)
def test_a_header_that_is_no_list_is_one_element(header: str, expected: object) -> None:
    assert element(header) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("0", 0), ("0.5", 0.5), (".2", 0.2), ("1.", 1), ("0.12345", 0.12345), ("000", 0)]
    + [(text, None) for text in ("", ".", "1.1", "-1", "nan", "1e0", "+1", "0,5", "\u0661", None)],
)
def test_a_quality_lies_between_zero_and_one(text: str | None, expected: float | None) -> None:
    assert quality(text) == expected


def test_a_simple_list_is_trimmed() -> None:
    assert unquoted_list(" a ,, b\t") == ["a", "b"]


PARAMETERS = st.dictionaries(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(" -~", max_size=9)
)


@settings(max_examples=200, deadline=None)
@given(members=st.lists(PARAMETERS, min_size=1, max_size=4))
def test_what_is_quoted_comes_back(members: list[dict[str, str]]) -> None:
    header = ", ".join(
        "; ".join(["x/y", *(f"{name}={quoted(value)}" for name, value in member.items())])
        for member in members
    )
    assert elements(header) == [[("x/y", None), *member.items()] for member in members]
    if len(members) == 1:
        message = Message()
        message["Content-Type"] = header
        assert (
            message.get_params()
            == [("x/y", ""), *members[0].items()]
            == [(name, value or "") for name, value in element(header)]
        )


@settings(max_examples=300, deadline=None)
@given(header=st.text('ab/=;,"\\ \t*é\x00', max_size=60))
def test_any_text_gives_elements(header: str) -> None:
    for pairs in elements(header):
        assert pairs
        assert all('"' not in name and "," not in name for name, _ in pairs)
    element(header)


@pytest.mark.parametrize("text", [" ", "\t;", 'a;b="', "a;b=", ',"', "a=" * 3, '\\"', "; ;"])
def test_a_long_header_takes_no_longer_than_its_length(text: str) -> None:
    started = time.process_time()
    elements(text * 20_000)
    element(text * 20_000)
    assert time.process_time() - started < 2
