"""The raw query: plus signs, encoded commas, and what cannot be decoded."""

from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest
from dicomweb.wire.query_string import first, joined, parse_query


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", []),
        (b"&&", []),
        (b"a", [("a", [""])]),
        (b"a=", [("a", [""])]),
        (b"a=b=c", [("a", ["b=c"])]),
        (b"PatientName=*juno*", [("PatientName", ["*juno*"])]),
        (b"patientname=x&PatientName=y", [("patientname", ["x"]), ("PatientName", ["y"])]),
        (b"TimezoneOffsetFromUTC=+0100", [("TimezoneOffsetFromUTC", ["+0100"])]),
        (b"accept=application/dicom+json", [("accept", ["application/dicom+json"])]),
        (b"a=x%20y", [("a", ["x y"])]),
        (b"StudyInstanceUID=1.2,1.3", [("StudyInstanceUID", ["1.2", "1.3"])]),
        (b"a=x%2Cy,z", [("a", ["x,y", "z"])]),
        (b"a=,x,", [("a", ["", "x", ""])]),
        (b"%30%30100010=x", [("00100010", ["x"])]),
        ("a=山".encode(), [("a", ["山"])]),
        ("a=山,é", [("a", ["山", "é"])]),
        (b"a=%e5%B1%b1", [("a", ["山"])]),
        (b"a=100%", [("a", ["100%"])]),
        (b"a=%zz", [("a", ["%zz"])]),
        (b"a=1;b=2", [("a", ["1;b=2"])]),
    ],
)
def test_a_query_is_read(raw: bytes | str, expected: list[tuple[str, list[str]]]) -> None:
    parameters = parse_query(raw)
    assert [(each.name, [*each.values]) for each in parameters] == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"a=%ff",
        b"%C3=x",
        b"a=\xe9",
        b"a=%00",
        b"a=\0",
        b"a=" + b"b" * 70_000,
        b"a&" * 1001,
        "a=\udc80",
    ],
)
def test_what_cannot_be_read_is_refused(raw: bytes | str) -> None:
    with pytest.raises(BadRequest):
        parse_query(raw)


def test_parameters_are_asked_for_by_name() -> None:
    parameters = parse_query(b"accept=image/png;q=0.5,image/gif&b=1&accept=image/jpeg")
    assert first(parameters, "accept") == "image/png;q=0.5,image/gif"
    assert joined(parameters, "accept") == "image/png;q=0.5,image/gif,image/jpeg"
    assert first(parameters, "c") is joined(parameters, "c") is None


NAMES = st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text)


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(NAMES, NAMES), max_size=6))
def test_what_is_quoted_comes_back(pairs: list[tuple[str, str]]) -> None:
    raw = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    parameters = parse_query(raw.encode())
    assert [(each.name, each.value) for each in parameters] == pairs
    assert all(len(each.values) == 1 for each in parameters)


@settings(max_examples=200, deadline=None)
@given(raw=st.text("ab&=%0159cC,;", max_size=30))
def test_the_standard_library_agrees_where_there_is_no_plus(raw: str) -> None:
    try:
        ours = [(each.name, each.value) for each in parse_query(raw)]
    except BadRequest:
        assert "%" in raw
        return
    assert ours == parse_qsl(raw, keep_blank_values=True)
