"""For operators: is the server alive, is it ready, and what has it done."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dicomweb import metrics
from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.archive import Archive


async def live(request: Request) -> Response:
    """The process answers."""
    return Response('{"status":"live"}', media_type="application/json")


async def ready(request: Request) -> Response:
    """Index and storage have just been read and written; 503 with a sentence when one cannot."""
    archive: Archive = request.state.archive
    await run_in_threadpool(archive.check)
    return Response('{"status":"ready"}', media_type="application/json")


async def exposition(request: Request) -> Response:
    """Prometheus text."""
    archive: Archive = request.state.archive
    statistics = archive.statistics()
    metrics.USED.set(statistics.size)
    metrics.INSTANCES.set(statistics.instances)
    metrics.STUDIES.set(statistics.studies)
    text = await run_in_threadpool(metrics.exposition)
    return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE})


routes = [
    route("GET", "/health/live", live, Permission.PUBLIC),
    route("GET", "/health/ready", ready, Permission.PUBLIC),
    route("GET", "/metrics", exposition, Permission.MANAGE),
]
