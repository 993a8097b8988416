"""Bytes that are not read yet: how many they are, and ways to get them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Piece = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of known length.

    `read` gives all of them at once, or None when that would wait for a disk or be too much for
    one piece; then `open(offset, length)`, which may wait, gives an iterator of pieces.
    """

    length: int
    read: Callable[[], Piece | None]
    open: Callable[[int, int], Iterator[Piece]]


def content_of(data: Piece) -> Content:
    """Bytes that are in memory."""
    return Content(
        len(data),
        lambda: data,
        lambda offset, length: iter([memoryview(data)[offset : offset + length]]),
    )
