"""Accounts over HTTP: the password grant, renewal, logout, throttling, one's own password."""

import math
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import parse_headers
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from servers import running

from tests.accounts.people import PASSWORD, PROXIED, House, make_accounts

SOON = 1.1  # a revocation holds within a second


def test_the_password_grant_gives_what_oauth_says(house: House) -> None:
    answer = house.grant("doctor")
    body = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    assert house.ask("GET", "/dicom-web/studies", body["access_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["json", "files"])
def test_other_bodies_than_oauths_are_understood(house: House, kind: str) -> None:
    form = {"grant_type": "password", "username": "doctor", "password": PASSWORD}
    body = form if kind == "json" else {name: (None, value) for name, value in form.items()}
    answer = house.ask("POST", "/api/auth/token", **{kind: body})
    assert (answer.status_code, answer.json().get("token_type")) == (200, "Bearer")


@pytest.mark.parametrize(
    "body",
    [
        *(
            {},
            {"grant_type": "refresh_token"},
            {"grant_type": "refresh_token", "refresh_token": ""},
        ),
        *({"grant_type": "password"}, {"grant_type": "client_credentials"}),
    ],
)
def test_a_grant_without_its_fields_is_400(house: House, body: dict[str, str]) -> None:
    assert house.ask("POST", "/api/auth/token", data=body).status_code == 400


def test_a_form_of_files_is_no_grant(house: House) -> None:
    answer = house.ask("POST", "/api/auth/token", files={"username": ("a.txt", b"x" * 100)})
    assert answer.status_code == 400
    large = {"username": (None, "x" * 200_000)}
    assert house.ask("POST", "/api/auth/token", files=large).status_code in (400, 413)


def test_a_name_is_known_in_any_case(house: House) -> None:
    assert house.grant("DOCTOR").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("doctor", "wrong password"), ("nobody", PASSWORD), ("doctor", "x" * 60_000), ("a\0b", "x")],
)
def test_whatever_is_wrong_the_answer_is_the_same(house: House, name: str, password: str) -> None:
    answer = house.grant(name, password, **{PROXIED: "198.51.100.1"})
    assert answer.status_code == 401
    assert answer.json()["message"] == "The name or the password is wrong."
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "password", "username": "doctor"},
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "username": ["doctor"], "password": ""},
    ],
)
def test_a_form_without_what_is_needed_is_refused(house: House, form: dict[str, str]) -> None:
    assert house.ask("POST", "/api/auth/token", data=form).status_code == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe"])
