"""Whether two files hold the same data set, whatever stands before it and however it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from dicomweb.errors import InstanceRefused
from dicomweb.part10.header import Bulk, Reader
from dicomweb.part10.odd import Plain, make_plain
from dicomweb.part10.parse import PIECE, Parsed, parse
from dicomweb.part10.plain import split
from dicomweb.part10.source import WINDOW
from dicomweb.part10.syntaxes import NATIVE

MAX_COMPARED = 2 * 2**30
"""Files larger than this are the same only by their bytes."""
_APART = ("FFFCFFFC",)  # Data Set Trailing Padding
_ITEM_HEADER = 8


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was scanned: what of its Header matters here, and how to read it."""

    transfer_syntax: str
    dataset_offset: int
    size: int
    read: Reader


def same_dataset(a: Stored, b: Stored) -> bool:
    """Whether the data sets are the same, file meta information and preamble apart.

    Equal bytes in the same transfer syntax are; else native ones are compared value by value, so
    that implicit VR equals explicit VR. Memory stays bounded; time grows with the files.
    """
    if a.transfer_syntax == b.transfer_syntax and _same_bytes(a, b):
        return True
    if not {a.transfer_syntax, b.transfer_syntax} <= NATIVE or max(a.size, b.size) > MAX_COMPARED:
        return False
    try:
        first, second = (parse(file.read(0, WINDOW), file.size, file.read) for file in (a, b))
        one, other = _plain(first), _plain(second)
    except InstanceRefused:
        return False
    return (
        _same_elements(one.before + one.after, other.before + other.after)
        and (one.pixels is None) is (other.pixels is None)
        and _digest(first, one) == _digest(second, other)
    )


def _same_bytes(a: Stored, b: Stored) -> bool:
    length = a.size - a.dataset_offset
    if length != b.size - b.dataset_offset:
        return False
    return all(
        a.read(a.dataset_offset + at, PIECE) == b.read(b.dataset_offset + at, PIECE)
        for at in range(0, length, PIECE)
    )


def _plain(parsed: Parsed) -> Plain:
    at = 0 if parsed.deflated else parsed.meta.dataset_offset
    return make_plain(parsed.data, at, parsed.encoding)


def _same_elements(one: bytes, other: bytes) -> bool:
    """Whether two plain data sets have the same values under the same tags, VRs apart."""
    pending = [(one, other)]
    while pending:
        a, b = pending.pop()
        if a == b:
            continue
        left, right = _by_tag(a), _by_tag(b)
        if left.keys() != right.keys():
            return False
        for tag, (is_sequence, value) in left.items():
            also_sequence, counterpart = right[tag]
            if not (is_sequence and also_sequence):
                if value != counterpart:
                    return False
                continue
            items, others = list(_items(value)), list(_items(counterpart))
            if len(items) != len(others):
                return False
            pending += zip(items, others, strict=True)
    return True


def _by_tag(elements: bytes) -> dict[str, tuple[bool, bytes]]:
    return {
        element.tag: (element.vr == "SQ", element.value)
        for element in split(elements)
        if element.tag not in _APART
    }


def _items(sequence: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(sequence):
        end = at + _ITEM_HEADER + int.from_bytes(sequence[at + 4 : at + 8], "little")
        yield sequence[at + _ITEM_HEADER : end]
        at = end


def _digest(parsed: Parsed, plain: Plain) -> bytes:
    """Of the pixel data, in little endian."""
    digest = blake2b()
    if plain.pixels is not None:
        place = plain.pixels
        value = Bulk(place.tag, place.vr, place.offset, place.length)
        for piece in parsed.pieces(value, 0, place.length):
            digest.update(piece)
    return digest.digest()
