"""A person's login at an OpenID provider: authorization code flow with PKCE (S256), and its end.

OpenID Connect Core 1.0 (3.1, 12), RFC 7636, RFC 9207, RP-Initiated Logout 1.0.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from dicomweb.access.asking import Declined, posted, shown
from dicomweb.access.credentials import Unproven
from dicomweb.access.discovery import Described, Discovery, silent
from dicomweb.access.oidc import Provider, header_of
from dicomweb.access.permissions import Principal

# ID tokens say JWT, or nothing.
TYPES = frozenset({"", "jwt"})
# Asked for where the settings name none: `roles` and `groups` only from a provider that has them.
ALWAYS, OFFERED = ("openid", "profile"), ("roles", "groups")
# What a browser and every proxy take as an address.
_LONGEST_ADDRESS = 6000


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider has vouched for, and until when (seconds since 1970).

    `subject` is its name for them; `refresh_token` is empty where it gives none.
    """

    principal: Principal
    subject: str
    until: float
    id_token: str
    refresh_token: str


class CodeFlow:
    """This server as a client of the provider. All of it may wait for the network."""

    def __init__(
        self, provider: Provider, client_id: str, client_secret: str, scopes: Sequence[str]
    ) -> None:
        self.provider = provider
        self.client_id = client_id
        self._secret = client_secret
        self._scopes = tuple(each for word in scopes for each in word.split())
        self._discovery = Discovery(provider.issuer)

    def address(
        self, redirect: str, state: str, nonce: str, verifier: str, *, again: bool = False
    ) -> str:
        """Where the browser goes to log in; `again`: although it is logged in there already.

        Raises Unavailable.
        """
        found = self._discovery.document()
        if not found.authorization:
            raise silent()
        scopes = self._asked(found)
        digest = hashlib.sha256(verifier.encode()).digest()
        fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        prompts = ["login"] if again else []
        if "offline_access" in scopes:
            prompts.append("consent")  # Core 11 wants that
        if prompts:
            fields["prompt"] = " ".join(prompts)
        return _with(found.authorization, fields)

    def _asked(self, found: Described) -> tuple[str, ...]:
        if self._scopes:
            return tuple(dict.fromkeys(("openid", *self._scopes)))
        return (*ALWAYS, *(each for each in OFFERED if each in found.scopes))

    def check_issuer(self, named: str | None) -> None:
        """Whether an answer is this provider's by its `iss` (RFC 9207 2.4). Raises Unproven."""
        if named is None and not self._discovery.document().names_itself:
            return
        if named != self.provider.issuer:
            raise Unproven("The answer is another provider's")

    def person(self, code: str, redirect: str, verifier: str, nonce: str) -> Person:
        """Who has logged in, for the code that the browser has brought.

        Raises Unproven, Declined, Unavailable.
        """
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        answer = self._exchanged(fields)
        claims = self._identity(answer)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise Unproven("The ID token is of another login")
        return self._person(answer, claims)

    def renewed(self, refresh_token: str, subject: str) -> Person:
        """The same person some time later. Raises Unproven, Declined, Unavailable."""
        answer = self._exchanged({"grant_type": "refresh_token", "refresh_token": refresh_token})
        claims: Mapping[str, Any] = {"sub": subject}
        if "id_token" in answer:
            claims = self._identity(answer)
            if claims["sub"] != subject:
                raise Unproven("The ID token is somebody else's")
        return self._person({"refresh_token": refresh_token, **answer}, claims)

    def ending(self, id_token: str, back: str) -> str:
        """Where the browser goes to log out there, too; empty where the provider has no such page.

        Raises Unavailable.
        """
        address = self._discovery.document().end_session
        if not address:
            return ""
        fields = {"client_id": self.client_id, "post_logout_redirect_uri": back}
        whole = _with(address, {"id_token_hint": id_token, **fields})
        return whole if len(whole) <= _LONGEST_ADDRESS else _with(address, fields)

    def _exchanged(self, fields: dict[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint (RFC 6749 5.1)."""
        found = self._discovery.document()
        headers = {}
        if not self._secret:
            fields["client_id"] = self.client_id
        elif "client_secret_post" in found.methods and "client_secret_basic" not in found.methods:
            fields |= {"client_id": self.client_id, "client_secret": self._secret}
        else:  # RFC 6749 2.3.1: both are encoded as in a form before they are joined
            pair = f"{quote(self.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        try:
            return posted(found.token, fields, headers)
        except Declined:
            raise
        except (OSError, ValueError):
            raise silent() from None

    def _identity(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims of the ID token (Core 3.1.3.7). Raises Unproven."""
        token = _text(answer, "id_token")
        claims = self.provider.claims(token, self.client_id, TYPES)
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Unproven("The ID token names nobody")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.client_id) != self.client_id:
            raise Unproven("The ID token is for somebody else")
        if "at_hash" in claims:
            algorithm = header_of(token, TYPES)["alg"]
            if claims["at_hash"] != _hash(_text(answer, "access_token"), algorithm):
                raise Unproven("The ID token is of another access token")
        return claims

    def _person(self, answer: Mapping[str, Any], claims: Mapping[str, Any]) -> Person:
        """Roles are those of the access token if it is for us, else of ID token and userinfo."""
        access = _text(answer, "access_token")
        until: float | None = None
        try:
            allowed = self.provider.claims(access, self.provider.audience)
            principal = self.provider.principal(allowed)
            name = self.provider.principal({**allowed, **claims}).name
            principal = replace(principal, name=name)
            until = float(allowed["exp"])
        except Unproven:
            principal = self._described(claims, access)
        if until is None:
            until = _end(answer, claims)
        return Person(
            principal,
            str(claims["sub"]),
            until,
            _text(answer, "id_token"),
            _text(answer, "refresh_token"),
        )

    def _described(self, claims: Mapping[str, Any], access: str) -> Principal:
        """By claims alone: what an access token for somebody else permits counts nothing here."""
        address = self._discovery.document().userinfo
        known = dict(claims)
        principal = self.provider.principal({**known, "scope": "", "scp": ""})
        if principal.permissions or not address or not access:
            return principal
        try:
            found = shown(address, access)
        except Declined:
            return principal
        except (OSError, ValueError):
            raise silent() from None
        if found.get("sub") != claims["sub"]:  # Core 5.3.2
            raise Unproven("What the provider tells is of somebody else")
        return self.provider.principal({**known, **found, "scope": "", "scp": ""})


def _end(answer: Mapping[str, Any], claims: Mapping[str, Any]) -> float:
    """When an access token ends that we cannot read: the provider says it, or the ID token."""
    seconds = answer.get("expires_in")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return time.time() + min(max(float(seconds), 0.0), 366 * 86_400.0)
    return float(claims.get("exp", 0))


def _hash(token: str, algorithm: str) -> str:
    """Half of the digest that belongs to the signature's algorithm (Core 3.1.3.6)."""
    name = f"sha{algorithm[2:]}" if algorithm[2:].isdigit() else "sha512"
    digest = hashlib.new(name, token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name, "")
    return value if isinstance(value, str) else ""


def _with(address: str, fields: Mapping[str, str]) -> str:
    """The address with more parameters: it may have some of its own (RFC 6749 3.1)."""
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(fields, quote_via=quote)}"
