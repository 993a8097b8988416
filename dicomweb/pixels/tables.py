"""Lookup tables as they are stored: descriptor, data, and every way of packing them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, binary, numbers, values

BulkReader: TypeAlias = Callable[[str], bytes]
"""The value behind a BulkDataURI, little endian: how the caller hands over large tables."""

# A table has 65,536 entries of 16 bits at most (PS3.3 C.11.1.1.1).
MAX_BYTES = 131072


def no_bulk(uri: str) -> bytes:
    """For metadata that holds its tables inline: nothing is behind any URI."""
    return b""


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table: the input of its first entry, 16-bit entries, and their true width."""

    first: int
    data: bytes
    bits: int

    @property
    def entries(self) -> NDArray[np.uint16]:
        return np.frombuffer(self.data, "<u2")

    @property
    def top(self) -> int:
        """The greatest value that an entry can have: the table's white."""
        return (1 << self.bits) - 1


def words(metadata: Metadata, tag: str, bulk: BulkReader) -> bytes:
    """The same, where the value may also be a list of numbers (VR US or SS)."""
    listed = values(metadata, tag)
    if not listed:
        return binary(metadata, tag, bulk)
    found = [number for number in listed if isinstance(number, int)][: MAX_BYTES // 2]
    return (np.array(found, np.int64) & 0xFFFF).astype("<u2").tobytes()


def descriptor(metadata: Metadata, tag: str, *, signed: bool) -> tuple[int, int, int] | None:
    """Number of entries, first input and bits of a table, mended where the VR went wrong.

    The three values share a VR, US or SS, that fits the second at best (PS3.3 C.11.1.1.1).
    """
    found = [int(number) for number in numbers(metadata, tag)]
    if len(found) != 3:
        return None
    first = found[1]
    if signed and first >= 0x8000:
        first -= 0x10000
    if not signed and first < 0:
        first += 0x10000
    return (found[0] & 0xFFFF) or 0x10000, first, found[2]


def entries(data: bytes, count: int, bits: int) -> NDArray[np.uint16]:
    """Up to `count` entries: words, or bytes where there are only enough for those."""
    if bits <= 8 and len(data) < 2 * count:
        return np.frombuffer(data[:count], np.uint8).astype("<u2")
    return np.frombuffer(data[: min(2 * count, len(data) & ~1)], "<u2")


def read_table(
    metadata: Metadata, descriptor_tag: str, data_tag: str, bulk: BulkReader, *, signed: bool
) -> Table | None:
    """A Modality, VOI or Presentation LUT; None when it is absent or impossible.

    `signed` says whether its input can be negative. A table shorter than its descriptor says ends
    where its data end.
    """
    described = descriptor(metadata, descriptor_tag, signed=signed)
    if described is None:
        return None
    count, first, bits = described
    found = entries(words(metadata, data_tag, bulk), count, bits)
    if found.size == 0:
        return None
    return Table(first, found.tobytes(), _true_bits(bits, int(found.max())))


def _true_bits(bits: int, greatest: int) -> int:
    """Bits per entry; from the entries themselves where the descriptor cannot be meant.

    Many writers give the 16 bits that an entry takes where 8 to 12 are used, which would be black.
    """
    used = max(greatest.bit_length(), 1)
    if not 1 <= bits <= 16 or bits < used:
        return max(used, 8)
    return max(used, 8) if bits == 16 and used <= 12 else bits
