"""Requests that a stranger's page makes a browser send: what a cookie alone does not prove.

Under the cookie of our pages a request must come from a page of ours: the browser says so in
Sec-Fetch-Site, an older one in Origin. What changes something carries the page's token besides;
below the Standard's paths it need not, since OHIF and `<video>` know of none.
"""

import hmac
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from starlette.types import Message, Receive, Scope

from dicomweb.errors import Forbidden

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
STANDARD = frozenset({"dicom-web", "wado"})
# The token is the first field of a form: no more than this is ever kept to find it.
FIRST = 65_536
_FIELD = re.compile(
    rb"\A-{2}[^\r\n]{1,70}\r\n(?:[^\r\n]+\r\n)*?"
    rb'content-disposition:[ \t]*form-data;[ \t]*name="?csrf"?[ \t]*\r\n'
    rb"(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,200})\r\n",
    re.IGNORECASE,
)

Proof = Callable[[Receive], Awaitable[Receive]]


def header(scope: Scope, name: bytes) -> str:
    """The one value of a request header; empty where there is none, or more than one."""
    found = [value for each, value in scope["headers"] if each == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def is_standard(scope: Scope) -> bool:
    """Whether the path is one of PS3.18."""
    return first_segment(scope) in STANDARD


def first_segment(scope: Scope) -> str:
    path: str = scope["path"]
    return path.lstrip("/").partition("/")[0]


def is_safe(scope: Scope) -> bool:
    """Whether the method changes nothing; a WebSocket begins with GET and has none."""
    return scope.get("method", "GET") in SAFE


def is_foreign(scope: Scope) -> bool:
    """Whether another site's page has sent this, or nobody says that it was one of ours."""
    site = header(scope, b"sec-fetch-site")
    if site in ("same-origin", "none"):
        return False
    safe = is_safe(scope)
    if site:  # following a link from anywhere is what links are for
        return not (safe and header(scope, b"sec-fetch-mode") == "navigate")
    origin = header(scope, b"origin")
    if origin:
        return origin != _own_origin(scope)
    return not safe


def is_strange(scope: Scope) -> bool:
    """Whether the page of a site that nobody has named sends this, where there are no logins.

    Programs send neither header; pages of DICOMWEB_CORS_ORIGINS may do what they like.
    """
    origin = header(scope, b"origin")
    allowed = scope["state"]["settings"].cors_origins
    if origin and (origin in allowed or "*" in allowed):
        return False
    if site := header(scope, b"sec-fetch-site"):
        return site not in ("same-origin", "none")
    return origin not in ("", _own_origin(scope))


def is_misled(scope: Scope) -> bool:
    """Whether a browser comes by a DNS name that nobody has given us, where there are no logins.

    Whose name that is may let it mean this computer, so that their page is of our origin and reads
    all there is (DNS rebinding). Addresses, localhost and names without a dot are nobody else's;
    a program, which sends no Accept-Language, comes from nobody's page.
    """
    host = b""
    is_browser = False
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"accept-language":
            is_browser = True
    if not is_browser or _is_near(host):
        return False
    settings = scope["state"]["settings"]
    ours = _name(settings.public_url.partition("://")[2].encode())
    return not settings.allow_anonymous and _name(host) != ours


@lru_cache(maxsize=64)
def _is_near(host: bytes) -> bool:
    """Whether a Host header holds what no stranger's DNS answers for."""
    name = _name(host)
    return name.endswith(".localhost") or not {".", ":"} & set(name) or _is_address(name)


def _name(host: bytes) -> str:
    """The name or address of a Host header, without its port, as urlsplit writes it."""
    try:
        found = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
    except ValueError:
        return "?."
    return found.rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _own_origin(scope: Scope) -> str:
    """Scheme, name and port under which the client knows us, as a browser writes them."""
    address: str = scope["state"]["addresses"].origin(scope)
    scheme, _, rest = address.partition("://")
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return f"{scheme}://{rest.partition('/')[0]}"


def refusal() -> Forbidden:
    return Forbidden("Under the cookie of a page only pages of this server may do this.")


def stranger() -> Forbidden:
    return Forbidden(
        "Another site's page may change nothing here, unless DICOMWEB_CORS_ORIGINS names it."
    )


def misled() -> Forbidden:
    return Forbidden(
        "Nobody is asked here who they are, so that browsers come by an address or localhost only: "
        "set DICOMWEB_PUBLIC_URL to come by another name."
    )


def tokenless() -> Forbidden:
    return Forbidden(
        "Under the cookie of a page a change carries the X-CSRF-Token of GET /api/auth/me."
    )


def matches(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def in_form(scope: Scope, token: str, refuse: Callable[[], None]) -> Proof | None:
    """A reader of the form's first field, which calls `refuse` when that is not the token.

    None when the request is no form.
    """
    kind = header(scope, b"content-type").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        find = _in_multipart
    elif kind == "application/x-www-form-urlencoded":
        find = _in_fields
    else:
        return None

    async def prove(receive: Receive) -> Receive:
        seen: list[Message] = []
        body = b""
        given = ""
        while not given and len(body) < FIRST:
            message = await receive()
            seen.append(message)
            body += message.get("body", b"")
            if message["type"] != "http.request" or not message.get("more_body"):
                given = find(body, True)
                break
            given = find(body, False)
        if not given or not matches(given, token):
            refuse()
        return _again(seen, receive)

    return prove


def _in_multipart(body: bytes, whole: bool) -> str:
    found = _FIELD.match(body)
    return found[1].decode("latin-1") if found else ""


def _in_fields(body: bytes, whole: bool) -> str:
    """The first field of a form that has begun to arrive; its end is an ampersand."""
    first, more, _ = body.partition(b"&")
    if not (more or whole) or not first.startswith(b"csrf="):
        return ""
    return parse_qs(first.decode("latin-1")).get("csrf", [""])[0]


def _again(seen: list[Message], receive: Receive) -> Receive:
    """What has been read already, then the rest."""
    waiting = iter(seen)

    async def replay() -> Message:
        for message in waiting:
            return message
        return await receive()

    return replay
