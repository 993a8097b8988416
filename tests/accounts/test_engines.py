"""Accounts in the database, on SQLite and on PostgreSQL alike."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from dicomweb.access.code_flow import CodeFlow, Person
from dicomweb.access.credentials import Unproven
from dicomweb.access.permissions import ANONYMOUS_ADMIN, ROLES, Principal
from dicomweb.actor import PROGRAM
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.errors import BadRequest, NotFound, TooManyRequests, Unauthorized
from dicomweb.extension import load
from dicomweb.settings import Settings
from extensions.accounts import commands, grants, logins, people, provider_logins, throttle
from extensions.accounts.credentials import Credentials
from extensions.accounts.tables import ApiKey, Login, ProviderLogin, now
from extensions.accounts.tokens import Tokens
from tests.index import postgres

PASSWORD = "correct horse battery"
ONLY = ("extensions.accounts",)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with postgres.server() as server:
        yield f"{server}/postgres"


@pytest.fixture(scope="module")
def archive(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("engine")
    settings = Settings(data_dir=folder, database_url=url, extensions=ONLY)
    archive = open_archive(settings, load(settings.extensions))
    commands.add(archive, "Ann", "radiologist", PASSWORD)
    yield archive
    archive.close()


@pytest.fixture
def credentials(archive: Archive, tmp_path: Path) -> Credentials:
    return Credentials(Settings(auth="local"), archive, Tokens(b"s" * 32))


def _login(archive: Archive) -> logins.Given:
    whose = throttle.subjects("ann", "203.0.113.1")
    stored = logins.stored_hash(archive, "ann", whose)
    return logins.enter_by_password(archive, PROGRAM, "ann", stored, whose, "token")


def test_a_login_is_renewed_once_a_turn(archive: Archive, credentials: Credentials) -> None:
    tokens = credentials.tokens
    first = logins.token_answer(tokens, _login(archive))
    assert credentials.bearer(first["access_token"]).principal.role == "radiologist"

    def renew(_: int) -> bool:
        try:
            logins.renew(archive, tokens, PROGRAM, first["refresh_token"])
        except Unauthorized:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(renew, range(4))) == 1
    with pytest.raises(Unproven, match="ended"):
        credentials.bearer(first["access_token"])


def test_attempts_at_once_are_counted_one_by_one(archive: Archive) -> None:
    whose = throttle.subjects("somebody", "203.0.113.2")

    def attempt(_: int) -> bool:
        try:
            throttle.attempt(archive, whose)
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(20))) <= 7


class Flow:
    """A provider that renews whatever it is asked to, and counts how often."""

    def __init__(self) -> None:
        self.asked = 0
        self.role = "doctor"

    def person(self, seconds: float) -> Person:
        principal = Principal("ben", ROLES[self.role], role=self.role)
        return Person(principal, "b-1", time.time() + seconds, "identity", f"refresh {self.asked}")

    def renewed(self, refresh_token: str, subject: str) -> Person:
        assert (refresh_token, subject) == ("refresh 0", "b-1")
        self.asked += 1
        time.sleep(0.2)
        return self.person(300)


def test_of_many_who_come_when_it_is_time_one_renews(archive: Archive) -> None:
    flow, tokens = Flow(), Tokens(b"s" * 32)
    login = provider_logins.begin(archive, tokens, PROGRAM, flow.person(0))
    renewals = provider_logins.Renewals(archive, tokens, cast(CodeFlow, flow))
    flow.role = "radiologist"
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda _: renewals.until(login.id), range(8)))
    assert flow.asked == 1
    assert min(ends) > time.time() + 200
    with archive.reading() as session:
        row = session.get_one(ProviderLogin, login.id)
        assert "refresh" not in row.sealed
        assert session.get_one(Login, login.id).role == "radiologist"
    assert provider_logins.given(archive, Tokens(b"t" * 32), login.id) is None
    logins.end(archive, PROGRAM, login.id)
    assert provider_logins.given(archive, tokens, login.id) is None


def test_every_revocation_is_announced(archive: Archive, credentials: Credentials) -> None:
    with archive.session() as session:
        key, text = grants.make_key(
            session, PROGRAM, ANONYMOUS_ADMIN, "k", ["radiology:view"], now() + 60
        )
        id = key.id
    assert credentials.bearer(text).principal.name == f"key:k:{id[:8]}"
    before = credentials.changes()
    with archive.session() as session:
        grants.revoke(session, PROGRAM, ApiKey, id)
    assert credentials.changes() > before
    with pytest.raises(Unproven, match="revoked"):
        credentials.bearer(text)


def test_a_closed_account_ends_its_logins(archive: Archive, credentials: Credentials) -> None:
    token = logins.token_answer(credentials.tokens, _login(archive))["access_token"]
    with archive.session() as session:
        people.change(session, PROGRAM, people.named(session, "ANN"), disabled=True)
    with pytest.raises(Unproven):
        credentials.bearer(token)
    commands.set_password(archive, "ann", "another horse")
    assert commands.listed(archive) == [("Ann", "radiologist", False)]


def test_with_a_provider_accounts_prove_nothing(archive: Archive) -> None:
    settings = Settings(auth="oidc", oidc_issuer="https://a.example", oidc_audience="b")
    asleep = Credentials(settings, archive, Tokens(b"s" * 32))
    token = logins.token_answer(asleep.tokens, _login(archive))["access_token"]
    with pytest.raises(Unproven, match="closed"):
        asleep.bearer(token)


@pytest.mark.parametrize("name", ["a\0b", "\udcff", "\0", "", "x" * 60_000])
def test_an_odd_name_is_nobodys(archive: Archive, name: str) -> None:
    with archive.session() as session:
        assert people.find(session, name) is None
        with pytest.raises(NotFound):
            people.get(session, name)
        with pytest.raises(NotFound):
            grants.revoke(session, PROGRAM, ApiKey, name)


@pytest.mark.parametrize("name", ["lightbox", "Anonymous"])
def test_nobody_has_a_name_of_ours(archive: Archive, name: str) -> None:
    with pytest.raises(BadRequest, match="another name"):
        commands.add(archive, name, "doctor", PASSWORD)
