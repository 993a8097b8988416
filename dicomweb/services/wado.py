"""Retrieve transaction, WADO-RS: instances and their metadata (PS3.18 10.4).

GET …/studies/{study}[/series/{series}[/instances/{instance}]]
    multipart/related; type="application/dicom" by default, application/dicom for one instance
    without transfer-syntax Explicit VR Little Endian; transfer-syntax=* as stored (8.7.8.2)
GET …/metadata of the same
    application/dicom+json by default, multipart/related; type="application/dicom+xml"
Answers 200 · 206 when some instances cannot be given as asked · 304 · 404 · 406 · 410
"""

from collections.abc import Sequence
from zlib import crc32

import orjson
from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import (
    Part,
    Streamed,
    accepted,
    in_thread,
    multipart,
    part_of,
    ranged,
    unchanged,
    whole,
)
from dicomweb.archive import Archive, Location, resource_of
from dicomweb.conversion import Conversion
from dicomweb.errors import NotAcceptable
from dicomweb.resources import Level, Resource
from dicomweb.wire.conditional import strong_etag, weak_etag
from dicomweb.wire.content_coding import choose_coding
from dicomweb.wire.media_types import OCTET_STREAM
from dicomweb.wire.negotiation import Choice, negotiate, negotiate_each
from dicomweb.wire.offers import instance_offers, metadata_offers
from dicomweb.wire.xml_model import to_xml

_REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding"}


async def instances(request: Request) -> Streamed:
    """Every instance of the study or series of the path (PS3.18 10.4.1.1.1)."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    locations = archive.locations(resource)
    choices = _choose(request, locations)
    parts = [
        await _part(request, location, choice)
        for location, choice in zip(locations, choices, strict=True)
        if choice is not None
    ]
    chosen = next(choice for choice in choices if choice is not None)
    seed = f"{resource.path} {archive.version(resource)}"
    return multipart(
        request, chosen, parts, seed, status=200 if len(parts) == len(locations) else 206
    )


async def instance(request: Request) -> Streamed:
    """The instance of the path, in a multipart or alone."""
    archive: Archive = request.state.archive
    location = archive.locate(Resource(**request.path_params))
    choice = _choose(request, [location], single=True)[0]
    assert choice is not None  # a single item that cannot be given is 406
    etag = strong_etag(f"{archive.digest(location)}-{choice.transfer_syntax}")
    if (answer := unchanged(request, etag)) is not None:
        return answer
    part = await _part(request, location, choice)
    headers = {"ETag": etag, **_REVALIDATE}
    if choice.multipart:
        return multipart(request, choice, [part], etag, headers)
    return ranged(request, part, headers)


def _choose(
    request: Request, locations: Sequence[Location], *, single: bool = False
) -> list[Choice | None]:
    """A form for each instance (PS3.18 8.7.8.1); None for one that cannot be given as asked.

    What an image can be transcoded to is looked up only when transcoding is what is asked for.
    """
    conversion: Conversion = request.state.conversion
    header, parameter = accepted(request)
    offers = [
        instance_offers(each.transfer_syntax, conversion.hoped(each), single=single)
        for each in locations
    ]
    choices = negotiate_each(header, parameter, offers)
    hopes = [
        number
        for number, (each, choice) in enumerate(zip(locations, choices, strict=True))
        if choice is not None and not conversion.is_certain(each, choice.transfer_syntax)
    ]
    for number in hopes:
        each = locations[number]
        certain = conversion.possible(each)
        offers[number] = instance_offers(each.transfer_syntax, certain, single=single)
    if hopes:
        choices = negotiate_each(header, parameter, offers)
    if any(choice and choice.payload_type == OCTET_STREAM for choice in choices):
        raise NotAcceptable("Bulk data have a resource of their own: add /bulkdata to the path.")
    return choices


async def _part(request: Request, location: Location, choice: Choice) -> Part:
    conversion: Conversion = request.state.conversion
    url = request.state.addresses.root(request.scope) + resource_of(location).path
    content = conversion.instance_at_once(location, choice.transfer_syntax)
    if content is None:
        content = await in_thread(conversion.instance, location, choice.transfer_syntax)
    return Part(choice.part_type, url, content)


async def metadata(request: Request) -> Streamed:
    """All attributes of every instance below the path, never paged (PS3.18 10.4.1.1.2)."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    single = resource.level is Level.INSTANCE
    choice = negotiate(*accepted(request), metadata_offers(single=single))
    root: str = request.state.addresses.root(request.scope)
    version = archive.version(resource)
    is_xml = "xml" in choice.payload_type
    coding = "" if is_xml else choose_coding(request.headers.get("accept-encoding"))
    etag = weak_etag(f"{version}-{crc32(root.encode()):x}-{choice.payload_type[-4:]}")
    if (answer := unchanged(request, etag)) is not None:
        return answer
    headers = {"ETag": etag, "Content-Type": choice.payload_type, **_REVALIDATE}
    if is_xml:
        return await _as_xml(request, resource, choice, headers, etag)
    if coding != "identity":
        headers["Content-Encoding"] = coding
    return whole(await _document(archive, resource, root, coding), headers)


async def _document(archive: Archive, resource: Resource, root: str, coding: str) -> bytes:
    """Finished documents are there at once; a new one of a large study is made in a thread."""
    found = archive.finished_metadata(resource, root, coding)
    if found is None:
        found = await in_thread(archive.metadata, resource, root, coding)
    return found


async def _as_xml(
    request: Request, resource: Resource, choice: Choice, headers: dict[str, str], etag: str
) -> Streamed:
    """One XML document a part, or alone where there is but one (PS3.18 8.7.3.3.1)."""
    root: str = request.state.addresses.root(request.scope)
    data = await in_thread(request.state.archive.metadata, resource, root, "identity")
    documents = await in_thread(lambda: [to_xml(each) for each in orjson.loads(data)])
    if not choice.multipart:
        return whole(documents[0], headers)
    parts = [part_of(choice.part_type, "", document) for document in documents]
    return multipart(request, choice, parts, etag, {"ETag": etag, **_REVALIDATE})


_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"

routes = [
    route("GET", _STUDY, instances, Permission.VIEW),
    route("GET", _SERIES, instances, Permission.VIEW),
    route("GET", _INSTANCE, instance, Permission.VIEW),
    route("GET", _STUDY + "/metadata", metadata, Permission.VIEW),
    route("GET", _SERIES + "/metadata", metadata, Permission.VIEW),
    route("GET", _INSTANCE + "/metadata", metadata, Permission.VIEW),
]
