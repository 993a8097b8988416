"""What all rendered answers share: parameters, options, entity tags, headers (PS3.18 8.3.5.1)."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from starlette.requests import Request

from dicomweb import __version__
from dicomweb.answers import Part, Streamed, multipart, ranged, single_part
from dicomweb.archive import Location, resource_of
from dicomweb.errors import BadRequest
from dicomweb.pixels.options import RenderOptions, parse_options
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.negotiation import Choice
from dicomweb.wire.query_string import parse_query

_ONCE = ("annotation", "quality", "viewport", "window", "iccprofile", "overlays")
REVALIDATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Charset"}


def parameters_of(query: bytes) -> dict[str, str]:
    """One value a name: which of two windows is meant nobody can know."""
    found: dict[str, str] = {}
    for each in parse_query(query):
        if each.name in _ONCE and each.name in found:
            raise BadRequest(f"{each.name} is given twice; once is right.")
        found[each.name] = each.value
    return found


def options_of(request: Request, choice: Choice) -> RenderOptions:
    """How pictures are wanted (PS3.18 8.3.5.1). Raises BadRequest."""
    return _read_options(request.scope["query_string"], choice.payload_type)


@lru_cache(maxsize=256)
def _read_options(query: bytes, media_type: str) -> RenderOptions:
    """Kept: a viewer sends the same words for every image that it shows."""
    return parse_options(parameters_of(query), media_type)


def url_of(request: Request, location: Location) -> str:
    """The Content-Location of what is shown of an instance."""
    root: str = request.state.addresses.root(request.scope)
    return root + resource_of(location).path


def etag_of(request: Request, version: str, choice: Choice) -> str:
    """Of what is shown, of how it is asked for, and of the program that draws it."""
    query: bytes = request.scope["query_string"]
    form = "m" if choice.multipart else "s"
    path = request.scope["path"]
    said = f"{__version__} {path}?{query.decode('latin-1')} {version}"
    digest = blake2b(said.encode(), digest_size=12)
    return strong_etag(f"{digest.hexdigest()}-{form}-{choice.payload_type.partition('/')[2]}")


def headers_of(request: Request, options: RenderOptions, etag: str) -> dict[str, str]:
    """Those of something rendered, warnings included."""
    from dicomweb.pixels.documents.html_page import CONTENT_SECURITY_POLICY  # 15 ms at a start

    headers = {"ETag": etag, **REVALIDATE}
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    if options.warnings:
        root: str = request.state.addresses.root(request.scope)
        texts = (text.encode("ascii", "replace").decode() for text in options.warnings)
        headers["Warning"] = ", ".join(f"299 {root}: {text}" for text in texts)
    return headers


def answer(
    request: Request,
    choice: Choice,
    parts: Sequence[Part],
    etag: str,
    headers: dict[str, str],
    status: int = 200,
) -> Streamed:
    """The parts in one multipart, or the only one."""
    if choice.multipart:
        return multipart(request, choice, parts, etag, headers, status)
    if status != 200:
        return single_part(parts[0], headers, status)
    return ranged(request, parts[0], headers)
