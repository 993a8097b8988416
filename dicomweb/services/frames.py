"""Retrieve transaction, WADO-RS: frames and bulk data (PS3.18 10.4.1.1.3 to 10.4.1.1.6).

GET …/instances/{instance}/frames/{list}
    multipart/related of octet-stream, or of image/* as stored or transcoded; single part for one
GET …/instances/{instance}/bulkdata/{path}      what a BulkDataURI of the metadata names
GET …/studies/{study}[/series/{series}[/instances/{instance}]]/bulkdata     all of it
GET …/pixeldata of the same                     Pixel Data alone
Answers 200 · 206 of a Range · 304 · 404 · 406 · 410 · 416
"""

from dataclasses import replace

from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Part, Streamed, accepted, in_thread, multipart, ranged, unchanged
from dicomweb.archive import Archive, Bulk, Location, resource_of
from dicomweb.content import Content, content_of
from dicomweb.conversion import PIXELS, Conversion
from dicomweb.errors import NotAcceptable, NotFound
from dicomweb.resources import Level, Resource, parse_frames
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.media_types import (
    EXPLICIT_LITTLE_ENDIAN,
    OCTET_STREAM,
    RELATED,
    VIDEO,
    safe_media_type,
)
from dicomweb.wire.negotiation import Choice, negotiate
from dicomweb.wire.offers import bulk_offers, frame_offers

# A stored instance never changes, but it may be deleted, or closed to someone: ask each time.
_REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
_DOCUMENT, _DOCUMENT_TYPE, _DOCUMENT_LENGTH = "00420011", "00420012", "00420015"


async def frames(request: Request) -> Streamed:
    """The frames of the path, in the order asked for."""
    archive: Archive = request.state.archive
    parameters = dict(request.path_params)
    numbers = parse_frames(parameters.pop("frames"))
    location = archive.locate(Resource(**parameters))
    if location.transfer_syntax in VIDEO:
        raise NotAcceptable("A video has no frames to give one by one; ask for its /bulkdata.")
    table = archive.frames(location)
    for number in numbers:
        table.spans(number)  # 404 before anything is sent
    choice = _choose(request, location, single=len(numbers) == 1)
    etag = _etag(archive, location, choice, "frames/" + ",".join(map(str, numbers)))
    if (answer := unchanged(request, etag)) is not None:
        return answer
    url = _url(request, location) + "/frames/"
    parts = [
        Part(choice.part_type, f"{url}{number}", await _frame(request, location, number, choice))
        for number in numbers
    ]
    return _answer(request, choice, parts, etag)


def _choose(request: Request, location: Location, *, single: bool) -> Choice:
    """The form of frames; what they can be transcoded to is looked up only when it matters."""
    conversion: Conversion = request.state.conversion
    header, parameter = accepted(request)
    stored = location.transfer_syntax
    offers = frame_offers(stored, conversion.hoped(location), single=single)
    choice = negotiate(header, parameter, offers)
    if conversion.is_certain(location, choice.transfer_syntax):
        return choice
    offers = frame_offers(stored, conversion.possible(location), single=single)
    return negotiate(header, parameter, offers)


async def _frame(request: Request, location: Location, number: int, choice: Choice) -> Content:
    conversion: Conversion = request.state.conversion
    content = conversion.frame_at_once(location, number, choice.transfer_syntax)
    if content is not None:
        return content
    return content_of(await in_thread(conversion.frame, location, number, choice.transfer_syntax))


async def bulkdata(request: Request) -> Streamed:
    """The value that a BulkDataURI names; its URL is that URI (PS3.18 8.6.1.2)."""
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    parameters = dict(request.path_params)
    path = parameters.pop("path").upper()
    location = archive.locate(Resource(**parameters))
    bulk = archive.bulk(location, path)
    if path in PIXELS and location.frames:
        return await _pixels(request, location, path)
    media_type, bulk = await in_thread(_describe, archive, location, bulk)
    choice = negotiate(*accepted(request), bulk_offers(media_type, single=True))
    etag = _etag(archive, location, choice, path)
    if (answer := unchanged(request, etag)) is not None:
        return answer
    url = f"{_url(request, location)}/bulkdata/{path}"
    part = Part(choice.part_type, url, conversion.value(location, bulk))
    return _answer(request, choice, [part], etag)


def _describe(archive: Archive, location: Location, bulk: Bulk) -> tuple[str, Bulk]:
    """The media type of a value that is no pixel data, and the value without a document's pad.

    (0042,0012) is the type of an encapsulated document, (0042,0015) its length without padding.
    """
    if bulk.path != _DOCUMENT:
        return OCTET_STREAM, bulk
    attributes = archive.attributes(location)
    kind = attributes.get(_DOCUMENT_TYPE, {}).get("Value", [""])[0]
    length = attributes.get(_DOCUMENT_LENGTH, {}).get("Value", [bulk.length])[0]
    if length == bulk.length - 1:
        bulk = replace(bulk, length=length)
    return safe_media_type(str(kind)), bulk


