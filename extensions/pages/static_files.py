"""Our scripts and styles: in memory, below a path that holds their hash, kept by browsers."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request

from dicomweb.answers import Streamed, unchanged, whole
from dicomweb.errors import NotFound
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.content_coding import choose_coding

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_YEAR = "public, max-age=31536000, immutable"
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, the same packed by gzip (empty where that is of no use), its type."""

    body: bytes
    packed: bytes
    content_type: str


@cache
def files() -> dict[str, File]:
    """All files by name."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            packed = gzip.compress(body, 9, mtime=0) if len(body) > _SMALL else b""
            found[path.name] = File(body, packed, _TYPES[path.suffix])
    return found


@cache
def digest() -> str:
    """Of all files together: modules name each other by relative paths, and none may be older."""
    found = hashlib.sha256()
    for name, file in files().items():
        found.update(name.encode() + file.body)
    return found.hexdigest()[:16]


def address(name: str) -> str:
    """The path of a file, which changes whenever any of them does."""
    assert name in files(), name
    return f"/static/{digest()}/{name}"


async def static(request: Request) -> Streamed:
    """One file; who has it already is told so."""
    file = files().get(request.path_params["name"])
    if file is None:
        raise NotFound("There is no such file; reload the page that asked for it.")
    coding = "identity"
    if file.packed:
        coding = choose_coding(request.headers.get("accept-encoding"), ("gzip",))
    packed = coding == "gzip"
    etag = strong_etag(f"{digest()}-{coding}" if packed else digest())
    current = request.path_params["digest"] == digest()
    headers = {
        "Content-Type": file.content_type,
        "Cache-Control": _YEAR if current else "no-cache",
        "Vary": "Accept-Encoding",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if packed:
        headers["Content-Encoding"] = coding
    return unchanged(request, etag) or whole(file.packed if packed else file.body, headers)
