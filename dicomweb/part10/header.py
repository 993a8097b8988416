"""What a scan of a file gives: its data set as JSON, the places of what is large, doubts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dicomweb.part10.frames import FrameTable

Reader = Callable[[int, int], bytes]
"""`read(offset, length)` gives up to `length` bytes of the file; fewer only at its end."""

ROOT = b"\x01"
"""Stands for the service root in every URI of the JSON; no JSON text can hold this byte."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """One value too large for the JSON, served by its BulkDataURI.

    `path` is `7FE00010`, or for a nested one tag/item/tag with items counted from 1,
    `54000100/1/54001010`. `offset` is that of the value in the file, or -1 where only a parse can
    find it (deflated, big endian, odd). `length` is in bytes; for encapsulated pixel data the whole
    span of items from the first one on, the Basic Offset Table included.
    """

    path: str
    vr: str
    offset: int
    length: int


# Warning Reasons of PS3.18 Table I.2-1.
COERCED = 0xB000
DISCARDED = 0xB006
DOES_NOT_MATCH = 0xB007


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a store is answered 202 instead of 200: a Warning Reason and a sentence."""

    reason: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Header:
    """One instance as the archive needs it, read once when it is stored.

    `json` is the data set as one DICOM JSON object (PS3.18 F.2), UTF-8, sorted, without group 0002
    and group lengths; a BulkDataURI in it begins with `ROOT`. `elements` holds the same per
    top-level tag: `"00100010"` to `b'{"vr":"PN","Value":[{"Alphabetic":"A^B"}]}'`. `dataset_offset`
    is the first byte behind the file meta information. `frames` is None without pixel data.
    """

    sop_class: str
    sop_instance: str
    study: str
    series: str
    transfer_syntax: str
    dataset_offset: int
    json: bytes
    elements: Mapping[str, bytes]
    frames: FrameTable | None
    bulk: tuple[Bulk, ...]
    doubts: tuple[Doubt, ...]
