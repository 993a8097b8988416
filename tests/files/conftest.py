"""A server with an import folder, and an exam in it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import running

sys.path.insert(0, str(Path(__file__).parent))

from files_exams import make_exam
from files_server import Files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """Shared by tests: expect strangers' files beside yours."""
    folder = tmp_path_factory.mktemp("import")
    with running(tmp_path_factory.mktemp("data"), DICOMWEB_IMPORT_DIR=str(folder)) as server:
        yield Files(server, folder)


@pytest.fixture
def own_files(tmp_path: Path) -> Iterator[Files]:
    """A server with an empty archive."""
    (tmp_path / "import").mkdir()
    folder = tmp_path / "import"
    with running(tmp_path / "data", DICOMWEB_IMPORT_DIR=str(folder)) as server:
        yield Files(server, folder)


@pytest.fixture(scope="session")
def exam(files: Files) -> str:
    """The id of a radiology study."""
    return make_exam(files.server)
