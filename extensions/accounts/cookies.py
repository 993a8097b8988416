"""What goes to browsers: cookies that scripts cannot read, and ways on that stay in this server."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def origin_of(request: Request) -> str:
    """The server as the client knows it, without a final slash."""
    origin: str = request.state.addresses.origin(request.scope)
    return origin


def prefix_of(request: Request) -> str:
    """What stands before our paths there: `/imaging`, or nothing."""
    return urlsplit(origin_of(request)).path.rstrip("/")


def inside(next: str, otherwise: str) -> str:
    """A path of this server; whatever could lead to another one counts as none."""
    strange = next.startswith(("//", "/\\")) or "\\" in next or not next.isprintable()
    return next if next.startswith("/") and not strange and len(next) <= 2000 else otherwise


def give(
    request: Request, answer: Response, name: str, value: str, seconds: int, path: str = ""
) -> None:
    """Set a cookie for a path below our prefix, all of it by default."""
    answer.set_cookie(
        name,
        value,
        max_age=max(seconds, 0),
        path=prefix_of(request) + path or "/",
        secure=origin_of(request).startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def take(request: Request, answer: Response, name: str, path: str = "") -> None:
    """Let the browser forget a cookie."""
    answer.delete_cookie(name, path=prefix_of(request) + path or "/", httponly=True, samesite="lax")
