"""Retrieve by query parameters, WADO-URI (PS3.18 9).

GET /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…
    contentType=application/dicom     the instance, transferSyntax=UID (Explicit VR LE by default)
    contentType=image/jpeg …          rendered: annotation, imageQuality, rows, columns, region,
                                      windowCenter and windowWidth, frameNumber, or a presentation
                                      state by presentationSeriesUID and presentationUID
Answers 200 · 400 · 404 · 406 · 410. One name, one value: a parameter that comes twice is refused.
"""

from collections.abc import Mapping

from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Part, Streamed, decoded, in_thread, part_of, ranged
from dicomweb.archive import Archive, Location, resource_of
from dicomweb.conversion import Conversion
from dicomweb.documents import Documents, kind_at
from dicomweb.errors import BadRequest, NotFound
from dicomweb.pixels.documents.kinds import PICTURES, Kind, is_as_stored, media_types
from dicomweb.pixels.wado_uri_options import UriOptions, parse_wado_uri_options
from dicomweb.rendering import Rendering
from dicomweb.resources import Resource, is_uid
from dicomweb.wire.media_types import DICOM, EXPLICIT_LITTLE_ENDIAN, media_type_of
from dicomweb.wire.negotiation import Choice, find_choice, negotiate
from dicomweb.wire.offers import instance_offers, rendered_offers
from dicomweb.wire.query_string import parse_query

_REVALIDATE = {"Cache-Control": "private, no-cache"}
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
    location = archive.locate(Resource(study, series, instance))
    content_type = parameters.get("contentType")
    if content_type is not None and _wants_dicom(content_type):
        return await _dicom(request, location, parameters)
    return await _rendered(request, location, parameters, content_type)


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


def _wants_dicom(content_type: str) -> bool:
    """PS3.18 9.1.2.2.1: either a DICOM file or rendered types, whose only parameter is q."""
    lowered = content_type.lower()
    if ";" in content_type and ("transfer-syntax" in lowered or "charset" in lowered):
        raise BadRequest(
            "contentType names media types alone: transferSyntax and charset are parameters."
        )
    return content_type.split(",")[0].split(";")[0].strip().lower() == DICOM


async def _dicom(request: Request, location: Location, parameters: Mapping[str, str]) -> Streamed:
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
    choice = negotiate(f"{DICOM}{named}", None, offers)
    content = conversion.instance_at_once(location, choice.transfer_syntax)
    if content is None:
        content = await decoded(conversion.instance, location, choice.transfer_syntax)
    return ranged(request, Part(DICOM, _url(request, location), content), _REVALIDATE)


async def _rendered(
    request: Request, location: Location, parameters: Mapping[str, str], content_type: str | None
) -> Streamed:
    """A picture (PS3.18 9.5); the Accept header is heard only where contentType says nothing."""
    archive: Archive = request.state.archive
    kind = kind_at(location)
    if kind is Kind.VIDEO:
        return _video(request, location, content_type)
    if kind is not Kind.IMAGE:
        return await _document(request, location, content_type, kind)
    choice = _choose(request, content_type, PICTURES)
    count = archive.frames(location).count
    options = parse_wado_uri_options(parameters, choice.payload_type, frames=count)
    if options.presentation:
        return await _presented(request, location, options)
    rendering: Rendering = request.state.rendering
    if choice.payload_type == "image/gif" and count > 1 and not options.frame:
        body = await decoded(rendering.animation, location, options.render)
    else:
        frame = options.frame or (count + 1) // 2 or 1
        body = await decoded(rendering.picture, location, frame, options.render)
    part = part_of(choice.payload_type, _url(request, location), body)
    return ranged(request, part, _headers(request, options))


async def _document(
    request: Request, location: Location, content_type: str | None, kind: Kind
) -> Streamed:
    """What is no single image; its media type is chosen as that of a picture is (PS3.18 9.5)."""
    state = request.state
    types = media_types(kind, location.sop_class, location.transfer_syntax)
    media_type = _choose(request, content_type, types).payload_type
    root: str = state.addresses.root(request.scope)
    sees = request.scope["principal"].sees
    documents = Documents(state.archive, state.conversion, state.rendering, root, sees)
    if is_as_stored(kind, media_type):
        stored = await in_thread(documents.stored, location)
        return ranged(request, Part(media_type, _url(request, location), stored), _REVALIDATE)
    options = parse_wado_uri_options(_parameters(request), media_type)
    if kind is Kind.PRESENTATION_STATE and media_type.startswith("image/"):
        body = await decoded(state.rendering.first_presented, location, options.render)
    else:
        body = await decoded(documents.write, location, options.render)
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    part = part_of(media_type + charset, _url(request, location), body)
    return ranged(request, part, _headers(request, options))


def _choose(request: Request, content_type: str | None, available: tuple[str, ...]) -> Choice:
    offers = rendered_offers(available)
    if content_type is not None:
        return negotiate(content_type, None, offers)
    # `transferSyntax` clients send the Accept header of WADO-RS along: what does not fit is
    # passed over, as PS3.18 9.1.2.2.1 makes the first type the default.
    choice = find_choice(request.headers.get("accept"), None, offers)
    return choice or negotiate(None, None, offers)


def _video(request: Request, location: Location, content_type: str | None) -> Streamed:
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    media_type = media_type_of(location.transfer_syntax)
    _choose(request, content_type, (media_type,))
    bulk = next(each for each in archive.all_bulk(location) if each.path == "7FE00010")
    part = Part(media_type, _url(request, location), conversion.value(location, bulk))
    return ranged(request, part, _REVALIDATE)


async def _presented(request: Request, location: Location, options: UriOptions) -> Streamed:
    """The image as a presentation state of its study shows it (PS3.18 9.5.1.2.8)."""
    archive: Archive = request.state.archive
    rendering: Rendering = request.state.rendering
    state = archive.find_instance(
        Resource(location.study, options.presentation_series, options.presentation)
    )
    if state is None:
        raise BadRequest("presentationUID names no presentation state of this study.")
    pictures = await decoded(rendering.presented_one, state, location, options.render)
    if pictures is None:
        raise NotFound("The presentation state does not reference this image.")
    headers = _headers(request, options)
    url = _url(request, location)
    return ranged(request, part_of(options.render.media_type, url, pictures), headers)


def _url(request: Request, location: Location) -> str:
    """The Content-Location of what is shown: where the RESTful service has the same instance."""
    root: str = request.state.addresses.root(request.scope)
    return root + resource_of(location).path


def _headers(request: Request, options: UriOptions) -> dict[str, str]:
    if not options.render.warnings:
        return _REVALIDATE
    origin: str = request.state.addresses.origin(request.scope)
    texts = (text.encode("ascii", "replace").decode() for text in options.render.warnings)
    warning = ", ".join(f"299 {origin}/wado: {text}" for text in texts)
    return {**_REVALIDATE, "Warning": warning}


routes = [route("GET", "/wado", retrieve, Permission.VIEW, narrows=True)]
