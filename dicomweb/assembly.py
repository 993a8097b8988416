"""From metadata and bulk data parts to PS3.10 files, with nothing large in memory (PS3.18 10.5.2).

Compressed images and video are encapsulated unchanged, PNG and GIF become native pixels, native
pixels and all other values are taken as they are. What a data set does not say of its pixels is
read in their streams. The transfer syntax follows from the media type of the pixels.
"""

import struct
from base64 import b64encode
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dicomweb.bundle import BulkPart, Bundle
from dicomweb.errors import InstanceRefused, Refusal
from dicomweb.part10.file_meta import file_meta
from dicomweb.spool import Span
from dicomweb.wire.data_set import Later, encode_pieces, no_bulk, written
from dicomweb.wire.json_model import BulkReference, JsonObject, canonical
from dicomweb.wire.media_types import (
    ENCAPSULATED_UNCOMPRESSED,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    NATIVE,
    OCTET_STREAM,
    TRANSFER_SYNTAXES,
    VIDEO,
    media_type_of,
)

if TYPE_CHECKING:
    from dicomweb.pixels.streams import Stream

_PIXELS = "7FE00010"
_OFFSETS, _LENGTHS = "7FE00001", "7FE00002"
_FRAMES = "00280008"
_DOCUMENT, _DOCUMENT_TYPE, _DOCUMENT_LENGTH = "00420011", "00420012", "00420015"
_UIDS = {
    "00080016": "SOP Class UID",
    "00080018": "SOP Instance UID",
    "0020000D": "Study Instance UID",
    "0020000E": "Series Instance UID",
}
# PS3.18 Table 10.5.2-1: what the server derives where it is left out.
DESCRIPTION = (
    *("00280002", "00280004", "00280010", "00280011"),
    *("00280100", "00280101", "00280102", "00280103"),
)
# What a stream and its data set have to agree about.
_CHECKED = {"00280002": "Samples per Pixel", "00280010": "Rows", "00280011": "Columns"}
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
_MAX_ITEM = 0xFFFFFFFE
_MAX_OFFSET = 0xFFFFFFFF
# Image types that are not spelt as in Table 8.7.3-5, but mean the same.
_OTHER_SPELLINGS = {"image/jph": "image/jphc"}


def assemble(dataset: JsonObject, bundle: Bundle) -> Iterator[bytes]:
    """The file of one data set as it was sent, in pieces. Reads the disk, and may compute.

    InstanceRefused, with its UIDs, when it cannot be made: before the first piece is given.
    """
    dataset = canonical(dataset)
    try:
        return _Assembly(dataset, bundle).file()
    except InstanceRefused as refused:
        refused.sop_class = _first(dataset, "00080016")
        refused.sop_instance = _first(dataset, "00080018")
        raise
    except Refusal as fault:
        raise InstanceRefused(
            InstanceRefused.CANNOT_UNDERSTAND,
            fault.sentence,
            sop_class=_first(dataset, "00080016"),
            sop_instance=_first(dataset, "00080018"),
        ) from None


