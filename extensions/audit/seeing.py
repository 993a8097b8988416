"""What a finished request was: a view, a search, an export, a refusal, or a change nobody entered.

Called for every request, so that the usual ones cost a look into a dictionary and a count.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.types import Scope

from dicomweb.access.guard import address_of
from dicomweb.access.permissions import Permission
from extensions.audit import writing
from extensions.audit.entries import Action, Outcome, cleaned
from extensions.audit.trail import Trail

_READS = frozenset({"GET", "HEAD"})
_CHANGES = {
    "POST": Action.CREATE,
    "PUT": Action.CHANGE,
    "PATCH": Action.CHANGE,
    "DELETE": Action.DELETE,
}
_STANDARD = "/dicom-web/"
_LISTS = frozenset({"studies", "series", "instances", "count"})
_PARTS = frozenset({"frames", "bulkdata", "pixeldata", "rendered", "thumbnail", "metadata"})
# What these paths give is named in the query; the last lists what belongs to one exam.
_QUERIED = {"image": Action.VIEW, "tags": Action.VIEW, "wado": Action.VIEW, "images": Action.SEARCH}
_UIDS_QUERIED, _IDS_QUERIED = ("studyUID", "seriesUID", "objectUID"), ("id", "examenID")
_UIDS = frozenset({"study", "series", "instance", "frames", "path"})
_REFUSALS = frozenset({401, 403, 429})
# What the handler or a hook says of a request itself: see `tell`.
TOLD = "audited"


@dataclass(frozen=True, slots=True)
class Seen:
    """What requests of a route are: the first words of a line's key.

    `zipped`: an export where the client takes a ZIP; `named`: the path parameter with the id of
    what it is about; `in_query`: that is named there; `changing`: a change, if nobody
    entered it.
    """

    action: str
    kind: str
    zipped: bool = False
    named: str = ""
    in_query: bool = False
    changing: bool = False


_known: dict[tuple[str, str], Seen | None] = {}
# Of a query so many bytes are kept: those of a few hundred UIDs are no better proof.
_QUERY = 1_000
# Of those that need no closer look: action, kind, outcome.
_plain: dict[tuple[str, str], tuple[str, str, str]] = {}
_PASSED_ON = frozenset({b"forwarded", b"x-forwarded-for"})


def answered(scope: Scope, status: int) -> None:
    """The extension's hook: `status` is what was answered."""
    state = scope.get("state")
    trail: Trail | None = state.get("audit") if state else None
    if trail is None:
        return
    if status >= 400:
        _failed(trail, scope, status)
        return
    route = scope.get("route")
    key = (getattr(route, "path", ""), scope["method"])
    plain = _plain.get(key)
    if plain is None or TOLD in scope:
        _told(trail, scope, key)
        return
    path = scope["path_params"]
    said: tuple[str, ...] = (
        *plain,
        scope["principal"].name,
        _address(scope),
        path.get("study", ""),
    )
    if scope["query_string"] and plain[0] == Action.SEARCH:
        said = (*said, "", _asked(scope))
    trail.count(
        said,
        scope.get("request_id", ""),
        path.get("series", ""),
        path.get("instance", ""),
    )


def _address(scope: Scope) -> str:
    """Of the client; the peer's, if no proxy says anything."""
    for name, _ in scope["headers"]:
        if name in _PASSED_ON:
            return address_of(scope)
    client = scope.get("client")
    return client[0] if client else ""


def of_route(route: object, method: str) -> Seen | None:
    """What a request of this route and method is; None: nothing for the trail."""
    permission = getattr(route, "permission", Permission.PUBLIC)
    path: str = getattr(route, "path", "")
    if method not in _READS and method not in _CHANGES:  # OPTIONS: what is possible, not done
        return None
    if path.startswith("/api/audit"):
        return Seen(Action.AUDIT.value, path.rpartition("/")[2])
    words = [word for word in path.split("/") if word]
    literals = [word for word in words if not word.startswith("{")]
    names = [word[1:-1].partition(":")[0] for word in words if word.startswith("{")]
    named = next((name for name in reversed(names) if name not in _UIDS), "")
    kind = " ".join(literals[-2:]) if literals[:1] == ["api"] else (literals or ["page"])[-1]
    if permission in (Permission.PUBLIC, Permission.KNOWN):
        return None
    if method in _CHANGES and permission is Permission.VIEW:  # a question with a body
        return Seen(Action.VIEW.value, kind, named=named)
    if method in _CHANGES:
        action = _CHANGES[method]
        if path.startswith(_STANDARD) and kind == "studies":
            action = Action.STORE if method == "POST" else action
        return Seen(action.value, kind, named=named, changing=True)
    if path.startswith(_STANDARD):
        return _standard(words, kind)
    if permission is Permission.MANAGE:  # for operators: accounts, metrics
        return None
    if not names and literals and literals[-1] in _QUERIED:
        return Seen(_QUERIED[literals[-1]].value, kind, in_query=True)
    return Seen((Action.VIEW if names else Action.SEARCH).value, kind, named=named)


