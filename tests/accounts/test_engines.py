"""Accounts in the database, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicomweb.access.credentials import Unproven
from dicomweb.access.permissions import ANONYMOUS_ADMIN
from dicomweb.actor import PROGRAM
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.errors import TooManyRequests, Unauthorized
from dicomweb.extension import load
from dicomweb.settings import Settings
from extensions.accounts import commands, grants, logins, people, throttle
from extensions.accounts.credentials import Credentials
from extensions.accounts.tables import ApiKey, now
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


def test_every_revocation_is_announced(archive: Archive, credentials: Credentials) -> None:
    with archive.session() as session:
        key, text = grants.make_key(
            session, PROGRAM, ANONYMOUS_ADMIN, "k", ["radiology:view"], now() + 60
        )
        id = key.id
    assert credentials.bearer(text).principal.name == "key:k"
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
