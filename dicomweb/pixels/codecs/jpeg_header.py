"""The head of a JPEG or JPEG-LS stream, read before a decoder allocates anything (T.81 B)."""

import struct
from dataclasses import dataclass

from dicomweb.pixels.codecs.failure import check_claims, undecodable
from dicomweb.pixels.image import ImagePixel

SOI, EOI, SOS, APP0, APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE
LOSSLESS, JPEG_LS = 0xC3, 0xF7
PROGRESSIVE = (0xC2, 0xCA)
# DHT, JPG and DAC lie among the frame headers C0 to CF.
_FRAMES = {*range(0xC0, 0xD0), JPEG_LS} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True, slots=True)
class Component:
    """Of the frame header: its identifier and its sampling factors."""

    name: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What the stream says of itself; `adobe` is the transform of an Adobe segment, -1 without."""

    process: int
    precision: int
    rows: int
    columns: int
    components: tuple[Component, ...]
    jfif: bool
    adobe: int
    segments: tuple[tuple[int, int, int], ...]
    """(marker, start, end) of each segment before the frame header, the marker's bytes included."""
    end: int
    """Where the segments behind the frame header begin."""


def parse(frame: bytes) -> JpegHeader:
    """Read up to the frame header (SOF); NotAcceptable when there is none."""
    if frame[:2] != b"\xff\xd8":
        raise undecodable("it does not begin as a JPEG stream")
    segments: list[tuple[int, int, int]] = []
    jfif, adobe, at = False, -1, 2
    while True:
        marker, start, end = _segment(frame, at)
        content = frame[start + 4 : end]
        if marker in _FRAMES:
            return _frame_header(marker, content, jfif, adobe, tuple(segments), end)
        if marker in (SOS, EOI):
            raise undecodable("its JPEG stream has no frame header")
        if marker == APP0 and content.startswith(b"JFIF"):
            jfif = True
        if marker == APP14 and content.startswith(b"Adobe") and len(content) >= 12:
            adobe = content[11]
        segments.append((marker, start, end))
        at = end


def check(header: JpegHeader, image: ImagePixel) -> None:
    """The stream against the data set, which everything behind the decoder goes by."""
    check_claims(
        image,
        rows=header.rows,
        columns=header.columns,
        samples=len(header.components),
        precision=header.precision,
    )


def complete(frame: bytes) -> bool:
    """Whether the stream has its end; behind it some writers leave a few bytes of anything."""
    return b"\xff\xd9" in frame


def _segment(frame: bytes, at: int) -> tuple[int, int, int]:
    """The marker at or behind `at` and where its segment starts and ends."""
    start = at
    while frame[start : start + 2] == b"\xff\xff":
        start += 1
    if start + 4 > len(frame) or frame[start] != 0xFF:
        raise undecodable("the head of its JPEG stream is damaged")
    marker = frame[start + 1]
    if marker in _ALONE:
        return marker, start, start + 2
    length = int.from_bytes(frame[start + 2 : start + 4], "big")
    end = start + 2 + length
    if length < 2 or end > len(frame):
        raise undecodable("the head of its JPEG stream is damaged")
    return marker, start, end


def _frame_header(
    marker: int,
    content: bytes,
    jfif: bool,
    adobe: int,
    segments: tuple[tuple[int, int, int], ...],
    end: int,
) -> JpegHeader:
    if len(content) < 6 or len(content) < 6 + 3 * content[5]:
        raise undecodable("the frame header of its JPEG stream is cut short")
    precision, rows, columns, count = struct.unpack_from(">BHHB", content)
    components = tuple(
        Component(name, factors >> 4, factors & 15)
        for name, factors in (content[at : at + 2] for at in range(6, 6 + 3 * count, 3))
    )
    return JpegHeader(marker, precision, rows, columns, components, jfif, adobe, segments, end)
