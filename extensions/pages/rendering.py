"""A template becomes a page: what every page knows, its headers, its ETag."""

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from dicomweb.access.permissions import Permission, Principal
from dicomweb.addresses import Addresses
from dicomweb.answers import Streamed, unchanged, whole
from dicomweb.errors import Refusal
from dicomweb.wire.conditional import strong_etag
from extensions.pages import static_files, words

if TYPE_CHECKING:
    from jinja2 import Environment

# Nothing from elsewhere, nothing inline. Images come from the archive, blobs are previews.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
THEMES = ("dark", "light")
# Extensions that an operator may leave out, and with them what our pages show of them.
_OTHERS = ("accounts", "audit", "deletion", "radiology", "viewer")


@cache
def environment() -> "Environment":
    """The templates; jinja2 costs 60 ms, which start-up does not spend."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("extensions.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "known": lambda value: words.UNKNOWN if value in (None, "", []) else value,
        "number": words.number,
        "size": words.size,
        "moment": words.moment,
    }
    made.globals |= {"plural": words.plural}
    return made


def page(request: Request, template: str, **values: Any) -> Streamed:
    """The page, or 304 when the browser has this one already. In a thread, where it is large.

    Where people log in, no browser keeps it: after a logout, Back would show it to the next one.
    """
    body = rendered(request, template, **values)
    if request.state.settings.auth != "none":
        return whole(body, {**HEADERS, "Cache-Control": "no-store"})
    etag = strong_etag(hashlib.blake2b(body, digest_size=12).hexdigest())
    headers = {**HEADERS, "ETag": etag}
    return unchanged(request, etag) or whole(body, headers)


def rendered(request: Request, template: str, **values: Any) -> bytes:
    """The bytes of the page."""
    found = {**shared(request), **values}
    return environment().get_template(template).render(found).encode()


def prefix_of(request: Request) -> str:
    """What stands before our paths in the browser's URLs: `/imaging`, or nothing."""
    addresses: Addresses = request.state.addresses
    return urlsplit(addresses.origin(request.scope)).path.rstrip("/")


def shared(request: Request) -> dict[str, Any]:
    """What every page knows: who asks, what they may, where everything is."""
    principal: Principal = request.scope["principal"]
    prefix = prefix_of(request)
    query = request.scope["query_string"].decode("latin-1")
    extensions = request.state.settings.extensions
    return {
        "prefix": prefix,
        "principal": principal,
        "csrf": getattr(principal, "csrf", ""),
        "signed_in": principal.name not in ("", "anonymous"),
        "accounts": request.state.settings.auth != "none",
        "provider_login": _again(prefix) if request.state.settings.oidc_flow else "",
        "limited": principal.studies is not None,
        "may": {each.name.lower(): principal.may(each) for each in Permission},
        "theme": theme_of(request),
        "here": request.scope["path"] + (f"?{query}" if query else ""),
        "has": {name: f"extensions.{name}" in extensions for name in _OTHERS},
        "static": lambda name: prefix + static_files.address(name),
        "link": lambda path, **query: prefix + path + _query(query),
        "dicomweb": f"{prefix}/dicom-web",
    }


def _again(prefix: str) -> str:
    """Where a login at the provider begins that ends at our login page, which says it is done."""
    return f"/api/auth/oidc/login{_query({'next': f'{prefix}/login'})}"


def theme_of(request: Request) -> str:
    found = request.cookies.get("theme", "")
    return found if found in THEMES else THEMES[0]


def _query(values: dict[str, Any]) -> str:
    kept = {name: value for name, value in values.items() if value not in ("", None)}
    return f"?{urlencode(kept, quote_via=quote)}" if kept else ""


def refused(scope: Scope, refusal: Refusal) -> Response:
    """A refusal as a page that says what failed, why, and where to go from here."""
    request = Request(scope)
    body = rendered(request, "refused.html", refusal=refusal, status=refusal.status)
    headers = {**HEADERS, **refusal.headers, "Cache-Control": "no-store"}
    return Response(body, refusal.status, headers)
