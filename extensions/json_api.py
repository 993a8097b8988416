"""Our own JSON APIs: what a line of a route table says is what validates, answers and documents.

    api("POST", "/api/radiology/studies", create, Permission.CREATE,
        takes=NewStudy, gives=Study, status=201, summary="Schedule a study")

The handler is called with the request, then `body` (of `takes`) and `query` (of `asks`) where the
line names them. A plain function runs in a thread and may use sessions; a coroutine must not wait.
What it returns is `data` of {"success": true, "data": …}; a Page adds `pagination`; a Response is
sent as it is. Fields are snake_case here and camelCase outside.
"""

from asyncio import iscoroutinefunction
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import GuardedRoute
from dicomweb.access.permissions import Permission
from dicomweb.answers import in_thread
from dicomweb.errors import (
    BadRequest,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedMediaType,
)

# Reports are the longest bodies; a megabyte is some 150 pages.
MAX_BODY = 1_000_000
# Lists are whole up to so many rows where no limit is sent.
MAX_ROWS = 10_000
# Values of one filter.
MAX_VALUES = 100

Item = TypeVar("Item")
Model = TypeVar("Model", bound=BaseModel)


class Shape(BaseModel):
    """A body, a query or an answer: snake_case in Python, camelCase in JSON.

    Its validator is made when it is first used: a start would spend 0.1 s on all of them.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        from_attributes=True,
        extra="ignore",
        defer_build=True,
    )


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character, which no text does")
    return text


def or_default(cls: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """For `field_validator(…, mode="before")`: null is what is left out."""
    if value is not None or info.field_name is None:
        return value
    return cls.model_fields[info.field_name].default


# Text of a person: as it was typed, never markup. PostgreSQL keeps no NUL.
Line = Annotated[str, Field(max_length=1_000), AfterValidator(_without_nul)]
Text = Annotated[str, Field(max_length=200_000), AfterValidator(_without_nul)]


def _parted(value: Any) -> Any:
    """`CT,MR` and a parameter that is repeated are both lists."""
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        return value
    parts = [part for each in values for part in each.split(",") if part.strip()]
    if len(parts) > MAX_VALUES:
        raise ValueError(f"at most {MAX_VALUES} values")
    return parts


# For a query's field of the type `Annotated[list[…] | None, Listed]`.
Listed = BeforeValidator(_parted)


class Paging(Shape):
    """`page` counts from 1."""

    page: int = Field(default=1, ge=1, le=1_000_000, description="Page, counted from 1.")
    limit: int = Field(default=MAX_ROWS, ge=1, le=MAX_ROWS, description="Rows of a page.")

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list, and how many rows there are in all."""

    rows: Sequence[Item]
    page: int
    limit: int
    total: int


@dataclass(frozen=True, slots=True)
class Operation:
    """What one line of a route table says beyond method, path and permission.

    `gives` is the type of `data`, `listed` that it is a page of those. `media_types` are those of
    an answer that is no JSON; `form` are the fields of a form: name, type or "file", meaning; with
    `takes` beside it, either body is taken.
    `bare` says that the answer is `gives` itself, in the shape of somebody else's document. `also`
    are other statuses of success, each with what it gives instead, None for something else.
    """

    summary: str
    takes: type[BaseModel] | None = None
    asks: type[BaseModel] | None = None
    gives: Any = None
    listed: bool = False
    status: int = 200
    media_types: tuple[str, ...] = ()
    form: tuple[tuple[str, str, str], ...] = ()
    refusals: tuple[int, ...] = ()
    bare: bool = False
    also: tuple[tuple[int, Any], ...] = ()


def api(
    method: str,
    path: str,
    handler: Callable[..., Any],
    permission: Permission,
    **said: Any,
) -> GuardedRoute:
    """One line of a route table; `said` are the fields of Operation."""
    operation = Operation(**said)
    endpoint = _Endpoint(handler, operation)
    return GuardedRoute(
        path, endpoint.serve, permission=permission, methods=[method], operation=operation
    )


