"""The tokenizer for header values: lists of elements with parameters (RFC 9110 5.6).

It reads what clients send, which is more than the grammar allows: `type=application/dicom` without
quotes, `boundary=----=_Part_1`, `*;q=.2`. An element that cannot be read is left out, others stay.
"""

import re

MAX_HEADER_LENGTH = 8192
MAX_ELEMENTS = 100

# Possessive quantifiers throughout: no input makes these expressions go back.
_TAIL = r"""[ \t]*+ ( [^\s",;=]*+ ) [ \t]*+
            (?: = [ \t]*+ (?: " ( (?: [^"\\] | \\. )*+ ) " [ \t]*+ | ( %s*+ ) ) )?
            ( %s | \Z )"""
_IN_LIST = re.compile(_TAIL % ('[^",;]', "[,;]"), re.VERBOSE | re.DOTALL)
# Content-Type is no list: a comma belongs to the value, as it may in a boundary (RFC 2046 5.1.1).
_ALONE = re.compile(_TAIL % ('[^";]', ";"), re.VERBOSE | re.DOTALL)
_REST_OF_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+"?)*+,?', re.DOTALL)
_QUALITY = re.compile(r"[0-9]{1,3}(\.[0-9]{0,9})?|\.[0-9]{1,9}", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

# A name and its value; the value of a bare token (`gzip`, `text/html`) is None.
Pair = tuple[str, str | None]


def elements(header: str) -> list[list[Pair]]:
    """The elements of a list header in their order, each a list of pairs; unreadable ones left out.

    `'a/b; q=0.5, c; d="x,y"'` gives `[[("a/b", None), ("q", "0.5")], [("c", None), ("d", "x,y")]]`.
    Only the first MAX_ELEMENTS count.
    """
    found: list[list[Pair]] = []
    position = 0
    while position < len(header) and len(found) < MAX_ELEMENTS:
        pairs, position = _element(_IN_LIST, header, position)
        if pairs:
            found.append(pairs)
    return found


def element(header: str) -> list[Pair]:
    """The one element of a header that is no list, as Content-Type; empty when unreadable."""
    pairs, position = _element(_ALONE, header, 0)
    return pairs if position >= len(header) else []


def unquoted_list(header: str) -> list[str]:
    """The members of a simple list (`X-Forwarded-Host: a, b`), trimmed, empty ones left out."""
    return [member for part in header.split(",") if (member := part.strip(" \t"))]


def _element(grammar: re.Pattern[str], header: str, position: int) -> tuple[list[Pair], int]:
    """One element from `position`, and where the next begins; no pairs when it is malformed."""
    pairs: list[Pair] = []
    start = position
    while True:
        match = grammar.match(header, position)
        if match is None:
            rest = _REST_OF_ELEMENT.match(header, start)
            return [], max(position + 1, rest.end() if rest else 0)
        name, quoted, bare, end = match.groups()
        position = match.end()
        if quoted is not None:
            pairs.append((name, _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted))
        elif bare is not None:
            pairs.append((name, bare.rstrip(" \t")))
        elif name:
            pairs.append((name, None))
        if end != ";":
            return pairs, position


def quality(text: str | None) -> float | None:
    """A `q` value from 0 to 1 (RFC 9110 12.4.2), `.5` and long ones too; None when it is none."""
    if text is None or _QUALITY.fullmatch(text) is None:
        return None
    value = float(text)
    return value if value <= 1 else None


def quoted(text: str) -> str:
    """`text` as a quoted string of a header (RFC 9110 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
