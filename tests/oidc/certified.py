"""oidc-provider from npm, a certified OpenID provider, run for tests."""

import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines import missing

HERE = Path(__file__).parent


def installed() -> Path:
    """The provider's folder, filled once by npm, each package with its integrity hash."""
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HERE / "node_modules" / "oidc-provider").exists():
            if shutil.which("npm") is None:
                missing("npm is not installed, which fetches oidc-provider")
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=HERE, check=True, capture_output=True, timeout=120)
    return HERE


@contextmanager
def real(port: int, **environment: str) -> Iterator[str]:
    """A running oidc-provider with fresh keys; its address."""
    command = ["node", "server.mjs", str(port)]
    process = subprocess.Popen(
        command,
        cwd=installed(),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = next(each for each in process.stdout if each.startswith("READY"))
        yield line.split()[1]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
