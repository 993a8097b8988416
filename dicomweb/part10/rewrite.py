"""Stored files written anew: as Explicit VR Little Endian, or with other pixel data."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicomweb.part10.file_meta import file_meta
from dicomweb.part10.fragments import SEQUENCE_END, UNDEFINED
from dicomweb.part10.header import Bulk, Reader
from dicomweb.part10.layout import number, text
from dicomweb.part10.memo import elements_of
from dicomweb.part10.odd import Plain, make_plain
from dicomweb.part10.parse import Parsed, parse
from dicomweb.part10.plain import element_bytes, element_header, item_bytes, split
from dicomweb.part10.source import WINDOW
from dicomweb.part10.syntaxes import EXPLICIT, NATIVE

_PIXEL_DATA = "7FE00010"
_OFFSETS, _LENGTHS = "7FE00001", "7FE00002"
_CHARSET = "00080005"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file written anew: `length` bytes in `pieces`, which are gone through once."""

    length: int
    pieces: Iterable[bytes]

    def whole(self) -> bytes:
        return b"".join(self.pieces)


def explicit(size: int, read: Reader, transfer_syntax: str = "") -> Rewritten:
    """A stored file in explicit VR, little endian, with preamble and file meta information.

    From implicit VR, big endian, deflated, or what lacks its meta information. Pixel data stay as
    they are: only where there are none, `transfer_syntax` may be another than theirs. At most 1 MB
    of them is held at once. InstanceRefused where the file cannot be read.
    """
    parsed = parse(read(0, WINDOW), size, read)
    plain = _plain(parsed)
    syntax = transfer_syntax or parsed.meta.transfer_syntax
    syntax = EXPLICIT if syntax in NATIVE else syntax
    begin = _meta(parsed, syntax, {}) + plain.before
    value: Iterable[bytes] = ()
    held = 0
    behind = plain.after
    if (pixels := plain.pixels) is not None:
        encapsulated = pixels.fragments is not None
        held = pixels.length
        begin += element_header(
            pixels.tag, pixels.vr, UNDEFINED if encapsulated else held + held % 2
        )
        behind = (_delimiter() if encapsulated else bytes(held % 2)) + behind
        value = parsed.pieces(Bulk(pixels.tag, pixels.vr, pixels.offset, held), 0, held)
    return Rewritten(len(begin) + held + len(behind), _chain(begin, value, behind))


def with_pixels(
    size: int,
    read: Reader,
    transfer_syntax: str,
    frames: Sequence[bytes],
    changes: Mapping[str, Mapping[str, Any] | None],
) -> Rewritten:
    """A stored file with other pixel data, and some attributes changed.

    `frames` are encapsulated, one fragment each, unless `transfer_syntax` is Explicit VR Little
    Endian, where they are joined. `changes` maps tags to elements as DICOM JSON has them; None
    removes the attribute. The file meta information is written anew.
    """
    parsed = parse(read(0, WINDOW), size, read)
    plain = _plain(parsed)
    elements = {element.tag: element.whole for element in split(plain.before)}
    for tag in (_OFFSETS, _LENGTHS):
        elements.pop(tag, None)
    changed, removed = _changed(elements.get(_CHARSET, b""), changes)
    elements |= changed
    for tag in removed:
        elements.pop(tag, None)
    if transfer_syntax == EXPLICIT:
        allocated = number(elements_of(parsed.parts).get("00280100"))
        pixels = _native(frames, "OW" if allocated > 8 else "OB")
    else:
        tables, pixels = _encapsulated(frames)
        elements |= tables
    begin = [elements[tag] for tag in sorted(elements)]
    pieces = [_meta(parsed, transfer_syntax, elements), *begin, *pixels, plain.after]
    return Rewritten(sum(map(len, pieces)), pieces)


def _chain(begin: bytes, value: Iterable[bytes], behind: bytes) -> Iterator[bytes]:
    yield begin
    yield from value
    if behind:
        yield behind


def _plain(parsed: Parsed) -> Plain:
    at = 0 if parsed.deflated else parsed.meta.dataset_offset
    return make_plain(parsed.data, at, parsed.encoding)


def _meta(parsed: Parsed, transfer_syntax: str, elements: Mapping[str, bytes]) -> bytes:
    """Preamble and file meta information (PS3.10 7.1); UIDs of `elements` where they are there."""
    stored = elements_of(parsed.parts)
    uids = [
        _characters(elements[tag]) if tag in elements else text(stored.get(tag))
        for tag in ("00080016", "00080018")
    ]
    return file_meta(uids[0], uids[1], transfer_syntax)


def _changed(
    charset: bytes, changes: Mapping[str, Mapping[str, Any] | None]
) -> tuple[dict[str, bytes], list[str]]:
    """The elements that replace others, and the tags of those that go."""
    removed = [tag for tag, element in changes.items() if element is None]
    dataset = Dataset.from_json({tag: changes[tag] for tag in changes if tag not in removed})
    if charset:
        dataset.SpecificCharacterSet = _characters(charset).split("\\")
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, dataset)
    found = {element.tag: element.whole for element in split(file.getvalue())}
    return {tag: whole for tag, whole in found.items() if tag != _CHARSET}, removed


def _characters(whole: bytes) -> str:
    """The value of an element of ASCII text, whose VR may be UN: its header is longer then."""
    (element,) = split(whole)
    return element.value.rstrip(b" \0").decode("latin-1")


def _native(frames: Sequence[bytes], vr: str) -> list[bytes]:
    length = sum(map(len, frames))
    return [element_header(_PIXEL_DATA, vr, length + length % 2), *frames, bytes(length % 2)]


def _delimiter() -> bytes:
    return SEQUENCE_END + bytes(4)


def _encapsulated(frames: Sequence[bytes]) -> tuple[dict[str, bytes], list[bytes]]:
    """Pixel data in one fragment a frame, and the elements of the tables (PS3.5 A.4).

    The Basic Offset Table serves up to 4 GB, beyond that the Extended one (PS3.3 C.7.6.3.1.8).
    """
    sizes = [len(frame) + len(frame) % 2 for frame in frames]
    offsets = [0, *accumulate(size + 8 for size in sizes)][: len(frames)]
    tables: dict[str, bytes] = {}
    table = b""
    if offsets and offsets[-1] > 0xFFFFFFFF:
        count = f"<{len(frames)}Q"
        tables[_OFFSETS] = element_bytes(_OFFSETS, "OV", struct.pack(count, *offsets))
        tables[_LENGTHS] = element_bytes(_LENGTHS, "OV", struct.pack(count, *map(len, frames)))
    else:
        table = struct.pack(f"<{len(frames)}I", *offsets)
    pieces = [element_header(_PIXEL_DATA, "OB", UNDEFINED), item_bytes(table)]
    for frame, size in zip(frames, sizes, strict=True):
        pieces += [item_bytes(b"")[:4] + struct.pack("<I", size), frame, bytes(size - len(frame))]
    return tables, [*pieces, _delimiter()]
