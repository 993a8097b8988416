"""The handlers of /viewer: its page at every path of the application, its files, its settings."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.access.guard import demand
from dicomweb.access.permissions import Permission
from dicomweb.addresses import Addresses
from dicomweb.answers import in_thread, unchanged, whole
from dicomweb.errors import NotFound
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.content_coding import IDENTITY, choose_coding
from extensions.viewer import build, configuration
from extensions.viewer.absence import EXPLANATION

_CONFIGURATION = "app-config.js"
# A name with a hash in it means the same bytes always; a week heals what we ourselves did to them.
_WEEK = "public, max-age=604800"
# Everything comes from this origin. WebAssembly decodes the images; libraries of OHIF build
# functions from text (ndarray, emscripten), put styles into the page and start blobs as workers.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' {hashes}; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: "
    "blob:; media-src 'self' blob:; worker-src 'self' blob:; object-src 'self' blob:; frame-src "
    "'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}


async def resource(request: Request) -> ASGIApp:
    """A file of the build; the page for any other path, which OHIF's own router understands."""
    name: str = request.path_params["path"]
    if name == _CONFIGURATION:
        demand(request.scope, Permission.VIEW)
        return _settings(request)
    found = _build(request)
    file = found.files.get(name) if found is not None else None
    if file is not None:
        return await _file(request, file)
    if "." in name.rpartition("/")[2]:
        raise NotFound("The viewer has no file of this name.")
    return await page(request)


async def page(request: Request) -> ASGIApp:
    """The viewer, or, where it has not been fetched, how to fetch it; for who may view."""
    demand(request.scope, Permission.VIEW)
    found = _build(request)
    if found is None:
        return whole(
            EXPLANATION,
            {
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                **_SAFE,
            },
        )
    made = build.page(found.index, f"{_prefix(request)}/viewer")
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY.format(hashes=" ".join(made.script_hashes)),
    }
    return _fresh(request, made.html, headers)


def _settings(request: Request) -> ASGIApp:
    script = configuration.script(_prefix(request), request.scope["principal"])
    return _fresh(request, script, {"Content-Type": "text/javascript; charset=utf-8"})


def _fresh(request: Request, body: bytes, headers: dict[str, str]) -> ASGIApp:
    """What depends on the client's address and permissions: asked for again every time."""
    etag = strong_etag(hashlib.sha256(body).hexdigest()[:32])
    headers = {**headers, **_SAFE, "Cache-Control": "private, no-cache", "ETag": etag}
    return unchanged(request, etag) or whole(body, headers)


async def _file(request: Request, file: build.File) -> ASGIApp:
    coding, path = IDENTITY, file.path
    if file.packed is not None:
        coding = choose_coding(request.headers.get("accept-encoding"), ("gzip",))
        path = file.packed if coding == "gzip" else path
    etag = strong_etag(file.etag if coding == IDENTITY else f"{file.etag}-{coding}")
    if (same := unchanged(request, etag)) is not None:
        return same
    headers = {
        "Content-Type": file.content_type,
        "Cache-Control": _WEEK if file.hashed else "no-cache",
        "Vary": "Accept-Encoding",
        "ETag": etag,
        **_SAFE,
    }
    if coding != IDENTITY:
        headers["Content-Encoding"] = coding
    return whole(await in_thread(path.read_bytes), headers)


def _build(request: Request) -> build.Build | None:
    folder: str = request.state.settings.viewer_dir
    return build.find(Path(folder) if folder else build.FETCHED)


def _prefix(request: Request) -> str:
    """What stands before our paths in the client's URLs: `/imaging`, or nothing."""
    addresses: Addresses = request.state.addresses
    return urlsplit(addresses.origin(request.scope)).path.rstrip("/")
