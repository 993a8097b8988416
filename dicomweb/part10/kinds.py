"""What the first bytes of an element say about it, looked up once for each tag and VR."""

from dataclasses import dataclass

from dicomweb.part10.dictionary import EITHER_SIGN, vr_of
from dicomweb.part10.large import BINARY, MAX_BINARY, is_bulk
from dicomweb.part10.values import CONVERTERS, LONG, SHORT, Converter

MAX_REMEMBERED = 4096
"""Elements longer than this are not worth remembering."""
_MAX_KINDS = 20_000

CHARSET = "00080005"
PIXEL_REPRESENTATION = "00280103"


@dataclass(frozen=True, slots=True)
class Kind:
    """Elements without peculiarities: `header` bytes before the value, `longest` in all at most."""

    tag: str
    prefix: bytes  # the name of the JSON member, `"00100010":`
    convert: Converter | None  # None for a sequence
    header: int
    longest: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A sequence whose items come next; `at` is the offset of its header."""

    tag: str
    at: int
    value: int
    end: int
    defined: bool
    implicit: bool


KINDS: dict[bytes, Kind | None] = {}
"""The answers of `kind_of`, by its keys."""


def kind_of(key: bytes) -> Kind | None:
    """The Kind of an element in little endian; None for one that needs a closer look.

    The key is its first four bytes in implicit VR, in explicit VR the first six.
    """
    if key not in KINDS:
        if len(KINDS) >= _MAX_KINDS:
            KINDS.clear()
        KINDS[key] = _implicit_kind(key) if len(key) == 4 else _explicit_kind(key)
    return KINDS.get(key)


def _explicit_kind(key: bytes) -> Kind | None:
    code = key[4:6]
    if code == b"UN" or (code not in SHORT and code not in LONG):
        return None
    return _kind(tag_of(key), code.decode(), 8 if code in SHORT else 12)


def _implicit_kind(key: bytes) -> Kind | None:
    tag = tag_of(key)
    vr = vr_of(tag)
    return None if vr == EITHER_SIGN or tag == PIXEL_REPRESENTATION else _kind(tag, vr, 8)


def _kind(tag: str, vr: str, header: int) -> Kind | None:
    if tag == CHARSET or is_apart(tag) or is_bulk(tag, vr, 1):
        return None
    longest = MAX_BINARY + header if vr in BINARY else MAX_REMEMBERED
    return Kind(tag, b'"%b":' % tag.encode(), CONVERTERS.get(vr), header, longest)


def tag_of(header: bytes) -> str:
    """The tag that a header in little endian begins with, as eight digits."""
    return f"{header[1]:02X}{header[0]:02X}{header[3]:02X}{header[2]:02X}"


def is_apart(tag: str) -> bool:
    """Whether an element has no place in the JSON: group lengths and file meta (PS3.18 F.2.2)."""
    return tag.endswith("0000") or tag.startswith(("0002", "FFFE"))


def explicit_header(header: bytes) -> tuple[str, int, int]:
    """VR (whatever stands there, if it is letters), bytes before the value, and its length."""
    code = header[4:6]
    if code in LONG:
        return code.decode(), 12, int.from_bytes(header[8:12], "little")
    vr = code.decode() if code.isalpha() else ""
    return vr, 8, int.from_bytes(header[6:8], "little")


def explicit_stop(buf: bytes, i: int) -> int:
    """Where the element at `i` ends; `i` itself for one that is too long to be remembered."""
    vr = buf[i + 4 : i + 6]
    if vr in SHORT:
        return i + 8 + buf[i + 6] + (buf[i + 7] << 8)
    if vr in LONG and len(buf) >= i + 12 and buf[i + 9] < 16 and not (buf[i + 10] or buf[i + 11]):
        return i + 12 + buf[i + 8] + (buf[i + 9] << 8)
    return i


def implicit_stop(buf: bytes, i: int) -> int:
    if buf[i + 5] < 16 and not (buf[i + 6] or buf[i + 7]):
        return i + 8 + buf[i + 4] + (buf[i + 5] << 8)
    return i


def shown(tag: str) -> str:
    return f"({tag[:4]},{tag[4:]})"
