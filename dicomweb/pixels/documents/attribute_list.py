"""Everything that an instance says, as a list: what stands in for a picture of it."""

from collections.abc import Mapping
from typing import Any

from dicomweb.pixels.attributes import Metadata, items, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.page import Fact, Facts, Section, say

MAX_ATTRIBUTES = 400
MAX_ITEMS = 5
MAX_DEPTH = 3
MAX_LETTERS = 300
# They stand in the head of the page.
_SHOWN = frozenset({"00080005", "00100010", "00100020", "00100030", "00100040", "00081030"})


class _Lister:
    def __init__(self) -> None:
        self.left = MAX_ATTRIBUTES

    def facts(self, metadata: Metadata, depth: int) -> tuple[Fact, ...]:
        found = []
        for tag, element in sorted(metadata.items()):
            if self.left <= 0 or not isinstance(element, Mapping):
                continue
            if tag[4:8] == "0000" or (depth == 0 and tag in _SHOWN):
                continue
            self.left -= 1
            found.append(self._fact(metadata, tag, element, depth))
        return tuple(found)

    def _fact(self, metadata: Metadata, tag: str, element: Mapping[str, Any], depth: int) -> Fact:
        label = name_of(tag)
        if element.get("vr") != "SQ":
            return Fact(label, say(_said(metadata, tag, element)))
        below = items(metadata, tag)
        if below and all("00080104" in item and "0040A043" not in item for item in below):
            return Fact(label, wording.codes(metadata, tag))
        count = say(wording.counted(len(below), "item"))
        if depth >= MAX_DEPTH:
            return Fact(label, count)
        sections = tuple(
            Section(f"Item {number}", (Facts(self.facts(item, depth + 1)),))
            for number, item in enumerate(below[:MAX_ITEMS], 1)
        )
        return Fact(label, count, sections)


def attribute_list(metadata: Metadata) -> Section:
    """All attributes by tag, bounded in number, depth and length."""
    lister = _Lister()
    found = lister.facts(metadata, 0)
    title = "Attributes" if lister.left > 0 else f"The first {MAX_ATTRIBUTES} attributes"
    return Section(title, (Facts(found),), folded=True)


def name_of(tag: str) -> str:
    """The name in PS3.6, the tag itself of private attributes and unknown ones."""
    from pydicom.datadict import dictionary_description, dictionary_has_tag

    try:
        number = int(tag, 16)
    except ValueError:
        return tag
    if dictionary_has_tag(number):
        return dictionary_description(number)
    return f"({tag[:4]},{tag[4:]})"


def _said(metadata: Metadata, tag: str, element: Mapping[str, Any]) -> str:
    if "BulkDataURI" in element or "InlineBinary" in element:
        return "binary data" if values(metadata, tag) == [] else ""
    said = wording.texts(metadata, tag)
    worded = {"DA": wording.date, "TM": wording.time, "DT": wording.moment, "AS": wording.age}
    vr = str(element.get("vr"))
    if vr in worded:
        said = worded[vr](said)
    elif vr == "UI" and said and wording.uid_name(said) != said:
        said = f"{wording.uid_name(said)} ({said})"
    return said if len(said) <= MAX_LETTERS else f"{said[:MAX_LETTERS]} …"
