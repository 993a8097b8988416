"""From what is stored to what is asked for: frames and instances in another transfer syntax.

One frame transcoded never touches its siblings; what is under way is computed once, however many
ask for it; what was computed is kept in a bounded cache.
"""

from collections.abc import Iterator
from functools import partial

from dicomweb.archive import Archive, Bulk, Location
from dicomweb.cache import ByteCache
from dicomweb.content import Content, Piece, content_of
from dicomweb.errors import InstanceRefused, NotAcceptable, TooLarge
from dicomweb.part10.bulk import read_bulk, read_frame
from dicomweb.pixels.codecs import SYNTAXES
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.targets import TARGETS, changes_after, compression_ratio, targets_for
from dicomweb.wire.media_types import (
    DEFLATED,
    ENCAPSULATED_UNCOMPRESSED,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
    NATIVE,
    VIDEO,
)

# Frames of a transcoded instance are held in memory together: more than this are refused.
MAX_TRANSCODED = 1024**3
# Pixel Data, Float Pixel Data, Double Float Pixel Data (PS3.18 10.4.1.1.5).
PIXELS = ("7FE00010", "7FE00008", "7FE00009")

_MAGIC_AT, _MAGIC = 128, b"DICM"
_MOST_META = 64 * 1024


class Conversion:
    """Frames and instances of an archive in the transfer syntaxes that can be made of them."""

    def __init__(self, archive: Archive, *, cache_bytes: int = 64_000_000) -> None:
        self.archive = archive
        self._frames: ByteCache[bytes] = ByteCache(cache_bytes, len)
        self._instances: ByteCache[bytes] = ByteCache(cache_bytes, len)

    # what is possible

    def hoped(self, location: Location) -> frozenset[str]:
        """What any instance of this transfer syntax might be converted to, without a look at it."""
        if not location.frames:
            return frozenset({EXPLICIT_LITTLE_ENDIAN})
        return _HOPED if location.transfer_syntax in SYNTAXES else frozenset()

    def is_certain(self, location: Location, syntax: str) -> bool:
        """Whether a conversion that was hoped for is possible without a look at the image."""
        return not syntax or not location.frames or _same_pixels(location.transfer_syntax, syntax)

    def possible(self, location: Location) -> frozenset[str]:
        """What this very image can be converted to; reads its metadata."""
        if not location.frames or location.transfer_syntax not in SYNTAXES:
            return self.hoped(location)
        try:
            return frozenset(targets_for(self.image(location)))
        except NotAcceptable:
            return frozenset({EXPLICIT_LITTLE_ENDIAN} & NATIVE & {location.transfer_syntax})

    def image(self, location: Location) -> ImagePixel:
        """What the frames of an instance mean. NotAcceptable when its header makes no image."""
        return ImagePixel.of(self.archive.attributes(location), pixel_syntax(location))

    # frames

    def frame_at_once(self, location: Location, number: int, syntax: str) -> Content | None:
        """One frame, counted from 1, where it lies in the file as it is asked for; else None.

        One look at the frame table, whatever the number of frames. NotFound beyond the last.
        """
        table = self.archive.frames(location)
        spans = table.spans(number)
        if table.inside or len(spans) != 1 or table.shares_bytes:
            return None
        if not _same_pixels(location.transfer_syntax, syntax):
            return None
        return self.archive.content(location, *spans[0])

    def frame(self, location: Location, number: int, syntax: str) -> bytes:
        """One frame in any possible syntax. May wait and compute. NotAcceptable: undecodable."""
        if _same_pixels(location.transfer_syntax, syntax):
            return self.stored_frame(location, number)
        return self._frames.computed(
            (location.key, number, syntax), lambda: self._transcode(location, number, syntax)
        )

    def stored_frame(self, location: Location, number: int) -> bytes:
        """One frame as it is stored, a native one in little endian. May wait."""
        return read_frame(
            self.archive.frames(location),
            number,
            self.archive.all_bulk(location),
            location.transfer_syntax,
            location.dataset_offset,
            location.size,
            partial(self.archive.read, location),
        )

    def _transcode(self, location: Location, number: int, syntax: str) -> bytes:
        from dicomweb.pixels.transcode import transcode_frame

        return transcode_frame(self.stored_frame(location, number), self.image(location), syntax)

    # bulk data

    def is_one_value(self, location: Location) -> bool:
        """Whether the pixel data are one value, native or video, and not frames in fragments."""
        return location.transfer_syntax in VIDEO or self.archive.frames(location).native

    def value(self, location: Location, bulk: Bulk) -> Content:
        """A value in little endian, without headers; its pieces are read when they are sent."""
        if bulk.path in PIXELS and location.transfer_syntax in VIDEO:
            spans = self.archive.frames(location).spans(1)
            if len(spans) == 1:
                return self.archive.content(location, *spans[0])
            return content_of(self.stored_frame(location, 1))
        if bulk.offset >= 0 and location.transfer_syntax != EXPLICIT_BIG_ENDIAN:
            return self.archive.content(location, bulk.offset, bulk.length)

        def pieces(offset: int, length: int) -> Iterator[Piece]:
            return read_bulk(
                bulk,
                location.transfer_syntax,
                location.dataset_offset,
                location.size,
                partial(self.archive.read, location),
                start=offset,
                stop=offset + length,
            )

        return Content(bulk.length, lambda: None, pieces)

    # instances

    def instance_at_once(self, location: Location, syntax: str) -> Content | None:
        """A PS3.10 file as it is stored, where that is what is asked for; else None."""
        if syntax == location.transfer_syntax and self._is_whole(location):
            return self.archive.content(location, 0, location.size)
        return None

    def _is_whole(self, location: Location) -> bool:
        """Whether what is stored is a PS3.10 file of the syntax that it is filed under.

        Some senders leave preamble or meta away, or write another encoding than they declare.
        """
        head = self.archive.read(location, _MAGIC_AT, min(location.dataset_offset, _MOST_META))
        begin = location.dataset_offset - _MAGIC_AT
        value_representation = bytes(head[begin + 4 : begin + 6])
        return (
            bytes(head[: len(_MAGIC)]) == _MAGIC
            and (
                location.transfer_syntax == DEFLATED
                or _declared(bytes(head[:begin])) == location.transfer_syntax
            )
            and (
                location.transfer_syntax not in _EXPLICIT_VR
                or (value_representation.isalpha() and value_representation.isupper())
            )
        )

    def instance(self, location: Location, syntax: str) -> Content:
        """A PS3.10 file in any possible syntax. May wait and compute."""
        stored = location.transfer_syntax
        wrapped = stored == ENCAPSULATED_UNCOMPRESSED != syntax
        if not location.frames or (_same_pixels(stored, syntax) and not wrapped):
            return self._explicit(location, syntax)
        key = (location.key, syntax)
        return content_of(self._instances.computed(key, lambda: self._convert(location, syntax)))

    def _explicit(self, location: Location, syntax: str) -> Content:
        """The same pixels in a file written anew; its pieces are made when they are sent."""
        from dicomweb.part10.rewrite import explicit

        read = partial(self.archive.read, location)

        def pieces(offset: int, length: int) -> Iterator[Piece]:
            return _cut(iter(explicit(location.size, read, syntax).pieces), offset, length)

        try:
            return Content(explicit(location.size, read, syntax).length, lambda: None, pieces)
        except InstanceRefused as refusal:
            raise NotAcceptable(
                f"This instance can be given only as it is stored: {refusal.sentence}"
            ) from None

    def _convert(self, location: Location, syntax: str) -> bytes:
        from dicomweb.part10.rewrite import with_pixels
        from dicomweb.pixels.transcode import native_value, transcode_frame

        image = self.image(location)
        count = self.archive.frames(location).count
        if image.native_bytes * count > MAX_TRANSCODED:
            raise TooLarge(
                "This instance is too large to be converted as a whole: "
                "ask for it with transfer-syntax=*, or for its frames."
            )
        frames = [
            transcode_frame(self.stored_frame(location, number), image, syntax)
            for number in range(1, count + 1)
        ]
        ratio = compression_ratio(image, sum(map(len, frames)))
        changes = changes_after(self.archive.attributes(location), image, syntax, ratio)
        if syntax == EXPLICIT_LITTLE_ENDIAN:
            frames = [native_value(frames, image)]
        read = partial(self.archive.read, location)
        return with_pixels(location.size, read, syntax, frames, changes).whole()


