"""The report editor of a study; its work is done by report.js over /api/radiology."""

from starlette.requests import Request
from starlette.types import ASGIApp

from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.errors import NotFound
from dicomweb.resources import Resource
from extensions.pages.reading import RADIOLOGY
from extensions.pages.rendering import page
from extensions.pages.study import head_of, series_of

# The sections in the order of reading: name in JSON, title, rows of its field.
SECTIONS = (
    ("clinicalHistory", "Clinical history", 2),
    ("technique", "Technique", 2),
    ("comparison", "Comparison", 1),
    ("findings", "Findings", 10),
    ("impression", "Impression", 5),
    ("recommendations", "Recommendations", 2),
)


async def report(request: Request) -> ASGIApp:
    """The editor for a new report, or for the one that `?id=` names."""
    return await in_thread(_page, request, "report.html")


async def annotations(request: Request) -> ASGIApp:
    """All annotations of a study, with what was measured."""
    return await in_thread(_page, request, "annotations.html")


def _page(request: Request, template: str) -> ASGIApp:
    if request.scope["principal"].studies is not None:
        raise NotFound("A share link opens the images of its study, not its reports.")
    if RADIOLOGY not in request.state.settings.extensions:
        raise NotFound("This server has no radiology extension: there are no reports here.")
    archive: Archive = request.state.archive
    uid: str = request.path_params["study"]
    _, head = head_of(archive, uid)
    series = series_of(archive, uid, archive.locations(Resource(uid)))
    body_part = next((each.body_part for each in series if each.body_part), "")
    return page(
        request,
        template,
        study=head,
        series=[each for each in series if each.is_pictures][:12],
        sections=SECTIONS,
        body_part=body_part,
    )
