"""Structured Reports of every class as a page: HTML and plain text (PS3.18 8.7.4, PS3.3 A.35)."""

from collections.abc import Iterator
from itertools import groupby

from dicomweb.pixels.attributes import Metadata, items, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.content_tree import MAX_ITEMS, Item, Tree, read_tree
from dicomweb.pixels.documents.heading import heading
from dicomweb.pixels.documents.links import NO_WAYS, Ways, reference
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Facts,
    Line,
    Listing,
    Page,
    Phrase,
    Prose,
    Row,
    Section,
    Table,
    facts,
    plain,
    say,
    section_of,
)
from dicomweb.pixels.documents.report_prose import is_prose, prose_of
from dicomweb.pixels.documents.report_tables import is_cut, table_of
from dicomweb.pixels.documents.report_values import label_of, number_and_unit, value_of

# Current and other evidence, documents that this one replaces, and copies of it.
_REFERENCES = (
    ("0040A375", "Evidence of this procedure"),
    ("0040A385", "Other evidence"),
    ("0040A360", "Earlier documents"),
    ("0040A525", "Identical documents"),
)
MAX_EVIDENCE = 500
# A longer list of references is folded.
FOLDED = 12
_REFERRING = ("IMAGE", "COMPOSITE", "WAVEFORM")
_LANGUAGE = "121049"
# Relationships that need no word: their place says what they are.
_PLAIN = ("CONTAINS", "HAS PROPERTIES", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT")
_CONTEXT = ("HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT")
_CUT = f"This report is longer than is shown here: {MAX_ITEMS:,} items of it are read."
_CUT_TABLE = "A table of this report is larger than is shown here."


def report_page(metadata: Metadata, ways: Ways = NO_WAYS) -> Page:
    """The whole report, in the order of its content tree, which counts for its meaning."""
    tree = read_tree(metadata)
    context = [item for item in tree.root.children if _is_context(item)]
    content = tuple(item for item in tree.root.children if not _is_context(item))
    return Page(
        title=label_of(tree.root) if tree.root.concept else _untitled(metadata),
        header=(
            *heading(metadata, _authorship(metadata)),
            *section_of("Observation context", tuple(_fact(item, ways) for item in context)),
        ),
        blocks=(
            *_blocks(tree.root, content, ways),
            *_verifications(metadata),
            *_requests(metadata),
            *_evidence(metadata, ways),
        ),
        status=status_of(metadata),
        warnings=_warnings(tree),
        language=_language(tree.root),
    )


def status_of(metadata: Metadata) -> tuple[str, ...]:
    """Completion, verification and whether it is preliminary (PS3.3 C.17.2)."""
    flags = (text(metadata, tag).capitalize() for tag in ("0040A491", "0040A493", "0040A496"))
    described = text(metadata, "0040A492")
    return tuple(filter(None, (*flags, described)))


def _untitled(metadata: Metadata) -> str:
    return wording.class_name(text(metadata, "00080016")).removesuffix(" SR") or "Report"


def _warnings(tree: Tree) -> tuple[str, ...]:
    cut = any(item.value_type == "TABLE" and is_cut(item.found) for item in _walk(tree.root))
    return (() if tree.whole else (_CUT,)) + ((_CUT_TABLE,) if cut else ())


def _walk(item: Item) -> Iterator[Item]:
    yield item
    for child in item.children:
        yield from _walk(child)


def _language(root: Item) -> str:
    for child in root.children:
        if child.concept is not None and wording.code_of(child.concept) == _LANGUAGE:
            return next((wording.code_of(code) for code in items(child.found, "0040A168")), "")
    return ""


def _blocks(parent: Item, children: tuple[Item, ...], ways: Ways) -> tuple[Block, ...]:
    """Runs of one form: sections, prose, tables of measurements, lists of references, facts."""
    flowing = text(parent.found, "0040A050").upper() == "CONTINUOUS"
    blocks: list[Block] = []
    for form, found in _runs(children):
        if form == "section":
            blocks += [_section(item, ways) for item in found]
        elif form == "measurement":
            blocks.append(_measurements(found, ways))
        elif form == "reference":
            lines = tuple(value_of(item, ways) for item in found)
            summary = f"{len(lines)} references" if len(lines) > FOLDED else ""
            blocks.append(Listing(lines, summary))
        elif flowing and is_prose(found):
            blocks.append(Prose(prose_of(found, ways)))
            apart = [item for item in found if item.children]
            blocks += [Facts(tuple(_fact(item, ways) for item in apart))] if apart else []
        else:
            blocks.append(Facts(tuple(_fact(item, ways) for item in found)))
    return tuple(blocks)


def _runs(children: tuple[Item, ...]) -> Iterator[tuple[str, list[Item]]]:
    """Neighbours of one form; a measurement that stands alone is a fact among facts."""
    pairs: list[tuple[str, list[Item]]] = []
    for form, run in groupby(children, _form):
        found = list(run)
        form = "fact" if form == "measurement" and len(found) == 1 else form
        if pairs and form == "fact" == pairs[-1][0]:
            pairs[-1][1].extend(found)
        else:
            pairs.append((form, found))
    return iter(pairs)


def _is_context(item: Item) -> bool:
    """Whether it is said of the whole report: it stands in the head."""
    return item.relationship in _CONTEXT and item.value_type != "CONTAINER"


def _form(item: Item) -> str:
    if item.value_type == "CONTAINER":
        return "section"
    if item.value_type == "NUM":
        return "measurement"
    if item.value_type in _REFERRING and item.concept is None and not item.children:
        return "reference"
    return "fact"


def _section(item: Item, ways: Ways) -> Section:
    observed = facts(("Observed", wording.moment(text(item.found, "0040A032"))))
    blocks = _blocks(item, item.children, ways)
    above: tuple[Block, ...] = (Facts(observed),) if observed else ()
    return Section(label_of(item), above + blocks, _note(item), item.anchor)


def _measurements(found: list[Item], ways: Ways) -> Table:
    rows = []
    for item in found:
        number, unit = number_and_unit(item.found)
        rows.append(Row((_label(item), number, unit), _below(item, ways), item.anchor))
    return Table(("Measurement", "Value", "Unit"), tuple(rows), numeric=(1,))


def _fact(item: Item, ways: Ways) -> Fact:
    below = _below(item, ways)
    if item.value_type == "TABLE" and (table := table_of(item.found)) is not None:
        below = (table, *below)
    return Fact(label_of(item), value_of(item, ways), below, _note(item), item.anchor)


def _label(item: Item) -> Line:
    note = _note(item)
    label = Phrase(label_of(item), wording.scheme_of(item.concept) if item.concept else "")
    return (label, Phrase(f" ({note})")) if note else (label,)


def _below(item: Item, ways: Ways) -> tuple[Block, ...]:
    observed = facts(("Observed", wording.moment(text(item.found, "0040A032"))))
    above: tuple[Block, ...] = (Facts(observed),) if observed else ()
    return above + _blocks(item, item.children, ways)


def _note(item: Item) -> str:
    """How it belongs to what is above, where that is not plain."""
    return "" if item.relationship in _PLAIN else item.relationship.lower()


def _authorship(metadata: Metadata) -> tuple[Fact, ...]:
    authors = [name for each in items(metadata, "0040A078") if (name := _observer(each))]
    custodians = [text(each, "00080080") for each in items(metadata, "0040A07C")]
    return facts(
        ("Author", "; ".join(authors)),
        ("Custodian", "; ".join(filter(None, custodians))),
        ("Procedure", wording.codes(metadata, "0040A372")),
        ("Content", text(metadata, "00700080")),
    )


def _observer(each: Metadata) -> str:
    """A person or a device, and the institution it belongs to."""
    device = " ".join(filter(None, (text(each, tag) for tag in ("00080070", "00081090"))))
    name = wording.name_at(each, "0040A123") or device
    return ", ".join(filter(None, (name, text(each, "00080080"))))


def _verifications(metadata: Metadata) -> tuple[Section, ...]:
    """Who verified it (0040,A073), and who else took part in it (0040,A07A)."""
    rows = []
    for each in items(metadata, "0040A073"):
        name = wording.name_at(each, "0040A075")
        moment = wording.moment(text(each, "0040A030"))
        rows.append(Row((say("verified"), say(name), say(text(each, "0040A027")), say(moment))))
    for each in items(metadata, "0040A07A"):
        part = {"SOURCE": "source", "ENT": "data entry", "ATTEST": "attested"}
        kind = text(each, "0040A080")
        moment = wording.moment(text(each, "0040A082"))
        row = (say(part.get(kind, kind.lower())), say(_observer(each)), (), say(moment))
        rows.append(Row(row))
    columns = ("", "Name", "Organization", "Date")
    return (Section("Signatures", (Table(columns, tuple(rows)),)),) if rows else ()


def _requests(metadata: Metadata) -> tuple[Section, ...]:
    """The orders that it answers (0040,A370)."""
    return tuple(
        section
        for each in items(metadata, "0040A370")
        for section in section_of(
            "Request",
            facts(
                ("Accession number", text(each, "00080050")),
                ("Procedure", text(each, "00321060") or plain(wording.codes(each, "00321064"))),
                ("Reason", text(each, "00401002")),
                ("Placer order", text(each, "00402016")),
                ("Filler order", text(each, "00402017")),
            ),
        )
    )


def _evidence(metadata: Metadata, ways: Ways) -> tuple[Listing, ...]:
    listings = []
    for sequence, title in _REFERENCES:
        found = [
            instance
            for study in items(metadata, sequence)
            for series in items(study, "00081115")
            for instance in items(series, "00081199")
        ]
        if found:
            lines = [reference(each, ways.url_of) for each in found[:MAX_EVIDENCE]]
            more = len(found) - MAX_EVIDENCE
            lines += [say(f"and {more} more")] if more > 0 else []
            summary = f"{title}: {wording.counted(len(found), 'instance')}"
            listings.append(Listing(tuple(lines), summary))
    return tuple(listings)
