"""Programs that some tests need beside ours: a loud skip on a user's machine, a failure in CI."""

import os
import shutil
from typing import NoReturn

import pytest

# Debian keeps servers where an ordinary user's path does not lead.
PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def missing(what: str) -> NoReturn:
    """Skip loudly; where everything must be installed (CI), fail."""
    if os.environ.get("LIGHTBOX_REQUIRE_ENGINES"):
        pytest.fail(f"{what}, and LIGHTBOX_REQUIRE_ENGINES is set.")
    pytest.skip(f"{what}.")


def program(name: str, package: str) -> str:
    """Where a program of a Debian package is."""
    return shutil.which(name, path=PATHS) or missing(
        f"{name} is not installed (apt-get install {package})"
    )
