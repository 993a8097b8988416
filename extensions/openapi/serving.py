"""The handlers: the document, made once an application, and the files of Swagger UI."""

import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.answers import in_thread, unchanged, whole
from dicomweb.archive import Archive
from dicomweb.errors import NotFound
from dicomweb.settings import Settings
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.content_coding import choose_coding
from extensions.openapi.document import described

STATIC = Path(__file__).parent / "static"
_TYPES = {"start.js": "text/javascript", "swagger-ui-bundle.js": "text/javascript"}
_TYPES["swagger-ui.css"] = "text/css"
# Swagger UI writes styles into the page and shows icons as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lightbox: APIs</title>
<base href="{prefix}/">
<link rel="stylesheet" href="api-docs/swagger-ui.css">
</head>
<body>
<noscript>These pages need a script; the document itself is
<a href="openapi.json">openapi.json</a>.</noscript>
<div id="swagger-ui"></div>
<script src="api-docs/swagger-ui-bundle.js"></script>
<script src="api-docs/start.js"></script>
</body>
</html>
"""


@dataclass(slots=True)
class Document:
    """The document of this application, made when it is first asked for."""

    text: bytes = b""


@asynccontextmanager
async def opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    """Where the finished document is kept."""
    yield {"openapi": Document()}


async def document(request: Request) -> ASGIApp:
    """What the routes of this very application say."""
    kept: Document = request.state.openapi
    if not kept.text:
        kept.text = orjson.dumps(await in_thread(described, request.scope["router"].routes))
    servers = orjson.dumps({"servers": [{"url": _prefix(request) or "/"}]})
    body = kept.text[:-1] + b"," + servers[1:]
    return _fresh(request, body, "application/json")


async def page(request: Request) -> ASGIApp:
    """Swagger UI."""
    html = _PAGE.format(prefix=_prefix(request)).encode()
    return _fresh(
        request,
        html,
        "text/html; charset=utf-8",
        {"Content-Security-Policy": _POLICY},
    )


async def file(request: Request) -> ASGIApp:
    """One file of Swagger UI, which lies here compressed."""
    name: str = request.path_params["name"]
    if name not in _TYPES:
        raise NotFound("Swagger UI has no file of this name.")
    packed = STATIC / f"{name}.gz"
    if not packed.exists():
        return _fresh(request, (STATIC / name).read_bytes(), _TYPES[name])
    body = await in_thread(packed.read_bytes)
    if choose_coding(request.headers.get("accept-encoding"), ("gzip",)) == "gzip":
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return _fresh(request, body, _TYPES[name], headers)
    return _fresh(request, await in_thread(gzip.decompress, body), _TYPES[name])


def _fresh(
    request: Request, body: bytes, content_type: str, headers: dict[str, str] | None = None
) -> ASGIApp:
    etag = strong_etag(hashlib.sha256(body).hexdigest()[:32])
    every = {"Content-Type": content_type, "ETag": etag, "Cache-Control": "no-cache", **_SAFE}
    return unchanged(request, etag) or whole(body, {**every, **(headers or {})})


def _prefix(request: Request) -> str:
    origin: str = request.state.addresses.origin(request.scope)
    return urlsplit(origin).path.rstrip("/")
