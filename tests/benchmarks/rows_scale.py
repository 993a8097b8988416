"""Rows of scale: searches in 100,000 studies, ingest beside a million instances."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks import filled
from tests.benchmarks.bench import Bench
from tests.benchmarks.client import Request, get
from tests.benchmarks.filled import INSTANCES_OF_A_STUDY, Archive
from tests.benchmarks.instances import ct, series
from tests.benchmarks.measure import (
    Job,
    Loop,
    Samples,
    Side,
    differences,
    in_turns,
    require,
    require_ok,
)
from tests.benchmarks.peers import ROOT
from tests.benchmarks.report import Line, faster, microseconds, within
from tests.benchmarks.storing import BATCH, DICOM_JSON, batches, require_stored

SEARCH_LIMIT_US = 100
NO_GROWTH, GROWTH_NOISE_US = 1.25, 15.0
INGEST_NOISE = 1.2
LIVE = get("/health/live")


@dataclass(frozen=True, slots=True)
class Search:
    """A search among the made studies, and which of them, by number, it is to find."""

    words: str
    query: str
    finds: Callable[[int, int], bool]  # (number of the study, studies) -> whether it matches
    limit: int = 10_000

    @property
    def request(self) -> Request:
        return get(f"{ROOT}/studies?{self.query}&limit={self.limit}", DICOM_JSON)

    def expected(self, studies: int) -> list[str]:
        """Study Instance UIDs, the newest study first."""
        found = []
        for number in reversed(range(studies)):
            if self.finds(number, studies):
                found.append(filled.study(number))
            if len(found) == self.limit:
                break
        return found


def _named(number: int, studies: int) -> bool:
    return filled.name(number, studies).startswith("NAME000001")


SEARCHES = (
    Search("newest 25 studies", "", lambda number, studies: True, 25),
    Search("name prefix, 100 matches, 25 shown", "PatientName=NAME000001*", _named, 25),
    Search("name prefix, all 100 matches", "PatientName=NAME000001*", _named, 101),
    Search(
        "a week and ModalitiesInStudy",
        "StudyDate=19950108-19950114&ModalitiesInStudy=MR",
        lambda number, studies: 70 <= number < 140 and filled.modality(number) == "MR",
        101,
    ),
    Search(
        "25 years and a rare ModalitiesInStudy, 10 shown",
        "StudyDate=19950101-20191231&ModalitiesInStudy=PT",
        lambda number, studies: (
            filled.day(number) <= "20191231" and filled.modality(number) == "PT"
        ),
        10,
    ),
)


def search(bench: Bench) -> Iterator[Line]:
    """What a search costs beyond an empty route, how that grows, and what it costs Orthanc."""
    for each in SEARCHES:
        yield from _search(bench, each)


def _search(bench: Bench, each: Search) -> Iterator[Line]:
    archives = [bench.few, bench.many, *([bench.orthanc_filled] if bench.orthanc_filled else [])]
    for archive in archives:
        _check(archive, each)
    seconds = bench.options.seconds
    sides = [Loop(archive.peer, [each.request], seconds).side() for archive in archives]
    sides.append(Loop(bench.many.peer, [LIVE], seconds).side("empty route"))
    found = in_turns(sides, bench.options.rounds)
    few, many = found[bench.few.peer.name], found[bench.many.peer.name]
    empty = found["empty route"].cpu_us
    beyond = differences(many.cpu_us, empty)
    operation = f"{each.words}, of {bench.many.studies:,}"
    yield Line(
        operation,
        f"≤ {SEARCH_LIMIT_US} µs beyond an empty route",
        f"{median(beyond):.0f} µs ({min(beyond):.0f}-{max(beyond):.0f})",
        f"empty route {microseconds(median(empty))}",
        met=median(beyond) <= SEARCH_LIMIT_US,
        values={"beyond_us": median(beyond), "empty_us": median(empty)},
    )
    yield _growth(bench, each, differences(few.cpu_us, empty), beyond)
    if bench.orthanc_filled:
        yield _beside(bench.orthanc_filled, operation, many, found)


def _growth(bench: Bench, each: Search, few: list[float], many: list[float]) -> Line:
    """No growth means: within a quarter, or a few microseconds, of what few studies cost."""
    small, large = median(few), median(many)
    return Line(
        f"{each.words}: growth from {bench.few.studies:,} to {bench.many.studies:,}",
        f"none (≤ {NO_GROWTH:g}x or {GROWTH_NOISE_US:.0f} µs)",
        f"{large:.0f} µs",
        f"with {bench.few.studies:,}: {small:.0f} µs",
        f"{large / small:.2f}x",
        large <= max(NO_GROWTH * small, small + GROWTH_NOISE_US),
        values={"few_us": small, "many_us": large},
    )


def _beside(orthanc: Archive, operation: str, mine: Samples, found: dict[str, Samples]) -> Line:
    theirs = found[orthanc.peer.name]
    name = f"{operation}: whole request"
    return faster(name, 1, orthanc.peer.name, mine, theirs)


def _check(archive: Archive, each: Search) -> None:
    """The right studies; in the order of the contract too where the archive is ours."""
    answer = archive.peer.ask(each.request)
    require_ok(answer)
    found = [study["0020000D"]["Value"][0] for study in json.loads(answer.body)]
    expected = each.expected(archive.studies)
    words = f"{archive.peer.name}: {each.words}"
    require(len(found) == len(expected), f"{words}: {len(found)} of {len(expected)} studies")
    if archive.is_ours:
        require(found == expected, f"{words}: other studies, or in another order")


def ingest(bench: Bench) -> Iterator[Line]:
    """Storing small CT instances beside 10,000 and beside a million that are there already."""
    sides = [_ingesting(bench, archive) for archive in (bench.few, bench.many)]
    found = in_turns(sides, bench.options.rounds)
    few, many = found[bench.few.peer.name], found[bench.many.peer.name]
    yield within(
        f"ingest beside {bench.many.studies * INSTANCES_OF_A_STUDY:,} instances",
        INGEST_NOISE,
        f"beside {bench.few.studies * INSTANCES_OF_A_STUDY:,}",
        many,
        few,
    )


def _ingesting(bench: Bench, archive: Archive) -> Side:
    template, count = ct(16), bench.options.scaled(8, 2)

    def prepare(number: int) -> Job:
        many = [series(BATCH, archive.peer.name, number, each) for each in range(count)]
        requests = [next(batches(places, template)) for places in many]
        return lambda: _send(archive, requests)

    return Side(archive.peer.name, archive.peer.meter, prepare, settles=True)


def _send(archive: Archive, requests: Sequence[Request]) -> int:
    with archive.peer.connect() as connection:
        for request in requests:
            require_stored(connection.ask(request, keep=True), BATCH)
    return len(requests) * BATCH
