"""A page as HTML: one small file without scripts, for light and dark screens and for paper."""

import base64
import hashlib
import re
from collections.abc import Iterable

from dicomweb.pixels.documents.markup import Markup, element, escape, join, safe_url
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Facts,
    Line,
    Listing,
    Page,
    Phrase,
    Prose,
    Ready,
    Row,
    Section,
    Table,
)

STYLE = Markup(
    """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--ground:#fff;--tint:#f4f6f8;
--line:#d0d7de;--link:#0550ae;--alarm:#9a3412}
@media (prefers-color-scheme:dark){:root{--ink:#e2e6ea;--soft:#9aa4af;--ground:#14171b;
--tint:#1e2329;--line:#3a424b;--link:#79b8ff;--alarm:#fdba74}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:64rem;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1.4em 0 .4em}
h1{font-size:1.6rem;margin-top:0}h2{font-size:1.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1.12rem}h4,h5,h6{font-size:1rem}
a{color:var(--link)}
p,dd,td{white-space:pre-wrap}
.status{color:var(--alarm);font-weight:600;margin:.2em 0}
.head{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:0 2rem;
background:var(--tint);border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem 1rem}
.head h2{font-size:1rem;border:0;margin:.6em 0 .2em}
dl{margin:.3em 0}
dl>div{display:grid;grid-template-columns:minmax(7rem,15rem) 1fr;gap:.1rem 1rem;padding:.12em 0}
.head dl>div{grid-template-columns:8rem 1fr}
dt{color:var(--soft)}dd{margin:0;min-width:0}
.below{grid-column:1/-1;white-space:normal;
border-left:2px solid var(--line);padding-left:1rem;margin-left:.2rem}
.note{color:var(--soft);font-size:.85em;font-style:italic}
section section{padding-left:.8rem}
table{border-collapse:collapse;margin:.5em 0;max-width:100%}
th,td{border-bottom:1px solid var(--line);padding:.25em .9em .25em 0;text-align:left;
vertical-align:top;font-weight:400}
thead th{color:var(--soft);font-size:.88em}
.number{text-align:right;font-variant-numeric:tabular-nums}
details{margin:.8em 0}summary{cursor:pointer;color:var(--soft)}
object,svg.sheet{width:100%;border:1px solid var(--line);background:#fff}
object{height:80vh}
.swatch{width:.9em;height:.9em;vertical-align:-.1em}
@media print{body{max-width:none;padding:0;font-size:10pt}a{color:inherit}
h1,h2,h3,h4{break-after:avoid}tr,dl>div{break-inside:avoid}object{display:none}}
"""
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self' data:; object-src 'self';"
    " frame-src 'self'; base-uri 'none'; form-action 'none'"
)
"""For the header of the same name: a page needs its one style sheet, and nothing else."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)


def html(page: Page) -> str:
    """The whole document; its charset is UTF-8 unless `Document.encode` writes another."""
    language = page.language if _LANGUAGE.fullmatch(page.language) else None
    status = element("p", " · ".join(page.status), class_="status") if page.status else Markup()
    warnings = join([element("p", each, class_="status", role="note") for each in page.warnings])
    heads = join([_section(section, 2) for section in page.header])
    body = join(
        [
            element("header", element("h1", page.title, dir="auto"), status, warnings),
            element("div", heads, class_="head") if heads else Markup(),
            element("main", _blocks(page.blocks, 2)),
        ]
    )
    return "".join(
        (
            "<!DOCTYPE html>\n",
            f'<html lang="{escape(language)}">' if language else "<html>",
            '<head><meta charset="utf-8">',
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", page.title),
            f"<style>{STYLE}</style></head>\n",
            element("body", body),
            "</html>\n",
        )
    )


def _blocks(blocks: Iterable[Block], level: int) -> Markup:
    return join([_block(block, level) for block in blocks], "\n")


def _block(block: Block, level: int) -> Markup:
    match block:
        case Section():
            return _section(block, level)
        case Facts():
            return element("dl", *(_fact(fact, level) for fact in block.facts))
        case Table():
            return _table(block, level)
        case Listing():
            return _listing(block)
        case Prose():
            return element("p", _line(block.line), dir="auto")
        case Ready():
            return block.markup


def _section(section: Section, level: int) -> Markup:
    if section.folded:
        summary = element("summary", section.title)
        return element("details", summary, _blocks(section.blocks, level + 1))
    heading = f"h{min(level, 6)}"
    title = element(heading, section.title, _note(section.note), dir="auto")
    return element("section", title, _blocks(section.blocks, level + 1), id=section.anchor or None)


def _fact(fact: Fact, level: int) -> Markup:
    """A group of dt and dd; what belongs to the fact is indented under both."""
    label = element("dt", fact.label, _note(fact.note), dir="auto")
    value = element("dd", _line(fact.value), dir="auto")
    below = _blocks(fact.below, level + 1)
    more = element("dd", below, class_="below") if below else Markup()
    return element("div", label, value, more, id=fact.anchor or None)


def _note(note: str) -> Markup:
    return join([escape(" "), element("span", f"({note})", class_="note")]) if note else Markup()


def _table(table: Table, level: int) -> Markup:
    classes = ["number" if n in table.numeric else None for n in range(len(table.columns))]
    head = element(
        "tr",
        *(
            element("th", title, scope="col", class_=kind)
            for title, kind in zip(table.columns, classes, strict=True)
        ),
    )
    rows = join([_row(row, classes, level) for row in table.rows])
    return element("table", element("thead", head), element("tbody", rows))


def _row(row: Row, classes: list[str | None], level: int) -> Markup:
    cells = [
        element("td", _line(cell), class_=kind, dir="auto")
        for cell, kind in zip(row.cells, classes, strict=True)
    ]
    if cells:
        cells[0] = element("th", _line(row.cells[0]), scope="row", class_=classes[0], dir="auto")
    written = element("tr", *cells, id=row.anchor or None)
    if not row.below:
        return written
    inner = element("div", _blocks(row.below, level + 1), class_="below")
    return join([written, element("tr", element("td", inner, colspan=str(len(classes))))])


def _listing(listing: Listing) -> Markup:
    items = element("ol", *(element("li", _line(item), dir="auto") for item in listing.items))
    if not listing.summary:
        return items
    return element("details", element("summary", listing.summary), items)


def _line(line: Line) -> Markup:
    return join([_phrase(phrase) for phrase in line])


def _phrase(phrase: Phrase) -> Markup:
    if phrase.ink:
        patch = element("rect", width="9", height="9", fill=phrase.ink)
        swatch = element("svg", patch, class_="swatch", viewBox="0 0 9 9", aria_hidden="true")
        return join([swatch, escape(f" {phrase.text}")])
    hint, url = phrase.hint or None, safe_url(phrase.url)
    if url is not None:
        return element("a", phrase.text, href=url, title=hint, rel="noreferrer")
    return element("span", phrase.text, title=hint) if hint else escape(phrase.text)
