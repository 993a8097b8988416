"""DELETE on the paths of studies, series and instances: no part of PS3.18, but what peers do.

204, and from then on 410 for what was deleted, until it is stored again. Rows, counts, bytes and
cached documents go together.
"""

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of, route
from dicomweb.access.permissions import Permission
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.extension import Extension
from dicomweb.resources import Resource


async def delete(request: Request) -> Response:
    """The study, series or instance of the path, and all below it."""
    archive: Archive = request.state.archive
    resource = Resource(**request.path_params)
    await in_thread(archive.remove, resource, actor_of(request.scope))
    return Response(status_code=204)


_STUDY = "/dicom-web/studies/{study}"
_SERIES = _STUDY + "/series/{series}"

extension = Extension(
    name="deletion",
    routes=[
        route("DELETE", _STUDY, delete, Permission.MANAGE),
        route("DELETE", _SERIES, delete, Permission.MANAGE),
        route("DELETE", _SERIES + "/instances/{instance}", delete, Permission.MANAGE),
    ],
)