class _Endpoint:
    """Validates what comes in, calls the handler, wraps what goes out."""

    def __init__(self, handler: Callable[..., Any], operation: Operation) -> None:
        self.handler = handler
        self.operation = operation

    @cached_property
    def _answer(self) -> TypeAdapter[Any]:
        """Made when it is first needed: a start makes a hundred routes."""
        return TypeAdapter(self.operation.gives)

    async def serve(self, request: Request) -> Response:
        operation = self.operation
        given: dict[str, Any] = {}
        if operation.asks is not None:
            given["query"] = queried(request, operation.asks)
        if operation.takes is not None:
            given["body"] = validated(operation.takes, await json_body(request))
        if iscoroutinefunction(self.handler):
            answer = await self.handler(request, **given)
        else:
            answer = await in_thread(lambda: self.handler(request, **given))
        return answer if isinstance(answer, Response) else self._respond(answer)

    def _respond(self, answer: Any) -> Response:
        if answer is None and self.operation.status == 204:
            return Response(status_code=204)
        whole: dict[str, Any] = {"success": True}
        if isinstance(answer, Page):
            rows = [self._plain(row) for row in answer.rows]
            paging = {"page": answer.page, "limit": answer.limit, "total": answer.total}
            whole |= {"data": rows, "pagination": paging}
        else:
            whole["data"] = self._plain(answer)
        return enveloped(whole, self.operation.status)

    def _plain(self, value: Any) -> Any:
        if self.operation.gives is None:
            return value
        return self._answer.dump_python(
            self._answer.validate_python(value), mode="json", by_alias=True
        )


def enveloped(
    body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """JSON that is never kept by anyone between us and the client: it is about patients."""
    return Response(
        orjson.dumps(body),
        status,
        {"Cache-Control": "private, no-cache", **(headers or {})},
        "application/json",
    )


async def json_body(request: Request) -> Any:
    """The parsed body. Raises BadRequest, TooLarge or UnsupportedMediaType."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind and has_no_body(request):
        raise BadRequest("The body is missing: a JSON object is right.")
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType("The body must be application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"The body may have {MAX_BODY} bytes at most.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest("The body is no JSON.") from None


def has_no_body(request: Request) -> bool:
    """RFC 9112 6.3: neither of the two headers, or a length of nothing."""
    headers = request.headers
    return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"


def queried(request: Request, model: type[Model]) -> Model:
    """The query parameters as `model`.

    Of one that is repeated the last counts, but a field that is `Listed` gets all of them.
    """
    said = request.query_params
    given: dict[str, Any] = {name: value for name, value in said.items() if value != ""}
    for name, field in model.model_fields.items():
        outside = field.alias or name
        if Listed in field.metadata and outside in given:
            given[outside] = said.getlist(outside)
    return validated(model, given)


def validated(model: type[Model], value: Any) -> Model:
    """Raises BadRequest, which names every wrong field and what would be right."""
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as wrong:
        raise BadRequest(explained(wrong)) from None


def explained(wrong: ValidationError) -> str:
    """One sentence a field; never the value that was sent, which may be a patient's."""
    found = []
    for error in wrong.errors(include_input=False, include_url=False)[:10]:
        name = ".".join(str(part) for part in error["loc"])
        message = _limit_of(error) or str(error["msg"]).removeprefix("Value error, ")
        found.append(f"{name}: {message[:1].lower()}{message[1:]}" if name else message)
    return "; ".join(found) + "."


def _limit_of(error: ErrorDetails) -> str:
    """Of a text that was cleaned before it was measured, which is counted as items; else empty."""
    context = error.get("ctx", {})
    if context.get("field_type") != "Value":
        return ""
    if error["type"] == "too_long":
        return f"at most {context['max_length']} characters, not {context['actual_length']}"
    return "it must not be empty" if error["type"] == "too_short" else ""


def check_match(request: Request, etag: str, *, demanded: bool = False) -> None:
    """RFC 9110 13.1.1: a change of what has changed meanwhile is refused.

    `etag` is the current one, with its quotes. Raises PreconditionFailed, and PreconditionRequired
    where a change without If-Match is `demanded` to have one.
    """
    given = request.headers.get("if-match")
    if given is None:
        if demanded:
            raise PreconditionRequired("A change needs If-Match with the ETag that you read.")
        return
    tags = [tag.strip() for tag in given.split(",")]
    if "*" not in tags and etag not in tags:
        raise PreconditionFailed(
            "It has been changed meanwhile: read it again, and send its ETag as If-Match.",
            headers={"ETag": etag},
        )


__all__ = [
    "Line",
    "Listed",
    "Operation",
    "Page",
    "Paging",
    "Shape",
    "Text",
    "api",
    "check_match",
    "enveloped",
    "explained",
    "has_no_body",
    "json_body",
    "or_default",
    "queried",
    "validated",
]
