"""The first bytes of a file: preamble, file meta information, and how the data set is encoded."""

import struct
from dataclasses import dataclass, field
from functools import lru_cache

from dicomweb.errors import InstanceRefused
from dicomweb.part10.source import Source
from dicomweb.part10.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, KNOWN
from dicomweb.part10.values import LONG, SHORT
from dicomweb.resources import MAX_UID_LENGTH, is_uid

_PREFIX = b"DICM"
_PREAMBLE = 128
_HEADER = struct.Struct("<HH2sH").unpack_from
_GROUP = 0x0002
_LENGTH, _SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX = 0x0000, 0x0002, 0x0003, 0x0010
_WANTED = (_SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX)
# The groups that a data set can begin with, where a file has neither preamble nor meta information.
_FIRST_GROUPS = (0x0004, 0x0008)


@dataclass(slots=True)
class Meta:
    """What stands before the data set; `doubts` are sentences."""

    transfer_syntax: str = ""
    sop_class: str = ""
    sop_instance: str = ""
    dataset_offset: int = 0
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    implicit: bool = False
    little: bool = True


def read_meta(source: Source) -> Meta:
    """The file meta information (PS3.10 7.1). InstanceRefused for what is not DICOM."""
    meta = Meta()
    at = _begin(source.at(0, _PREAMBLE + 16), meta)
    found, meta.dataset_offset = _group_two(source, at, meta)
    meta.sop_class = _uid(found.get(_SOP_CLASS))
    meta.sop_instance = _uid(found.get(_SOP_INSTANCE))
    meta.transfer_syntax = _uid(found.get(_TRANSFER_SYNTAX))
    if not found:
        meta.doubts.append("The file has no file meta information.")
    elif not meta.transfer_syntax:
        meta.doubts.append("The transfer syntax is missing or unreadable.")
    elif meta.transfer_syntax not in KNOWN:
        meta.doubts.append("The transfer syntax is not known.")
    return meta


def encoding_of(source: Source, at: int, meta: Meta) -> Encoding:
    """How the data set at `at` is written: as its first element shows, whatever is declared.

    Fills in the transfer syntax where there is none, and notes where it is wrong.
    """
    first = source.at(at, 8)
    if len(first) < 8:
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND, "The file ends before its data set begins."
        )
    vr = first[4:6]
    explicit = vr in SHORT or vr in LONG or (vr.isalpha() and vr.isupper())
    group = int.from_bytes(first[:2], "big")
    declared = meta.transfer_syntax
    little = not (
        explicit and group < 0x0100 and (declared == BIG_ENDIAN or group in _FIRST_GROUPS)
    )
    if not declared:
        meta.transfer_syntax = (EXPLICIT if little else BIG_ENDIAN) if explicit else IMPLICIT
    elif (declared == IMPLICIT) is explicit or (declared == BIG_ENDIAN) is little:
        meta.doubts.append("The data set is not encoded as its transfer syntax says.")
    return Encoding(implicit=not explicit, little=little)


def is_deflated(meta: Meta) -> bool:
    return meta.transfer_syntax in DEFLATED


def _begin(head: bytes, meta: Meta) -> int:
    """Where the first element is."""
    if head[_PREAMBLE : _PREAMBLE + 4] == _PREFIX:
        return _PREAMBLE + 4
    group = int.from_bytes(head[:2], "little")
    looks_like_a_tag = len(head) > 8 and (
        (group == 2 and head[4:6] in SHORT | LONG)
        or group in _FIRST_GROUPS
        or (head[0] == 0 and head[1] in _FIRST_GROUPS and head[4:6] in SHORT | LONG)
    )
    if head.startswith(_PREFIX) or looks_like_a_tag:
        meta.doubts.append("The file has no preamble.")
        return 4 if head.startswith(_PREFIX) else 0
    sentence = "This is not a DICOM file." if head else "The file is empty."
    raise InstanceRefused(InstanceRefused.CANNOT_UNDERSTAND, sentence)


def _group_two(source: Source, at: int, meta: Meta) -> tuple[dict[int, bytes], int]:
    """The elements of group 0002 that matter, and the offset behind the last of them.

    The group ends where another begins, whatever its length says.
    """
    found: dict[int, bytes] = {}
    declared, first, buf = -1, at, source.buf
    while True:
        near, i = (buf, at) if at + 12 <= len(buf) else (source.at(at, 12).ljust(12, b"\0"), 0)
        group, element, vr, length = _HEADER(near, i)
        if group != _GROUP:
            break
        value = at + 8
        if vr in LONG:
            value = at + 12
            length = int.from_bytes(near[i + 8 : i + 12], "little")
        elif vr not in SHORT:  # in implicit VR, which is wrong
            length = int.from_bytes(near[i + 4 : i + 8], "little")
        at = value + length
        if at > source.size:
            raise InstanceRefused(
                InstanceRefused.CANNOT_UNDERSTAND,
                "The file ends inside its file meta information.",
            )
        if element in _WANTED:
            found[element] = source.at(value, min(length, 256))
        elif element == _LENGTH:
            declared = at + int.from_bytes(source.at(value, 4), "little")
    if at > first:
        found.setdefault(_LENGTH, b"")
        if declared != at:
            meta.doubts.append("The length of the file meta information is wrong or missing.")
    return found, at


def _uid(value: bytes | None) -> str:
    """A UID, or nothing where there is none that could stand in a path."""
    uid = (value or b"").rstrip(b" \0").decode("latin-1")
    return uid if is_readable(uid) else ""


def is_readable(uid: str) -> bool:
    """Whether an instance can be filed under a UID."""
    return len(uid) <= MAX_UID_LENGTH and _is_uid(uid)


_is_uid = lru_cache(maxsize=4096)(is_uid)  # the same ones come again and again
