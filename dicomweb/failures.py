"""How a failure is answered: one handler, one body, whatever went wrong and wherever."""

import logging
import traceback
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dicomweb.errors import Fault, MethodNotAllowed, NotFound, Refusal

log = logging.getLogger("dicomweb")


def body(refusal: Refusal, kind: str = "") -> bytes:
    """The one shape: {"error": {"code", "message", "type"}, "message"}."""
    error = {
        "code": refusal.status,
        "message": refusal.sentence,
        "type": kind or type(refusal).__name__,
    }
    return orjson.dumps({"error": error, "message": refusal.sentence})


def answer(refusal: Refusal) -> Response:
    return Response(body(refusal), refusal.status, refusal.headers, "application/json")


def refused(request: Request, failure: Exception) -> Response:
    """Starlette's exception handler for what we raise and for what its router raises."""
    if isinstance(failure, HTTPException):
        failure = _of_router(request, failure)
    assert isinstance(failure, Refusal)
    if failure.status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, failure.sentence)
    return answer(failure)


def _of_router(request: Request, failure: HTTPException) -> Refusal:
    if failure.status_code == 405:
        methods = allowed(request.app.routes, request.scope)
        return MethodNotAllowed(
            f"{request.method} is not possible here; possible are {methods}.",
            headers={"Allow": methods},
        )
    if failure.status_code == 404:
        return NotFound("There is nothing at this path; GET /openapi.json or the README lists all.")
    refusal = Refusal(str(failure.detail))
    refusal.status = failure.status_code
    return refusal


def allowed(routes: list[Any], scope: Scope) -> str:
    """Every method that some route has for the path of `scope` (RFC 9110 10.2.1)."""
    methods: set[str] = {"OPTIONS"}
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return ", ".join(sorted(methods))


class Unexpected:
    """The outermost middleware: a fault of ours becomes a 500 with a sentence, and a log entry.

    The entry has the kind of the fault and where it happened, never its message: that may quote
    a value of a patient's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return
        except Exception as fault:
            log.error("%s %s: %s", scope["method"], scope["path"], describe(fault))
            if started:
                raise ConnectionAbortedError from None
            sentence = "The server failed at this request; the fault is in its log."
            await answer(Fault(sentence))(scope, receive, send)


def describe(fault: BaseException) -> str:
    """The kind of a fault and the lines it passed, without its message."""
    frames = traceback.extract_tb(fault.__traceback__)[-8:]
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(fault).__name__} at {places}"
