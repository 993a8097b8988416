"""What is signed here: access and refresh tokens, cookies, share links (JWT, RFC 7519).

Each kind has a type, an audience and a key of its own: none passes for another. The signature is an
HMAC, since nobody but this archive has to verify it.
"""

import secrets
from typing import Any

from dicomweb.access.credentials import LONGEST, Unproven
from dicomweb.access.secret import derived

ISSUER = "lightbox"
KINDS = ("access", "refresh", "page", "share")
_ALGORITHM = "HS256"


class Tokens:
    """Signs and reads the tokens of one archive."""

    def __init__(self, secret: bytes) -> None:
        self._keys = {kind: derived(secret, f"lightbox token {kind}") for kind in KINDS}
        self._forms = derived(secret, "lightbox forms")

    def sign(self, kind: str, claims: dict[str, Any], issued: int, expires: int) -> str:
        import jwt

        whole = {
            "iss": ISSUER,
            "aud": f"{ISSUER}:{kind}",
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_urlsafe(9),
            **claims,
        }
        return jwt.encode(whole, self._keys[kind], _ALGORITHM, {"typ": f"{ISSUER}-{kind}"})

    def read(self, kind: str, token: str) -> dict[str, Any]:
        """The claims of a token of this kind. Raises Unproven."""
        import jwt

        if self.kind_of(token) != kind:
            raise Unproven("The token is of another kind")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys[kind],
                algorithms=[_ALGORITHM],
                audience=f"{ISSUER}:{kind}",
                issuer=ISSUER,
                options={"require": ["exp", "iat", "jti"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unproven("The token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise Unproven("The token is none of ours") from None
        return claims

    def kind_of(self, token: str) -> str:
        """What kind of token of ours this says to be; empty where it says no such thing."""
        import jwt

        if len(token) > LONGEST:
            return ""
        try:
            kind = jwt.get_unverified_header(token).get("typ")
        except (jwt.PyJWTError, ValueError, RecursionError):
            return ""
        name = str(kind).removeprefix(f"{ISSUER}-")
        return name if name in KINDS and name != kind else ""

    def form_token(self, login: str) -> str:
        """What the forms of a browser carry that is logged in so."""
        return derived(self._forms, login).hex()[:32]
