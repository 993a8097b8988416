"""Images: what is known of one, its file exactly as it was uploaded, its deletion."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import GuardedRoute, actor_of
from dicomweb.access.permissions import Permission
from dicomweb.answers import Part, Streamed, in_thread, ranged, unchanged
from dicomweb.archive import Archive, Kept, Location, resource_of
from dicomweb.content import Content
from dicomweb.errors import Gone, NotFound
from extensions.json_api import Operation, api
from extensions.radiology.contents import StoredImage
from extensions.radiology.lookup import find_image
from extensions.radiology.shapes import Image
from extensions.radiology.tables import RadiologyUpload
from extensions.radiology.telling import answered, image_told

_ENDINGS = {"application/dicom": ".dcm", "image/jpeg": ".jpg", "image/png": ".png"}


def read(request: Request) -> Response:
    """One image."""
    archive: Archive = request.state.archive
    location, upload = _found(request)
    image = StoredImage(location, archive.attributes(location))
    return answered(image_told(request, image, upload), f'"{archive.digest(location)}"')


async def file(request: Request) -> Streamed:
    """The bytes that were uploaded, with their type; `?download` offers to save them."""
    archive: Archive = request.state.archive
    location, upload = await in_thread(_found, request)
    if upload is not None and upload.key:
        kept = Kept(upload.key, upload.size, upload.sha256)
        content, tag = archive.kept(kept), f'"{kept.sha256.hex()[:24]}"'
        media_type = upload.media_type
    else:
        content, tag = _stored(archive, location), f'"{archive.digest(location)}"'
        media_type = "application/dicom"
    if (same := unchanged(request, tag)) is not None:
        return same
    shown = media_type != "application/dicom" and "download" not in request.query_params
    name = (upload.filename if upload else "") or location.instance + _ENDINGS[media_type]
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": _disposition("inline" if shown else "attachment", name),
        "X-Content-Type-Options": "nosniff",
    }
    return ranged(request, Part(media_type, "", content), headers)


def _stored(archive: Archive, location: Location) -> Content:
    return archive.content(location, 0, location.size)


def _disposition(kind: str, name: str) -> str:
    """RFC 6266, with the name in ASCII for old clients and in UTF-8 for the others."""
    plain = "".join(
        one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in name
    )
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def remove(request: Request) -> None:
    """The image with its annotations; the last one of a series takes that along."""
    archive: Archive = request.state.archive
    location, _ = _found(request)
    try:
        archive.remove(resource_of(location), actor_of(request.scope))
    except (NotFound, Gone):
        raise NotFound("There is no such image.") from None


def _found(request: Request) -> tuple[Location, RadiologyUpload | None]:
    """The image of the path, and how it was uploaded if it came through our form."""
    archive: Archive = request.state.archive
    location = find_image(archive, request.scope["principal"], request.path_params["id"])
    with archive.reading() as session:
        return location, session.get(RadiologyUpload, location.instance)


_IMAGE = "/api/radiology/images/{id}"

routes = [
    api("GET", _IMAGE, read, Permission.VIEW, gives=Image, refusals=(404,), summary="One image"),
    GuardedRoute(
        _IMAGE + "/file",
        file,
        permission=Permission.VIEW,
        methods=["GET"],
        operation=Operation(
            "The file of an image, exactly as it was uploaded",
            media_types=tuple(_ENDINGS),
            refusals=(404, 416),
        ),
    ),
    api(
        "DELETE",
        _IMAGE,
        remove,
        Permission.MANAGE,
        status=204,
        refusals=(404,),
        summary="Delete an image with its annotations",
    ),
]
