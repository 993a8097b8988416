"""Files of the import folder: nothing outside it is ever read, whoever plays with links meanwhile.

Each folder of a path is opened from the one above it, and no step follows a symbolic link: what is
checked is what is read.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from dicomweb.errors import BadRequest, Forbidden, NotFound, TooLarge
from extensions.files.uploads import File

PIECE = 1024 * 1024
MAX_DEPTH = 64

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_INSIDE = (
    "path is that of a file below the import folder: relative, without `..` and symbolic links."
)


@contextmanager
def opened(folder: str, path: str, limit: int) -> Iterator[File]:
    """The file at `path` below `folder`, of at most `limit` bytes. In a thread.

    Raises Forbidden without a folder, and for a path that leads out of it; BadRequest for what
    is no path of a file; NotFound; TooLarge.
    """
    if not folder:
        raise Forbidden("Import by path is off: DICOMWEB_IMPORT_DIR names no folder.")
    descriptor = _open(folder, _steps(path))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BadRequest("path names no file, but something else.")
        if found.st_size > limit:
            raise TooLarge(f"A file may have {limit // 1_000_000} MB (DICOMWEB_MAX_UPLOAD_MB).")
        yield File(
            path.rpartition("/")[2], found.st_size, lambda: _pieces(descriptor, found.st_size)
        )
    finally:
        os.close(descriptor)


def _steps(path: str) -> list[str]:
    if not path.strip() or "\0" in path:
        raise BadRequest("path is missing: the name of a file below the import folder is right.")
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if path.startswith("/") or ".." in steps:
        raise Forbidden(_INSIDE)
    if not steps or len(steps) > MAX_DEPTH:
        raise BadRequest(_INSIDE)
    return steps


def _open(folder: str, steps: list[str]) -> int:
    try:
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise NotFound("There is no import folder here.") from None
    try:
        for step in steps[:-1]:
            below = os.open(step, _STEP | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        # O_NONBLOCK: a pipe without a writer does not hold us up.
        return os.open(steps[-1], _STEP | os.O_NONBLOCK, dir_fd=at)
    except (OSError, ValueError):
        if _is_link(at, steps):
            raise Forbidden(_INSIDE) from None
        raise NotFound("There is no such file in the import folder.") from None
    finally:
        os.close(at)


def _is_link(at: int, steps: list[str]) -> bool:
    """Whether one of the steps is a symbolic link in the last folder that could be opened."""
    for step in steps:
        try:
            if stat.S_ISLNK(os.stat(step, dir_fd=at, follow_symlinks=False).st_mode):
                return True
        except (OSError, ValueError):
            continue
    return False


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size and (piece := os.pread(descriptor, min(PIECE, size - at), at)):
        at += len(piece)
        yield piece
