"""A cache bounded by bytes; identical computations under way at once share one result."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Least recently used values go first once their sizes add up to more than `limit` bytes."""

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self._limit = limit
        self._size = size
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._used = 0
        self._under_way: dict[Hashable, Future[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Value) -> None:
        size = self._size(value)
        with self._lock:
            previous = self._values.pop(key, None)
            if previous is not None:
                self._used -= previous[1]
            if size > self._limit // 4:  # one value may not empty the cache for all others
                return
            self._values[key] = (value, size)
            self._used += size
            while self._used > self._limit:
                self._used -= self._values.popitem(last=False)[1][1]

    def computed(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`; made once, however many threads ask for it at the same time."""
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
                return found[0]
            future = self._under_way.get(key)
            mine = future is None
            if future is None:
                future = self._under_way[key] = Future()
        if mine:
            self._make(key, make, future)
        return future.result()

    def _make(self, key: Hashable, make: Callable[[], Value], future: "Future[Value]") -> None:
        try:
            value = make()
        except BaseException as fault:
            future.set_exception(fault)
        else:
            self.put(key, value)
            future.set_result(value)
        finally:
            with self._lock:
                del self._under_way[key]
