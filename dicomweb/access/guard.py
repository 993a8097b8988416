"""A route that names its permission; nothing is routed here without one."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomweb.access.permissions import ANONYMOUS_ADMIN, Permission, Principal
from dicomweb.errors import Forbidden

Identify = Callable[[Scope], Principal]


class GuardedRoute(Route):
    """A Starlette route with the permission that it demands."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, permission: Permission, methods: list[str]
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.permission = permission
        self.app = self._serve  # Starlette's own wrapper handles exceptions a second time

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal = scope["principal"]
        if not principal.may(self.permission):
            raise Forbidden(f"This needs the permission {self.permission}.")
        await super().handle(scope, receive, send)


def route(
    method: str, path: str, endpoint: Callable[..., Any], permission: Permission
) -> GuardedRoute:
    """One line of a route table: `route("GET", "/studies", search, Permission.VIEW)`."""
    return GuardedRoute(path, endpoint, permission=permission, methods=[method])


class Guard:
    """The one middleware that says who sends a request; handlers never parse a token."""

    def __init__(self, app: ASGIApp, identify: Identify) -> None:
        self.app = app
        self.identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["principal"] = self.identify(scope)
        await self.app(scope, receive, send)


def anonymous(scope: Scope) -> Principal:
    """DICOMWEB_AUTH=none: every request acts as an anonymous admin."""
    return ANONYMOUS_ADMIN


def unguarded(routes: Sequence[object]) -> list[str]:
    """The paths of routes that name no permission; a test wants this to be empty."""
    return [
        getattr(entry, "path", repr(entry))
        for entry in routes
        if not isinstance(entry, GuardedRoute)
    ]
