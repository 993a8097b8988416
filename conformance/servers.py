"""Starters of servers to test: each on free loopback ports with a data folder of its own.

python -m conformance.servers orthanc [pytest options] starts one, runs the suite, stops it.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ORTHANC = "/usr/sbin/Orthanc"
ORTHANC_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
PATIENCE = 60  # seconds until a server must answer, or must have stopped


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    base_url: str
    wado_uri_url: str
    pid: int


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def orthanc_installed() -> bool:
    """Debian's packages orthanc and orthanc-dicomweb."""
    return Path(ORTHANC).exists() and Path(ORTHANC_PLUGIN).exists()


@contextmanager
def orthanc(folder: Path) -> Iterator[Running]:
    """Debian's Orthanc with its DICOMweb plugin, as installed: nothing tuned for the suite."""
    port = free_port()
    settings = {
        "Name": "conformance",
        "HttpPort": port,
        "DicomPort": free_port(),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "Plugins": [ORTHANC_PLUGIN],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "orthanc.json"
    file.write_text(json.dumps(settings), "utf-8")
    root = f"http://127.0.0.1:{port}"
    with _process([ORTHANC, str(file)], folder / "orthanc.log") as process:
        _wait(process, f"{root}/dicom-web/studies?limit=1", folder / "orthanc.log")
        yield Running(f"{root}/dicom-web", f"{root}/wado", process.pid)


@contextmanager
def lightbox(folder: Path) -> Iterator[Running]:
    """Our own server, as a program: the suite imports nothing of it."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dicomweb.cli", "serve", "--port", str(port)]
    root = f"http://127.0.0.1:{port}"
    log = folder / "lightbox.log"
    with _process([*command, "--data-dir", str(folder / "data")], log) as process:
        _wait(process, f"{root}/dicom-web/studies?limit=1", log)
        yield Running(f"{root}/dicom-web", f"{root}/wado", process.pid)


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=HERE.parent
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise RuntimeError(f"the server does not answer; its log:\n{log.read_text('utf-8')[-2000:]}")


USAGE = """usage: python -m conformance.servers {orthanc,lightbox} [pytest options]

Starts the server on a free loopback port with a data folder of its own, runs the suite against it
with conformance/expected_failures/<server>.txt, and stops it. Options go to pytest, for instance
  -n 2                       two processes (pytest-xdist)
  conformance/search         some of the tests; so does -k frames
  --report-dir report        report.md and report.json, by clause
  --expected-failures FILE   another list of what is known to fail
Another server, one that runs: pytest conformance --base-url URL; see conformance/README.md."""
SERVERS: dict[str, Callable] = {"orthanc": orthanc, "lightbox": lightbox}


def main(arguments: list[str]) -> int:
    """Run the suite against a server of ours or Orthanc, with its expected failures."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if not arguments or arguments[0] not in SERVERS:
        print(f"{USAGE}\n\nwhich server: {', '.join(SERVERS)}?", file=sys.stderr)
        return 2
    name, *options = arguments
    folder = Path(tempfile.mkdtemp(prefix=f"conformance-{name}-"))
    expected = HERE / "expected_failures" / f"{name}.txt"
    try:
        with SERVERS[name](folder) as running:
            command = [sys.executable, "-m", "pytest", "--base-url", running.base_url]
            if not any(Path(each).resolve().is_relative_to(HERE) for each in options):
                command.append(str(HERE))
            command += ["--wado-uri-url", running.wado_uri_url]
            if "--expected-failures" not in options:
                command += ["--expected-failures", str(expected)]
            return subprocess.call(command + options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
