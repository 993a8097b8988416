"""Range headers: what is asked for, what is passed over, and what is a 416."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import RangeNotSatisfiable
from dicomweb.wire.byte_ranges import ByteRange, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99", [(0, 100)]),
        ("bytes=0-", [(0, 1000)]),
        ("bytes=999-", [(999, 1000)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=500-99999", [(500, 1000)]),
        (f"bytes=0-{'9' * 40}", [(0, 1000)]),
        ("Bytes = 0-0", [(0, 1)]),
        ("bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("bytes=900-999, 0-9", [(900, 1000), (0, 10)]),
        ("bytes=0-9,,5000-", [(0, 10)]),
        ("bytes=0-9, -0", [(0, 10)]),
    ],
)
def test_the_ranges_of_a_thousand_bytes(header: str, expected: list[tuple[int, int]]) -> None:
    assert parse_range(header, 1000) == tuple(ByteRange(*each) for each in expected)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=,", "items=0-1", "bytes=a-b", "bytes=-", "bytes=5-2"),
        *("bytes=1", "bytes=0-1-2", "bytes=0-1;2-3", "bytes=+1-2", "bytes=0-9,x", "bytes=\u0661-2"),
        *("bytes=0-999,0-999", "bytes=" + "0-0," * 17, f"bytes=0-{'9' * 41}"),
    ],
)
def test_what_is_no_range_or_too_much_is_passed_over(header: str | None) -> None:
    assert parse_range(header, 1000) is None


@pytest.mark.parametrize(
    ("header", "size"),
    [
        *(("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=5000-5001,6000-", 1000)),
        *(("bytes=0-", 0), ("bytes=-1", 0), (f"bytes={'9' * 40}-", 1000)),
    ],
)
def test_a_range_outside_is_refused_with_the_size(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, size)
    assert refusal.value.headers == {"Content-Range": f"bytes */{size}"}


def test_a_range_knows_its_length_and_its_header() -> None:
    assert ByteRange(0, 100).length == 100
    assert ByteRange(900, 1000).content_range(1000) == "bytes 900-999/1000"


@settings(max_examples=300, deadline=None)
@given(header=st.text("0159-, =x", max_size=20), size=st.integers(0, 60))
def test_every_range_lies_within_the_resource(header: str, size: int) -> None:
    try:
        ranges = parse_range("bytes=" + header, size)
    except RangeNotSatisfiable:
        return
    assert ranges is None or all(0 <= each.start < each.stop <= size for each in ranges)
    assert ranges is None or sum(each.length for each in ranges) <= size
