"""The conformance statement says what the code does: its tables are those of today."""

import re

from dicomweb import statement
from dicomweb.errors import InstanceRefused


def test_the_tables_of_the_statement_are_those_of_the_code() -> None:
    text = statement.FILE.read_text("utf-8")
    assert statement.filled(text) == text, "Run `python -m dicomweb.statement`."


def test_every_table_stands_in_the_statement_once() -> None:
    text = statement.FILE.read_text("utf-8")
    named = re.findall(r"<!-- table: (\w+) -->", text)
    assert sorted(named) == sorted(statement.TABLES)


def test_every_reason_is_explained() -> None:
    reasons = [name for name, value in vars(InstanceRefused).items() if name.isupper()]
    assert all(name.replace("_", " ").lower() in statement.failure_reasons() for name in reasons)


def test_check_tells_a_difference_and_writes_nothing(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "STATEMENT.md"
    file.write_text("<!-- table: limits -->\nold\n<!-- end -->\n")
    monkeypatch.setattr(statement, "FILE", file)
    assert statement.main(["--check"]) == 1
    assert "old" in file.read_text()
    assert statement.main([]) == 0
    assert statement.main(["--check"]) == 0
