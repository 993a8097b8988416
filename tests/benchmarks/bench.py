"""What the rows share: options, servers started when first needed, a series stored in them."""

import shutil
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.benchmarks import filled, peers
from tests.benchmarks.filled import Archive
from tests.benchmarks.instances import Place, Template, ct, series, small
from tests.benchmarks.peers import Peer
from tests.benchmarks.storing import BATCH, load, require_stored, store


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how large; `quick` proves that everything runs, its numbers mean little."""

    quick: bool = False
    rounds: int = 5
    studies: int = 100_000

    @property
    def seconds(self) -> float:
        """How long a side asks in one round."""
        return 0.05 if self.quick else 0.5

    def scaled(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass
class Bench:
    """A run of the benchmarks; servers end with `stack`."""

    options: Options
    folder: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def say(self, sentence: str) -> None:
        """Progress, on standard error: the table alone goes to standard output."""
        print(sentence, file=sys.stderr, flush=True)

    def free_port(self) -> int:
        return peers.free_port()

    def enter(self, server: AbstractContextManager[Peer]) -> Peer:
        return self.stack.enter_context(server)

    @cached_property
    def ours(self) -> Peer:
        return self.enter(peers.ours(self.folder / "ours"))

    @cached_property
    def orthanc(self) -> Peer | None:
        if peers.missing_orthanc():
            return None
        return self.enter(peers.orthanc(self.folder / "orthanc"))

    @cached_property
    def nginx(self) -> Peer | None:
        if peers.missing_nginx():
            return None
        return self.enter(peers.nginx(self.folder / "nginx"))

    @cached_property
    def few(self) -> Archive:
        """Ours with 1,000 made studies."""
        return self._filled(self.options.scaled(1000, 200))

    @cached_property
    def many(self) -> Archive:
        """Ours with as many as the options say."""
        return self._filled(self.options.scaled(self.options.studies, 400))

    def _filled(self, studies: int) -> Archive:
        self.say(f"  preparing an archive of {studies:,} studies")
        made = filled.folder(studies, self.say)
        data_dir = self.folder / f"filled-{studies}"
        shutil.copytree(made, data_dir)
        server = peers.ours(data_dir, name=f"Lightbox with {studies:,} studies")
        return Archive(self.enter(server), studies)

    @cached_property
    def orthanc_filled(self) -> Archive | None:
        """Orthanc with 600 made studies of one instance: more would slow it down."""
        if peers.missing_orthanc():
            return None
        studies = self.options.scaled(600, 200)
        peer = self.enter(peers.orthanc(self.folder / "orthanc-filled"))
        for at in range(0, studies, BATCH):
            made = [next(filled.places(number, studies)) for number in range(at, at + BATCH)]
            files = [
                (small(filled.modality(number)).file(place),)
                for number, place in enumerate(made, at)
            ]
            require_stored(peer.ask(store(files)), BATCH)
        peer.meter.settle()
        return Archive(peer, studies)

    @property
    def archives(self) -> list[Peer]:
        """Ours and, where installed, Orthanc."""
        return [peer for peer in (self.ours, self.orthanc) if peer is not None]

    @cached_property
    def template(self) -> Template:
        """The CT slices of 512 KB that most rows are about."""
        return ct(512)

    @cached_property
    def series(self) -> list[Place]:
        """A series of 300 of them, stored in every archive."""
        places = series(self.options.scaled(300, 12), "shared")
        for peer in self.archives:
            self.say(f"  storing {len(places)} instances in {peer.name}")
            load(peer, places, self.template)
        return places
