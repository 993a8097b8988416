"""Tokens of a provider, right and forged in every way, and its keys that change."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from dicomweb.access import keys
from dicomweb.access.credentials import Unproven
from dicomweb.access.oidc import Provider
from dicomweb.errors import Unavailable
from dicomweb.settings import Settings
from tests.oidc.issuing import AUDIENCE, Issuer, issuing

DAY = 86_400


@pytest.fixture(scope="module")
def shared() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def provider(issuer: Issuer, **changes: Any) -> Provider:
    settings = Settings(oidc_issuer=issuer.address, oidc_audience=AUDIENCE, **changes)
    return Provider(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_claims,
        settings.oidc_roles,
        settings.oidc_scopes,
    )


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"]
)
def test_every_asymmetric_algorithm_is_verified(shared: Issuer, algorithm: str) -> None:
    shared.add(algorithm, algorithm)
    proven = provider(shared).verified(shared.token(algorithm))
    assert (proven.principal.name, proven.principal.role) == ("ann", "doctor")
    assert proven.until <= time.time() + 300


def _hmac_by_public_key(issuer: Issuer) -> str:
    """The oldest trick: the public key, which everybody knows, as the key of an HMAC."""
    key, _ = issuer.keys["one"]
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _by_hand(issuer, {"alg": "HS256", "typ": "JWT", "kid": "one"}, public)


def _by_hand(issuer: Issuer, header: dict[str, Any], key: bytes | None) -> str:
    import hmac

    parts = [json.dumps(each).encode() for each in (header, issuer.claims())]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    made = hmac.digest(key, text, "sha256") if key else b""
    return (text + b"." + base64.urlsafe_b64encode(made).rstrip(b"=")).decode()


def _with_own_key(issuer: Issuer) -> str:
    """Signed by a stranger who sends the key along."""
    stranger = Issuer(issuer.address)
    (jwk,) = stranger.jwks()["keys"]
    return stranger.token(header={"jwk": jwk, "jku": "http://evil.example/keys", "x5u": "x"})


FORGERIES: dict[str, Callable[[Issuer], str]] = {
    "none": lambda issuer: _by_hand(issuer, {"alg": "none"}, None),
    "None": lambda issuer: _by_hand(issuer, {"alg": "None", "kid": "one"}, None),
    "hmac": _hmac_by_public_key,
    "a list of algorithms": lambda issuer: _by_hand(issuer, {"alg": ["RS256"]}, b"x" * 32),
    "no algorithm": lambda issuer: _by_hand(issuer, {"typ": "JWT"}, b"x" * 32),
    "own key": _with_own_key,
    "unknown key": lambda issuer: issuer.token(header={"kid": "other"}),
    "key id that is none": lambda issuer: _by_hand(issuer, {"alg": "RS256", "kid": 1}, b"x" * 32),
    "other audience": lambda issuer: issuer.token(aud="urn:other"),
    "other audiences": lambda issuer: issuer.token(aud=["urn:other", "urn:dicomweb2"]),
    "no audience": lambda issuer: issuer.token(aud=None),
    "other issuer": lambda issuer: issuer.token(iss="http://127.0.0.1:1"),
    "issuer with a slash more": lambda issuer: issuer.token(iss=issuer.address + "/"),
    "no issuer": lambda issuer: issuer.token(iss=None),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 1),
    "no end": lambda issuer: issuer.token(exp=None),
    "an end that is none": lambda issuer: issuer.token(exp="soon"),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 60),
    "from tomorrow": lambda issuer: issuer.token(iat=int(time.time()) + DAY),
    "id token of Keycloak": lambda issuer: issuer.token(typ="ID", header={"typ": "JWT"}),
    "offline token of Keycloak": lambda issuer: issuer.token(typ="Offline", header={"typ": "JWT"}),
    "id token of Cognito": lambda issuer: issuer.token(token_use="id", header={"typ": None}),
    "id token by its hash": lambda issuer: issuer.token(at_hash="x", header={"typ": "JWT"}),
    "logout token by its event": lambda issuer: issuer.token(events={}, header={"typ": "JWT"}),
    "logout token": lambda issuer: issuer.token(header={"typ": "logout+jwt"}),
    "type that is none": lambda issuer: _by_hand(issuer, {"alg": "RS256", "typ": 1}, b"x"),
    "critical": lambda issuer: issuer.token(header={"crit": ["exp"]}),
    "truncated": lambda issuer: issuer.token()[:-10],
    "two parts": lambda issuer: issuer.token().rpartition(".")[0],
    "five parts": lambda issuer: issuer.token() + ".a.b",
    "a word": lambda issuer: "word",
    "nothing": lambda issuer: "..",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_token_that_is_not_right_proves_nothing(shared: Issuer, name: str) -> None:
    verifier = provider(shared)
    token = FORGERIES[name](shared)
    with pytest.raises(Unproven) as refused:
        verifier.verified(token)
    assert token.split(".")[0][:20] not in str(refused.value) or not token.split(".")[0]
    assert '"' not in str(refused.value)


def test_an_rsa_key_is_not_used_for_what_it_does_not_say(shared: Issuer) -> None:
    key, _ = shared.keys["one"]
    token = jwt.encode(shared.claims(), key, "RS512", {"kid": "one"})
    with pytest.raises(Unproven):
        provider(shared).verified(token)


@pytest.mark.parametrize("claims", [{"typ": "Bearer"}, {"token_use": "access"}, {"nonce": "x"}])
def test_claims_that_say_it_is_an_access_token_are_right(
    shared: Issuer, claims: dict[str, str]
) -> None:
    assert provider(shared).verified(shared.token(**claims)).principal.name == "ann"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_access_tokens_have_a_type_or_none(shared: Issuer, typ: str | None) -> None:
    header = {"typ": typ} if typ else {"typ": ""}
    assert provider(shared).verified(shared.token(header=header)).principal.name == "ann"


@pytest.mark.parametrize(
    ("claims", "role", "permissions"),
    [
        ({"roles": ["admin"]}, "admin", 7),
        ({"roles": ["doctor", "radiologist"]}, "radiologist", 4),
        ({"roles": "radiology_tech other"}, "radiology_tech", 6),
        ({"groups": ["pacs-admins"], "roles": None}, "admin", 7),
        ({"realm_access": {"roles": ["doctor"]}, "roles": None}, "doctor", 1),
        ({"roles": ["king"]}, "", 0),
        ({"roles": {"admin": True}}, "", 0),
        ({"roles": [1, None]}, "", 0),
        ({"roles": None}, "", 0),
        ({"roles": None, "scope": "openid dicom:read"}, "", 1),
        ({"roles": None, "scope": "dicom:read dicom:write dicom:delete"}, "", 6),
        ({"roles": None, "scp": ["radiology:view", "radiology:report"]}, "", 2),
    ],
)
def test_roles_and_scopes_are_mapped_to_ours(
    shared: Issuer, claims: dict[str, Any], role: str, permissions: int
) -> None:
    names = ("pacs-admins=admin", *(f"{each}={each}" for each in ("admin", "doctor")))
    names += ("radiologist=radiologist", "radiology_tech=radiology_tech")
    found = provider(shared, oidc_roles=names).verified(shared.token(**claims)).principal
    assert (found.role, len(found.granted)) == (role, permissions)


@pytest.mark.parametrize("claim", ["resource.lightbox.roles", "a.b"])
def test_the_claim_may_be_any_path(shared: Issuer, claim: str) -> None:
    value: Any = ["doctor"]
    for part in reversed(claim.split(".")):
        value = {part: value}
    verifier = provider(shared, oidc_claims=(claim,))
    assert verifier.verified(shared.token(roles=None, **value)).principal.role == "doctor"


def test_an_unknown_key_is_fetched_but_not_for_every_token(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "APART", 0.0)
    verifier = provider(issuer)
    verifier.verified(issuer.token())
    assert issuer.asked == 1
    issuer.add("two", "ES256")
    rotated, forged = issuer.token("two"), issuer.token(header={"kid": "never"})
    assert verifier.verified(rotated).principal.name == "ann"
    monkeypatch.setattr(keys, "APART", 60.0)
    for _ in range(50):
        with pytest.raises(Unproven):
            verifier.verified(forged)
    assert issuer.asked == 2


def test_a_key_that_was_taken_away_is_believed_no_longer(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "APART", 0.0)
    verifier = provider(issuer)
    token = issuer.token()
    verifier.verified(token)
    monkeypatch.setattr(keys, "KEPT", -1.0)
    del issuer.keys["one"]
    issuer.add("two", "ES256")
    with pytest.raises(Unproven):
        verifier.verified(token)


def test_other_keys_under_an_old_name_are_found(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "APART", 0.0)
    verifier = provider(issuer)
    verifier.verified(issuer.token())
    issuer.add("one", "RS256")
    assert verifier.verified(issuer.token()).principal.name == "ann"


def test_a_silent_provider_is_503_at_first_and_no_matter_later(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.silent = True
    verifier = provider(issuer)
    with pytest.raises(Unavailable):
        verifier.verified(issuer.token())
    issuer.silent = False
    monkeypatch.setattr(keys, "APART", 0.0)
    verifier.verified(issuer.token())
    issuer.silent = True
    monkeypatch.setattr(keys, "KEPT", -1.0)
    assert verifier.verified(issuer.token()).principal.name == "ann"


def test_a_document_of_another_issuer_is_none(issuer: Issuer) -> None:
    issuer.claims_to_be = "https://other.example"
    with pytest.raises(Unavailable):
        provider(issuer).verified(issuer.token())


@pytest.mark.parametrize("name", ["key:backup:0a1b2c3d", "share:x", "Lightbox", "anonymous", ""])
def test_nobody_chooses_a_name_of_ours(shared: Issuer, name: str) -> None:
    principal = provider(shared).principal({"preferred_username": name, "sub": "s-1"})
    assert principal.name == "s-1"
