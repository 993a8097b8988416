"""Questions to an OpenID provider over HTTP, bounded in time and in bytes; all of them wait."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

TIMEOUT = 5.0
MOST_BYTES = 1_000_000
# Whoever waits for a provider that hangs waits here, and keeps nobody from the archive.
_WAITING = ThreadPoolExecutor(8, thread_name_prefix="provider")
Result = TypeVar("Result")


class Declined(ValueError):
    """The provider has understood, and says no; `error` is its word for it (RFC 6749 5.2)."""

    def __init__(self, error: str) -> None:
        super().__init__("the provider declines")
        self.error = error


async def in_thread(work: Callable[..., Result], *arguments: object) -> Result:
    """Run what may ask a provider outside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_WAITING, partial(work, *arguments))


def fetched(url: str) -> dict[str, Any]:
    """The JSON object at an address. Raises OSError, ValueError."""
    import urllib.request  # 20 ms of every start that needs no provider

    return _answer(urllib.request.build_opener(), url, {}, None)


def posted(url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object for a form. Raises OSError, ValueError, Declined for 400 and 401."""
    return _answer(_straight(), url, headers, urlencode(fields).encode())


def shown(url: str, token: str) -> dict[str, Any]:
    """The JSON object for who shows an access token. Raises as `posted` does."""
    return _answer(_straight(), url, {"Authorization": f"Bearer {token}"}, None)


def _answer(
    opener: "OpenerDirector", url: str, headers: Mapping[str, str], body: bytes | None
) -> dict[str, Any]:
    import urllib.error
    import urllib.request

    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("no address that can be asked")
    named = {**headers, "Accept": "application/json"}
    request = urllib.request.Request(url, body, named)  # a form, where there is a body
    try:
        return _read(opener, request)
    except urllib.error.HTTPError as failed:
        with failed:
            if failed.code not in (400, 401):
                raise OSError("the provider fails") from None
            raise Declined(_word(failed.read(MOST_BYTES))) from None
    except HTTPException:
        raise OSError("no answer of HTTP") from None


def _read(opener: "OpenerDirector", request: "Request") -> dict[str, Any]:
    with opener.open(request, timeout=TIMEOUT) as answer:
        body = answer.read(MOST_BYTES + 1)
    document = json.loads(body) if len(body) <= MOST_BYTES else None
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    return document


def _word(body: bytes) -> str:
    """The `error` of a refusal; empty where it says nothing that can be read."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, str) else ""


@lru_cache(maxsize=1)
def _straight() -> "OpenerDirector":
    """Follows no redirection: secrets go nowhere but where they were meant to."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class Stays(HTTPRedirectHandler):
        def redirect_request(self, *told: object) -> None:
            return None

    return build_opener(Stays)
