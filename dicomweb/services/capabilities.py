"""Retrieve Capabilities transaction (PS3.18 8.9).

OPTIONS on the service root: what can be done below it, generated from the registered routes
    application/vnd.sun.wadl+xml by default, application/json (Annex G)
Answers 200 · 304 · 406. OPTIONS of any other path is answered with its Allow header by the router,
a CORS preflight, which has Access-Control-Request-Method, by the middleware in front of it.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson
from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, accepted, in_thread, unchanged, whole
from dicomweb.surface import JSON, WADL, entries
from dicomweb.wadl import application, to_xml
from dicomweb.wire.conditional import strong_etag
from dicomweb.wire.negotiation import Offer, Offers, negotiate

_OFFERS = Offers((Offer(WADL), Offer(JSON)))
_HEADERS = {"Allow": "OPTIONS", "Cache-Control": "no-cache", "Vary": "Accept"}


async def capabilities(request: Request) -> Streamed:
    """The description of the service, as the client sees its addresses."""
    choice = negotiate(*accepted(request), _OFFERS)
    root: str = request.state.addresses.root(request.scope)
    routes, path = request.scope["router"].routes, request.scope["route"].path
    body = await in_thread(_described, routes, path, root, choice.media_type)
    etag = strong_etag(blake2b(body, digest_size=12).hexdigest())
    if (answer := unchanged(request, etag, _HEADERS)) is not None:
        return answer
    return whole(body, {"Content-Type": choice.media_type, "ETag": etag, **_HEADERS})


def _described(routes: Sequence[Any], path: str, root: str, media_type: str) -> bytes:
    document = application(entries(routes, path), root)
    return orjson.dumps(document) if media_type == JSON else to_xml(document)


routes = [route("OPTIONS", "/", capabilities, Permission.PUBLIC)]
