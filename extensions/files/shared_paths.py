"""The paths that documents share: told apart by content type, or by the form's field."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Permission
from dicomweb.errors import BadRequest
from extensions.files import dicom_files, dicom_tags, exam_images, pacs_api
from extensions.files.doors import door, posted
from extensions.files.shapes import (
    OrthancInstance,
    PacsFileWithMetadata,
    ShortId,
    Uploaded,
    UploadedOnes,
)


async def take_in(request: Request) -> Response:
    """`POST /dicom`: a form with a file, or JSON with the path of one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return await dicom_tags.import_file(request)
    async with posted(request) as form:
        return await dicom_files.upload(request, form)


async def upload_exam_image(request: Request) -> Response:
    """`POST /dicom/upload`: a form with the field `file`."""
    async with posted(request) as form:
        return await exam_images.upload(request, form)


async def upload(request: Request) -> Response:
    """`POST /api/dicom/upload`: the field says whose answer is wanted."""
    async with posted(request) as form:
        fields = {each.field for each in form.files}
        if pacs_api.FIELD in fields:
            return await pacs_api.upload(request, form)
        if exam_images.FIELD in fields:
            return await exam_images.upload(request, form)
    raise BadRequest(
        f"The form has no file: it goes into the field `{pacs_api.FIELD}`, "
        f"or `{exam_images.FIELD}` for Orthanc's ids."
    )


def _form(*fields: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((field, "file", "A DICOM file; several are possible.") for field in fields)


routes = [
    door(
        "POST",
        "/dicom",
        take_in,
        Permission.UPLOAD,
        form=_form(dicom_files.FIELD),
        takes=dicom_tags.FileToImport,
        gives=Uploaded | UploadedOnes,
        also=((200, ShortId), (207, UploadedOnes)),
        bare=True,
        status=201,
        refusals=(400, 403, 404, 409, 413),
        summary='Upload a DICOM file, or import one by `{"path": …}` (200)',
    ),
    door(
        "POST",
        "/dicom/upload",
        upload_exam_image,
        Permission.UPLOAD,
        form=_form(exam_images.FIELD),
        gives=OrthancInstance | list[Any],
        also=((200, OrthancInstance | list[Any]), (207, None)),
        status=201,
        refusals=(400, 409, 413),
        summary="Upload a DICOM file; Orthanc's ids, acquisition date and modality",
    ),
    door(
        "POST",
        "/api/dicom/upload",
        upload,
        Permission.UPLOAD,
        refused=pacs_api.refused,
        form=_form(pacs_api.FIELD, exam_images.FIELD),
        gives=PacsFileWithMetadata | OrthancInstance | list[Any],
        also=((200, OrthancInstance | list[Any]), (207, None)),
        status=201,
        refusals=(400, 409, 413),
        summary="Upload a DICOM file; its metadata, or Orthanc's ids for the field `file`",
    ),
]
