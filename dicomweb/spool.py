"""Bytes that wait on the disk until it is known what they are for; a crash leaves none of them."""

import io
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dicomweb.errors import Unavailable

PIECE = 1024 * 1024
_IOV_MAX = 512


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes of a spool."""

    offset: int
    length: int

    def cut(self, start: int, stop: int = 0) -> "Span":
        """From `start` up to `stop`, both counted from its beginning; 0 is its end."""
        stop = min(stop or self.length, self.length)
        return Span(self.offset + start, max(0, stop - start))


class Spool:
    """An unnamed file in `folder`, made when it is first written; one writer, any readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1
        self._lock = threading.Lock()
        self._closed = False
        self.size = 0

    def append(self, pieces: list[bytes | memoryview]) -> Span:
        """Write behind what is there. Waits for the disk; Unavailable when it has no room."""
        with self._lock:
            start = self.size
            if self._closed:  # its request was given up while this waited for a thread
                return Span(start, 0)
            try:
                if self._descriptor < 0:
                    self._descriptor = _open(self._folder)
                for first in range(0, len(pieces), _IOV_MAX):
                    batch = pieces[first : first + _IOV_MAX]
                    expected = sum(map(len, batch))
                    written = os.pwritev(self._descriptor, batch, self.size)
                    if written != expected:
                        self._write_rest(b"".join(batch)[written:], self.size + written)
                    self.size += expected
            except OSError:
                raise Unavailable("The server has no room for this request now.") from None
            return Span(start, self.size - start)

    def _write_rest(self, rest: bytes, offset: int) -> None:
        while rest:
            written = os.pwrite(self._descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

    def read(self, span: Span, offset: int = 0, length: int = -1) -> bytes:
        """`length` bytes of a span from `offset` on, all that follow by default."""
        rest = span.length - offset
        length = rest if length < 0 else min(length, rest)
        if length <= 0:
            return b""
        return os.pread(self._descriptor, length, span.offset + offset)

    def pieces(self, span: Span) -> Iterator[bytes]:
        """A span in pieces of at most 1 MB."""
        for offset in range(0, span.length, PIECE):
            yield self.read(span, offset, PIECE)

    def file(self) -> IO[bytes]:
        """All of it as a file for reading, empty where nothing was written."""
        if self._descriptor < 0:
            return io.BytesIO()
        return os.fdopen(os.dup(self._descriptor), "rb")

    def close(self) -> None:
        """Harmless when repeated."""
        with self._lock:
            self._closed = True
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _open(folder: Path) -> int:
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        return os.dup(file.fileno())
