"""Encapsulated pixel data: the walk over its items (PS3.5 A.4)."""

from array import array
from dataclasses import dataclass
from itertools import pairwise

from dicomweb.part10.limits import MAX_FRAGMENTS, too_much
from dicomweb.part10.source import Source

ITEM = b"\xfe\xff\x00\xe0"
ITEM_END = b"\xfe\xff\x0d\xe0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0"
UNDEFINED = 0xFFFFFFFF

_MAX_TABLE = 4 * MAX_FRAGMENTS
_AHEAD = 64 * 1024
_FAR = 4096  # fragments longer than this are hopped over, shorter ones read through


@dataclass(frozen=True, slots=True)
class Fragments:
    """The items of one encapsulated value.

    `starts` are the offsets of the fragments' item headers, and the end of the last fragment, in
    the file; `table` is the value of the Basic Offset Table; `end` is the offset behind all of it.
    `whole` is false where the file ends too soon, or goes on without a delimiter.
    """

    starts: "array[int]"
    table: bytes
    end: int
    whole: bool

    @property
    def spans(self) -> list[tuple[int, int]]:
        """(begin, end) of the content of each fragment."""
        return [(begin + 8, end) for begin, end in pairwise(self.starts)]


def walk(source: Source, offset: int, limit: int) -> Fragments:
    """The items from `offset` (of the first item) to the delimiter, but not beyond `limit`.

    Costs one small read for each long fragment, fewer for short ones. InstanceRefused beyond
    MAX_FRAGMENTS.
    """
    starts = array("Q")
    near, near_base = source.buf, source.base
    at, previous = offset, 0
    whole, table = False, (0, 0)
    ends = offset
    while at + 8 <= limit:
        i = at - near_base
        header = near[i : i + 8] if i >= 0 else b""
        if len(header) < 8 and previous > _FAR:
            header = source.read(at, 8)
        elif len(header) < 8:
            near, near_base = source.read(at, min(_AHEAD, limit - at)), at
            header = near[:8]
        kind = header[:4]
        if kind != ITEM:
            whole = kind == SEQUENCE_END
            at += 8 if whole else 0
            break
        previous = int.from_bytes(header[4:], "little")
        if table == (0, 0):
            table = (at + 8, previous)
        else:
            starts.append(at)
            if len(starts) > MAX_FRAGMENTS:
                raise too_much(f"The pixel data have more than {MAX_FRAGMENTS} fragments.")
        at += 8 + previous
        ends = min(at, limit)
    else:
        at = min(at, limit)
    starts.append(ends)
    content = source.at(table[0], min(table[1], _MAX_TABLE)) if table[1] else b""
    return Fragments(starts, content, min(at, limit), whole)
