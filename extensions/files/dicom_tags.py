"""The API of `POST /dicom` with a path, `GET /image` and `GET /tags`.

A file of the folder DICOMWEB_IMPORT_DIR is stored, and shown by its id of 22 letters.
Answers 200 · 400 · 403 (import is off, or the path leads out of its folder) · 404 · 409 · 413.
"""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, in_thread
from dicomweb.archive import Archive, Location
from dicomweb.errors import BadRequest
from extensions.files.doors import counter_of, door, meant, one_of
from extensions.files.identifiers import short_of, uuid_of
from extensions.files.import_folder import opened
from extensions.files.shapes import OneFile, OneImage, Tags
from extensions.files.shown import PNG, picture
from extensions.files.tag_values import brackets, elements_of, keyword_of, kind_of, printed
from extensions.json_api import Line, enveloped, json_body, validated

_PIXELS, _FRAMES, _ROWS, _COLUMNS = "7FE00010", "00280008", "00280010", "00280011"


class FileToImport(BaseModel):
    """The body: `path` below the import folder."""

    path: Line


async def import_file(request: Request) -> Response:
    """One file of the import folder, stored: its id."""
    body = validated(FileToImport, await json_body(request))
    id = await in_thread(_import, request, body.path)
    return enveloped({"id": id})


def _import(request: Request, path: str) -> str:
    settings = request.state.settings
    limit = int(settings.max_upload_mb) * 1_000_000
    with opened(settings.import_dir, path, limit) as file:
        taken = one_of(counter_of(request).take([file]))
    assert taken is not None
    assert taken.entry is not None
    return short_of(taken.entry.uuid)


async def image(request: Request) -> Streamed:
    """The image of a file as PNG."""
    return await picture(request, await meant(request, _id(request)), PNG)


async def tags(request: Request) -> Response:
    """All elements of a file, those of its file meta information first."""
    location = await meant(request, _id(request))
    found = await in_thread(_tags, request.state.archive, location)
    return enveloped({"uuid": short_of(uuid_of(location.instance)), "tags": found})


def _id(request: Request) -> str:
    id = request.query_params.get("id", "")
    if not id:
        raise BadRequest("id is missing: the id of a DICOM file is right.")
    return id


def _tags(archive: Archive, location: Location) -> list[dict[str, Any]]:
    attributes = archive.attributes(location)
    return [
        {
            "ID": number,
            "Tag": brackets(tag),
            "VR": kind_of(tag, element.get("vr", "UN")),
            "Value": _frames(attributes) if tag == _PIXELS else printed(element),
            "Name": keyword_of(tag),
        }
        for number, (tag, element) in enumerate(elements_of(archive, location).items(), start=1)
    ]


def _frames(attributes: dict[str, Any]) -> str:
    """What stands for pixels: how many frames, of which size."""
    frames, rows, columns = (
        (attributes.get(tag, {}).get("Value") or [1])[0] for tag in (_FRAMES, _ROWS, _COLUMNS)
    )
    return f"FramesLength={frames} FrameSize rows={rows} cols={columns}"


routes = [
    door(
        "GET",
        "/image",
        image,
        Permission.VIEW,
        asks=OneImage,
        media_types=(PNG,),
        refusals=(400, 404),
        summary="The image of a DICOM file as PNG",
    ),
    door(
        "GET",
        "/tags",
        tags,
        Permission.VIEW,
        asks=OneFile,
        gives=Tags,
        bare=True,
        refusals=(400, 404),
        summary="All tags of a DICOM file",
    ),
]
