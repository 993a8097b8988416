"""A route that names its permission; nothing is routed here without one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomweb.access import forgery
from dicomweb.access.late import LateRoute
from dicomweb.access.permissions import ANONYMOUS_ADMIN, NOBODY, Permission, Principal
from dicomweb.actor import Actor
from dicomweb.errors import Forbidden, NotFound, Refusal, Unauthorized

# Who sends a request: known at once, or after the database was asked. It raises nothing that a
# public path would have to suffer from: a refusal stands in `scope["refusal"]` for `demand`.
Identify = Callable[[Scope], Principal | Awaitable[Principal]]
# How a route answers a refusal where a documented API has its own shape.
Refused = Callable[[Scope, Refusal], Response]

CHALLENGE = 'Bearer realm="lightbox"'


class GuardedRoute(LateRoute):
    """A Starlette route with the permission that it demands.

    `refused` makes the answer of a refusal where it is not the one shape of `failures`;
    `operation` is what the API's documentation tells of it. `narrows` says that a limited principal
    is given no more than their studies here: by the handler, or since all it gives is of the path
    parameter `study`, which is compared here. Without it the route is closed to them.
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
        narrows: bool = False,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.permission = permission
        self.refused = refused
        self.operation = operation
        self.narrows = narrows or permission is Permission.PUBLIC
        self.app = self._serve  # Starlette's own wrapper handles exceptions a second time

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal = scope["principal"]
        if self.permission not in principal.permissions:
            demand(scope, self.permission)
        if principal.studies is not None:
            study = scope["path_params"].get("study")
            if study is not None and study not in principal.studies:
                raise NotFound("There is no such study.")
            if not self.narrows:
                raise Forbidden("A share link opens its study in the viewer and by DICOMweb only.")
        await super().handle(scope, receive, send)


def route(
    method: str,
    path: str,
    endpoint: Callable[..., Any],
    permission: Permission,
    *,
    narrows: bool = False,
) -> GuardedRoute:
    """One line of a route table: `route("GET", "/studies", search, Permission.VIEW)`."""
    return GuardedRoute(path, endpoint, permission=permission, methods=[method], narrows=narrows)


def demand(scope: Scope, permission: Permission) -> None:
    """Raises Unauthorized for nobody, Forbidden for somebody who may not."""
    principal: Principal = scope["principal"]
    if principal.may(permission):
        return
    refusal: Refusal | None = scope.get("refusal")
    if refusal is not None:
        raise refusal
    if principal is NOBODY:
        raise unauthorized()
    raise Forbidden(f"This needs the permission {permission}.")


def unauthorized(problem: str = "") -> Unauthorized:
    """401 with its challenge (RFC 6750 3); `problem` says what is wrong with the token sent."""
    if not problem:
        sentence = "A valid token is needed: Authorization: Bearer …"
        return Unauthorized(sentence, headers={"WWW-Authenticate": CHALLENGE})
    described = f'{CHALLENGE}, error="invalid_token", error_description="{problem}"'
    return Unauthorized(f"{problem}.", headers={"WWW-Authenticate": described})


class Guard:
    """The one middleware that says who sends a request; handlers never parse a token."""

    def __init__(self, app: ASGIApp, identify: Identify) -> None:
        self.app = app
        self.identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            found = self.identify(scope)
            scope["principal"] = found if isinstance(found, Principal) else await found
            proven = scope.get("csrf")
            if proven is not None:  # a form of a page says in its body that it comes from us
                receive = await proven(receive)
        await self.app(scope, receive, send)


def actor_of(scope: Scope) -> Actor:
    """Who sends this request, for the trail of changes."""
    return Actor(scope["principal"].name, address_of(scope), scope.get("request_id", ""))


def address_of(scope: Scope) -> str:
    """The network address of the client, as the proxies that we trust tell it."""
    state = scope.get("state")
    if state and "addresses" in state:
        found: str = state["addresses"].client(scope)
        return found
    client = scope.get("client")
    return client[0] if client else ""


def anonymous(scope: Scope) -> Principal:
    """DICOMWEB_AUTH=none: every request acts as an anonymous admin.

    Whoever sits at this computer is that admin, not every page that their browser shows: a form of
    a stranger's page reaches a loopback address, too, and so does their DNS.
    """
    if forgery.is_misled(scope):
        scope["refusal"] = forgery.misled()
        return NOBODY
    if forgery.is_safe(scope) or not forgery.is_strange(scope):
        return ANONYMOUS_ADMIN
    scope["refusal"] = forgery.stranger()
    return NOBODY


def unguarded(routes: Sequence[object]) -> list[str]:
    """The paths of routes that name no permission; a test wants this to be empty."""
    return [
        getattr(entry, "path", repr(entry))
        for entry in routes
        if not isinstance(entry, GuardedRoute)
    ]
