"""Encapsulated documents: their bytes, and a page about them (PS3.3 A.45, A.85)."""

from dicomweb.pixels.attributes import Metadata, binary, integer, items, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.attribute_list import attribute_list
from dicomweb.pixels.documents.cda import cda_blocks
from dicomweb.pixels.documents.facts_page import references, title_of
from dicomweb.pixels.documents.heading import heading
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.pixels.documents.links import NO_WAYS, BulkReader, Ways
from dicomweb.pixels.documents.markup import element, join, safe_url
from dicomweb.pixels.documents.page import Block, Fact, Page, Ready, facts

DOCUMENT = "00420011"


def document_bytes(metadata: Metadata, bulk: BulkReader) -> bytes:
    """The document as it was put in: without the pad byte of Encapsulated Document (0042,0011).

    Encapsulated Document Length (0042,0015) says where it ends; without it a last NUL is padding.
    """
    found = binary(metadata, DOCUMENT, bulk)
    length = integer(metadata, "00420015")
    if length is not None and len(found) - 1 <= length <= len(found):
        return found[:length]
    return found[:-1] if found.endswith(b"\0") and len(found) % 2 == 0 else found


def document_type(metadata: Metadata) -> str:
    """MIME Type of Encapsulated Document (0042,0012) in small letters; "" when it names none."""
    return text(metadata, "00420012").lower()


def encapsulated_page(
    metadata: Metadata, kind: Kind, document_url: str = "", ways: Ways = NO_WAYS
) -> Page:
    """The facts about the document, a way to it, and as much of it as a page can show.

    `document_url` is where its bytes are served as they are: a PDF is shown from there.
    """
    warnings: tuple[str, ...] = ()
    shown: tuple[Block, ...] = _way_to(document_url, kind)
    if kind is Kind.CDA:
        narrative, warnings = cda_blocks(document_bytes(metadata, ways.bulk))
        shown += narrative
    return Page(
        title=text(metadata, "00420010") or title_of(metadata),
        header=heading(metadata, _facts(metadata)),
        blocks=(*shown, *references(metadata, ways.url_of), *_model(metadata, kind)),
        warnings=warnings,
    )


def _facts(metadata: Metadata) -> tuple[Fact, ...]:
    length = integer(metadata, "00420015")
    model = next(iter(items(metadata, "004008EA")), None)
    return facts(
        ("Title", text(metadata, "00420010")),
        ("Concept", wording.codes(metadata, "0040A043")),
        ("Type", document_type(metadata)),
        ("Length", f"{length:,} bytes" if length is not None else ""),
        ("Unit of the model", wording.meaning(model) if model else ""),
        ("Burned in", {"YES": "names the patient", "NO": ""}.get(text(metadata, "00280301"), "")),
        ("HL7 instance", text(metadata, "0040E001")),
        ("Acquired", wording.moment(text(metadata, "0008002A"))),
    )


def _way_to(url: str, kind: Kind) -> tuple[Block, ...]:
    """A link, and for a PDF the document itself where the browser can show it."""
    href = safe_url(url)
    if href is None:
        return ()
    link = element("p", element("a", "Open the document", href=href))
    if kind is not Kind.PDF:
        return (Ready(link, f"The document: {href}"),)
    instead = "This browser shows no PDF inside a page."
    inside = element("object", instead, type="application/pdf", data=href, aria_label="document")
    return (Ready(join([link, inside]), f"The document: {href}"),)


def _model(metadata: Metadata, kind: Kind) -> tuple[Block, ...]:
    """Of a model everything that is said about it; a text speaks for itself."""
    return (attribute_list(metadata),) if kind is Kind.MODEL else ()
