"""What tests of the audit trail share: reading it over HTTP, the command line, the database."""

import io
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import requests
from clients import path_of, store
from pydicom.dataset import Dataset
from samples import encode, make_image
from servers import Server

from dicomweb import reports
from dicomweb.settings import Settings


def lines(server: Server, **filters: str | int) -> list[dict[str, Any]]:
    """The trail as /api/audit tells it, newest first."""
    answer = requests.get(f"{server.address}/api/audit", params=filters, timeout=60)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def line(server: Server, **filters: str) -> dict[str, Any]:
    """The only line that fits."""
    (found,) = lines(server, **filters)
    return found


def stored(server: Server, **values: Any) -> Dataset:
    """A new image in a new study."""
    dataset = make_image(**values)
    assert store(server, encode(dataset)).status == 200
    return dataset


def view(server: Server, dataset: Dataset, what: str = "/frames/1", **headers: str) -> None:
    address = f"{server.root}{path_of(dataset)}{what}"
    assert requests.get(address, headers=headers, timeout=60).status_code == 200


def command(data_dir: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`dicomweb audit …`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DICOMWEB_")}
    return subprocess.run(
        [sys.executable, "-m", "dicomweb.cli", "audit", *words, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        env=clean,
        timeout=120,
        check=False,
    )


def verified(data_dir: Path) -> tuple[int, str]:
    """Exit status and words of `dicomweb audit verify`."""
    said = io.StringIO()
    settings = Settings(data_dir=data_dir, extensions=("extensions.deletion", "extensions.audit"))
    with redirect_stdout(said):
        status = reports.verify_audit(settings)
    return status, said.getvalue()


def tamper(data_dir: Path, *statements: str) -> None:
    """What somebody does who can write the database."""
    with sqlite3.connect(data_dir / "index.sqlite") as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()


def fetched(data_dir: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(data_dir / "index.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "It did not happen."
        time.sleep(0.1)
