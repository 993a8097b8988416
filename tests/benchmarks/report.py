"""The table: one line an operation, with goal, both numbers, ratio and verdict."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.benchmarks.measure import Samples, ratios

HEADINGS = ("Operation", "Goal", "Ours", "Peer", "Ratio (range)", "Verdict")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; numbers as text for people and as they are for `--json`."""

    operation: str
    goal: str
    ours: str
    peer: str = ""
    ratio: str = ""
    met: bool | None = None  # None: nothing to be judged
    note: str = ""
    values: dict[str, float] | None = None

    @property
    def verdict(self) -> str:
        word = {True: "met", False: "**missed**", None: ""}[self.met]
        return " ".join(filter(None, (word, self.note)))


def microseconds(value: float) -> str:
    """A time as a person reads it."""
    if abs(value) < 1000:
        return f"{value:.0f} µs"
    return f"{value / 1000:.2f} ms" if value < 100_000 else f"{value / 1000:.0f} ms"


def _spread(values: list[float], form: str) -> str:
    low, middle, high = (format(each, form) for each in (min(values), median(values), max(values)))
    return f"{middle}x ({low}-{high})"


def faster(operation: str, times: float, peer: str, ours: Samples, theirs: Samples) -> Line:
    """The peer spends at least `times` as much."""
    quotients = ratios(theirs.cpu_us, ours.cpu_us)
    goal = f"≥ {times:g}x less than {peer}"
    met = median(quotients) >= times
    return _compared(operation, goal, peer, (ours, theirs), _spread(quotients, ".1f"), met)


def within(operation: str, times: float, peer: str, ours: Samples, theirs: Samples) -> Line:
    """We spend at most `times` as much."""
    quotients = ratios(ours.cpu_us, theirs.cpu_us)
    met = median(quotients) <= times
    goal = f"≤ {times:g}x {peer}"
    return _compared(operation, goal, peer, (ours, theirs), _spread(quotients, ".2f"), met)


def _compared(
    operation: str, goal: str, peer: str, both: tuple[Samples, Samples], ratio: str, met: bool
) -> Line:
    ours, theirs = (each.cpu for each in both)
    values = {"ours_us": ours, "peer_us": theirs}
    shown = f"{peer} {microseconds(theirs)}"
    return Line(operation, goal, microseconds(ours), shown, ratio, met, values=values)


def at_most(operation: str, limit: float, values: list[float], unit: str) -> Line:
    """The median is at most `limit`, both in `unit`."""
    middle = median(values)
    digits = ".2f" if middle < 10 else ".0f"
    return Line(
        operation,
        f"≤ {limit:g} {unit}",
        f"{middle:{digits}} {unit} ({min(values):{digits}}-{max(values):{digits}})",
        met=middle <= limit,
        values={"ours": middle, "limit": limit},
    )


def void(operation: str, reason: str) -> Line:
    return Line(operation, "", "", note=f"**void**: {reason}", met=None)


def absent(operation: str, reason: str) -> Line:
    return Line(operation, "", "", note=f"**not measured**: {reason}")


def markdown(lines: Iterable[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    rows += [
        (line.operation, line.goal, line.ours, line.peer, line.ratio, line.verdict)
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine() -> str:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores, {_processor()} · "
        f"{memory:.0f} GB · Linux {platform.release()} · Python {platform.python_version()} · "
        f"load {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def write_json(path: Path, lines: Iterable[Line], about: dict[str, str]) -> None:
    entries = [{**asdict(line), "verdict": line.verdict} for line in lines]
    path.write_text(json.dumps({**about, "lines": entries}, indent=1, ensure_ascii=False) + "\n")
