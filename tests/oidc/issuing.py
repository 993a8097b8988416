"""An OpenID provider in this process, which signs whatever a test wants it to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "urn:dicomweb"


def _key(algorithm: str) -> Any:
    if algorithm.startswith(("RS", "PS")):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    return ec.generate_private_key(curves[algorithm])


def _public(key: Any, algorithm: str, kid: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {"R": RSAAlgorithm, "P": RSAAlgorithm, "E": ECAlgorithm}
    kind = OKPAlgorithm if algorithm == "EdDSA" else kinds[algorithm[0]]
    found: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, "use": "sig", "alg": algorithm}


class Issuer:
    """Its keys by kid; `asked` counts how often somebody has fetched them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.keys: dict[str, tuple[Any, str]] = {}
        self.asked = 0
        self.silent = False
        self.claims_to_be = address
        # What the token endpoint answers, a status or a document, and the forms that it was sent.
        self.answer: int | dict[str, Any] = 500
        self.forms: list[dict[str, str]] = []
        self.userinfo: dict[str, Any] = {}
        self.more: dict[str, Any] = {}
        self.add("one", "RS256")

    def add(self, kid: str, algorithm: str) -> None:
        self.keys[kid] = (_key(algorithm), algorithm)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [_public(key, name, kid) for kid, (key, name) in self.keys.items()]}

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "u-1",
            "preferred_username": "ann",
            "iat": now,
            "exp": now + 300,
            "roles": ["doctor"],
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "one", header: dict[str, Any] | None = None, **claims: Any) -> str:
        key, algorithm = self.keys[kid]
        headers = {"kid": kid, "typ": "at+jwt", **(header or {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        return jwt.encode(self.claims(**claims), key, algorithm, headers)


@contextmanager
def issuing() -> Iterator[Issuer]:
    """A provider that answers discovery and keys on a free port of loopback."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents = {
                "/.well-known/openid-configuration": {
                    "issuer": issuer.claims_to_be,
                    "jwks_uri": f"{issuer.address}/keys",
                    "authorization_endpoint": f"{issuer.address}/authorize?tenant=1",
                    "token_endpoint": f"{issuer.address}/token",
                    "userinfo_endpoint": f"{issuer.address}/userinfo",
                    **issuer.more,
                },
                "/keys": issuer.jwks(),
                "/userinfo": issuer.userinfo,
            }
            found = documents.get(self.path)
            if self.path == "/keys":
                issuer.asked += 1
            self.send_response(503 if issuer.silent or found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            issuer.forms.append({**form, "authorization": self.headers.get("Authorization", "")})
            answer = issuer.answer
            self.send_response(answer if isinstance(answer, int) else answer.get("status", 200))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
