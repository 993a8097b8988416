"""A data set in the DICOM JSON Model as an XML document (PS3.19 A.1.6)."""

from functools import lru_cache

from dicomweb.wire.charset import UTF_8, codec_of
from dicomweb.wire.json_model import JsonObject
from dicomweb.wire.value_representations import NAME_GROUPS

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
NAME_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")

# XML 1.0 2.2 has no control characters: page breaks become line breaks, the others go. A CR would
# be read as LF, and in an attribute all white space as spaces, if they were not written so.
_IN_TEXT: dict[int, str | None] = dict.fromkeys(
    [*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)]
)
_IN_TEXT |= {ord("\t"): "\t", ord("\n"): "\n", ord("\r"): "&#13;", 0x0B: "\n", 0x0C: "\n"}
_IN_TEXT |= {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_IN_ATTRIBUTE = _IN_TEXT | {ord('"'): "&quot;", ord("\t"): "&#9;", ord("\n"): "&#10;"}


def to_xml(dataset: JsonObject, charset: str = UTF_8) -> bytes:
    """One document for one data set, in a charset of `charset.acceptable_charsets`.

    Private elements have their block number replaced by `privateCreator`, and the creators are not
    sent themselves. What the charset lacks is written as a character reference.
    """
    out = [
        f'<?xml version="1.0" encoding="{charset.upper()}"?>'
        f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
    ]
    _dataset(dataset, out)
    out.append("</NativeDicomModel>")
    return "".join(out).encode(codec_of(charset), "xmlcharrefreplace")


def _dataset(dataset: JsonObject, out: list[str]) -> None:
    creators = _creators(dataset)
    for tag, attribute in dataset.items():
        if tag in creators:
            continue
        vr = attribute["vr"]
        creator = creators.get(f"{tag[:4]}00{tag[4:6]}", "")
        if creator:
            named = f'{tag[:4]}00{tag[6:]}" vr="{vr}" privateCreator="{_quoted(creator)}'
        else:
            keyword = _keyword(tag)
            named = f'{tag}" vr="{vr}" keyword="{keyword}' if keyword else f'{tag}" vr="{vr}'
        out.append(f'<DicomAttribute tag="{named}">')
        _content(vr, attribute, out)
        out.append("</DicomAttribute>")


def _content(vr: str, attribute: JsonObject, out: list[str]) -> None:
    if "BulkDataURI" in attribute:
        out.append(f'<BulkData uri="{_quoted(attribute["BulkDataURI"])}"/>')
    elif "InlineBinary" in attribute:
        out.append(f"<InlineBinary>{_text(attribute['InlineBinary'])}</InlineBinary>")
    else:
        for number, value in enumerate(attribute.get("Value", ()), 1):
            if vr == "SQ":
                out.append(f'<Item number="{number}">')
                _dataset(value, out)
                out.append("</Item>")
            elif vr == "PN":
                _name(number, value, out)
            elif value is None or value == "":
                out.append(f'<Value number="{number}"/>')
            else:
                out.append(f'<Value number="{number}">{_text(value)}</Value>')


def _name(number: int, value: JsonObject | None, out: list[str]) -> None:
    """A person name by groups and components; what is over five components stays in the last."""
    out.append(f'<PersonName number="{number}">')
    for group in NAME_GROUPS:
        text = (value or {}).get(group)
        if text:
            parts = zip(NAME_COMPONENTS, text.split("^", len(NAME_COMPONENTS) - 1), strict=False)
            inside = "".join(f"<{name}>{_text(part)}</{name}>" for name, part in parts if part)
            out.append(f"<{group}>{inside}</{group}>")
    out.append("</PersonName>")


def _creators(dataset: JsonObject) -> dict[str, str]:
    """Private creators by the tags of their elements, (gggg,0010) to (gggg,00FF)."""
    return {
        tag: values[0]
        for tag, attribute in dataset.items()
        if tag[3] in "13579BDF" and tag[4:6] == "00" and tag[6] != "0"
        if (values := attribute.get("Value")) and isinstance(values[0], str) and values[0]
    }


@lru_cache(maxsize=8192)
def _keyword(tag: str) -> str:
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(int(tag, 16))


def _text(value: object) -> str:
    return str(value).translate(_IN_TEXT)


def _quoted(text: str) -> str:
    return text.translate(_IN_ATTRIBUTE)
