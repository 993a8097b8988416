"""Colour by table: palettes plain, segmented, supplemental, well known (PS3.3 C.7.9, C.7.6.19)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, text
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.tables import BulkReader, descriptor, entries, no_bulk, words

Colours = NDArray[np.uint8]
"""(rows, columns, 3), red, green and blue."""

BLOCK_PIXELS = 1 << 18

DESCRIPTORS = ("00281101", "00281102", "00281103")
DATA = ("00281201", "00281202", "00281203")
SEGMENTED = ("00281221", "00281222", "00281223")

# Well-known palettes (PS3.6 table A-2), by UID: pydicom ships them, its names of two are swapped.
WELL_KNOWN = {
    "1.2.840.10008.1.5.1": "hotiron.dcm",
    "1.2.840.10008.1.5.2": "pet.dcm",
    "1.2.840.10008.1.5.3": "hotmetalblue.dcm",
    "1.2.840.10008.1.5.4": "pet20step.dcm",
    "1.2.840.10008.1.5.5": "spring.dcm",
    "1.2.840.10008.1.5.6": "summer.dcm",
    "1.2.840.10008.1.5.7": "fall.dcm",
    "1.2.840.10008.1.5.8": "winter.dcm",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """The stored value that meets the first colour, and three bytes for each colour."""

    first: int
    colours: bytes

    def __len__(self) -> int:
        return len(self.colours) // 3

    @property
    def table(self) -> Colours:
        return np.frombuffer(self.colours, np.uint8).reshape(-1, 3)


def read_palette(metadata: Metadata, bulk: BulkReader, *, signed: bool) -> Palette | None:
    """The palette of an image or a presentation state; None when it names none that can be read."""
    described = [descriptor(metadata, tag, signed=signed) for tag in DESCRIPTORS]
    if described[0] is None:
        return well_known(text(metadata, "00281199"))
    _, first, bits = described[0]
    channels = [
        _channel(metadata, bulk, index, (described[index] or described[0])[0], bits)
        for index in range(3)
    ]
    shortest = min(channel.size for channel in channels)
    if shortest == 0:
        return well_known(text(metadata, "00281199"))
    planes = np.stack([channel[:shortest] for channel in channels], axis=1)
    # Entries of 16 bits that never leave the low byte are bytes, whatever the descriptor says.
    wide = bits > 8 and int(planes.max()) > 255
    colours = (planes >> 8 if wide else planes).astype(np.uint8)
    return Palette(first, colours.tobytes())


@lru_cache(maxsize=len(WELL_KNOWN))
def well_known(uid: str) -> Palette | None:
    """A palette that the Standard itself defines, by its UID."""
    name = WELL_KNOWN.get(uid)
    if name is None:
        return None
    from pydicom import dcmread
    from pydicom.data import get_palette_files

    dataset = dcmread(get_palette_files(name)[0])
    kept = dataset.group_dataset(0x0028)
    return read_palette(kept.to_json_dict(bulk_data_threshold=1 << 20), no_bulk, signed=False)


def colour(values: Pixels, palette: Palette) -> Colours:
    """Below the first and above the last input: the first and the last colour (C.7.6.3.1.5)."""
    table, last = palette.table, len(palette) - 1
    if values.dtype.kind == "f":
        raise NotAcceptable("Pixels that are floating point numbers have no palette.")
    if values.dtype.itemsize <= 2:
        return _by_word(values, palette.first, table)
    flat = values.reshape(-1)
    painted = np.empty((flat.size, 3), np.uint8)
    for start in range(0, flat.size, BLOCK_PIXELS):
        part = slice(start, start + BLOCK_PIXELS)
        index = np.clip(flat[part].astype(np.int64) - palette.first, 0, last)
        np.take(table, index, axis=0, mode="clip", out=painted[part])
    return painted.reshape(*values.shape, 3)


def supplement(values: Pixels, grey: NDArray[np.uint8], palette: Palette) -> Colours:
    """Grey below the palette's first input, colour from there on (PS3.3 C.7.6.19)."""
    coloured = colour(values, palette)
    below = values < palette.first
    coloured[below] = grey[below][:, np.newaxis]
    return coloured


def _by_word(values: Pixels, first: int, table: Colours) -> Colours:
    """A colour for each value that the word can hold, then four bytes a pixel in one look-up."""
    size = 1 << (8 * values.dtype.itemsize)
    bits = np.arange(size)
    inputs = np.where(bits < size // 2, bits, bits - size) if values.dtype.kind == "i" else bits
    every = np.zeros((size, 4), np.uint8)
    every[:, :3] = table[np.clip(inputs - first, 0, len(table) - 1)]
    flat = values.reshape(-1).view(f"u{values.dtype.itemsize}")
    painted = np.empty((flat.size, 3), np.uint8)
    quads = every.view(np.uint32).reshape(-1)
    for start in range(0, flat.size, BLOCK_PIXELS):
        part = slice(start, start + BLOCK_PIXELS)
        four = np.take(quads, flat[part], mode="clip").view(np.uint8).reshape(-1, 4)
        painted[part] = four[:, :3]
    return painted.reshape(*values.shape, 3)


def _channel(
    metadata: Metadata, bulk: BulkReader, index: int, count: int, bits: int
) -> NDArray[np.uint16]:
    plain = entries(words(metadata, DATA[index], bulk), count, bits)
    if plain.size:
        return plain
    return _expand(words(metadata, SEGMENTED[index], bulk), count, bits)


def _expand(data: bytes, count: int, bits: int) -> NDArray[np.uint16]:
    """Segmented palette data (PS3.3 C.7.9.2), up to `count` entries; empty when it is damaged."""
    wide = bits > 8
    cells = np.frombuffer(data[: len(data) & ~1], "<u2") if wide else np.frombuffer(data, np.uint8)
    out: list[int] = []
    try:
        _segments(cells.tolist(), 0, None, out, count, wide=wide)
    except (IndexError, ValueError):
        return np.empty(0, np.uint16)
    return np.array(out[:count], np.uint16)


def _segments(
    cells: list[int], at: int, limit: int | None, out: list[int], count: int, *, wide: bool
) -> None:
    """Take segments from `at` on, at most `limit`; one byte of padding may follow the last.

    Discrete: values. Linear: to a value from the one before. Indirect: segments once more.
    """
    taken = 0
    while at + 1 < len(cells) and len(out) < count and (limit is None or taken < limit):
        kind, length = cells[at], cells[at + 1]
        at += 2
        if length == 0:
            raise ValueError("a segment of nothing, which would let the copies grow without bound")
        if kind == 0:
            out.extend(cells[at : at + length])
            at += length
        elif kind == 1:
            out.extend(_linear(out[-1], cells[at], length))
            at += 1
        elif kind == 2 and limit is None:
            # An offset in bytes, low half first; a copied segment is never indirect itself.
            halves = 2 if wide else 4
            offset = sum(
                c << (i * (16 if wide else 8)) for i, c in enumerate(cells[at : at + halves])
            )
            _segments(cells, offset // 2 if wide else offset, length, out, count, wide=wide)
            at += halves
        else:
            raise ValueError("no such segment")
        taken += 1


def _linear(start: int, end: int, length: int) -> list[int]:
    """`length` values on the way from `start` (not taken again) to `end`."""
    steps: NDArray[Any] = np.arange(1, length + 1) / length
    return [int(value) for value in np.rint(start + (end - start) * steps)]
