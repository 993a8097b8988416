"""Blobs of extensions: bytes that are no instance, under the same promises as those that are."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from dicomweb.errors import Unavailable
from dicomweb.storage import Storage

SPILL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a blob is, its size in bytes and its SHA-256."""

    key: str
    size: int
    sha256: bytes


def keep(storage: Storage, pieces: Iterable[bytes]) -> Kept:
    """Write and flush. Raises Unavailable when the storage has no room; nothing is left then."""
    writing = storage.create()
    digest = hashlib.sha256()
    size = 0
    try:
        for piece in pieces:
            writing.write([piece])
            digest.update(piece)
            size += len(piece)
        writing.close()
        storage.flush([writing.key])
    except OSError:
        writing.discard()
        raise Unavailable("The storage has no room for this file.") from None
    except BaseException:
        writing.discard()
        raise
    return Kept(writing.key, size, digest.digest())
