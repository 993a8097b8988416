"""A report as a FHIR R4 DiagnosticReport, self-contained: what it refers to is inside it."""

from html import escape
from typing import Any

from extensions.radiology.report_sheet import Part, Passage, Sheet, person
from extensions.radiology.report_states import ReportStatus

MEDIA_TYPE = "application/fhir+json"
_LOINC = "http://loinc.org"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_STATUS = {
    ReportStatus.DRAFT: "partial",
    ReportStatus.PRELIMINARY: "preliminary",
    ReportStatus.FINAL: "final",
    ReportStatus.VERIFIED: "final",
}
_GENDERS = {"M": "male", "F": "female", "O": "other"}
# The sections as LOINC names them.
_CODES = {
    "clinical_history": ("11329-0", "History general Narrative - Reported"),
    "technique": ("55111-9", "Current imaging procedure descriptions Document"),
    "comparison": ("18834-2", "Radiology Comparison study (narrative)"),
    "findings": ("59776-5", "Procedure findings Narrative"),
    "impression": ("19005-8", "Radiology Imaging study [Impression] (narrative)"),
    "recommendations": ("18783-1", "Radiology Study recommendation (narrative)"),
}


def fhir(sheet: Sheet, address: str) -> dict[str, Any]:
    """The resource as JSON; `address` is the URL of the report, of which the PDF can be had."""
    report, study = sheet.report, sheet.study
    reports = [part.report for part in sheet.parts]  # what is issued grows with its addenda
    contained: list[dict[str, Any]] = [_patient(sheet), _imaging_study(sheet)]
    people = _people(sheet)
    contained += people.values()
    results = _observations(sheet)
    contained += results
    found: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": report.id,
        "meta": {
            "versionId": ".".join(str(each.version) for each in reports)[:64],
            "lastUpdated": _instant(max(each.updated_at for each in reports)),
        },
        "language": "en",
        "text": {"status": "generated", "div": _narrative(sheet)},
        "contained": contained,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{report.id}"}],
        "status": _status(sheet),
        "category": [_concept("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology")],
        "code": _concept(_LOINC, "18748-4", "Diagnostic imaging study"),
        "subject": {"reference": "#patient"},
        "issued": _instant(max(each.finalized_at or each.updated_at for each in reports)),
        "imagingStudy": [{"reference": "#study"}],
        "result": [{"reference": f"#{each['id']}"} for each in results],
        "presentedForm": [
            {
                "contentType": "application/pdf",
                "url": f"{address}?format=pdf",
                "title": sheet.title,
            }
        ],
    }
    if study.accession_number:
        found["basedOn"] = [{"type": "ServiceRequest", "identifier": _accession(sheet)}]
    if study.study_date:
        found["effectiveDateTime"] = study.study_date
    if report.finalized_by or report.updated_by:
        found["performer"] = [{"reference": _person_id(people, _author(sheet))}]
    if report.verified_by:
        found["resultsInterpreter"] = [{"reference": _person_id(people, report.verified_by)}]
    if conclusion := _conclusion(sheet):
        found["conclusion"] = conclusion
    if not results:
        del found["result"]
    return found


def _status(sheet: Sheet) -> str:
    status = _STATUS[ReportStatus(sheet.report.status)]
    return "appended" if status == "final" and len(sheet.parts) > 1 else status


def _author(sheet: Sheet) -> str:
    return sheet.report.finalized_by or sheet.report.updated_by


def _conclusion(sheet: Sheet) -> str:
    """The impressions, those of addenda under their titles."""
    found = []
    for part in sheet.parts:
        for passage in part.passages:
            if passage.field == "impression":
                found.append(f"{part.title}:\n{passage.text}" if part.title else passage.text)
    return "\n\n".join(found)


def _observations(sheet: Sheet) -> list[dict[str, Any]]:
    """One for each section, in the order of reading."""
    return [
        _observation(part, passage, number, place)
        for number, part in enumerate(sheet.parts)
        for place, passage in enumerate(part.passages)
    ]


def _observation(part: Part, passage: Passage, number: int, place: int) -> dict[str, Any]:
    code, display = _CODES[passage.field]
    title = f"{part.title}: {passage.title}" if part.title else passage.title
    status = "preliminary" if part.report.status in ("draft", "preliminary") else "final"
    return {
        "resourceType": "Observation",
        "id": f"section-{number}-{place}",
        "status": status,
        "code": {**_concept(_LOINC, code, display), "text": title},
        "subject": {"reference": "#patient"},
        "valueString": passage.text,
    }


def _patient(sheet: Sheet) -> dict[str, Any]:
    study = sheet.study
    found: dict[str, Any] = {"resourceType": "Patient", "id": "patient"}
    if study.patient_id:
        found["identifier"] = [{"value": study.patient_id}]
    if name := person(study.patient_name):
        parts = study.patient_name.split("=")[0].split("^")
        family, given, *_ = [*(part.strip() for part in parts), ""]
        found["name"] = [{"text": name}]
        if "^" in study.patient_name and family:
            found["name"][0]["family"] = family
            if given:
                found["name"][0]["given"] = given.split()
    if study.patient_birth_date:
        found["birthDate"] = study.patient_birth_date
    if study.patient_sex:
        found["gender"] = _GENDERS.get(study.patient_sex, "unknown")
    return found


def _imaging_study(sheet: Sheet) -> dict[str, Any]:
    study = sheet.study
    found: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": "study",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study.study_uid}"}],
        "status": "available",
        "subject": {"reference": "#patient"},
    }
    if study.accession_number:
        found["identifier"].append(_accession(sheet))
    if study.modality:
        found["modality"] = [{"system": _DCM, "code": study.modality}]
    if study.study_description:
        found["description"] = study.study_description
    if study.study_date:
        found["started"] = study.study_date
    return found


def _accession(sheet: Sheet) -> dict[str, Any]:
    kind = _concept("http://terminology.hl7.org/CodeSystem/v2-0203", "ACSN", "Accession ID")
    return {"type": kind, "value": sheet.study.accession_number}


def _people(sheet: Sheet) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(filter(None, (_author(sheet), sheet.report.verified_by)))
    return {
        name: {
            "resourceType": "Practitioner",
            "id": f"person-{number}",
            "identifier": [{"value": name}],
            "name": [{"text": name}],
        }
        for number, name in enumerate(names)
    }


def _person_id(people: dict[str, dict[str, Any]], name: str) -> str:
    return f"#{people[name]['id']}"


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _instant(at: str) -> str:
    """Milliseconds are what FHIR's servers keep."""
    return f"{at[:23]}Z"


def _narrative(sheet: Sheet) -> str:
    """The whole report as XHTML; every text in it escaped."""
    parts = ['<div xmlns="http://www.w3.org/1999/xhtml">']
    if sheet.mark:
        parts.append(f"<p><b>{sheet.mark}</b></p>")
    for part in sheet.parts:
        if part.title:
            parts.append(f"<h2>{escape(part.title)}</h2>")
        for passage in part.passages:
            lines = "<br/>".join(escape(line) for line in passage.text.split("\n"))
            parts.append(f"<h3>{escape(passage.title)}</h3><p>{lines}</p>")
        parts += (f"<p>{escape(str(signature))}</p>" for signature in part.signatures)
    return "".join([*parts, "</div>"])
