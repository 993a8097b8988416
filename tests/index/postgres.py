"""A PostgreSQL server for tests: throw-away, and one database for each test. Works as root, too."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engines import missing


def _installed() -> list[str]:
    """Debian's folders, the newest version first."""
    return sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)


def _binaries() -> Path | None:
    """Where initdb is: PG_BIN, Debian's folders, or the path."""
    places = [os.environ.get("PG_BIN", ""), *_installed()]
    on_path = shutil.which("initdb")
    places.append(str(Path(on_path).resolve().parent) if on_path else "")
    return next((Path(place) for place in places if place and Path(place, "initdb").exists()), None)


def _dropped() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the user to run it as."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server without its database; TEST_POSTGRES_URL names one that runs already."""
    running = os.environ.get("TEST_POSTGRES_URL")
    if running:
        yield running
        return
    binaries = _binaries()
    if binaries is None:
        missing("PostgreSQL is not installed (apt-get install postgresql-15)")
    folder = tempfile.mkdtemp(prefix="lightbox-postgres-")
    as_user = _dropped()
    if as_user:
        os.chown(folder, as_user["user"], as_user["group"])
    name = "postgres" if as_user else getpass.getuser()

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)

    run("initdb", "-A", "trust", "-U", name, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    port = _free_port()
    quick = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    options = f"-h 127.0.0.1 -p {port} -k {folder} {quick}"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://{name}@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
