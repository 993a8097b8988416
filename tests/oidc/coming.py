"""Browsers of tests that log in: at a provider whose answers a test makes up, or at a real one."""

import re
import secrets
import sqlite3
import time
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import requests
from servers import Server

from tests.oidc.issuing import AUDIENCE, Issuer

HTML = {"Accept": "text/html,application/xhtml+xml"}
CLIENT = "lightbox"
PROXIED = "X-Forwarded-For"


def settings(issuer: str, **more: str) -> dict[str, str]:
    """The environment of a server whose people log in at this issuer."""
    named = {
        "AUTH": "oidc",
        "OIDC_ISSUER": issuer,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_CLIENT_ID": CLIENT,
        **more,
    }
    return {f"DICOMWEB_{name}": value for name, value in named.items()}


class Coming:
    """A browser that has begun to log in, and would be at the provider now."""

    def __init__(self, server: Server, next: str = "/studies/1.2", **headers: str) -> None:
        self.server = server
        self.browser = requests.Session()
        # Failures count by address: each browser has one of its own.
        self.browser.headers[PROXIED] = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
        self.browser.headers.update({**HTML, **headers})
        self.begun = self.get("login", next=next)
        self.asked = dict(parse_qsl(urlsplit(self.begun.headers.get("Location", "")).query))

    def get(self, path: str, **query: str) -> requests.Response:
        url = f"{self.server.address}/api/auth/oidc/{path}"
        return self.browser.get(url, params=query, allow_redirects=False, timeout=30)

    def back(self, **changes: Any) -> requests.Response:
        """The provider sends the browser back; None takes a parameter away."""
        query = {"state": self.asked["state"], "code": "a-code", **changes}
        return self.get("callback", **{k: v for k, v in query.items() if v is not None})

    def me(self) -> dict[str, Any]:
        answer = self.browser.get(f"{self.server.address}/api/auth/me", timeout=30)
        found: dict[str, Any] = answer.json().get("data", {})
        return found

    def hasten(self, *, due: float, until: float) -> None:
        """So many seconds from now are the provider's tokens to be renewed, and do they end.

        Written into the database, and made known to whoever remembers: within a second.
        """
        token = self.browser.cookies["lightbox_session"]
        id = jwt.decode(token, options={"verify_signature": False})["sid"]
        times = (int(time.time() + due), int(time.time() + until), id)
        with sqlite3.connect(self.server.data_dir / "index.sqlite", timeout=30) as database:
            moved = "UPDATE accounts_provider SET due = ?, until = ?, tried = 0 WHERE id = ?"
            assert database.execute(moved, times).rowcount == 1
            database.execute("UPDATE accounts_change SET number = number + 1")
        database.close()
        time.sleep(1.1)


def identity(issuer: Issuer, coming: Coming, **changes: Any) -> str:
    """An ID token for somebody who is on the way."""
    claims = {"aud": CLIENT, "nonce": coming.asked["nonce"], **changes}
    return issuer.token(header={"typ": "JWT"}, **claims)


def answer_of(issuer: Issuer, coming: Coming, **changes: Any) -> dict[str, Any]:
    """What the token endpoint gives: an opaque access token, and an ID token with the roles."""
    given = {
        "access_token": "opaque",
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": identity(issuer, coming),
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def log_in(address: str, name: str, next: str = "/") -> tuple[requests.Session, requests.Response]:
    """Through the forms of oidc-provider, and back to us: the browser, and where it ended."""
    browser = requests.Session()
    url = f"{address}/api/auth/oidc/login"
    page = browser.get(url, params={"next": next}, headers=HTML, timeout=30)
    for form in ({"prompt": "login", "login": name, "password": "x"}, {"prompt": "consent"}):
        found = re.search(r'action="([^"]+)"', page.text)
        assert found, page.text[:2000]
        page = browser.post(unescape(found[1]), data=form, headers=HTML, timeout=30)
    return browser, page