def _declared(meta: bytes) -> str:
    """(0002,0010) of file meta information, however it is padded; empty where it has none."""
    at = meta.find(b"\x02\0\x10\0UI") + 6
    if at < 6:
        return ""
    length = int.from_bytes(meta[at : at + 2], "little")
    return meta[at + 2 : at + 2 + length].rstrip(b" \0").decode("latin-1")


def pixel_syntax(location: Location) -> str:
    """The transfer syntax of what `stored_frame` gives: native frames are little endian."""
    stored = location.transfer_syntax
    return EXPLICIT_LITTLE_ENDIAN if stored in NATIVE else stored


def _same_pixels(stored: str, asked: str) -> bool:
    """Whether frames of one syntax are those of the other: native ones are, whatever is around."""
    return asked == stored or (asked == EXPLICIT_LITTLE_ENDIAN and stored in NATIVE)


def _cut(pieces: Iterator[bytes], offset: int, length: int) -> Iterator[Piece]:
    """`length` bytes from `offset` on of what the pieces make together."""
    for piece in pieces:
        if offset >= len(piece):
            offset -= len(piece)
            continue
        found = memoryview(piece)[offset : offset + length]
        offset = 0
        length -= len(found)
        yield found
        if not length:
            return


_HOPED = frozenset(TARGETS)
# Where the first element behind the file meta information shows its VR.
_EXPLICIT_VR = frozenset(SYNTAXES) - {DEFLATED, IMPLICIT_LITTLE_ENDIAN}
