"""Retrieve transaction, WADO-RS: instances and their metadata (PS3.18 10.4).

GET …/studies/{study}[/series/{series}[/instances/{instance}]]
    multipart/related; type="application/dicom" by default, application/dicom for one instance,
    application/zip; multipart/related; type="application/octet-stream" is its /bulkdata
    without transfer-syntax Explicit VR Little Endian; transfer-syntax=* as stored (8.7.8.2)
GET …/metadata of the same    includefield narrows them, which is ours; charset
    application/dicom+json by default, multipart/related; type="application/dicom+xml"
Answers 200 · 206 of a Range, or when some instances cannot be given so · 304 · 404 · 406 · 410
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
    ranged,
    unchanged,
    whole,
)
from dicomweb.archive import Archive, Location, resource_of
from dicomweb.bulk_values import answer_all
from dicomweb.conversion import Conversion
from dicomweb.errors import BadRequest, NotAcceptable, Refusal, TooLarge
from dicomweb.lookups import looked_up
from dicomweb.query import attributes_of
from dicomweb.resources import Level, Resource
from dicomweb.texts import PLAIN, REVALIDATE, charsets_of, json_answer, xml_answer
from dicomweb.wire.conditional import strong_etag, weak_etag
from dicomweb.wire.content_coding import choose_coding
from dicomweb.wire.media_types import OCTET_STREAM, ZIP
from dicomweb.wire.negotiation import Choice, find_choice, negotiate, negotiate_each
from dicomweb.wire.offers import instance_offers, metadata_offers
from dicomweb.wire.query_string import joined, parse_query
from dicomweb.zipped import zipped

# What says which instance an item is stays, whatever the metadata are narrowed to.
_UIDS = ("00080016", "00080018", "0020000D", "0020000E")


async def instances(request: Request) -> Streamed:
    """Every instance of the study or series of the path (PS3.18 10.4.1.1.1)."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    locations = await looked_up(archive, archive.locations, resource)
    choices = await _choose(request, locations)
    chosen = next(choice for choice in choices if choice is not None)
    if chosen.payload_type == OCTET_STREAM:
        return await answer_all(request)
    forms = " ".join(choice.transfer_syntax if choice else "-" for choice in choices)
    changed = await looked_up(archive, archive.version, resource)
    version = f"{changed}-{crc32(forms.encode()):x}-{chosen.payload_type[-5:]}"
    etag = strong_etag(version)
    if (answer := unchanged(request, etag, REVALIDATE)) is not None:
        return answer
    given = await _all_given(request, locations, choices)
    headers = {"ETag": etag, **REVALIDATE}
    status = 200 if len(given) == len(locations) else 206
    if chosen.media_type == ZIP:
        return _zip(resource, [(location, part) for location, _, part in given], headers, status)
    first, parts = given[0][1], [part for _, _, part in given]
    return multipart(request, first, parts, f"{resource.path} {version}", headers, status)


def _zip(
    resource: Resource,
    parts: Sequence[tuple[Location, Part]],
    headers: dict[str, str],
    status: int = 200,
) -> Streamed:
    """PS3.10 files in folders of studies and series, each called by its UID."""
    members = [(f"{each.study}/{each.series}/{each.instance}.dcm", part) for each, part in parts]
    return zipped(members, resource.instance or resource.series or resource.study, headers, status)


