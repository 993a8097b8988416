"""Store transaction, STOW-RS (PS3.18 10.5).

Request   POST /studies, POST /studies/{study}
          multipart/related; type="application/dicom"         one PS3.10 file a part
          multipart/related; type="application/dicom+json"    an array of data sets, then bulk data
          multipart/related; type="application/dicom+xml"     one data set a part, then bulk data
          application/dicom, application/dicom+json, application/dicom+xml, application/zip   alone
          Content-Encoding: gzip
Answer    the Store Instances Response Module (PS3.18 Table I.1-1), in JSON or XML
          200 all stored · 202 some refused, or stored with a warning · 400 no readable request
          409 nothing stored · 413 over DICOMWEB_MAX_STORE_MB, a bomb · 415 another Content-Type

The body streams through `intake`; metadata and bulk data parts wait on the disk until the request
is whole, then `assembly` makes instances of them.
"""

from collections.abc import AsyncIterator

from starlette.requests import Request

from dicomweb import metrics
from dicomweb.access.guard import actor_of, route
from dicomweb.access.permissions import Permission
from dicomweb.addresses import Addresses
from dicomweb.answers import Streamed, accepted, multipart, part_of, single_part, whole
from dicomweb.bundle import Bundle
from dicomweb.errors import BadRequest, UnsupportedMediaType
from dicomweb.incoming import Outcome
from dicomweb.intake import Intake, too_large
from dicomweb.resources import Resource
from dicomweb.unpacking import unpacked
from dicomweb.wire.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    JSON,
    OCTET_STREAM,
    RELATED,
    ZIP,
    MediaType,
    content_type,
    parse_content_type,
)
from dicomweb.wire.multipart import MultipartReader, boundary_of
from dicomweb.wire.negotiation import find_choice
from dicomweb.wire.offers import store_offers
from dicomweb.wire.store_response import (
    FailedInstance,
    StoredInstance,
    store_response,
    store_response_json,
)
from dicomweb.wire.xml_model import to_xml

# What a body may be, and what the root part of a multipart may be.
ALONE = (DICOM, DICOM_JSON, JSON, DICOM_XML, ZIP)
ROOT_PARTS = (DICOM, DICOM_JSON, JSON, DICOM_XML, OCTET_STREAM)
_ZIPS = (ZIP, "application/x-zip-compressed")
_AVAILABLE = ", ".join(
    [*(f'{RELATED}; type="{name}"' for name in (DICOM, DICOM_JSON, DICOM_XML)), *ALONE]
)


async def store(request: Request) -> Streamed:
    """Every instance of the request, each with its own outcome."""
    study = Resource(study=request.path_params.get("study", "")).study
    limit = _limit(request)
    media_type = _media_type(request)
    bundle = _bundle(request, media_type)
    intake = Intake(request.state.archive, study, limit, bundle, actor_of(request.scope))
    try:
        await _receive(request, intake, media_type)
        outcomes = await intake.finish()
    except BaseException:
        await intake.abandon()
        raise
    if not outcomes:
        raise BadRequest("The request has no instance; a PS3.10 file a part is right.")
    for outcome in outcomes:
        metrics.STORED.labels("refused" if outcome.reason else "stored").inc()
    return _respond(request, outcomes)


def _limit(request: Request) -> int:
    """The most bytes that the body may have; raises TooLarge when it says that it has more."""
    limit = int(request.state.settings.max_store_mb) * 1_000_000
    announced = request.headers.get("content-length", "")
    if limit and announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
    return limit


def _media_type(request: Request) -> MediaType:
    header = request.headers.get("content-type")
    if not header:
        raise BadRequest(f"A store request needs a Content-Type; possible are {_AVAILABLE}.")
    media_type = parse_content_type(header)
    right = media_type.name in ALONE or media_type.name in _ZIPS
    if media_type.name == RELATED:
        right = media_type.inner in (*ROOT_PARTS, "*/*")
    if not right:
        what = content_type(media_type.name, media_type.inner)
        raise UnsupportedMediaType(f"{what} cannot be stored; possible are {_AVAILABLE}.")
    return media_type


