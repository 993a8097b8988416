"""Strict expected failures: a test id and its reason per line; passing is then a failure too."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOT_RUN = "not run: "  # begins the reason of a test that would bring the server down


class WrongLine(Exception):
    """A line of an expected-failure file without a reason, or a test named twice."""


def load(path: Path) -> dict[str, str]:
    """Test id -> reason. An id is relative to this folder: store/test_status.py::test_x[case]."""
    expected: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        test, mark, reason = line.partition(" # ")
        test = test.strip()
        if not mark or not reason.strip():
            raise WrongLine(f"{path}:{number}: write the reason behind ' # '")
        if test in expected:
            raise WrongLine(f"{path}:{number}: {test} stands there twice")
        expected[test] = reason.strip()
    return expected


def test_id(item: pytest.Item) -> str:
    """The id of a test, whatever the root folder of the run is."""
    _, _, name = item.nodeid.partition("::")
    return f"{item.path.relative_to(HERE).as_posix()}::{name}"


def apply(items: list[pytest.Item], expected: dict[str, str]) -> None:
    """Mark what is expected to fail."""
    for item in items:
        reason = expected.get(test_id(item))
        if reason:
            run = not reason.startswith(NOT_RUN)
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True, run=run))


def stale(expected: dict[str, str], seen: set[str]) -> list[str]:
    """Lines that name no test, among the files that were run whole."""
    files = {test.partition("::")[0] for test in seen}
    return [test for test in expected if test.partition("::")[0] in files and test not in seen]
