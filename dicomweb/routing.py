"""A router that looks only at the routes with as many segments as the path has.

Starlette's tries all routes in turn, which costs more than a search of the index does.
"""

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Lifespan, Receive, Scope, Send

from dicomweb.failures import allowed

# A path with more segments than any route: only routes that end in `{…:path}` can match it.
_DEEPEST = 16


class SegmentRouter(Router):
    """Starlette's router, with the routes sorted by their number of segments."""

    def __init__(self, routes: Sequence[BaseRoute], lifespan: Lifespan[Any]) -> None:
        super().__init__(routes, redirect_slashes=False, lifespan=lifespan)
        self._by_depth = [
            [route for route in routes if _may_have(route, depth)] for depth in range(_DEEPEST + 1)
        ]

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().app(scope, receive, send)
            return
        scope["router"] = self
        found = False
        for route in self._by_depth[min(scope["path"].count("/"), _DEEPEST)]:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope["route"] = route
                scope.update(child)
                await route.handle(scope, receive, send)
                return
            if match is Match.PARTIAL:
                scope["route"] = route
                found = True
        if found and scope["method"] == "OPTIONS":  # RFC 9110 9.3.7
            headers = {"Allow": allowed(self.routes, scope)}
            await Response(status_code=204, headers=headers)(scope, receive, send)
            return
        raise HTTPException(405 if found else 404)


def _may_have(route: BaseRoute, depth: int) -> bool:
    if not isinstance(route, Route):
        return True
    segments = route.path.count("/")
    return depth >= segments if ":path}" in route.path else depth == segments
