"""Tokens that prove nothing: forged, expired, truncated, huge, of a wrong kind, smuggled."""

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from dicomweb.access.secret import derived
from tests.accounts.people import House

PATH = "/dicom-web/studies"


def _key(house: House, kind: str = "access") -> bytes:
    secret = (house.server.data_dir / "secret").read_bytes()
    return derived(secret, f"lightbox token {kind}")


def _signed(house: House, kind: str = "access", **changes: Any) -> str:
    """A token of ours with other claims, signed with the right key."""
    claims = jwt.decode(house.token("doctor"), options={"verify_signature": False})
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, _key(house, kind), "HS256", {"typ": "lightbox-access"})


def _unsigned(house: House) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"lightbox-access"}').rstrip(b"=")
    return f"{header.decode()}.{house.admin.split('.')[1]}."


def _changed(house: House) -> str:
    """A doctor's token that says to be the admin's."""
    head, body, signature = house.token("doctor").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = jwt.decode(house.admin, options={"verify_signature": False})["sub"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{forged}.{signature}"


FORGERIES: dict[str, Callable[[House], str]] = {
    "empty": lambda house: "",
    "a word": lambda house: "admin",
    "without signature": _unsigned,
    "changed": _changed,
    "truncated": lambda house: house.admin[:-1],
    "without its end": lambda house: house.admin.rpartition(".")[0],
    "with more": lambda house: house.admin + "A",
    "huge": lambda house: house.admin + "A" * 20_000,
    "deep": lambda house: base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.e30",
    "expired": lambda house: _signed(house, exp=int(time.time()) - 1),
    "without an end": lambda house: _signed(house, exp=None),
    "with an end that is none": lambda house: _signed(house, exp="tomorrow"),
    "with an endless end": lambda house: _signed(house, exp=1e400),
    "for somebody else": lambda house: _signed(house, aud="lightbox:refresh"),
    "of another issuer": lambda house: _signed(house, iss="somebody"),
    "issued tomorrow": lambda house: _signed(house, iat=int(time.time()) + 86_400),
    "of no login": lambda house: _signed(house, sid="00000000-0000-0000-0000-000000000000"),
    "with a login that is none": lambda house: _signed(house, sid={"a": 1}),
    "by another key": lambda house: _signed(house, "share"),
    "by the secret itself": lambda house: jwt.encode(
        jwt.decode(house.admin, options={"verify_signature": False}),
        (house.server.data_dir / "secret").read_bytes(),
        "HS256",
        {"typ": "lightbox-access"},
    ),
    "by another algorithm": lambda house: jwt.encode(
        jwt.decode(house.admin, options={"verify_signature": False}),
        _key(house) * 2,
        "HS384",
        {"typ": "lightbox-access"},
    ),
    "of another type": lambda house: jwt.encode(
        jwt.decode(house.admin, options={"verify_signature": False}),
        _key(house),
        "HS256",
        {"typ": "JWT"},
    ),
    "a key that is none": lambda house: "lbk_" + "0" * 32 + "_" + "x" * 43,
    "a broken key": lambda house: "lbk_",
    "a key with another secret": lambda house: house.key("radiology:view")[:-3] + "xyz",
    "a key without its secret": lambda house: house.key("radiology:view")[:-44],
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_token_that_is_not_right_is_401_with_a_challenge(house: House, name: str) -> None:
    answer = house.ask("GET", PATH, headers={"Authorization": f"Bearer {FORGERIES[name](house)}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="lightbox"')
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("name", ["a word", "expired", "huge"])
def test_what_is_public_stays_so_whatever_token_comes(house: House, name: str) -> None:
    headers = {"Authorization": f"Bearer {FORGERIES[name](house)}"}
    assert house.ask("GET", "/health/live", headers=headers).status_code == 200
    assert house.ask("OPTIONS", "/dicom-web", headers=headers).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", "", "Bearer,Bearer"])
def test_another_scheme_is_401(house: House, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {house.admin}".strip()}
    assert house.ask("GET", PATH, headers=headers).status_code == 401


@pytest.mark.parametrize("name", ["access_token", "token", "bearer_token"])
def test_a_token_in_the_address_counts_for_nothing(house: House, name: str) -> None:
    assert house.ask("GET", f"{PATH}?{name}={house.admin}").status_code == 401


def _raw(house: House, *headers: bytes) -> bytes:
    """The status of a request whose headers are these very bytes; empty: the line was cut."""
    address = urlsplit(house.address)
    lines = [f"GET {PATH} HTTP/1.1".encode(), b"Host: localhost", b"Connection: close", *headers]
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        return connection.makefile("rb").readline()[9:12]


def test_smuggled_headers_open_nothing(house: House) -> None:
    right = b"Authorization: Bearer " + house.admin.encode()
    assert _raw(house, right) == b"200"
    for strange in (
        (right, b"Authorization: Bearer x"),
        (b"Authorization: Bearer x", right),
        (right, right),
        (right + b", Bearer x",),
        (right + b"\x00",),
        (right.replace(b"Bearer ", b"Bearer \x01"),),
        (right + b"\xff",),
        (b"Authorization : Bearer " + house.admin.encode(),),
        (b"X: y\r\n " + right,),
        (b"Authorization: Bearer\r\n\t" + house.admin.encode(),),
    ):
        assert _raw(house, *strange) in (b"401", b"400"), strange


def test_a_blank_more_is_no_crime(house: House) -> None:
    assert _raw(house, b"authorization:   bearer   " + house.admin.encode() + b"  ") == b"200"


def test_the_sentence_of_a_refusal_repeats_nothing_of_the_token(house: House) -> None:
    answer = house.ask("GET", PATH, "secret-word")
    assert "secret-word" not in answer.text + str(answer.headers)
