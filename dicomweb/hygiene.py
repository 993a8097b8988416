"""What every answer carries: a request id, and the headers that make browsers careful."""

import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = b"x-request-id"
_GIVEN = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
# What may let somebody in, wherever it stands in a path: a link's token, a JWT, an API key.
_SECRET = re.compile(r"(?i:(?<=/share/)[^/]+)|(?<=/)(?:eyJ|lbk_)[^/]*")
# A page that says nothing itself may show what is ours, and run none but our files.
_POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'self'"
)
# What was stored may look like a page: no browser is to take it for one (a GIF that is HTML).
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_PAGES = (
    (b"content-security-policy", _POLICY),
    _NOSNIFF,
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")

log = logging.getLogger("dicomweb.requests")
Pair = tuple[bytes, bytes]


class Marked:
    """The middleware that numbers requests, and logs them where the settings want it.

    A proxy that we trust may give the number (X-Request-Id); else it is made: eight random
    characters of this process and a count. Of two requests under way only one has a number, so
    that none passes for the other in a log or the audit trail.
    """

    def __init__(self, app: ASGIApp, *, log_requests: bool = False) -> None:
        self.app = app
        self._process = secrets.token_hex(4)
        self._count = itertools.count(1)
        self._log = log_requests
        self._given: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = _given(scope)
        if given is None or given in self._given:
            scope["request_id"] = f"{self._process}-{next(self._count):x}"
            await self._answer(scope, receive, send)
            return
        scope["request_id"] = given
        self._given.add(given)
        try:
            await self._answer(scope, receive, send)
        finally:
            self._given.discard(given)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._log:
            await self._logged(scope, receive, send)
            return

        def mark(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = _marked(scope, message.get("headers", ()))
            return send(message)

        await self.app(scope, receive, mark)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500
        began = time.perf_counter()

        def mark(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _marked(scope, message.get("headers", ()))
            return send(message)

        try:
            await self.app(scope, receive, mark)
        finally:
            _tell(scope, status, time.perf_counter() - began)


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            trusted = scope["state"]["addresses"].is_trusted(scope)
            return value.decode() if trusted and _GIVEN.fullmatch(value) else None
    return None


def _marked(scope: Scope, headers: Iterable[Pair]) -> list[Pair]:
    marked = [*headers, (REQUEST_ID, scope["request_id"].encode())]
    told = False
    for name, value in marked:
        if name == b"content-type" and value.startswith(b"text/html"):
            return marked + _careful(scope, marked)
        told = told or name == _NOSNIFF[0]
    if not told:
        marked.append(_NOSNIFF)
    return marked


def _careful(scope: Scope, headers: Iterable[Pair]) -> list[Pair]:
    """The headers of a page that it has not set itself."""
    there = {name.lower() for name, _ in headers}
    wanted = list(_PAGES)
    if scope["state"]["addresses"].origin(scope).startswith("https:"):
        wanted.append(_HSTS)
    return [pair for pair in wanted if pair[0] not in there]


def shown_path(scope: Scope) -> str:
    """The path as a log may have it: tokens are none of its business, a line stays one line."""
    path = _SECRET.sub("…", scope["path"])
    return path if path.isprintable() else "".join(c if c.isprintable() else "?" for c in path)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    principal = scope.get("principal")
    log.info(
        "%s %s %d",
        scope["method"],
        shown_path(scope),
        status,
        extra={
            "request": scope["request_id"],
            "milliseconds": round(seconds * 1000, 1),
            "principal": principal.name if principal else "",
        },
    )
