"""The gate: what a request proves itself by, what is remembered of it, and for how long."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from loops import finished

from dicomweb.access import forgery, gate
from dicomweb.access.credentials import Proven, Unproven, cookies_of, sent
from dicomweb.access.gate import Gate
from dicomweb.access.permissions import NOBODY, Permission, Principal
from dicomweb.addresses import Addresses
from dicomweb.settings import Settings

ANN = Principal("ann", frozenset({Permission.VIEW}), csrf="f" * 32)


class Accounts:
    """Knows one token, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.number = 0
        self.valid = True
        self.seconds = 60.0

    def bearer(self, token: str) -> Proven:
        self.asked += 1
        if token != "good" or not self.valid:
            raise Unproven("The token is none of ours")
        return Proven(ANN, time.time() + self.seconds)

    def page(self, cookies: dict[str, str]) -> Proven:
        return self.bearer(cookies["lightbox_session"])

    def knows(self, token: str) -> bool:
        return True

    def changes(self) -> int:
        return self.number


async def _here(work: Callable[..., Any], *arguments: object) -> object:
    return work(*arguments)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def identify(accounts: Accounts) -> Callable[..., Principal]:
    made = Gate(_here, None)

    def ask(*headers: tuple[bytes, bytes], method: str = "GET", path: str = "/x") -> Principal:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": list(headers),
            "state": {"credentials": accounts},
        }
        found = made(scope)
        if isinstance(found, Principal):
            return found

        async def awaited() -> Principal:
            return await found

        return finished(awaited())

    return ask


GOOD = (b"authorization", b"Bearer good")


def test_nobody_is_nobody_without_a_question(
    identify: Callable[..., Principal], accounts: Accounts
) -> None:
    assert identify() is NOBODY
    assert identify((b"cookie", b"other=1")) is NOBODY
    assert accounts.asked == 0


def test_a_token_is_verified_once(identify: Callable[..., Principal], accounts: Accounts) -> None:
    assert [identify(GOOD) for _ in range(5)] == [ANN] * 5
    assert accounts.asked == 1


def test_a_wrong_one_is_never_remembered(
    identify: Callable[..., Principal], accounts: Accounts
) -> None:
    for _ in range(3):
        assert identify((b"authorization", b"Bearer bad")) is NOBODY
    assert accounts.asked == 3


def test_a_change_makes_it_forget(
    identify: Callable[..., Principal], accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BELIEVED", 0.0)
    identify(GOOD)
    identify(GOOD)
    assert accounts.asked == 1
    accounts.valid, accounts.number = False, 1
    assert identify(GOOD) is NOBODY


def test_what_is_remembered_expires(identify: Callable[..., Principal], accounts: Accounts) -> None:
    accounts.seconds = 0.05
    assert identify(GOOD) == ANN
    time.sleep(0.06)
    accounts.valid = False
    assert identify(GOOD) is NOBODY


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REMEMBERED", 10)
    made = Gate(_here, None)
    for number in range(100):
        made._remember((b"%d" % number, False), Proven(ANN, 0))
    assert len(made._known) == 10


@pytest.mark.parametrize(
    ("method", "path", "headers", "known"),
    [
        ("GET", "/x", (), True),
        ("GET", "/x", ((b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate")), True),
        ("GET", "/x", ((b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"cors")), False),
        ("POST", "/dicom-web/studies", ((b"sec-fetch-site", b"same-origin"),), True),
        ("POST", "//dicom-web/studies", ((b"sec-fetch-site", b"same-origin"),), True),
        ("POST", "/dicom-webs", ((b"sec-fetch-site", b"same-origin"),), False),
        ("POST", "/x", ((b"sec-fetch-site", b"same-origin"),), False),
        ("POST", "/x", ((b"sec-fetch-site", b"same-origin"), (b"x-csrf-token", b"f" * 32)), True),
        ("POST", "/x", ((b"sec-fetch-site", b"same-site"), (b"x-csrf-token", b"f" * 32)), False),
        ("POST", "/x", ((b"x-csrf-token", b"f" * 32),), False),
    ],
)
def test_a_cookie_proves_less_than_a_token(
    identify: Callable[..., Principal],
    method: str,
    path: str,
    headers: tuple[tuple[bytes, bytes], ...],
    known: bool,
) -> None:
    cookie = (b"cookie", b"theme=dark; lightbox_session=good")
    for _ in range(2):  # asked, then remembered
        assert (identify(cookie, *headers, method=method, path=path) is ANN) == known
    assert identify(GOOD, method=method, path=path) is ANN


def test_an_authorization_header_wins_over_the_cookie() -> None:
    headers = [(b"cookie", b"lightbox_session=good"), (b"authorization", b"Bearer x")]
    assert sent({"headers": headers}) == (b"Bearer x", False)


def test_cookies_in_several_headers_are_one_list() -> None:
    headers = [(b"cookie", b"a=1"), (b"cookie", b"lightbox_share=s")]
    found = sent({"headers": headers})
    assert found is not None
    assert cookies_of(found[0]) == {"lightbox_share": "s"}


@pytest.mark.parametrize(
    ("origin", "foreign"), [("http://h:8080", False), ("https://h:8080", True), ("null", True)]
)
def test_a_websocket_under_the_cookie_comes_from_our_pages(origin: str, foreign: bool) -> None:
    scope = {
        "type": "websocket",
        "path": "/x",
        "scheme": "ws",
        "server": ("h", 8080),
        "headers": [(b"host", b"h:8080"), (b"origin", origin.encode())],
        "state": {"addresses": Addresses(Settings(), "/dicom-web")},
    }
    assert forgery.is_foreign(scope) == foreign


LINK = Principal("share:1", frozenset({Permission.VIEW}), frozenset({"1.2"}))


@pytest.mark.parametrize(
    ("site", "known"), [(b"same-origin", True), (b"cross-site", False), (b"same-site", False)]
)
def test_a_links_cookie_may_be_taken_back_by_our_pages(
    accounts: Accounts,
    identify: Callable[..., Principal],
    monkeypatch: pytest.MonkeyPatch,
    site: bytes,
    known: bool,
) -> None:
    monkeypatch.setattr(accounts, "page", lambda _: Proven(LINK, time.time() + 60))
    cookie, from_site = (b"cookie", b"lightbox_share=s"), (b"sec-fetch-site", site)
    assert (identify(cookie, from_site, method="POST") is LINK) == known


def test_cookies_of_others_fill_no_memory(
    accounts: Accounts, identify: Callable[..., Principal]
) -> None:
    cookie = b"lightbox_session=good; junk=" + b"x" * 9_000
    for _ in range(2):
        assert identify((b"cookie", cookie)) is ANN
    assert accounts.asked == 2
