"""One pass over a file, whatever it is written in: its elements, and where its large values are."""

from collections.abc import Iterator
from dataclasses import dataclass

from dicomweb.errors import InstanceRefused
from dicomweb.part10.header import Bulk, Reader
from dicomweb.part10.inflate import Inflated
from dicomweb.part10.limits import too_much
from dicomweb.part10.memo import MEMORY, Run, Token, single
from dicomweb.part10.meta import Encoding, Meta, encoding_of, is_deflated, read_meta
from dicomweb.part10.plain import swapped
from dicomweb.part10.source import Source
from dicomweb.part10.tokens import Odd, Walk
from dicomweb.part10.values import UNITS

PIECE = 2**20


@dataclass(slots=True)
class Parsed:
    """A file that was read: `walk` knows the places of its bulk values.

    `data` is the file itself, or its inflated data set. Where `plain` is set, it is the data set
    made plain, and holds the bulk values, those of the top-level pixel data apart, which stand in
    `data`, in `encoding`.
    """

    meta: Meta
    encoding: Encoding
    parts: list[Token | Run]
    walk: Walk
    data: Source
    deflated: bool
    plain: Source | None = None

    def is_in_file(self, bulk: Bulk) -> bool:
        """Whether `bulk` stands in the file as it is to be sent, at its offset."""
        if self.deflated:
            return False
        return self.plain is None or (self._is_pixels(bulk) and self.encoding.little)

    def pieces(self, bulk: Bulk, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to `stop` of a bulk value, in little endian, 1 MB at most each."""
        is_pixels = self._is_pixels(bulk)
        source = self.data if self.plain is None or is_pixels else self.plain
        unit = 1 if self.encoding.little or not is_pixels else UNITS.get(bulk.vr, 1)
        at = start - start % unit
        while at < stop:
            end = min(at + PIECE, stop + -stop % unit, bulk.length)
            piece = source.at(bulk.offset + at, end - at)
            if not piece:
                return
            shown = swapped(piece, unit)[max(start - at, 0) : stop - at]
            at += len(piece)
            yield shown

    def _is_pixels(self, bulk: Bulk) -> bool:
        pixels = self.walk.pixels
        return pixels is not None and bulk.path == pixels.tag


def parse(head: bytes, size: int, read: Reader) -> Parsed:
    """Read a file once; `head` holds its first bytes. InstanceRefused for what cannot be read."""
    source = Source(head, size, read)
    meta = read_meta(source)
    data, at = source, meta.dataset_offset
    deflated = is_deflated(meta)
    if deflated:
        inflated = Inflated(read, at, size)
        if not inflated.whole:
            meta.doubts.append("The deflated data set is broken at its end.")
        data, at = inflated.source(), 0
    encoding = encoding_of(data, at, meta)
    if encoding.little:
        walk = Walk(data, MEMORY)
        try:
            parts = walk.data_set(at, implicit=encoding.implicit)
        except Odd:
            meta.doubts.append("The data set is not structured as its transfer syntax says.")
        except RecursionError as fault:  # somebody called us deep in his own stack
            raise too_much("Sequences are nested too deep.") from fault
        else:
            return Parsed(meta, encoding, parts, walk, data, deflated)
    return _parse_odd(meta, encoding, data, at, deflated)


def _parse_odd(meta: Meta, encoding: Encoding, data: Source, at: int, deflated: bool) -> Parsed:
    from dicomweb.part10.odd import make_plain  # pydicom: when first needed

    plain = make_plain(data, at, encoding)
    content = plain.before + plain.after
    header = Source(content, len(content), lambda offset, length: content[offset : offset + length])
    walk = Walk(header, MEMORY)
    try:
        parts = walk.data_set(0, implicit=False)
    except Odd as fault:
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND, "The data set cannot be read as DICOM."
        ) from fault
    walk.cut = walk.cut or plain.cut
    if plain.uneven:
        walk.doubts.add("There are values of odd length.")
    if (pixels := plain.pixels) is not None:
        walk.pixels = pixels
        place = walk.place(pixels.tag, pixels.vr, pixels.offset, pixels.length)
        parts = [*sorted([*single(parts), place], key=lambda token: token.tag)]
    return Parsed(meta, encoding, parts, walk, data, deflated, header)
