"""GET /api/audit, for admins: lines as JSON in pages, or as DICOM audit messages in a stream."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dicomweb.access.permissions import Permission
from dicomweb.answers import accepted, in_thread
from dicomweb.wire.negotiation import Offer, Offers, negotiate
from extensions.audit import messages, reading
from extensions.audit.entries import Action, Outcome
from extensions.audit.reading import Filters
from extensions.json_api import Page, Shape, api

_OFFERS = Offers((Offer("application/json"), Offer(messages.MEDIA_TYPE), Offer("text/xml")))


class AuditLine(Shape):
    """One line of the trail."""

    id: int = Field(description="Its number.")
    time: str = Field(description="When, or the first time of a minute's requests (UTC).")
    action: Action = Field(description="What was done.")
    kind: str = Field(description="What it was done to, or how.")
    outcome: Outcome = Field(description="How it ended.")
    actor: str = Field(description="Name of the principal; empty: nobody was known.")
    address: str = Field(description="Network address of the client.")
    request_id: str = Field(description="Id of the request, the first of a minute's.")
    study_uid: str = Field(description="Study Instance UID.")
    series_uid: str = Field(description="Series Instance UID, where it is one.")
    instance_uid: str = Field(description="SOP Instance UID, where it is one.")
    instance_uids: list[str] = Field(description="SOP Instance UIDs of a store.")
    patient_id: str = Field(description="Patient ID.")
    object: str = Field(description="Id or name of what has no UID.")
    detail: str = Field(description="A few more words.")
    count: int = Field(description="Instances of a change, or requests of a minute.")
    batch: int | None = Field(description="The batch of the chain; null until it is sealed.")


def line_of(row: Any) -> dict[str, Any]:
    """A row under the names of AuditLine."""
    same = ("kind", "actor", "address", "object", "detail", "count", "batch", "action", "outcome")
    return {name: getattr(row, name) for name in same} | {
        "id": row.pk,
        "time": reading.shown(row.time),
        "request_id": row.request,
        "study_uid": row.study,
        "series_uid": row.series,
        "instance_uid": row.instance,
        "instance_uids": row.instances.split(),
        "patient_id": row.patient,
    }


def lines(request: Request, query: Filters) -> Page[Any] | Response:
    """The newest first, by Accept as JSON or XML; what waits in this process is written before."""
    choice = negotiate(*accepted(request), _OFFERS)
    if "xml" in choice.media_type:
        return streamed(request, query)
    request.state.audit.flush()
    with request.state.archive.reading() as session:
        rows, total = reading.page(session, query)
    return Page([line_of(row) for row in rows], query.page, query.limit, total)


def streamed(request: Request, query: Filters) -> Response:
    """One AuditMessage a line; all of them, or one page where the client asks for pages."""
    request.state.audit.flush()
    archive = request.state.archive
    if {"page", "limit"} & query.model_fields_set:
        with archive.reading() as session:
            pages: Iterator[list[Any]] = iter([reading.page(session, query)[0]])
    else:
        pages = reading.everything(archive, query, oldest_first=False)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
    return StreamingResponse(_written(pages), headers=headers, media_type=messages.MEDIA_TYPE)


async def _written(pages: Iterator[list[Any]]) -> AsyncIterator[bytes]:
    """Each page is read and written in a thread."""

    def following() -> bytes | None:
        rows = next(pages, None)
        return None if rows is None else b"".join(messages.document(rows))

    yield messages.BEGIN
    while (piece := await in_thread(following)) is not None:
        yield piece
    yield messages.END


routes = [
    api(
        "GET",
        "/api/audit",
        lines,
        Permission.MANAGE,
        asks=Filters,
        gives=AuditLine,
        listed=True,
        summary="The audit trail, newest first; with Accept: application/xml as DICOM messages",
    ),
    api(
        "GET",
        "/api/audit.xml",
        streamed,
        Permission.MANAGE,
        asks=Filters,
        media_types=(messages.MEDIA_TYPE,),
        summary="The audit trail as DICOM audit messages (PS3.15 A.5)",
    ),
]
