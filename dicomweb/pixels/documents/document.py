"""A finished text with its media type, and its bytes in the charset that a client asked for."""

import codecs
from dataclasses import dataclass

UTF_8 = "utf-8"
# Python's names of charsets in which markup is ASCII, and what the rest of the world calls them.
_LABELS = (
    ("utf-8", "utf-8"),
    ("ascii", "us-ascii"),
    ("iso8859-", "iso-8859-"),
    ("iso2022_", "iso-2022-"),
    ("cp125", "windows-125"),
    ("koi8-", "koi8-"),
    ("gb", "gb"),
    ("big5", "big5"),
    ("euc_", "euc-"),
    ("shift_jis", "shift_jis"),
    ("tis-620", "tis-620"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """`text` of HTML declares UTF-8; of XML it stands without its declaration."""

    text: str
    media_type: str

    def encode(self, charset: str = UTF_8) -> bytes:
        """In HTML and XML what the charset has not becomes a character reference, elsewhere `?`.

        A charset that we do not know is taken for UTF-8 (PS3.18 8.8.5: those are ignored).
        """
        name = known_charset(charset)
        if self.media_type == "text/plain":
            return self.text.encode(name, "replace")
        text = self.text
        if self.media_type == "text/html":
            text = text.replace('<meta charset="utf-8">', f'<meta charset="{name}">', 1)
        else:
            text = f'<?xml version="1.0" encoding="{name.upper()}"?>\n{text}'
        return text.encode(name, "xmlcharrefreplace")


def known_charset(charset: str) -> str:
    """The name under which `Document.encode` writes a charset: for the Content-Type as well."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return UTF_8
    for python, label in _LABELS:
        if name.startswith(python):
            return label + name.removeprefix(python)
    return UTF_8
