"""Waveforms as a page: the sheet itself, what it is, and the measurements that came with it."""

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, items, text, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.heading import heading
from dicomweb.pixels.documents.links import PartReader
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Line,
    Listing,
    Page,
    Phrase,
    Ready,
    Row,
    Section,
    Table,
    facts,
    say,
)
from dicomweb.pixels.documents.waveform_sheet import DEFAULT_PAPER, Paper, lay_out
from dicomweb.pixels.documents.waveform_svg import svg

MAX_ANNOTATIONS = 1000


def waveform_page(metadata: Metadata, part: PartReader, paper: Paper = DEFAULT_PAPER) -> Page:
    """With a sentence in the place of the sheet where it cannot be drawn."""
    warnings: tuple[str, ...] = ()
    drawn: tuple[Block, ...] = ()
    try:
        sheet = lay_out(metadata, part, paper)
        drawn = (Ready(svg(sheet, inline=True), "The waveform is drawn as SVG and PNG."),)
    except NotAcceptable as refused:
        warnings = (refused.sentence,)
    return Page(
        title=wording.class_name(text(metadata, "00080016")),
        header=heading(metadata, _facts(metadata)),
        blocks=(*drawn, *_annotations(metadata), *_groups(metadata)),
        warnings=warnings,
    )


def _facts(metadata: Metadata) -> tuple[Fact, ...]:
    return facts(
        ("Recorded", wording.moment(text(metadata, "0008002A"))),
        ("Operator", wording.name_at(metadata, "00081070")),
        ("Read by", wording.name_at(metadata, "00081060")),
        ("Comment", text(metadata, "00204000")),
    )


def _annotations(metadata: Metadata) -> tuple[Block, ...]:
    """Waveform Annotation Sequence (0040,B020): statements in words, then measurements."""
    found = items(metadata, "0040B020")[:MAX_ANNOTATIONS]
    statements = [say(said) for each in found if (said := text(each, "00700006"))]
    rows = []
    for each in found:
        name = wording.codes(each, "0040A043")
        numbers = [wording.figure(number) for number in values(each, "0040A30A")]
        coded = wording.codes(each, "0040A168")
        if name and (numbers or coded):
            unit = wording.codes(each, "004008EA")
            value = say(", ".join(numbers)) or coded
            rows.append(Row((name, value, unit, _channels(metadata, each))))
    blocks: list[Block] = []
    if statements:
        blocks.append(Section("Statements", (Listing(tuple(statements)),)))
    if rows:
        columns = ("Measurement", "Value", "Unit", "Where")
        blocks.append(Section("Measurements", (Table(columns, tuple(rows), numeric=(1,)),)))
    return tuple(blocks)


def _channels(metadata: Metadata, annotation: Metadata) -> Line:
    """The channels that are meant, by name; nothing where all of a group are."""
    groups = items(metadata, "54000100")
    pairs = [each for each in values(annotation, "0040A0B0") if isinstance(each, int)]
    names = []
    for group, channel in zip(pairs[::2], pairs[1::2], strict=False):
        if not 0 < group <= len(groups) or channel <= 0:
            continue
        defined = items(groups[group - 1], "003A0200")[channel - 1 : channel]
        names += [text(each, "003A0203") or _source(each) for each in defined]
    return (Phrase(", ".join(filter(None, names))),) if any(names) else ()


def _groups(metadata: Metadata) -> tuple[Block, ...]:
    rows = [
        Row(
            (
                say(text(group, "003A0020") or f"Group {number}"),
                say(str(len(items(group, "003A0200")))),
                say(text(group, "003A001A")),
                say(text(group, "003A0010")),
                say(text(group, "003A0004").lower()),
            )
        )
        for number, group in enumerate(items(metadata, "54000100"), 1)
    ]
    columns = ("Group", "Channels", "Hz", "Samples", "Originality")
    return (
        (Section("Recording", (Table(columns, tuple(rows), numeric=(1, 2, 3)),)),) if rows else ()
    )


def _source(channel: Metadata) -> str:
    return "".join(phrase.text for phrase in wording.codes(channel, "003A0208"))
