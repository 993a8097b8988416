"""How reports get on paper: letters in their order and forms, lines, pages, in bounded time."""

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth

from extensions.radiology import report_pdf
from extensions.radiology.report_diff import difference
from extensions.radiology.report_layout import Pages, Style, broken, lines, measured
from extensions.radiology.report_scripts import apart, in_order, is_rightward, joined, runs
from extensions.radiology.report_sheet import person
from extensions.radiology.report_tables import RadiologyReportVersion

STYLE = Style()
LETTERS = "ab שלם12.,-() \u0301é山\u0645\u0631\u062d\u0628\u0627\u0644"
WORDS = st.text(alphabet=LETTERS, max_size=60)


@pytest.fixture(autouse=True)
def _typefaces() -> None:
    report_pdf._register()


@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("plain (a) 12.", "plain (a) 12."),
        ("שלום", "םולש"),
        ("a שלום b", "a םולש b"),
        ("שלום abc עולם", "םלוע abc םולש"),
        ("שלום 12.5 עולם", "םלוע 12.5 םולש"),
        ("(שלום) עולם", "םלוע (םולש)"),
        ("5 שלום", "םולש 5"),
        ("size 12 mm, שלום 12-13!", "size 12 mm, 12-13 םולש!"),
    ],
)
def test_words_that_run_to_the_left_are_drawn_so(typed: str, drawn: str) -> None:
    assert in_order(typed, is_rightward(typed)) == drawn


@given(WORDS)
@settings(max_examples=200)
def test_no_letter_is_lost_when_they_are_put_in_order(text: str) -> None:
    bare = str.maketrans("()", "||")
    drawn = in_order(text, is_rightward(text))
    assert sorted(drawn.translate(bare)) == sorted(text.translate(bare))
    assert apart(joined(text)) == text


@pytest.mark.parametrize("word", ["مرحبا", "سلام", "لا", "محمد", "كتاب"])
def test_arabic_letters_join(word: str) -> None:
    """Each form is one of the letter's own; the first joins on, the last is joined to."""
    shaped = joined(word)
    assert unicodedata.normalize("NFKC", shaped) == word
    names = [unicodedata.name(letter) for letter in shaped]
    assert all("FORM" in name for name in names)
    if len(names) > 1:
        assert names[0].endswith("INITIAL FORM")
    assert names[-1].endswith(("FINAL FORM", "ISOLATED FORM"))


@given(WORDS, st.floats(20, 200))
@example("1111 ", 26.0)
@settings(max_examples=200)
def test_lines_hold_the_whole_text_and_fit(text: str, width: float) -> None:
    found = list(broken(text, STYLE, width))
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(measured(line, STYLE) <= width or len(line.strip()) <= 1 for line in found)


def test_widths_are_those_of_the_library() -> None:
    text = "Knötchen ≤ 5 mm, Больше ничего."
    assert measured(text, STYLE) == pytest.approx(stringWidth(text, STYLE.face, STYLE.size), 1e-6)


def test_each_script_gets_a_typeface_that_has_it() -> None:
    found = dict(runs("a山b", "F"))
    assert found == {"F": "b", "STSong-Light": "山"}
    assert [face for face, _ in runs("山ひ", "F")] == ["HeiseiKakuGo-W5"]
    assert [face for face, _ in runs("한", "F")] == ["HYGothic-Medium"]
    assert list(runs("สวัสดี", "F")) == [("F", "สวัสดี")]


def test_a_paragraph_to_the_left_stands_on_the_right() -> None:
    (line,) = lines("שלום", STYLE, 10, 100)
    assert line.x + measured(line.shown, STYLE) == pytest.approx(110)
    assert line.said == "שלום"


def test_pages_are_filled_and_no_line_leaves_them() -> None:
    pages = Pages(10, 100, 200, 50)
    pages.write("\n".join("line" for _ in range(25)), STYLE)
    placed = [[line.y for line in page] for page in pages.pages]  # type: ignore[union-attr]
    assert [len(page) for page in placed] == [10, 10, 5]
    assert all(50 <= y <= 200 for page in placed for y in page)


@pytest.mark.parametrize("text", ["x" * 200_000, "<&" * 100_000, "a " * 100_000, "山" * 100_000])
def test_the_longest_text_is_broken_in_seconds(text: str) -> None:
    began = time.process_time()
    assert sum(len(line) for line in broken(text, STYLE, 480)) >= len(text) - text.count(" ")
    assert time.process_time() - began < 5


def test_the_longest_versions_are_compared_in_seconds() -> None:
    def version(number: int, text: str) -> RadiologyReportVersion:
        return RadiologyReportVersion(
            report_id="r", version=number, report_type="final", status="draft", at="", findings=text
        )

    old, new = ("\n".join(f"{n} {word}" for n in range(5_000)) for word in ("a", "b"))
    began = time.process_time()
    (change,) = difference(version(1, old), version(2, new)).changes
    assert [piece.op for piece in change.pieces] == ["delete", "insert"]
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^M^Dr^Jr", "Doe, Jane M (Dr Jr)"),
        ("Dr. Smith", "Dr. Smith"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("=山田^太郎", "山田, 太郎"),
        ("^Jane", "Jane"),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_a_name_is_written_as_people_write_it(name: str, written: str) -> None:
    assert person(name) == written
