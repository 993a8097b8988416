"""Rows of the process itself: what starting and idling costs, and memory while 4 GB stream in."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.benchmarks import peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.client import get
from tests.benchmarks.instances import Place, ct, encode, make, series
from tests.benchmarks.measure import Loop, in_turns, require_ok
from tests.benchmarks.peers import ROOT
from tests.benchmarks.report import Line, at_most, microseconds
from tests.benchmarks.storing import CLOSING, DICOM_JSON, KIND, OPENING, load, require_stored

START_LIMIT, IDLE_LIMIT = 0.8, 110
GROWTH_LIMIT = 64
MULTI_FRAME = UID("1.2.840.10008.5.1.4.1.1.7.3")
FRAME = 512 * 512 * 2
ZEROS = memoryview(bytes(1024 * 1024))


def empty_route(bench: Bench) -> Iterator[Line]:
    """The smallest answer there is, beside a file as small: how quick the machine is just now."""
    loops = [Loop(bench.ours, [get("/health/live")], bench.options.seconds)]
    if bench.nginx:
        (bench.nginx.folder / "files" / "small").write_bytes(
            bench.ours.ask(get("/health/live")).body
        )
        loops.append(Loop(bench.nginx, [get("/small")], bench.options.seconds))
    found = in_turns([loop.side() for loop in loops], bench.options.rounds)
    costs = {name: samples.cpu for name, samples in found.items()}
    mine = costs.pop(bench.ours.name)
    peer = ", ".join(f"{name} {microseconds(cost)}" for name, cost in costs.items())
    yield Line("empty route (GET /health/live)", "", microseconds(mine), peer)


def start(bench: Bench) -> Iterator[Line]:
    """CPU until the first answer, of a new archive and of one that is there; then idle memory."""
    cpu: dict[str, list[float]] = {"of a new archive": [], "again": []}
    memory = []
    for number in range(min(bench.options.rounds, 3)):
        for costs in cpu.values():
            with peers.ours(bench.folder / f"start-{number}") as server:
                costs.append(server.meter.cpu_ns() / 1e9)
                server.meter.settle()
                time.sleep(1)
                memory.append(server.meter.resident_mb())
    for which, costs in cpu.items():
        yield at_most(f"start {which}: CPU until it answers", START_LIMIT, costs, "s")
    yield at_most("idle memory", IDLE_LIMIT, memory, "MB")


def streaming(bench: Bench) -> Iterator[Line]:
    """Growth of the resident memory while one request of 4 GB is stored: one file, and 8,000."""
    frames = bench.options.scaled(8000, 64)
    size = f"{frames * FRAME / 1e9:.1f} GB"
    with peers.ours(bench.folder / "streaming") as server:
        one = _growth(server, _one_large(frames), 1)
        yield at_most(f"memory growth, {size} request, one instance", GROWTH_LIMIT, [one], "MB")
        many = _growth(server, _many(frames), frames)
        operation = f"memory growth, {size} request, {frames} instances"
        yield at_most(operation, GROWTH_LIMIT, [many], "MB")


def _growth(server: peers.Peer, body: "Stream", count: int) -> float:
    """MB by which the peak of the resident memory rises above what it was before the request."""
    _warm(server)
    server.meter.settle()
    before = server.meter.resident_mb()
    server.meter.reset_peak()
    head = (
        f"POST {ROOT}/studies HTTP/1.1\r\nHost: localhost\r\nAccept: {DICOM_JSON}\r\n"
        f"Content-Type: {KIND}\r\nContent-Length: {body.size}\r\n\r\n"
    )
    with server.connect() as connection:
        connection.send_pieces(head.encode(), body.pieces())
        answer = connection.read(keep=True)
    require_stored(answer, count)
    require_ok(server.ask(get("/health/live")))
    return server.meter.peak_mb() - before


def _warm(server: peers.Peer) -> None:
    """A few instances first: libraries are loaded and buffers there that every store needs."""
    load(server, series(4, "warm", time.monotonic_ns()), ct(512))


@dataclass(frozen=True, slots=True)
class Stream:
    """A request body that never exists as a whole."""

    size: int
    pieces: Callable[[], Iterator[bytes | memoryview]]


def _one_large(frames: int) -> Stream:
    """One multi-frame instance whose pixels are zeros, made as they are sent."""
    place = series(1, "large", time.monotonic_ns())[0]
    header = _multi_frame_header(place, frames)
    length = frames * FRAME

    def pieces() -> Iterator[bytes | memoryview]:
        yield OPENING + header
        for at in range(0, length, len(ZEROS)):
            yield ZEROS[: min(len(ZEROS), length - at)]
        yield CLOSING

    return Stream(len(OPENING) + len(header) + length + len(CLOSING), pieces)


def _multi_frame_header(place: Place, frames: int) -> bytes:
    dataset = make(
        SOPClassUID=MULTI_FRAME,
        SOPInstanceUID=place.instance,
        StudyInstanceUID=place.study,
        SeriesInstanceUID=place.series,
        StudyDate="20200101",
        StudyTime="101112",
        AccessionNumber="A3",
        ReferringPhysicianName="",
        StudyID="1",
        SeriesNumber=1,
        InstanceNumber=1,
        Modality="OT",
        ConversionType="SYN",
        PatientName="LARGE^BENCH",
        PatientID="BENCH00003",
        PatientBirthDate="",
        PatientSex="",
        NumberOfFrames=frames,
        Rows=512,
        Columns=512,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
    )
    pixels = b"\xe0\x7f\x10\x00OW\0\0" + (frames * FRAME).to_bytes(4, "little")
    return encode(dataset, ExplicitVRLittleEndian) + pixels


def _many(count: int) -> Stream:
    """`count` CT slices, made as they are sent."""
    places, template = series(count, "many", time.monotonic_ns()), ct(512)

    def pieces() -> Iterator[bytes | memoryview]:
        for place in places:
            yield OPENING + template.head(place)
            yield template.tail(place)
        yield CLOSING

    size = count * (len(OPENING) + template.size) + len(CLOSING)
    return Stream(size, pieces)
