"""What the walk does not read (big endian, broken structures), read by pydicom and made plain.

Plain is Explicit VR Little Endian, which the walk then reads: one way to JSON for every file.
"""

import struct
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydicom import Dataset, Sequence
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.values import convert_SQ

from dicomweb.errors import InstanceRefused
from dicomweb.part10 import fragments
from dicomweb.part10.dictionary import EITHER_SIGN, vr_of
from dicomweb.part10.header import Reader
from dicomweb.part10.kinds import PIXEL_REPRESENTATION
from dicomweb.part10.large import PIXELS
from dicomweb.part10.layout import Pixels
from dicomweb.part10.limits import MAX_HEADER, too_much
from dicomweb.part10.meta import Encoding
from dicomweb.part10.plain import element_bytes, item_bytes, swapped
from dicomweb.part10.source import Source
from dicomweb.part10.values import CONVERTERS, LONG, UNITS

_AHEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Plain:
    """A data set made plain: `before` and `after` its pixel data, whose bytes stay where they are.

    `pixels` gives their place in the file; `cut` tells that the file ends inside an element, and
    `uneven` that there are values of odd length, which have been padded.
    """

    before: bytes
    pixels: Pixels | None
    after: bytes
    cut: bool
    uneven: bool


def make_plain(source: Source, at: int, encoding: Encoding) -> Plain:
    """The data set at `at`. InstanceRefused where pydicom cannot read it, or it is too large."""
    file = _File(source.at, at, source.size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Plainer(source, file, encoding).plain()
    except InstanceRefused:
        raise
    except Exception as fault:  # whatever a parser may come upon in bytes that are not DICOM
        if file.fault:
            raise file.fault from fault
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND, "The data set cannot be read as DICOM."
        ) from fault


class _Plainer:
    """One pass of pydicom over one data set."""

    def __init__(self, source: Source, file: "_File", encoding: Encoding) -> None:
        self._source = source
        self._file = file
        self._encoding = encoding
        self._signed = False
        self._cut = self._uneven = False

    def plain(self) -> Plain:
        file = self._file
        before = b"".join(self._elements())
        pixels, after = None, b""
        if file.tell() + 8 <= file.size:
            pixels = self._pixels()
            file.seek(pixels.fragments.end if pixels.fragments else pixels.offset + pixels.length)
            after = b"".join(self._elements())
        return Plain(before, pixels, after, self._cut, self._uneven)

    def _elements(self) -> Iterator[bytes]:
        """Top-level elements, up to the pixel data or the end of the file."""
        found = data_element_generator(
            self._file,  # type: ignore[arg-type]  # it reads, seeks and tells: no more is asked for
            self._encoding.implicit,
            self._encoding.little,
            stop_when=lambda tag, vr, length: f"{tag:08X}" in PIXELS,
        )
        for element in found:
            length = element.length if isinstance(element, RawDataElement) else 0
            if length != fragments.UNDEFINED and length > len(element.value or b""):
                self._cut = True
            yield self._element(element)

    def _element(self, element: RawDataElement | DataElement) -> bytes:
        tag = f"{element.tag:08X}"
        if tag.endswith("0000"):
            return b""  # group lengths, which would be wrong from here on (PS3.5 7.2)
        if isinstance(element, DataElement):
            if not isinstance(element.value, Sequence):
                raise ValueError("an element that was converted already")
            return element_bytes(tag, "SQ", self._items(element.value))
        value = element.value or b""
        self._uneven = self._uneven or len(value) % 2 == 1
        vr = element.VR or vr_of(tag)
        if vr == EITHER_SIGN:
            vr = "SS" if self._signed else "US"
        if vr == "SQ":
            little, implicit = element.is_little_endian, element.is_implicit_VR
            items = convert_SQ(value, implicit, little, None, element.value_tell)
            return element_bytes(tag, "SQ", self._items(items))
        if vr not in CONVERTERS:
            vr = "UN"
        if not element.is_little_endian:
            value = swapped(value, UNITS.get(vr, 1))
        if tag == PIXEL_REPRESENTATION:
            self._signed = value[:2] == b"\1\0"
        return element_bytes(tag, vr, value)

    def _items(self, items: Iterable[Dataset]) -> bytes:
        plain = []
        signed = self._signed
        for item in items:
            # `keep_deferred`, or else pydicom converts what is empty
            raw = [item.get_item(tag, keep_deferred=True) for tag in sorted(item.keys())]
            content = [self._element(element) for element in raw]
            plain.append(item_bytes(b"".join(content)))
            self._signed = signed
        return b"".join(plain)

    def _pixels(self) -> Pixels:
        """The pixel data whose header is next in the file; nothing of the value is read."""
        order = "<" if self._encoding.little else ">"
        header = self._file.read(12)
        tag = "{:04X}{:04X}".format(*struct.unpack_from(f"{order}HH", header))
        explicit = header[4:6] in LONG
        vr = header[4:6].decode() if explicit else "OW"
        offset = self._file.tell() - (0 if explicit else 4)
        length: int = struct.unpack_from(f"{order}I", header, 8 if explicit else 4)[0]
        size = self._source.size
        if length == fragments.UNDEFINED:
            found = fragments.walk(self._source, offset, size)
            return Pixels(tag, vr, offset, found.starts[-1] - offset, fragments=found)
        held = max(min(length, size - offset), 0)
        return Pixels(tag, vr, offset, held, length - held)


class _File:
    """The part of a binary file that pydicom reads: forwards, and never more than MAX_HEADER."""

    def __init__(self, read: Reader, at: int, size: int) -> None:
        self._reader, self._at, self.size = read, at, size
        self._near, self._near_at = b"", at
        self._left = MAX_HEADER
        self.fault: OSError | None = None  # of the reader; pydicom raises some of its own

    def read(self, length: int = -1) -> bytes:
        rest = max(self.size - self._at, 0)
        wanted = rest if length < 0 else min(length, rest)
        self._left -= wanted
        if self._left < 0:
            raise too_much(f"The header is larger than {MAX_HEADER >> 20} MB.")
        i = self._at - self._near_at
        if not 0 <= i <= len(self._near) - wanted:
            try:
                self._near = self._reader(self._at, max(wanted, min(_AHEAD, rest)))
            except OSError as fault:
                self.fault = fault
                raise
            self._near_at, i = self._at, 0
        found = self._near[i : i + wanted]
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at
