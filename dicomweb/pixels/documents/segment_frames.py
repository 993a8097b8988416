"""Segmentations as frames: which segment each frame shows, where it lies, which frames belong
together (PS3.3 C.8.20, C.7.6.16)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import Refusal
from dicomweb.pixels.attributes import Metadata, integer, items, numbers, text, values
from dicomweb.pixels.cielab import Rgb
from dicomweb.pixels.decode import decode
from dicomweb.pixels.functional_groups import macro
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.palette import read_palette
from dicomweb.pixels.segments import fraction, is_label_map, label_palette
from dicomweb.pixels.tables import BulkReader, no_bulk

# How much is looked through for the fullest frame: of larger ones, frames at even distances.
MAX_LOOKED = 512
MAX_LOOKED_PIXELS = 1 << 28
MAX_SEGMENTS = 64

Cover = NDArray[np.float32]
FrameReader = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A segmentation with a way to its stored frames (from 1), as `decode` takes them."""

    metadata: Metadata
    image: ImagePixel
    frame: FrameReader
    bulk: BulkReader

    @property
    def is_label_map(self) -> bool:
        return is_label_map(self.metadata)

    @property
    def background(self) -> int:
        """The label of what is no segment: Pixel Padding Value (0028,0120), or 0."""
        return (integer(self.metadata, "00280120", 0) or 0) if self.is_label_map else 0

    def values(self, number: int) -> NDArray[np.generic]:
        return decode(self.frame(number), self.image)

    def segment_of(self, number: int) -> int:
        """The segment that a frame shows; 0 for a label map, which shows them all."""
        found = macro(self.metadata, number, "0062000A") or {}
        said = integer(found, "0062000B")
        if said is not None or self.is_label_map:
            return said or 0
        segments = [integer(each, "00620004", 0) or 0 for each in items(self.metadata, "00620002")]
        turn = (number - 1) // _tiles(self.metadata)
        return segments[turn] if turn < len(segments) else 1

    def inks(self) -> dict[int, Rgb]:
        """The colour of each segment: its palette's, its recommended one, or one of its own."""
        palette = None
        if self.image.photometric == "PALETTE COLOR":
            palette = read_palette(self.metadata, self.bulk, signed=False)
        found = palette or label_palette(self.metadata)
        table = found.table
        return {
            number: _rgb(table[min(max(number - found.first, 0), len(table) - 1)])
            for number in range(found.first, found.first + len(table))
        }

    def names(self) -> dict[int, str]:
        """Segment Label (0062,0005), or what kind of thing it is."""
        return {
            integer(each, "00620004", 0) or 0: text(each, "00620005") or _kind(each)
            for each in items(self.metadata, "00620002")
        }


def segmentation_of(
    metadata: Metadata, transfer_syntax: str, frame: FrameReader, bulk: BulkReader = no_bulk
) -> Segmentation:
    """NotAcceptable when the metadata describe no image."""
    return Segmentation(metadata, ImagePixel.of(metadata, transfer_syntax), frame, bulk)


def fullest(found: Segmentation) -> int:
    """The frame with the largest area; the first where all are empty or none can be read."""
    pixels = found.image.rows * found.image.columns
    most = max(1, min(MAX_LOOKED, MAX_LOOKED_PIXELS // pixels))
    count = found.image.frames
    step = -(-count // most)
    best, area = 1, 0
    for number in range(1, count + 1, step):
        try:
            covered = int(np.count_nonzero(found.values(number) != found.background))
        except Refusal:
            continue
        if covered > area:
            best, area = number, covered
    return best


def mates(found: Segmentation, number: int) -> list[int]:
    """All frames at the same place, that one included: one for each segment, as a rule."""
    if found.is_label_map:
        return [number]
    every = range(1, found.image.frames + 1)
    tile = tile_of(found.metadata, number)
    if tile is not None:
        return list(every[tile - 1 :: _tiles(found.metadata)])[:MAX_SEGMENTS]
    key = _place(found.metadata, number)
    same = (n for n in every if _place(found.metadata, n) == key)
    return [n for n, _ in zip(same, range(MAX_SEGMENTS), strict=False)]


def source_images(metadata: Metadata, number: int) -> Iterator[tuple[str, int]]:
    """Instance and frame of each image that a frame was derived from."""
    derived = macro(metadata, number, "00089124") or {}
    for image in items(derived, "00082112"):
        if text(image, "00081155"):
            frames = numbers(image, "00081160")
            yield text(image, "00081155"), max(int(frames[0]), 1) if frames else 1


def tile_of(metadata: Metadata, number: int) -> int | None:
    """Which tile of the total matrix a frame is, from 1; None where the frames are no full grid."""
    return (number - 1) % _tiles(metadata) + 1 if _is_tiled_full(metadata) else None


def same_tiles(one: Metadata, other: Metadata) -> bool:
    """Whether two images are cut into the same full grid of tiles."""
    grids = [
        [integer(each, tag) for tag in ("00480006", "00480007", "00280010", "00280011")]
        for each in (one, other)
    ]
    return grids[0] == grids[1] and _is_tiled_full(one) and _is_tiled_full(other)


def referenced_images(metadata: Metadata) -> list[str]:
    """Every image of the series that it refers to, in the order of the file."""
    return [
        text(image, "00081155")
        for series in items(metadata, "00081115")
        for image in items(series, "0008114A")
        if text(image, "00081155")
    ]


def coverage(found: Segmentation, values: NDArray[np.generic]) -> Cover:
    """Of a frame of one segment: how far it covers each pixel, 0 to 1."""
    most = fraction(found.metadata)
    if found.image.bits_allocated == 1 or not most:
        return np.asarray(values != 0, np.float32)
    return np.asarray(np.clip(values.astype(np.float64) / most, 0, 1), np.float32)


def _place(metadata: Metadata, number: int) -> tuple[object, ...]:
    """What frames at one place have in common: position, tile or source; else nothing."""
    position = numbers(macro(metadata, number, "00209113") or {}, "00200032")
    if position:
        turned = numbers(macro(metadata, number, "00209116") or {}, "00200037")
        return tuple(round(each, 2) for each in position + turned)
    tile = macro(metadata, number, "0048021A")
    if tile is not None:
        return tuple(integer(tile, tag) for tag in ("0048021E", "0048021F"))
    return tuple(source_images(metadata, number)) or (number,)


def _is_tiled_full(metadata: Metadata) -> bool:
    return text(metadata, "00209311").upper() == "TILED_FULL"


def _tiles(metadata: Metadata) -> int:
    """Tiles of the total matrix, which follow each other segment by segment (C.7.6.17.3)."""
    counts = [
        -(-(integer(metadata, whole, 0) or 0) // max(integer(metadata, part, 1) or 1, 1))
        for whole, part in (("00480006", "00280011"), ("00480007", "00280010"))
    ]
    return max(counts[0] * counts[1], 1) if _is_tiled_full(metadata) else 1


def _kind(segment: Metadata) -> str:
    kinds = items(segment, "0062000F") or items(segment, "00620003")
    meanings = [str(value) for kind in kinds[:1] for value in values(kind, "00080104")]
    return meanings[0] if meanings else f"Segment {integer(segment, '00620004', 0)}"


def _rgb(colour: NDArray[np.uint8]) -> Rgb:
    red, green, blue = colour.tolist()
    return red, green, blue
