"""Rows of storing, durable: many instances a request and one, beside the rate of the disk."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.client import Request, parts
from tests.benchmarks.instances import PATIENT_ID, Place, Template, series
from tests.benchmarks.measure import Job, Side, disk_rate, in_turns, prewarm, ratios, require
from tests.benchmarks.peers import Peer, remove_study
from tests.benchmarks.report import Line, absent, faster
from tests.benchmarks.storing import BATCH, batches, require_stored, stored_file

CLIENTS = 4


class Storing:
    """Stores fresh instances in every round, beside a measurement of the disk, and removes them."""

    def __init__(self, bench: Bench, peer: Peer, *, batch: int, clients: int) -> None:
        self.bench, self.peer = bench, peer
        self.batch, self.clients = batch, clients
        self.count = bench.options.scaled(200, 8)
        self.disk: list[float] = []
        self._stored: list[Place] = []

    def side(self) -> Side:
        return Side(self.peer.name, self.peer.meter, self.prepare, settles=True)

    def prepare(self, number: int) -> Job:
        self.remove()
        template = self.bench.template
        self._stored = series(self.count, self.peer.name, self.batch, number)
        requests = list(batches(self._stored, template, self.batch))
        prewarm(self.bench.folder, self.bench.options.scaled(1000, 10))
        self.peer.meter.settle()
        if number >= 0:
            self.disk.append(disk_rate(self.bench.folder, map(template.file, self._stored)))
        return lambda: self._store(requests)

    def remove(self) -> None:
        if self._stored:
            self._check()
            remove_study(self.peer, self._stored[0].study, PATIENT_ID)

    def _store(self, requests: Sequence[Request]) -> int:
        shares = [requests[at :: self.clients] for at in range(self.clients)]
        with ThreadPoolExecutor(self.clients) as clients:
            list(clients.map(self._send, shares))
        return self.count

    def _send(self, requests: Sequence[Request]) -> None:
        with self.peer.connect() as connection:
            answers = [connection.ask(request, keep=True) for request in requests]
        for answer in answers:
            require_stored(answer, min(self.batch, self.count))

    def _check(self) -> None:
        place = self._stored[-1]
        files = parts(stored_file(self.peer, place))
        sent = self.bench.template.file(place)
        require(files == [sent], f"{self.peer.name} gave another file than was stored")


def many_per_request(bench: Bench) -> Iterator[Line]:
    """50 instances of 512 KB in a request."""
    yield from _rows(bench, f"store, durable, {BATCH} a request", batch=BATCH, clients=1)


def one_per_request(bench: Bench) -> Iterator[Line]:
    """One instance a request from four clients at once."""
    yield from _rows(bench, f"store, durable, 1 a request x {CLIENTS}", batch=1, clients=CLIENTS)


def _rows(bench: Bench, operation: str, *, batch: int, clients: int) -> Iterator[Line]:
    stores = [Storing(bench, each, batch=batch, clients=clients) for each in bench.archives]
    found = in_turns([each.side() for each in stores], bench.options.rounds)
    for each in stores:
        each.remove()
    mine = found[bench.ours.name]
    if bench.orthanc:
        theirs = found[bench.orthanc.name]
        yield faster(operation, 3, bench.orthanc.name, mine, theirs)
        rate = median(_rates(bench.template, theirs.wall_us))
        bench.say(f"  for comparison: Orthanc stores {rate:.0f} MB/s")
    else:
        yield absent(operation, "Orthanc is absent")
    rates = _rates(bench.template, mine.wall_us)
    yield _against_disk(f"{operation}: MB/s", rates, stores[0].disk)


def _rates(template: Template, wall_us: list[float]) -> list[float]:
    return [template.size / each for each in wall_us]


def _against_disk(operation: str, rates: list[float], disk: list[float]) -> Line:
    shares = [100 * each for each in ratios(rates, disk)]
    return Line(
        operation,
        "≥ 70 % of dd with fdatasync",
        f"{median(rates):.0f} MB/s",
        f"dd {median(disk):.0f} MB/s",
        f"{median(shares):.0f} % ({min(shares):.0f}-{max(shares):.0f})",
        median(shares) >= 70,
        values={"ours_mb_s": median(rates), "dd_mb_s": median(disk), "percent": median(shares)},
    )
