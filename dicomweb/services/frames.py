"""Retrieve transaction, WADO-RS: frames (PS3.18 10.4.1.1.3).

GET …/instances/{instance}/frames/{list}
    multipart/related of octet-stream, or of image/* as stored or transcoded; single part for one
Answers 200 · 206 of a Range · 304 · 400 · 404 · 406 · 410 · 416
"""

from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import (
    Part,
    Streamed,
    accepted,
    decoded,
    in_thread,
    multipart,
    ranged,
    unchanged,
)
from dicomweb.archive import Archive, Location
from dicomweb.content import Content, content_of
from dicomweb.conversion import Conversion
from dicomweb.errors import NotAcceptable
from dicomweb.lookups import looked_up
from dicomweb.resources import Resource, parse_frames
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.media_types import VIDEO
from dicomweb.wire.negotiation import Choice, negotiate
from dicomweb.wire.offers import frame_offers

# A stored instance never changes, but it may be deleted, or closed to someone: ask each time.
_REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept"}


async def frames(request: Request) -> Streamed:
    """The frames of the path, in the order asked for."""
    archive: Archive = request.state.archive
    parameters = dict(request.path_params)
    numbers = parse_frames(parameters.pop("frames"))
    resource = Resource(**parameters)
    location = await looked_up(archive, archive.locate, resource)
    if location.transfer_syntax in VIDEO:
        raise NotAcceptable("A video has no frames to give one by one; ask for its /bulkdata.")
    archive.frames(location).check(max(numbers))
    choice = await _choose(request, location, single=len(numbers) == 1)
    form = "m" if choice.multipart else "s"
    listed = ",".join(map(str, numbers))
    etag = strong_etag(f"{archive.digest(location)}-{choice.transfer_syntax}-{form}-{listed}")
    if (answer := unchanged(request, etag, _REVALIDATE)) is not None:
        return answer
    url = f"{request.state.addresses.root(request.scope)}{resource.path}/frames/"
    parts = [
        Part(choice.part_type, f"{url}{number}", await _frame(request, location, number, choice))
        for number in numbers
    ]
    headers = {"ETag": etag, **_REVALIDATE}
    if choice.multipart:
        return multipart(request, choice, parts, etag, headers)
    return ranged(request, parts[0], headers)


async def _choose(request: Request, location: Location, *, single: bool) -> Choice:
    """The form of frames; what they can be transcoded to is looked up only when it matters."""
    conversion: Conversion = request.state.conversion
    header, parameter = accepted(request)
    stored = location.transfer_syntax
    offers = frame_offers(stored, conversion.hoped(location), single=single)
    choice = negotiate(header, parameter, offers)
    if conversion.is_certain(location, choice.transfer_syntax):
        return choice
    possible = await in_thread(conversion.possible, location)
    return negotiate(header, parameter, frame_offers(stored, possible, single=single))


async def _frame(request: Request, location: Location, number: int, choice: Choice) -> Content:
    conversion: Conversion = request.state.conversion
    content = conversion.frame_at_once(location, number, choice.transfer_syntax)
    if content is not None:
        return content
    return content_of(await decoded(conversion.frame, location, number, choice.transfer_syntax))


routes = [
    route(
        "GET",
        "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
        frames,
        Permission.VIEW,
    ),
]
