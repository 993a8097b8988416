"""The OHIF build on disk: which files there are, and its page as it must be below our prefix."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

# `make viewer` puts it beside the packages; DICOMWEB_VIEWER_DIR names another place.
FETCHED = Path(__file__).resolve().parents[2] / ".viewer" / "dist"
INDEX = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonc": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webapp": "application/manifest+json",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
# webpack puts a hash of the content into these names, so their content never changes.
_HASHED = re.compile(r"(?:^|[./])[0-9a-f]{16}\.[a-z0-9]+$")
_ABSOLUTE = re.compile(r'\b(href|src|content)="/(?!/)')
_PUBLIC_URL = re.compile(r'window\.PUBLIC_URL="/"')
# It only unregisters the service workers of this origin, which may be another page's.
_SERVICE_WORKER = re.compile(r"<script[^>]*init-service-worker[^>]*></script>")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class File:
    """A file of the build; `packed` is the same one by gzip, where that is smaller."""

    path: Path
    packed: Path | None
    content_type: str
    etag: str
    hashed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The page of the viewer, and the inline scripts that its policy allows."""

    html: bytes
    script_hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """A complete build. Only what `files` names is ever read, so no path leads out of it."""

    files: Mapping[str, File]
    index: str


def find(folder: Path) -> Build | None:
    """The build in this folder; None when there is none.

    It is looked at anew when its page changes, so `make viewer` needs no restart.
    """
    try:
        status = (folder / INDEX).stat()
    except OSError:
        return None
    return _read(folder, status.st_ino, status.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(folder: Path, inode: int, changed: int) -> Build:
    files = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix in _TYPES and name != INDEX:
            files[name] = _file(path, name)
    return Build(files, (folder / INDEX).read_text("utf-8"))


def _file(path: Path, name: str) -> File:
    status = path.stat()
    packed = path.with_name(path.name + ".gz")
    return File(
        path,
        packed if packed.is_file() else None,
        _TYPES[path.suffix],
        f"{status.st_size:x}-{status.st_mtime_ns:x}",
        _HASHED.search(name) is not None,
    )


@lru_cache(maxsize=64)
def page(index: str, home: str) -> Page:
    """The page as the browser needs it when the viewer is at `home`, as `/prefix/viewer`."""
    html = _SERVICE_WORKER.sub("", index)
    html = _ABSOLUTE.sub(lambda found: f'{found[1]}="{escape(home)}/', html)
    # `home` has no quote and no angle bracket in it: dicomweb.wire.forwarded sees to that.
    html = _PUBLIC_URL.sub(lambda _: f'window.PUBLIC_URL="{home}/"', html)
    hashes = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(html))
    return Page(html.encode(), tuple(f"'sha256-{base64.b64encode(h).decode()}'" for h in hashes))
