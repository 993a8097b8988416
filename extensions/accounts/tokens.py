"""What is signed here: access and refresh tokens, cookies, share links (JWT, RFC 7519).

Each kind has a type, an audience and a key of its own: none passes for another. The signature is an
HMAC, since nobody but this archive has to verify it.
"""

import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from dicomweb.access.credentials import LONGEST, Unproven
from dicomweb.access.secret import derived

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

ISSUER = "lightbox"
KINDS = ("access", "refresh", "page", "share", "flow")
_ALGORITHM = "HS256"


class Tokens:
    """Signs and reads the tokens of one archive."""

    def __init__(self, secret: bytes) -> None:
        self._keys = {kind: derived(secret, f"lightbox token {kind}") for kind in KINDS}
        self._forms = derived(secret, "lightbox forms")
        self._flows = derived(secret, "lightbox logins at a provider")
        self._seal = derived(secret, "lightbox tokens of a provider")

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

    def bound(self, purpose: str, id: str) -> str:
        """64 characters for one purpose of a login at the provider: state, nonce or verifier."""
        return derived(self._flows, f"{purpose} {id}").hex()

    def sealed(self, text: str) -> str:
        """What the database keeps of a provider's tokens; `unsealed` reads it."""
        return self._box().encrypt(text.encode()).decode()

    def unsealed(self, text: str) -> str:
        """Empty for what was sealed with another secret."""
        from cryptography.fernet import InvalidToken

        try:
            return self._box().decrypt(text.encode()).decode()
        except InvalidToken:
            return ""

    def _box(self) -> "Fernet":
        from cryptography.fernet import Fernet

        return Fernet(urlsafe_b64encode(self._seal))

    def form_token(self, login: str) -> str:
        """What the forms of a browser carry that is logged in so."""
        return derived(self._forms, login).hex()[:32]