async def instance(request: Request) -> Streamed:
    """The instance of the path, in a multipart, alone, or in a ZIP."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    location = await looked_up(archive, archive.locate, resource)
    (choice,) = await _choose(request, [location], single=True)
    assert choice is not None  # a single item that cannot be given is 406
    if choice.payload_type == OCTET_STREAM:
        return await answer_all(request)
    etag = strong_etag(f"{archive.digest(location)}-{choice.transfer_syntax}")
    if (answer := unchanged(request, etag, REVALIDATE)) is not None:
        return answer
    choice, part = await _given(request, location, choice, single=True)
    headers = {"ETag": etag, **REVALIDATE}
    if choice.multipart:
        return multipart(request, choice, [part], etag, headers)
    if choice.media_type == ZIP:
        return _zip(resource, [(location, part)], headers)
    return ranged(request, part, headers)


async def _choose(
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
    if not hopes:
        return choices
    certain = await in_thread(lambda: [conversion.possible(locations[each]) for each in hopes])
    for number, possible in zip(hopes, certain, strict=True):
        stored = locations[number].transfer_syntax
        offers[number] = instance_offers(stored, possible, single=single)
    return negotiate_each(header, parameter, offers)


async def _all_given(
    request: Request, locations: Sequence[Location], choices: Sequence[Choice | None]
) -> list[tuple[Location, Choice, Part]]:
    """Those that can be given. Raises the refusal of the first where there are none."""
    found: list[tuple[Location, Choice, Part]] = []
    refusals: list[Refusal] = []
    for location, choice in zip(locations, choices, strict=True):
        if choice is not None:
            try:
                found.append((location, *await _given(request, location, choice)))
            except (NotAcceptable, TooLarge) as refusal:
                refusals.append(refusal)
    if not found:
        raise refusals[0]
    return found


async def _given(
    request: Request, location: Location, choice: Choice, *, single: bool = False
) -> tuple[Choice, Part]:
    """The instance in the form that was chosen.

    Pixels that are damaged, or too many to be converted, are given as they are stored to clients
    who name no transfer syntax (PS3.18 8.7.3.4). NotAcceptable, TooLarge to the others.
    """
    try:
        return choice, await _part(request, location, choice)
    except (NotAcceptable, TooLarge):
        offers = instance_offers(location.transfer_syntax, single=single)
        stored = find_choice(*accepted(request), offers)
        if stored is None or stored.media_type != choice.media_type:
            raise
        if stored.transfer_syntax == choice.transfer_syntax:
            raise
    return stored, await _part(request, location, stored)


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
    fields, charsets = _fields(request), charsets_of(request, choice)
    version = await looked_up(archive, archive.version, resource)
    is_xml = "xml" in choice.payload_type
    coding = "" if is_xml else choose_coding(request.headers.get("accept-encoding"))
    form = f"{crc32(f'{root} {fields} {charsets}'.encode()):x}-{choice.payload_type[-4:]}"
    etag = weak_etag(f"{version}-{form}")
    if (answer := unchanged(request, etag, REVALIDATE)) is not None:
        return answer
    headers = {"ETag": etag, **REVALIDATE}
    if is_xml:
        return await _as_xml(request, resource, choice, fields, headers)
    if fields is None and charsets == PLAIN:
        body = await _document(archive, resource, root, coding)
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return whole(body, {"Content-Type": choice.payload_type, **headers})
    body = await _document(archive, resource, root, "identity")
    if fields is not None:
        body = await in_thread(_narrowed, body, fields)
    return await json_answer(request, choice, body, headers)


async def _document(archive: Archive, resource: Resource, root: str, coding: str) -> bytes:
    """Finished documents are there at once; a new one of a large study is made in a thread."""
    found = await looked_up(archive, archive.finished_metadata, resource, root, coding)
    if found is None:
        found = await in_thread(archive.metadata, resource, root, coding)
    return found


def _fields(request: Request) -> frozenset[str] | None:
    """The tags that `includefield` narrows the metadata to, an addition of ours; None: all."""
    query: bytes = request.scope["query_string"]
    if b"includefield=" not in query:
        return None
    listed = joined(parse_query(query), "includefield") or ""
    names = [name for name in listed.split(",") if name]
    if not names or "all" in names:
        return None
    found = set(_UIDS)
    for name in names:
        attributes = attributes_of(name)
        if attributes is None:
            raise BadRequest("includefield has keywords or tags of attributes, joined by commas.")
        found.add(attributes[0].tag)
    return frozenset(found)


def _narrowed(body: bytes, fields: frozenset[str]) -> bytes:
    datasets = orjson.loads(body)
    return orjson.dumps([{tag: each[tag] for tag in each if tag in fields} for each in datasets])


async def _as_xml(
    request: Request,
    resource: Resource,
    choice: Choice,
    fields: frozenset[str] | None,
    headers: dict[str, str],
) -> Streamed:
    """One XML document a part, or alone where there is but one (PS3.18 8.7.3.3.1)."""
    root: str = request.state.addresses.root(request.scope)
    body = await in_thread(request.state.archive.metadata, resource, root, "identity")
    if fields is not None:
        body = await in_thread(_narrowed, body, fields)
    return await xml_answer(request, choice, body, headers["ETag"], headers)


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
