"""A report in the form that a client asks for: JSON, HTML, PDF, FHIR, or DICOM."""

from hashlib import blake2b

import orjson
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.archive import Archive
from dicomweb.errors import NotAcceptable
from dicomweb.wire.conditional import is_not_modified
from dicomweb.wire.media_types import DICOM, MediaRange, parse_accept
from extensions.radiology import report_fhir, report_html
from extensions.radiology.report_filing import PDF, SR, made, stored_file
from extensions.radiology.report_pdf import pdf
from extensions.radiology.report_sheet import Sheet, sheet_of
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.report_telling import documents_of, report_answered
from extensions.radiology.tables import RadiologyStudy

# What `format` names, and the type of each; of two with the same the first is given by Accept.
MEDIA_TYPES = {
    "json": "application/json",
    "html": "text/html",
    "pdf": "application/pdf",
    "fhir": report_fhir.MEDIA_TYPE,
    "dicom-sr": DICOM,
    "dicom-pdf": DICOM,
}
_ENDINGS = {"pdf": "pdf", "fhir": "json", "html": "html", "dicom-sr": "dcm", "dicom-pdf": "dcm"}
_KINDS = {"dicom-sr": SR, "dicom-pdf": PDF}


def form_of(asked: str | None, accept: str) -> str:
    """The form that `format` names, or else the best that Accept lets through.

    JSON where nothing else is preferred. Raises NotAcceptable.
    """
    if asked:
        return asked
    ranges = parse_accept(accept)
    if not ranges:
        return "json"
    weights = {name: _weight(kind, ranges) for name, kind in MEDIA_TYPES.items()}
    best = max(weights, key=lambda name: weights[name])  # the first of several
    if weights[best] == (0, 0):
        listing = ", ".join(dict.fromkeys(MEDIA_TYPES.values()))
        raise NotAcceptable(f"A report can be had as {listing}.")
    return best


def _weight(kind: str, ranges: tuple[MediaRange, ...]) -> tuple[float, int]:
    """The quality that the most specific range gives a type, and how specific that is."""
    family = f"{kind.partition('/')[0]}/*"
    for specific, name in ((3, kind), (2, family), (1, "*/*")):
        for each in ranges:
            if each.name == name:
                return (each.q, specific) if each.q else (0, 0)
    return (0, 0)


def represented(
    request: Request,
    session: Session,
    report: RadiologyReport,
    study: RadiologyStudy,
    form: str,
) -> Response:
    """The answer; JSON in the envelope of our API, all others as they are."""
    if form == "json":
        return report_answered(session, report, study)
    archive: Archive = request.state.archive
    sheet = sheet_of(session, report, study)
    etag = f'"{_state(sheet)}-{form}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if is_not_modified(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Disposition"] = f'inline; filename="report-{report.id}.{_ENDINGS[form]}"'
    if form == "html":
        headers |= report_html.HEADERS
        return Response(report_html.html(sheet), 200, headers, "text/html")
    return Response(_body(request, archive, session, sheet, form), 200, headers, MEDIA_TYPES[form])


def _state(sheet: Sheet) -> str:
    """What changes with the report, its addenda, and what the study says of the patient."""
    versions = [(part.report.id, part.report.version) for part in sheet.parts]
    seed = repr((sheet.study.version, sheet.report.id, versions)).encode()
    return blake2b(seed, digest_size=8).hexdigest()


def _body(request: Request, archive: Archive, session: Session, sheet: Sheet, form: str) -> bytes:
    if form == "pdf":
        return pdf(sheet)
    if form == "fhir":
        origin: str = request.state.addresses.origin(request.scope)
        return orjson.dumps(
            report_fhir.fhir(sheet, f"{origin}/api/radiology/reports/{sheet.report.id}")
        )
    kind = _KINDS[form]
    is_whole = all(part.report is sheet.report or sheet.report.addendum_to for part in sheet.parts)
    if is_whole:  # a report that has addenda since says more than what was stored of it
        own = (
            each
            for each in documents_of(session, sheet.report)
            if each.kind == kind and each.version == sheet.report.version
        )
        if stored := stored_file(archive, own):
            return stored
    return made(archive, session, sheet, kind)
