"""Images of medical exams: upload with Orthanc's ids, registration, preview, download.

An exam is a study of the radiology extension. A registered image is a link: its UIDs may differ
from the exam's, may not be stored yet, and every field comes back as it was sent. All paths answer
below `/api` too. Answers 200 · 201 · 207 (some files of a form) · 400 · 404 · 409 · 413.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.permissions import Permission
from dicomweb.answers import Streamed, in_thread
from dicomweb.rendering import is_image
from dicomweb.wire.negotiation import Offer, Offers, find_choice
from extensions.files.doors import (
    as_documented,
    door,
    files_in,
    ledger_of,
    meant,
    one_of,
    several,
    take,
)
from extensions.files.facts import Facts
from extensions.files.identifiers import orthanc_of
from extensions.files.pacs_api import refused as refused_below_api
from extensions.files.registered import NewImage, find, list_of, register
from extensions.files.shapes import ExamImage, ExamQuery, Preview
from extensions.files.shown import DICOM, JPEG, PNG, download, file_name, picture
from extensions.files.uploads import Taken
from extensions.forms import Form
from extensions.json_api import enveloped, json_body, queried, validated

FIELD = "file"
_FILE_FIRST = Offers((Offer(DICOM), Offer(JPEG), Offer(PNG)))
_FILE_ONLY = Offers((Offer(DICOM),))
_JPEG_ONLY = Offers((Offer(JPEG),))
_PNG_ONLY = Offers((Offer(PNG),))
_VARY = (b"vary", b"Accept")


async def upload(request: Request, form: Form) -> Response:
    """The files of the field `file`, stored; 201, or 200 where all were stored before."""
    taken = await take(request, files_in(form, FIELD))
    one = one_of(taken)
    if one is not None:
        return enveloped({"success": True, "data": _told(one)}, 201 if one.is_new else 200)
    results, error, status = several(taken, _told, name="filename")
    return enveloped({"success": status == 201, "data": results, **error}, status)


def _told(taken: Taken) -> dict[str, Any]:
    entry = taken.entry
    assert entry is not None
    facts = Facts.unpacked(entry.facts)
    patient = facts.patient_id or ""
    return {
        "ID": entry.orthanc,
        "ParentPatient": orthanc_of(patient),
        "ParentSeries": orthanc_of(patient, entry.study, entry.series),
        "ParentStudy": orthanc_of(patient, entry.study),
        "Path": f"/instances/{entry.orthanc}",
        "Status": "Success" if taken.is_new else "AlreadyStored",
        "acquisitionDate": facts.acquisition_date,
        "modality": facts.modality,
        "StudyInstanceUID": entry.study,
        "SeriesInstanceUID": entry.series,
        "SOPInstanceUID": entry.sop,
    }


async def preview(request: Request) -> Streamed:
    """The picture of an instance as JPEG, in the `quality` from 1 to 100.

    It is a PNG for a client that takes PNG and no JPEG at all.
    """
    accept = _accept(request)
    takes_png = find_choice(accept, None, _PNG_ONLY) is not None
    takes_jpeg = find_choice(accept, None, _JPEG_ONLY) is not None
    media_type = PNG if takes_png and not takes_jpeg else JPEG
    answer = await picture(request, await meant(request), media_type)
    answer.raw_headers.append(_VARY)
    return answer


def _accept(request: Request) -> str | None:
    return ", ".join(request.headers.getlist("accept")) or None


async def retrieve(request: Request) -> Streamed:
    """The file; a picture of it for a client that wants pictures rather, as `<img>` does."""
    location = await meant(request)
    offers = _FILE_FIRST if is_image(location) else _FILE_ONLY
    choice = find_choice(_accept(request), None, offers)
    if choice is not None and choice.payload_type != DICOM:
        answer = await picture(request, location, choice.payload_type)
    else:
        entry = await in_thread(ledger_of(request).entry, location)
        answer = download(request, location, file_name(entry))
    answer.raw_headers.append(_VARY)
    return answer


async def register_image(request: Request) -> Response:
    """An image of an exam; 201."""
    with as_documented():
        image = validated(NewImage, await json_body(request))
    return enveloped(await in_thread(register, request, image), 201)


async def registered_image(request: Request) -> Response:
    return enveloped(await in_thread(find, request, request.path_params["id"]))


async def images_of_exam(request: Request) -> Response:
    """The images of an exam, or of all exams, in the order of their registration; by pages."""
    query = queried(request, ExamQuery)
    rows, total = await in_thread(list_of, request, query)
    paging = {"page": query.page, "limit": query.limit, "total": total}
    return enveloped({"success": True, "data": rows, "pagination": paging})


_IMAGES = "/examens-medicaux/images"


def _routes(prefix: str) -> list[Any]:
    refused = refused_below_api if prefix else None
    return [
        door(
            "GET",
            f"{prefix}/dicom/instances/{{id}}/preview",
            preview,
            Permission.VIEW,
            asks=Preview,
            refused=refused,
            media_types=(JPEG, PNG),
            refusals=(400, 404),
            summary="The picture of an instance as JPEG",
        ),
        door(
            "GET",
            f"{prefix}/dicom/wado/{{id}}",
            retrieve,
            Permission.VIEW,
            refused=refused,
            media_types=(DICOM, JPEG, PNG),
            refusals=(404,),
            summary="Download an instance by its SOP Instance UID",
        ),
        door(
            "POST",
            f"{prefix}{_IMAGES}",
            register_image,
            Permission.UPLOAD,
            takes=NewImage,
            gives=ExamImage,
            bare=True,
            status=201,
            refusals=(400, 404),
            summary="Register an image of an exam",
        ),
        door(
            "GET",
            f"{prefix}{_IMAGES}",
            images_of_exam,
            Permission.VIEW,
            asks=ExamQuery,
            gives=ExamImage,
            listed=True,
            refusals=(400, 404),
            summary="The images of an exam, or of all exams",
        ),
        door(
            "GET",
            f"{prefix}{_IMAGES}/{{id}}",
            registered_image,
            Permission.VIEW,
            gives=ExamImage,
            bare=True,
            refusals=(404,),
            summary="One image of an exam",
        ),
    ]


routes = [*_routes(""), *_routes("/api")]
