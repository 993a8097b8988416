"""A page as plain text that is readable on a terminal: indented, aligned, a hundred columns."""

import textwrap
from collections.abc import Iterable, Iterator

from dicomweb.pixels.documents.markup import readable, width_of
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Facts,
    Listing,
    Page,
    Prose,
    Ready,
    Section,
    Table,
    plain,
)

COLUMNS = 100
# Deeper than this the indentation stands still: there must be room for words.
MAX_INDENT = 24
_LABEL = 28


def plain_text(page: Page) -> str:
    """The whole page; controls of terminals are no part of it."""
    lines = [*_heading(page.title, 1)]
    lines += [" · ".join(page.status)] if page.status else []
    lines += page.warnings
    lines += _blocks(page.header, 0, 2)
    for block in page.blocks:
        lines += [] if isinstance(block, Section) else [""]
        lines += _block(block, 0, 2)
    cleaned = readable("\n".join(line.rstrip() for line in lines))
    return f"{cleaned}\n"


def _blocks(blocks: Iterable[Block], indent: int, level: int) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, indent, level)


def _block(block: Block, indent: int, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield ""
            title = f"{block.title} ({block.note})" if block.note else block.title
            yield from _indented(_heading(_one_line(title), level), indent)
            yield from _blocks(block.blocks, _deeper(indent), level + 1)
        case Facts():
            yield from _facts(block.facts, indent, level)
        case Table():
            yield from _table(block, indent, level)
        case Listing():
            yield from _wrapped(f"{block.summary}:" if block.summary else "", indent)
            for number, item in enumerate(block.items, 1):
                yield from _labelled(f"{number}.", plain(item), indent, 4)
        case Prose():
            yield from _wrapped(plain(block.line), indent)
        case Ready():
            yield from _wrapped(block.text, indent)


def _heading(title: str, level: int) -> list[str]:
    line = {1: "=", 2: "-"}.get(level)
    return [title, line * min(width_of(title), COLUMNS)] if line else [title]


def _facts(found: tuple[Fact, ...], indent: int, level: int) -> Iterator[str]:
    labels = [
        _one_line(f"{fact.label} ({fact.note})" if fact.note else fact.label) for fact in found
    ]
    column = max((width for label in labels if (width := width_of(label)) <= _LABEL), default=0) + 2
    for label, fact in zip(labels, found, strict=True):
        yield from _labelled(f"{label}:", plain(fact.value), indent, column)
        yield from _blocks(fact.below, _deeper(indent), level + 1)


def _labelled(label: str, text: str, indent: int, column: int) -> Iterator[str]:
    """The label and beside it the text, or below it where the label is too long for that."""
    padded = label + " " * (column - width_of(label))
    lines = list(_wrapped(text, indent + column)) or [""]
    if width_of(label) < column or not text:
        yield " " * indent + padded + lines[0][indent + column :]
        yield from lines[1:]
    elif "\n" in text or len(text) + len(label) + indent + 1 > COLUMNS:
        yield " " * indent + label
        yield from _wrapped(text, indent + 4)
    else:
        yield " " * indent + f"{label} {text}"


def _table(table: Table, indent: int, level: int) -> Iterator[str]:
    """Aligned columns, or a line for each cell where the table is wider than the page."""
    rows = [[_one_line(plain(cell)) for cell in row.cells] for row in table.rows]
    widths = [
        max(width_of(cell) for cell in column) for column in zip(table.columns, *rows, strict=True)
    ]
    if indent + sum(widths) + 2 * len(widths) > COLUMNS:
        yield from _unfolded(table, indent, level)
        return
    yield from _indented([_aligned(list(table.columns), widths, table.numeric)], indent)
    for row, cells in zip(table.rows, rows, strict=True):
        yield from _indented([_aligned(cells, widths, table.numeric)], indent)
        yield from _blocks(row.below, _deeper(indent), level + 1)


def _unfolded(table: Table, indent: int, level: int) -> Iterator[str]:
    for row in table.rows:
        pairs = zip(table.columns, row.cells, strict=True)
        found = tuple(Fact(title, cell) for title, cell in pairs if cell)
        yield from _facts(found, indent, level)
        yield from _blocks(row.below, _deeper(indent), level + 1)
        yield ""


def _aligned(cells: list[str], widths: list[int], numeric: tuple[int, ...]) -> str:
    parts = []
    for n, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        gap = " " * (width - width_of(cell))
        parts.append(gap + cell if n in numeric else cell + gap)
    return "  ".join(parts)


def _wrapped(text: str, indent: int) -> Iterator[str]:
    """Each line of the text by itself; words longer than a line are left whole."""
    for line in readable(text).split("\n") if text else ():
        margin = " " * indent
        yield from textwrap.wrap(
            line.expandtabs(4),
            max(COLUMNS, indent + 40),
            initial_indent=margin,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [margin]


def _one_line(text: str) -> str:
    return " ".join(readable(text).split())


def _indented(lines: Iterable[str], indent: int) -> Iterator[str]:
    return (" " * indent + line for line in lines)


def _deeper(indent: int) -> int:
    return min(indent + 2, MAX_INDENT)
