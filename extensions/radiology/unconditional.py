"""Changes that name no version: whoever comes last has the say, also at the very same moment."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from starlette.requests import Request

from dicomweb.errors import PreconditionFailed

Said = ParamSpec("Said")
Answer = TypeVar("Answer")
# Each time somebody else has finished a change of the same thing.
_TIMES = 100


def last_wins(
    handler: Callable[Concatenate[Request, Said], Answer],
) -> Callable[Concatenate[Request, Said], Answer]:
    """A handler that reads and changes anew where others were faster by a moment.

    412 answers a precondition (RFC 9110 15.5.13), and a change without If-Match has none: a moment
    later it would have been taken, or refused for what the thing has become.
    """

    @wraps(handler)
    def again(request: Request, /, *args: Said.args, **kwargs: Said.kwargs) -> Answer:
        for _ in range(_TIMES):
            try:
                return handler(request, *args, **kwargs)
            except PreconditionFailed:
                if "if-match" in request.headers:
                    raise
        return handler(request, *args, **kwargs)

    return again
