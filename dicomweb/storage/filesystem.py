"""Blobs as files, a thousand to a folder; a group of them is flushed by one `syncfs`."""

import ctypes
import errno
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

from dicomweb.errors import Fault, Unavailable

SUFFIX = ".dcm"
# So many files lie in one folder: neighbours in time are neighbours on the disk, and a folder is
# made once in a thousand stores.
FOLDER = 1000
# Fewer files than this are flushed one by one: a syncfs would also wait for everybody else's bytes.
FEW = 2
PIECE = 1024 * 1024
_IOV_MAX = 512


class File:
    """A file that is being written under its final name; its row is what makes it exist."""

    def __init__(self, path: str, key: str) -> None:
        self.key = key
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        for start in range(0, len(pieces), _IOV_MAX):
            batch = pieces[start : start + _IOV_MAX]
            written = os.writev(self._descriptor, batch)
            if written != sum(map(len, batch)):
                self._write_rest(b"".join(batch)[written:])

    def _write_rest(self, rest: bytes) -> None:
        """A short write: a signal, or a disk that is all but full (then the next write says so)."""
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        self.close()
        Path(self._path).unlink(missing_ok=True)


class FileSystem:
    """The storage of one machine. Several processes may share the folder."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self._prefix = f"{root}{os.sep}"
        self._syncfs = _find_syncfs()
        self._lock = threading.Lock()
        self._folder = ""
        self._created = 0

    def create(self) -> File:
        with self._lock:
            self._created += 1
            if self._created > FOLDER or not self._folder:
                self._new_folder()
            folder = self._folder
        key = f"{folder}/{secrets.token_hex(12)}"
        path = self._path(key)
        try:
            return File(path, key)
        except FileNotFoundError:  # an emptied folder was tidied away
            Path(path).parent.mkdir(exist_ok=True)
            _sync(str(self.root), os.O_RDONLY | os.O_DIRECTORY)
            return File(path, key)

    def _new_folder(self) -> None:
        """Another folder for this process; its name is durable before anything lies in it."""
        self._folder = secrets.token_hex(4)
        self._created = 1
        (self.root / self._folder).mkdir(exist_ok=True)
        _sync(str(self.root), os.O_RDONLY | os.O_DIRECTORY)

    def flush(self, keys: Sequence[str]) -> None:
        if self._syncfs is not None and len(keys) >= FEW:
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                if self._syncfs(descriptor) != 0:
                    raise OSError(ctypes.get_errno(), "syncfs")
            finally:
                os.close(descriptor)
            return
        for key in keys:
            _sync(self._path(key), os.O_RDONLY)
        for folder in {key.partition("/")[0] for key in keys}:
            _sync(f"{self._prefix}{folder}", os.O_RDONLY | os.O_DIRECTORY)

    def read(self, key: str, offset: int, length: int) -> bytes:
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _missing() from None
        try:
            data = os.pread(descriptor, length, offset)
            if len(data) < length:
                data = _read_rest(descriptor, data, offset, length)
            return data
        finally:
            os.close(descriptor)

    def read_if_warm(self, key: str, offset: int, length: int) -> bytes | None:
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _missing() from None
        try:
            if not (_is_cached(descriptor, offset + length - 1) and _is_cached(descriptor, offset)):
                return None
            data = os.pread(descriptor, length, offset)
            return data if len(data) == length else None
        finally:
            os.close(descriptor)

    def pieces(self, key: str, offset: int, length: int) -> Iterator[bytes]:
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _missing() from None
        return _pieces(descriptor, offset, length)

    def size(self, key: str) -> int:
        try:
            return Path(self._path(key)).stat().st_size
        except FileNotFoundError:
            raise _missing() from None

    def written(self, key: str) -> float:
        try:
            return Path(self._path(key)).stat().st_mtime
        except FileNotFoundError:
            raise _missing() from None

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            Path(self._path(key)).unlink(missing_ok=True)

    def keys(self) -> Iterator[tuple[str, float]]:
        for folder in sorted(self.root.glob("[0-9a-f]" * 8)):
            for path in folder.glob(f"*{SUFFIX}"):
                yield f"{folder.name}/{path.stem}", path.stat().st_mtime

    def check(self) -> None:
        probe = self.root / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"probe")
            if probe.read_bytes() != b"probe":
                raise Unavailable("The storage does not give back what was written.")
        except OSError as fault:
            reason = errno.errorcode.get(fault.errno or 0, "an error")
            raise Unavailable(f"The storage cannot be written: {reason}.") from None
        finally:
            probe.unlink(missing_ok=True)

    def _path(self, key: str) -> str:
        return f"{self._prefix}{key}{SUFFIX}"


def _sync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_rest(descriptor: int, data: bytes, offset: int, length: int) -> bytes:
    """One pread gives at most 2 GB, and less after a signal; the end of the file ends it too."""
    pieces = [data]
    have = len(data)
    while have < length:
        piece = os.pread(descriptor, length - have, offset + have)
        if not piece:
            break
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)


def _pieces(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    """The file stays open, so that a deletion meanwhile does not cut the answer short."""
    try:
        end = offset + length
        while offset < end:
            piece = os.pread(descriptor, min(PIECE, end - offset), offset)
            if not piece:
                raise Fault("The bytes of a stored instance end too early.")
            offset += len(piece)
            yield piece
    finally:
        os.close(descriptor)


def _is_cached(descriptor: int, offset: int) -> bool:
    """Whether the page at `offset` is in memory, so that reading it does not wait (preadv2(2))."""
    try:
        os.preadv(descriptor, [bytearray(1)], max(offset, 0), os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):  # a file system or a kernel that cannot tell
        return True
    return True


def _find_syncfs() -> Callable[[int], int] | None:
    """The C library's syncfs(2), where there is one: Linux; since 5.8 it reports write errors."""
    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_int]
    function.restype = ctypes.c_int
    return cast(Callable[[int], int], function)


def _missing() -> Fault:
    return Fault("The bytes of a stored instance are missing; `dicomweb check` names them.")
