"""What a request brings to prove who sends it, and who can tell whether it does."""

from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope

from dicomweb.access.permissions import Principal

# What is longer is no token of ours, nor of any provider that fits into a header.
LONGEST = 8192
SESSION_COOKIE = "lightbox_session"
SHARE_COOKIE = "lightbox_share"
_AUTHORIZATION, _COOKIE = b"authorization", b"cookie"
_NAMES = (SESSION_COOKIE.encode(), SHARE_COOKIE.encode())


class Unproven(Exception):
    """A token that proves nothing: a few words that say why, without quotes or values of it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who it is, and until when (seconds since 1970) that holds."""

    principal: Principal
    until: float


class Accounts(Protocol):
    """What the archive itself knows of people: `request.state.credentials`. All may wait."""

    def bearer(self, token: str) -> Proven:
        """Who an access token, an API key or a share token stands for. Raises Unproven."""

    def knows(self, token: str) -> bool:
        """Whether a token is one of ours, a provider's being none. Waits for nothing."""

    def page(self, cookies: dict[str, str]) -> Proven:
        """Who the cookies of a page stand for. Raises Unproven."""

    def changes(self) -> int:
        """Another number after every change that takes something away from somebody."""


def sent(scope: Scope) -> tuple[bytes, bool] | None:
    """What the request proves itself by: the value of a header, and whether that is its cookie.

    None where there is neither. An Authorization header wins. Two of them count as one that proves
    nothing: which of them a proxy has looked at, nobody knows.
    """
    found: bytes | None = None
    cookie = b""
    for name, value in scope["headers"]:
        if name == _AUTHORIZATION:
            found = value if found is None else b""
        elif name == _COOKIE:
            cookie = cookie + b"; " + value if cookie else value
    if found is not None:
        return found, False
    if cookie and any(name in cookie for name in _NAMES):
        return cookie, True
    return None


def bearer_token(header: bytes) -> str:
    """The token of an Authorization header (RFC 6750 2.1). Raises Unproven."""
    if len(header) > LONGEST:
        raise Unproven("The token is longer than any of ours")
    scheme, _, token = header.decode("latin-1").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unproven("One Authorization header with one Bearer token is right")
    if not token.isascii() or not token.isprintable() or " " in token or "," in token:
        raise Unproven("The token has characters that no token has")
    return token


def cookies_of(header: bytes) -> dict[str, str]:
    """Our cookies in a Cookie header. Raises Unproven for one that stands there twice."""
    if len(header) > 4 * LONGEST:
        raise Unproven("The cookies are longer than any of ours")
    found: dict[str, str] = {}
    for pair in header.decode("latin-1").split(";"):
        name, _, value = pair.strip(" ").partition("=")
        if name in (SESSION_COOKIE, SHARE_COOKIE):
            if found.get(name, value) != value:
                raise Unproven("A cookie was sent twice")
            found[name] = value
    return found
