"""Explicit VR Little Endian, taken apart and put together element by element."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from dicomweb.part10.fragments import ITEM
from dicomweb.part10.values import LONG, SHORT

_SWAPPED = {2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True)
class Element:
    """One element; `whole` are its bytes with the header, `header` the length of that."""

    tag: str
    vr: str
    header: int
    whole: bytes

    @property
    def value(self) -> bytes:
        return self.whole[self.header :]


def element_bytes(tag: str, vr: str, value: bytes) -> bytes:
    """One element, padded to an even length; a value too long for its VR is UN (PS3.5 6.2.2)."""
    if len(value) % 2:
        value += b"\0" if vr in {"OB", "UI", "UN"} else b" "
    return element_header(tag, vr, len(value)) + value


def element_header(tag: str, vr: str, length: int) -> bytes:
    group, element, code = int(tag[:4], 16), int(tag[4:], 16), vr.encode()
    if code in SHORT and length <= 0xFFFF:
        return struct.pack("<HH2sH", group, element, code, length)
    return struct.pack("<HH2sHI", group, element, code if code in LONG else b"UN", 0, length)


def item_bytes(content: bytes) -> bytes:
    return ITEM + struct.pack("<I", len(content)) + content


def split(elements: bytes) -> Iterator[Element]:
    """The elements of a data set that `element_bytes` made: defined lengths, nothing odd."""
    at = 0
    while at < len(elements):
        group, element, code, length = struct.unpack_from("<HH2sH", elements, at)
        header = 8
        if code in LONG:
            header = 12
            (length,) = struct.unpack_from("<I", elements, at + 8)
        end = at + header + length
        yield Element(f"{group:04X}{element:04X}", code.decode(), header, elements[at:end])
        at = end


def swapped(value: bytes, unit: int) -> bytes:
    """Numbers of `unit` bytes in the other byte order; an incomplete one at the end stays."""
    if unit not in _SWAPPED:
        return value
    whole = len(value) // unit * unit
    numbers = array(_SWAPPED[unit], value[:whole])
    numbers.byteswap()
    return numbers.tobytes() + value[whole:]
