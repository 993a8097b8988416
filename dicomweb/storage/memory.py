"""Blobs in memory, for tests."""

import secrets
import time
from collections.abc import Iterator, Sequence

from dicomweb.errors import Fault


class Piece:
    """Bytes that are being written."""

    def __init__(self, blobs: dict[str, bytearray], key: str) -> None:
        self.key = key
        self._blobs = blobs
        blobs[key] = bytearray()

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        for piece in pieces:
            self._blobs[self.key] += piece

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._blobs[self.key][offset : offset + length])

    def close(self) -> None:
        """Nothing is open."""

    def discard(self) -> None:
        self._blobs.pop(self.key, None)


class Memory:
    """A storage that is gone with its process."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytearray] = {}

    def create(self) -> Piece:
        return Piece(self._blobs, secrets.token_hex(16))

    def flush(self, keys: Sequence[str]) -> None:
        """Memory is as durable as it gets."""

    def read(self, key: str, offset: int, length: int) -> bytes:
        try:
            return bytes(self._blobs[key][offset : offset + length])
        except KeyError:
            raise Fault("The bytes of a stored instance are missing.") from None

    def read_if_warm(self, key: str, offset: int, length: int) -> bytes | None:
        return self.read(key, offset, length)

    def pieces(self, key: str, offset: int, length: int) -> Iterator[bytes]:
        return iter([self.read(key, offset, length)])

    def size(self, key: str) -> int:
        return len(self.read(key, 0, 2**62))

    def written(self, key: str) -> float:
        self.size(key)
        return time.time()

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._blobs.pop(key, None)

    def keys(self) -> Iterator[tuple[str, float]]:
        for key in list(self._blobs):
            yield key, time.time()

    def check(self) -> None:
        """Always there."""
