"""The report by clause, as Markdown and as JSON."""

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

LEVELS = {
    "required": "the Standard demands it",
    "optional": "the Standard leaves it to the server",
    "practice": "the Standard is silent or lenient; deployed clients rely on it",
    "extension": "beyond the Standard",
}
OUTCOMES = ("passed", "failed", "expected failure", "skipped")


@dataclass(frozen=True, slots=True)
class Result:
    """One test of the run."""

    test: str
    clause: str
    level: str
    outcome: str
    reason: str = ""


def sorted_by_clause(results: list[Result]) -> dict[str, list[Result]]:
    """Results of each clause, the clauses in the order of the book."""
    clauses: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        clauses[result.clause].append(result)
    return {clause: clauses[clause] for clause in sorted(clauses, key=in_order)}


def in_order(clause: str) -> list[tuple[int, int, str]]:
    words = clause.replace(".", " ").split()
    return [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in words]


def as_json(results: list[Result], base_url: str) -> str:
    """Totals, clauses, and every test with its outcome."""
    return json.dumps(
        {
            "server": base_url,
            "totals": _totals(results),
            "levels": {level: _totals(_of(results, level)) for level in LEVELS},
            "clauses": {
                clause: _totals(tests) for clause, tests in sorted_by_clause(results).items()
            },
            "tests": [asdict(result) for result in sorted(results, key=lambda one: one.test)],
        },
        indent=1,
    )


def as_markdown(results: list[Result], base_url: str) -> str:
    """A table by level, a table by clause, and what failed with its reason."""
    lines = [f"# Conformance of {base_url}", ""]
    lines += _table("level", {level: _of(results, level) for level in LEVELS})
    lines += [f"* **{level}**: {meaning}" for level, meaning in LEVELS.items()]
    lines += ["", *_table("clause", sorted_by_clause(results))]
    for outcome in ("failed", "expected failure"):
        of_it = [result for result in results if result.outcome == outcome]
        if of_it:
            lines += [f"## {outcome.capitalize()}", ""]
            lines += [
                f"* `{one.test}` ({one.clause}, {one.level}): {one.reason}"
                for one in sorted(of_it, key=lambda one: one.test)
            ]
            lines.append("")
    return "\n".join(lines)


def write(folder: Path, results: list[Result], base_url: str) -> None:
    """report.md and report.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(as_markdown(results, base_url), "utf-8")
    (folder / "report.json").write_text(as_json(results, base_url), "utf-8")


def _of(results: list[Result], level: str) -> list[Result]:
    return [result for result in results if result.level == level]


def _totals(results: list[Result]) -> dict[str, int]:
    counts = Counter(result.outcome for result in results)
    return {"tests": len(results)} | {outcome: counts[outcome] for outcome in OUTCOMES}


def _table(first: str, groups: dict[str, list[Result]]) -> list[str]:
    columns = ("tests", *OUTCOMES)
    lines = [f"| {first} | {' | '.join(columns)} |", f"|---{'|---:' * len(columns)}|"]
    for name, results in groups.items():
        totals = _totals(results)
        lines.append(f"| {name} | {' | '.join(str(totals[column]) for column in columns)} |")
    return [*lines, ""]
