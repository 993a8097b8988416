"""What tests share: a server for the whole run of a process, and one of their own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from servers import Server, running

# On a busy machine a slow example says nothing about the code. The examples are the same in every
# run, so that a red run is about the change; `make fuzz` looks for new ones.
FUZZ = os.environ.get("FUZZ") == "1"
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=not FUZZ,
)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share: store under fresh UIDs, expect strangers' studies beside yours."""
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server with an empty archive."""
    with running(tmp_path / "data") as started:
        yield started
