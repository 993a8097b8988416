"""What the handlers of all four documents share: routes, who asks, which file is meant."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from dicomweb.access.guard import GuardedRoute, Refused, actor_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.answers import in_thread
from dicomweb.archive import Location, resource_of
from dicomweb.errors import BadRequest, MethodNotAllowed, Refusal, UnsupportedMediaType
from extensions.files.ledger import Ledger
from extensions.files.uploads import Counter, File, Taken, summary
from extensions.forms import Form, Uploaded, received
from extensions.json_api import Operation

# Paths of uploads stand where others have an id.
_RESERVED = frozenset({"upload"})


def door(
    method: str,
    path: str,
    handler: Callable[..., Any],
    permission: Permission,
    *,
    refused: Refused | None = None,
    **said: Any,
) -> GuardedRoute:
    """One line of a route table; `said` are the fields of Operation."""
    return GuardedRoute(
        path,
        handler,
        permission=permission,
        methods=[method],
        refused=refused,
        operation=Operation(**said),
        narrows=True,
    )


def failure(refusal: Refusal, kind: str = "") -> dict[str, Any]:
    """What an answer says of a refusal."""
    return {
        "code": refusal.status,
        "message": refusal.sentence,
        "type": kind or type(refusal).__name__,
    }


def refused_as(kind: str) -> Refused:
    """Refusals in the shape of all our APIs, with one word for all of them."""

    def answer(scope: Scope, refusal: Refusal) -> Response:
        body = {"error": failure(refusal, kind), "message": refusal.sentence}
        return Response(
            orjson.dumps(body), refusal.status, refusal.headers, media_type="application/json"
        )

    return answer


def ledger_of(request: Request) -> Ledger:
    ledger: Ledger = request.state.files
    return ledger


def counter_of(request: Request) -> Counter:
    """Where the files of a request are taken in."""
    principal: Principal = request.scope["principal"]
    return Counter(request.state.archive, ledger_of(request), principal, actor_of(request.scope))


async def meant(request: Request, id: str | None = None) -> Location:
    """Where the instance is that the path, or `id`, names. Raises NotFound."""
    given = request.path_params["id"] if id is None else id
    if id is None and given in _RESERVED and request.url.path.endswith(given):
        raise MethodNotAllowed(
            f"{request.method} is not possible here; possible is POST.",
            headers={"Allow": "OPTIONS, POST"},
        )
    return await in_thread(ledger_of(request).locate, request.scope["principal"], given)


async def remove(request: Request) -> None:
    """Take the instance of the path away, with all that is told of it. Raises NotFound."""
    location = await meant(request)
    await in_thread(request.state.archive.remove, resource_of(location), actor_of(request.scope))


@contextmanager
def as_documented() -> Iterator[None]:
    """A body of another type is 400: the documents have no 415, nor have their clients."""
    try:
        yield
    except UnsupportedMediaType as refusal:
        raise BadRequest(refusal.sentence) from None


@asynccontextmanager
async def posted(request: Request) -> AsyncIterator[Form]:
    """The form of the request, as `received` gives it."""
    with as_documented():
        async with received(request) as form:
            yield form


def files_in(form: Form, *fields: str) -> list[File]:
    """The files of a form. Raises BadRequest without any, and for one in another field."""
    wanted = " or ".join(f"`{field}`" for field in fields)
    if not form.files:
        raise BadRequest(f"The form has no file: it goes into the field {wanted}.")
    if any(each.field not in fields for each in form.files):
        raise BadRequest(f"A file of the form is in a wrong field: {wanted} is right.")
    return [_file(each) for each in form.files]


def _file(uploaded: Uploaded) -> File:
    return File(uploaded.filename, uploaded.size, uploaded.pieces)


async def take(request: Request, files: Sequence[File]) -> list[Taken]:
    return await in_thread(counter_of(request).take, files)


Told = Callable[[Taken], dict[str, Any]]


def one_of(taken: Sequence[Taken]) -> Taken | None:
    """The only file of a form, whose answer is as documented; raises its refusal."""
    if len(taken) != 1:
        return None
    if taken[0].refusal is not None:
        raise taken[0].refusal
    return taken[0]


def several(
    taken: Sequence[Taken], told: Told, *, name: str, kind: str = ""
) -> tuple[list[dict[str, Any]], dict[str, Any], int]:
    """What to say of several files: a result of each, the error if none was stored, the status.

    `name` is the key of a file's name in the result of one that was refused.
    """
    results = [
        told(each)
        if each.refusal is None
        else {name: each.name, "error": failure(each.refusal, kind)}
        for each in taken
    ]
    status = summary(taken)
    first = taken[0].refusal
    if status in (201, 207) or first is None:
        return results, {}, status
    return results, {"error": failure(first, kind), "message": first.sentence}, status
