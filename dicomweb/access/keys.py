"""An OpenID provider's public keys: found by discovery, kept, and fetched again when one is new."""

import threading
import time
from typing import Any

from dicomweb.access.asking import fetched
from dicomweb.access.discovery import described
from dicomweb.errors import Unavailable

# Keys are asked for again after so long, in seconds, and where a token names an unknown one; but
# never more often than every few seconds, whatever tokens name.
KEPT = 300.0
APART = 5.0
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES: dict[str, tuple[str, ...]] = {
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "EdDSA": ("Ed25519", "Ed448"),
}


class Keys:
    """The keys that a provider signs with. `find` may wait for the network."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: list[dict[str, Any]] = []
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str | None, algorithm: str, *, anew: bool = False) -> list[dict[str, Any]]:
        """The keys (JWK, RFC 7517) that may have signed a token; none where nobody knows of it.

        `anew` asks for those alone that were not known until now: a provider may have been set up
        again with other keys under the same names. Raises Unavailable when it was never reached.
        """
        found = self._fitting(kid, algorithm)
        if anew:
            self._refresh()
            return [each for each in self._fitting(kid, algorithm) if each not in found]
        if not found or time.monotonic() - self._fetched > KEPT:
            self._refresh()
            found = self._fitting(kid, algorithm)
        return found

    def _fitting(self, kid: str | None, algorithm: str) -> list[dict[str, Any]]:
        fitting = [each for each in self._keys if _fits(each, algorithm)]
        if kid is None:
            return fitting if len(fitting) == 1 else []
        return [each for each in fitting if each.get("kid") == kid]

    def _refresh(self) -> None:
        with self._lock:
            if time.monotonic() - self._tried < APART:
                if not self._keys:
                    raise _silent()
                return
            self._tried = time.monotonic()
            try:
                keys = self._fetch()
            except (OSError, ValueError):
                if not self._keys:
                    raise _silent() from None
                return
            self._keys, self._fetched = keys, time.monotonic()

    def _fetch(self) -> list[dict[str, Any]]:
        """By way of discovery, since the keys may have moved."""
        keys = fetched(described(self._issuer).keys).get("keys")
        if not isinstance(keys, list):
            raise ValueError("there are no keys")
        return [each for each in keys[:100] if isinstance(each, dict)]


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    """Whether a key is for signatures of this algorithm: its type, use and curve say so."""
    return (
        key.get("kty") == _FAMILIES.get(algorithm[:2])
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (algorithm not in _CURVES or key.get("crv") in _CURVES[algorithm])
    )


def _silent() -> Unavailable:
    sentence = "The identity provider does not answer, so that no token can be verified: try again."
    return Unavailable(sentence, headers={"Retry-After": "5"})
