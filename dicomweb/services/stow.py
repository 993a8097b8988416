"""Store transaction, STOW-RS (PS3.18 10.5).

Request   POST /studies, POST /studies/{study}
          multipart/related; type="application/dicom"   one PS3.10 file a part
          application/dicom                             one PS3.10 file
Answer    the Store Instances Response Module (PS3.18 Table I.1-1), in JSON or XML
          200 all stored · 202 some refused, or stored with a warning · 400 no readable request
          409 nothing stored · 413 over DICOMWEB_MAX_STORE_MB · 415 another Content-Type

The body streams: each part is on its way to the disk while the next arrives, groups of parts are
made durable meanwhile, and no more than a few MB wait in memory whatever the size of the request.
"""

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from starlette.requests import Request

from dicomweb import metrics
from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.addresses import Addresses
from dicomweb.answers import Streamed, accepted, multipart, part_of, single_part, whole
from dicomweb.archive import Archive
from dicomweb.errors import BadRequest, InstanceRefused, TooLarge, UnsupportedMediaType
from dicomweb.incoming import SPILL, Arrived, Incoming, Outcome
from dicomweb.resources import Resource
from dicomweb.wire.media_types import DICOM, DICOM_JSON, RELATED, parse_content_type
from dicomweb.wire.multipart import MultipartReader, PartBegin, PartData, boundary_of
from dicomweb.wire.negotiation import find_choice
from dicomweb.wire.offers import store_offers
from dicomweb.wire.store_response import (
    FailedInstance,
    StoredInstance,
    store_response,
    store_response_json,
)
from dicomweb.wire.xml_model import to_xml

# Instances, and bytes, that are committed together; the next group gathers meanwhile.
GROUP = 64
GROUP_BYTES = 48 * 1024 * 1024
# Bytes that may wait in memory to be written.
IN_MEMORY = 8 * 1024 * 1024
_WRITERS = ThreadPoolExecutor(4, thread_name_prefix="store")
_AVAILABLE = f'{RELATED}; type="{DICOM}", {DICOM}'


async def store(request: Request) -> Streamed:
    """Every part of the request, each with its own outcome."""
    study = Resource(study=request.path_params.get("study", "")).study
    intake = Intake(request.state.archive, study, _limit(request))
    try:
        await _receive(request, intake)
        outcomes = await intake.finish()
    except BaseException:
        await intake.abandon()
        raise
    if not outcomes:
        raise BadRequest("The request has no part; each part is one PS3.10 file.")
    for outcome in outcomes:
        metrics.STORED.labels("refused" if outcome.reason else "stored").inc()
    return _respond(request, outcomes)


