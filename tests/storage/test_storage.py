"""One behaviour suite for every storage: what is written is read, by any range, until removed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomweb.errors import Fault, Unavailable
from dicomweb.storage import Storage
from dicomweb.storage.filesystem import PIECE, FileSystem
from dicomweb.storage.memory import Memory

MAKERS: dict[str, Callable[[Path], Storage]] = {
    "folder": lambda path: FileSystem(path / "objects"),
    "memory": lambda path: Memory(),
}


@pytest.fixture(params=sorted(MAKERS))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return MAKERS[request.param](tmp_path)


def _put(storage: Storage, *pieces: bytes) -> str:
    writing = storage.create()
    for piece in pieces:
        writing.write([piece])
    writing.close()
    return writing.key


def test_what_was_written_in_pieces_is_read_as_one(storage: Storage) -> None:
    key = _put(storage, b"abc", b"", b"defgh")
    assert storage.read(key, 0, 8) == b"abcdefgh"
    assert storage.read(key, 2, 3) == b"cde"
    assert storage.size(key) == 8


def test_a_blob_knows_when_it_was_written(storage: Storage) -> None:
    key = _put(storage, b"abc")
    assert storage.written(key) == pytest.approx(time.time(), abs=60)
    storage.remove([key])
    with pytest.raises(Fault):
        storage.written(key)


def test_a_range_beyond_the_end_gives_what_there_is(storage: Storage) -> None:
    key = _put(storage, b"abcdef")
    assert storage.read(key, 4, 100) == b"ef"
    assert storage.read(key, 100, 5) == b""


def test_a_blob_being_written_can_be_read_back(storage: Storage) -> None:
    writing = storage.create()
    writing.write([b"abc", memoryview(b"def")])
    assert writing.read(1, 4) == b"bcde"
    writing.close()


def test_many_small_pieces_are_all_written(storage: Storage) -> None:
    writing = storage.create()
    writing.write([b"%04d" % number for number in range(3000)])
    writing.close()
    assert storage.read(writing.key, 4 * 2999, 4) == b"2999"


def test_large_blobs_come_in_pieces_of_bounded_size(storage: Storage) -> None:
    data = os.urandom(PIECE * 2 + 17)
    key = _put(storage, data)
    pieces = list(storage.pieces(key, 5, len(data) - 5))
    assert b"".join(pieces) == data[5:]
    assert isinstance(storage, Memory) or max(map(len, pieces)) <= PIECE


def test_warm_bytes_are_read_at_once(storage: Storage) -> None:
    key = _put(storage, b"abcdef")
    assert storage.read_if_warm(key, 1, 2) in (b"bc", None)


def test_a_discarded_blob_is_gone_and_discarding_again_is_harmless(storage: Storage) -> None:
    writing = storage.create()
    writing.write([b"abc"])
    writing.discard()
    writing.discard()
    assert list(storage.keys()) == []


def test_removed_and_unknown_blobs_are_a_fault_to_read(storage: Storage) -> None:
    key = _put(storage, b"abc")
    storage.remove([key, key])
    with pytest.raises(Fault):
        storage.read(key, 0, 1)
    with pytest.raises(Fault):
        storage.size(key)
    with pytest.raises(Fault):
        storage.pieces(key, 0, 1)


def test_keys_lists_every_blob_with_its_age(storage: Storage) -> None:
    keys = {_put(storage, b"x") for _ in range(20)}
    listed = dict(storage.keys())
    assert listed.keys() == keys
    assert all(abs(changed - time.time()) < 60 for changed in listed.values())


@pytest.mark.parametrize("count", [1, 3, 40])
def test_flushed_blobs_are_still_there(storage: Storage, count: int) -> None:
    keys = [_put(storage, b"x") for _ in range(count)]
    storage.flush(keys)
    assert [storage.read(key, 0, 1) for key in keys] == [b"x"] * count


def test_a_healthy_storage_passes_its_check(storage: Storage) -> None:
    storage.check()
    assert list(storage.keys()) == []


def test_a_folder_that_is_gone_fails_the_check(tmp_path: Path) -> None:
    storage = FileSystem(tmp_path / "objects")
    (tmp_path / "objects").rmdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        storage.check()


def test_an_open_blob_survives_its_removal(tmp_path: Path) -> None:
    storage = FileSystem(tmp_path)
    key = _put(storage, bytes(3 * PIECE))
    pieces = storage.pieces(key, 0, 3 * PIECE)
    first = next(pieces)
    storage.remove([key])
    assert len(first) + sum(map(len, pieces)) == 3 * PIECE


def test_without_syncfs_each_file_is_flushed(tmp_path: Path) -> None:
    storage = FileSystem(tmp_path)
    storage._syncfs = None
    keys = [_put(storage, b"x") for _ in range(12)]
    storage.flush(keys)
    assert storage.read(keys[11], 0, 1) == b"x"
