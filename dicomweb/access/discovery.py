"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0, 4)."""

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dicomweb.access.asking import fetched
from dicomweb.errors import Unavailable

# The document is asked for again after so long, in seconds, or so soon where that was in vain.
KEPT, APART = 300.0, 5.0
_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Described:
    """Its addresses, empty where it has none, and what it can do."""

    keys: str
    authorization: str
    token: str
    userinfo: str
    end_session: str
    scopes: frozenset[str]
    methods: tuple[str, ...]
    names_itself: bool  # in every answer to a browser (RFC 9207 3)


def described(issuer: str) -> Described:
    """The document, fetched now. Raises OSError, ValueError. Waits for the network."""
    found = fetched(issuer.rstrip("/") + _PATH)
    if found.get("issuer") != issuer:
        raise ValueError("the document is of another issuer")

    def address(name: str) -> str:
        url = found.get(name, "")
        if not isinstance(url, str) or (url and not _as_safe(url, issuer)):
            raise ValueError("an address is none, or less safe than its issuer")
        return url

    return Described(
        keys=address("jwks_uri"),
        authorization=address("authorization_endpoint"),
        token=address("token_endpoint"),
        userinfo=address("userinfo_endpoint"),
        end_session=address("end_session_endpoint"),
        scopes=frozenset(_texts(found.get("scopes_supported"))),
        methods=tuple(_texts(found.get("token_endpoint_auth_methods_supported"))),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


class Discovery:
    """The document of one issuer, kept; an old one serves while the provider is silent."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._found: Described | None = None
        self._next = float("-inf")
        self._lock = threading.Lock()

    def document(self) -> Described:
        """Raises Unavailable when it was never reached. May wait for the network."""
        with self._lock:
            if time.monotonic() >= self._next:
                try:
                    self._found = described(self._issuer)
                    self._next = time.monotonic() + KEPT
                except (OSError, ValueError):  # whoever else waits is not kept waiting, too
                    self._next = time.monotonic() + APART
            if self._found is None:
                raise silent()
            return self._found


def silent() -> Unavailable:
    sentence = "The identity provider does not answer, so that nobody can log in: try again."
    return Unavailable(sentence, headers={"Retry-After": "5"})


def _as_safe(url: str, issuer: str) -> bool:
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and urlsplit(issuer).scheme == "http")


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
