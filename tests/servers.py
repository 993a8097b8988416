"""Servers of ours for tests: started as a user starts them, stopped by their process id."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = "/dicom-web"


@dataclass(frozen=True)
class Server:
    """A running server: its address without a path, its process, its data folder."""

    address: str
    process: subprocess.Popen[str]
    data_dir: Path

    @property
    def root(self) -> str:
        return f"{self.address}{ROOT}"

    def kill(self) -> None:
        """The way a power cut ends it, workers included."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def start(data_dir: Path, *options: str, **environment: str) -> Server:
    """Start `dicomweb serve` on a free port of loopback and wait until it answers."""
    command = [sys.executable, "-m", "dicomweb.cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(data_dir), *options],
        env={**_clean_environment(), **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if found := re.search(r"DICOMweb root +(http://[^/]+)", line):
            address = found[1]
        if line.startswith("Stop it"):
            break
    assert address, f"The server did not start: exit status {process.wait(10)}"
    server = Server(address, process, data_dir)
    try:
        _wait_until_live(address, process)
    except BaseException:
        server.kill()
        raise
    return server


def _clean_environment() -> dict[str, str]:
    """The environment without settings of the person who runs the tests.

    Without compiled modules, too, each start would spend half a second more.
    """
    unwanted = ("DICOMWEB_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _wait_until_live(address: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if requests.get(f"{address}/health/live", timeout=30).ok:
                return
        except requests.RequestException:
            assert process.poll() is None, "The server ended before it answered."
        time.sleep(0.05)
    raise AssertionError("The server does not answer.")


def stop(server: Server) -> None:
    """End it as an operator does; it is killed when it has not ended after 20 seconds."""
    if server.process.poll() is None:
        server.process.terminate()
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
    assert server.process.stdout is not None
    server.process.stdout.close()


@contextmanager
def running(data_dir: Path, *options: str, **environment: str) -> Iterator[Server]:
    server = start(data_dir, *options, **environment)
    try:
        yield server
    finally:
        stop(server)
