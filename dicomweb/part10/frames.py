"""Where each frame of the pixel data lies: computed once at ingest, read in O(1) afterwards."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from dicomweb.errors import NotFound

_NATIVE = struct.Struct("<BBIQQQ")  # kind, flags, count, offset, bits per frame, bytes of the value
_ITEMS = struct.Struct("<BBIQI")  # kind, flags, count, offset of the first item, number of items
_KIND_NATIVE, _KIND_ITEMS = 1, 2
_INSIDE, _WIDE, _GROUPED = 1, 2, 4
_ITEM_HEADER = 8


@dataclass(frozen=True, slots=True)
class FrameTable:
    """The frames of one instance, as positions in its file.

    `native` tells uncompressed pixels from encapsulated ones. Where `inside` is true, positions
    count from the start of the value, which only `bulk.read_bulk` can give (deflated, big endian).
    A table lives as the bytes of `pack()`; nothing of it is unpacked but the frame asked for.
    """

    packed: bytes

    def pack(self) -> bytes:
        return self.packed

    @staticmethod
    def unpack(packed: bytes) -> "FrameTable":
        return FrameTable(packed)

    @property
    def native(self) -> bool:
        return self.packed[0] == _KIND_NATIVE

    @property
    def inside(self) -> bool:
        return bool(self.packed[1] & _INSIDE)

    @property
    def count(self) -> int:
        """Frames that can be given; fewer than NumberOfFrames where the pixel data end early."""
        return int.from_bytes(self.packed[2:6], "little")

    def check(self, number: int) -> None:
        """NotFound where there is no frame of this number."""
        if not 1 <= number <= self.count:
            raise NotFound(f"There is no frame {number}: the instance has {self.count}.")

    def spans(self, number: int) -> list[tuple[int, int]]:
        """(offset, length) of each piece of frame `number`, counted from 1, headers stripped.

        NotFound beyond the last frame.
        """
        self.check(number)
        return self._native_span(number) if self.native else self._item_spans(number)

    @property
    def shares_bytes(self) -> bool:
        """Whether a byte may belong to two frames (of 1 bit, PS3.5 8.1.1): `cut` parts them."""
        return self.native and _NATIVE.unpack_from(self.packed)[4] % 8 != 0

    def cut(self, number: int, data: bytes) -> bytes:
        """Frame `number` from the bytes of its spans, without the bits of its neighbours."""
        if not self.native:
            return data
        bits: int = _NATIVE.unpack_from(self.packed)[4]
        shift = (number - 1) * bits % 8
        if not shift and not bits % 8:
            return data
        whole = (int.from_bytes(data, "little") >> shift) & ((1 << bits) - 1)
        return whole.to_bytes((min(bits, len(data) * 8) + 7) // 8, "little")

    def _native_span(self, number: int) -> list[tuple[int, int]]:
        _, _, _, offset, bits, length = _NATIVE.unpack_from(self.packed)
        first = (number - 1) * bits // 8
        last = min((number * bits + 7) // 8, length)
        return [(offset + first, max(last - first, 0))]

    def _item_spans(self, number: int) -> list[tuple[int, int]]:
        _, flags, _, base, items = _ITEMS.unpack_from(self.packed)
        form, size = ("<2Q", 8) if flags & _WIDE else ("<2I", 4)
        first, last = number - 1, number
        if flags & _GROUPED:
            groups = _ITEMS.size + (items + 1) * size
            first, last = struct.unpack_from("<2I", self.packed, groups + 4 * (number - 1))
        found = []
        for item in range(first, last):
            begin, end = struct.unpack_from(form, self.packed, _ITEMS.size + item * size)
            found.append((base + begin + _ITEM_HEADER, max(end - begin - _ITEM_HEADER, 0)))
        return found


def native_table(
    count: int, offset: int, bits: int, length: int, *, inside: bool = False
) -> FrameTable:
    """Frames of `bits` each, one behind the other without padding, in a value of `length` bytes."""
    return FrameTable(_NATIVE.pack(_KIND_NATIVE, inside * _INSIDE, count, offset, bits, length))


def item_table(
    starts: Sequence[int], groups: Sequence[int] | None = None, *, inside: bool = False
) -> FrameTable:
    """Frames in items: `starts` are the items' offsets (of their headers), and where the last ends.

    Items follow each other without gaps (PS3.5 A.4), so that each ends where the next begins.
    `groups` gives the first item of each frame, and the number of items; None is one item a frame.
    """
    base, items = starts[0], len(starts) - 1
    wide = starts[-1] - base > 0xFFFFFFFF
    flags = inside * _INSIDE | wide * _WIDE | (groups is not None) * _GROUPED
    count = items if groups is None else len(groups) - 1
    places = [start - base for start in starts]
    packed = _ITEMS.pack(_KIND_ITEMS, flags, count, base, items)
    packed += struct.pack(f"<{len(places)}{'Q' if wide else 'I'}", *places)
    if groups is not None:
        packed += struct.pack(f"<{len(groups)}I", *groups)
    return FrameTable(packed)
