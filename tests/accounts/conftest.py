"""Servers for tests of who may."""

from collections.abc import Iterator

import pytest
from servers import running

from tests.accounts.people import ROLES, House, make_accounts


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with DICOMWEB_AUTH=local that tests share: make what you change yourself."""
    folder = tmp_path_factory.mktemp("house")
    more = ("changed:doctor", "removed:doctor", "closed:doctor", "renewed:doctor", "tried:doctor")
    make_accounts(folder, *ROLES, *more)
    with running(folder, DICOMWEB_AUTH="local") as server:
        house = House(server)
        house.datasets = [house.store(PatientID="SHARED"), house.store(PatientID="SHARED")]
        yield house
