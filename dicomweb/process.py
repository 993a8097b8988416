"""What a server process sets for itself: the allocator, the send buffer, the garbage collector."""

import contextlib
import ctypes
import gc

# glibc maps and unmaps every buffer over 128 KB, which costs a page fault for each 4 KB of it; an
# image is such a buffer. Kept and reused, the same buffers cost a quarter (DECISIONS.md, 3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
MMAP_THRESHOLD = 64 * 1024 * 1024
TRIM_THRESHOLD = 128 * 1024 * 1024

# How much may wait in a connection's send buffer before the sender waits: two CT frames.
HIGH_WATER = 1024 * 1024


def tune() -> None:
    """Settings of this process, harmless where the platform knows them not."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD)
        library.mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)
    from uvicorn.protocols.http import flow_control, httptools_impl

    flow_control.HIGH_WATER_LIMIT = HIGH_WATER
    httptools_impl.HIGH_WATER_LIMIT = HIGH_WATER  # type: ignore[attr-defined]


# Loading makes 180,000 objects that stay: looking for garbage among them 260 times, as Python does
# by itself, is an eighth of the CPU of a start.
_GC_WHILE_LOADING = (300_000, 20, 50)

# Requests leave next to no cycles behind: looking for them after every 700 objects, and at times
# through all the modules, costs a tenth of the CPU.
_GC_THRESHOLDS = (20_000, 20, 50)


def hasten() -> None:
    """Before everything is loaded: nobody looks for garbage until `settle`."""
    gc.set_threshold(*_GC_WHILE_LOADING)


def settle() -> None:
    """Once everything is loaded: what is here now stays, and is not searched for garbage again.

    Nor now: it takes 70 ms and finds some hundred objects among 180,000.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
