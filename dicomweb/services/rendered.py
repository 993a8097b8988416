"""Retrieve transaction, WADO-RS: rendered resources and thumbnails (PS3.18 10.4.1.1.4, .5).

GET …/{study, series, instance, frames}/rendered
    annotation, quality, viewport, window, iccprofile (8.3.5.1); overlays=yes is ours; of texts
    charset; image/jpeg by default, image/png, image/gif (of several frames it moves), image/jp2,
    image/jph, image/jxl; one part, or multipart/related for several; of a presentation state what
    it references; video as it is stored; reports, documents, waveforms, contours and the rest as
    the browser shows them best
GET …/{study, series, instance, frames}/thumbnail   viewport=vw,vh
    one small image/jpeg, or image/png; an icon for what has no picture
Answers 200 · 206 of a Range · 304 · 400 · 404 · 406 · 410 · 413
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import (
    Part,
    Streamed,
    accepted,
    decoded,
    in_thread,
    part_of,
    ranged,
    unchanged,
)
from dicomweb.archive import Archive, Location
from dicomweb.conversion import Conversion
from dicomweb.documents import Documents, kind_at
from dicomweb.errors import NotAcceptable, NotFound, Refusal, TooLarge
from dicomweb.lookups import looked_up
from dicomweb.pixels.documents.kinds import PICTURES, Kind, is_as_stored, media_types
from dicomweb.pixels.options import RenderOptions, parse_options, parse_thumbnail_options
from dicomweb.rendering import UNSHOWABLE, Rendering, is_image
from dicomweb.resources import Level, Resource, parse_frames
from dicomweb.shown import (
    REVALIDATE,
    answer,
    etag_of,
    headers_of,
    options_of,
    parameters_of,
    url_of,
)
from dicomweb.texts import charsets_of
from dicomweb.wire.media_types import media_type_of
from dicomweb.wire.negotiation import Choice, find_choice, negotiate
from dicomweb.wire.offers import rendered_offers

JPEG, PNG, GIF = "image/jpeg", "image/png", "image/gif"
ONE_IMAGE = PICTURES
SEVERAL_IMAGES = tuple(each for each in PICTURES if each != GIF)
THUMBNAIL = (JPEG, PNG)
# A multipart of pictures is made before it is sent: the lengths of its parts are not known earlier.
MAX_PICTURES = 2000
MAX_PICTURES_BYTES = 512 * 1024 * 1024


async def rendered(request: Request) -> Streamed:
    """What the path names as a person sees it."""
    archive: Archive = request.state.archive
    resource, numbers = _target(request)
    if resource.level is not Level.INSTANCE:
        locations = await looked_up(archive, archive.locations, resource)
        return await _several(request, resource, locations)
    location = await looked_up(archive, archive.locate, resource)
    kind = kind_at(location)
    if kind is Kind.IMAGE or (numbers and kind is Kind.SEGMENTATION):
        return await _images(request, location, numbers)
    if kind is Kind.VIDEO:
        return await _video(request, location)
    return await _document(request, location, kind)


def _target(request: Request) -> tuple[Resource, tuple[int, ...]]:
    parameters = dict(request.path_params)
    frames = parameters.pop("frames", "")
    return Resource(**parameters), parse_frames(frames) if frames else ()


async def _images(request: Request, location: Location, numbers: Sequence[int]) -> Streamed:
    """The frames asked for, or all; a single part shows one, or moves if it is a GIF."""
    archive: Archive = request.state.archive
    rendering: Rendering = request.state.rendering
    table = archive.frames(location)
    for number in numbers:
        table.spans(number)  # 404 before anything is rendered
    if not table.count:
        raise NotFound("The pixel data of this instance hold no frame.")
    shown = numbers or range(1, table.count + 1)
    choice = negotiate(*accepted(request), rendered_offers(ONE_IMAGE, several=len(numbers) > 1))
    options = options_of(request, choice)
    etag = etag_of(request, archive.digest(location), choice)
    if (same := unchanged(request, etag, REVALIDATE)) is not None:
        return same
    headers = headers_of(request, options, etag)
    if not choice.multipart and len(shown) > 1:
        if choice.payload_type == GIF:
            body = await decoded(rendering.animation, location, options, tuple(numbers))
            return ranged(request, part_of(GIF, url_of(request, location), body), headers)
        shown = (shown[len(shown) // 2],)
    url = url_of(request, location)
    parts = [
        part_of(choice.part_type, f"{url}/frames/{number}", body)
        for number, body in await _pictures(request, [(location, n) for n in shown], options)
    ]
    return answer(request, choice, parts, etag, headers)


async def _pictures(
    request: Request, wanted: Sequence[tuple[Location, int]], options: RenderOptions
) -> list[tuple[int, bytes]]:
    _check_number(wanted)
    found = []
    room = MAX_PICTURES_BYTES
    for location, number in wanted:
        found.append((number, await _picture(request, location, number, options)))
        room = _check_room(room, found[-1][1])
    return found


async def _picture(
    request: Request, location: Location, number: int, options: RenderOptions
) -> bytes:
    rendering: Rendering = request.state.rendering
    body = rendering.finished(location, number, options)
    if body is None:
        body = await decoded(rendering.picture, location, number, options)
    return body


def _check_number(wanted: Sequence[object]) -> None:
    if len(wanted) > MAX_PICTURES:
        raise TooLarge(f"More than {MAX_PICTURES} pictures: ask for a series, or for some frames.")


def _check_room(room: int, body: bytes) -> int:
    """What is left of the room for pictures behind this one; TooLarge when it does not fit."""
    if len(body) > room:
        raise TooLarge("These pictures are too large together: ask for fewer, or smaller ones.")
    return room - len(body)


async def _several(request: Request, resource: Resource, locations: Sequence[Location]) -> Streamed:
    """Every image of a study or series in a multipart, or the one that stands for all."""
    archive: Archive = request.state.archive
    images = [each for each in locations if is_image(each)]
    if not images:
        return await _document(request, locations[0], kind_at(locations[0]))
    choice = negotiate(*accepted(request), rendered_offers(SEVERAL_IMAGES, several=True))
    options = options_of(request, choice)
    version = await looked_up(archive, archive.version, resource)
    etag = etag_of(request, version, choice)
    if (same := unchanged(request, etag, REVALIDATE)) is not None:
        return same
    if choice.multipart:
        pictures = await _every_picture(request, images, options)
    else:
        rendering: Rendering = request.state.rendering
        pictures = [await decoded(rendering.picture_of, images, options)]
    parts = [
        part_of(choice.part_type, url_of(request, location), body) for location, body in pictures
    ]
    whole = len(pictures) == len(locations) or not choice.multipart
    headers = headers_of(request, options, etag)
    return answer(request, choice, parts, etag, headers, 200 if whole else 206)


async def _every_picture(
    request: Request, images: Sequence[Location], options: RenderOptions
) -> list[tuple[Location, bytes]]:
    """One of each; those that cannot be decoded are left out, unless there are no others."""
    archive: Archive = request.state.archive
    _check_number(images)
    found: list[tuple[Location, bytes]] = []
    room = MAX_PICTURES_BYTES
    refusal: Refusal | None = None
    for each in images:
        try:
            middle = archive.frames(each).count // 2 + 1
            found.append((each, await _picture(request, each, middle, options)))
        except UNSHOWABLE as caught:
            refusal = caught
            continue
        room = _check_room(room, found[-1][1])
    if refusal is not None and not found:
        raise refusal
    return found


async def _document(request: Request, location: Location, kind: Kind) -> Streamed:
    """What is no single image: a report as HTML, a PDF as it is, an ECG on paper, and so on."""
    archive: Archive = request.state.archive
    root: str = request.state.addresses.root(request.scope)
    types = media_types(kind, location.sop_class, location.transfer_syntax)
    header, parameter = accepted(request)
    if kind is Kind.PDF and "*/*" in (header or ""):
        header = "*/*"  # a browser that navigates prefers pages, and means the document
    choice = negotiate(header, parameter, rendered_offers(types))
    media_type = choice.payload_type
    is_state = kind is Kind.PRESENTATION_STATE
    options = parse_options(
        parameters_of(request.scope["query_string"]), media_type, presentation_state=is_state
    )
    # What it shows of others in its study, images below contours, may come or go.
    version = await looked_up(archive, archive.version, Resource(location.study))
    charsets = charsets_of(request, choice)
    etag = etag_of(request, f"{archive.digest(location)} {version} {root} {charsets}", choice)
    if (same := unchanged(request, etag, REVALIDATE)) is not None:
        return same
    if is_state and media_type.startswith("image/"):
        try:
            return await _presented(request, location, choice, options, etag)
        except NotFound:  # in words, then, for who takes words
            if find_choice(*accepted(request), rendered_offers(_words(types))) is None:
                raise
    if is_as_stored(kind, media_type):
        content = await in_thread(_documents(request).stored, location)
        part = Part(media_type, url_of(request, location), content)
    else:
        part = await _written(request, location, options, choice, types)
    return answer(request, choice, [part], etag, headers_of(request, options, etag))


async def _written(
    request: Request,
    location: Location,
    options: RenderOptions,
    choice: Choice,
    types: Sequence[str],
) -> Part:
    """The instance as it was asked for; in words where no picture of it can be made."""
    documents = _documents(request)
    if not options.media_type.startswith("text/"):
        try:
            body = await decoded(documents.write, location, options)
            return part_of(options.media_type, url_of(request, location), body)
        except (NotAcceptable, NotFound):
            words = find_choice(*accepted(request), rendered_offers(_words(types)))
            if words is None:
                raise
            choice, options = words, replace(options, media_type=words.payload_type)
    charsets = charsets_of(request, choice)
    body, charset = await decoded(documents.text, location, options, charsets)
    media_type = f"{options.media_type}; charset={charset}"
    return part_of(media_type, url_of(request, location), body)


def _words(types: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in types if each.startswith("text/"))


def _documents(request: Request) -> Documents:
    state = request.state
    root: str = state.addresses.root(request.scope)
    sees = request.scope["principal"].sees
    return Documents(state.archive, state.conversion, state.rendering, root, sees)


async def _presented(
    request: Request, location: Location, choice: Choice, options: RenderOptions, etag: str
) -> Streamed:
    """What a presentation state references, in its manner (PS3.18 10.4.1.1.4)."""
    rendering: Rendering = request.state.rendering
    most = MAX_PICTURES if choice.multipart else 1

    def render() -> list[bytes]:
        made: list[bytes] = []
        room = MAX_PICTURES_BYTES
        for body in islice(rendering.presented(location, options), most):
            room = _check_room(room, body)
            made.append(body)
        return made

    bodies = await decoded(render)
    if not bodies:
        raise NotFound("None of the images that this presentation state references is here.")
    url = url_of(request, location)
    parts = [part_of(choice.part_type, url, body) for body in bodies]
    return answer(request, choice, parts, etag, headers_of(request, options, etag))


async def _video(request: Request, location: Location) -> Streamed:
    """A video as it is stored, by ranges for who plays it."""
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    media_type = media_type_of(location.transfer_syntax)
    choice = negotiate(*accepted(request), rendered_offers((media_type,)))
    etag = etag_of(request, archive.digest(location), choice)
    if (same := unchanged(request, etag, REVALIDATE)) is not None:
        return same
    bulk = next(each for each in archive.all_bulk(location) if each.path == "7FE00010")
    part = Part(media_type, url_of(request, location), conversion.value(location, bulk))
    return answer(request, choice, [part], etag, {"ETag": etag, **REVALIDATE})


async def thumbnail(request: Request) -> Streamed:
    """One small picture that stands for what the path names."""
    archive: Archive = request.state.archive
    rendering: Rendering = request.state.rendering
    resource, numbers = _target(request)
    choice = negotiate(*accepted(request), rendered_offers(THUMBNAIL))
    width, height = parse_thumbnail_options(parameters_of(request.scope["query_string"]))
    version = await looked_up(archive, archive.version, resource)
    etag = etag_of(request, version, choice)
    if (same := unchanged(request, etag, REVALIDATE)) is not None:
        return same
    body = rendering.finished_thumbnail(etag)
    if body is None:
        options = RenderOptions(media_type=choice.payload_type, width=width, height=height)
        locations = await looked_up(archive, archive.locations, resource)
        for number in numbers:
            archive.frames(locations[0]).spans(number)
        shown = numbers[0] if numbers else 0
        body = await decoded(rendering.thumbnail, etag, locations, shown, options)
    part = part_of(choice.part_type, "", body)
    return answer(request, choice, [part], etag, {"ETag": etag, **REVALIDATE})


_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"
_FRAMES = _INSTANCE + "/frames/{frames}"

routes = [
    route("GET", _STUDY + "/rendered", rendered, Permission.VIEW),
    route("GET", _SERIES + "/rendered", rendered, Permission.VIEW),
    route("GET", _INSTANCE + "/rendered", rendered, Permission.VIEW),
    route("GET", _FRAMES + "/rendered", rendered, Permission.VIEW),
    route("GET", _STUDY + "/thumbnail", thumbnail, Permission.VIEW),
    route("GET", _SERIES + "/thumbnail", thumbnail, Permission.VIEW),
    route("GET", _INSTANCE + "/thumbnail", thumbnail, Permission.VIEW),
    route("GET", _FRAMES + "/thumbnail", thumbnail, Permission.VIEW),
]
