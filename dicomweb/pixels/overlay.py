"""Overlay planes 60xx, packed or in the unused bits of the pixels (PS3.3 C.9.2, PS3.5 8.1.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, binary, integer, numbers
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import Kind
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader

Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]

GROUPS = tuple(f"60{number:02X}" for number in range(0, 0x20, 2))
# Sixteen planes of a large radiograph; an attacker's Overlay Rows x Columns stop here.
MAX_BITS = 1 << 27


def planes(source: Source, groups: Iterable[str] = GROUPS) -> Iterator[Mask]:
    """The overlay planes that lie on this frame, each as a mask of the image's size."""
    metadata, image = source.metadata, source.image
    for group in groups:
        if f"{group}0010" not in metadata and f"{group}0102" not in metadata:
            continue
        plane = _packed(metadata, group, source.number, source.bulk)
        if plane is None:
            plane = _embedded(source, group)
        if plane is not None:
            yield _laid(plane, numbers(metadata, f"{group}0050"), image.rows, image.columns)


def burn(picture: Picture, masks: Iterable[Mask], level: int = 255) -> Picture:
    """The picture with the masks in one shade; a copy as soon as there is one mask."""
    burnt = None
    for mask in masks:
        if burnt is None:
            burnt = picture.copy()
        burnt[mask] = level
    return picture if burnt is None else burnt


def packed_plane(metadata: Metadata, group: str, bulk: BulkReader) -> Mask | None:
    """The first frame of Overlay Data, in its own size: the bitmap of a shutter, for one."""
    return _packed(metadata, group, 0, bulk)


def _packed(metadata: Metadata, group: str, frame_number: int, bulk: BulkReader) -> Mask | None:
    """One bit a pixel, lowest first, frames without a gap between them (PS3.5 8.1.2)."""
    rows = integer(metadata, f"{group}0010", 0) or 0
    columns = integer(metadata, f"{group}0011", 0) or 0
    if rows <= 0 or columns <= 0 or rows * columns > MAX_BITS:
        return None
    index = _frame_index(metadata, group, frame_number)
    data = binary(metadata, f"{group}3000", bulk)
    start = rows * columns * (index or 0)
    end = start + rows * columns
    if index is None or len(data) * 8 < end:
        return None
    octets = np.frombuffer(data[start // 8 : (end + 7) // 8], np.uint8)
    bits = np.unpackbits(octets, bitorder="little")[start % 8 :][: rows * columns]
    return bits.reshape(rows, columns).astype(bool)


def _frame_index(metadata: Metadata, group: str, frame_number: int) -> int | None:
    """Which frame of the overlay lies on the image's frame; None when none does (PS3.3 C.9.3)."""
    count = integer(metadata, f"{group}0015")
    if count is None or frame_number == 0:
        return 0
    origin = integer(metadata, f"{group}0051", 1) or 1
    index = frame_number - origin
    return index if 0 <= index < count else None


def _embedded(source: Source, group: str) -> Mask | None:
    """A bit of each pixel's word that is no part of the sample (PS3.5 8.1.2, retired)."""
    image = source.image
    position = integer(source.metadata, f"{group}0102")
    if position is None or integer(source.metadata, f"{group}0100", 1) == 1:
        return None
    inside = image.high_bit - image.bits_stored < position <= image.high_bit
    if inside or not 0 <= position < image.bits_allocated:
        return None
    if image.kind is not Kind.INTEGER or image.samples != 1:
        return None
    whole = replace(
        image, bits_stored=image.bits_allocated, high_bit=image.bits_allocated - 1, signed=False
    )
    return (decode(source.frame, whole) >> position & 1).astype(bool)


def _laid(plane: Mask, origin: list[float], rows: int, columns: int) -> Mask:
    """The plane on the image: its origin is row\\column from 1\\1, and may be negative."""
    if plane.shape == (rows, columns) and origin in ([], [1, 1]):
        return plane
    top, left = (int(part) - 1 for part in (origin if len(origin) == 2 else (1, 1)))
    mask = np.zeros((rows, columns), bool)
    first_row, first_column = max(0, top), max(0, left)
    last_row = min(rows, top + plane.shape[0])
    last_column = min(columns, left + plane.shape[1])
    if first_row < last_row and first_column < last_column:
        part = plane[first_row - top : last_row - top, first_column - left : last_column - left]
        mask[first_row:last_row, first_column:last_column] = part
    return mask