async def _pixels(request: Request, location: Location, path: str) -> Streamed:
    """Pixel Data as bulk data: one part when native or video, one a frame when encapsulated."""
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    if conversion.is_one_value(location):
        media_type, bulk = OCTET_STREAM, archive.bulk(location, path)
        choice = negotiate(*accepted(request), bulk_offers(media_type, single=True))
        contents = [conversion.value(location, bulk)]
        choice = replace(choice, transfer_syntax=EXPLICIT_LITTLE_ENDIAN)
    else:
        count = archive.frames(location).count
        choice = _choose(request, location, single=count == 1)
        contents = [await _frame(request, location, n, choice) for n in range(1, count + 1)]
    etag = _etag(archive, location, choice, path)
    if (answer := unchanged(request, etag)) is not None:
        return answer
    url = f"{_url(request, location)}/bulkdata/{path}"
    return _answer(request, choice, [Part(choice.part_type, url, each) for each in contents], etag)


async def all_bulkdata(request: Request) -> Streamed:
    """All bulk data of the study, series or instance of the path, each as it is stored."""
    return await _all(request, pixels_only=False)


async def pixeldata(request: Request) -> Streamed:
    """The Pixel Data of the study, series or instance of the path."""
    return await _all(request, pixels_only=True)


async def _all(request: Request, *, pixels_only: bool) -> Streamed:
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    if resource.level is Level.INSTANCE:
        locations = [archive.locate(resource)]
    else:
        locations = archive.locations(resource)
    parts: list[Part] = []
    for location in locations:
        for bulk in archive.all_bulk(location):
            if bulk.path in PIXELS or not pixels_only:
                parts += await _parts(request, location, bulk)
    if not parts:
        raise NotFound(f"This {resource.level} has no bulk data.")
    inner = parts[0].content_type.partition(";")[0]
    return multipart(
        request, Choice(RELATED, inner), parts, f"{resource.path} {archive.version(resource)}"
    )


async def _parts(request: Request, location: Location, bulk: Bulk) -> list[Part]:
    """The parts of one value: as many as the pixel data have frames, else one."""
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    url = f"{_url(request, location)}/bulkdata/{bulk.path}"
    if bulk.path not in PIXELS or not location.frames or conversion.is_one_value(location):
        media_type, bulk = await in_thread(_describe, archive, location, bulk)
        return [Part(media_type, url, conversion.value(location, bulk))]
    offers = frame_offers(location.transfer_syntax, frozenset({location.transfer_syntax}))
    choice = negotiate(*_ANY, offers)
    numbers = range(1, archive.frames(location).count + 1)
    contents = [await _frame(request, location, number, choice) for number in numbers]
    return [Part(choice.part_type, url, content) for content in contents]


def _url(request: Request, location: Location) -> str:
    root: str = request.state.addresses.root(request.scope)
    return root + resource_of(location).path


def _etag(archive: Archive, location: Location, choice: Choice, what: str) -> str:
    form = "m" if choice.multipart else "s"
    return strong_etag(f"{archive.digest(location)}-{choice.transfer_syntax}-{form}-{what}")


def _answer(request: Request, choice: Choice, parts: list[Part], etag: str) -> Streamed:
    headers = {"ETag": etag, **_REVALIDATE}
    if choice.multipart:
        return multipart(request, choice, parts, etag, headers)
    return ranged(request, parts[0], headers)


# What a client gets that does not choose: the stored form, its transfer syntax named.
_ANY = (f'{RELATED}; type="*/*"; transfer-syntax=*', None)

_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"

routes = [
    route("GET", _INSTANCE + "/frames/{frames}", frames, Permission.VIEW),
    route("GET", _INSTANCE + "/bulkdata/{path:path}", bulkdata, Permission.VIEW),
    route("GET", _STUDY + "/bulkdata", all_bulkdata, Permission.VIEW),
    route("GET", _SERIES + "/bulkdata", all_bulkdata, Permission.VIEW),
    route("GET", _INSTANCE + "/bulkdata", all_bulkdata, Permission.VIEW),
    route("GET", _STUDY + "/pixeldata", pixeldata, Permission.VIEW),
    route("GET", _SERIES + "/pixeldata", pixeldata, Permission.VIEW),
    route("GET", _INSTANCE + "/pixeldata", pixeldata, Permission.VIEW),
]
