"""Bulk values as WADO-RS gives them (PS3.18 10.4): in little endian, without headers, in pieces."""

from collections.abc import Iterable, Iterator

import orjson

from dicomweb.errors import Fault, InstanceRefused
from dicomweb.part10 import fragments
from dicomweb.part10.frames import FrameTable
from dicomweb.part10.header import Bulk, Reader
from dicomweb.part10.large import PIXELS
from dicomweb.part10.parse import PIECE, parse
from dicomweb.part10.source import WINDOW, Source


def pack_bulk(values: Iterable[Bulk]) -> bytes:
    """The bulk table of an instance as compact bytes."""
    return orjson.dumps([(bulk.path, bulk.vr, bulk.offset, bulk.length) for bulk in values])


def unpack_bulk(packed: bytes) -> tuple[Bulk, ...]:
    return tuple(Bulk(*fields) for fields in orjson.loads(packed))


def find_bulk(packed: bytes, path: str) -> Bulk | None:
    """One value of a packed table."""
    return next((bulk for bulk in unpack_bulk(packed) if bulk.path == path), None)


def read_bulk(
    bulk: Bulk,
    transfer_syntax: str,
    dataset_offset: int,
    size: int,
    read: Reader,
    *,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[bytes]:
    """The value, or its bytes from `start` to `stop`, in pieces of at most 1 MB.

    Of encapsulated pixel data: the compressed streams of all frames, one behind the other; that is
    what a video is, and the frames of other images are had by their FrameTable. A value with
    offset -1 is looked for in the file again. Fault where it is not there any more.
    """
    if bulk.offset < 0:
        yield from _searched(bulk, size, read, start, bulk.length if stop is None else stop)
        return
    if items := _items(bulk, size, read):
        yield from _from_items(items, read, start, bulk.length if stop is None else stop)
        return
    end = bulk.length if stop is None else min(stop, bulk.length)
    yield from _span(read, bulk.offset + start, bulk.offset + end)


def read_frame(
    table: FrameTable,
    number: int,
    bulk: Iterable[Bulk],
    transfer_syntax: str,
    dataset_offset: int,
    size: int,
    read: Reader,
) -> bytes:
    """Frame `number`, from 1, as stored: compressed, or native in little endian and byte-aligned.

    `bulk` is the bulk table, needed where the frames are inside a value that must be looked for.
    NotFound beyond the last frame.
    """
    spans = table.spans(number)
    if not table.inside:
        return table.cut(number, b"".join([read(offset, length) for offset, length in spans]))
    pixels = next((value for value in bulk if value.path in PIXELS), None)
    if pixels is None:
        raise Fault("The pixel data of this instance cannot be found.")
    found = [
        piece
        for begin, length in spans
        for piece in read_bulk(
            pixels, transfer_syntax, dataset_offset, size, read, start=begin, stop=begin + length
        )
    ]
    return table.cut(number, b"".join(found))


def _span(read: Reader, start: int, stop: int) -> Iterator[bytes]:
    while start < stop:
        piece = read(start, min(PIECE, stop - start))
        if not piece:
            return
        start += len(piece)
        yield piece


def _items(bulk: Bulk, size: int, read: Reader) -> list[tuple[int, int]]:
    """(begin, end) of each fragment, where the value is encapsulated; it tells by itself."""
    if bulk.path[-8:] not in PIXELS or read(bulk.offset, 4) != fragments.ITEM:
        return []
    end = bulk.offset + bulk.length
    found = fragments.walk(Source(b"", size, read), bulk.offset, end)
    return found.spans if found.starts[-1] == end else []


def _from_items(
    items: list[tuple[int, int]], read: Reader, start: int, stop: int
) -> Iterator[bytes]:
    at = 0
    for begin, end in items:
        length = end - begin
        first = max(start - at, 0)
        last = min(stop - at, length)
        yield from _span(read, begin + first, begin + last)
        at += length


def _searched(bulk: Bulk, size: int, read: Reader, start: int, stop: int) -> Iterator[bytes]:
    """A value that has no place in the file: it must be inflated, or turned to little endian."""
    try:
        parsed = parse(read(0, WINDOW), size, read)
    except InstanceRefused as fault:
        raise Fault("The stored instance cannot be read any more.") from fault
    found = next((value for value in parsed.walk.bulk if value.path == bulk.path), None)
    if found is None:
        raise Fault("The bulk value cannot be found in the stored instance.")
    stop = min(stop, bulk.length)
    pixels = parsed.walk.pixels
    wrapped = parsed.walk.wrapped.get(found.path)
    if wrapped is None and pixels is not None and pixels.tag == found.path:
        wrapped = pixels.fragments
    if wrapped is not None:
        yield from _from_items(wrapped.spans, (parsed.plain or parsed.data).at, start, stop)
    else:
        yield from parsed.pieces(found, start, stop)
