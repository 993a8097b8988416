"""The PACS DICOM API of `/api/dicom`: upload, download, metadata, list, delete.

Answers 200 · 201 · 204 · 207 (some files of a form) · 400 · 404 · 409 · 413, errors with the type
DICOM_API_ERROR. Beyond its document: several files in one form, `page` and `limit`, ranges.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, in_thread
from extensions.files.doors import (
    door,
    files_in,
    ledger_of,
    meant,
    one_of,
    refused_as,
    remove,
    several,
    take,
)
from extensions.files.facts import Facts
from extensions.files.shapes import PacsFileWithMetadata, PacsList
from extensions.files.shown import download, file_name, in_header
from extensions.files.tables import FilesInstance, moment
from extensions.files.uploads import Taken
from extensions.forms import Form
from extensions.json_api import Paging, enveloped, queried

ERROR = "DICOM_API_ERROR"
FIELD = "dicomFile"
refused = refused_as(ERROR)


async def upload(request: Request, form: Form) -> Response:
    """The files of the field `dicomFile`, stored; 201. Others of the same form go with them."""
    taken = await take(request, files_in(form, FIELD, "file"))
    one = one_of(taken)
    if one is not None:
        return enveloped({"success": True, "data": _told(one)}, 201)
    results, error, status = several(taken, _told, name="originalName", kind=ERROR)
    return enveloped({"success": status == 201, "data": results, **error}, status)


def _told(taken: Taken) -> dict[str, Any]:
    assert taken.entry is not None
    return {**described(taken.entry), "originalName": taken.name}


def described(entry: FilesInstance) -> dict[str, Any]:
    """A file with its metadata."""
    return {**_file(entry), "metadata": metadata(entry)}


def _file(entry: FilesInstance) -> dict[str, Any]:
    return {
        "id": entry.uuid,
        "filename": f"{entry.uuid}.dcm",
        "originalName": file_name(entry),
        "fileSize": entry.size,
        "uploadedAt": milliseconds(moment(entry.stored)),
    }


def metadata(entry: FilesInstance) -> dict[str, str | None]:
    """All keys of the document; None where the file has no value."""
    facts = Facts.unpacked(entry.facts)
    return {
        "patientName": facts.patient_name,
        "patientId": facts.patient_id,
        "studyDate": facts.study_date,
        "studyTime": facts.study_time,
        "modality": facts.modality,
        "studyDescription": facts.study_description,
        "seriesDescription": facts.series_description,
        "instanceNumber": facts.instance_number,
        "sopInstanceUID": entry.sop,
        "studyInstanceUID": entry.study,
        "seriesInstanceUID": entry.series,
    }


def milliseconds(time: datetime) -> str:
    """`2024-01-15T10:30:00.000Z`."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


async def retrieve(request: Request) -> Streamed:
    """The file as it was stored, under its own name."""
    location = await meant(request)
    entry = await in_thread(ledger_of(request).entry, location)
    return download(
        request, location, file_name(entry), {"X-DICOM-Metadata": in_header(metadata(entry))}
    )


async def retrieve_metadata(request: Request) -> Response:
    location = await meant(request)
    entry = await in_thread(ledger_of(request).entry, location)
    return enveloped({"success": True, "data": described(entry)})


async def list_files(request: Request) -> Response:
    """All files, the newest first, or a page of them."""
    paging = queried(request, Paging)
    principal = request.scope["principal"]
    ledger = ledger_of(request)

    def read() -> tuple[list[dict[str, Any]], int]:
        entries, total = ledger.page(principal, paging.offset, paging.limit)
        return [_listed(entry) for entry in entries], total

    found, total = await in_thread(read)
    return enveloped(
        {
            "success": True,
            "data": {"total": total, "dicomFiles": found},
            "pagination": {"page": paging.page, "limit": paging.limit, "total": total},
        }
    )


def _listed(entry: FilesInstance) -> dict[str, Any]:
    facts = Facts.unpacked(entry.facts)
    return {
        **_file(entry),
        "patientName": facts.patient_name,
        "studyDate": facts.study_date,
        "modality": facts.modality,
    }


async def delete(request: Request) -> Response:
    await remove(request)
    return Response(status_code=204)


_ONE = "/api/dicom/{id}"

routes = [
    door(
        "GET",
        "/api/dicom",
        list_files,
        Permission.VIEW,
        refused=refused,
        asks=Paging,
        gives=PacsList,
        summary="All DICOM files, the newest first",
    ),
    door(
        "GET",
        _ONE,
        retrieve,
        Permission.VIEW,
        refused=refused,
        media_types=("application/dicom",),
        refusals=(404,),
        summary="Download a DICOM file; `X-DICOM-Metadata` holds its metadata",
    ),
    door(
        "GET",
        f"{_ONE}/metadata",
        retrieve_metadata,
        Permission.VIEW,
        refused=refused,
        gives=PacsFileWithMetadata,
        refusals=(404,),
        summary="The metadata of a DICOM file",
    ),
    door(
        "DELETE",
        _ONE,
        delete,
        Permission.MANAGE,
        refused=refused,
        status=204,
        refusals=(404,),
        summary="Delete a DICOM file and its metadata",
    ),
]
