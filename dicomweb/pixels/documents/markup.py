"""Markup that cannot be broken by what it says: every text is escaped, once, here."""

import re
import unicodedata

# PS3.5 6.1.3: FF and CR are control characters of texts; for us they end a line.
_LINE_ENDS = re.compile("\r\n?|\f")
# What XML 1.0 2.2 forbids, and the controls that would steer a terminal.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_VOID = frozenset({"br", "col", "hr", "meta"})
_SAFE_URL = re.compile(r"(?:https?://|/(?!/)|#)[^\s\"'<>\\]*", re.IGNORECASE)


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def readable(text: str) -> str:
    """The text with ordinary line ends; controls and what is no character become U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def escape(text: str) -> Markup:
    """Text for an element or a quoted attribute; Markup passes as it is."""
    return text if isinstance(text, Markup) else Markup(readable(text).translate(_ESCAPES))


def join(parts: "list[Markup] | tuple[Markup, ...]", between: str = "") -> Markup:
    return Markup(between.join(parts))


def element(name: str, /, *children: str, **attributes: str | None) -> Markup:
    """An element: strings among the children are escaped, attributes that are None left out.

    `class_` stands for class; other underscores are hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(escape(child) for child in children)}</{name}>")


def safe_url(url: str) -> str | None:
    """The URL when a browser may follow it: http, https, or a path here; else None."""
    return url if _SAFE_URL.fullmatch(url) else None


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(1 for char in text if unicodedata.combining(char))
