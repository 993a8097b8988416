"""The simple image view: one series, frame by frame, drawn by the server, without WebGL.

Every state is in the URL, and each step is a link: it works before any script has run.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.answers import in_thread
from dicomweb.archive import Archive, Location
from dicomweb.documents import kind_at
from dicomweb.errors import NotFound
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.resources import Resource
from extensions.pages import words
from extensions.pages.rendering import page
from extensions.pages.study import PICTURES, head_of, series_of

_WINDOW = re.compile(r"-?\d{1,7}(\.\d{1,4})?,\d{1,7}(\.\d{1,4})?", re.ASCII)
# Windows of CT that every reader knows by heart: name, centre, width.
CT_WINDOWS = (
    ("Soft tissue", 40, 400),
    ("Lung", -600, 1500),
    ("Bone", 500, 2000),
    ("Brain", 40, 80),
    ("Liver", 60, 160),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame: where it is, and what is written beside it."""

    number: int
    instance: str
    frame: int
    rows: int
    columns: int
    center: float | None
    width: float | None
    colour: bool


async def images(request: Request) -> ASGIApp:
    """One frame of the series that the path names, and the way to all others."""
    return await in_thread(_images, request)


def _images(request: Request) -> ASGIApp:
    archive: Archive = request.state.archive
    study, series = request.path_params["study"], request.path_params["series"]
    _, head = head_of(archive, study)
    every = archive.locations(Resource(study))
    all_series = series_of(archive, study, every)
    current = next((each for each in all_series if each.uid == series), None)
    if current is None:
        raise NotFound("There is no such series in this study.")
    locations = [each for each in every if each.series == series]
    pictures = [each for each in locations if kind_at(each) in PICTURES and each.frames]
    counts = [archive.frames(each).count for each in pictures]
    total = sum(counts)
    window = request.query_params.get("window", "")
    return page(
        request,
        "images.html",
        study=head,
        series=all_series,
        current=current,
        total=total,
        shown=_shown(archive, pictures, counts, _number(request, total)) if total else None,
        instances=[[each.instance, n] for each, n in zip(pictures, counts, strict=True)],
        documents=[each for each in locations if each not in pictures][:100],
        video=Kind.VIDEO,
        window=window if _WINDOW.fullmatch(window) else "",
        presets=CT_WINDOWS if current.modality == "CT" else (),
    )


def _number(request: Request, total: int) -> int:
    """The number of the frame, counted from 1 over the whole series; the middle by default."""
    given = request.query_params.get("n", "")
    instance = given if given.isascii() and given.isdigit() and len(given) < 8 else ""
    return min(max(1, int(instance)), total) if instance else (total + 1) // 2


def _shown(archive: Archive, pictures: list[Location], counts: list[int], number: int) -> Shown:
    ends = list(accumulate(counts))
    place = bisect_right(ends, number - 1)
    location = pictures[place]
    frame = number - (ends[place] - counts[place])
    attributes = archive.attributes(location)
    center, width = _window(attributes)
    return Shown(
        number=number,
        instance=location.instance,
        frame=frame,
        rows=int(words.value(attributes, "00280010") or 512),
        columns=int(words.value(attributes, "00280011") or 512),
        center=center,
        width=width,
        colour=int(words.value(attributes, "00280002") or 1) > 1,
    )


def _window(attributes: dict[str, Any]) -> tuple[float | None, float | None]:
    """The first window of the file, of its functional groups too; None where it has none."""
    shared = (attributes.get("52009229", {}).get("Value") or [{}])[0]
    frames = (attributes.get("52009230", {}).get("Value") or [{}])[0]
    grouped = ((each.get("00289132", {}).get("Value") or [{}])[0] for each in (shared, frames))
    for source in (attributes, *grouped):
        center, width = words.value(source, "00281050"), words.value(source, "00281051")
        if center is not None and width is not None:
            return float(center), float(width)
    return None, None
