"""A route that names its permission; nothing is routed here without one."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomweb.access.permissions import ANONYMOUS_ADMIN, Permission, Principal
from dicomweb.actor import Actor
from dicomweb.errors import Forbidden, NotFound, Refusal

Identify = Callable[[Scope], Principal]
# How a route answers a refusal where a documented API has its own shape.
Refused = Callable[[Scope, Refusal], Response]


class GuardedRoute(Route):
    """A Starlette route with the permission that it demands.

    `refused` makes the answer of a refusal where it is not the one shape of `failures`;
    `operation` is what the API's documentation tells of it.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        permission: Permission,
        methods: list[str],
        refused: Refused | None = None,
        operation: object = None,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.permission = permission
        self.refused = refused
        self.operation = operation
        self.app = self._serve  # Starlette's own wrapper handles exceptions a second time

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal = scope["principal"]
        if not principal.may(self.permission):
            raise Forbidden(f"This needs the permission {self.permission}.")
        if principal.studies is not None and not principal.sees(
            scope["path_params"].get("study", next(iter(principal.studies), ""))
        ):
            raise NotFound("There is no such study.")
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


def actor_of(scope: Scope) -> Actor:
    """Who sends this request, for the trail of changes."""
    client = scope.get("client")
    return Actor(scope["principal"].name, client[0] if client else "", scope.get("request_id", ""))


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
