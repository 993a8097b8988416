"""The cache: bounded by bytes, and no computation is done twice at the same time."""

import threading

import pytest

from dicomweb.cache import ByteCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteCache[bytes] = ByteCache(40, len)
    for key in "abcd":
        cache.put(key, b"0123456789")
    assert cache.get("a") == b"0123456789"
    cache.put("e", b"0123456789")
    assert cache.get("b") is None
    assert cache.get("a") is not None


def test_one_large_value_does_not_empty_the_cache() -> None:
    cache: ByteCache[bytes] = ByteCache(40, len)
    cache.put("small", b"0123456789")
    cache.put("large", bytes(41))
    assert cache.get("large") is None
    assert cache.get("small") is not None


def test_a_value_put_again_counts_once() -> None:
    cache: ByteCache[bytes] = ByteCache(40, len)
    for _ in range(10):
        cache.put("a", b"0123456789")
    for key in "bcd":
        cache.put(key, b"0123456789")
    assert cache.get("a") is not None


def test_identical_computations_under_way_share_one_result() -> None:
    cache: ByteCache[bytes] = ByteCache(0, len)
    begun, go = threading.Event(), threading.Event()
    made: list[int] = []
    results: list[bytes] = []

    def make() -> bytes:
        made.append(1)
        begun.set()
        assert go.wait(5)
        return b"value"

    first = threading.Thread(target=lambda: results.append(cache.computed("k", make)))
    first.start()
    assert begun.wait(5)
    second = threading.Thread(target=lambda: results.append(cache.computed("k", make)))
    second.start()
    second.join(0.3)  # it waits for the first
    go.set()
    first.join(5)
    second.join(5)
    assert results == [b"value", b"value"]
    assert made == [1]


def test_a_failed_computation_is_told_to_all_and_not_kept() -> None:
    cache: ByteCache[bytes] = ByteCache(100, len)

    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.computed("k", fail)
    assert cache.computed("k", lambda: b"yes") == b"yes"
