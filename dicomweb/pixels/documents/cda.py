"""A CDA document for reading: its head and its narrative, by a fixed list of elements (HL7 CDA R2).

No style sheet is run and nothing is fetched; an element that is not in the list gives its text.
"""

from collections.abc import Iterator

from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.markup import Markup, element, escape, join, safe_url
from dicomweb.pixels.documents.page import Block, Facts, Ready, Section, facts
from dicomweb.pixels.documents.xml_tree import Node, Refused, read_xml

# Elements of the narrative block (CDA R2 4.3.5) and those of HTML that they are.
_ELEMENTS = {
    "paragraph": "p",
    "item": "li",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tfoot": "tfoot",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "caption": "strong",
    "sub": "sub",
    "sup": "sup",
    "footnote": "small",
}
_STYLES = {"bold": "strong", "italics": "em", "underline": "u", "emphasis": "em"}
_ENDING_LINES = ("paragraph", "item", "tr", "caption", "list", "table", "br")


def cda_blocks(data: bytes) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """The document as blocks of a page, and sentences about what cannot be shown of it."""
    try:
        document = read_xml(data)
    except Refused as refused:
        return (), (f"{refused} It can be had as it is stored.",)
    bodies = document.all("component", "structuredBody", "component", "section")
    other = document.first("component", "nonXMLBody", "text")
    warnings = () if bodies or other else ("The document has no narrative.",)
    blocks: tuple[Block, ...] = tuple(_section(body) for body in bodies)
    if other is not None:
        blocks += _other_body(other)
    return (_head(document), *blocks), warnings


def _head(document: Node) -> Section:
    """What the CDA header says, beside what the DICOM header says of it."""
    patient = document.first("recordTarget", "patientRole", "patient")
    birth = patient.first("birthTime") if patient else None
    moment = document.first("effectiveTime")
    authors = document.all("author", "assignedAuthor", "assignedPerson", "name")
    signers = document.all("legalAuthenticator", "assignedEntity", "assignedPerson", "name")
    custodian = document.first(
        *("custodian", "assignedCustodian", "representedCustodianOrganization", "name")
    )
    title = document.first("title")
    found = facts(
        ("Patient", _names(patient.all("name")) if patient else ""),
        ("Birth date", wording.moment(birth.attributes.get("value", "")) if birth else ""),
        ("Date", wording.moment(moment.attributes.get("value", "")) if moment else ""),
        ("Author", _names(authors)),
        ("Signed by", _names(signers)),
        ("Custodian", custodian.text if custodian else ""),
    )
    return Section((title.text if title else "") or "Clinical document", (Facts(found),))


def _names(nodes: list[Node]) -> str:
    return "; ".join(filter(None, (" ".join(_words(node)) for node in nodes)))


def _words(node: Node) -> Iterator[str]:
    """The parts of a name: `Dr`, `Ann`, `Lee`, however they are laid out."""
    for child in node.children:
        yield from child.split() if isinstance(child, str) else _words(child)


def _section(section: Node) -> Section:
    title = section.first("title")
    narrative = section.first("text")
    blocks: list[Block] = [_narrative(narrative)] if narrative else []
    blocks += [_section(inner) for inner in section.all("component", "section")]
    return Section((title.text if title else "") or "Section", tuple(blocks))


def _narrative(narrative: Node) -> Ready:
    lines = (" ".join(line.split()) for line in "".join(_plain(narrative)).split("\n"))
    return Ready(element("div", _children(narrative)), "\n".join(filter(None, lines)))


def _children(node: Node) -> Markup:
    return join([escape(each) if isinstance(each, str) else _html(each) for each in node.children])


def _html(node: Node) -> Markup:
    inside = _children(node)
    match node.name:
        case "br":
            return element("br")
        case "list":
            ordered = node.attributes.get("listType", "").lower() == "ordered"
            return element("ol" if ordered else "ul", inside)
        case "content":
            styles = node.attributes.get("styleCode", "").lower().split()
            named = next((_STYLES[each] for each in styles if each in _STYLES), None)
            return element(named, inside) if named else inside
        case "linkHtml":
            href = safe_url(node.attributes.get("href", ""))
            return element("a", inside, href=href, rel="noreferrer") if href else inside
        case "renderMultiMedia":
            return join([inside, escape("[a picture that is not shown here]")])
    name = _ELEMENTS.get(node.name)
    if name is None:
        return inside
    return element(name, inside, colspan=_span(node, "colspan"), rowspan=_span(node, "rowspan"))


def _span(node: Node, name: str) -> str | None:
    found = node.attributes.get(name, "")
    return found if found.isascii() and found.isdigit() and len(found) <= 3 else None


def _plain(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            yield " ".join(child.split("\n"))
            continue
        yield "- " if child.name == "item" else ""
        yield from _plain(child)
        yield "\n" if child.name in _ENDING_LINES else ""
        yield " | " if child.name in ("td", "th") else ""


def _other_body(body: Node) -> tuple[Block, ...]:
    """A body in another format: text as it is, anything else by its name."""
    kind = body.attributes.get("mediaType", "text/plain")
    if kind == "text/plain" and body.attributes.get("representation") != "B64":
        return (Section("Text", (Ready(element("p", body.text), body.text),)),)
    sentence = f"The body of the document is {kind}: it can be had as it is stored."
    return (Ready(element("p", sentence), sentence),)
