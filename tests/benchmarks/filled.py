"""Archives of many small studies, made through the index's own door and kept between runs."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.instances import Marked, Place, small, uid, values
from tests.benchmarks.peers import ORTHANC, Peer

if TYPE_CHECKING:
    from dicomweb.index import Record
    from dicomweb.part10 import Header

SERIES_OF_A_STUDY, INSTANCES_OF_A_SERIES = 2, 5
INSTANCES_OF_A_STUDY = SERIES_OF_A_STUDY * INSTANCES_OF_A_SERIES
STUDIES_A_DAY = 10
STUDIES_OF_A_NAME = 100
FIRST_DAY = date(1995, 1, 1)
MODALITIES = ("CT",) * 22 + ("MR",) * 15 + ("CR",) * 12 + ("PT",)
GROUP = 1000


@dataclass(frozen=True, slots=True)
class Archive:
    """A running server with `studies` made studies."""

    peer: Peer
    studies: int

    @property
    def is_ours(self) -> bool:
        return self.peer.name != ORTHANC


def modality(number: int) -> str:
    """That of study `number`: one in fifty is PT."""
    return MODALITIES[number * 7 % len(MODALITIES)]


def study(number: int) -> str:
    return uid("filled", number)


def name(number: int, studies: int) -> str:
    """A name that begins as those of 99 other studies do, all over the archive."""
    return f"NAME{number % max(1, studies // STUDIES_OF_A_NAME):06d}^BENCH"


def day(number: int) -> str:
    return f"{FIRST_DAY + timedelta(number // STUDIES_A_DAY):%Y%m%d}"


def places(number: int, studies: int) -> Iterator[Place]:
    """The instances of study `number` of an archive of `studies`."""
    clock = f"{8 + number % STUDIES_A_DAY:02d}{number % 60:02d}12"
    for series in range(SERIES_OF_A_STUDY):
        for each in range(INSTANCES_OF_A_SERIES):
            instance = uid("filled", number, series, each)
            series_uid = uid("filled", number, series)
            named = name(number, studies)
            yield Place(study(number), series_uid, instance, each + 1, named, day(number), clock)


def folder(studies: int, say: Callable[[str], None]) -> Path:
    """The data folder of an archive of `studies`: copy it before a server changes it.

    It is made anew when the schema of the index changed since.
    """
    kept = Path(tempfile.gettempdir()) / f"lightbox-bench-{os.getuid()}"
    wanted = kept / f"{studies}-{_fingerprint()}"
    if wanted.is_dir():
        return wanted
    for stale in kept.glob(f"{studies}-*"):
        shutil.rmtree(stale)
    kept.mkdir(mode=0o700, exist_ok=True)
    being_made = Path(tempfile.mkdtemp(prefix=f"making-{studies}-", dir=kept))
    try:
        _fill(being_made, studies, say)
        being_made.rename(wanted)
    finally:
        shutil.rmtree(being_made, ignore_errors=True)
    return wanted


def _fingerprint() -> str:
    """Of the schema that the index makes today, and of what is put into it."""
    from dicomweb.index import Index

    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as empty:
        path = Path(empty) / "index.sqlite"
        Index(f"sqlite:///{path}").close()
        with closing(sqlite3.connect(path)) as database:
            for (statement,) in database.execute("SELECT sql FROM sqlite_master ORDER BY name"):
                digest.update(str(statement).encode())
    for name in ("filled.py", "instances.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]


def _fill(data_dir: Path, studies: int, say: Callable[[str], None]) -> None:
    """Rows without files: searches and ingest read none. Ours are imported only here."""
    from dicomweb.index import Index

    index = Index(f"sqlite:///{data_dir / 'index.sqlite'}")
    try:
        waiting: list[Record] = []
        for number in range(studies):
            waiting += [record(modality(number), each) for each in places(number, studies)]
            if len(waiting) >= GROUP or number == studies - 1:
                index.store(waiting)
                waiting = []
            if number % 10_000 == 9_999:
                say(f"  {number + 1:,} of {studies:,} studies are made")
    finally:
        index.close()


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the scanner makes of a template, with the marks still in it."""

    header: "Header"
    json: Marked
    elements: dict[str, Marked]
    size: int


@cache
def _scanned(modality: str) -> Scanned:
    from dicomweb import part10

    template = small(modality)
    file = template.header.text + template.tails[0]
    header = part10.scan(file, len(file), lambda offset, length: file[offset : offset + length])
    elements = {tag: Marked.of(element) for tag, element in header.elements.items()}
    return Scanned(header, Marked.of(header.json), elements, len(file))


def record(modality: str, place: Place) -> "Record":
    """The row of one instance: a template is scanned once, its marks are then filled."""
    from dicomweb.index import Record
    from dicomweb.part10.bulk import pack_bulk

    scanned, filled = _scanned(modality), values(place)
    header = scanned.header
    assert header.frames is not None
    return Record(
        study=place.study,
        series=place.series,
        instance=place.instance,
        sop_class=header.sop_class,
        transfer_syntax=header.transfer_syntax,
        json=scanned.json.filled(filled),
        elements={
            tag: each.filled(filled) if each.spots else each.text
            for tag, each in scanned.elements.items()
        },
        frames=header.frames.pack(),
        bulk=pack_bulk(header.bulk),
        dataset_offset=header.dataset_offset,
        size=scanned.size,
        sha256=hashlib.sha256(place.instance.encode()).digest(),
        key=f"made/{place.instance}",
    )
