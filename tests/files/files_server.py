"""A server with an import folder, and what tests do with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from samples import encode, make_image
from servers import Server


@dataclass(frozen=True)
class Files:
    """A running server and its import folder."""

    server: Server
    folder: Path

    @property
    def host(self) -> str:
        return self.server.address

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.host + path, timeout=60, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.host + path, timeout=60, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return requests.delete(self.host + path, timeout=60, **options)

    def upload(self, file: bytes, name: str = "scan.dcm") -> dict[str, Any]:
        """By the first document; its `data`."""
        answer = self.post("/api/dicom/upload", files={"dicomFile": (name, file)})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    def new(self, **values: Any) -> dict[str, Any]:
        """A fresh image, stored."""
        return self.upload(encode(make_image(**values)))
