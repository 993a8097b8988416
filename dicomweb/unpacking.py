"""Store requests that arrive packed: gzip, or a ZIP of PS3.10 files. Bombs are refused."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

from dicomweb.errors import BadRequest, InstanceRefused, TooLarge

# What unpacks to more than this many bytes may have unpacked to at most FACTOR times its size.
HARMLESS = 1024**3
FACTOR = 200
# The list of files in a ZIP is read at once: some 100,000 names.
MAX_DIRECTORY = 8 * 1024 * 1024
PIECE = 1024 * 1024
_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_ENCRYPTED = 1
_GZIP = 31  # the window bits that stand for a gzip header


def check_growth(packed: int, unpacked: int) -> None:
    """TooLarge when so much cannot be meant to come out of so little."""
    if unpacked > max(HARMLESS, FACTOR * packed):
        raise TooLarge(
            f"The body unpacks to more than {FACTOR} times its size: send it as it is, or in parts."
        )


class Gunzip:
    """Unpacks a gzip body piece by piece; no piece given is over 1 MB."""

    def __init__(self) -> None:
        from isal import isal_zlib

        self._library: Any = isal_zlib
        self._stream: Any = isal_zlib.decompressobj(wbits=_GZIP)
        self._packed = 0
        self._unpacked = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """What `chunk` unpacks to. BadRequest when it is no gzip, TooLarge when it is a bomb."""
        self._packed += len(chunk)
        pieces: list[bytes] = []
        fault: type[Exception] = self._library.error
        try:
            while chunk:
                if self._stream.eof:  # RFC 1952 2.2: members follow one another
                    self._stream = self._library.decompressobj(wbits=_GZIP)
                chunk = self._step(chunk, pieces)
        except fault:
            raise BadRequest("The body is not gzip, as its Content-Encoding says.") from None
        return pieces

    def _step(self, chunk: bytes, pieces: list[bytes]) -> bytes:
        """Unpack up to the end of a member; what follows it."""
        while True:
            piece: bytes = self._stream.decompress(chunk, PIECE)
            self._unpacked += len(piece)
            check_growth(self._packed, self._unpacked)
            if piece:
                pieces.append(piece)
            if self._stream.eof:
                rest: bytes = self._stream.unused_data
                return rest
            chunk = self._stream.unconsumed_tail
            if not chunk and len(piece) < PIECE:
                return b""

    def close(self) -> None:
        """BadRequest when the body ended too early."""
        if self._packed and not self._stream.eof:
            raise BadRequest("The gzip body ends too early.")


class _Careful:
    """A file that refuses long reads: zipfile reads the whole list of files at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.close = file.close

    def read(self, count: int = -1) -> bytes:
        if count > MAX_DIRECTORY:
            raise TooLarge("The ZIP has too many files: send several.")
        return self._file.read(count)


def open_zip(file: IO[bytes], size: int) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The files of a ZIP that may be instances: no folders, no DICOMDIR, nothing hidden.

    BadRequest when it is no ZIP, TooLarge when it is a bomb.
    """
    try:
        archive = zipfile.ZipFile(_Careful(file))
        members = [member for member in archive.infolist() if _is_wanted(member)]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise BadRequest("The body is no ZIP, or a damaged one.") from None
    check_growth(size, sum(member.file_size for member in members))
    return archive, members


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    # Where a name leads to makes no difference: it names no file of ours.
    names = member.filename.replace("\\", "/").upper().split("/")
    parts = [name for name in names if name not in (".", "..")]
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    # ZipInfo.is_dir fails at a file without a name, which a damaged ZIP may have.
    is_folder = member.filename.endswith("/")
    return not (is_folder or hidden or parts[-1:] in ([], ["DICOMDIR"]))


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """One file in pieces. InstanceRefused when it cannot be read."""
    import zlib

    if member.compress_type not in (_STORED, _DEFLATED) or member.flag_bits & _ENCRYPTED:
        raise _unreadable("is encrypted, or neither stored nor deflated")
    try:
        with archive.open(member) as stream:
            while piece := stream.read(PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        raise _unreadable("is damaged") from None


def _unreadable(why: str) -> InstanceRefused:
    return InstanceRefused(InstanceRefused.CANNOT_UNDERSTAND, f"A file of the ZIP {why}.")


async def unpacked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A gzip body as it was before; each chunk is unpacked outside the event loop."""
    gunzip = Gunzip()
    async for chunk in chunks:
        for piece in await asyncio.to_thread(gunzip.feed, chunk):
            yield piece
    gunzip.close()
