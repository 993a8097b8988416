"""Which files are no whole DICOM files: what is never stored by a form, though STOW-RS may warn."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

PREFIX_AT, PREFIX = 128, b"DICM"

# What the reading of a header says of a file that ends too early (part10's doubts).
_TRUNCATED = re.compile(
    r"The file ends inside .*"
    r"|The pixel data are shorter than .*"
    r"|The pixel data end without a sequence delimiter\."
    r"|The pixel data have no fragments\."
    r"|There are [0-9]+ fragments for [0-9]+ frames\."
    r"|The deflated data set is broken at its end\."
)
# Padding behind the last element, or the beginning of another one.
_STRAY = "There are stray bytes behind the data set."
_ROWS = "00280010"


class _Doubt(Protocol):
    """What is read here of a doubt."""

    @property
    def sentence(self) -> str: ...


class _Header(Protocol):
    """What is read here of a header."""

    @property
    def doubts(self) -> Sequence[_Doubt]: ...
    @property
    def elements(self) -> Mapping[str, bytes]: ...
    @property
    def frames(self) -> object | None: ...


def has_prefix(head: bytes) -> bool:
    """Whether a file begins as PS3.10 7.1 wants it: a preamble, then DICM."""
    return head[PREFIX_AT : PREFIX_AT + len(PREFIX)] == PREFIX


def truncation(header: _Header, last_byte: Callable[[], int]) -> str:
    """The sentence that says where a file is cut off; empty when it is whole.

    An image may lack its pixel data altogether: such files are made on purpose.
    """
    for doubt in header.doubts:
        if _TRUNCATED.fullmatch(doubt.sentence):
            return doubt.sentence
        if doubt.sentence == _STRAY:
            begins_pixels = header.frames is None and _ROWS in header.elements
            if begins_pixels or last_byte():
                return "The file ends inside an element."
    return ""
