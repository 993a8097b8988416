"""The DICOM API of `/dicom`: upload, list, details, attributes, PNG, delete.

Answers 200 · 201 · 207 (some files of a form) · 400 · 404 · 409 · 413.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, in_thread
from dicomweb.archive import Archive, Location
from dicomweb.errors import NotFound
from extensions.files.doors import (
    door,
    files_in,
    ledger_of,
    meant,
    one_of,
    remove,
    several,
    take,
)
from extensions.files.facts import Facts
from extensions.files.shapes import (
    Attributes,
    DicomFile,
    DicomFileList,
    Frame,
    Message,
    OneTag,
)
from extensions.files.shown import PNG, file_name, picture
from extensions.files.tables import FilesInstance, moment
from extensions.files.tag_values import comma, described, elements_of, parse_tag
from extensions.files.uploads import Taken
from extensions.forms import Form
from extensions.json_api import Paging, enveloped, queried

FIELD = "file"
_META_GROUP = "0002"


async def upload(request: Request, form: Form) -> Response:
    """The files of the field `file`, stored; 201."""
    taken = await take(request, files_in(form, FIELD))
    one = one_of(taken)
    if one is not None:
        return enveloped(_told(one), 201)
    results, error, status = several(taken, _told, name="filename")
    stored = sum(each.refusal is None for each in taken)
    message = f"{stored} of {len(taken)} DICOM files uploaded successfully"
    return enveloped({"message": message, "files": results, **error}, status)


def _told(taken: Taken) -> dict[str, Any]:
    assert taken.entry is not None
    return {
        "id": taken.entry.uuid,
        "filename": taken.name,
        "message": "DICOM file uploaded successfully",
    }


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
            "count": total,
            "files": found,
            "pagination": {"page": paging.page, "limit": paging.limit, "total": total},
        }
    )


def _listed(entry: FilesInstance) -> dict[str, Any]:
    facts = Facts.unpacked(entry.facts)
    # As the document has it: no zone; it is UTC. What is stored is never modified.
    time = f"{moment(entry.stored):%Y-%m-%dT%H:%M:%S.%f}"
    return {
        "id": entry.uuid,
        "filename": file_name(entry),
        "size_bytes": entry.size,
        "created_at": time,
        "modified_at": time,
        "dicom_info": {
            "PatientName": facts.patient_name,
            "PatientID": facts.patient_id,
            "StudyDate": facts.study_date,
            "StudyDescription": facts.study_description,
            "Modality": facts.modality,
            "ImageDimensions": {"rows": facts.rows, "columns": facts.columns},
        },
    }


async def details(request: Request) -> Response:
    """What a list tells of a file, and where it belongs."""
    location = await meant(request)
    entry = await in_thread(ledger_of(request).entry, location)
    found = _listed(entry)
    facts = Facts.unpacked(entry.facts)
    found["dicom_info"] |= {
        "StudyTime": facts.study_time,
        "SeriesDescription": facts.series_description,
        "InstanceNumber": facts.instance_number,
        "StudyInstanceUID": entry.study,
        "SeriesInstanceUID": entry.series,
        "SOPInstanceUID": entry.sop,
        "SOPClassUID": location.sop_class,
        "TransferSyntaxUID": location.transfer_syntax,
        "NumberOfFrames": request.state.archive.frames(location).count if location.frames else None,
    }
    return enveloped(found)


async def attributes(request: Request) -> Response:
    """All attributes of the data set, or the one of `tag`."""
    location = await meant(request)
    archive: Archive = request.state.archive
    root: str = request.state.addresses.root(request.scope)
    if "tag" not in request.query_params:
        return enveloped(await in_thread(_all, archive, location, root))
    tag = parse_tag(request.query_params["tag"])
    return enveloped(await in_thread(_one, archive, location, root, tag))


def _all(archive: Archive, location: Location, root: str) -> dict[str, Any]:
    found = {
        comma(tag): described(tag, element, root)
        for tag, element in elements_of(archive, location).items()
        if not tag.startswith(_META_GROUP)
    }
    return {"count": len(found), "attributes": found}


def _one(archive: Archive, location: Location, root: str, tag: str) -> dict[str, Any]:
    elements = elements_of(archive, location)
    if tag not in elements:
        raise NotFound(f"This DICOM file has no attribute {comma(tag)}.")
    found = described(tag, elements[tag], root)
    del found["name"]
    return {"tag": comma(tag), **found}


async def png(request: Request) -> Streamed:
    """The picture of a file."""
    return await picture(request, await meant(request), PNG)


async def delete(request: Request) -> Response:
    await remove(request)
    return enveloped({"message": "DICOM file deleted successfully"})


_ONE = "/dicom/{id}"

routes = [
    door(
        "GET",
        "/dicom",
        list_files,
        Permission.VIEW,
        asks=Paging,
        gives=DicomFileList,
        bare=True,
        summary="All DICOM files, the newest first",
    ),
    door(
        "GET",
        _ONE,
        details,
        Permission.VIEW,
        gives=DicomFile,
        bare=True,
        refusals=(404,),
        summary="Details of a DICOM file",
    ),
    door(
        "GET",
        f"{_ONE}/attributes",
        attributes,
        Permission.VIEW,
        asks=OneTag,
        gives=Attributes,
        bare=True,
        refusals=(400, 404),
        summary="The attributes of a DICOM file, or one of them",
    ),
    door(
        "GET",
        f"{_ONE}/png",
        png,
        Permission.VIEW,
        asks=Frame,
        media_types=(PNG,),
        refusals=(400, 404),
        summary="The picture of a DICOM file as PNG",
    ),
    door(
        "DELETE",
        _ONE,
        delete,
        Permission.MANAGE,
        gives=Message,
        bare=True,
        refusals=(404,),
        summary="Delete a DICOM file",
    ),
]
