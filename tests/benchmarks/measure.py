"""Measuring in turns: A B, B A, … in one run, so that a noisy neighbour disturbs both alike."""

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.client import Answer, Connection, Request
from tests.benchmarks.peers import Peer
from tests.benchmarks.processes import Meter

IN_FLIGHT = 8
PREWARM_MB = 1000

Job = Callable[[], int]  # does the operations and says how many


class Void(Exception):
    """An answer was wrong: what was measured means nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """One server's way to do an operation.

    `prepare` makes ready, outside the measurement, what the job of one round needs. With `settles`
    the work that a server leaves for later is waited for and counted.
    """

    name: str
    meter: Meter
    prepare: Callable[[int], Job]
    settles: bool = False


@dataclass(slots=True)
class Samples:
    """What one side did, a value a round."""

    cpu_us: list[float] = field(default_factory=list)  # server CPU per operation
    wall_us: list[float] = field(default_factory=list)  # time that passed per operation

    @property
    def cpu(self) -> float:
        return median(self.cpu_us)


def in_turns(sides: Sequence[Side], rounds: int, *, warm: bool = True) -> dict[str, Samples]:
    """`rounds` rounds, the sides in changing order; with `warm` one before them is dropped."""
    found = {side.name: Samples() for side in sides}
    for number in range(-1 if warm else 0, rounds):
        for side in sides if number % 2 else reversed(sides):
            cpu, wall = _once(side, number)
            if number >= 0:
                found[side.name].cpu_us.append(cpu)
                found[side.name].wall_us.append(wall)
    return found


def _once(side: Side, number: int) -> tuple[float, float]:
    job = side.prepare(number)
    cpu, started = side.meter.cpu_ns(), time.perf_counter_ns()
    count = job()
    wall = time.perf_counter_ns() - started
    if side.settles:
        side.meter.settle()
    return (side.meter.cpu_ns() - cpu) / count / 1000, wall / count / 1000


def ratios(over: list[float], under: list[float]) -> list[float]:
    """Round by round, so that what disturbs a round disturbs both of its halves."""
    return [a / b for a, b in zip(over, under, strict=True)]


def differences(more: list[float], less: list[float]) -> list[float]:
    return [a - b for a, b in zip(more, less, strict=True)]


@dataclass(frozen=True, slots=True)
class Loop:
    """Sends requests over and over for some seconds, a few connections in flight."""

    peer: Peer
    requests: Sequence[Request]
    seconds: float
    in_flight: int = IN_FLIGHT

    def side(self, name: str = "") -> Side:
        return Side(name or self.peer.name, self.peer.meter, self.prepare)

    def prepare(self, number: int) -> Job:
        """Open the connections; each asks once before it counts."""
        connections = [self.peer.connect() for _ in range(self.in_flight)]
        for connection in connections:
            require_ok(connection.ask(self.requests[number % len(self.requests)]))
        return lambda: self._run(connections, number)

    def _run(self, connections: list[Connection], number: int) -> int:
        order = list(self.requests)
        random.Random(number).shuffle(order)
        count, end = 0, time.perf_counter() + self.seconds
        with ExitStack() as opened:
            for connection in connections:
                opened.enter_context(connection)
            while time.perf_counter() < end:
                for connection in connections:
                    connection.send(order[count % len(order)])
                    count += 1
                for connection in connections:
                    require_ok(connection.read())
        return count


@dataclass(frozen=True, slots=True)
class Once:
    """Sends each request of a round once: for what only the first time costs."""

    peer: Peer
    requests: Callable[[int], Sequence[Request]]

    def side(self, name: str = "") -> Side:
        return Side(name or self.peer.name, self.peer.meter, self.prepare)

    def prepare(self, number: int) -> Job:
        requests = self.requests(number)
        return lambda: self._run(requests)

    def _run(self, requests: Sequence[Request]) -> int:
        with self.peer.connect() as connection:
            for request in requests:
                require_ok(connection.ask(request))
        return len(requests)


def require_ok(answer: Answer) -> None:
    require(answer.status == 200, f"an answer had status {answer.status}")


def require(right: bool, otherwise: str) -> None:
    """Make the row void unless `right`."""
    if not right:
        raise Void(otherwise)


def prewarm(folder: Path, megabytes: int = PREWARM_MB) -> None:
    """Write and delete a file, so that the guest's free pages have host memory behind them."""
    path, block = folder / "prewarm", bytes(range(256)) * 4096
    with path.open("wb") as out:
        for _ in range(megabytes):
            out.write(block)
    path.unlink()


def disk_rate(folder: Path, pieces: Iterable[bytes]) -> float:
    """MB/s of `dd conv=fdatasync` writing these bytes to the same disk, read from memory."""
    memory = Path("/dev/shm")
    source = (memory if memory.is_dir() else folder) / f"bench-{folder.name}"
    target = folder / "dd"
    try:
        with source.open("wb") as out:
            out.writelines(pieces)
        size = source.stat().st_size
        dd = ["dd", f"if={source}", f"of={target}", "bs=512k", "conv=fdatasync", "status=none"]
        started = time.perf_counter()
        subprocess.run(dd, check=True)
        return size / 1e6 / (time.perf_counter() - started)
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def free_gb(folder: Path) -> float:
    return shutil.disk_usage(folder).free / 1e9
