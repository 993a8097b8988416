"""The description of an image's pixels out of DICOM JSON, and the values it is read from."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import NotAcceptable
from dicomweb.pixels import attributes
from dicomweb.pixels.image import ImagePixel, Kind

EXPLICIT = "1.2.840.10008.1.2.1"
TAGS = {
    "samples": "00280002",
    "photometric": "00280004",
    "planar": "00280006",
    "frames": "00280008",
    "rows": "00280010",
    "columns": "00280011",
    "allocated": "00280100",
    "stored": "00280101",
    "high": "00280102",
    "signed": "00280103",
}


def described(**values: Any) -> dict[str, Any]:
    """A data set in DICOM JSON with these values beside those of a small gray image."""
    found = {"rows": 4, "columns": 6, "allocated": 16} | values
    return {
        TAGS[name]: {"vr": "US", "Value": [value]}
        for name, value in found.items()
        if value is not None
    }


def test_a_whole_description_is_read() -> None:
    metadata = described(
        samples=3, photometric="RGB ", planar=1, frames="7", allocated=8, stored=7, high=6, signed=0
    ) | {"7FE00010": {"vr": "OB", "BulkDataURI": "x"}}
    assert ImagePixel.of(metadata, EXPLICIT) == ImagePixel(
        4, 6, 3, "RGB", 1, 8, 7, 6, False, 7, EXPLICIT, Kind.INTEGER, "OB"
    )


def test_what_is_absent_has_the_value_that_it_must_have() -> None:
    image = ImagePixel.of(described(), EXPLICIT)
    assert (image.bits_stored, image.high_bit, image.signed) == (16, 15, False)
    assert (image.samples, image.photometric, image.frames) == (1, "MONOCHROME2", 1)
    assert image.shape == (4, 6)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rows": None}, "Rows is absent"),
        ({"rows": 0}, "Rows is 0"),
        ({"columns": 70000}, "Columns is 70000"),
        ({"allocated": 12}, "Bits Allocated is 12"),
        ({"allocated": None}, "Bits Allocated is absent"),
        ({"stored": 17}, "Bits Stored is 17"),
        ({"samples": 5}, "Samples per Pixel is 5"),
        ({"samples": 3, "allocated": 1}, "several samples"),
        ({"rows": "many"}, "Rows is absent"),
    ],
)
def test_an_impossible_description_is_refused_with_its_reason(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(NotAcceptable, match=said):
        ImagePixel.of(described(**values), EXPLICIT)


@pytest.mark.parametrize("high", [None, 3, 16, 99])
def test_a_high_bit_that_leaves_no_room_is_the_one_that_does(high: int | None) -> None:
    assert ImagePixel.of(described(stored=12, high=high), EXPLICIT).high_bit == 11


@pytest.mark.parametrize(
    ("tag", "kind", "bits"), [("7FE00008", Kind.FLOAT, 32), ("7FE00009", Kind.DOUBLE, 64)]
)
def test_the_element_says_that_samples_are_floating_point(tag: str, kind: Kind, bits: int) -> None:
    image = ImagePixel.of(described(allocated=16) | {tag: {"vr": "OF"}}, EXPLICIT)
    assert (image.kind, image.bits_allocated, image.native_bytes) == (kind, bits, 24 * bits // 8)


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ({}, 48),
        ({"allocated": 1}, 3),
        ({"allocated": 8, "samples": 3}, 72),
        ({"allocated": 8, "samples": 3, "photometric": "YBR_FULL_422"}, 48),
        ({"allocated": 16, "samples": 3, "photometric": "YBR_FULL_422"}, 144),
    ],
)
def test_the_length_of_a_native_frame(values: dict[str, Any], length: int) -> None:
    assert ImagePixel.of(described(**values), EXPLICIT).native_bytes == length


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(sorted(TAGS.values())), JSON | st.fixed_dictionaries({"Value": JSON})
    )
)
def test_any_json_gives_a_description_or_a_refusal(metadata: dict[str, Any]) -> None:
    whole = described() | metadata
    try:
        image = ImagePixel.of(whole, EXPLICIT)
    except NotAcceptable:
        return
    assert image.rows * image.columns > 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2.5, "3", " 4e1 "], [1.0, 2.5, 3.0, 40.0]),
        ([None, "", "x", True, "nan", "inf", float("nan"), {}], []),
        ([], []),
    ],
)
def test_numbers_are_those_that_are_finite(values: list[Any], expected: list[float]) -> None:
    assert attributes.numbers({"0": {"Value": values}}, "0") == expected


def test_values_of_what_is_not_there_are_none() -> None:
    assert attributes.values({}, "0") == []
    assert attributes.value({"0": {"vr": "LO"}}, "0", "x") == "x"
    assert attributes.items({"0": {"Value": [{"a": 1}, "x"]}}, "0") == [{"a": 1}]
    assert attributes.text({"0": {"Value": ["A \0"]}}, "0") == "A"
