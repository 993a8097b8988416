"""Structured Reports as XML: the content tree, for programs.

The data set itself is the Native DICOM Model of the metadata resource; this is what it says:

    <report class= instance= completion= verification=>
      <patient>, <study>, <document>         each a list of <fact name=>
      <item type="CONTAINER" id="1">         relationship= is that to the item around it
        <concept code= scheme=>meaning</concept>
        <item type="NUM" id="1.1" relationship="CONTAINS">
          <concept …/> <number>12.5</number> <unit code="mm" scheme="UCUM">millimeter</unit>
"""

from dicomweb.pixels.attributes import Metadata, items, numbers, text, value, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.content_tree import Item, channels_of, frames_of, read_tree
from dicomweb.pixels.documents.heading import heading
from dicomweb.pixels.documents.large_values import long_numbers, long_text
from dicomweb.pixels.documents.links import NO_WAYS, UrlOf, Ways
from dicomweb.pixels.documents.markup import Markup, element, join
from dicomweb.pixels.documents.page import Facts, Section, plain
from dicomweb.pixels.documents.report_tables import table_of
from dicomweb.pixels.documents.report_values import value_of


def report_xml(metadata: Metadata, ways: Ways = NO_WAYS) -> str:
    """The document without its XML declaration, which `Document.encode` writes."""
    tree = read_tree(metadata)
    return (
        element(
            "report",
            *(_part(section) for section in heading(metadata)),
            *(_signature(each) for each in items(metadata, "0040A073")),
            _item(tree.root, ways),
            class_=text(metadata, "00080016"),
            instance=text(metadata, "00080018"),
            completion=text(metadata, "0040A491") or None,
            verification=text(metadata, "0040A493") or None,
            preliminary=text(metadata, "0040A496") or None,
            whole=None if tree.whole else "no",
        )
        + "\n"
    )


def _part(section: Section) -> Markup:
    found = [
        element("fact", plain(fact.value), name=fact.label)
        for block in section.blocks
        if isinstance(block, Facts)
        for fact in block.facts
    ]
    return element(section.title.lower(), *found)


def _signature(verifier: Metadata) -> Markup:
    return element(
        "verified",
        wording.name_at(verifier, "0040A075"),
        organization=text(verifier, "0040A027") or None,
        date=text(verifier, "0040A030") or None,
    )


def _item(item: Item, ways: Ways) -> Markup:
    concept = item.concept
    return element(
        "item",
        code("concept", concept) if concept is not None else Markup(),
        _value(item, ways),
        *(_item(child, ways) for child in item.children),
        type=item.value_type or None,
        id=".".join(map(str, item.position)),
        relationship=item.relationship or None,
        observed=text(item.found, "0040A032") or None,
        continuity=text(item.found, "0040A050") or None,
    )


def code(name: str, found: Metadata) -> Markup:
    """A coded entry (PS3.3 8): its meaning, with code, scheme and version beside it."""
    return element(
        name,
        text(found, "00080104"),
        code=wording.code_of(found) or None,
        scheme=text(found, "00080102") or None,
        version=text(found, "00080103") or None,
    )


def _value(item: Item, ways: Ways) -> Markup:
    match item.value_type:
        case "TEXT":
            return element("text", long_text(item.found, "0040A160", ways.bulk))
        case "NUM":
            return _number(item.found)
        case "CODE":
            return join([code("code", each) for each in items(item.found, "0040A168")])
        case "IMAGE" | "COMPOSITE" | "WAVEFORM":
            referenced = items(item.found, "00081199")
            return join([_reference(each, ways.url_of) for each in referenced])
        case "SCOORD" | "SCOORD3D":
            return _region(item, ways)
        case "REFERENCE":
            return element("target", id=".".join(map(str, item.target)))
        case "TABLE":
            return _table(item.found)
        case _:
            return _simple(item, ways)


def _simple(item: Item, ways: Ways) -> Markup:
    """Names, dates, UIDs and times: as a person writes them, and as they are stored."""
    tag = {"PNAME": "0040A123", "DATE": "0040A121", "TIME": "0040A122", "DATETIME": "0040A120"}
    tag |= {"UIDREF": "0040A124"}
    said = plain(value_of(item, ways))
    stored = value(item.found, tag.get(item.value_type, ""))
    if not said:
        return Markup()
    return element("value", said, stored=stored if isinstance(stored, str) else None)


def _number(found: Metadata) -> Markup:
    parts = []
    for measured in items(found, "0040A300"):
        decimal = values(measured, "0040A30A") or values(measured, "0040A161")
        parts += [element("number", wording.figure(each)) for each in decimal]
        ratio = [value(measured, tag) for tag in ("0040A162", "0040A163")]
        if None not in ratio:
            parts.append(element("ratio", f"{ratio[0]}/{ratio[1]}"))
        parts += [code("unit", each) for each in items(measured, "004008EA")]
    parts += [code("qualifier", each) for each in items(found, "0040A301")]
    return join(parts)


def _reference(found: Metadata, url_of: UrlOf) -> Markup:
    sop_class, instance = text(found, "00081150"), text(found, "00081155")
    channels = " ".join(f"{group}:{channel}" for group, channel in channels_of(found))
    return element(
        "reference",
        *(_reference(state, url_of) for state in items(found, "00081199")),
        class_=sop_class or None,
        instance=instance or None,
        frames=" ".join(map(str, frames_of(found))) or None,
        segments=" ".join(str(int(each)) for each in numbers(found, "0062000B")) or None,
        channels=channels or None,
        href=(url_of(sop_class, instance) if instance else None),
    )


def _region(item: Item, ways: Ways) -> Markup:
    points = long_numbers(item.found, "00700022", ways.bulk)
    return element(
        "region",
        " ".join(f"{each:.9g}" for each in points),
        shape=text(item.found, "00700023") or None,
        dimensions="3" if item.value_type == "SCOORD3D" else "2",
        frameOfReference=text(item.found, "30060024") or None,
    )


def _table(found: Metadata) -> Markup:
    table = table_of(found)
    if table is None:
        return Markup()
    rows = [element("row", *(element("cell", plain(c)) for c in row.cells)) for row in table.rows]
    head = [element("column", title) for title in table.columns]
    return element("table", *head, *rows)
