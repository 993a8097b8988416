"""Bulk data as answers: every value in the form that the client prefers (PS3.18 8.7.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

from starlette.requests import Request

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
from dicomweb.archive import Archive, Bulk, Location, resource_of
from dicomweb.content import content_of
from dicomweb.conversion import PIXELS, Conversion
from dicomweb.errors import NotAcceptable, NotFound
from dicomweb.lookups import looked_up
from dicomweb.resources import Resource
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.media_types import OCTET_STREAM, safe_media_type
from dicomweb.wire.negotiation import Choice, Offers, negotiate_each
from dicomweb.wire.offers import bulk_offers, frame_offers

_REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
_DOCUMENT, _DOCUMENT_TYPE = "00420011", "00420012"


@dataclass(frozen=True, slots=True)
class Value:
    """One bulk value of an instance: its media type, and its frames where it is given by frames."""

    location: Location
    bulk: Bulk
    media_type: str = OCTET_STREAM
    frames: int = 0

    @property
    def is_pixels(self) -> bool:
        return self.bulk.path in PIXELS and bool(self.location.frames)


async def answer_all(request: Request, *, pixels_only: bool = False) -> Streamed:
    """All bulk data, or all Pixel Data, of the study, series or instance of the path."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    locations = await looked_up(archive, archive.locations, resource)

    def gather() -> list[Value]:
        return [
            value_of(request, location, bulk)
            for location in locations
            for bulk in archive.all_bulk(location)
            if bulk.path in PIXELS or not pixels_only
        ]

    values = await in_thread(gather)
    if not values:
        raise NotFound(f"This {resource.level} has no bulk data.")
    version = await looked_up(archive, archive.version, resource)
    return await answer(request, values, f"{version}-{request.scope['path']}")


def value_of(request: Request, location: Location, bulk: Bulk) -> Value:
    """A value with its media type; that of a document is its own, and without its padding.

    (0042,0012) is the type of an encapsulated document.
    """
    archive: Archive = request.state.archive
    conversion: Conversion = request.state.conversion
    if bulk.path in PIXELS and location.frames:
        whole = conversion.is_one_value(location)
        return Value(location, bulk, frames=0 if whole else archive.frames(location).count)
    if bulk.path != _DOCUMENT:
        return Value(location, bulk)
    kind = archive.attributes(location).get(_DOCUMENT_TYPE, {}).get("Value", [""])[0]
    return Value(location, archive.document(location), safe_media_type(str(kind)))


async def answer(request: Request, values: Sequence[Value], version: str) -> Streamed:
    """Every value in the form that the client prefers (PS3.18 8.7.8.1, for each part)."""
    choices = _choose(request, values)
    chosen = next(choice for choice in choices if choice is not None)
    forms = " ".join(choice.part_type if choice else "-" for choice in choices)
    etag = strong_etag(f"{version}-{chosen.media_type[0]}{crc32(forms.encode()):x}")
    if (same := unchanged(request, etag, _REVALIDATE)) is not None:
        return same
    given = await _given(request, values, choices)
    parts = [part for some in given for part in some]
    headers = {"ETag": etag, **_REVALIDATE}
    if not chosen.multipart:
        return ranged(request, parts[0], headers)
    status = 200 if len(given) == len(values) else 206
    return multipart(request, chosen, parts, etag, headers, status)


async def _given(
    request: Request, values: Sequence[Value], choices: Sequence[Choice | None]
) -> list[list[Part]]:
    """The parts of each value that can be given; raises NotAcceptable where there is none."""
    found: list[list[Part]] = []
    damaged: list[NotAcceptable] = []
    for value, choice in zip(values, choices, strict=True):
        if choice is not None:
            try:
                found.append(await _parts(request, value, choice))
            except NotAcceptable as refusal:
                damaged.append(refusal)
    if not found:
        raise damaged[0]
    return found


def _choose(request: Request, values: Sequence[Value]) -> list[Choice | None]:
    conversion: Conversion = request.state.conversion
    header, parameter = accepted(request)
    single = len(values) == 1 and values[0].frames <= 1
    offers = [_offers(each, conversion.hoped(each.location), single=single) for each in values]
    choices = negotiate_each(header, parameter, offers)
    hopes = [
        number
        for number, (each, choice) in enumerate(zip(values, choices, strict=True))
        if choice and not conversion.is_certain(each.location, choice.transfer_syntax)
    ]
    for number in hopes:
        certain = conversion.possible(values[number].location)
        offers[number] = _offers(values[number], certain, single=single)
    return negotiate_each(header, parameter, offers) if hopes else choices


def _offers(value: Value, possible: frozenset[str], *, single: bool) -> Offers:
    stored = value.location.transfer_syntax
    if not value.is_pixels:
        return bulk_offers(value.media_type, single=single)
    return frame_offers(stored, possible if value.frames else frozenset(), single=single)


async def _parts(request: Request, value: Value, choice: Choice) -> list[Part]:
    """The parts of one value: as many as compressed pixel data have frames, else one."""
    conversion: Conversion = request.state.conversion
    root: str = request.state.addresses.root(request.scope)
    url = f"{root}{resource_of(value.location).path}/bulkdata/{value.bulk.path}"
    if not value.frames:
        return [Part(choice.part_type, url, conversion.value(value.location, value.bulk))]
    parts = []
    for number in range(1, value.frames + 1):
        syntax = choice.transfer_syntax
        content = conversion.frame_at_once(value.location, number, syntax)
        if content is None:
            frame = await decoded(conversion.frame, value.location, number, syntax)
            content = content_of(frame)
        parts.append(Part(choice.part_type, url, content))
    return parts
