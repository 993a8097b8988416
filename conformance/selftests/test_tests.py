"""What must hold of the tests: clauses, independence, size."""

import ast
import re

import pytest

from conformance import expectations

MODULES = sorted(expectations.HERE.rglob("*.py"))
TESTS = [
    path for path in MODULES if path.name.startswith("test_") and "selftests" not in path.parts
]
CLAUSE = re.compile(r"PS3\.\d+ [A-Z]?[\d.]*[A-Z]?[\d.]*\d?$|RFC \d+ [\d.]+$")


def name(path):
    return path.relative_to(expectations.HERE).as_posix()


def functions(path):
    return [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_names_its_clause_in_one_spelling(path):
    for function in functions(path):
        clauses = [
            mark.args[0].value
            for mark in function.decorator_list
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.clause"
        ]
        assert len(clauses) == 1, function.name
        assert CLAUSE.match(clauses[0]), f"{function.name}: {clauses[0]}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_of_the_servers_is_imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not {one.partition(".")[0] for one in names} & {"dicomweb", "extensions"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_are_short(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name
