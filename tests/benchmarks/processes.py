"""What a server costs: CPU nanoseconds and resident memory of a process and its children."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
PEAK_RESET = "5"  # proc(5): writing it to clear_refs sets VmHWM back to VmRSS


def _family(pid: int) -> list[int]:
    """The process and its descendants that live."""
    found = [pid]
    for each in found:
        for listing in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in listing.read_text().split()]
    return found


def _cpu_clock(pid: int) -> int:
    """Linux's number for the CPU clock of another process (clock_getcpuclockid), in nanoseconds.

    It counts every thread, those that ended included, without the 10 ms ticks of /proc/PID/stat.
    """
    return (~pid << 3) | 2


def _reaped_ns(pid: int) -> int:
    """CPU of children that ended and were waited for, in ticks: cutime and cstime of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK_NS


def _memory_kb(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


@dataclass(frozen=True)
class Meter:
    """Reads one server's process and its children."""

    pid: int

    def cpu_ns(self) -> int:
        """User and system time since the start, in nanoseconds."""
        family = _family(self.pid)
        return sum(time.clock_gettime_ns(_cpu_clock(pid)) + _reaped_ns(pid) for pid in family)

    def resident_mb(self) -> float:
        """Resident memory in MB (10^6 bytes), shared pages of children counted once each."""
        return sum(_memory_kb(pid, "VmRSS") for pid in _family(self.pid)) * 1024 / 1e6

    def reset_peak(self) -> None:
        for pid in _family(self.pid):
            Path(f"/proc/{pid}/clear_refs").write_text(PEAK_RESET)

    def peak_mb(self) -> float:
        """The largest resident memory since `reset_peak`, in MB, as the kernel recorded it."""
        return sum(_memory_kb(pid, "VmHWM") for pid in _family(self.pid)) * 1024 / 1e6

    def settle(self, limit: float = 20.0, *, quiet: float = 0.02) -> None:
        """Wait until work left behind by requests is done, at most `limit` seconds.

        `quiet` is the share of one core under which a server counts as idle.
        """
        end = time.monotonic() + limit
        while time.monotonic() < end:
            before, started = self.cpu_ns(), time.monotonic_ns()
            time.sleep(0.25)
            if self.cpu_ns() - before < quiet * (time.monotonic_ns() - started):
                return
