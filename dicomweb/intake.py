"""The instances of one store request, from their first bytes to their outcomes.

The body streams: each part is on its way to the disk while the next arrives, groups of parts are
made durable meanwhile, and no more than a few MB wait in memory whatever the size of the request.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TypeVar

from dicomweb.actor import PROGRAM, Actor
from dicomweb.archive import Archive
from dicomweb.assembly import assemble
from dicomweb.bundle import Bundle
from dicomweb.errors import BadRequest, InstanceRefused, TooLarge
from dicomweb.incoming import SPILL, Arrived, Incoming, Outcome
from dicomweb.unpacking import open_zip, read_member
from dicomweb.wire.media_types import DICOM, OCTET_STREAM, parse_content_type
from dicomweb.wire.multipart import PartBegin, PartData

# Instances, and bytes, that are committed together; the next group gathers meanwhile.
GROUP = 32
GROUP_BYTES = 48 * 1024 * 1024
# Bytes that may wait in memory to be written, and instances that may be put together at once.
IN_MEMORY = 8 * 1024 * 1024
IN_FLIGHT = 8
_FILE, _FILES = (DICOM,), (DICOM, OCTET_STREAM)
_WRITERS = ThreadPoolExecutor(4, thread_name_prefix="store")
Result = TypeVar("Result")


async def in_writer(work: Callable[..., Result], *arguments: object) -> Result:
    """Run `work` in one of the threads that write."""
    return await asyncio.get_running_loop().run_in_executor(_WRITERS, partial(work, *arguments))


class Intake:
    """Takes the parts of one request.

    `slots` has one entry an instance, in their order, each filled when its outcome is certain. With
    a `bundle`, parts that are no PS3.10 files are metadata and bulk data.
    """

    def __init__(
        self,
        archive: Archive,
        study: str,
        limit: int,
        bundle: Bundle | None = None,
        actor: Actor = PROGRAM,
    ) -> None:
        self.archive = archive
        self.study = study
        self.limit = limit
        self.bundle = bundle
        self.actor = actor
        self.received = 0
        self.gathered = False
        self.slots: list[Outcome | None] = []
        self._incoming: Incoming | None = None
        self._gathering = False
        self._finishing: deque[tuple[int, int, asyncio.Future[Arrived]]] = deque()
        self._in_memory = 0
        self._group: list[tuple[int, Arrived]] = []
        self._committing: deque[tuple[list[int], Future[list[Outcome]]]] = deque()

    async def take(self, event: object) -> None:
        if isinstance(event, PartData):
            await self.data(event.data)
        elif isinstance(event, PartBegin):
            self.begin(event.headers)
        else:
            await self.end()

    def begin(self, headers: Mapping[str, str]) -> None:
        """A part begins; one that cannot be stored has its outcome already."""
        content_type = headers.get("content-type", "")
        assumed = DICOM if self.bundle is None else self.bundle.assumed
        # Beside files alone, what nobody has named is one, perhaps: its bytes say so.
        is_dicom = _is(content_type or assumed, _FILES if self.bundle is None else _FILE)
        if self.bundle is not None and not is_dicom:
            self.gathered = self._gathering = True
            self.bundle.begin(dict(headers))
            return
        self.slots.append(None)
        if not is_dicom:
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
            raise too_large(self.limit)
        incoming = self._incoming
        if incoming is None:
            if self._gathering and self.bundle is not None:
                self.bundle.feed(piece)
                if self.bundle.waiting >= SPILL:
                    await in_writer(self.bundle.spill)
            return
        incoming.feed(piece)
        if incoming.waiting >= SPILL:
            try:
                await in_writer(incoming.spill)
            except InstanceRefused as refusal:
                self._refuse(len(self.slots) - 1, refusal)

    def _refuse(self, slot: int, refusal: InstanceRefused) -> None:
        self.slots[slot] = Outcome.refused(refusal)
        if slot == len(self.slots) - 1:
            self._incoming = None

    async def end(self) -> None:
        """A part is complete: its rest is written and its header read in a thread."""
        if self._gathering and self.bundle is not None:
            self._gathering = False
            await in_writer(self.bundle.end)
            return
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        waiting = incoming.waiting
        future = asyncio.get_running_loop().run_in_executor(_WRITERS, incoming.finish, self.study)
        self._finishing.append((len(self.slots) - 1, waiting, future))
        self._in_memory += waiting
        while self._in_memory > IN_MEMORY or (self._finishing and self._finishing[0][2].done()):
            await self._finished()

    async def assemble(self) -> None:
        """Metadata and bulk data are all there: make their instances (PS3.18 10.5.2).

        BadRequest, TooLarge when the metadata cannot be read.
        """
        bundle = self.bundle
        assert bundle is not None
        datasets = bundle.datasets()
        while (dataset := await in_writer(_next, datasets)) is not None:
            if isinstance(dataset, InstanceRefused):
                self.slots.append(Outcome.refused(dataset))
            else:
                await self._arrive(partial(assemble, dataset, bundle))

    async def unzip(self) -> None:
        """The spool of the bundle holds a ZIP: its files are instances."""
        bundle = self.bundle
        assert bundle is not None
        size = bundle.spool.size
        archive, members = await in_writer(open_zip, bundle.spool.file(), size)
        if self.limit and sum(member.file_size for member in members) > self.limit:
            raise too_large(self.limit)
        for member in members:
            await self._arrive(partial(read_member, archive, member))

    async def _arrive(self, make: Callable[[], Iterable[bytes]]) -> None:
        """An instance that is put together in a thread, a few at a time."""
        self.slots.append(None)

        def work() -> Arrived:
            return self.archive.arrive(make(), self.study)

        future = asyncio.get_running_loop().run_in_executor(_WRITERS, work)
        self._finishing.append((len(self.slots) - 1, 0, future))
        while len(self._finishing) >= IN_FLIGHT:
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
            future = self.archive.submit([arrived for _, arrived in group], self.actor)
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
        self.gathered = self._gathering = False
        self.slots.append(Outcome(reason=InstanceRefused.CANNOT_UNDERSTAND, sentence=sentence))

    async def finish(self) -> list[Outcome]:
        """The outcomes of all instances, once the last is durable."""
        while self._finishing:
            await self._finished()
        await self._commit()
        while self._committing:
            await self._committed()
        if self.bundle is not None:
            self.bundle.close()
        return [outcome for outcome in self.slots if outcome is not None]

    async def abandon(self) -> None:
        """The request failed, or its client is gone: nothing that was not committed stays."""
        if self._incoming is not None:
            self._incoming.discard()
        finishing = [future for _, _, future in self._finishing]
        results = await asyncio.gather(*finishing, return_exceptions=True)
        arrived = [one for one in results if isinstance(one, Arrived)]
        self.archive.discard([*arrived, *(one for _, one in self._group)])
        if self.bundle is not None:
            self.bundle.close()


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"A store request may have {limit // 1_000_000} MB here; send several.")


def _next(found: Iterator[Result]) -> Result | None:
    return next(found, None)


@lru_cache(maxsize=64)
def _is(content_type: str, names: tuple[str, ...]) -> bool:
    try:
        return parse_content_type(content_type).name in names
    except BadRequest:
        return False
