"""What the header of one file may cost; beyond it the file is refused as out of resources."""

from dicomweb.errors import InstanceRefused

MAX_DEPTH = 256
"""Levels of nested sequences; JSON parsers give up at a thousand brackets, a level has three."""
MAX_HEADER = 64 * 2**20
"""Bytes of a data set without its bulk values."""
MAX_ELEMENTS = 2**16
"""Elements of one data set or item, about: it is checked where the window moves."""
MAX_WORK = 4 * 2**20
"""Items, fragments and elements not seen before; one that needs a closer look counts for eight."""
MAX_BULK = 2**17
"""Bulk values of all sequences together."""
MAX_FRAGMENTS = 2**20
"""Fragments of encapsulated pixel data."""
MAX_INFLATED = 2**30
"""Bytes of a deflated data set, inflated."""
MAX_RATIO = 200
"""Bytes that may come out of a deflated data set for each one in, beyond the first FREE."""
FREE = 32 * 2**20


class Work:
    """What has been done for one header so far; too much is refused."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0

    def add(self, more: int) -> None:
        self.done += more
        if self.done > MAX_WORK:
            raise too_much("There are too many items, or values that break their rules.")


def too_much(sentence: str) -> InstanceRefused:
    return InstanceRefused(InstanceRefused.NO_RESOURCES, sentence)
