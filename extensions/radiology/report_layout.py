"""Text on pages: lines broken to a width, pages filled from the top, in time linear in the text."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from extensions.radiology import report_scripts

FACE, BOLD = "Lightbox", "Lightbox-Bold"
INK, GREY, RED = "#1a1a1a", "#5f6368", "#b00020"


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is written; sizes in points."""

    face: str = FACE
    size: float = 10.0
    leading: float = 14.5
    colour: str = INK


@dataclass(frozen=True, slots=True)
class Written:
    """A line in its place: `x` and the base line `y` from the lower left corner of the page.

    `shown` are its letters as they are drawn, `said` as they are read.
    """

    x: float
    y: float
    style: Style
    shown: str
    said: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin horizontal line."""

    x: float
    y: float
    width: float
    thickness: float


@dataclass(slots=True)
class Pages:
    """Pages that fill from `top` down to `bottom`, between `left` and `left + width`."""

    left: float
    width: float
    top: float
    bottom: float
    pages: list[list[Written | Rule]] = field(default_factory=lambda: [[]])
    y: float = 0.0

    def __post_init__(self) -> None:
        self.y = self.top

    def space(self, height: float) -> None:
        """Leave a gap, but not at the top of a page."""
        if self.y < self.top:
            self.y -= height

    def need(self, height: float) -> None:
        """Begin a new page unless so much is left of this one."""
        if self.y - height < self.bottom:
            self.pages.append([])
            self.y = self.top

    def rule(self, width: float, thickness: float) -> None:
        self.pages[-1].append(Rule(self.left, self.y, width, thickness))

    def write(self, text: str, style: Style) -> None:
        """A text in as many lines as it takes; lines that it has itself stay apart."""
        for paragraph in text.split("\n"):
            if not paragraph.strip():
                self.space(style.leading / 2)
                continue
            for line in lines(paragraph, style, self.left, self.width):
                self.need(style.leading)
                self.y -= style.leading
                self.pages[-1].append(replace(line, y=self.y))

    def columns(self, cells: list[tuple[str, Style, float, float]]) -> None:
        """Texts side by side: each with its style, its left edge, where it begins, its width."""
        columns = [(list(lines(text, style, x, width)), x) for text, style, x, width in cells]
        leading = max(style.leading for _, style, _, _ in cells)
        for number in range(max(len(found) for found, _ in columns)):
            self.need(leading)
            self.y -= leading
            for found, x in columns:
                if number < len(found):
                    self.pages[-1].append(replace(found[number], x=x, y=self.y))


def lines(text: str, style: Style, x: float, width: float) -> Iterator[Written]:
    """The lines of one paragraph, broken to `width`; what runs to the left stands on the right."""
    said = unicodedata.normalize("NFC", text.replace("\t", "    "))
    leftward = report_scripts.has_leftward(said)
    rightward = not leftward or report_scripts.is_rightward(said)
    letters = report_scripts.joined(said) if leftward else said
    for line in broken(letters, style, width):
        shown = report_scripts.in_order(line, rightward) if leftward else line
        begin = x if rightward else x + width - measured(line, style)
        yield Written(begin, 0.0, style, shown, report_scripts.apart(line) if leftward else line)


def broken(text: str, style: Style, width: float) -> Iterator[str]:
    """Lines of at most `width`: broken at blanks, between Han letters, else anywhere."""
    start, place, used = 0, -1, 0.0
    for number, char in enumerate(text):
        wide = letter_width(char, style.face) * style.size
        while used + wide > width and number > start and char != " ":
            cut = place if place > start else number
            yield text[start:cut].rstrip(" ")
            start, place = cut, -1
            used = measured(text[start:number], style)
        if char == " ":
            place = number + 1
        elif report_scripts.typeface_of(char):
            place = number
        used += wide
    yield text[start:].rstrip(" ")


def measured(text: str, style: Style) -> float:
    return sum(letter_width(char, style.face) for char in text) * style.size


@lru_cache(maxsize=8192)
def letter_width(char: str, face: str) -> float:
    """The width of a letter of one point; marks that stand on another have none."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    ((name, run),) = report_scripts.runs(char, face)
    return float(stringWidth(run, name, 1000)) / 1000
