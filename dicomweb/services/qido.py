"""Search transaction, QIDO-RS (PS3.18 10.6).

GET /studies · /studies/{study}/series · /studies/{study}/series/{series}/instances    hierarchical
GET /series · /instances · /studies/{study}/instances                                  relational
    keys by keyword, tag or path; fuzzymatching, emptyvaluematching, multiplevaluematching,
    includefield, limit, offset (8.3.4), charset; orderby and cursor are ours
    application/dicom+json by default, multipart/related; type="application/dicom+xml"
GET …/count of the same                                                                 is ours
    {"count": n}
Answers 200, also when nothing is found (CP-2473) · 400 · 406 · 413 too broad
Warning: 299 says how many results remain, and what was not matched as asked. X-Total-Count says how
many there are in all, where that is known by the way; Link has the URL of the next page.
"""

import orjson
from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, accepted, in_thread, whole
from dicomweb.archive import COUNTED, Archive, Found
from dicomweb.query import Query, parse
from dicomweb.resources import Level, Resource
from dicomweb.texts import REVALIDATE, json_answer, xml_answer
from dicomweb.wire.media_types import JSON
from dicomweb.wire.negotiation import Offer, Offers, negotiate
from dicomweb.wire.offers import metadata_offers

_ROOT = b"\x01"
# A Warning carries at most this many sentences: each stands for a parameter of the client's.
_MAX_WARNINGS = 8
_COUNTS = Offers((Offer(JSON),))
_PAGE = (b"offset=", b"cursor=")


async def studies(request: Request) -> Streamed:
    return await _search(request, Level.STUDY)


async def series(request: Request) -> Streamed:
    return await _search(request, Level.SERIES)


async def instances(request: Request) -> Streamed:
    return await _search(request, Level.INSTANCE)


async def _search(request: Request, level: Level) -> Streamed:
    """The resources of `level`, below that of the path, that match."""
    archive: Archive = request.state.archive
    query = parse(level, Resource(**request.path_params), request.scope["query_string"])
    choice = negotiate(*accepted(request), metadata_offers())
    search = archive.search(query, request.scope["principal"].studies)
    quick = search.is_quick
    found = search.find() if quick else await in_thread(search.find)
    root: str = request.state.addresses.root(request.scope)
    body = (b"[" + b",".join(found.fragments) + b"]").replace(_ROOT, root.encode())
    headers = _headers(request, root, query, found, exact=quick)
    if "xml" in choice.payload_type:
        return await xml_answer(request, choice, body, f"{request.url}", headers)
    return await json_answer(request, choice, body, headers)


def _headers(
    request: Request, root: str, query: Query, found: Found, *, exact: bool
) -> dict[str, str]:
    """How many results there are, and where the next ones are (RFC 8288).

    `exact` says that `remaining` is no mere "some", as long as it is below COUNTED.
    """
    headers = {**REVALIDATE, **_warnings(root, query, found)}
    counted = (exact and found.remaining < COUNTED) or not found.remaining
    if counted and not query.cursor and (found.fragments or not query.offset):
        headers["X-Total-Count"] = str(query.offset + len(found.fragments) + found.remaining)
    if found.cursor:
        raw: bytes = request.scope["query_string"]
        kept = [each for each in raw.split(b"&") if each and not each.startswith(_PAGE)]
        following = b"&".join([*kept, b"cursor=" + found.cursor.encode()]).decode("latin-1")
        address = request.state.addresses.origin(request.scope) + request.scope["path"]
        headers["Link"] = f'<{address}?{following}>; rel="next"'
    return headers


def _warnings(root: str, query: Query, found: Found) -> dict[str, str]:
    """`Warning: 299 <service>: <text>` (PS3.18 8.3.4.4, 8.3.4.5)."""
    sentences = list(query.warnings[:_MAX_WARNINGS])
    if found.remaining:
        sentences.append(f"There are {found.remaining} additional results that can be requested")
    texts = (text.encode("ascii", "replace").decode() for text in sentences)
    return {"Warning": ", ".join(f"299 {root}: {text}" for text in texts)} if sentences else {}


async def count_studies(request: Request) -> Streamed:
    return await _count(request, Level.STUDY)


async def count_series(request: Request) -> Streamed:
    return await _count(request, Level.SERIES)


async def count_instances(request: Request) -> Streamed:
    return await _count(request, Level.INSTANCE)


async def _count(request: Request, level: Level) -> Streamed:
    """How many resources a search without limits would find."""
    archive: Archive = request.state.archive
    query = parse(level, Resource(**request.path_params), request.scope["query_string"])
    negotiate(*accepted(request), _COUNTS)
    search = archive.search(query, request.scope["principal"].studies)
    number = await in_thread(search.count)
    root: str = request.state.addresses.root(request.scope)
    headers = {"Content-Type": JSON, **REVALIDATE, **_warnings(root, query, Found([]))}
    return whole(orjson.dumps({"count": number}), headers)


_SERIES = "/studies/{study}/series"
_INSTANCES = _SERIES + "/{series}/instances"

# The words before the UIDs: "count" is none.
routes = [
    route("GET", "/studies/count", count_studies, Permission.VIEW, narrows=True),
    route("GET", "/series/count", count_series, Permission.VIEW, narrows=True),
    route("GET", "/instances/count", count_instances, Permission.VIEW, narrows=True),
    route("GET", _SERIES + "/count", count_series, Permission.VIEW),
    route("GET", "/studies/{study}/instances/count", count_instances, Permission.VIEW),
    route("GET", _INSTANCES + "/count", count_instances, Permission.VIEW),
    route("GET", "/studies", studies, Permission.VIEW, narrows=True),
    route("GET", _SERIES, series, Permission.VIEW),
    route("GET", _INSTANCES, instances, Permission.VIEW),
    route("GET", "/studies/{study}/instances", instances, Permission.VIEW),
    route("GET", "/series", series, Permission.VIEW, narrows=True),
    route("GET", "/instances", instances, Permission.VIEW, narrows=True),
]
