"""A page for what has no picture: what it is, what it is about, what it refers to."""

from collections.abc import Callable

from dicomweb.pixels.attributes import Metadata, integer, items, number, text, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.attribute_list import attribute_list
from dicomweb.pixels.documents.heading import heading
from dicomweb.pixels.documents.links import NO_WAYS, BulkReader, UrlOf, Ways, reference
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Line,
    Listing,
    Page,
    Phrase,
    Row,
    Table,
    facts,
    plain,
    say,
    section_of,
)

MAX_REFERENCES = 500
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_REFERENCING = (
    *("00081140", "0008114A", "00081199", "0008114B", "00082112"),
    *("300C0060", "300C0002", "300C0080"),
)


def facts_page(metadata: Metadata, ways: Ways = NO_WAYS) -> Page:
    """Any instance: its head, what its SOP class is about, its references, its attributes."""
    sop_class = text(metadata, "00080016")
    own = next((about for prefix, about in _ABOUT if sop_class.startswith(prefix)), None)
    return Page(
        title=title_of(metadata),
        header=heading(metadata, _content(metadata)),
        blocks=(
            *(own(metadata, ways.bulk) if own else ()),
            *references(metadata, ways.url_of),
            attribute_list(metadata),
        ),
    )


def title_of(metadata: Metadata) -> str:
    """Its SOP class, and what the instance calls itself."""
    said = (text(metadata, tag) for tag in ("00700080", "300A0002", "30060002"))
    sop_class = text(metadata, "00080016")
    kind = wording.class_name(sop_class) if sop_class else "DICOM instance"
    return ": ".join(filter(None, (kind, next(filter(None, said), ""))))


def references(metadata: Metadata, url_of: UrlOf) -> tuple[Listing, ...]:
    """The instances that it names at its top level and by series, folded when they are many."""
    found = [each for tag in _REFERENCING for each in items(metadata, tag)]
    for series in items(metadata, "00081115"):
        found += [each for tag in _REFERENCING for each in items(series, tag)]
    found = list({text(each, "00081155"): each for each in found}.values())
    found = [each for each in found if text(each, "00081155")]
    if not found:
        return ()
    lines = [reference(each, url_of) for each in found[:MAX_REFERENCES]]
    more = len(found) - MAX_REFERENCES
    lines += [say(f"and {more} more")] if more > 0 else []
    return (Listing(tuple(lines), f"References: {wording.counted(len(found), 'instance')}"),)


def _content(metadata: Metadata) -> tuple[Fact, ...]:
    return facts(
        ("Content", text(metadata, "00700081")),
        ("Created by", wording.name_at(metadata, "00700084")),
        ("Created", wording.when(metadata, "00700082", "00700083")),
    )


def _annotations(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    """Microscopy Bulk Simple Annotations (PS3.3 C.37.1)."""
    rows = [
        Row(
            (
                say(text(group, "006A0005") or text(group, "0040A180")),
                wording.codes(group, "006A000A") or wording.codes(group, "006A0009"),
                say(text(group, "00700023").lower()),
                say(_annotation_count(group)),
                say(text(group, "006A0007").lower()),
                _measured(group),
            )
        )
        for group in items(metadata, "006A0002")
    ]
    if not rows:
        return ()
    columns = ("Group", "What", "Shape", "Annotations", "Made", "Measured")
    space = {"2D": "pixels of the image", "3D": "millimetres on the slide"}
    kind = text(metadata, "006A0001").upper()
    above = section_of("Annotations", facts(("Coordinates", space.get(kind, kind))))
    return (*above, Table(columns, tuple(rows), numeric=(3,)))


def _annotation_count(group: Metadata) -> str:
    count = integer(group, "006A000C")
    return f"{count:,}" if count is not None else ""


def _measured(group: Metadata) -> Line:
    line: list[Phrase] = []
    for each in items(group, "00660121"):
        line += ([Phrase(", ")] if line else []) + list(wording.codes(each, "0040A043"))
    return tuple(line)


def _value_maps(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    """Real World Value Mapping: what stored values mean (PS3.3 C.7.6.16.2.11)."""
    mappings = [
        mapping
        for image in items(metadata, "00409094") or items(metadata, "00081115") or [metadata]
        for mapping in items(image, "00409096")
    ]
    rows = [
        Row(
            (
                say(text(mapping, "00409210") or text(mapping, "00283003")),
                wording.codes(mapping, "004008EA"),
                say(_formula(mapping)),
                say(" to ".join(_range(mapping))),
            )
        )
        for mapping in mappings
    ]
    columns = ("Mapping", "Unit", "Value", "Stored values")
    return (Table(columns, tuple(rows)),) if rows else ()


def _formula(mapping: Metadata) -> str:
    slope, intercept = number(mapping, "00409225"), number(mapping, "00409224")
    if slope is None:
        return "by a table" if "00409212" in mapping else ""
    shift = "" if not intercept else f" {'+' if intercept > 0 else '-'} {abs(intercept):.7g}"
    return f"{slope:.7g} * stored{shift}"


def _range(mapping: Metadata) -> list[str]:
    for first, last in (("00409216", "00409211"), ("00409214", "00409213")):
        ends = [*values(mapping, first)[:1], *values(mapping, last)[:1]]
        if len(ends) == 2:
            return [wording.figure(end) for end in ends]
    return []


def _presentation(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    """Presentation states that cannot be shown: the words that they would put on the image."""
    written = [
        text(graphic, "00700006")
        for annotation in items(metadata, "00700001")
        for graphic in items(annotation, "00700008")
    ]
    lines = tuple(say(each) for each in written if each)
    return (Listing(lines, f"{len(lines)} annotations in words"),) if lines else ()


def _fiducials(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    rows = [
        Row((say(text(each, "0070030F")), say(plain(wording.codes(each, "00700311")))))
        for group in items(metadata, "0070031C")
        for each in items(group, "0070031E")
    ]
    return (Table(("Fiducial", "What"), tuple(rows)),) if rows else ()


def _plan(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    from dicomweb.pixels.documents.plan import plan_blocks

    return plan_blocks(metadata)


def _regions(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    from dicomweb.pixels.documents.structure_page import region_table

    return region_table(metadata, bulk)


def _palette(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    from dicomweb.pixels.documents.palette_strip import palette_strip

    return palette_strip(metadata, bulk)


_ABOUT: tuple[tuple[str, Callable[[Metadata, BulkReader], tuple[Block, ...]]], ...] = (
    (_STORAGE + "91.", _annotations),
    (_STORAGE + "67", _value_maps),
    (_STORAGE + "11.", _presentation),
    (_STORAGE + "66.2", _fiducials),
    (_STORAGE + "481.3", _regions),
    (_STORAGE + "481.5", _plan),
    (_STORAGE + "481.8", _plan),
    ("1.2.840.10008.5.1.4.39.", _palette),
)
