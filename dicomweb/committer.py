"""Bytes first, rows last, answer after both: one thread that makes groups of instances durable.

While one group is being flushed the next ones gather, so that many small requests share a flush
and a transaction (group commit). The commit is the moment at which an instance exists.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue

from dicomweb.actor import PROGRAM, Actor
from dicomweb.errors import InstanceRefused, Refusal
from dicomweb.incoming import Arrived, Outcome
from dicomweb.index import Duplicate, Index, Record, Stored
from dicomweb.part10.bulk import pack_bulk
from dicomweb.storage import Storage

log = logging.getLogger("dicomweb")

# A transaction takes at most about this many instances; a longer one would hold up other workers.
GROUP = 200

Same = Callable[[Arrived, Duplicate], bool]
_Job = tuple[Sequence[Arrived], Actor, "Future[list[Outcome]]"]


class Committer:
    """Flushes and indexes what has arrived. `submit` may be called from any thread."""

    def __init__(self, index: Index, storage: Storage, same: Same) -> None:
        self._index = index
        self._storage = storage
        self._same = same
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def submit(self, arrived: Sequence[Arrived], actor: Actor = PROGRAM) -> "Future[list[Outcome]]":
        """One outcome an instance, in the same order, once they are durable and indexed."""
        future: Future[list[Outcome]] = Future()
        self._queue.put((arrived, actor, future))
        return future

    def close(self) -> None:
        """Finish what has been submitted, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            size = len(job[0])
            while size < GROUP and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._queue.put(None)
                    break
                jobs.append(following)
                size += len(following[0])
            self._serve(jobs)

    def _serve(self, jobs: list[_Job]) -> None:
        """All jobs in one transaction; when that fails, each alone, so that one cannot harm all."""
        arrived = [one for group, _, _ in jobs for one in group]
        try:
            self._storage.flush([one.key for one in arrived])
            results = self._index.store(
                [_record(one, actor) for group, actor, _ in jobs for one in group]
            )
        except Exception as fault:
            if len(jobs) > 1:
                for job in jobs:
                    self._serve([job])
                return
            self._take_away([one.key for one in arrived])
            jobs[0][2].set_result([_failed(one, fault) for one in arrived])
            return
        outcomes = [self._outcome(*pair) for pair in zip(arrived, results, strict=True)]
        self._take_away(
            [
                one.key
                for one, result in zip(arrived, results, strict=True)
                if isinstance(result, Duplicate)
            ]
        )
        for group, _, future in jobs:
            future.set_result(outcomes[: len(group)])
            del outcomes[: len(group)]

    def _outcome(self, one: Arrived, result: Stored | Duplicate) -> Outcome:
        """What to answer for a committed group: nothing may be undone from here on."""
        if isinstance(result, Stored):
            return Outcome.of(one.header)
        try:
            same = self._same(one, result)
        except Refusal:
            return Outcome.of(
                one.header,
                InstanceRefused.PROCESSING_FAILURE,
                "The instance stored under this SOP Instance UID was just removed: send it again.",
            )
        if same:
            return Outcome.of(one.header)
        return Outcome.of(
            one.header,
            InstanceRefused.DUPLICATE,
            "Another data set has this SOP Instance UID; it was kept.",
        )

    def _take_away(self, keys: list[str]) -> None:
        """Bytes that no row names; should this fail, `dicomweb check` finds them."""
        with suppress(OSError):
            self._storage.remove(keys)


def _record(one: Arrived, actor: Actor) -> Record:
    header = one.header
    return Record(
        study=header.study,
        series=header.series,
        instance=header.sop_instance,
        sop_class=header.sop_class,
        transfer_syntax=header.transfer_syntax,
        json=header.json,
        elements=header.elements,
        frames=header.frames.pack() if header.frames is not None else b"",
        bulk=pack_bulk(header.bulk),
        dataset_offset=header.dataset_offset,
        size=one.size,
        sha256=one.sha256,
        key=one.key,
        actor=actor,
    )


def _failed(one: Arrived, fault: Exception) -> Outcome:
    if isinstance(fault, OSError):
        return Outcome.of(
            one.header, InstanceRefused.NO_RESOURCES, "The storage could not make it durable."
        )
    if not isinstance(fault, Refusal):
        log.error("An instance could not be indexed", exc_info=fault)
    sentence = fault.sentence if isinstance(fault, Refusal) else "The index could not take it."
    return Outcome.of(one.header, InstanceRefused.PROCESSING_FAILURE, sentence)
