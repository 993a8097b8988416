"""Range requests: which bytes are asked for (RFC 9110 14; PS3.18 8.6.1)."""

import re
from dataclasses import dataclass

from dicomweb.errors import RangeNotSatisfiable

MAX_RANGES = 16  # more are answered with the whole (RFC 9110 14.2 lets a server pass Range over)

_RANGE = re.compile(r"([0-9]{0,40})-([0-9]{0,40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """The Content-Range of this part of `size` bytes: `bytes 0-99/1234`."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(header: str | None, size: int) -> tuple[ByteRange, ...] | None:
    """The ranges of a resource of `size` bytes, in the order asked for; None: send all of it.

    A header that is malformed, has another unit, too many ranges, or asks for more bytes than there
    are is passed over, as RFC 9110 14.2 wants or allows. RangeNotSatisfiable, with the header that
    a 416 has, when the header is right but no range of it lies in the resource.
    """
    specs = _specs(header)
    if not specs:
        return None
    ranges = [found for first, last in specs if (found := _resolve(first, last, size))]
    if not ranges:
        raise RangeNotSatisfiable(
            f"The range lies outside the resource: it has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    if len(ranges) > 1 and sum(each.length for each in ranges) > size:
        return None
    return tuple(ranges)


def _specs(header: str | None) -> list[tuple[int | None, int | None]]:
    """First and last position of each range as sent; empty when the header is to be passed over."""
    unit, equals, listing = (header or "").partition("=")
    members = [member.strip(" \t") for member in listing.split(",", MAX_RANGES + 1)]
    members = [member for member in members if member]
    if unit.strip(" \t").lower() != "bytes" or not equals or len(members) > MAX_RANGES:
        return []
    specs: list[tuple[int | None, int | None]] = []
    for member in members:
        match = _RANGE.fullmatch(member)
        if match is None or member == "-":
            return []
        first, last = (int(text) if text else None for text in match.groups())
        if first is not None and last is not None and last < first:
            return []
        specs.append((first, last))
    return specs


def _resolve(first: int | None, last: int | None, size: int) -> ByteRange | None:
    if first is None:  # the last so many bytes
        length = min(last or 0, size)
        return ByteRange(size - length, size) if length else None
    stop = size if last is None else min(last + 1, size)
    return ByteRange(first, stop) if first < size else None
