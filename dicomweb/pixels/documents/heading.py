"""The head of every page: whose it is, of which study, and what wrote it."""

from dicomweb.pixels.attributes import Metadata, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.page import Fact, Section, facts, section_of


def heading(metadata: Metadata, more: tuple[Fact, ...] = ()) -> tuple[Section, ...]:
    """Patient, study and document; `more` are facts about the document."""
    return (
        *section_of("Patient", _patient(metadata)),
        *section_of("Study", _study(metadata)),
        *section_of("Document", _document(metadata) + more),
    )


def _patient(metadata: Metadata) -> tuple[Fact, ...]:
    identifier, issuer = text(metadata, "00100020"), text(metadata, "00100021")
    weight, size = text(metadata, "00101030"), text(metadata, "00101020")
    return facts(
        ("Name", wording.name_at(metadata, "00100010")),
        ("Patient ID", f"{identifier} ({issuer})" if identifier and issuer else identifier),
        ("Birth date", wording.date(text(metadata, "00100030"))),
        ("Sex", wording.sex(text(metadata, "00100040"))),
        ("Age", wording.age(text(metadata, "00101010"))),
        ("Size", f"{size} m" if size else ""),
        ("Weight", f"{weight} kg" if weight else ""),
    )


def _study(metadata: Metadata) -> tuple[Fact, ...]:
    return facts(
        ("Date", wording.when(metadata, "00080020", "00080030")),
        ("Description", text(metadata, "00081030")),
        ("Accession number", text(metadata, "00080050")),
        ("Study ID", text(metadata, "00200010")),
        ("Referring physician", wording.name_at(metadata, "00080090")),
        ("Institution", text(metadata, "00080080")),
    )


def _document(metadata: Metadata) -> tuple[Fact, ...]:
    made = wording.when(metadata, "00080023", "00080033")
    device = (text(metadata, tag) for tag in ("00080070", "00081090"))
    sop_class = text(metadata, "00080016")
    return facts(
        ("Kind", wording.class_name(sop_class) if sop_class else ""),
        ("Date", made or wording.when(metadata, "00080012", "00080013")),
        ("Series", text(metadata, "0008103E")),
        ("Modality", text(metadata, "00080060")),
        ("Written by", " ".join(filter(None, device))),
    )
