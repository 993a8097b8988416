"""Retrieve by query parameters, WADO-URI (PS3.18 9).

GET /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…
    contentType=application/dicom     the instance, transferSyntax=UID (Explicit VR LE by default)
    contentType=image/jpeg …          rendered: annotation, imageQuality, rows, columns, region,
                                      windowCenter and windowWidth, frameNumber, or a presentation
                                      state by presentationSeriesUID and presentationUID
Answers 200 · 206 of a Range · 304 · 400 · 404 · 406 · 410. One name, one value: a parameter that
comes twice is refused.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from starlette.requests import Request

from dicomweb import __version__
from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import (
    Part,
    Streamed,
    decoded,
    in_thread,
    part_of,
    ranged,
    unchanged,
)
from dicomweb.archive import Archive, Location, resource_of
from dicomweb.conversion import Conversion
from dicomweb.documents import Documents, kind_at
from dicomweb.errors import BadRequest, NotAcceptable, NotFound
from dicomweb.lookups import looked_up
from dicomweb.pixels.documents.kinds import PICTURES, Kind, is_as_stored, media_types
from dicomweb.pixels.wado_uri_options import UriOptions, parse_wado_uri_options
from dicomweb.rendering import Rendering
from dicomweb.resources import Resource, is_uid
from dicomweb.texts import charsets_of
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.media_types import (
    DICOM,
    EXPLICIT_LITTLE_ENDIAN,
    NEVER_SENT,
    media_type_of,
    parse_accept,
)
from dicomweb.wire.negotiation import Choice, find_choice, negotiate
from dicomweb.wire.offers import instance_offers, rendered_offers
from dicomweb.wire.query_string import parse_query

_REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Charset"}
_NAMES = ("studyUID", "seriesUID", "objectUID")
_RENDERING = (
    *("windowCenter", "windowWidth", "rows", "columns", "region", "imageQuality"),
    *("frameNumber", "annotation", "imageAnnotation", "presentationUID"),
)


async def retrieve(request: Request) -> Streamed:
    """The one instance that the parameters name, as a file or as a picture."""
    parameters = _parameters(request)
    archive: Archive = request.state.archive
    study, series, instance = (parameters[name] for name in _NAMES)
    if not request.scope["principal"].sees(study):
        raise NotFound("There is no such study.")
    location = await looked_up(archive, archive.locate, Resource(study, series, instance))
    # Other instances of the study may show in a picture of this one.
    version = await looked_up(archive, archive.version, Resource(study))
    etag = _etag(request, f"{archive.digest(location)} {version}")
    if (answer := unchanged(request, etag, _REVALIDATE)) is not None:
        return answer
    content_type = parameters.get("contentType")
    if _wants_dicom(content_type, request.headers.get("accept")):
        return await _dicom(request, location, parameters, etag)
    return await _rendered(request, location, parameters, content_type, etag)


def _parameters(request: Request) -> dict[str, str]:
    """One value a name (PS3.18 9.1.2); BadRequest for what is missing, doubled or malformed."""
    parameters: dict[str, str] = {}
    for each in parse_query(request.scope["query_string"]):
        if each.name in parameters:
            raise BadRequest(f"{each.name[:40]} is given twice; once is right.")
        parameters[each.name] = each.value
    if parameters.get("requestType") != "WADO":
        raise BadRequest("requestType=WADO is what this path answers.")
    for name in _NAMES:
        if not is_uid(parameters.get(name, "")):
            raise BadRequest(f"{name} is missing or malformed: the UID of the resource is right.")
    if "anonymize" in parameters:
        raise BadRequest("anonymize is not possible: this server does not de-identify yet.")
    return parameters


def _wants_dicom(content_type: str | None, accept: str | None) -> bool:
    """PS3.18 9.1.2.2.1: either a DICOM file or rendered types, whose only parameter is q.

    The Accept header counts where contentType says nothing: `*/*` alone means a picture (9.3).
    """
    if content_type is None:
        ranges = parse_accept(accept or "")
        files = all(each.name in (DICOM, "application/*", "*/*") for each in ranges)
        best = max(ranges, key=lambda each: each.q, default=None)
        return files and best is not None and best.name == DICOM and best.q > 0
    lowered = content_type.lower()
    if ";" in content_type and ("transfer-syntax" in lowered or "charset" in lowered):
        raise BadRequest(
            "contentType names media types alone: transferSyntax and charset are parameters."
        )
    return content_type.split(",")[0].split(";")[0].strip().lower() == DICOM


async def _dicom(
    request: Request, location: Location, parameters: Mapping[str, str], etag: str
) -> Streamed:
    """A PS3.10 file (PS3.18 9.4)."""
    conversion: Conversion = request.state.conversion
    for name in _RENDERING:
        if name in parameters:
            raise BadRequest(f"{name} is for pictures; contentType is {DICOM}.")
    syntax = parameters.get("transferSyntax", EXPLICIT_LITTLE_ENDIAN)
    if syntax != "*" and not is_uid(syntax):
        raise BadRequest("transferSyntax is one UID of a transfer syntax.")
    possible = await in_thread(conversion.possible, location)
    offers = instance_offers(location.transfer_syntax, possible, single=True)
    named = "" if "transferSyntax" not in parameters else f"; transfer-syntax={syntax}"
    choice = find_choice(f"{DICOM}{named}", None, offers)
    if choice is None:
        raise NotAcceptable(
            f"This instance cannot be given in transferSyntax {syntax}; it can be given in "
            f"{', '.join(sorted(possible - NEVER_SENT)) or '* alone, as it is stored'}."
        )
    content = conversion.instance_at_once(location, choice.transfer_syntax)
    if content is None:
        content = await decoded(conversion.instance, location, choice.transfer_syntax)
    return ranged(request, Part(DICOM, _url(request, location), content), _headers(request, etag))


async def _rendered(
    request: Request,
    location: Location,
    parameters: Mapping[str, str],
    content_type: str | None,
    etag: str,
) -> Streamed:
    """A picture (PS3.18 9.5)."""
    archive: Archive = request.state.archive
    kind = kind_at(location)
    if kind is Kind.VIDEO:
        return _video(request, location, content_type, etag)
    if kind is not Kind.IMAGE:
        return await _document(request, location, content_type, kind, etag)
    choice = _choose(request, content_type, PICTURES)
    count = archive.frames(location).count
    options = parse_wado_uri_options(parameters, choice.payload_type, frames=count)
    if options.presentation:
        return await _presented(request, location, options, etag)
    rendering: Rendering = request.state.rendering
    if choice.payload_type == "image/gif" and count > 1 and not options.frame:
        body = await decoded(rendering.animation, location, options.render)
    else:
        frame = options.frame or count // 2 + 1  # the one in the middle, as WADO-RS shows it
        body = await decoded(rendering.picture, location, frame, options.render)
    part = part_of(choice.payload_type, _url(request, location), body)
    return ranged(request, part, _headers(request, etag, options.render.warnings))


async def _document(
    request: Request, location: Location, content_type: str | None, kind: Kind, etag: str
) -> Streamed:
    """What is no single image; its media type is chosen as that of a picture is (PS3.18 9.5)."""
    state = request.state
    types = media_types(kind, location.sop_class, location.transfer_syntax)
    choice = _choose(request, content_type, types)
    media_type = choice.payload_type
    root: str = state.addresses.root(request.scope)
    sees = request.scope["principal"].sees
    documents = Documents(state.archive, state.conversion, state.rendering, root, sees)
    if is_as_stored(kind, media_type):
        stored = await in_thread(documents.stored, location)
        return ranged(
            request, Part(media_type, _url(request, location), stored), _headers(request, etag)
        )
    options = parse_wado_uri_options(_parameters(request), media_type)
    if kind is Kind.PRESENTATION_STATE and media_type.startswith("image/"):
        body = await decoded(state.rendering.first_presented, location, options.render)
    elif media_type.startswith("text/"):
        charsets = charsets_of(request, choice)
        body, charset = await decoded(documents.text, location, options.render, charsets)
        media_type += f"; charset={charset}"
    else:
        body = await decoded(documents.write, location, options.render)
    part = part_of(media_type, _url(request, location), body)
    return ranged(request, part, _headers(request, etag, options.render.warnings))


def _choose(request: Request, content_type: str | None, available: tuple[str, ...]) -> Choice:
    """What contentType wants; where that cannot be given, what the Accept header makes of it."""
    offers = rendered_offers(available)
    accept = request.headers.get("accept")
    if content_type is not None:
        return find_choice(content_type, None, offers) or negotiate(
            accept or content_type, None, offers
        )
    # `transferSyntax` clients send the Accept header of WADO-RS along: what does not fit is
    # passed over, as PS3.18 9.1.2.2.1 makes the first type the default.
    choice = find_choice(accept, None, offers)
    return choice or negotiate(None, None, offers)


def _video(request: Request, location: Location, content_type: str | None, etag: str) -> Streamed:
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    media_type = media_type_of(location.transfer_syntax)
    _choose(request, content_type, (media_type,))
    bulk = next(each for each in archive.all_bulk(location) if each.path == "7FE00010")
    part = Part(media_type, _url(request, location), conversion.value(location, bulk))
    return ranged(request, part, _headers(request, etag))


async def _presented(
    request: Request, location: Location, options: UriOptions, etag: str
) -> Streamed:
    """The image as a presentation state of its study shows it (PS3.18 9.5.1.2.8)."""
    archive: Archive = request.state.archive
    rendering: Rendering = request.state.rendering
    named = Resource(location.study, options.presentation_series, options.presentation)
    state = await looked_up(archive, archive.find_instance, named)
    if state is None:
        raise BadRequest("presentationUID names no presentation state of this study.")
    pictures = await decoded(rendering.presented_one, state, location, options.render)
    if pictures is None:
        raise NotFound("The presentation state does not reference this image.")
    headers = _headers(request, etag, options.render.warnings)
    url = _url(request, location)
    return ranged(request, part_of(options.render.media_type, url, pictures), headers)


def _url(request: Request, location: Location) -> str:
    """The Content-Location of what is shown: where the RESTful service has the same instance."""
    root: str = request.state.addresses.root(request.scope)
    return root + resource_of(location).path


def _headers(request: Request, etag: str, warnings: Sequence[str] = ()) -> dict[str, str]:
    headers = {"ETag": etag, **_REVALIDATE}
    if warnings:
        origin: str = request.state.addresses.origin(request.scope)
        texts = (text.encode("ascii", "replace").decode() for text in warnings)
        headers["Warning"] = ", ".join(f"299 {origin}/wado: {text}" for text in texts)
    return headers


def _etag(request: Request, version: str) -> str:
    """Of all that an answer may depend on."""
    query: bytes = request.scope["query_string"]
    heard = [request.headers.get(name) for name in ("accept", "accept-charset")]
    root: str = request.state.addresses.root(request.scope)
    said = f"{__version__} {version} {root} {query!r} {heard}"
    return strong_etag(blake2b(said.encode(), digest_size=12).hexdigest())


routes = [route("GET", "/wado", retrieve, Permission.VIEW, narrows=True)]
