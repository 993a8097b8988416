"""Which bytes are which frame: by the image's attributes, offset tables, or codestream markers."""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from dicomweb.part10.fragments import Fragments
from dicomweb.part10.frames import FrameTable, item_table, native_table
from dicomweb.part10.source import Source
from dicomweb.part10.syntaxes import MARKED, RLE, VIDEO

# SOI of JPEG and JPEG-LS, SOC of JPEG 2000 (the next marker is always SIZ), JPEG XL bare and boxed.
_BEGINS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL ")
_EOI = b"\xff\xd9"
_BYTES_PER_PIXEL = {"YBR_FULL_422": 2, "YBR_PARTIAL_422": 2}
_FLOATS = {"7FE00008": 32, "7FE00009": 64}
_MAX_FRAMES = 2**31 - 1
_MAX_FRAGMENT = 100  # bytes of JSON; longer than any of those
# Rows, Columns, Samples per Pixel, Bits Allocated, Number of Frames, Photometric Interpretation
_SHAPE_TAGS = ("00280010", "00280011", "00280002", "00280100", "00280008", "00280004")


@dataclass(frozen=True, slots=True)
class Pixels:
    """The top-level pixel data of a file: `offset` and `length` as in `Bulk`.

    `missing` counts bytes that its length promises and the file does not hold.
    """

    tag: str
    vr: str
    offset: int
    length: int
    missing: int = 0
    fragments: Fragments | None = None

    @property
    def whole(self) -> bool:
        return not self.missing and (self.fragments is None or self.fragments.whole)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the frames of an image must be. `bits` is 0 where the attributes do not tell."""

    frames: int
    bits: int
    full_bits: int  # with three full samples where the photometric interpretation says fewer


def shape_of(elements: Mapping[str, bytes], tag: str) -> Shape:
    """The Shape told by the Image Pixel module (PS3.3 C.7.6.3) and Number of Frames."""
    fragments = (elements.get(wanted, b"")[:_MAX_FRAGMENT] for wanted in _SHAPE_TAGS)
    return _shape(tag, tuple(fragments))


@lru_cache(maxsize=1024)
def _shape(tag: str, fragments: tuple[bytes, ...]) -> Shape:
    rows, columns, samples, allocated, frames = map(number, fragments[:5])
    samples = samples or 1
    allocated = allocated or _FLOATS.get(tag, 0)
    area = rows * columns if rows > 0 and columns > 0 else 0
    full = area * samples * allocated if samples > 0 and allocated > 0 else 0
    bits = full
    if samples == 3:
        photometric = text(fragments[5])
        if photometric in _BYTES_PER_PIXEL:
            bits = area * _BYTES_PER_PIXEL[photometric] * allocated
        elif photometric == "YBR_PARTIAL_420":
            bits = area * allocated * 3 // 2
    return Shape(min(frames, _MAX_FRAMES) if frames > 0 else 1, bits, full)


def number(fragment: bytes | None) -> int:
    """The first value of an element that holds whole numbers; 0 where there is none."""
    if fragment is None or len(fragment) < 22:
        return 0
    digits = fragment[20:-2].split(b",", 1)[0].strip(b'"')
    try:
        return int(digits)
    except ValueError:
        return 0


def text(fragment: bytes | None) -> str:
    """The only value of a string element that needs no escapes (UIDs, codes); else empty."""
    if fragment is None or not fragment.endswith(b'"]}') or fragment[10:21] != b',"Value":["':
        return ""
    return fragment[21:-3].decode()


def frame_table(
    pixels: Pixels,
    elements: Mapping[str, bytes],
    transfer_syntax: str,
    source: Source,
    extended: bytes,
    *,
    inside: bool,
) -> tuple[FrameTable, list[str]]:
    """The table, and sentences on what is wrong with the pixel data.

    `extended` is the value of the Extended Offset Table (7FE0,0001), empty where there is none.
    """
    shape = shape_of(elements, pixels.tag)
    if pixels.fragments is None:
        return _native(pixels, shape, inside)
    return _encapsulated(pixels.fragments, shape, transfer_syntax, source, extended)


def _native(pixels: Pixels, shape: Shape, inside: bool) -> tuple[FrameTable, list[str]]:
    offset = 0 if inside else pixels.offset
    doubts = []
    if pixels.missing:
        doubts.append("The file ends inside its pixel data.")
    if not shape.bits:
        doubts.append("Rows, Columns or Bits Allocated are missing: the pixel data are one block.")
        return native_table(1, offset, pixels.length * 8, pixels.length, inside=inside), doubts
    declared, bits = pixels.length + pixels.missing, shape.bits
    if bits != shape.full_bits and declared - (shape.frames * shape.full_bits + 7) // 8 in (0, 1):
        bits = shape.full_bits  # subsampled by its photometric interpretation, yet stored in full
    if declared * 8 < shape.frames * bits:
        doubts.append("The pixel data are shorter than Rows, Columns and Number of Frames say.")
    count = min(shape.frames, max(-(-pixels.length * 8 // bits), 1))
    return native_table(count, offset, bits, pixels.length, inside=inside), doubts


def _encapsulated(
    found: Fragments, shape: Shape, transfer_syntax: str, source: Source, extended: bytes
) -> tuple[FrameTable, list[str]]:
    doubts = []
    fragments = len(found.starts) - 1
    if not found.whole:
        doubts.append("The pixel data end without a sequence delimiter.")
    if not fragments:
        return item_table(found.starts), [*doubts, "The pixel data have no fragments."]
    if transfer_syntax in MARKED and not _ends_marked(source, found.starts, fragments - 1):
        doubts.append("The last compressed frame does not end as its format says.")
    if transfer_syntax in VIDEO or shape.frames == 1:
        return item_table(found.starts, [0, fragments]), doubts
    if fragments <= shape.frames:
        if fragments < shape.frames:
            doubts.append(f"There are {fragments} fragments for {shape.frames} frames.")
        return item_table(found.starts), doubts
    groups = None
    if transfer_syntax != RLE:
        groups = _by_tables(found, shape.frames, extended) or _by_markers(
            source, found.starts, shape.frames
        )
    if groups is None:
        doubts.append(f"{fragments} fragments cannot be told apart into {shape.frames} frames.")
        groups = [frame * fragments // shape.frames for frame in range(shape.frames + 1)]
    return item_table(found.starts, groups), doubts


def _by_tables(found: Fragments, frames: int, extended: bytes) -> list[int] | None:
    """The first fragment of each frame by the Extended, else the Basic Offset Table."""
    first, fragments = found.starts[0], len(found.starts) - 1
    for form, size, table in (("Q", 8, extended), ("I", 4, found.table)):
        if len(table) != frames * size:
            continue
        offsets = [first + offset for offset in struct.unpack(f"<{frames}{form}", table)]
        groups = [bisect_left(found.starts, offset, 0, fragments) for offset in offsets]
        exact = all(found.starts[g] == o for g, o in zip(groups, offsets, strict=True))
        if exact and groups[0] == 0 and all(a < b < fragments for a, b in pairwise(groups)):
            return [*groups, fragments]
    return None


def _by_markers(source: Source, starts: "array[int]", frames: int) -> list[int] | None:
    """The first fragment of each frame, where as many begin, or end, like a codestream."""
    fragments = len(starts) - 1
    begins = [
        index for index in range(fragments) if source.at(starts[index] + 8, 8).startswith(_BEGINS)
    ]
    if len(begins) == frames and begins[0] == 0:
        return [*begins, fragments]
    ends = [index + 1 for index in range(fragments) if _ends_marked(source, starts, index)]
    if len(ends) == frames and ends[-1] == fragments:
        return [0, *ends]
    return None


def _ends_marked(source: Source, starts: "array[int]", index: int) -> bool:
    """Whether a fragment ends with EOI, pads apart."""
    begin, end = starts[index] + 8, starts[index + 1]
    tail = source.at(max(begin, end - 32), min(end - begin, 32))
    return _EOI in tail
