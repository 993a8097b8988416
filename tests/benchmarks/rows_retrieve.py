"""Rows of retrieval: metadata, a frame, an instance, a series, a tile of a slide."""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from tests.benchmarks.bench import Bench
from tests.benchmarks.client import Answer, Request, get, parts
from tests.benchmarks.instances import PATIENT_ID, Place, series
from tests.benchmarks.measure import IN_FLIGHT, Job, Loop, Once, Side, in_turns, require, require_ok
from tests.benchmarks.peers import ROOT, Peer, remove_study
from tests.benchmarks.report import Line, absent, at_most, faster, within
from tests.benchmarks.slides import Slide, slide, some_frames
from tests.benchmarks.storing import DICOM_JSON, FILES, load, require_stored, store

FRAMES = 'multipart/related; type="application/octet-stream"'
TILES = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
FEWEST_ELEMENTS = 200
NGINX_LIMIT = 1.5


def metadata_warm(bench: Bench) -> Iterator[Line]:
    """The metadata of a series of 300 instances, asked for before."""
    places = bench.series
    for peer in bench.archives:
        _check_metadata(peer, places)
    requests = [_metadata(places)]
    yield from _against(bench, f"metadata of {len(places)} instances, warm", 20, requests)


def metadata_first(bench: Bench) -> Iterator[Line]:
    """The same of a series that was just stored."""
    count = bench.options.scaled(300, 12)
    operation = f"metadata of {count} instances, first after the store"
    sides = [Fresh(bench, peer) for peer in bench.archives]
    rounds = min(bench.options.rounds, 3)
    found = in_turns([each.side() for each in sides], rounds, warm=False)
    for each in sides:
        each.remove()
    if not bench.orthanc:
        yield absent(operation, "Orthanc is absent")
        return
    mine, theirs = found[bench.ours.name], found[bench.orthanc.name]
    yield faster(operation, 10, bench.orthanc.name, mine, theirs)


class Fresh:
    """A new series in every round, whose metadata nobody has asked for."""

    def __init__(self, bench: Bench, peer: Peer) -> None:
        self.bench, self.peer = bench, peer
        self._places: list[Place] = []

    def side(self) -> Side:
        return Side(self.peer.name, self.peer.meter, self.prepare)

    def prepare(self, number: int) -> Job:
        self.remove()
        self._places = series(self.bench.options.scaled(300, 12), self.peer.name, "fresh", number)
        load(self.peer, self._places, self.bench.template)
        request = _metadata(self._places)
        connection = self.peer.connect()

        def ask() -> int:
            with connection:
                require_ok(connection.ask(request))
            return 1

        return ask

    def remove(self) -> None:
        if self._places:
            _check_metadata(self.peer, self._places)
            remove_study(self.peer, self._places[0].study, PATIENT_ID)


def _metadata(places: Sequence[Place]) -> Request:
    first = places[0]
    return get(f"{ROOT}/studies/{first.study}/series/{first.series}/metadata", DICOM_JSON)


def _check_metadata(peer: Peer, places: Sequence[Place]) -> None:
    answer = peer.ask(_metadata(places))
    require_ok(answer)
    found = json.loads(answer.body)
    named = {each["00080018"]["Value"][0] for each in found}
    require(named == {each.instance for each in places}, f"{peer.name}: other instances")
    fewest = min(len(each) for each in found)
    require(fewest > FEWEST_ELEMENTS, f"{peer.name}: {fewest} elements an instance")


def frame(bench: Bench) -> Iterator[Line]:
    """One frame of 512 KB, from all over a series."""
    places = bench.series
    requests = [get(f"{ROOT}{each.path}/frames/1", FRAMES) for each in places]

    def right(answer: Answer) -> bool:
        return parts(answer) == [bench.template.pixels(places[0])]

    yield from _bytes(bench, "one frame of 512 KB", 7, requests, right)


def instance(bench: Bench) -> Iterator[Line]:
    """One instance of 512 KB as it was stored."""
    places = bench.series
    requests = [get(f"{ROOT}{each.path}", FILES) for each in places]

    def right(answer: Answer) -> bool:
        return parts(answer) == [bench.template.file(places[0])]

    yield from _bytes(bench, "one instance of 512 KB", 7, requests, right)


