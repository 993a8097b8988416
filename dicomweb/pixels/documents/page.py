"""A page as values: what it says, in an order, before it is HTML, plain text or XML."""

from dataclasses import dataclass
from typing import TypeAlias

from dicomweb.pixels.documents.markup import Markup


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a line; `hint` says more about them, `url` is where they lead.

    `ink`, as `#RRGGBB`, is a colour that is shown in front of them.
    """

    text: str
    hint: str = ""
    url: str = ""
    ink: str = ""


Line: TypeAlias = tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it is; `below` belongs to it, `note` is how it belongs to what is above."""

    label: str
    value: Line = ()
    below: tuple["Block", ...] = ()
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Line, ...]
    below: tuple["Block", ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns; `numeric` are the columns of numbers."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Numbered lines; with a `summary` they are folded behind it."""

    items: tuple[Line, ...]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph whose line ends count."""

    line: Line


@dataclass(frozen=True, slots=True)
class Ready:
    """A part that was made elsewhere: its markup, and what stands for it in plain text."""

    markup: Markup
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; behind it, where they are `folded`."""

    title: str
    blocks: tuple["Block", ...] = ()
    note: str = ""
    anchor: str = ""
    folded: bool = False


Block: TypeAlias = Facts | Table | Listing | Prose | Ready | Section


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page. `status` are words that must not be missed; `warnings` are sentences."""

    title: str
    header: tuple[Section, ...] = ()
    blocks: tuple[Block, ...] = ()
    status: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    language: str = ""


def say(text: str, hint: str = "", url: str = "") -> Line:
    """A line of one phrase; none at all for an empty text."""
    return (Phrase(text, hint, url),) if text else ()


def facts(*pairs: tuple[str, str | Line]) -> tuple[Fact, ...]:
    """The facts among the pairs of label and value: those with a value."""
    lined = ((label, say(value) if isinstance(value, str) else value) for label, value in pairs)
    return tuple(Fact(label, line) for label, line in lined if line)


def section_of(title: str, found: tuple[Fact, ...]) -> tuple[Section, ...]:
    """A section of facts; none without facts."""
    return (Section(title, (Facts(found),)),) if found else ()


def plain(line: Line) -> str:
    """The words of a line."""
    return "".join(phrase.text for phrase in line)


def listed(phrases: list[Phrase]) -> Line:
    """The phrases with commas between them."""
    line: list[Phrase] = []
    for phrase in phrases:
        line += [Phrase(", "), phrase] if line else [phrase]
    return tuple(line)
