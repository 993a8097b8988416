"""Search transaction, QIDO-RS (PS3.18 10.6).

GET /studies · /studies/{study}/series · /studies/{study}/series/{series}/instances    hierarchical
GET /series · /instances · /studies/{study}/instances                                  relational
    keys by keyword, tag or path; fuzzymatching, includefield, limit, offset (8.3.4)
    application/dicom+json by default, multipart/related; type="application/dicom+xml"
Answers 200, also when nothing is found (CP-2473) · 400 · 406 · 413 too broad
Warning: 299 says how many results remain, and what was not matched as asked.
"""

import orjson
from starlette.requests import Request

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, accepted, in_thread, multipart, part_of, whole
from dicomweb.archive import Archive, Found
from dicomweb.query import Query, parse
from dicomweb.resources import Level, Resource
from dicomweb.wire.negotiation import Choice, negotiate
from dicomweb.wire.offers import metadata_offers
from dicomweb.wire.xml_model import to_xml

_ROOT = b"\x01"
# A Warning carries at most this many sentences: each stands for a parameter of the client's.
_MAX_WARNINGS = 8


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
    search = archive.search(query)
    found = search.find() if search.is_quick else await in_thread(search.find)
    root: str = request.state.addresses.root(request.scope)
    body = (b"[" + b",".join(found.fragments) + b"]").replace(_ROOT, root.encode())
    headers = _warnings(root, query, found)
    if "xml" in choice.payload_type:
        return _as_xml(request, choice, body, headers)
    return whole(body, {"Content-Type": choice.payload_type, **headers})


def _warnings(root: str, query: Query, found: Found) -> dict[str, str]:
    """`Warning: 299 <service>: <text>` (PS3.18 8.3.4.4, 8.3.4.5)."""
    sentences = list(query.warnings[:_MAX_WARNINGS])
    if found.remaining:
        sentences.append(f"There are {found.remaining} additional results that can be requested")
    texts = (text.encode("ascii", "replace").decode() for text in sentences)
    return {"Warning": ", ".join(f"299 {root}: {text}" for text in texts)} if sentences else {}


def _as_xml(request: Request, choice: Choice, body: bytes, headers: dict[str, str]) -> Streamed:
    """One part a result (PS3.18 10.6.3.3.1)."""
    documents = (to_xml(result) for result in orjson.loads(body))
    parts = [part_of(choice.part_type, "", document) for document in documents]
    return multipart(request, choice, parts, body.hex()[:64] or "empty", headers)


routes = [
    route("GET", "/studies", studies, Permission.VIEW),
    route("GET", "/studies/{study}/series", series, Permission.VIEW),
    route("GET", "/studies/{study}/series/{series}/instances", instances, Permission.VIEW),
    route("GET", "/studies/{study}/instances", instances, Permission.VIEW),
    route("GET", "/series", series, Permission.VIEW),
    route("GET", "/instances", instances, Permission.VIEW),
]
