"""Servers for tests of the radiology API."""

from collections.abc import Iterator

import pytest
from servers import Server, running

from tests.radiology.radiology_api import Api


@pytest.fixture(scope="session")
def radiology_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server that the tests of this folder share: make studies of your own."""
    with running(tmp_path_factory.mktemp("radiology")) as started:
        yield started


@pytest.fixture
def api(radiology_server: Server) -> Api:
    """A client of the API."""
    return Api(radiology_server)
