"""A deflated data set, read as if it were not: forwards, with bounded memory and patience."""

import zlib

from dicomweb.part10.header import Reader
from dicomweb.part10.limits import FREE, MAX_INFLATED, MAX_RATIO, too_much
from dicomweb.part10.source import Source

_PIECE = 64 * 1024
_STEP = 2**18


class Inflated:
    """The data set behind `offset` of a file of `size` bytes, inflated (PS3.5 A.5).

    `read` may be called for any place, but is quick only where places ascend.
    """

    def __init__(self, read: Reader, offset: int, size: int) -> None:
        self._read, self._offset, self._end = read, offset, size
        self.length = 0
        self.whole = False
        self._wbits = -zlib.MAX_WBITS
        self._at = 0  # how much has been given out
        self._begin()
        self._measure()

    def read(self, offset: int, length: int) -> bytes:
        if offset < self._at:
            self._begin()
        pieces = []
        while length > 0:
            piece = self._next()
            if not piece:
                break
            begin = offset - self._at
            self._at += len(piece)
            if begin < len(piece):
                wanted = piece[begin : begin + length]
                if begin + length < len(piece):
                    self._kept = piece[begin + length :]
                    self._at -= len(self._kept)
                pieces.append(wanted)
                offset += len(wanted)
                length -= len(wanted)
        return b"".join(pieces)

    def source(self) -> Source:
        return Source(b"", self.length, self.read)

    def _begin(self) -> None:
        self._inflate = zlib.decompressobj(self._wbits)
        self._next_in = self._offset
        self._kept = b""
        self._at = 0

    def _next(self) -> bytes:
        """The next bytes that come out, at most `_STEP`; none at the end, or where it is broken."""
        if self._kept:
            kept, self._kept = self._kept, b""
            return kept
        while not self._inflate.eof:
            piece = self._inflate.unconsumed_tail
            if not piece:
                piece = self._read(self._next_in, min(_PIECE, self._end - self._next_in))
                self._next_in += len(piece)
            try:
                out = self._inflate.decompress(piece, _STEP)
            except zlib.error:
                return b""
            if out or not piece:
                return out
        return b""

    def _measure(self) -> None:
        """Inflate all of it once, keeping nothing, to know its length and that it is no bomb."""
        while piece := self._next():
            self.length += len(piece)
            consumed = self._next_in - self._offset
            if self.length > MAX_INFLATED or self.length > max(FREE, MAX_RATIO * consumed):
                raise too_much("The deflated data set inflates to too much.")
        self.whole = self._inflate.eof
        if not self.length and self._wbits < 0:  # some write the header of zlib before it
            self._wbits = zlib.MAX_WBITS
            self._begin()
            self._measure()
        self._begin()
