"""The content of templates: HTML made harmless, HTML as plain text, text in sections."""

import re
from html.parser import HTMLParser

from extensions.radiology.report_tables import SECTIONS, TITLES

# What a report is made of; no links, no images, no styles, no attributes.
TAGS = frozenset(
    {"p", "br", "b", "strong", "i", "em", "u", "sub", "sup", "h1", "h2", "h3", "h4", "ul", "ol"}
    | {"li", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "hr", "div", "span"}
)
_BLOCKS = TAGS - {"b", "strong", "i", "em", "u", "sub", "sup", "span", "td", "th", "br"}
_HEADINGS = {
    **{title.casefold(): field for field, title in TITLES.items()},
    "history": "clinical_history",
    "clinical information": "clinical_history",
    "indication": "clinical_history",
    "impressions": "impression",
    "conclusion": "impression",
    "recommendation": "recommendations",
    "finding": "findings",
}
_HEADING = re.compile(r"[#*\s]*([A-Za-z ]{4,24}?)[*\s]*(?::[*\s]*(.*))?", re.DOTALL)


def harmless(html: str) -> str:
    """The HTML with nothing in it that could run, load or hide; placeholders stay."""
    import nh3

    return nh3.clean(html, tags=set(TAGS), attributes={}, link_rel=None)


def plain(html: str) -> str:
    """HTML as text: a line for each block, a dash before each item of a list."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split(" ")).strip() for line in "".join(reader.found).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _BLOCKS:
            self._end_line()
        if tag == "br":
            self.found.append("\n")
        if tag == "li":
            self.found.append("- ")
        if tag in ("td", "th"):
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line()

    def handle_data(self, data: str) -> None:
        self.found.append(re.sub(r"\s+", " ", data))

    def _end_line(self) -> None:
        if self.found and not self.found[-1].endswith("\n"):
            self.found.append("\n")


def sections(text: str) -> dict[str, str]:
    """The text by the sections of a report that its headings name: `FINDINGS:`, `Impression`.

    What stands before the first heading, and all of it where there is none, is `findings`.
    """
    found: dict[str, list[str]] = {}
    current = "findings"
    for line in text.split("\n"):
        field, rest = _heading(line)
        if field:
            current, line = field, rest
        if line or current in found:
            found.setdefault(current, []).append(line)
    texts = {name: "\n".join(found[name]).strip() for name in SECTIONS if name in found}
    return {name: text for name, text in texts.items() if text}


def _heading(line: str) -> tuple[str, str]:
    """The section that a line begins, and what follows on it; empty where it begins none.

    Without a colon only a line that is nothing else is a heading.
    """
    match = _HEADING.fullmatch(line[:300]) if len(line) < 300 else None
    if match is None:
        return "", ""
    return _HEADINGS.get(match[1].strip().casefold(), ""), (match[2] or "").strip()
