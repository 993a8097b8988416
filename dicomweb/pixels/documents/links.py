"""Ways out of an instance, which the caller knows: URLs, other images, stored bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dicomweb.errors import TooLarge
from dicomweb.pixels.attributes import Metadata, numbers, text
from dicomweb.pixels.documents.content_tree import channels_of, frames_of
from dicomweb.pixels.documents.page import Line, Phrase
from dicomweb.pixels.documents.wording import class_name

if TYPE_CHECKING:
    from dicomweb.pixels.source import Source

BulkReader: TypeAlias = Callable[[str], bytes]
"""The value behind a BulkDataURI, little endian: as in `pixels.tables`."""
PartReader: TypeAlias = Callable[[str, int, int], bytes]
"""(BulkDataURI, offset, length) -> up to that many bytes of the value."""
UrlOf: TypeAlias = Callable[[str, str], str | None]
"""(SOP class, SOP instance) -> where a person can look at it; None when it is not here."""
OpenImage: TypeAlias = Callable[[str, int], "Source | None"]
"""(SOP instance, frame from 1) -> that frame; None when it is not here."""


# Large texts and outlines that one page shows, all together.
MAX_BULK = 64 * 2**20


def no_bulk(uri: str) -> bytes:
    return b""


def bounded(bulk: BulkReader, most: int = MAX_BULK) -> BulkReader:
    """The same reader for one page; TooLarge when its values together are more than `most`."""
    left = most

    def read(uri: str) -> bytes:
        nonlocal left
        found = bulk(uri)
        left -= len(found)
        if left < 0:
            raise TooLarge("The texts and outlines of this instance are too large to be shown.")
        return found

    return read


def part_of(bulk: BulkReader) -> PartReader:
    """A reader of parts for a caller that reads values whole."""
    return lambda uri, offset, length: bulk(uri)[offset : offset + length]


def no_url(sop_class: str, sop_instance: str) -> str | None:
    return None


def no_image(sop_instance: str, frame: int) -> "Source | None":
    return None


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the values of an instance lead: large values, and the pages of other instances."""

    bulk: BulkReader = no_bulk
    url_of: UrlOf = no_url


NO_WAYS = Ways()


def reference(item: Metadata, url_of: UrlOf) -> Line:
    """A referenced instance (0008,1150 and 0008,1155), with the parts of it that are meant."""
    sop_class, instance = text(item, "00081150"), text(item, "00081155")
    parts = [
        _numbered("frame", frames_of(item)),
        _numbered("segment", _segments(item)),
        ", ".join(_channel(group, channel) for group, channel in channels_of(item)),
    ]
    said = ", ".join(filter(None, (class_name(sop_class), *parts)))
    url = url_of(sop_class, instance) if instance else None
    hint = instance or "no instance is named"
    return (Phrase(said[:1].upper() + said[1:], "" if url is None else hint, url or ""),) + (
        (Phrase(f" {hint}"),) if url is None else ()
    )


def _segments(item: Metadata) -> list[int]:
    return [int(number) for number in numbers(item, "0062000B")]


def _numbered(what: str, found: list[int], most: int = 12) -> str:
    if not found:
        return ""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    plural = "s" if len(found) > 1 else ""
    return f"{what}{plural} {', '.join(map(str, found[:most]))}{more}"


def _channel(group: int, channel: int) -> str:
    return f"group {group}, channel {channel}" if channel else f"group {group}"
