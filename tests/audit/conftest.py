"""A server for the tests of the trail, whatever other extensions do at the moment."""

from collections.abc import Iterator

import pytest
from servers import Server, running

EXTENSIONS = "extensions.deletion,extensions.audit"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("audited"), DICOMWEB_EXTENSIONS=EXTENSIONS) as started:
        yield started
