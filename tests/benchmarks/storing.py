"""Store requests made beforehand, and their answers checked."""

import json
from collections.abc import Iterator, Sequence

from tests.benchmarks.client import Answer, Request, get, send
from tests.benchmarks.instances import Place, Template
from tests.benchmarks.measure import require
from tests.benchmarks.peers import ROOT, Peer

BOUNDARY = "5d1b4cf2a7a94d0cb0d0c7a8f3e6b921"
KIND = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
DICOM_JSON = "application/dicom+json"
OPENING = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()
BATCH = 50


def store(files: Sequence[Sequence[bytes]]) -> Request:
    """One request that stores `files`, each given in pieces."""
    body = [piece for file in files for piece in (OPENING, *file)]
    return send("POST", f"{ROOT}/studies", KIND, [*body, CLOSING], DICOM_JSON)


def batches(places: Sequence[Place], template: Template, size: int = BATCH) -> Iterator[Request]:
    """Requests of `size` instances each."""
    for at in range(0, len(places), size):
        some = places[at : at + size]
        yield store([(template.head(place), template.tail(place)) for place in some])


def require_stored(answer: Answer, count: int) -> None:
    """The answer says that `count` instances, all of them, are stored without a warning."""
    require(answer.status == 200, f"a store was answered {answer.status}: {answer.body[:300]!r}")
    stored = json.loads(answer.body).get("00081199", {}).get("Value", [])
    require(len(stored) == count, f"of {count} instances {len(stored)} were stored")


def load(peer: Peer, places: Sequence[Place], template: Template) -> None:
    """Store a series, and wait until the server is done with it."""
    with peer.connect() as connection:
        for at, request in enumerate(batches(places, template)):
            some = places[at * BATCH : (at + 1) * BATCH]
            require_stored(connection.ask(request, keep=True), len(some))
    peer.meter.settle()


def stored_file(peer: Peer, place: Place) -> Answer:
    """The stored file, in the transfer syntax it came in."""
    return peer.ask(get(f"{ROOT}{place.path}", FILES))


FILES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