def whole_series(bench: Bench) -> Iterator[Line]:
    """A whole series of 300 instances, 160 MB."""
    places = bench.series
    first = places[0]
    requests = [get(f"{ROOT}/studies/{first.study}/series/{first.series}", FILES)]
    expected = sorted(sha256(bench.template.file(each)).digest() for each in places)

    def right(answer: Answer) -> bool:
        return sorted(sha256(each).digest() for each in parts(answer)) == expected

    operation = f"whole series of {len(places)} x 512 KB"
    yield from _bytes(bench, operation, 3, requests, right, in_flight=1)


def _bytes(
    bench: Bench,
    operation: str,
    times: float,
    requests: Sequence[Request],
    right: Callable[[Answer], bool],
    in_flight: int = IN_FLIGHT,
) -> Iterator[Line]:
    """Against Orthanc, and against nginx with the same bytes in files."""
    for peer in bench.archives:
        require(right(peer.ask(requests[0])), f"{peer.name} gave other bytes")
    yield from _against(bench, operation, times, requests, in_flight)
    if bench.nginx is None:
        yield absent(f"{operation}, beside nginx", "nginx is absent")
        return
    published = _publish(bench, bench.nginx, requests)
    loops = [
        Loop(bench.ours, requests, bench.options.seconds, in_flight),
        Loop(bench.nginx, published, bench.options.seconds, in_flight),
    ]
    found = in_turns([loop.side() for loop in loops], bench.options.rounds)
    mine, theirs = found[bench.ours.name], found["nginx"]
    yield within(f"{operation}, beside nginx", NGINX_LIMIT, "nginx", mine, theirs)


def _publish(bench: Bench, nginx: Peer, requests: Sequence[Request]) -> list[Request]:
    """Our own answers as files of nginx, and the requests for them."""
    made = []
    with bench.ours.connect() as connection:
        for number, request in enumerate(requests):
            answer = connection.ask(request, keep=True)
            name = f"{sha256(request.head).hexdigest()}-{number}"
            (nginx.folder / "files" / name).write_bytes(answer.body)
            made.append(get(f"/{name}"))
    require(nginx.ask(made[-1]).body == answer.body, "nginx gave other bytes")
    return made


def _against(
    bench: Bench,
    operation: str,
    times: float,
    requests: Sequence[Request],
    in_flight: int = IN_FLIGHT,
) -> Iterator[Line]:
    if bench.orthanc is None:
        yield absent(operation, "Orthanc is absent")
        return
    seconds = bench.options.seconds
    sides = [Loop(each, requests, seconds, in_flight).side() for each in bench.archives]
    found = in_turns(sides, bench.options.rounds)
    mine, theirs = found[bench.ours.name], found[bench.orthanc.name]
    yield faster(operation, times, bench.orthanc.name, mine, theirs)


def tile(bench: Bench) -> Iterator[Line]:
    """One frame, as stored, of an object of 5,000 frames."""
    whole = slide(bench.options.scaled(5000, 60))
    operation = f"one frame of a slide of {whole.frames} frames, not decoded"
    request = store([(whole.file,)])
    for peer in bench.archives:
        require_stored(peer.ask(request), 1)
    numbers = some_frames(whole, 200)
    requests = [get(f"{ROOT}{whole.place.path}/frames/{each}", TILES) for each in numbers]
    for peer in bench.archives:
        _check_tile(peer, whole, numbers[0], requests[0])
    seconds = bench.options.seconds
    loop = Loop(bench.ours, requests, seconds)
    sides = [loop.side()]
    if bench.orthanc:
        sides.append(Once(bench.orthanc, lambda _: requests[:2]).side())
    found = in_turns(sides, bench.options.rounds, warm=False)
    yield at_most(operation, 1, [each / 1000 for each in found[bench.ours.name].cpu_us], "ms")
    if bench.orthanc:
        mine, theirs = found[bench.ours.name], found[bench.orthanc.name]
        yield faster(operation, 1, bench.orthanc.name, mine, theirs)


def _check_tile(peer: Peer, whole: Slide, number: int, request: Request) -> None:
    answer = peer.ask(request)
    require_ok(answer)
    found = [each.rstrip(b"\0") for each in parts(answer)]
    require(found == [whole.tile(number).rstrip(b"\0")], f"{peer.name}: another tile")