def _bundle(request: Request, media_type: MediaType) -> Bundle | None:
    """Where metadata and bulk data parts wait; plain PS3.10 files need none."""
    root_part = media_type.inner or media_type.name
    if root_part == DICOM:
        return None
    addresses: Addresses = request.state.addresses
    path: str = request.scope["path"]
    base = addresses.origin(request.scope) + path
    assumed = DICOM if root_part == "*/*" else root_part
    return Bundle(request.state.settings.data_dir, base, assumed)


async def _receive(request: Request, intake: Intake, media_type: MediaType) -> None:
    body = _body(request)
    if media_type.name == RELATED:
        await _receive_parts(body, intake, MultipartReader(boundary_of(media_type)))
    elif media_type.name in _ZIPS:
        await _receive_zip(body, intake)
    else:
        await _receive_one(body, intake, request.headers["content-type"])
    if intake.gathered:
        await intake.assemble()


def _body(request: Request) -> AsyncIterator[bytes]:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return request.stream()
    if coding in ("gzip", "x-gzip"):
        return unpacked(request.stream())
    raise UnsupportedMediaType(
        "The Content-Encoding of the body cannot be read; gzip or none is right.",
        headers={"Accept-Encoding": "gzip"},
    )


async def _receive_one(body: AsyncIterator[bytes], intake: Intake, content_type: str) -> None:
    intake.begin({"content-type": content_type})
    async for chunk in body:
        if chunk:
            await intake.data(chunk)
    if not intake.received:
        raise BadRequest("The body is empty; a PS3.10 file is right.")
    await intake.end()


async def _receive_zip(body: AsyncIterator[bytes], intake: Intake) -> None:
    """A ZIP has its list of files at its end: it is on the disk before it is looked into."""
    intake.begin({"content-type": ZIP})
    async for chunk in body:
        await intake.data(chunk)
    await intake.end()
    intake.gathered = False
    await intake.unzip()


async def _receive_parts(
    body: AsyncIterator[bytes], intake: Intake, reader: MultipartReader
) -> None:
    """Feed the reader; when the multipart breaks after whole instances, those are kept."""
    try:
        async for chunk in body:
            for event in reader.feed(chunk):
                await intake.take(event)
        for event in reader.close():
            await intake.take(event)
    except BadRequest as broken:
        if not intake.slots:
            raise
        intake.break_off(broken.sentence)


def _respond(request: Request, outcomes: list[Outcome]) -> Streamed:
    """The response module, in what the client prefers; a store never fails for its Accept."""
    addresses: Addresses = request.state.addresses
    root = addresses.root(request.scope)
    studies = {outcome.study for outcome in outcomes if not outcome.reason}
    url = f"{root}/studies/{studies.pop()}" if len(studies) == 1 else ""
    module = store_response(
        [_stored(root, outcome) for outcome in outcomes if not outcome.reason],
        [_failed(outcome) for outcome in outcomes if outcome.reason],
        retrieve_url=url,
    )
    headers = {"Location": url, "Content-Location": url} if url else {}
    choice = find_choice(*accepted(request), store_offers())
    if choice is None or "xml" not in choice.payload_type:
        headers["Content-Type"] = choice.payload_type if choice else DICOM_JSON
        return whole(store_response_json(module), headers, _status(outcomes))
    document = part_of(choice.part_type, "", to_xml(module))
    if choice.multipart:
        return multipart(request, choice, [document], url or "store", headers, _status(outcomes))
    return single_part(document, headers, _status(outcomes))


def _stored(root: str, outcome: Outcome) -> StoredInstance:
    resource = Resource(outcome.study, outcome.series, outcome.sop_instance)
    warning = outcome.doubts[0].reason if outcome.doubts else 0
    return StoredInstance(
        outcome.sop_class,
        outcome.sop_instance,
        f"{root}{resource.path}",
        warning,
        comments=[doubt.sentence for doubt in outcome.doubts],
    )


def _failed(outcome: Outcome) -> FailedInstance:
    return FailedInstance(outcome.sop_class, outcome.sop_instance, outcome.reason, outcome.sentence)


def _status(outcomes: list[Outcome]) -> int:
    """PS3.18 Table 10.5.3-1."""
    if all(outcome.reason for outcome in outcomes):
        return 409
    return 202 if any(outcome.reason or outcome.doubts for outcome in outcomes) else 200


routes = [
    route("POST", "/studies", store, Permission.UPLOAD),
    route("POST", "/studies/{study}", store, Permission.UPLOAD),
]
