"""The page of one study: who, when, what is in it, and where to go from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from dicomweb.access.permissions import Principal
from dicomweb.answers import in_thread
from dicomweb.archive import Archive, Location
from dicomweb.documents import kind_at
from dicomweb.errors import NotFound
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.query import Match, Query, Single, UidList
from dicomweb.resources import Level, Resource
from extensions.pages import reading, words
from extensions.pages.rendering import page, prefix_of
from extensions.pages.studies import Row, row_of

MAX_PRIORS = 20
# What the image view shows as pictures; everything else opens as the document that it is.
PICTURES = (Kind.IMAGE, Kind.SEGMENTATION)


@dataclass(frozen=True, slots=True)
class Series:
    """One series as its card shows it."""

    uid: str
    number: str
    modality: str
    description: str
    body_part: str
    date: str
    images: int
    frames: int
    size: int
    kind: str
    first: str  # SOP Instance UID

    @property
    def is_pictures(self) -> bool:
        return self.kind in PICTURES

    @property
    def held(self) -> str:
        """`64 images`, `1 image, 10 frames`, `1 PDF document`."""
        if self.kind == Kind.IMAGE:
            said = words.plural(self.images, "image")
            return said if self.frames <= self.images else f"{said}, {self.frames:,} frames"
        if self.kind == Kind.KEY_OBJECTS:
            return words.plural(self.images, "selection of key images", "selections of key images")
        return words.plural(self.images, "object" if self.kind == Kind.OTHER else self.kind)


async def study(request: Request) -> ASGIApp:
    """The page of the study that the path names."""
    return await in_thread(_study, request)


def _study(request: Request) -> ASGIApp:
    archive: Archive = request.state.archive
    principal: Principal = request.scope["principal"]
    uid: str = request.path_params["study"]
    try:
        found, row = head_of(archive, uid)
    except NotFound:
        if uid in reading.known(request, [uid]) and principal.studies is None:
            return RedirectResponse(f"{prefix_of(request)}/orders/{uid}", 303)
        raise
    locations = archive.locations(Resource(uid))
    series = series_of(archive, uid, locations)
    attributes = archive.attributes(locations[0])
    priors = _priors(archive, found, principal)
    return page(
        request,
        "study.html",
        study=row,
        facts=_facts(found, attributes),
        series=series,
        size=sum(location.size for location in locations),
        held=_held(series, len(locations)),
        priors=priors,
        known=reading.known(request, [uid]).get(uid),
        first=next((each for each in series if each.is_pictures), series[0]),
    )


def _held(series: Sequence[Series], instances: int) -> str:
    """`64 images and 4 other objects`."""
    images = sum(each.images for each in series if each.kind == Kind.IMAGE)
    others = words.plural(instances - images, "other object" if images else "object")
    said = [words.plural(images, "image")] * bool(images) + [others] * (images < instances)
    return " and ".join(said)


def head_of(archive: Archive, uid: str) -> tuple[dict[str, Any], Row]:
    """The study as searches tell it, and as the list shows it. Raises NotFound or Gone."""
    archive.version(Resource(uid))
    match = Match(("0020000D",), "UI", UidList((uid,)), ("",))
    fragments = archive.search(Query(Level.STUDY, matches=(match,), limit=1)).find().fragments
    if not fragments:
        raise NotFound("There is no such study.")
    found = _loaded(fragments[0])
    return found, row_of(found)


def series_of(archive: Archive, uid: str, locations: Sequence[Location]) -> list[Series]:
    """Every series of the study, in the order of their numbers."""
    query = Query(Level.SERIES, within=Resource(uid))
    members: dict[str, list[Location]] = {}
    for location in locations:
        members.setdefault(location.series, []).append(location)
    found = [_loaded(each) for each in archive.search(query).find().fragments]
    return [
        _series(archive, each, members[words.text(each, "0020000E")])
        for each in found
        if words.text(each, "0020000E") in members
    ]


def _series(archive: Archive, found: dict[str, Any], members: list[Location]) -> Series:
    frames = sum(archive.frames(each).count for each in members if each.frames)
    return Series(
        uid=words.text(found, "0020000E"),
        number=words.text(found, "00200011"),
        modality=words.text(found, "00080060"),
        description=words.text(found, "0008103E"),
        body_part=words.text(found, "00180015"),
        date=words.dated(found, "00080021"),
        images=len(members),
        frames=frames,
        size=sum(each.size for each in members),
        kind=kind_at(members[0]),
        first=members[0].instance,
    )


def _facts(found: dict[str, Any], attributes: dict[str, Any]) -> list[tuple[str, str]]:
    """Key facts that the head of the page does not show."""
    device = (words.text(attributes, tag) for tag in ("00080070", "00081090"))
    return [
        ("Accession", words.text(found, "00080050")),
        ("Study ID", words.text(found, "00200010")),
        ("Referring physician", words.name(found, "00080090")),
        ("Institution", words.text(attributes, "00080080")),
        ("Device", " ".join(filter(None, device))),
    ]


def _priors(archive: Archive, found: dict[str, Any], principal: Principal) -> list[Row]:
    """Other studies under the same Patient ID, the newest first; none where that is unknown."""
    patient = words.text(found, "00100020")
    if not patient or principal.studies is not None:
        return []
    match = Match(("00100020",), "LO", Single(patient), ("",))
    query = Query(Level.STUDY, matches=(match,), limit=MAX_PRIORS + 1)
    rows = [row_of(_loaded(each)) for each in archive.search(query).find().fragments]
    return [row for row in rows if row.uid != words.text(found, "0020000D")][:MAX_PRIORS]


def _loaded(fragment: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(fragment.replace(b"\x01", b""))
    return found
