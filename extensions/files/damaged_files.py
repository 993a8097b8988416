"""The list of damaged files: why each was not stored; download for a closer look, delete."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission
from dicomweb.answers import Part, Streamed, in_thread, ranged
from dicomweb.archive import Archive
from extensions.audit import Action, Entry, enter
from extensions.files.doors import door
from extensions.files.file_names import attachment
from extensions.files.pacs_api import milliseconds, refused
from extensions.files.quarantine import blob_of, find, page
from extensions.files.shapes import DamagedFile
from extensions.files.tables import FilesDamaged, moment
from extensions.json_api import Paging, enveloped, queried

_TYPE = "application/octet-stream"


async def list_damaged(request: Request) -> Response:
    """Damaged files, the newest first, or a page of them."""
    paging = queried(request, Paging)
    archive: Archive = request.state.archive

    def read() -> tuple[list[FilesDamaged], int]:
        with archive.reading() as session:
            return page(session, paging.offset, paging.limit)

    rows, total = await in_thread(read)
    return enveloped(
        {
            "success": True,
            "data": [_shown(row) for row in rows],
            "pagination": {"page": paging.page, "limit": paging.limit, "total": total},
        }
    )


def _shown(row: FilesDamaged) -> dict[str, Any]:
    return {
        "id": row.id,
        "originalName": row.name,
        "reason": row.reason,
        "fileSize": row.size,
        "sha256": row.sha256.hex(),
        "receivedAt": milliseconds(moment(row.received)),
        "receivedFrom": row.sender,
    }


async def download_damaged(request: Request) -> Streamed:
    """Its bytes as they were sent."""
    archive: Archive = request.state.archive

    def read() -> FilesDamaged:
        with archive.reading() as session:
            found = find(session, request.path_params["id"])
            session.expunge(found)
            return found

    row = await in_thread(read)
    headers = {
        "Content-Disposition": attachment(row.name),
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return ranged(request, Part(_TYPE, "", archive.kept(blob_of(row))), headers)


async def delete_damaged(request: Request) -> Response:
    archive: Archive = request.state.archive

    def delete() -> None:
        with archive.session() as session:
            row = find(session, request.path_params["id"])
            key = row.key
            session.delete(row)
            actor = actor_of(request.scope)
            enter(session, Entry(Action.DELETE, actor, "damaged file", object=row.id))
        archive.drop([key])

    await in_thread(delete)
    return Response(status_code=204)


_ALL, _ONE = "/api/dicom/damaged", "/api/dicom/damaged/{id}"

routes = [
    door(
        "GET",
        _ALL,
        list_damaged,
        Permission.MANAGE,
        refused=refused,
        asks=Paging,
        gives=DamagedFile,
        listed=True,
        summary="Files that were sent damaged, with the reason why they were not stored",
    ),
    door(
        "GET",
        _ONE,
        download_damaged,
        Permission.MANAGE,
        refused=refused,
        media_types=(_TYPE,),
        refusals=(404,),
        summary="Download a damaged file",
    ),
    door(
        "DELETE",
        _ONE,
        delete_damaged,
        Permission.MANAGE,
        refused=refused,
        status=204,
        refusals=(404,),
        summary="Delete a damaged file",
    ),
]
