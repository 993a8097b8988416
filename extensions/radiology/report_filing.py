"""Final reports in the archive: stored as DICOM in their study, together with their row or not.

The bytes are written first; then the instances, the report, its version and the study's status
become visible in one transaction of the archive's, by `on_stored`. Whatever fails there undoes
all of it, and the bytes are taken away again.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from sqlmodel import Session, col, func, or_, select

from dicomweb.archive import Archive, Stored
from dicomweb.errors import Fault, InstanceRefused, Refusal, Unavailable
from dicomweb.incoming import Arrived
from dicomweb.resources import Resource
from extensions.radiology import coming, report_rows
from extensions.radiology.identifiers import new_uid
from extensions.radiology.report_dicom import (
    BASIC_TEXT_SR,
    Context,
    Identity,
    Reference,
    encapsulated_pdf,
    person_name,
    structured_report,
)
from extensions.radiology.report_rows import Writing
from extensions.radiology.report_sheet import Sheet
from extensions.radiology.report_tables import RadiologyReport, RadiologyReportDocument
from extensions.radiology.tables import RadiologyStudy

if TYPE_CHECKING:
    from pydicom import Dataset

SR, PDF = "sr", "pdf"
_MAKERS = {SR: structured_report, PDF: encapsulated_pdf}
_SERIES_NUMBERS = {SR: 9001, PDF: 9002}
# A document names the images that it is about; beyond these the list outgrows the report.
MAX_EVIDENCE = 2_000

# Elements of the Patient, General Study and Patient Study modules that reports take over.
_FACTS = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    *("OtherPatientIDsSequence", "PatientAge", "PatientSize", "PatientWeight"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID"),
    *("AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyDescription"),
    *("ProcedureCodeSequence", "InstitutionName"),
)
# Type 2: there with or without a value.
_ALWAYS = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
)


@dataclass(slots=True)
class _Waiting:
    """A report that is written when its instance is stored, and what became of it."""

    writing: Writing
    written: bool = False
    refusal: Refusal | None = None


# Reports of this process that are being stored, by SOP Instance UID of their first document.
_waiting: dict[str, _Waiting] = {}


def on_stored(session: Session, stored: Sequence[Stored]) -> None:
    """Callback of the archive, for each group of stored instances."""
    if not _waiting:
        return
    for one in stored:
        waiting = _waiting.get(one.record.instance)
        if waiting is None:
            continue
        try:
            report_rows.write(session, waiting.writing)
            waiting.written, waiting.refusal = True, None
        except Refusal as refusal:
            waiting.refusal = refusal
            raise


@dataclass(frozen=True, slots=True)
class Filing:
    """The documents of a version of a report: their files, and the rows that name them."""

    files: tuple[bytes, ...]
    rows: tuple[Mapping[str, Any], ...]


def prepared(archive: Archive, session: Session, sheet: Sheet) -> Filing:
    """The documents of a report that is to be stored, under fresh UIDs."""
    report, study = sheet.report, sheet.study
    context = context_of(archive, session, sheet)
    files, rows = [], []
    for kind in (SR, PDF):
        identity = Identity(
            new_uid(),
            _derived(f"{study.study_uid}:{kind}"),
            _SERIES_NUMBERS[kind],
            _count(session, study, kind) + 1,
        )
        files.append(_MAKERS[kind](sheet, identity, context))
        row = RadiologyReportDocument(
            sop_uid=identity.sop_uid,
            series_uid=identity.series_uid,
            report_id=report.id,
            version=report.version,
            kind=kind,
            at=report.updated_at,
        )
        rows.append(row.model_dump())
    return Filing(tuple(files), tuple(rows))


def made(archive: Archive, session: Session, sheet: Sheet, kind: str) -> bytes:
    """A document that is not stored: the same version has the same UID whenever it is made."""
    report, study = sheet.report, sheet.study
    identity = Identity(
        _derived(f"{report.id}:{report.version}:{len(sheet.parts)}:{kind}"),
        _derived(f"{study.study_uid}:{kind}"),
        _SERIES_NUMBERS[kind],
        _count(session, study, kind) + 1,
    )
    return _MAKERS[kind](sheet, identity, context_of(archive, session, sheet))


def _derived(name: str) -> str:
    return f"2.25.{uuid5(NAMESPACE_OID, f'lightbox:report:{name}').int}"


def _count(session: Session, study: RadiologyStudy, kind: str) -> int:
    """How many documents of this kind a study has."""
    return session.exec(
        select(func.count())
        .select_from(RadiologyReportDocument)
        .join(RadiologyReport, col(RadiologyReport.id) == RadiologyReportDocument.report_id)
        .where(col(RadiologyReport.study_id) == study.id, RadiologyReportDocument.kind == kind)
    ).one()


def file(archive: Archive, study: RadiologyStudy, filing: Filing, writing: Writing) -> None:
    """Store the documents and write the report; both, or neither.

    Raises what `report_rows.write` raises, and Unavailable where the storage has no room.
    """
    arrived: list[Arrived] = []
    try:
        for each in filing.files:
            arrived.append(archive.arrive([each], study.study_uid))
    except InstanceRefused as refusal:
        archive.discard(arrived)
        if refusal.reason == InstanceRefused.NO_RESOURCES:
            raise Unavailable(refusal.sentence) from None
        raise Fault("The report could not be made a DICOM file.") from None
    waiting = _Waiting(writing)
    first = arrived[0].header.sop_instance
    _waiting[first] = waiting
    try:
        with coming.into(study.id, arrived[0].key) as own:
            outcomes = archive.submit(arrived, writing.actor).result()
    finally:
        del _waiting[first]
    if why := own.refusal or waiting.refusal:
        raise why
    if not waiting.written or any(outcome.reason for outcome in outcomes):
        raise Unavailable("The report could not be stored: try again.")


def context_of(archive: Archive, session: Session, sheet: Sheet) -> Context:
    """What the stored images tell of patient and study, or the order where there are none."""
    from pydicom import Dataset

    study = sheet.study
    documents = _documents(session, sheet)
    try:
        locations = archive.locations(Resource(study.study_uid))
    except Refusal:  # nothing is stored, or not any more
        locations = []
    own = {each.sop_uid for each in documents}
    images = [each for each in locations if each.instance not in own]
    facts = Dataset()
    if source := images or locations:
        facts = _copied(archive.attributes(source[0]))
    facts.StudyInstanceUID = study.study_uid
    _complete(facts, study)
    evidence = [
        Reference(each.sop_class, each.instance, each.series) for each in images[:MAX_EVIDENCE]
    ]
    predecessors = [
        Reference(BASIC_TEXT_SR, each.sop_uid, each.series_uid)
        for each in documents
        if each.kind == SR and each.report_id in _ids(sheet)
    ]
    return Context(facts, evidence, predecessors)


def _ids(sheet: Sheet) -> set[str]:
    return {part.report.id for part in sheet.parts}


def _documents(session: Session, sheet: Sheet) -> Sequence[RadiologyReportDocument]:
    """All that was filed of reports of the study, the oldest first; this very version apart."""
    found = session.exec(
        select(RadiologyReportDocument)
        .join(RadiologyReport, col(RadiologyReport.id) == RadiologyReportDocument.report_id)
        .where(
            col(RadiologyReport.study_id) == sheet.study.id,
            or_(
                col(RadiologyReportDocument.report_id) != sheet.report.id,
                col(RadiologyReportDocument.version) < sheet.report.version,
            ),
        )
        .order_by(col(RadiologyReportDocument.at), col(RadiologyReportDocument.sop_uid))
    )
    return found.all()


def _copied(attributes: Mapping[str, Any]) -> "Dataset":
    """The facts that an instance tells, of its metadata as DICOM JSON."""
    from pydicom import Dataset
    from pydicom.datadict import tag_for_keyword

    found = Dataset()
    for keyword in _FACTS:
        tag = f"{tag_for_keyword(keyword):08X}"
        if tag in attributes:
            with suppress(ValueError, TypeError, KeyError, OverflowError):  # left out where wrong
                found.update(Dataset.from_json({tag: attributes[tag]}))
    return found


def _complete(facts: "Dataset", study: RadiologyStudy) -> None:
    """What the images leave open the order tells."""
    told = {
        "PatientName": _pn(study.patient_name),
        "PatientID": study.patient_id,
        "PatientBirthDate": study.patient_birth_date.replace("-", ""),
        "PatientSex": study.patient_sex,
        "StudyDate": study.study_date.replace("-", ""),
        "StudyTime": study.study_time.replace(":", ""),
        "ReferringPhysicianName": _pn(study.referring_physician),
        "AccessionNumber": study.accession_number[:16],
        "StudyDescription": study.study_description,
    }
    for keyword, value in told.items():
        if value and not facts.get(keyword):
            setattr(facts, keyword, value)
    for keyword in _ALWAYS:
        if keyword not in facts:
            setattr(facts, keyword, "")


def _pn(name: str) -> str:
    """A name of a study as a PN: `Doe, Jane` is `Doe^Jane`, what has carets stays."""
    if "^" in name or "=" in name:
        return name
    family, comma, given = name.partition(",")
    return f"{person_name(family.strip())}^{person_name(given.strip())}" if comma else name


def stored_file(archive: Archive, documents: Iterable[RadiologyReportDocument]) -> bytes | None:
    """The file of the first of these that the archive still has."""
    for document in documents:
        location = archive.find_uid(document.sop_uid)
        if location is not None:
            return b"".join(bytes(piece) for piece in archive.file(location))
    return None
