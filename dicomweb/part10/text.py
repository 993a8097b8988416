"""Character sets: the bytes of a text value as Unicode (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

import re
from dataclasses import dataclass
from functools import lru_cache

ASCII = "ascii"
UTF8 = "utf-8"

# The part of a defined term behind "ISO_IR " or "ISO 2022 IR ", as a Python codec.
_CODECS = {
    "6": ASCII,
    "13": "shift_jis",  # JIS X 0201 is its single-byte half
    "100": "latin-1",
    "101": "iso8859-2",
    "109": "iso8859-3",
    "110": "iso8859-4",
    "126": "iso8859-7",
    "127": "iso8859-6",
    "138": "iso8859-8",
    "144": "iso8859-5",
    "148": "iso8859-9",
    "166": "iso8859-11",
    "203": "iso8859-15",
    "192": UTF8,
    "149": "euc_kr",
    "58": "gb2312",
    "87": ASCII,  # JIS X 0208 and 0212 stand in G0, after an escape only
    "159": ASCII,
}
# These stand alone: no escapes, and in GB18030 and GBK a second byte may look like a delimiter.
_WHOLE = {"GB18030": "gb18030", "GBK": "gbk", "ISO 2022 GBK": "gbk"}
_TERM = re.compile(r"ISO(?:_IR|[ _-]?2022[ _-]IR)[ _](\d+)")
_SLOPPY_TERM = re.compile(r"ISO[ _-]?(?:2022[ _-]?)?(?:IR)?[ _-]?(\d+)")

# PS3.3 Tables C.12-3 and C.12-4: what an escape sequence puts into the right half (G1) …
_RIGHT = {
    b"\x1b-A": "latin-1",
    b"\x1b-B": "iso8859-2",
    b"\x1b-C": "iso8859-3",
    b"\x1b-D": "iso8859-4",
    b"\x1b-F": "iso8859-7",
    b"\x1b-G": "iso8859-6",
    b"\x1b-H": "iso8859-8",
    b"\x1b-L": "iso8859-5",
    b"\x1b-M": "iso8859-9",
    b"\x1b-T": "iso8859-11",
    b"\x1b-b": "iso8859-15",
    b"\x1b)I": "shift_jis",
    b"\x1b$)C": "euc_kr",
    b"\x1b$)A": "gb2312",
}
# … and into the left one (G0): single bytes, or pairs, with the prefix that EUC-JP gives them.
_LEFT_SINGLE = (b"\x1b(B", b"\x1b(J")
_LEFT_PAIRS = {b"\x1b$B": b"", b"\x1b$@": b"", b"\x1b$(D": b"\x8f"}
_ESCAPE = re.compile(rb"\x1b(?:\$[()][A-D]|\$[@B]|[()\-][A-Za-z])?")
_PAIRS = re.compile(rb"([\x21-\x7e]+)")
_HIGH = bytes(byte | 0x80 for byte in range(256))

# What ends the reach of an escape sequence (PS3.5 6.1.2.5.3): line ends, and the VR's delimiters.
_CONTROLS = re.compile(rb"[\t\n\f\r]")
_CONTROLS_VALUES = re.compile(rb"[\t\n\f\r\\]")
_CONTROLS_NAMES = re.compile(rb"[\t\n\f\r\\^=]")


@dataclass(frozen=True, slots=True, eq=False)
class Charset:
    """How the text of a data set is encoded. `known` is false for terms that are not defined.

    There is one for each value of Specific Character Set, so that it is its own key.
    """

    codec: str = ASCII
    escapes: bool = False
    known: bool = True

    def decode(self, raw: bytes, vr: str) -> tuple[str, bool]:
        """The text, and whether every byte had a meaning; those without are guessed, or U+FFFD."""
        if self.escapes and b"\x1b" in raw:
            return _with_escapes(raw, self.codec, _resets(vr))
        return _strict_or_replaced(raw, self.codec)


DEFAULT = Charset()


@lru_cache(maxsize=256)
def charset(value: bytes) -> Charset:
    """The Charset of a value of Specific Character Set (0008,0005)."""
    terms = [term.strip() for term in value.decode("latin-1").strip(" \0").split("\\")]
    codecs = [_codec(term) for term in terms]
    known = all(codec and right for codec, right in codecs)
    first = codecs[0][0] or ASCII
    return Charset(first, terms[0] not in _WHOLE and first != UTF8, known)


def _codec(term: str) -> tuple[str, bool]:
    """The codec of one term, empty when there is none, and whether the term is a defined one."""
    if not term:
        return ASCII, True
    if term in _WHOLE:
        return _WHOLE[term], True
    if found := _TERM.fullmatch(term):
        return _CODECS.get(found[1], ""), True
    if found := _SLOPPY_TERM.fullmatch(term):
        return _CODECS.get(found[1], ""), False
    return "", False


def _resets(vr: str) -> re.Pattern[bytes]:
    if vr == "PN":
        return _CONTROLS_NAMES
    return _CONTROLS if vr in {"LT", "ST", "UT"} else _CONTROLS_VALUES


def _strict_or_replaced(raw: bytes, codec: str) -> tuple[str, bool]:
    try:
        return raw.decode(codec), True
    except UnicodeDecodeError:
        return (_guessed(raw) if codec == ASCII else raw.decode(codec, "replace")), False


def _guessed(raw: bytes) -> str:
    """Text beyond ASCII of a writer that did not say which: UTF-8 hardly ever looks so by chance.

    Else Latin-1, as pydicom, Orthanc and dcmjs read it: most such names can be read and found so.
    """
    try:
        return raw.decode(UTF8)
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _with_escapes(raw: bytes, initial: str, resets: re.Pattern[bytes]) -> tuple[str, bool]:
    """Text with code extensions (PS3.5 6.1.2.5): each escape sequence governs what follows it."""
    pieces: list[tuple[str, bool]] = []
    right, pairs = initial, None
    at = 0
    for found in _ESCAPE.finditer(raw):
        piece, right, pairs = _piece(raw[at : found.start()], right, pairs, initial, resets)
        pieces.append(piece)
        escape, at = found[0], found.end()
        if escape in _LEFT_PAIRS:
            pairs = _LEFT_PAIRS[escape]
        elif escape in _LEFT_SINGLE:
            pairs = None
        elif escape in _RIGHT:
            right = _RIGHT[escape]
        else:
            pieces.append(("\ufffd", False))
    pieces.append(_piece(raw[at:], right, pairs, initial, resets)[0])
    return "".join(text for text, _ in pieces), all(right for _, right in pieces)


def _piece(
    raw: bytes, right: str, pairs: bytes | None, initial: str, resets: re.Pattern[bytes]
) -> tuple[tuple[str, bool], str, bytes | None]:
    """The text between two escape sequences; and what is in force behind it."""
    if pairs is not None:
        text, clean = _double_bytes(raw, pairs, initial)
        reset = _CONTROLS.search(raw)
    else:
        reset = resets.search(raw)
        end = reset.start() if reset else len(raw)
        text, clean = _strict_or_replaced(raw[:end], right)
        if reset:
            rest, rest_clean = _strict_or_replaced(raw[end:], initial)
            if not rest_clean:
                rest = _as_before(raw[end:], right, rest)
            text, clean = text + rest, clean and rest_clean
    return (text, clean), (initial if reset else right), (None if reset else pairs)


def _as_before(raw: bytes, right: str, otherwise: str) -> str:
    """Text whose writer (pydicom is one) did not repeat its escape sequence behind a line break."""
    text, readable = _strict_or_replaced(raw, right)
    return text if readable else otherwise


def _double_bytes(raw: bytes, prefix: bytes, initial: str) -> tuple[str, bool]:
    """JIS X 0208 or 0212 in the left half: pairs of bytes, among spaces and line ends."""
    texts = []
    clean = True
    for number, part in enumerate(_PAIRS.split(raw)):
        if number % 2:
            high = part.translate(_HIGH)
            euc = b"".join(prefix + high[i : i + 2] for i in range(0, len(high), 2))
            text, whole = _strict_or_replaced(euc, "euc_jp")
        else:
            text, whole = _strict_or_replaced(part, initial)
        texts.append(text)
        clean = clean and whole
    return "".join(texts), clean
