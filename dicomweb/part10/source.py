"""A file seen through a window of bounded size that moves forward."""

from dicomweb.part10.header import Reader

WINDOW = 256 * 1024
MARGIN = 12
"""Bytes that every element header fits into; the window is padded so that they may be looked at."""


class Source:
    """`buf` holds the bytes from `base` on; `size` is the length of the file.

    A file that turns out shorter than it was said to be has its `size` corrected.
    """

    __slots__ = ("base", "buf", "read", "size")

    def __init__(self, head: bytes, size: int, read: Reader) -> None:
        self.buf = head[:size] if len(head) > size else head
        self.base = 0
        self.size = size
        self.read = read

    def move(self, at: int, need: int = MARGIN) -> None:
        """Make the window hold `need` bytes from `at` on, or all there are, and a margin."""
        start = at - self.base
        end = self.base + len(self.buf)
        if start >= 0 and (at + need <= end or end >= self.size):
            self.buf = self.buf[start:]
        else:
            wanted = min(max(WINDOW, need), max(self.size - at, 0))
            self.buf = self.read(at, wanted)
            if len(self.buf) < wanted:
                self.size = at + len(self.buf)
        self.base = at
        if at + len(self.buf) >= self.size:
            self.buf += bytes(MARGIN)

    def at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on, fewer at the end of the file; the window stays."""
        start = offset - self.base
        if start >= 0 and start + length <= len(self.buf):
            return self.buf[start : min(start + length, self.size - self.base)]
        length = min(length, self.size - offset)
        return self.read(offset, length) if length > 0 else b""