def _standard(words: list[str], kind: str) -> Seen:
    """A GET below the service root (PS3.18 10.4, 10.6): by the last word of its path."""
    last = words[-1]
    if last in _PARTS or kind in _PARTS:
        return Seen(Action.VIEW.value, kind)
    if last in _LISTS:
        return Seen(Action.SEARCH.value, words[-2] if last == "count" else last)
    if last == "{study}":
        return Seen(Action.EXPORT.value, "study")
    if last in ("{series}", "{instance}"):
        return Seen(Action.VIEW.value, last[1:-1], zipped=True)
    return Seen(Action.SEARCH.value, kind)


def tell(
    scope: Scope, action: Action, kind: str, *, study: str = "", object: str = "", patient: str = ""
) -> None:
    """What this request is, said by its handler, where the route alone does not tell it."""
    scope[TOLD] = (action.value, kind, study, object, patient)


def _told(trail: Trail, scope: Scope, key: tuple[str, str]) -> None:
    """Requests that need a closer look, and the first of every other route."""
    if key not in _known:
        seen = _known[key] = of_route(scope.get("route"), scope["method"])
        if seen is not None and seen == Seen(seen.action, seen.kind):
            _plain[key] = (seen.action, seen.kind, "success")
    seen = _known[key]
    path = scope.get("path_params", {})
    request = scope.get("request_id", "")
    entered = writing.was_entered(request)
    if seen is None and TOLD not in scope:
        return
    seen = seen or Seen("", "")
    if seen.changing and (not request or entered):
        return  # without an id nobody can tell
    action, kind = seen.action, seen.kind
    study, series, instance = (path.get(each, "") for each in ("study", "series", "instance"))
    thing, patient = str(path.get(seen.named, "")), ""
    if TOLD in scope:
        action, kind, study, thing, patient = scope[TOLD]
    elif seen.zipped and _takes_zip(scope):
        action, kind = Action.EXPORT.value, "zip"
    elif seen.in_query:
        (study, series, instance), thing = _queried(scope)
    name, address = scope["principal"].name, _address(scope)
    said: tuple[str, ...] = (action, kind, "success", name, address, cleaned(study))
    asked = _asked(scope) if action == Action.SEARCH else ""
    if thing or asked or patient:
        said = (*said, cleaned(thing), asked, cleaned(patient))
    trail.count(said, request, series, instance)


def _asked(scope: Scope) -> str:
    """The query of a search as it was sent; the thread that writes the line reads it."""
    query: bytes = scope["query_string"][:_QUERY]
    return query.decode("utf-8", "replace")


def _takes_zip(scope: Scope) -> bool:
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"/zip" in accept or b"zip" in scope["query_string"]


def _queried(scope: Scope) -> tuple[list[str], str]:
    """The UIDs of WADO-URI, and the id of the file APIs."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    uids = [cleaned(asked.get(each, [""])[0]) for each in _UIDS_QUERIED]
    return uids, next((asked[each][0] for each in _IDS_QUERIED if each in asked), "")


def _failed(trail: Trail, scope: Scope, status: int) -> None:
    """Refusals, and changes that failed by our fault."""
    principal = scope.get("principal")
    name: str = getattr(principal, "name", "")
    limited = getattr(principal, "studies", None) is not None
    route = scope.get("route")
    entered = writing.was_entered(scope.get("request_id", ""))
    refused = status in _REFUSALS or (status == 404 and limited and route is not None)
    seen = of_route(route, scope["method"]) if status >= 500 else None
    if not refused and (seen is None or not seen.changing):
        return
    if entered and refused:
        return  # a login that failed, say
    # What nobody was asked for they may invent: it would be a line for each.
    path = scope.get("path_params", {}) if name else {}
    study = cleaned(path.get("study", ""))
    ids = [cleaned(value) for each, value in path.items() if each.endswith("id")]
    thing = f"{scope['method'][:10]} {getattr(route, 'path', '')}".strip()
    if refused:
        said: tuple[str, ...] = (Action.REFUSAL.value, str(status), Outcome.REFUSED.value)
    else:
        assert seen is not None
        said = (seen.action, seen.kind, Outcome.FAILURE.value)
    said = (*said, name, _address(scope), study, thing, *ids[:1])
    trail.count(said, scope.get("request_id", ""), "", "")