def test_a_body_that_is_no_form_is_refused(house: House, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert house.ask("POST", "/api/auth/token", data=body, headers=headers).status_code == 400


def test_a_huge_form_is_refused(house: House) -> None:
    body = b"grant_type=password&username=" + b"x" * 100_000
    assert house.ask("POST", "/api/auth/token", data=body).status_code == 413


def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_login(house: House) -> None:
    first = house.grant("renewed").json()
    second = house.renew(first["refresh_token"]).json()
    assert house.ask("GET", "/dicom-web/studies", second["access_token"]).status_code == 200
    assert house.renew(first["refresh_token"]).status_code == 401
    assert house.renew(second["refresh_token"]).status_code == 401
    time.sleep(SOON)
    assert house.ask("GET", "/dicom-web/studies", second["access_token"]).status_code == 401


def test_of_many_who_renew_at_once_one_succeeds(house: House) -> None:
    token = house.grant("renewed").json()["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: house.renew(token).status_code, range(6)))
    assert statuses.count(200) == 1
    assert set(statuses) == {200, 401}


def test_access_and_refresh_tokens_do_not_pass_for_each_other(house: House) -> None:
    given = house.grant("doctor").json()
    assert house.ask("GET", "/dicom-web/studies", given["refresh_token"]).status_code == 401
    assert house.renew(given["access_token"]).status_code == 401


def test_logging_out_ends_access_and_renewal(house: House) -> None:
    given = house.grant("doctor").json()
    token = given["access_token"]
    assert house.ask("GET", "/dicom-web/studies", token).status_code == 200
    assert house.ask("POST", "/api/auth/logout", token).status_code == 204
    time.sleep(SOON)
    assert house.ask("GET", "/dicom-web/studies", token).status_code == 401
    assert house.renew(given["refresh_token"]).status_code == 401


def test_a_new_password_ends_what_the_old_one_began(house: House) -> None:
    token = house.token("changed")
    body = {"current": PASSWORD, "password": "another horse"}
    wrong = {**body, "current": "no horse"}
    assert house.ask("POST", "/api/auth/password", token, json=wrong).status_code == 403
    short = {**body, "password": "short"}
    assert house.ask("POST", "/api/auth/password", token, json=short).status_code == 400
    assert house.ask("POST", "/api/auth/password", token, json=body).status_code == 204
    time.sleep(SOON)
    assert house.ask("GET", "/dicom-web/studies", token).status_code == 401
    assert house.grant("changed", PASSWORD, **{PROXIED: "198.51.100.3"}).status_code == 401
    assert house.grant("changed", "another horse").status_code == 200


def test_passwords_are_throttled_before_they_are_compared(house: House) -> None:
    def attempt(number: int) -> requests.Response:
        return house.grant("tried", f"guess {number}", **{PROXIED: "198.51.100.4"})

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(attempt, range(200))]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= _compared_within(time.monotonic() - began)
    while _wait(attempt(200)) < 4:  # long enough for what follows to come too early
        time.sleep(0.2)
    answer = house.grant("tried", PASSWORD, **{PROXIED: "203.0.113.9"})
    assert 0 < _wait(answer) <= 300


def _wait(answer: requests.Response) -> int:
    """So many seconds has the next attempt to wait; 0 where this one was compared."""
    assert answer.status_code in (401, 429)
    return int(answer.headers.get("Retry-After", 0))


def _compared_within(seconds: float) -> int:
    """Five are free, then each has to wait twice as long as the one before."""
    return 5 + int(math.log2(seconds + 1)) + 2


def _flood(house: House, count: int) -> Counter[int]:
    """So many wrong passwords on one connection, a hundred sent before their answers are read."""
    address = urlsplit(house.address)
    body = b"grant_type=password&username=flooded&password=guess"
    kind = b"application/x-www-form-urlencoded"
    head = b"POST /api/auth/token HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.6\r\n"
    request = head + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)
    statuses: Counter[int] = Counter()
    with socket.create_connection((address.hostname, address.port), 60) as connection:
        answers = connection.makefile("rb")
        for _ in range(count // 100):
            connection.sendall(request * 100)
            for _ in range(100):
                statuses[int(answers.readline().split()[1])] += 1
                headers = parse_headers(answers)
                answers.read(int(headers["Content-Length"]))
        answers.close()
    return statuses


def test_of_ten_thousand_wrong_passwords_a_handful_is_compared(house: House) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        statuses = sum(pool.map(_flood, [house] * 4, [2_500] * 4), Counter[int]())
    assert statuses.keys() == {401, 429}
    assert statuses.total() == 10_000
    assert 5 <= statuses[401] <= _compared_within(time.monotonic() - began)
    lines = house.ask("GET", "/api/audit?address=198.51.100.6", house.admin).json()["data"]
    assert sum(each["count"] for each in lines) == 10_000
    assert len([each for each in lines if each["action"] == "login"]) == statuses[401]
    assert house.grant("doctor").status_code == 200


def _free(attempt: Callable[[int], requests.Response]) -> int:
    """So many attempts are compared before the first one that comes too early."""
    return next(number for number in range(100) if attempt(number).status_code == 429)


def test_an_address_that_tries_many_names_is_throttled_too(house: House) -> None:
    def attempt(number: int) -> requests.Response:
        return house.grant(f"name{number}", "guess", **{PROXIED: f"2001:db8::{number:x}"})

    assert 30 <= _free(attempt) <= 35
    assert house.grant("doctor").status_code == 200


def test_an_address_is_not_the_clients_to_choose(house: House) -> None:
    """A proxy that writes X-Forwarded-For passes on a Forwarded that it does not know."""

    def attempt(number: int) -> requests.Response:
        invented = {PROXIED: "198.51.100.8", "Forwarded": f"for=192.0.2.{number}"}
        return house.grant(f"chosen{number}", "guess", **invented)

    assert 30 <= _free(attempt) <= 35


def test_throttling_outlives_a_restart_and_counts_for_all_workers(tmp_path: Path) -> None:
    make_accounts(tmp_path, "admin")
    statuses = []
    began = time.monotonic()
    for _ in range(2):
        with running(tmp_path, "--workers", "2", DICOMWEB_AUTH="local") as server:
            house = House(server)
            statuses += [house.grant("admin", "guess").status_code for _ in range(10)]
    assert statuses.count(401) <= _compared_within(time.monotonic() - began)


def test_a_revocation_reaches_every_worker_within_a_second(tmp_path: Path) -> None:
    make_accounts(tmp_path, "admin", "doctor")
    with running(tmp_path, "--workers", "2", DICOMWEB_AUTH="local") as server:
        house = House(server)
        token = house.token("doctor")
        for _ in range(20):
            assert house.ask("GET", "/dicom-web/studies", token).status_code == 200
        users = house.ask("GET", "/api/auth/users", house.admin).json()["data"]
        (doctor,) = (each["id"] for each in users if each["name"] == "doctor")
        house.ask("PATCH", f"/api/auth/users/{doctor}", house.admin, json={"disabled": True})
        time.sleep(SOON)
        assert {house.ask("GET", "/api/auth/me", token).status_code for _ in range(20)} == {401}
