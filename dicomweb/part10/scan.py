"""A Part 10 header in one pass: DICOM JSON, searchable values, bulk values and frames."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace

from dicomweb.errors import InstanceRefused
from dicomweb.part10.frames import FrameTable
from dicomweb.part10.header import DOES_NOT_MATCH, ROOT, Bulk, Doubt, Header, Reader
from dicomweb.part10.layout import frame_table, number, text
from dicomweb.part10.memo import elements_of
from dicomweb.part10.meta import is_readable
from dicomweb.part10.parse import Parsed, parse
from dicomweb.part10.syntaxes import KNOWN, NATIVE, VIDEO
from dicomweb.part10.tokens import PLACE

_UIDS = {
    "00080016": "SOP Class UID",
    "00080018": "SOP Instance UID",
    "0020000D": "Study Instance UID",
    "0020000E": "Series Instance UID",
}
_DICOMDIR = "1.2.840.10008.1.3.10"
# PS3.4 GG: what belongs to no patient, and so to no study.
_NON_PATIENT = (
    "1.2.840.10008.5.1.4.38.1",
    "1.2.840.10008.5.1.4.39.1",
    "1.2.840.10008.5.1.4.43.1",
    "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1",
    "1.2.840.10008.5.1.4.1.1.200.1",
    "1.2.840.10008.5.1.4.1.1.200.3",
    "1.2.840.10008.5.1.4.1.1.201.1",
)
_NOT_STORED = {_DICOMDIR, *_NON_PATIENT}
_DOCUMENT, _DOCUMENT_LENGTH = "00420011", "00420015"
_OFFSETS = "7FE00001"


def scan(head: bytes, size: int, read: Reader) -> Header:
    """Read the header of a file of `size` bytes; `head` holds its first bytes, 256 KB or so.

    The bytes behind `head` are read only where the header goes on there, and to hop over fragments.
    InstanceRefused, with what could be read of the SOP UIDs, for what the archive cannot keep.
    """
    parsed = parse(head, size, read)
    elements = elements_of(parsed.parts)
    sop_class, instance, study, series = _uids(parsed, elements)
    frames = _frames(parsed, elements)
    video = parsed.meta.transfer_syntax in VIDEO
    parts = parsed.parts
    if video and parsed.walk.pixels:
        # Viewers that find video here take it for frames; they ask for the rendered resource.
        tag = parsed.walk.pixels.tag
        parts = [part for part in parts if part.tag != tag]
        elements.pop(tag, None)
    json = b"{%b}" % b",".join([part.json for part in parts])
    bulk = parsed.walk.bulk
    if bulk:
        place = b"%b/studies/%b/series/%b/instances/%b/bulkdata/" % (
            ROOT,
            study.encode(),
            series.encode(),
            instance.encode(),
        )
        json = json.replace(PLACE, place)
        for value in bulk:
            tag = value.path[:8]
            if tag in elements:
                elements[tag] = elements[tag].replace(PLACE, place)
    return Header(
        sop_class=sop_class,
        sop_instance=instance,
        study=study,
        series=series,
        transfer_syntax=parsed.meta.transfer_syntax,
        dataset_offset=parsed.meta.dataset_offset,
        json=json,
        elements=elements,
        frames=frames,
        bulk=tuple(_public(parsed, value, elements) for value in bulk),
        doubts=_doubts(parsed, instance, sop_class),
    )


def _uids(parsed: Parsed, elements: Mapping[str, bytes]) -> list[str]:
    """The four UIDs that an instance is filed under; InstanceRefused where one is not to be had."""
    uids = [text(elements.get(tag)) for tag in _UIDS]
    lacking = [tag for tag, uid in zip(_UIDS, uids, strict=True) if not is_readable(uid)]
    if not lacking and uids[0] not in _NOT_STORED:
        return uids
    sop_class, instance = (uid if is_readable(uid) else "" for uid in uids[:2])
    kind = sop_class or parsed.meta.sop_class
    if kind == _DICOMDIR:
        reason = InstanceRefused.SOP_CLASS_NOT_SUPPORTED
        why = "A DICOMDIR lists instances; it is not one itself."
    elif kind in _NON_PATIENT and lacking:
        reason = InstanceRefused.SOP_CLASS_NOT_SUPPORTED
        why = "Instances of this SOP class belong to no study."
    elif not lacking:
        return uids
    else:
        reason, why = InstanceRefused.DATASET_DOES_NOT_MATCH, _lacking(lacking[0], elements)
        if parsed.walk.cut and not elements.keys() >= set(_UIDS):
            reason = InstanceRefused.CANNOT_UNDERSTAND
            why = "The file ends before its UIDs are complete."
    raise InstanceRefused(reason, why, sop_class=sop_class, sop_instance=instance)


def _lacking(tag: str, elements: Mapping[str, bytes]) -> str:
    what = f"{_UIDS[tag]} ({tag[:4]},{tag[4:]})"
    if b"Value" in elements.get(tag, b""):
        return f"{what} is unreadable: digits in groups joined by dots are right."
    return f"{what} is missing."


def _frames(parsed: Parsed, elements: Mapping[str, bytes]) -> FrameTable | None:
    walk = parsed.walk
    if walk.pixels is None:
        return None
    table, doubts = frame_table(
        walk.pixels,
        elements,
        parsed.meta.transfer_syntax,
        parsed.data,
        _extended_offsets(parsed, elements),
        inside=parsed.deflated or not parsed.encoding.little,
    )
    syntax = parsed.meta.transfer_syntax
    if syntax in KNOWN and (syntax in NATIVE) is not table.native:
        how = "native" if table.native else "encapsulated"
        doubts.append(f"The pixel data are {how}, which its transfer syntax does not allow.")
    for sentence in doubts:
        walk.doubts.add(sentence)
    return table


def _extended_offsets(parsed: Parsed, elements: Mapping[str, bytes]) -> bytes:
    """The value of the Extended Offset Table (7FE0,0001), wherever it is."""
    fragment = elements.get(_OFFSETS)
    if fragment is None or parsed.walk.pixels is None or parsed.walk.pixels.fragments is None:
        return b""
    if b"InlineBinary" in fragment:
        return b64decode(fragment.rsplit(b'"', 2)[1])
    found = [bulk for bulk in parsed.walk.bulk if bulk.path == _OFFSETS]
    return b"".join(parsed.pieces(found[0], 0, found[0].length)) if found else b""


def _public(parsed: Parsed, bulk: Bulk, elements: Mapping[str, bytes]) -> Bulk:
    """As it is to be served: what must be unwrapped or inflated has no place in the file."""
    if wrapped := parsed.walk.wrapped.get(bulk.path):
        return replace(bulk, offset=-1, length=sum(end - begin for begin, end in wrapped.spans))
    if bulk.path == _DOCUMENT and number(elements.get(_DOCUMENT_LENGTH)) == bulk.length - 1:
        pad = b"".join(parsed.pieces(bulk, bulk.length - 1, bulk.length))
        bulk = replace(bulk, length=bulk.length - (pad == b"\0"))
    return bulk if parsed.is_in_file(bulk) else replace(bulk, offset=-1)


def _doubts(parsed: Parsed, instance: str, sop_class: str) -> tuple[Doubt, ...]:
    walk, meta = parsed.walk, parsed.meta
    if walk.cut and (walk.pixels is None or walk.pixels.whole):
        walk.doubts.add("The file ends inside an element.")
    if (meta.sop_instance, meta.sop_class) != (instance, sop_class) and meta.sop_instance:
        walk.doubts.add("The UIDs of the file meta information are not those of the data set.")
    if not meta.doubts:
        return walk.doubts.all()
    return (*(Doubt(DOES_NOT_MATCH, sentence) for sentence in meta.doubts), *walk.doubts.all())
