"""Rows of pictures: rendered JPEG and PNG, a rendering from the cache, thumbnails."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.benchmarks.bench import Bench
from tests.benchmarks.client import Request, get
from tests.benchmarks.instances import Place, Template, series
from tests.benchmarks.measure import Loop, Once, in_turns, require, require_ok
from tests.benchmarks.peers import ROOT, Peer
from tests.benchmarks.report import Line, absent, at_most, faster, within
from tests.benchmarks.rows_retrieve import FRAMES
from tests.benchmarks.storing import load

CENTRE, WIDTH = 40, 400
INTERCEPT = -1024
SLICES_OF_A_THUMBNAIL = 3


def jpeg(bench: Bench) -> Iterator[Line]:
    """A CT slice of 512x512 pixels of 16 bits that was not rendered before, as JPEG."""
    yield from _rendered(bench, "image/jpeg", 6, 6.0)


def png(bench: Bench) -> Iterator[Line]:
    """The same as PNG."""
    yield from _rendered(bench, "image/png", 50, 1.0)


def _rendered(bench: Bench, kind: str, times: float, tolerance: float) -> Iterator[Line]:
    """As asked without parameters, when each server chooses its window, and through the same one.

    The picture decides what compressing it costs: Orthanc's own choice, the full range, is noisier.
    """
    operation = f"rendered 512x512 CT as {kind.partition('/')[2].upper()}"
    if bench.orthanc is None:
        yield absent(operation, "Orthanc is absent")
        return
    _check(bench.ours, bench.series[0], bench.template, kind, tolerance, windowed=False)
    for peer in bench.archives:
        _check(peer, bench.series[0], bench.template, kind, tolerance)
        _picture(peer, _rendering(bench.series[0], kind, None))
    for windowed, words in ((False, "no parameters"), (True, f"window {CENTRE}/{WIDTH} in both")):
        turns = [_turn(bench, peer, kind, windowed=windowed) for peer in bench.archives]
        found = in_turns([each.side() for each in turns], bench.options.rounds)
        mine, theirs = found[bench.ours.name], found[bench.orthanc.name]
        yield faster(f"{operation}, {words}", times, bench.orthanc.name, mine, theirs)


def _turn(bench: Bench, peer: Peer, kind: str, *, windowed: bool) -> Once:
    """Slices, or windows, of its own for every round, so that no rendering is in a cache."""
    share = len(bench.series) // (bench.options.rounds + 1)
    count = share if peer is bench.ours else min(share, 15)

    def requests(number: int) -> list[Request]:
        places = bench.series[(number + 1) * share :][:count]
        centre = CENTRE + 2 + number if windowed else None
        return [_rendering(place, kind, centre) for place in places]

    return Once(peer, requests)


def _rendering(place: Place, kind: str, centre: int | None = CENTRE) -> Request:
    parameters = "" if centre is None else f"?window={centre},{WIDTH},linear"
    return get(f"{ROOT}{place.path}/rendered{parameters}", kind)


def _check(
    peer: Peer,
    place: Place,
    template: Template,
    kind: str,
    tolerance: float,
    *,
    windowed: bool = True,
) -> None:
    """The picture is the one that the window of the file, the same one, makes."""
    picture = _picture(peer, _rendering(place, kind, CENTRE if windowed else None))
    stored = np.frombuffer(template.pixels(place), "<u2").reshape(512, 512)
    off = float(np.abs(picture - _windowed(stored)).mean())
    require(off < tolerance, f"{peer.name}: {off:.1f} grey levels off on average")


def _picture(peer: Peer, request: Request) -> np.ndarray:
    answer = peer.ask(request)
    require_ok(answer)
    picture = np.asarray(Image.open(io.BytesIO(answer.body)).convert("L")).astype(float)
    require(picture.shape == (512, 512), f"{peer.name}: a picture of {picture.shape}")
    return picture


def _windowed(stored: np.ndarray) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1, the linear function."""
    scaled = (stored + float(INTERCEPT) - (CENTRE - 0.5)) / (WIDTH - 1) + 0.5
    return np.clip(scaled, 0, 1) * 255


def cached(bench: Bench) -> Iterator[Line]:
    """A rendering that was asked for before, beside the frame it shows."""
    places = bench.series[:20]
    seconds = bench.options.seconds
    renderings = [_rendering(place, "image/jpeg") for place in places]
    with bench.ours.connect() as connection:
        for request in renderings:
            require_ok(connection.ask(request))
    _check(bench.ours, places[0], bench.template, "image/jpeg", 6.0)
    frames = [get(f"{ROOT}{place.path}/frames/1", FRAMES) for place in places]
    sides = [
        Loop(bench.ours, renderings, seconds).side("rendering"),
        Loop(bench.ours, frames, seconds).side("frame"),
    ]
    found = in_turns(sides, bench.options.rounds)
    yield within("cached rendering", 3, "a frame", found["rendering"], found["frame"])


def thumbnail(bench: Bench) -> Iterator[Line]:
    """The thumbnail of a series, the first time it is asked for."""
    rounds, count = bench.options.rounds, bench.options.scaled(10, 2)
    waiting: dict[int, list[Request]] = {}
    for number in range(-1, rounds):
        waiting[number] = []
        for each in range(count):
            places = series(SLICES_OF_A_THUMBNAIL, "thumbnail", number, each)
            load(bench.ours, places, bench.template)
            path = f"{ROOT}/studies/{places[0].study}/series/{places[0].series}/thumbnail"
            waiting[number].append(get(path, "image/jpeg"))
    side = Once(bench.ours, waiting.__getitem__).side()
    found = in_turns([side], rounds)[side.name]
    answer = bench.ours.ask(waiting[0][0])
    require_ok(answer)
    width, height = Image.open(io.BytesIO(answer.body)).size
    require(0 < max(width, height) <= 512, f"a thumbnail of {width}x{height}")
    values = [each / 1000 for each in found.cpu_us]
    yield at_most("thumbnail of a series, first time", 5, values, "ms")
