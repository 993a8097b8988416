"""DICOMWEB_AUTH=oidc: access tokens of an OpenID provider, verified here (RFC 7519, RFC 9068)."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dicomweb.access.credentials import Proven, Unproven
from dicomweb.access.keys import KEPT, Keys
from dicomweb.access.permissions import GRANTED, ROLES, Permission, Principal, is_ours

# Never none, and never an HMAC: its key would be one that everybody knows.
ALGORITHMS = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA"),
    }
)
# Access tokens (RFC 9068 2.1); older providers say JWT, or nothing.
TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
# What else a provider signs for the same audience says so in its claims where its header does not:
# Keycloak's `typ`, Cognito's `token_use`, the hashes of an ID token (Core 3.1.3.6), a logout's
# `events` (Back-Channel Logout 2.4).
_KINDS = {"typ": TYPES | {"bearer"}, "token_use": frozenset({"", "access"})}
_OTHERS = frozenset({"at_hash", "c_hash", "events"})
# Clocks of provider and server may be so far apart, in seconds, at the beginning of a token.
LEEWAY = 5
_NAMES = ("preferred_username", "email", "sub", "client_id", "azp")
_MOST = 200


class Provider:
    """Verifies tokens of one issuer for one audience, and says what they permit here.

    `claims` are dotted paths to roles, `roles` their meanings, `scopes` those of scopes, each as
    `theirs=ours` (see settings.py). `verified` may wait for the network.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        claims: Sequence[str],
        roles: Iterable[str],
        scopes: Iterable[str],
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.keys = Keys(issuer)
        self._paths = [tuple(path.split(".")) for path in claims]
        self._roles = {theirs: ours for theirs, _, ours in (e.rpartition("=") for e in roles)}
        pairs = (each.rpartition("=") for each in scopes)
        self._scopes = {
            **{each.value: frozenset({each}) for each in GRANTED},
            **{theirs: frozenset(map(Permission, ours.split("+"))) for theirs, _, ours in pairs},
        }

    def verified(self, token: str) -> Proven:
        """Who the token stands for. Raises Unproven, and Unavailable without any key."""
        claims = self.claims(token, self.audience)
        if not _gives_access(claims):
            raise Unproven("The token is of another kind")
        return Proven(self.principal(claims), min(float(claims["exp"]), time.time() + KEPT))

    def claims(self, token: str, audience: str, types: frozenset[str] = TYPES) -> Mapping[str, Any]:
        """What the provider has signed for an audience. Raises as `verified` does."""
        header = header_of(token, types)
        for anew in (False, True):
            for key in self.keys.find(header.get("kid"), header["alg"], anew=anew):
                claims = self._claims_of(token, key, header["alg"], audience)
                if claims is not None:
                    if claims["exp"] <= time.time():  # no leeway at the end
                        raise Unproven("The token has expired")
                    return claims
        raise Unproven("The token is signed by no key of the provider")

    def _claims_of(
        self, token: str, key: dict[str, Any], algorithm: str, audience: str
    ) -> dict[str, Any] | None:
        """The claims, if this key has signed them. Raises Unproven for what is signed and wrong."""
        import jwt

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(key, algorithm),
                algorithms=[algorithm],
                audience=audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidSignatureError:
            return None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as wrong:
            raise Unproven(_sentence(wrong)) from None
        return claims

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """Whom verified claims stand for; somebody without a role of ours may nothing."""
        found = {self._roles[each] for each in self._roles_in(claims) if each in self._roles}
        permissions: set[Permission] = set()
        for role in found:
            permissions |= ROLES[role]
        for scope in _words(claims.get("scope", claims.get("scp"))):
            permissions |= self._scopes.get(scope, frozenset())
        role = next((name for name in ROLES if name in found), "")
        names = (claims.get(name) for name in _NAMES)
        name = next((each for each in names if isinstance(each, str) and not is_ours(each)), "")
        name = name or "unnamed"
        name = "".join(each if each.isprintable() else "?" for each in name[:_MOST])
        return Principal(name, frozenset(permissions), role=role)

    def _roles_in(self, claims: Mapping[str, Any]) -> list[str]:
        found: list[str] = []
        for path in self._paths:
            value: Any = claims
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
            found += _words(value)
        return found


def _gives_access(claims: Mapping[str, Any]) -> bool:
    """Whether nothing in a token says that it was made for something else."""
    named = all(str(claims.get(name, "")).lower() in kinds for name, kinds in _KINDS.items())
    return named and not _OTHERS & claims.keys()


def _words(value: Any) -> list[str]:
    """A claim with several values: a list, or words between blanks."""
    if isinstance(value, str):
        return value.split(" ")
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def header_of(token: str, types: frozenset[str]) -> dict[str, Any]:
    """The header of a token, of which nothing is believed but which key and algorithm to try."""
    import jwt

    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Unproven("The token is none: three parts joined by dots are right") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unproven("The token is signed by an algorithm that is not accepted")
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise Unproven("The token is of another kind")
    if "crit" in header or not isinstance(header.get("kid", ""), str):
        raise Unproven("The token demands what is not understood here")
    return header


def _sentence(wrong: Exception) -> str:
    """What is wrong, by the kind of it: a message may quote the token."""
    import jwt

    if isinstance(wrong, jwt.ExpiredSignatureError):
        return "The token has expired"
    if isinstance(wrong, jwt.InvalidAudienceError):
        return "The token is for somebody else"
    if isinstance(wrong, jwt.InvalidIssuerError):
        return "The token is of another issuer"
    if isinstance(wrong, jwt.ImmatureSignatureError):
        return "The token is not valid yet"
    return "The token lacks a claim, or has a wrong one"
