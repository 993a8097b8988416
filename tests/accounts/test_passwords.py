"""Passwords in this process: ten thousand wrong ones, and hashes that were made too cheaply."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from servers import running

from dicomweb.actor import PROGRAM
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.errors import TooManyRequests
from dicomweb.extension import load
from dicomweb.settings import Settings
from extensions.accounts import logins, passwords, people, throttle
from tests.accounts.people import PASSWORD, House


def opened(folder: Path) -> Archive:
    settings = Settings(data_dir=folder, extensions=("extensions.accounts",))
    return open_archive(settings, load(settings.extensions))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = opened(tmp_path)
    yield archive
    archive.close()


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.time = 1_800_000_000

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(throttle, "now", clock)
    return clock


def is_compared(archive: Archive, name: str, address: str) -> bool:
    """Whether a password is compared with a hash, or refused before that."""
    try:
        logins.stored_hash(archive, name, throttle.subjects(name, address))
    except TooManyRequests:
        return False
    return True


def most(limit: throttle.Limit, seconds: int) -> int:
    """The free ones, those with ever longer waits, then one in each of the longest."""
    return limit.free + math.ceil(math.log2(limit.longest)) + seconds // limit.longest + 1


def test_of_many_wrong_passwords_few_are_compared(archive: Archive, clock: Clock) -> None:
    """One a second for a name, from addresses that change."""
    found = 0
    for number in range(2_000):
        clock.time += 1
        found += is_compared(archive, "ann", f"198.51.{number % 250}.{number // 250}")
    assert throttle.ACCOUNT.free <= found <= most(throttle.ACCOUNT, 2_000)


def test_of_a_thousand_names_from_an_address_few_are_compared(
    archive: Archive, clock: Clock
) -> None:
    found = 0
    for number in range(1_000):
        clock.time += 10
        found += is_compared(archive, f"name{number}", "203.0.113.5")
    assert throttle.ADDRESS.free <= found <= most(throttle.ADDRESS, 10_000)


def test_an_unknown_name_costs_the_same_comparison(
    archive: Archive, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is computed: by the clock, a busy machine would tell the two apart."""
    compared: list[str] = []
    genuine = PasswordHasher.verify

    def verify(hasher: PasswordHasher, stored: str, password: str) -> bool:
        compared.append(stored)
        return genuine(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for name in ("nobody", ""):
        whose = throttle.subjects(name, "198.51.100.9")
        assert not passwords.is_right(logins.stored_hash(archive, name, whose), "x" * 10)
    ours = extract_parameters(passwords.hashed("a password"))
    assert [extract_parameters(each) for each in compared] == [ours, ours]


def test_a_cheap_hash_is_renewed_at_the_next_login(tmp_path: Path) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    archive = opened(tmp_path)
    with archive.session() as session:
        people.add(session, PROGRAM, "old", "doctor", cheap)
    archive.close()
    with running(tmp_path, DICOMWEB_AUTH="local") as server:
        assert House(server).grant("old", "wrong password").status_code == 401
        assert House(server).grant("old").status_code == 200
        assert House(server).grant("old").status_code == 200
    archive = opened(tmp_path)
    with archive.reading() as session:
        stored = people.named(session, "old").password
    archive.close()
    assert stored != cheap
    assert passwords.renewed(stored, PASSWORD) == ""


def test_a_hash_is_not_renewed_over_another_password(archive: Archive) -> None:
    with archive.session() as session:
        account = people.add(session, PROGRAM, "ann", "doctor", "new")
        id = account.id
    people.strengthen(archive, id, "old", "old, but stronger")
    with archive.reading() as session:
        assert people.get(session, id).password == "new"
