"""Where the bytes are: blobs under keys, written once, read by ranges, made durable in groups."""

from collections.abc import Iterator, Sequence
from typing import Protocol


class Writing(Protocol):
    """A blob that is being written; nobody sees it before its row says so."""

    key: str

    def write(self, pieces: Sequence[bytes | memoryview]) -> None: ...

    def read(self, offset: int, length: int) -> bytes:
        """Read back what has been written, as far as `length` reaches."""
        ...

    def close(self) -> None: ...

    def discard(self) -> None:
        """Close it and take the bytes away again; harmless when repeated."""
        ...


class Storage(Protocol):
    """Blobs under keys. A key is made by `create` and means these bytes for ever."""

    def create(self) -> Writing: ...

    def flush(self, keys: Sequence[str]) -> None:
        """Return when the bytes under `keys`, and their names, would survive a power cut."""
        ...

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Raises errors.Fault when the bytes are not there."""
        ...

    def read_if_warm(self, key: str, offset: int, length: int) -> bytes | None:
        """The bytes when reading them does not wait for a disk, else None."""
        ...

    def pieces(self, key: str, offset: int, length: int) -> Iterator[bytes]:
        """The bytes in pieces of at most 1 MB. The blob is opened before this returns."""
        ...

    def size(self, key: str) -> int:
        """Raises errors.Fault when the blob is not there."""
        ...

    def written(self, key: str) -> float:
        """When it was (seconds since 1970). Raises errors.Fault when the blob is not there."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Keys that are not there are passed over."""
        ...

    def keys(self) -> Iterator[tuple[str, float]]:
        """Every key with the time (seconds since 1970) of its last change."""
        ...

    def check(self) -> None:
        """Write, read and remove a few bytes; raises errors.Unavailable."""
        ...