def _limit(request: Request) -> int:
    """The most bytes that the body may have; raises TooLarge when it says that it has more."""
    limit = int(request.state.settings.max_store_mb) * 1_000_000
    announced = request.headers.get("content-length", "")
    if limit and announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    return limit


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A store request may have {limit // 1_000_000} MB here; send several.")


async def _receive(request: Request, intake: "Intake") -> None:
    header = request.headers.get("content-type")
    if not header:
        raise BadRequest(f"A store request needs a Content-Type; possible are {_AVAILABLE}.")
    media_type = parse_content_type(header)
    if media_type.name == DICOM:
        await _receive_one(request, intake)
    elif media_type.name == RELATED and media_type.inner in (DICOM, "*/*"):
        await _receive_parts(request, intake, MultipartReader(boundary_of(media_type)))
    else:
        raise UnsupportedMediaType(
            f"{media_type.name} cannot be stored; possible are {_AVAILABLE}."
        )


async def _receive_one(request: Request, intake: "Intake") -> None:
    intake.begin("")
    async for chunk in request.stream():
        if chunk:
            await intake.data(chunk)
    if not intake.received:
        raise BadRequest("The body is empty; a PS3.10 file is right.")
    await intake.end()


async def _receive_parts(request: Request, intake: "Intake", reader: MultipartReader) -> None:
    """Feed the reader; when the multipart breaks after whole parts, those are kept."""
    try:
        async for chunk in request.stream():
            for event in reader.feed(chunk):
                await intake.take(event)
        for event in reader.close():
            await intake.take(event)
    except BadRequest as broken:
        if not intake.slots:
            raise
        intake.break_off(broken.sentence)


class Intake:
    """The instances of one request, from their first bytes to their outcomes.

    `slots` has one entry a part, in their order, each filled when its outcome is certain.
    """

    def __init__(self, archive: Archive, study: str, limit: int) -> None:
        self.archive = archive
        self.study = study
        self.limit = limit
        self.received = 0
        self.slots: list[Outcome | None] = []
        self._incoming: Incoming | None = None
        self._finishing: deque[tuple[int, int, asyncio.Future[Arrived]]] = deque()
        self._in_memory = 0
        self._group: list[tuple[int, Arrived]] = []
        self._committing: deque[tuple[list[int], Future[list[Outcome]]]] = deque()

    async def take(self, event: object) -> None:
        if isinstance(event, PartData):
            await self.data(event.data)
        elif isinstance(event, PartBegin):
            self.begin(event.headers.get("content-type", ""))
        else:
            await self.end()

    def begin(self, content_type: str) -> None:
        """A part begins; one that is no PS3.10 file has its outcome already."""
        self.slots.append(None)
        if content_type and not _is_dicom(content_type):
            self.slots[-1] = Outcome(
                reason=InstanceRefused.CANNOT_UNDERSTAND,
                sentence=f"A part is no {DICOM}.",
            )
            self._incoming = None
            return
        self._incoming = self.archive.incoming()

    async def data(self, piece: bytes | memoryview) -> None:
        self.received += len(piece)
        if self.limit and self.received > self.limit:
            raise _too_large(self.limit)
        incoming = self._incoming
        if incoming is None:
            return
        incoming.feed(piece)
        if incoming.waiting >= SPILL:
            try:
                await asyncio.get_running_loop().run_in_executor(_WRITERS, incoming.spill)
            except InstanceRefused as refusal:
                self._refuse(len(self.slots) - 1, refusal)

    def _refuse(self, slot: int, refusal: InstanceRefused) -> None:
        self.slots[slot] = Outcome.refused(refusal)
        if slot == len(self.slots) - 1:
            self._incoming = None

    async def end(self) -> None:
        """A part is complete: its rest is written and its header read in a thread."""
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        waiting = incoming.waiting
        future = asyncio.get_running_loop().run_in_executor(_WRITERS, incoming.finish, self.study)
        self._finishing.append((len(self.slots) - 1, waiting, future))
        self._in_memory += waiting
        while self._in_memory > IN_MEMORY or (self._finishing and self._finishing[0][2].done()):
            await self._finished()

    async def _finished(self) -> None:
        """Wait for the part that ended first, and commit a group when one is full."""
        slot, waiting, future = self._finishing.popleft()
        self._in_memory -= waiting
        try:
            self._group.append((slot, await future))
        except InstanceRefused as refusal:
            self._refuse(slot, refusal)
            return
        size = sum(arrived.size for _, arrived in self._group)
        if len(self._group) >= GROUP or size >= GROUP_BYTES:
            await self._commit()

    async def _commit(self) -> None:
        """Hand the group over; no more than two groups may be on their way."""
        group, self._group = self._group, []
        if group:
            future = self.archive.submit([arrived for _, arrived in group])
            self._committing.append(([slot for slot, _ in group], future))
        while len(self._committing) > 1:
            await self._committed()

    async def _committed(self) -> None:
        slots, future = self._committing.popleft()
        outcomes: list[Outcome] = await asyncio.wrap_future(future)
        for slot, outcome in zip(slots, outcomes, strict=True):
            self.slots[slot] = outcome

    def break_off(self, sentence: str) -> None:
        """The multipart breaks here: what was whole before stays, the rest is one failure."""
        if self._incoming is not None:
            self._incoming.discard()
            self._incoming = None
            self.slots.pop()
        self.slots.append(Outcome(reason=InstanceRefused.CANNOT_UNDERSTAND, sentence=sentence))

    async def finish(self) -> list[Outcome]:
        """The outcomes of all parts, once the last is durable."""
        while self._finishing:
            await self._finished()
        await self._commit()
        while self._committing:
            await self._committed()
        return [outcome for outcome in self.slots if outcome is not None]

    async def abandon(self) -> None:
        """The request failed, or its client is gone: nothing that was not committed stays."""
        if self._incoming is not None:
            self._incoming.discard()
        finishing = [future for _, _, future in self._finishing]
        results = await asyncio.gather(*finishing, return_exceptions=True)
        arrived = [one for one in results if isinstance(one, Arrived)]
        self.archive.discard([*arrived, *(one for _, one in self._group)])


def _is_dicom(content_type: str) -> bool:
    try:
        return parse_content_type(content_type).name == DICOM
    except BadRequest:
        return False


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
        outcome.sop_class, outcome.sop_instance, f"{root}{resource.path}", warning
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
