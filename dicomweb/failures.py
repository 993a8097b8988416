"""How a failure is answered: one handler, one body, whatever went wrong and wherever."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomweb.access.navigation import is_navigation, login_address
from dicomweb.errors import Fault, MethodNotAllowed, NotFound, Refusal
from dicomweb.hygiene import shown_path

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
    """A cache may keep 404 and 410 unasked (RFC 9110 15.1), and hide what is stored next."""
    headers = {"Cache-Control": "no-store", **refusal.headers}
    return Response(body(refusal), refusal.status, headers, "application/json")


def _of_router(scope: Scope, failure: HTTPException) -> Refusal:
    """What Starlette's router raises, in our words."""
    if failure.status_code == 405:
        methods = allowed(scope["router"].routes, scope)
        return MethodNotAllowed(
            f"{scope['method']} is not possible here; possible are {methods}.",
            headers={"Allow": methods},
        )
    if failure.status_code == 404:
        return NotFound("There is nothing at this path; `dicomweb routes` lists all there is.")
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


class Answered:
    """The middleware that answers every failure: a refusal as itself, a fault of ours as a 500.

    A fault's log entry has its kind and where it happened, never its message: that may quote a
    value of a patient's. `scope["started"]` says that an answer is on its way already: then the
    connection is broken off, so that nobody takes half an answer for a whole one.
    """

    def __init__(
        self, app: ASGIApp, nowhere: Callable[[Scope, Refusal], Response] | None = None
    ) -> None:
        self.app = app
        self.nowhere = nowhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as failure:
            refusal = _refusal(scope, failure)
            if scope.get("started"):
                raise ConnectionAbortedError from None
            await self._answered(scope, refusal)(scope, receive, send)

    def _answered(self, scope: Scope, refusal: Refusal) -> Response:
        """The refusal as its route answers it; a person with a browser is led to the login page.

        Where there is no route, `nowhere` answers that person.
        """
        if refusal.status == 401 and (login := login_address(scope)) is not None:
            return RedirectResponse(login, 303, {"Cache-Control": "no-store"})
        refused = getattr(scope.get("route"), "refused", None)
        if "route" not in scope and "principal" in scope and is_navigation(scope):
            refused = self.nowhere
        response: Response = refused(scope, refusal) if refused else answer(refusal)
        return response


def _refusal(scope: Scope, failure: Exception) -> Refusal:
    if isinstance(failure, HTTPException):
        failure = _of_router(scope, failure)
    if isinstance(failure, Refusal):
        if failure.status >= 500:
            _log(scope, failure.sentence)
        return failure
    _log(scope, describe(failure))
    return Fault("The server failed at this request; the fault is in its log.")


def _log(scope: Scope, what: str) -> None:
    extra = {"request": scope.get("request_id", "")}
    log.error("%s %s: %s", scope["method"], shown_path(scope), what, extra=extra)


def describe(fault: BaseException) -> str:
    """The kind of a fault and the lines it passed, without its message."""
    frames = traceback.extract_tb(fault.__traceback__)[-8:]
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(fault).__name__} at {places}"
