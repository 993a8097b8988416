"""What is typed into the search box, over an archive of its own."""

from collections.abc import Iterator

import pytest
import requests
import samples
from clients import store
from servers import Server, running

from extensions.pages.searching import words

# name, Patient ID, accession, description, date, modality
STUDIES = (
    ("Müller^Anna", "H-1001", "ACC77001", "CT Chest with contrast", "20260314", "CT"),
    ("Mueller^Berta", "H-1002", "ACC77002", "mr brain", "20260315", "MR"),
    ("Chest^Noel", "X-2001", "ZZZ00003", "Knee left", "20251224", "CR"),
    ("Smith^Anna Maria", "2019", "ZZZ00004", "CT ABDOMEN", "20190501", "CT"),
)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    names = ("PatientName", "PatientID", "AccessionNumber", "StudyDescription", "StudyDate")
    names += ("Modality",)
    few = "extensions.deletion,extensions.pages"
    with running(tmp_path_factory.mktemp("clinic"), DICOMWEB_EXTENSIONS=few) as server:
        for values in STUDIES:
            image = samples.make_image(**dict(zip(names, values, strict=True)))
            image.SpecificCharacterSet = "ISO_IR 192"
            assert store(server, samples.encode(image)).status in (200, 202)
        yield server


def _found(server: Server, **query: str) -> list[str]:
    """Patient IDs in the order of the list."""
    text = requests.get(f"{server.address}/", params=query, timeout=30).text
    shown = {each[1]: f"<bdi>{each[1]}</bdi></td>" for each in STUDIES}
    places = {text.index(cell): patient for patient, cell in shown.items() if cell in text}
    return [places[place] for place in sorted(places)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["H-1002", "H-1001", "X-2001", "2019"]),
        ("muller", ["H-1001"]),
        ("MÜLL", ["H-1001"]),
        ("anna", ["H-1001", "2019"]),
        ("anna smith", ["2019"]),
        ("maria, anna", ["2019"]),
        ("h-10", ["H-1002", "H-1001"]),
        ("1002", ["H-1002"]),
        ("acc77001", ["H-1001"]),
        ("77002", ["H-1002"]),
        ("chest", ["H-1001", "X-2001"]),
        ("brain", ["H-1002"]),
        ("Brain", ["H-1002"]),
        ("abdomen", ["2019"]),
        ("ct", ["H-1001", "2019"]),
        ("ct anna 2026", ["H-1001"]),
        ("2019", ["2019"]),
        ("14 Mar 2026", ["H-1001"]),
        ("14. March 2026", ["H-1001"]),
        ("march 2026", ["H-1002", "H-1001"]),
        ("2026-03", ["H-1002", "H-1001"]),
        ("15.03.2026", ["H-1002"]),
        ("20251224", ["X-2001"]),
        ("nobody", []),
        ("anna nobody", []),
        ("*", ["H-1002", "H-1001", "X-2001", "2019"]),
        ("%00<script>", []),
        ("31 Feb 2026", []),
    ],
)
def test_every_word_is_found_wherever_it_is(clinic: Server, typed: str, found: list[str]) -> None:
    assert _found(clinic, q=typed) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"modality": "CT"}, ["H-1001", "2019"]),
        ({"from": "2026-01-01"}, ["H-1002", "H-1001"]),
        ({"from": "2025-12-24", "to": "2026-03-14"}, ["H-1001", "X-2001"]),
        ({"to": "2025-12-31", "from": "2026-12-31"}, ["H-1002", "H-1001"]),
        ({"sort": "id", "order": "up"}, ["2019", "H-1001", "H-1002", "X-2001"]),
        ({"sort": "name", "order": "down"}, ["2019", "H-1001", "H-1002", "X-2001"]),
        ({"q": "anna", "sort": "name", "order": "up"}, ["H-1001", "2019"]),
        ({"sort": "evil", "order": "'", "rows": "-1", "page": "x", "from": "31"}, None),
    ],
)
def test_filters_and_order_are_in_the_url(
    clinic: Server, query: dict[str, str], found: list[str] | None
) -> None:
    assert _found(clinic, **query) == (found or _found(clinic))


def test_a_page_that_is_not_there_leads_back(clinic: Server) -> None:
    text = requests.get(f"{clinic.address}/?page=99", timeout=30).text
    assert "There are not so many pages" in text


@pytest.mark.parametrize("text", ["a " * 500, "*" * 200, "[[[[", "\\", "''\"\"", "?" * 50, "=^="])
def test_odd_searches_are_answered(clinic: Server, text: str) -> None:
    assert requests.get(f"{clinic.address}/", params={"q": text}, timeout=30).status_code == 200


def test_no_more_words_are_looked_for_than_can_be() -> None:
    assert len(words("a b c d e f g h i j")) == 6
