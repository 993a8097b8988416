"""The head of a JPEG 2000 codestream, read before a decoder allocates anything (T.800 A)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from dicomweb.pixels.codecs.failure import check_claims, undecodable
from dicomweb.pixels.image import ImagePixel

SOC_SIZ = b"\xff\x4f\xff\x51"
COD, SOT, SOD, EOC = 0xFF52, 0xFF90, 0xFF93, 0xFFD9
# OpenJPEG takes some hundred bytes for each of these, 2 kB for a precinct, coded or not.
MAX_TILES = 1 << 14
MAX_BLOCKS = 1 << 22
MAX_PRECINCTS = 1 << 18
MAX_PACKETS = 1 << 22


@dataclass(frozen=True, slots=True)
class J2kHeader:
    """What the codestream says of itself; `blocks` and `precincts` of all tiles and components."""

    rows: int
    columns: int
    components: int
    precision: int
    tiles: int
    blocks: int
    precincts: int
    layers: int
    start: int
    """Where the codestream begins: behind the boxes of a JP2 file, which DICOM forbids."""
    body: int
    """Where the first tile-part begins."""


def parse(frame: bytes) -> J2kHeader:
    """Read up to the first tile-part; NotAcceptable when the stream is no JPEG 2000."""
    start = frame.find(SOC_SIZ, 0, 4096)
    if start < 0:
        raise undecodable("it does not hold a JPEG 2000 codestream")
    markers: dict[int, bytes] = {}
    body = len(frame)
    for marker, content, at in _main_header(frame, start + 2):
        markers.setdefault(marker, content)
        body = at
    try:
        return _header(markers, start, body)
    except (struct.error, KeyError, IndexError, ZeroDivisionError) as error:
        raise undecodable("the head of its JPEG 2000 codestream is damaged") from error


def check(header: J2kHeader, image: ImagePixel) -> None:
    """The stream against the data set, and against what a decoder should be asked for."""
    check_claims(
        image,
        rows=header.rows,
        columns=header.columns,
        samples=header.components,
        precision=header.precision,
    )
    if (
        header.tiles > MAX_TILES
        or header.blocks > MAX_BLOCKS
        or header.precincts > MAX_PRECINCTS
        or header.precincts * header.layers > MAX_PACKETS
    ):
        raise undecodable("the stream cuts the image into more pieces than any real image has")


def complete(frame: bytes, header: J2kHeader) -> bool:
    """Whether every tile is there, and every tile-part ends inside the frame (T.800 A.4.2).

    Decoders leave out what is missing and say nothing. Some writers leave EOC out: no harm.
    """
    at, end = header.body, len(frame)
    tiles = set()
    while at + 12 <= end:
        marker, _, tile, length = struct.unpack_from(">HHHL", frame, at)
        if marker != SOT:
            break
        if length == 0:
            # The last tile-part, which reaches to EOC.
            length = frame.rfind(b"\xff\xd9", at) - at
        if length < 14 or at + length > end:
            return False
        tiles.add(tile)
        at += length
    return len(tiles) == header.tiles


def _main_header(frame: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """(marker, content, end) of each segment between SOC and the first SOT."""
    while at + 4 <= len(frame):
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker in (SOT, SOD, EOC):
            return
        if marker < 0xFF00 or length < 2:
            break
        yield marker, frame[at + 4 : at + 2 + length], at + 2 + length
        at += 2 + length
    raise undecodable("the head of its JPEG 2000 codestream is cut short")


def _header(markers: dict[int, bytes], start: int, body: int) -> J2kHeader:
    siz = markers[0xFF51]
    _, right, lower, left, upper, width, height, tile_x, tile_y, count = struct.unpack_from(
        ">H8LH", siz
    )
    if not (right > left and lower > upper and width and height and count):
        raise undecodable("its JPEG 2000 codestream has no samples")
    components = [struct.unpack_from(">BBB", siz, 36 + 3 * each) for each in range(count)]
    columns, rows = right - left, lower - upper
    tiles = -(-(right - tile_x) // width) * -(-(lower - tile_y) // height)
    tile = (min(width, columns), min(height, rows))
    blocks, precincts = _pieces(markers[COD], columns, rows, tile)
    return J2kHeader(
        rows=rows,
        columns=columns,
        components=count,
        precision=max(depth & 0x7F for depth, _, _ in components) + 1,
        tiles=tiles,
        blocks=blocks * count,
        precincts=precincts * count * tiles,
        layers=int.from_bytes(markers[COD][2:4], "big"),
        start=start,
        body=body,
    )


def _pieces(cod: bytes, columns: int, rows: int, tile: tuple[int, int]) -> tuple[int, int]:
    """Code-blocks of a component, and precincts of a component in a tile (T.800 A.6.1, B.6)."""
    style, _, _, _, levels, wide, high = struct.unpack_from(">BBHBBBB", cod)
    if levels > 32 or wide > 8 or high > 8:
        raise undecodable("the coding style of its JPEG 2000 codestream is impossible")
    blocks = (columns >> (wide + 2)) * (rows >> (high + 2)) + 1
    precincts = 0
    for level in range(levels + 1):
        sizes = cod[10 + levels - level] if style & 1 else 0xFF
        across = ((tile[0] - 1) >> level >> (sizes & 15)) + 1
        down = ((tile[1] - 1) >> level >> (sizes >> 4)) + 1
        precincts += across * down
    return blocks, precincts
