"""The servers that are compared: ours, Debian's Orthanc, and nginx with the same bytes as files."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests import servers
from tests.benchmarks.client import Answer, Connection, Disconnected, Request, get, send
from tests.benchmarks.processes import Meter

ORTHANC = "Orthanc"
ORTHANC_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ROOT = "/dicom-web"

NGINX_CONF = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 1000000;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; default_type application/octet-stream; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server: its name in the table, where it listens, what reads its CPU time."""

    name: str
    address: tuple[str, int]
    meter: Meter
    folder: Path

    def connect(self) -> Connection:
        return Connection(self.address)

    def ask(self, request: Request) -> Answer:
        """One request on a connection of its own, the body kept."""
        with self.connect() as connection:
            return connection.ask(request, keep=True)


@contextmanager
def ours(folder: Path, *options: str, name: str = "Lightbox") -> Iterator[Peer]:
    """Our server, as a user starts it, with its data in `folder`."""
    with servers.running(folder, *options) as started:
        parts = urlsplit(started.address)
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        yield Peer(name, address, Meter(started.process.pid), folder)


def missing_orthanc() -> str:
    """Why Orthanc cannot take part; empty when it can."""
    if _program("Orthanc") and ORTHANC_PLUGIN.is_file():
        return ""
    return "Orthanc is not installed (apt-get install orthanc orthanc-dicomweb)"


def missing_nginx() -> str:
    """Why nginx cannot take part; empty when it can."""
    return "" if _program("nginx") else "nginx is not installed (apt-get install nginx-light)"


@contextmanager
def orthanc(folder: Path) -> Iterator[Peer]:
    """Debian's Orthanc with its DICOMweb plugin: durable stores, no compression, loopback only."""
    port = free_port()
    configuration = {
        "Name": "benchmark",
        "StorageDirectory": str(folder / "data"),
        "IndexDirectory": str(folder / "data"),
        "Plugins": [str(ORTHANC_PLUGIN)],
        "HttpPort": port,
        "DicomServerEnabled": False,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "SyncStorageArea": True,
        "HttpCompressionEnabled": False,
        "SaveJobs": False,
        "DicomWeb": {"Enable": True, "Root": f"{ROOT}/", "EnableWado": False},
    }
    (folder / "data").mkdir(parents=True)
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps(configuration))
    command = [_program("Orthanc"), str(settings)]
    yield from _run(ORTHANC, command, port, folder, f"{ROOT}/studies?limit=1")


@contextmanager
def nginx(folder: Path) -> Iterator[Peer]:
    """nginx with the files of `folder`/files, sent by sendfile from one process."""
    port = free_port()
    for each in ("files", "t"):
        (folder / each).mkdir(parents=True)
    settings = folder / "nginx.conf"
    settings.write_text(NGINX_CONF.format(folder=folder, port=port))
    command = [_program("nginx"), "-p", str(folder), "-c", str(settings)]
    yield from _run("nginx", command, port, folder, "/")


def _run(name: str, command: list[str], port: int, folder: Path, path: str) -> Iterator[Peer]:
    """Start a program, wait until it answers, and end that process, no other, afterwards."""
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    peer = Peer(name, ("127.0.0.1", port), Meter(process.pid), folder)
    try:
        _wait(peer, process, path)
        yield peer
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(peer: Peer, process: "subprocess.Popen[bytes]", path: str) -> None:
    for _ in range(600):
        try:
            if peer.ask(get(path)).status < 500:
                return
        except (OSError, Disconnected):
            if process.poll() is not None:
                break
        time.sleep(0.05)
    log = (peer.folder / "output.log").read_text(errors="replace")
    sys.exit(f"{peer.name} does not start:\n{log[-2000:]}")


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def remove_study(peer: Peer, study: str, patient_id: str) -> None:
    """Delete a study the way each server does it (Orthanc's plugin has no DELETE)."""
    path = f"{ROOT}/studies/{study}"
    if peer.name == ORTHANC:
        digest = hashlib.sha1(f"{patient_id}|{study}".encode()).hexdigest()
        path = "/studies/" + "-".join(digest[at : at + 8] for at in range(0, 40, 8))
    answer = peer.ask(send("DELETE", path, "application/json"))
    if answer.status not in (200, 204):
        raise RuntimeError(f"{peer.name} did not delete a study: {answer.status} {answer.body!r}")


def versions() -> dict[str, str]:
    """What is compared, by name, for the line below the table."""
    found = {}
    if not missing_orthanc():
        found[ORTHANC] = _first_line([_program("Orthanc"), "--version"])
    if not missing_nginx():
        found["nginx"] = _first_line([_program("nginx"), "-v"])
    return found


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[0].strip()
