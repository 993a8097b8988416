"""The house stays as it is drawn: import rules, sizes, forbidden names, guarded routes."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
PACKAGES = ("dicomweb", "extensions")
MODULES = sorted(path for package in PACKAGES for path in (HERE / package).rglob("*.py"))
EVERYTHING = [*MODULES, *sorted((HERE / "tests").rglob("*.py"))]
EVERYTHING += sorted((HERE / "conformance").rglob("*.py"))

MODULE_LINES = 400
FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"core", "base", "common", "helpers", "utils", "manager", "handler", "misc"}

WORDS = ("errors", "resources", "query", "attributes", "actor")
ROOMS = ("wire", "part10", "index", "storage", "pixels")
ABOVE = (
    *(*WORDS, "archive", "incoming", "content", "conversion", "rendering", "documents"),
    *("wire", "pixels", "access", "addresses", "answers"),
)
# How a store request becomes instances.
STORING = ("intake", "bundle", "unpacking")
# What the server tells of itself.
TELLING = ("surface", "wadl")
# Answers that several services give.
ANSWERS = ("bulk_values", "lookups", "shown", "texts", "zipped")
# What each part may import of ours, itself and what is below it included.
ALLOWED: dict[str, tuple[str, ...]] = {
    "dicomweb.errors": (),
    "dicomweb.resources": ("errors",),
    "dicomweb.attributes": ("errors", "resources"),
    "dicomweb.query": ("errors", "resources", "attributes", "query"),
    **{f"dicomweb.{room}": (*WORDS, room) for room in ROOMS},
    "dicomweb.access": ("errors", "actor", "access"),
    "dicomweb.services": (*ABOVE, *STORING, *TELLING, *ANSWERS, "metrics", "settings"),
    "extensions": (*ABOVE, "extension", "settings"),
    "conformance": (),
}
# Each library lives in one room.
LIBRARIES: dict[str, tuple[str, ...]] = {
    # The one name that SQLModel does not hand on: IntegrityError.
    "sqlalchemy": ("dicomweb.index", "dicomweb.extension", "extensions.radiology.tables"),
    "sqlmodel": ("dicomweb.index", "extensions", "dicomweb.extension", "dicomweb.archive"),
    "alembic": ("dicomweb.index",),
    "numpy": ("dicomweb.pixels", "extensions"),
    "PIL": ("dicomweb.pixels",),
    "imagecodecs": ("dicomweb.pixels",),
    "simplejpeg": ("dicomweb.pixels",),
    "uvicorn": ("dicomweb.serving", "dicomweb.process", "dicomweb.protocol"),
    "typer": ("dicomweb.cli", "dicomweb.serving"),
    "jwt": ("dicomweb.access", "extensions.accounts"),
    "argon2": ("extensions.accounts",),
    "rich": ("dicomweb.reports",),
    "starlette": (
        "dicomweb.services",
        "dicomweb.app",
        "dicomweb.access",
        "dicomweb.failures",
        "dicomweb.routing",
        "dicomweb.metrics",
        "dicomweb.hygiene",
        "dicomweb.extension",
        "dicomweb.addresses",
        "dicomweb.answers",
        "dicomweb.bulk_values",
        "dicomweb.shown",
        "dicomweb.texts",
        "extensions",
    ),
}


def _name(path: Path) -> str:
    parts = path.relative_to(HERE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _within(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(HERE)))
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MODULE_LINES
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(HERE)))
def test_a_function_fits_the_eye(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    functions = [node for node in nodes if isinstance(node, kinds)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: n for name, n in lengths.items() if n > FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_a_name_says_more_than_that_it_helps(path: Path) -> None:
    assert not FORBIDDEN_NAMES & set(path.relative_to(HERE).with_suffix("").parts)


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(HERE)))
def test_arrows_point_down(path: Path) -> None:
    name = _name(path)
    rules = [allowed for part, allowed in ALLOWED.items() if _within(name, (part,))]
    ours = [each for each in _imports(path) if _within(each, PACKAGES)]
    for allowed in rules:
        below = (*(f"dicomweb.{part}" for part in allowed), "dicomweb.__version__")
        below += ("extensions",) if _within(name, ("extensions",)) else ()
        assert [each for each in ours if each != "dicomweb" and not _within(each, below)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_each_library_lives_in_one_room(path: Path) -> None:
    name = _name(path)
    strangers = [
        each
        for each in _imports(path)
        if each.split(".")[0] in LIBRARIES and not _within(name, LIBRARIES[each.split(".")[0]])
    ]
    assert strangers == []


def test_every_route_names_its_permission() -> None:
    from dicomweb import extension
    from dicomweb.access.guard import unguarded
    from dicomweb.app import all_routes
    from dicomweb.settings import Settings

    extensions = extension.load(Settings.model_fields["extensions"].default)
    assert unguarded(all_routes(extensions)) == []
