"""Who may do what, by the permissions that the routes name: expected here, tried by test_matrix.

python -m tests.accounts.matrix [--write]      prints the README's table, or puts it there
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dicomweb import extension
from dicomweb.access.guard import GuardedRoute
from dicomweb.access.permissions import NOBODY, ROLES, Permission, Principal
from dicomweb.app import all_routes
from dicomweb.settings import Settings

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- permissions -->", "<!-- /permissions -->"
KEY = (Permission.VIEW, Permission.UPLOAD)
CALLERS: dict[str, Principal] = {
    "nobody": NOBODY,
    **{role: Principal(role, permissions, role=role) for role, permissions in ROLES.items()},
    "key": Principal("key", frozenset(KEY)),
    "share": Principal("share", frozenset({Permission.VIEW}), frozenset({"1.2"})),
}
_TITLES = {"nobody": "without a token", "key": "key for view, upload", "share": "share link"}


@dataclass(frozen=True)
class Line:
    """One method of one route."""

    method: str
    path: str
    permission: Permission
    narrows: bool

    @property
    def area(self) -> str:
        """The part of the surface that a row of the table stands for."""
        words = self.path.strip("/").split("/")
        if words[0] == "api":
            return f"/api/{words[1]}" + ("/…" if len(words) > 2 else "")
        if words[0] == "studies":
            return "/studies/… (pages)"
        if words[0] == "dicom-web" and "{study}" in self.path:
            return "/dicom-web/studies/{study}…"
        return f"/{words[0]}" + ("/…" if len(words) > 1 else "")


def lines() -> list[Line]:
    """Every method of every route, those of the extensions included."""
    routes = all_routes(extension.load(Settings.model_fields["extensions"].default))
    found = []
    for route in routes:
        assert isinstance(route, GuardedRoute)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            found.append(Line(method, route.path, route.permission, route.narrows))
    return found


def expected(caller: str, line: Line) -> int:
    """What the guard answers: 0 lets the handler answer, else 401 or 403."""
    principal = CALLERS[caller]
    if not principal.may(line.permission):
        return 401 if principal is NOBODY else 403
    return 403 if principal.studies is not None and not line.narrows else 0


def _cell(caller: str, line: Line) -> str:
    status = expected(caller, line)
    if status:
        return str(status)
    limited = caller == "share" and line.permission not in (Permission.PUBLIC, Permission.KNOWN)
    return "its study" if limited else "yes"


def rows() -> Iterator[tuple[str, ...]]:
    """One row for all routes of an area that answer everybody alike."""
    found: dict[tuple[str, ...], list[str]] = {}
    for line in lines():
        cells = (line.area, str(line.permission), *(_cell(caller, line) for caller in CALLERS))
        methods = found.setdefault(cells, [])
        if line.method not in methods:
            methods.append(line.method)
    for cells, methods in sorted(found.items()):
        yield f"{', '.join(sorted(methods))} `{cells[0]}`", *cells[1:]


def markdown() -> str:
    """The table of the README."""
    head = ("Routes", "Permission", *(_TITLES.get(name, f"`{name}`") for name in CALLERS))
    table = [head, tuple("---" for _ in head), *rows()]
    return "\n".join(f"| {' | '.join(row)} |" for row in table)


def written() -> str:
    """What stands in the README between the markers."""
    return README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def main() -> None:
    if "--write" in sys.argv:
        before, _, rest = README.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{BEGIN}\n{markdown()}\n{END}{after}", "utf-8")
    else:
        print(markdown())


if __name__ == "__main__":
    main()
