"""The page that shows servers side by side."""

from conformance.comparison import compared

TESTS = [
    {"clause": "PS3.18 10.6", "level": "required", "outcome": "passed"},
    {"clause": "PS3.18 8.5", "level": "required", "outcome": "expected failure"},
]


def test_each_server_has_its_column_and_what_is_expected_to_fail_is_not_passed() -> None:
    lines = compared({"ours": TESTS, "theirs": TESTS[:1]}).splitlines()
    assert "| required | 1 / 2 | 1 / 1 |" in lines
    assert "| PS3.18 8.5 | 0 / 1 | 0 / 0 |" in lines


def test_clauses_go_by_number() -> None:
    page = compared({"ours": TESTS})
    assert page.index("PS3.18 8.5") < page.index("PS3.18 10.6")
