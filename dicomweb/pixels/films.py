"""What a video says of itself: the size of its picture, the number of its frames."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dicomweb.pixels.streams import description

# `length` bytes of the film from `offset` on, fewer at its end.
Read = Callable[[int, int], bytes]

MAX_INDEX = 64 * 1024 * 1024
MAX_BOXES = 10_000
_SEQUENCE_HEADER = b"\0\0\1\xb3"
_INSIDE = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}


@dataclass(frozen=True, slots=True)
class Film:
    """What is known of it; `frames` is 0 and `milliseconds` 0.0 where it does not say."""

    rows: int
    columns: int
    frames: int = 0
    milliseconds: float = 0.0

    def attributes(self, bits: int = 8) -> dict[str, Any]:
        """Its description as DICOM JSON; the chroma of video is shared by 2 x 2 pixels."""
        found = description(self.rows, self.columns, 3, "YBR_PARTIAL_420", bits)
        if self.frames:
            found["00280008"] = {"vr": "IS", "Value": [self.frames]}
        if self.milliseconds:
            found["00181063"] = {"vr": "DS", "Value": [round(self.milliseconds, 6)]}
            found["00280009"] = {"vr": "AT", "Value": ["00181063"]}
        return found


def describe_film(read: Read, length: int) -> Film | None:
    """A film in an ISO base media file, or an MPEG-2 stream; None where its head does not say."""
    head = read(0, 1024 * 1024)
    if head[4:8] == b"ftyp":
        return _iso_media(read, length)
    at = head.find(_SEQUENCE_HEADER)
    if at >= 0 and len(head) >= at + 7:  # ISO/IEC 13818-2 6.2.2.1
        sizes = int.from_bytes(head[at + 4 : at + 7], "big")
        return Film(sizes & 0xFFF, sizes >> 12) if sizes & 0xFFF and sizes >> 12 else None
    return None


def _iso_media(read: Read, length: int) -> Film | None:
    """The first video track (ISO/IEC 14496-12 8)."""
    at = 0
    for _ in range(MAX_BOXES):
        head = read(at, 16).ljust(16, b"\0")
        size, kind = struct.unpack_from(">L4s", head)
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, 8)
        if kind == b"moov" and 8 < size <= MAX_INDEX:
            return _track(list(_boxes(read(at, size))))
        if size < 8 or at + size >= length:
            return None
        at += size
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of every box in `data`, those inside others too, in their order."""
    stack = [(0, len(data))]
    seen = 0
    while stack and seen < MAX_BOXES:
        at, end = stack.pop()
        if at + 8 > end:
            continue
        size, kind = struct.unpack_from(">L4s", data, at)
        if size < 8 or at + size > end:
            continue
        seen += 1
        stack.append((at + size, end))
        if kind in _INSIDE:
            yield kind, b""
            stack.append((at + 8, at + size))
        else:
            yield kind, data[at + 8 : at + size]


def _track(boxes: list[tuple[bytes, bytes]]) -> Film | None:
    tracks: list[dict[bytes, bytes]] = []
    for kind, content in boxes:
        if kind == b"trak":
            tracks.append({})
        elif tracks:
            tracks[-1].setdefault(kind, content)
    for track in tracks:
        if track.get(b"hdlr", b"")[8:12] != b"vide" or len(track.get(b"stsd", b"")) < 44:
            continue
        columns, rows = struct.unpack_from(">HH", track[b"stsd"], 8 + 32)
        frames = int.from_bytes(track.get(b"stsz", b"")[8:12], "big")
        if rows and columns:
            return Film(rows, columns, frames, _milliseconds(track.get(b"mdhd", b""), frames))
    return None


def _milliseconds(header: bytes, frames: int) -> float:
    """How long a frame is shown, on average."""
    layout, at = (">LQ", 20) if header[:1] == b"\1" else (">LL", 12)
    if len(header) < at + struct.calcsize(layout) or not frames:
        return 0.0
    scale, duration = struct.unpack_from(layout, header, at)
    return 1000 * float(duration) / scale / frames if scale else 0.0
