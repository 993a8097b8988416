"""`make viewer`: OHIF by npm, checked by its integrity hash, made ready to be served anywhere.

    python -m extensions.viewer.fetch [FOLDER]

The build of the package is made for the path `/` of a server. Its few absolute paths are made
relative here, once; what is left is the page itself, which `extensions.viewer.build` rewrites for
each prefix. Text and WebAssembly get a neighbour compressed by gzip.
"""

import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from extensions.viewer.build import FETCHED, INDEX

LOCK = Path(__file__).parent / "ohif"
PACKAGE = "node_modules/@ohif/app"
# One more try and no long waiting: `make run` goes on without the viewer.
NPM = (
    "npm",
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)

# In a page, and in a worker, whose script lies in the same folder.
_HERE = '(globalThis.PUBLIC_URL || new URL("./", globalThis.location.href).pathname)'
# Which files, what is there, what it becomes. All must occur: else this is another OHIF.
EDITS = (
    ("*.bundle.*.js", '__webpack_require__.p = "/";', f"__webpack_require__.p = {_HERE};"),
    ("app.bundle.*.js", "'/dicom-microscopy-viewer/", f"{_HERE} + 'dicom-microscopy-viewer/"),
    ("app.bundle.css", "url(/", "url("),
    ("manifest.json", '"/assets/', '"assets/'),
    ("assets/browserconfig.xml", '"/assets/', '"'),
)
# Source maps; service workers that load scripts from elsewhere; settings of other hosts; and 112 MB
# of a neural network's runtime, whose weights OHIF would fetch from a third party.
UNWANTED = ("**/*.map", "ort", "sw.js", "init-service-worker.js", "google.js", "_*", "serve.json")
PACKED = frozenset({".css", ".js", ".json", ".svg", ".wasm"})


class Failure(Exception):
    """One sentence that says why there is no viewer."""


def fetch(folder: Path) -> None:
    """Put the build into `folder`, in place of an older one. Failure says why not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as name:
        work = Path(name)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / file, work)
        _install(work)
        dist = work / PACKAGE / "dist"
        prepare(dist)
        shutil.copy(work / PACKAGE / "LICENSE", dist / "LICENSE.txt")
        if folder.exists():
            folder.rename(work / "older")
        dist.rename(folder)


def _install(work: Path) -> None:
    try:
        subprocess.run(NPM, cwd=work, check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Failure("npm is not here: it comes with Node.js.") from None
    except subprocess.CalledProcessError as failed:
        raise Failure(f"npm failed with status {failed.returncode}; it said why.") from None


def prepare(dist: Path) -> None:
    """Make a build that was just unpacked independent of its place, and compress it."""
    if not (dist / INDEX).is_file():
        raise Failure("The package has no build of OHIF in it.")
    for pattern in UNWANTED:
        for path in dist.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for pattern, old, new in EDITS:
        if not sum(_edit(path, old.encode(), new.encode()) for path in dist.glob(pattern)):
            raise Failure(f"This is not the OHIF that we know: no {old} in {pattern}.")
    for path in _worth_packing(dist):
        packed = gzip.compress(path.read_bytes(), 9, mtime=0)
        path.with_name(path.name + ".gz").write_bytes(packed)


def _edit(path: Path, old: bytes, new: bytes) -> int:
    text = path.read_bytes()
    found = text.count(old)
    if found:
        path.write_bytes(text.replace(old, new))
    return found


def _worth_packing(dist: Path) -> Iterator[Path]:
    for path in sorted(dist.rglob("*")):
        if path.suffix in PACKED and path.is_file() and path.stat().st_size > 1000:
            yield path


def main() -> int:
    """The command: status 1 and one sentence when there is no viewer afterwards."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FETCHED
    try:
        fetch(folder)
    except Failure as failure:
        print(f"The viewer cannot be fetched: {failure}", file=sys.stderr)
        return 1
    print(f"The viewer lies in {folder}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
