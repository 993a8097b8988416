"""curl, as the documents use it: a real process against a real socket."""

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines import program

_MARK = "\n--- "


@dataclass(frozen=True)
class Answer:
    """What curl printed: status, Content-Type and body."""

    status: int
    content_type: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def curl(command: str, folder: Path | None = None) -> Answer:
    """Run a command line of a document, `curl` included, in a folder."""
    arguments = shlex.split(command)
    assert arguments[0] == "curl"
    done = subprocess.run(
        [
            program("curl", "curl"),
            *arguments[1:],
            "-sS",
            "-w",
            f"{_MARK}%{{http_code}} %{{content_type}}",
        ],
        capture_output=True,
        cwd=folder,
        timeout=60,
        check=True,
    )
    body, _, told = done.stdout.decode().rpartition(_MARK)
    status, _, content_type = told.partition(" ")
    return Answer(int(status), content_type, body)
