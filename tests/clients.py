"""A client for tests: multipart built and read without any code of ours."""

import uuid
from dataclasses import dataclass
from typing import Any

import requests
from requests_toolbelt.multipart.decoder import MultipartDecoder
from servers import Server

TAGS = {"failed": "00081198", "stored": "00081199", "other": "0008119A"}


@dataclass(frozen=True)
class Reply:
    """What a store answered."""

    status: int
    module: dict[str, Any]

    def items(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.module.get(TAGS[kind], {}).get("Value", [])
        return found

    def reasons(self, kind: str, tag: str = "00081197") -> list[int]:
        return [item[tag]["Value"][0] for item in self.items(kind) if tag in item]


def body_of(files: list[bytes], content_type: str = "application/dicom") -> tuple[bytes, str]:
    """The files as multipart/related, and its Content-Type."""
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()
    body = b"".join(head + file + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()
    return body, f'multipart/related; type="{content_type}"; boundary={boundary}'


def store(server: Server, *files: bytes, study: str = "", accept: str = "*/*") -> Reply:
    """Store the files in one request."""
    body, content_type = body_of(list(files))
    path = f"/studies/{study}" if study else "/studies"
    answer = requests.post(
        f"{server.root}{path}",
        data=body,
        headers={"Content-Type": content_type, "Accept": accept},
        timeout=120,
    )
    return Reply(answer.status_code, answer.json())


def get(server: Server, path: str, accept: str | None = None, **headers: str) -> requests.Response:
    """GET below the service root."""
    if accept is not None:
        headers["Accept"] = accept
    return requests.get(f"{server.root}{path}", headers=headers, timeout=120)


def parts(answer: requests.Response) -> list[tuple[dict[str, str], bytes]]:
    """Headers, by lower-case name, and bytes of every part of a multipart answer."""
    decoder = MultipartDecoder(answer.content, answer.headers["Content-Type"])
    return [
        ({k.decode().lower(): v.decode() for k, v in part.headers.items()}, part.content)
        for part in decoder.parts
    ]


def path_of(dataset: Any) -> str:
    """The path of the instance that a data set is."""
    return (
        f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
        f"/instances/{dataset.SOPInstanceUID}"
    )


def related(parts: list[tuple[dict[str, str], bytes]], inner: str) -> tuple[bytes, str]:
    """Parts, each with its headers, as multipart/related, and its Content-Type."""
    boundary = uuid.uuid4().hex
    body = b"".join(
        f"--{boundary}\r\n".encode()
        + b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        + b"\r\n"
        + content
        + b"\r\n"
        for headers, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), (
        f'multipart/related; type="{inner}"; boundary={boundary}'
    )


def post(
    server: Server, body: Any, content_type: str, path: str = "/studies", **headers: str
) -> requests.Response:
    """POST below the service root."""
    return requests.post(
        f"{server.root}{path}",
        data=body,
        headers={"Content-Type": content_type, **headers},
        timeout=300,
    )
