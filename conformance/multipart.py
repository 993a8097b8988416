"""multipart/related, read strictly (a server must be right) and written in any spelling."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

CRLF = b"\r\n"
_PARAMETER = re.compile(r"""\s*;\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers with lower-case names, and its body."""

    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        return media_type(self.headers.get("content-type", ""))[0]

    @property
    def transfer_syntax(self) -> str:
        return media_type(self.headers.get("content-type", ""))[1].get("transfer-syntax", "")

    @property
    def location(self) -> str:
        return self.headers.get("content-location", "")


def media_type(value: str) -> tuple[str, dict[str, str]]:
    """`multipart/related; type="application/dicom"` -> its name and its parameters, unquoted."""
    name, semicolon, rest = value.partition(";")
    parameters = {
        match[1].lower(): _unquoted(match[2].strip())
        for match in _PARAMETER.finditer(semicolon + rest)
    }
    return name.strip().lower(), parameters


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def read(content_type: str, body: bytes) -> list[Part]:
    """The parts of a response (PS3.18 8.6.1.2.1); AssertionError where it breaks the grammar."""
    name, parameters = media_type(content_type)
    assert name == "multipart/related", f"multipart/related was expected, not {content_type!r}"
    assert parameters.get("boundary"), f"no boundary in {content_type!r}"
    assert parameters.get("type"), f"no type in {content_type!r}, which PS3.18 8.7.1 requires"
    return split(body, parameters["boundary"])


def split(body: bytes, boundary: str) -> list[Part]:
    """The parts between the delimiters of a boundary."""
    delimiter = b"--" + boundary.encode("ascii")
    pieces = (CRLF + body).split(CRLF + delimiter)
    assert len(pieces) > 1, f"the boundary {boundary!r} is nowhere in the body {body[:80]!r}"
    assert pieces[-1].startswith(b"--"), "the closing delimiter --boundary-- is missing"
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    padding, newline, rest = piece.partition(CRLF)
    assert newline, f"no CRLF behind a delimiter: {piece[:80]!r}"
    assert not padding.strip(), f"{padding!r} stands behind a delimiter"
    if rest.startswith(CRLF):
        return Part({}, rest[2:])
    head, blank, body = rest.partition(CRLF + CRLF)
    assert blank, f"no empty line behind the headers of a part: {rest[:80]!r}"
    headers = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        assert colon, f"{line!r} is no header"
        headers[name.strip().lower()] = value.strip()
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(body), "a part's Content-Length is wrong"
    return Part(headers, body)


def write(parts: Iterable[tuple[dict[str, str], bytes]], boundary: str) -> bytes:
    """A body of (headers, body) pairs; without any part, the closing delimiter alone."""
    lines = []
    for headers, body in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        lines.append(f"--{boundary}\r\n{head}\r\n".encode() + body + CRLF)
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def related(parts: Iterable[tuple[dict[str, str], bytes]], type_: str) -> tuple[str, bytes]:
    """The Content-Type and the body of a request in the Standard's own spelling."""
    boundary = uuid.uuid4().hex
    content_type = f'multipart/related; type="{type_}"; boundary={boundary}'
    return content_type, write(parts, boundary)


def dicom(instances: Iterable[bytes], boundary: str | None = None) -> tuple[str, bytes]:
    """The Content-Type and the body of a store of Part 10 instances."""
    boundary = boundary or uuid.uuid4().hex
    parts = [({"Content-Type": "application/dicom"}, instance) for instance in instances]
    content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
    return content_type, write(parts, boundary)
