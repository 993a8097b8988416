"""What a content item says, in words: each value type of PS3.3 C.17.3."""

import math
from collections.abc import Callable
from typing import Any

from dicomweb.pixels.attributes import Metadata, items, text, value, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.content_tree import Item, anchor_of
from dicomweb.pixels.documents.large_values import long_numbers, long_text
from dicomweb.pixels.documents.links import BulkReader, Ways, reference
from dicomweb.pixels.documents.page import Line, Phrase, listed, say

# A text of a million letters is no report; an outline says where it is with its first points.
MAX_TEXT = 1_000_000
MAX_POINTS = 8
MAX_REFERENCES = 200


def value_of(item: Item, ways: Ways) -> Line:
    """The value of one content item; nothing for a container."""
    spoken = _SPOKEN.get(item.value_type)
    return spoken(item.found, ways) if spoken else ()


def label_of(item: Item) -> str:
    """Its concept's meaning, or what kind of value it is."""
    concept = item.concept
    named = wording.meaning(concept) if concept is not None else ""
    return named or _UNNAMED.get(item.value_type) or item.value_type.capitalize() or "Item"


def number_and_unit(found: Metadata) -> tuple[Line, Line]:
    """The numbers of a NUM item and their units; a qualifier stands behind the unit."""
    measured = items(found, "0040A300")
    numbers = listed([Phrase(number) for each in measured if (number := _number(each))])
    units = listed(list(dict.fromkeys(unit for each in measured if (unit := _unit(each)).text)))
    qualifiers = wording.codes(found, "0040A301")
    if qualifiers:
        lead = (*units, Phrase(" (")) if units else (Phrase("("),)
        units = (*lead, *qualifiers, Phrase(")"))
    return numbers or (Phrase("no value"),), units


def _number(measured: Metadata) -> str:
    """The decimal string; more exact forms stand beside it when they say something else."""
    found = value(measured, "0040A30A", value(measured, "0040A161"))
    said = "" if found is None else wording.figure(found)
    above, below = value(measured, "0040A162"), value(measured, "0040A163")
    if above is not None and below is not None:
        said = f"{said} ({above}/{below})" if said else f"{above}/{below}"
    return said


def _unit(measured: Metadata) -> Phrase:
    """`mm` of UCUM as it is; the meaning of what is no symbol: `no units`, `Heart beat/min`."""
    unit = next(iter(items(measured, "004008EA")), None)
    if unit is None:
        return Phrase("")
    code, meant = wording.code_of(unit), wording.meaning(unit)
    if text(unit, "00080102") == "UCUM" and code != "1" and len(code) < 9 and "{" not in code:
        return Phrase(code, meant if meant != code else "")
    return Phrase(meant, wording.scheme_of(unit))


def _text(found: Metadata, ways: Ways) -> Line:
    said = long_text(found, "0040A160", ways.bulk)
    if len(said) > MAX_TEXT:
        said = f"{said[:MAX_TEXT]} … (the text is longer than is shown here)"
    return say(said)


def _num(found: Metadata, ways: Ways) -> Line:
    numbers, units = number_and_unit(found)
    return (*numbers, Phrase(" "), *units) if units else numbers


def _code(found: Metadata, ways: Ways) -> Line:
    return wording.codes(found, "0040A168")


def _simple(tag: str, words: Callable[[Any], str]) -> Callable[[Metadata, Ways], Line]:
    def spoken(found: Metadata, ways: Ways) -> Line:
        return say(", ".join(words(each) for each in values(found, tag) if each is not None))

    return spoken


