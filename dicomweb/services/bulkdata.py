"""Retrieve transaction, WADO-RS: bulk data and pixel data (PS3.18 10.4.1.1.5, 10.4.1.1.6).

GET …/instances/{instance}/bulkdata/{path}      what a BulkDataURI of the metadata names
GET …/studies/{study}[/series/{series}[/instances/{instance}]]/bulkdata     all of it
GET …/pixeldata of the same                     Pixel Data alone
    multipart/related, or a single part where there is one item: application/octet-stream, image/*
    and video/* for pixel data (compressed ones a part a frame), the document's own media type
Answers 200 · 206 of a Range, or when some items cannot be given · 304 · 404 · 406 · 410 · 416
"""

from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, in_thread
from dicomweb.archive import Archive
from dicomweb.bulk_values import answer, answer_all, value_of
from dicomweb.lookups import looked_up
from dicomweb.resources import Resource


async def one(request: Request) -> Streamed:
    """The value that a BulkDataURI names; its URL is that URI (PS3.18 8.6.1.2)."""
    archive: Archive = request.state.archive
    parameters = dict(request.path_params)
    path = parameters.pop("path").upper()
    location = await looked_up(archive, archive.locate, Resource(**parameters))
    value = await in_thread(value_of, request, location, archive.bulk(location, path))
    return await answer(request, [value], f"{archive.digest(location)}-{path}")


async def all_bulk(request: Request) -> Streamed:
    """All bulk data of the study, series or instance of the path."""
    return await answer_all(request)


async def pixels(request: Request) -> Streamed:
    """The Pixel Data of the study, series or instance of the path."""
    return await answer_all(request, pixels_only=True)


_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"

routes = [
    route("GET", _INSTANCE + "/bulkdata/{path:path}", one, Permission.VIEW),
    route("GET", _STUDY + "/bulkdata", all_bulk, Permission.VIEW),
    route("GET", _SERIES + "/bulkdata", all_bulk, Permission.VIEW),
    route("GET", _INSTANCE + "/bulkdata", all_bulk, Permission.VIEW),
    route("GET", _STUDY + "/pixeldata", pixels, Permission.VIEW),
    route("GET", _SERIES + "/pixeldata", pixels, Permission.VIEW),
    route("GET", _INSTANCE + "/pixeldata", pixels, Permission.VIEW),
]
