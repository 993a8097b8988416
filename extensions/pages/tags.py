"""All attributes of one instance, nested ones too, with a search over names, tags and values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.answers import in_thread
from dicomweb.archive import Archive, Location
from dicomweb.attributes import by_tag
from dicomweb.errors import NotFound
from dicomweb.resources import Resource
from extensions.pages import words
from extensions.pages.rendering import page
from extensions.pages.study import head_of, series_of

MAX_LINES = 5_000
MAX_VALUE = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One element: how deep it lies, its tag, name, VR and value; `link` leads to large values."""

    depth: int
    tag: str
    name: str
    vr: str
    value: str
    link: str = ""


async def tags(request: Request) -> ASGIApp:
    """The attributes of one instance of the study: `?series=…&n=` (counted from 1)."""
    return await in_thread(_tags, request)


def _tags(request: Request) -> ASGIApp:
    archive: Archive = request.state.archive
    uid: str = request.path_params["study"]
    _, head = head_of(archive, uid)
    every = archive.locations(Resource(uid))
    all_series = series_of(archive, uid, every)
    chosen = request.query_params.get("series", "") or every[0].series
    locations = [each for each in every if each.series == chosen]
    if not locations:
        raise NotFound("There is no such series in this study.")
    number = _number(request, locations)
    location = locations[number - 1]
    wanted = request.query_params.get("q", "").strip()[:100]
    lines = list(_lines(archive.attributes(location), 0, [MAX_LINES]))
    return page(
        request,
        "tags.html",
        study=head,
        series=all_series,
        chosen=chosen,
        number=number,
        total=len(locations),
        location=location,
        wanted=wanted,
        lines=[line for line in lines if matches(line, wanted)],
        cut=len(lines) >= MAX_LINES,
    )


def _number(request: Request, locations: list[Location]) -> int:
    given = request.query_params.get("n", "")
    if given.isascii() and given.isdigit() and len(given) < 8:
        return min(max(1, int(given)), len(locations))
    return 1


def matches(line: Line, wanted: str) -> bool:
    """Whether every word stands somewhere in the line, whatever its case."""
    text = f"{line.tag} {line.tag[1:5]}{line.tag[6:10]} {line.name} {line.vr} {line.value}".lower()
    return all(word in text for word in wanted.lower().split())


def _lines(dataset: dict[str, Any], depth: int, left: list[int]) -> Iterator[Line]:
    for tag, element in dataset.items():
        if left[0] <= 0:
            return
        left[0] -= 1
        vr = element.get("vr", "")
        known = by_tag(tag)
        name = _spaced(known.keyword) if known else "private"
        items = element.get("Value") or [] if vr == "SQ" else []
        link = element.get("BulkDataURI", "")
        value = words.plural(len(items), "item") if vr == "SQ" else _value(element)
        yield Line(depth, f"({tag[:4]},{tag[4:]})", name, vr, value, link)
        for place, item in enumerate(items, 1):
            yield Line(depth + 1, "", f"Item {place}", "", "")
            yield from _lines(item, depth + 2, left)


def _spaced(keyword: str) -> str:
    """`PatientName` as `Patient Name`; runs of capitals stay together."""
    made = ""
    for place, letter in enumerate(keyword):
        before = keyword[place - 1 : place]
        after = keyword[place + 1 : place + 2]
        if letter.isupper() and before and (before.islower() or after.islower()):
            made += " "
        made += letter
    return made


def _value(element: dict[str, Any]) -> str:
    if "InlineBinary" in element:
        return f"{len(element['InlineBinary']) * 3 // 4} bytes"
    if "BulkDataURI" in element:
        return "bulk data"
    values = [
        "=".join(str(group) for group in each.values()) if isinstance(each, dict) else str(each)
        for each in element.get("Value") or ()
        if each is not None
    ]
    text = "\\".join(values)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]} … ({len(values):,} values)"
