"""The programme behind `make bench`: runs the rows and prints the table."""

import argparse
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import (
    peers,
    report,
    rows_browser,
    rows_process,
    rows_render,
    rows_retrieve,
    rows_scale,
    rows_store,
)
from tests.benchmarks.bench import Bench, Options
from tests.benchmarks.measure import Void, free_gb
from tests.benchmarks.report import Line

METHOD = (
    "server CPU (user and system of the process and its children, read from its CPU clock) per "
    "operation; the sides take turns in one run (A B, B A, …); medians, and the median (and range) "
    "of the ratios round by round; answers checked in every row; the client is a process of its "
    "own on loopback with 8 connections in flight (1 where each thing is asked once); free pages "
    "are warmed before each store, and work that a store leaves for later is waited for and "
    "counted. "
    "Orthanc: SyncStorageArea on, HttpCompressionEnabled off, the same instances."
)
NEEDED_GB = 20

Row = Callable[[Bench], Iterator[Line]]
ROWS: dict[str, Row] = {
    "empty-route": rows_process.empty_route,
    "store-batch": rows_store.many_per_request,
    "store-single": rows_store.one_per_request,
    "search": rows_scale.search,
    "metadata-warm": rows_retrieve.metadata_warm,
    "metadata-first": rows_retrieve.metadata_first,
    "frame": rows_retrieve.frame,
    "instance": rows_retrieve.instance,
    "series": rows_retrieve.whole_series,
    "tile": rows_retrieve.tile,
    "jpeg": rows_render.jpeg,
    "png": rows_render.png,
    "cached": rows_render.cached,
    "thumbnail": rows_render.thumbnail,
    "ingest-million": rows_scale.ingest,
    "opening": rows_browser.opening,
    "start": rows_process.start,
    "memory": rows_process.streaming,
}


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    options = Options(given.quick, given.rounds or (2 if given.quick else 5), given.studies)
    for missing in filter(None, (peers.missing_orthanc(), peers.missing_nginx())):
        print(f"*** {missing}: its columns stay empty. ***", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="lightbox-bench-", dir=given.folder))
    if not options.quick and free_gb(folder) < NEEDED_GB:
        print(f"*** {folder} has less than {NEEDED_GB} GB free. ***", file=sys.stderr)
    try:
        lines = run(Bench(options, folder), given.only or list(ROWS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    about = {"machine": report.machine(), "method": METHOD, **peers.versions()}
    print(f"{report.markdown(lines)}\n\nMachine: {about['machine']}\n\nMethod: {METHOD}\n")
    print("Peers: " + ("; ".join(peers.versions().values()) or "none installed"))
    if given.json:
        report.write_json(given.json, lines, about)
    return 0


def run(bench: Bench, names: list[str]) -> list[Line]:
    """The lines of the rows named; a row whose answers are wrong is void, the others go on."""
    lines: list[Line] = []
    with bench.stack:
        for name in names:
            bench.say(f"{name} …")
            try:
                lines += ROWS[name](bench)
            except Void as wrong:
                lines.append(report.void(name, str(wrong)))
            except Exception as fault:
                traceback.print_exc()
                lines.append(report.void(name, f"it failed: {type(fault).__name__}"))
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="prove that it runs; numbers mean little"
    )
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="NAME", help=" ".join(ROWS))
    parser.add_argument("--rounds", type=int, help="rounds of each row, 5 by default")
    parser.add_argument("--studies", type=int, default=100_000, help="in the large archive")
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    parser.add_argument("--folder", type=Path, help="where the data goes; the disk that counts")
    return parser


if __name__ == "__main__":
    sys.exit(main())
