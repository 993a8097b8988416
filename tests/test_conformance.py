"""The black-box suite passes against a server of ours, but for what its file of failures says."""

import subprocess
import sys
from pathlib import Path

from servers import Server

HERE = Path(__file__).parent.parent


def test_the_conformance_suite_passes_against_our_server(own_server: Server) -> None:
    expected = HERE / "conformance" / "expected_failures" / "lightbox.txt"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "conformance", "--base-url", own_server.root, "--expected-failures", expected],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-4000:]
