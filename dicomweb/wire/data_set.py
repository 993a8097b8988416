"""From the DICOM JSON Model to a data set: Explicit VR Little Endian bytes (PS3.5 7.1.2)."""

import struct
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from dicomweb.wire.json_model import BulkReference, JsonObject
from dicomweb.wire.value_representations import (
    BINARY,
    FLOATS,
    INTEGERS,
    LONG_VRS,
    NAME_GROUPS,
    pack_numbers,
    refusal,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Later:
    """A value that is elsewhere: `length` bytes, which `read` gives when they are written.

    `encapsulated`: its bytes are items and a delimiter, in an OB of undefined length (PS3.5 A.4).
    """

    length: int
    read: Callable[[], Iterator[bytes]]
    encapsulated: bool = False


# The value of a BulkDataURI; None leaves the attribute out; InstanceRefused when there is none.
Resolver = Callable[[BulkReference], bytes | Later | None]

_MAX_LENGTH = 0xFFFFFFFE
_MAX_SHORT_LENGTH = 0xFFFE
_MAX_DS_LENGTH = 16  # PS3.5 Table 6.2-1

# Bulk data of these are in UTF-8, as all that comes with JSON or XML.
_TEXTS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_CHARACTER_SET = "00080005"
_UTF_8_ELEMENT = b"\x08\0\x05\0CS\x0a\0ISO_IR 192"


def no_bulk(reference: BulkReference) -> bytes | None:
    """The resolver for data sets that came without bulk data."""
    raise refusal(reference.path, "no part of the request has its BulkDataURI as Content-Location.")


def encode_dataset(dataset: JsonObject, bulk: Resolver = no_bulk) -> bytes:
    """A canonical data set in Explicit VR Little Endian, its texts in UTF-8.

    (0008,0005) says so wherever it stands, and is added where a text needs it. InstanceRefused for
    values that do not fit their VR.
    """
    return b"".join(written(encode_pieces(dataset, bulk)))


def written(pieces: list[bytes | Later]) -> Iterator[bytes]:
    """The bytes of the pieces, those that are elsewhere read now."""
    for piece in pieces:
        if isinstance(piece, Later):
            yield from piece.read()
        else:
            yield piece


def encode_pieces(dataset: JsonObject, bulk: Resolver = no_bulk) -> list[bytes | Later]:
    """The same in pieces: large values stay where they are until they are written."""
    writer = _Writer(bulk)
    writer.dataset({tag: each for tag, each in dataset.items() if tag < _CHARACTER_SET}, "")
    place = len(writer.pieces)
    writer.dataset({tag: each for tag, each in dataset.items() if tag >= _CHARACTER_SET}, "")
    if writer.beyond_ascii and _CHARACTER_SET not in dataset:
        writer.pieces.insert(place, _UTF_8_ELEMENT)
    return writer.pieces


def to_dataset(dataset: JsonObject, bulk: Resolver = no_bulk) -> "Dataset":
    """A canonical data set as pydicom has it, unparsed: values are kept as they were sent."""
    from pydicom.filereader import read_dataset

    return read_dataset(BytesIO(encode_dataset(dataset, bulk)), False, True)


class _Writer:
    """Pieces of the encoding in order; lengths of sequences are filled in when they are known."""

    def __init__(self, bulk: Resolver) -> None:
        self.pieces: list[bytes | Later] = []
        self.beyond_ascii = False
        self._size = 0
        self._bulk = bulk

    def dataset(self, dataset: JsonObject, prefix: str) -> None:
        for tag, attribute in dataset.items():
            vr = attribute["vr"]
            if vr == "SQ":
                self._sequence(tag, attribute.get("Value", ()), prefix)
                continue
            if tag == _CHARACTER_SET:
                self._add(_UTF_8_ELEMENT)
                continue
            data = self._value(prefix + tag, vr, attribute)
            if isinstance(data, Later):
                self._later(tag, vr, data)
            elif data is not None:
                self._element(tag, vr, data)

    def _sequence(self, tag: str, items: list[JsonObject], prefix: str) -> None:
        length_of_sequence = self._open(_tag_bytes(tag) + b"SQ\0\0")
        for number, item in enumerate(items, 1):
            length_of_item = self._open(b"\xfe\xff\x00\xe0")
            self.dataset(item, f"{prefix}{tag}/{number}/")
            self._fill(length_of_item, prefix + tag)
        self._fill(length_of_sequence, prefix + tag)

    def _open(self, head: bytes) -> tuple[int, int]:
        """Write a head whose length follows; where that is, and the size up to its end."""
        self._add(head)
        self._add(bytes(4))
        return len(self.pieces) - 1, self._size

    def _fill(self, opened: tuple[int, int], path: str) -> None:
        index, start = opened
        if self._size - start > _MAX_LENGTH:
            raise refusal(path, "its items are too long.")
        self.pieces[index] = struct.pack("<I", self._size - start)

    def _add(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self._size += len(piece)

    def _value(self, path: str, vr: str, attribute: JsonObject) -> bytes | Later | None:
        if "BulkDataURI" in attribute:
            found = self._bulk(BulkReference(path, vr, attribute["BulkDataURI"]))
            if vr in _TEXTS and found is not None:
                self.beyond_ascii = self.beyond_ascii or not _is_ascii(found)
            return found
        if "InlineBinary" in attribute:
            return _from_base64(path, attribute["InlineBinary"])
        values = attribute.get("Value")
        if not values:
            return b""
        if vr in INTEGERS or vr in FLOATS:
            return pack_numbers(path, vr, values)
        if vr == "AT":
            return b"".join(_tag_bytes(value) for value in values if value)
        text = "\\".join(_as_text(vr, value) for value in values)
        self.beyond_ascii = self.beyond_ascii or not text.isascii()
        return text.encode("utf-8", "replace")

    def _element(self, tag: str, vr: str, data: bytes) -> None:
        data += _padding(vr, len(data))
        self._header(tag, vr, len(data))
        self._add(data)

    def _later(self, tag: str, vr: str, value: Later) -> None:
        if value.encapsulated:
            self._add(_tag_bytes(tag) + b"OB\0\0\xff\xff\xff\xff")
            padding = b""
        else:
            padding = _padding(vr, value.length)
            self._header(tag, vr, value.length + len(padding))
        self.pieces.append(value)
        self._size += value.length
        self._add(padding)

    def _header(self, tag: str, vr: str, length: int) -> None:
        if length > _MAX_LENGTH:
            raise refusal(tag, "its value is too long.")
        if vr not in LONG_VRS and length > _MAX_SHORT_LENGTH:
            vr = "UN"  # PS3.5 6.2.2 note, for values that two bytes of length cannot tell
        if vr in LONG_VRS:
            self._add(_tag_bytes(tag) + vr.encode() + b"\0\0" + struct.pack("<I", length))
        else:
            self._add(_tag_bytes(tag) + vr.encode() + struct.pack("<H", length))


def _is_ascii(value: bytes | Later) -> bool:
    pieces = value.read() if isinstance(value, Later) else iter([value])
    return all(piece.isascii() for piece in pieces)


def _padding(vr: str, length: int) -> bytes:
    """What makes a value of this length even (PS3.5 7.1.1)."""
    if length % 2 == 0:
        return b""
    return b"\0" if vr == "UI" or vr in BINARY else b" "


def _tag_bytes(tag: str) -> bytes:
    return struct.pack("<HH", int(tag[:4], 16), int(tag[4:], 16))


def _as_text(vr: str, value: object) -> str:
    if value is None:
        return ""
    if vr == "PN" and isinstance(value, dict):
        return "=".join(value.get(group, "") for group in NAME_GROUPS).rstrip("=")
    if vr == "IS" and isinstance(value, float) and value.is_integer():
        return str(int(value))
    if vr == "DS" and isinstance(value, float):
        return _decimal(value)
    return str(value)


def _decimal(value: float) -> str:
    """The shortest text for a number that DS has room for, else as many digits as fit."""
    text = repr(value)
    digits = _MAX_DS_LENGTH
    while len(text) > _MAX_DS_LENGTH:
        text = f"{value:.{digits}g}"
        digits -= 1
    return text


def _from_base64(path: str, text: str) -> bytes:
    """Base64, with or without line breaks and padding."""
    joined = "".join(text.split()).rstrip("=")
    try:
        return b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except (Base64Error, ValueError):
        raise refusal(path, "its InlineBinary is no base64.") from None