def _string(words: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda found: words(str(found))


def _uid(found: Metadata, ways: Ways) -> Line:
    uid = text(found, "0040A124")
    named = wording.uid_name(uid)
    url = ways.url_of("", uid) if uid else None
    return say(named, uid if named != uid else "", url or "")


def _references(found: Metadata, ways: Ways) -> Line:
    line: list[Phrase] = []
    listed_references = items(found, "00081199")
    for each in listed_references[:MAX_REFERENCES]:
        line += ([Phrase("; ")] if line else []) + list(reference(each, ways.url_of))
        for state in items(each, "00081199"):
            line += [Phrase(" as shown by "), *reference(state, ways.url_of)]
    if len(listed_references) > MAX_REFERENCES:
        line.append(Phrase(f"; and {len(listed_references) - MAX_REFERENCES} more"))
    return tuple(line)


def _flat_region(found: Metadata, ways: Ways) -> Line:
    whole = " of the total matrix" if text(found, "00480301").upper() == "VOLUME" else ""
    return say(_region(found, ways.bulk, 2, f"pixels{whole}"))


def _region_in_space(found: Metadata, ways: Ways) -> Line:
    return say(_region(found, ways.bulk, 3, "mm"), text(found, "30060024"))


def _region(found: Metadata, bulk: BulkReader, sides: int, unit: str) -> str:
    """`Polyline of 5 points: (1, 2) (3, 4) …, in pixels`; a circle by its centre and radius."""
    shape = text(found, "00700023").upper()
    data = long_numbers(found, "00700022", bulk)
    points = list(zip(*(data[n::sides] for n in range(sides)), strict=False))
    name = (shape or "shape").capitalize()
    if shape == "CIRCLE" and len(points) == 2:
        radius = math.dist(points[0], points[1])
        return f"{name} around {_point(points[0])}, radius {radius:.4g}, in {unit}"
    if len(points) == 1:
        return f"{name} {_point(points[0])}, in {unit}"
    shown = " ".join(_point(point) for point in points[:MAX_POINTS])
    more = " …" if len(points) > MAX_POINTS else ""
    return f"{name} of {wording.counted(len(points), 'point')}: {shown}{more}, in {unit}"


def _point(point: tuple[float, ...]) -> str:
    return f"({', '.join(f'{each:.7g}' for each in point)})"


def _times(found: Metadata, ways: Ways) -> Line:
    """TCOORD: samples, offsets in seconds, or moments."""
    kind = text(found, "0040A130").capitalize()
    samples, offsets = wording.texts(found, "0040A132"), wording.texts(found, "0040A138")
    moments = ", ".join(wording.moment(str(each)) for each in values(found, "0040A13A")[:16])
    parts = (
        f"samples {samples}" if samples else "",
        f"{offsets} s after the start" if offsets else "",
        moments,
    )
    return say(": ".join(filter(None, (kind, "; ".join(filter(None, parts))))))


def _pointer(found: Metadata, ways: Ways) -> Line:
    target = [each for each in values(found, "0040DB73") if isinstance(each, int)]
    number = ".".join(map(str, target))
    return say(f"item {number}", "", f"#{anchor_of(tuple(target))}") if target else ()


def _table(found: Metadata, ways: Ways) -> Line:
    size = (value(found, "0040A802"), value(found, "0040A803"))
    return say(f"{size[0]} rows, {size[1]} columns") if None not in size else ()


_SPOKEN: dict[str, Callable[[Metadata, Ways], Line]] = {
    "TEXT": _text,
    "NUM": _num,
    "CODE": _code,
    "PNAME": _simple("0040A123", wording.person),
    "DATE": _simple("0040A121", _string(wording.date)),
    "TIME": _simple("0040A122", _string(wording.time)),
    "DATETIME": _simple("0040A120", _string(wording.moment)),
    "UIDREF": _uid,
    "IMAGE": _references,
    "COMPOSITE": _references,
    "WAVEFORM": _references,
    "SCOORD": _flat_region,
    "SCOORD3D": _region_in_space,
    "TCOORD": _times,
    "REFERENCE": _pointer,
    "TABLE": _table,
}
_UNNAMED = {
    "CONTAINER": "Section",
    "NUM": "Measurement",
    "PNAME": "Person",
    "UIDREF": "UID",
    "COMPOSITE": "Object",
    "SCOORD": "Region",
    "SCOORD3D": "Region in space",
    "TCOORD": "Time",
    "DATETIME": "Date and time",
    "REFERENCE": "See",
}
