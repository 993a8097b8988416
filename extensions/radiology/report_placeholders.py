"""Placeholders of templates, `{{patientName}}`, filled from a study, its patient and the writer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from html import escape

from extensions.radiology.report_sheet import person
from extensions.radiology.tables import RadiologyStudy, utc_now

_PLACEHOLDER = re.compile(r"\{\{[ \t]{0,20}([A-Za-z_][A-Za-z0-9_.]{0,63})[ \t]{0,20}\}\}")

# What each stands for, as the documentation tells it.
PLACEHOLDERS = {
    "patientName": "the patient's name, `Doe, Jane`",
    "patientId": "the Patient ID",
    "patientBirthDate": "the patient's date of birth, YYYY-MM-DD",
    "patientSex": "M, F or O",
    "patientAge": "years at the study's date",
    "accessionNumber": "the accession number",
    "orderId": "the order",
    "studyInstanceUID": "the Study Instance UID",
    "studyDate": "the study's date, YYYY-MM-DD",
    "studyTime": "the study's time, HH:MM:SS",
    "studyDescription": "the study's description",
    "modality": "the modality's code, as CT",
    "bodyPart": "the body part",
    "clinicalHistory": "why the study was ordered",
    "referringPhysician": "who asked for the study",
    "performingTechnician": "who made it",
    "assignedTo": "who was to read it",
    "author": "who writes the report",
    "reportDate": "today's date, UTC",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its placeholders filled; `unknown` are those that stand in it still, once each.

    Known ones of which the study says nothing are filled with nothing.
    """

    text: str
    unknown: tuple[str, ...]


def values_of(study: RadiologyStudy, author: str) -> dict[str, str]:
    """What every placeholder stands for; its keys are those of PLACEHOLDERS."""
    return {
        "patientName": person(study.patient_name),
        "patientId": study.patient_id,
        "patientBirthDate": study.patient_birth_date,
        "patientSex": study.patient_sex,
        "patientAge": _age(study),
        "accessionNumber": study.accession_number,
        "orderId": study.order_id,
        "studyInstanceUID": study.study_uid,
        "studyDate": study.study_date,
        "studyTime": study.study_time,
        "studyDescription": study.study_description,
        "modality": study.modality,
        "bodyPart": study.body_part,
        "clinicalHistory": study.clinical_history,
        "referringPhysician": person(study.referring_physician),
        "performingTechnician": study.performing_technician,
        "assignedTo": study.assigned_to,
        "author": author,
        "reportDate": utc_now()[:10],
    }


def fill(text: str, values: Mapping[str, str], *, as_html: bool = False) -> Filled:
    """Fill once: a value that looks like a placeholder is data. In HTML values are escaped."""
    unknown: dict[str, None] = {}

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            unknown[name] = None
            return found[0]
        return escape(values[name]) if as_html else values[name]

    return Filled(_PLACEHOLDER.sub(value, text), tuple(unknown))


def _age(study: RadiologyStudy) -> str:
    """Full years at the study's date."""
    try:
        born = date.fromisoformat(study.patient_birth_date)
        then = date.fromisoformat(study.study_date)
    except ValueError:
        return ""
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return str(years) if years >= 0 else ""
