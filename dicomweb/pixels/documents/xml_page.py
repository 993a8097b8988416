"""A page as XML: the same sections, facts and tables, for programs that read no HTML."""

from collections.abc import Iterable

from dicomweb.pixels.documents.markup import Markup, element, join
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Facts,
    Line,
    Listing,
    Page,
    Prose,
    Ready,
    Row,
    Section,
    Table,
)


def xml(page: Page) -> str:
    """The document without its XML declaration, which `Document.encode` writes."""
    parts = [element("title", page.title)]
    parts += [element("status", each) for each in page.status]
    parts += [element("warning", each) for each in page.warnings]
    return element("page", join(parts), _blocks((*page.header, *page.blocks))) + "\n"


def _blocks(blocks: Iterable[Block]) -> Markup:
    return join([_block(block) for block in blocks])


def _block(block: Block) -> Markup:
    match block:
        case Section():
            return element("section", _blocks(block.blocks), title=block.title)
        case Facts():
            return join([_fact(fact) for fact in block.facts])
        case Table():
            return element("table", *(_row(row, block.columns) for row in block.rows))
        case Listing():
            items = (element("item", _line(item)) for item in block.items)
            return element("list", *items, title=block.summary or None)
        case Prose():
            return element("text", _line(block.line))
        case Ready():
            return element("text", block.text) if block.text else Markup()


def _fact(fact: Fact) -> Markup:
    return element("fact", _line(fact.value), _blocks(fact.below), name=fact.label)


def _row(row: Row, columns: tuple[str, ...]) -> Markup:
    cells = [
        element("cell", _line(cell), name=title)
        for title, cell in zip(columns, row.cells, strict=True)
    ]
    return element("row", *cells, _blocks(row.below))


def _line(line: Line) -> Markup:
    return join(
        [
            element("value", phrase.text, note=phrase.hint or None, href=phrase.url or None)
            if phrase.hint or phrase.url
            else element("value", phrase.text)
            for phrase in line
            if phrase.text.strip(", ")
        ]
    )
