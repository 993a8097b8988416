"""Servers side by side: python -m conformance.comparison NAME=report.json … > RESULTS.md"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from conformance.report import LEVELS, in_order

HEAD = """# Servers side by side

Tests passed, of those of each clause and level, as `report.json` of the runs has them. Written by
`python -m conformance.comparison`; the reasons of what fails stand in `expected_failures/`.
"""
Tests = list[dict[str, Any]]


def table(first: str, key: str, reports: dict[str, Tests], names: list[str]) -> list[str]:
    """One line a clause (or level), one column a server: `passed / all`."""
    lines = [f"| {first} | {' | '.join(reports)} |", f"|---{'|---:' * len(reports)}|"]
    passed = {server: Counter(_passed(tests, key)) for server, tests in reports.items()}
    everything = {server: Counter(one[key] for one in tests) for server, tests in reports.items()}
    for name in names:
        cells = [f"{passed[each][name]} / {everything[each][name]}" for each in reports]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _passed(tests: Tests, key: str) -> list[str]:
    return [one[key] for one in tests if one["outcome"] == "passed"]


def compared(reports: dict[str, Tests]) -> str:
    """The whole page."""
    clauses: dict[str, None] = {}
    for tests in reports.values():
        clauses.update(dict.fromkeys(one["clause"] for one in tests))
    lines = [HEAD, *table("level", "level", reports, list(LEVELS))]
    lines += table("clause", "clause", reports, sorted(clauses, key=in_order))
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    pairs = [argument.partition("=") for argument in arguments]
    reports = {name: json.loads(Path(path).read_text("utf-8"))["tests"] for name, _, path in pairs}
    print(compared(reports), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
