"""DICOM values as people read them."""

import pytest

from extensions.pages import words


def _name(text: str, **groups: str) -> dict[str, object]:
    return {"00100010": {"vr": "PN", "Value": [{"Alphabetic": text, **groups}]}}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^Ann^Dr.^PhD", "Doe, Jane Ann, Dr., PhD"),
        ("HEAD", "HEAD"),
        ("^Jane", "Jane"),
        ("", ""),
        ("Doe^Jane^^^^too^many", "Doe, Jane"),
    ],
)
def test_a_name_is_family_comma_given(stored: str, shown: str) -> None:
    assert words.name(_name(stored), "00100010") == shown


def test_a_name_has_its_own_script_beside_it() -> None:
    stored = _name("Yamada^Tarou", Ideographic="山田^太郎")
    assert words.name(stored, "00100010") == "Yamada, Tarou (山田, 太郎)"


def _dated(born: str, then: str, age: str = "") -> dict[str, object]:
    pairs = {"00100030": born, "00080020": then, "00101010": age}
    return {tag: {"vr": "DA", "Value": [value]} for tag, value in pairs.items() if value}


@pytest.mark.parametrize(
    ("born", "then", "age", "shown"),
    [
        ("19800315", "20260314", "", "45 years"),
        ("19800315", "20260315", "", "46 years"),
        ("20251101", "20260315", "", "4 months"),
        ("20260301", "20260315", "", "14 days"),
        ("", "20260315", "066Y", "66 years"),
        ("20300101", "20260315", "003M", "3 months"),
        ("nonsense", "20260315", "", ""),
        ("", "", "000Y", ""),
    ],
)
def test_the_age_is_computed_at_the_study(born: str, then: str, age: str, shown: str) -> None:
    assert words.age(_dated(born, then, age)) == shown


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("20261121", "21 Nov 2026"), ("2026.11.21", "21 Nov 2026"), ("about May", "about May")],
)
def test_dates_are_unambiguous(stored: str, shown: str) -> None:
    assert words.dated({"00080020": {"Value": [stored]}}, "00080020") == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_200, "1.2 kB"),
        (34_500_000, "34 MB"),
        (5e12, "5.0 TB"),
    ],
)
def test_sizes_are_short(count: int, shown: str) -> None:
    assert words.size(count) == shown


def test_counts_agree_with_their_noun() -> None:
    assert [words.plural(n, "study", "studies") for n in (0, 1, 1200)] == [
        "0 studies",
        "1 study",
        "1,200 studies",
    ]