class _Assembly:
    """One instance on its way to a file."""

    def __init__(self, dataset: JsonObject, bundle: Bundle) -> None:
        self.dataset = dataset
        self.bundle = bundle
        self.syntax = EXPLICIT_LITTLE_ENDIAN
        self.pixels: Later | None = None

    def file(self) -> Iterator[bytes]:
        for tag, name in _UIDS.items():
            if not _first(self.dataset, tag):
                raise _refused(f"The metadata have no {name}.")
        reference = self.dataset.get(_PIXELS, {}).get("BulkDataURI")
        if reference is not None:
            self.pixels = self._pixels(self._parts(reference, _PIXELS))
        if _DOCUMENT in self.dataset:
            self._document()
        ordered = {tag: self.dataset[tag] for tag in sorted(self.dataset)}
        pieces = encode_pieces(ordered, self._value)
        meta = file_meta(
            _first(self.dataset, "00080016"), _first(self.dataset, "00080018"), self.syntax
        )
        return written([meta, *pieces])

    def _value(self, reference: BulkReference) -> bytes | Later | None:
        """The value of a BulkDataURI anywhere in the data set."""
        if reference.path == _PIXELS and self.pixels is not None:
            return self.pixels
        parts = self._parts(reference.uri, reference.path)
        if len(parts) > 1:
            raise _refused(f"Attribute {reference.path}: several parts have its Content-Location.")
        if reference.path.endswith(_PIXELS) and parts[0].media_type.name != OCTET_STREAM:
            raise _refused(
                f"Attribute {reference.path}: inside a sequence pixels are {OCTET_STREAM}."
            )
        span = parts[0].span
        return Later(span.length, lambda: self.bundle.spool.pieces(span))

    def _parts(self, uri: str, path: str) -> list[BulkPart]:
        parts = self.bundle.bulk(uri)
        if not parts:
            no_bulk(BulkReference(path, "", uri))
        if fault := next((part.fault for part in parts if part.fault), ""):
            raise _refused(f"Attribute {path}: {fault}")
        return parts

    # documents

    def _document(self) -> None:
        """An encapsulated document: its type, and its length without padding (PS3.3 C.24.2)."""
        uri = self.dataset[_DOCUMENT].get("BulkDataURI")
        parts = self.bundle.bulk(uri) if uri else []
        if len(parts) != 1:
            return
        name, length = parts[0].media_type.name, parts[0].span.length
        if name != OCTET_STREAM and not _first(self.dataset, _DOCUMENT_TYPE):
            self.dataset[_DOCUMENT_TYPE] = {"vr": "LO", "Value": [name]}
        if length % 2 and not _first(self.dataset, _DOCUMENT_LENGTH):
            self.dataset[_DOCUMENT_LENGTH] = {"vr": "UL", "Value": [length]}

    # pixels

    def _pixels(self, parts: list[BulkPart]) -> Later:
        """The value of Pixel Data; sets the transfer syntax, completes the description."""
        for tag in (_OFFSETS, _LENGTHS):
            self.dataset.pop(tag, None)
        names = {_OTHER_SPELLINGS.get(each.media_type.name, each.media_type.name) for each in parts}
        if len(names) > 1:
            raise _refused("The parts of Pixel Data are of several media types.")
        (name,) = names
        declared = next((each.media_type.transfer_syntax for each in parts), "")
        if name in ("image/png", "image/gif"):
            return self._transformed(parts, name)
        if name == OCTET_STREAM and (not declared or declared in NATIVE):
            return self._native(parts, declared)
        own = TRANSFER_SYNTAXES.get(media_type_of(declared) if name == OCTET_STREAM else name, ())
        if not own or (declared and declared not in (*own, *_retired(name))):
            raise InstanceRefused(
                InstanceRefused.TRANSFER_SYNTAX_NOT_SUPPORTED,
                f"Pixel Data cannot be stored from {name[:60]} in this transfer syntax.",
            )
        if name.startswith("video/") or declared in VIDEO:
            return self._video(parts, declared or own[0])
        if name == OCTET_STREAM:
            name = media_type_of(declared)
        return self._images(parts, name, declared)

    def _native(self, parts: list[BulkPart], declared: str) -> Later:
        """Raw pixels, little endian; several parts are the frames of one value."""
        if declared in (EXPLICIT_BIG_ENDIAN, ENCAPSULATED_UNCOMPRESSED):
            raise InstanceRefused(
                InstanceRefused.TRANSFER_SYNTAX_NOT_SUPPORTED,
                "Uncompressed pixels are sent as Explicit VR Little Endian.",
            )
        self._insist("uncompressed pixels")
        if len(parts) > 1:
            self._number_of_frames(len(parts))
        return self._raw([part.span for part in parts])

    def _raw(self, spans: list[Span]) -> Later:
        pixels, spool = self.dataset[_PIXELS], self.bundle.spool
        if pixels["vr"] not in ("OB", "OW") or _first(self.dataset, "00280100") not in ("1", "8"):
            self.dataset[_PIXELS] = {**pixels, "vr": "OW"}

        def pieces() -> Iterator[bytes]:
            for span in spans:
                yield from spool.pieces(span)

        return Later(sum(span.length for span in spans), pieces)

    def _transformed(self, parts: list[BulkPart], name: str) -> Later:
        """PNG and GIF as native pixels; the description is that of what was made."""
        from dicomweb.pixels.pictures import MAX_FILE, read_pictures

        spool, spans, found = self.bundle.spool, [], None
        count = 0
        grey = _first(self.dataset, "00280002") == "1"
        for part in parts:
            if part.span.length > MAX_FILE:
                raise _refused(f"A picture has more than {MAX_FILE} bytes: send native pixels.")
            pictures = read_pictures(spool.read(part.span), name, grey=grey)
            described = pictures.attributes()
            described.pop(_FRAMES, None)
            if found not in (None, described):
                raise _refused("The pictures of Pixel Data are not alike.")
            found = described
            for frame in pictures.frames:
                spans.append(spool.append([frame]))
            count += pictures.count
        assert found is not None
        self.dataset.pop("00280006", None)
        self.dataset.update(found)
        self._number_of_frames(count)
        return self._raw(spans)

    def _images(self, parts: list[BulkPart], name: str, declared: str) -> Later:
        """Compressed frames, one a part, as they are."""
        missing = any(not _first(self.dataset, tag) for tag in DESCRIPTION)
        streams = [self._stream(part.span, name, decode=missing) for part in parts[:1]]
        streams += [self._stream(part.span, name) for part in parts[1:]]
        first = streams[0]
        if first is None:
            self._insist(name)
            self.syntax = declared or TRANSFER_SYNTAXES[name][0]
        else:
            self._described(first, declared)
            if any(each is not None and not _alike(first, each) for each in streams):
                raise _refused("The frames of Pixel Data are not alike.")
        self._number_of_frames(len(parts))
        spans = [
            part.span.cut(*stream.span) if stream else part.span
            for part, stream in zip(parts, streams, strict=True)
        ]
        if first is not None and first.method:
            self._lost(first, sum(span.length for span in spans))
        return self._encapsulated(spans)

    def _stream(self, span: Span, name: str, *, decode: bool = False) -> "Stream | None":
        from dicomweb.pixels.streams import describe

        return describe(name, lambda count: self.bundle.spool.read(span, 0, count), decode=decode)

    def _described(self, stream: "Stream", declared: str) -> None:
        """Fill in what is missing; insist on what has to agree."""
        if declared and declared not in stream.syntaxes:
            raise _refused("The pixels are not in the transfer syntax that their part names.")
        self.syntax = declared or stream.syntaxes[0]
        if stream.samples:
            self._complete(stream.attributes())
        for tag, own in (("00280010", stream.rows), ("00280011", stream.columns)):
            self._agree(tag, own)
        if stream.samples:
            self._agree("00280002", stream.samples)

    def _complete(self, found: dict[str, Any]) -> None:
        """Add what is missing. The bits of a sample belong together."""
        bits = ("00280100", "00280101", "00280102")
        if all(_first(self.dataset, tag) for tag in bits):
            found = {tag: each for tag, each in found.items() if tag not in bits}
        for tag, attribute in found.items():
            if not _first(self.dataset, tag):
                self.dataset[tag] = attribute

    def _agree(self, tag: str, own: int) -> None:
        said = _first(self.dataset, tag)
        if said and said != str(own):
            raise InstanceRefused(
                InstanceRefused.DATASET_DOES_NOT_MATCH,
                f"{_CHECKED[tag]} is {said[:10]}, and {own} in the pixels.",
            )

    def _lost(self, stream: "Stream", length: int) -> None:
        """What was lost before it came here has to be told (PS3.3 C.7.6.1.1.5)."""
        if _first(self.dataset, "00282110"):
            return
        bits = stream.rows * stream.columns * stream.samples * stream.precision
        frames = int(_first(self.dataset, _FRAMES) or 1)
        self.dataset["00282110"] = {"vr": "CS", "Value": ["01"]}
        ratio = round(bits * frames / 8 / max(1, length), 2)
        self.dataset.setdefault("00282112", {"vr": "DS", "Value": [ratio]})
        self.dataset.setdefault("00282114", {"vr": "CS", "Value": [stream.method]})

    def _video(self, parts: list[BulkPart], syntax: str) -> Later:
        from dicomweb.pixels.films import describe_film

        if len(parts) != 1:
            raise _refused("A video is one part.")
        span = parts[0].span
        self.syntax = syntax
        if any(not _first(self.dataset, tag) for tag in (*DESCRIPTION, _FRAMES)):
            spool = self.bundle.spool
            film = describe_film(
                lambda offset, length: spool.read(span, offset, length), span.length
            )
            if film is not None:
                self._complete(film.attributes(10 if syntax.endswith(".108") else 8))
        self._insist("this video")
        return self._encapsulated([span])

    def _insist(self, what: str) -> None:
        """PS3.18 Table 10.5.2-1 lets the description be left out for some media types only."""
        for tag in DESCRIPTION:
            if not _first(self.dataset, tag):
                raise InstanceRefused(
                    InstanceRefused.DATASET_DOES_NOT_MATCH,
                    f"Attribute {tag} is missing, and {what[:40]} do not tell it.",
                )

    def _number_of_frames(self, count: int) -> None:
        said = _first(self.dataset, _FRAMES)
        if said and said != str(count):
            raise InstanceRefused(
                InstanceRefused.DATASET_DOES_NOT_MATCH,
                f"Number of Frames is {said[:10]}, and there are {count} frames.",
            )
        if count > 1:
            self.dataset[_FRAMES] = {"vr": "IS", "Value": [count]}

    def _encapsulated(self, spans: list[Span]) -> Later:
        """One item a frame behind an offset table (PS3.5 A.4), the Extended one beyond 4 GB."""
        if any(span.length > _MAX_ITEM for span in spans):
            raise _refused("A frame has more than 4 GB, which one item cannot hold.")
        sizes = [span.length + span.length % 2 for span in spans]
        offsets = [0, *accumulate(size + 8 for size in sizes)][:-1]
        table = b""
        if offsets[-1] > _MAX_OFFSET:
            lengths = [span.length for span in spans]
            self.dataset[_OFFSETS] = _very_long(offsets)
            self.dataset[_LENGTHS] = _very_long(lengths)
        elif len(spans) > 1:
            table = struct.pack(f"<{len(spans)}I", *offsets)
        spool = self.bundle.spool

        def pieces() -> Iterator[bytes]:
            yield _ITEM + struct.pack("<I", len(table)) + table
            for span, size in zip(spans, sizes, strict=True):
                yield _ITEM + struct.pack("<I", size)
                yield from spool.pieces(span)
                if size != span.length:
                    yield b"\0"
            yield _END

        length = 8 + len(table) + sum(size + 8 for size in sizes) + len(_END)
        return Later(length, pieces, encapsulated=True)


def _alike(one: "Stream", other: "Stream") -> bool:
    return (one.rows, one.columns) == (other.rows, other.columns) and (
        not one.samples or not other.samples or one.samples == other.samples
    )


def _very_long(numbers: list[int]) -> JsonObject:
    packed = struct.pack(f"<{len(numbers)}Q", *numbers)
    return {"vr": "OV", "InlineBinary": b64encode(packed).decode()}


def _retired(name: str) -> tuple[str, ...]:
    """Retired JPEG processes, which are kept under their old transfer syntaxes."""
    if name != "image/jpeg":
        return ()
    return tuple(f"1.2.840.10008.1.2.4.{tail}" for tail in (53, 55))


def _first(dataset: JsonObject, tag: str) -> str:
    """The first value of an attribute as text; empty where there is none."""
    values = dataset.get(tag, {}).get("Value") or [None]
    return "" if values[0] is None else str(values[0])


def _refused(sentence: str) -> InstanceRefused:
    return InstanceRefused(InstanceRefused.CANNOT_UNDERSTAND, sentence)
