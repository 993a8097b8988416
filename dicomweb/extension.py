"""The one door by which an extension joins: a value with routes, tables and callbacks."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from dicomweb.errors import Refusal
from dicomweb.settings import Settings, WrongSetting

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlmodel import Session

    from dicomweb.archive import Archive, Kept
    from dicomweb.index import Removed as Removed
    from dicomweb.index import Stored as Stored
    from dicomweb.resources import Resource


Opened = Callable[["Settings", "Archive"], AbstractAsyncContextManager[dict[str, object]]]
Answered = Callable[[Scope, int], None]


@dataclass(frozen=True, slots=True)
class Extension:
    """What an extension brings. Its module ends in a value `extension = Extension(...)`.

    name        one word; also the name of its migrations
    routes      of dicomweb.access.guard.route, each with its permission
    opened      what it holds while the server runs: given the settings and the archive, an async
                context manager of what handlers find in `request.state`
    tables      steps of its schema, functions of a connection: each is taken once, in this order
    on_stored   called inside the archive's transaction for each group of stored instances
    on_removed  likewise for what was removed; keys of its own blobs that go too are added to
                `removed.keys`
    kept        every blob of its own (`Archive.keep`), for `dicomweb check`
    about       the study, series or instance that an id in a path of its own means, or None; asked
                by the audit trail, which names what was seen
    answered    called once for each finished request with its scope (route, path_params, principal
                and state are in there, where it came so far) and the status of the answer, in the
                event loop: it takes microseconds and raises nothing
    nowhere     makes the page for a browser that asks for one which does not exist
    """

    name: str
    routes: Sequence[BaseRoute] = ()
    tables: "Sequence[Callable[[Connection], object]]" = ()
    on_stored: "Callable[[Session, Sequence[Stored]], None] | None" = None
    on_removed: "Callable[[Session, Removed], None] | None" = None
    opened: "Opened | None" = None
    kept: "Callable[[Session], Iterable[Kept]] | None" = None
    about: "Callable[[Session, str], Resource | None] | None" = None
    answered: "Answered | None" = None
    nowhere: "Callable[[Scope, Refusal], Response] | None" = None


def load(names: Sequence[str]) -> list[Extension]:
    """The extensions of these dotted names; nothing else is ever loaded."""
    found = []
    for name in names:
        try:
            extension = getattr(import_module(name), "extension", None)
        except ModuleNotFoundError as fault:
            raise WrongSetting(f"DICOMWEB_EXTENSIONS names {name}: {fault}.") from None
        if not isinstance(extension, Extension):
            raise WrongSetting(f"DICOMWEB_EXTENSIONS names {name}, which has no `extension` value.")
        found.append(extension)
    return found
