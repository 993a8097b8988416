"""A report as DICOM: a Basic Text SR (PS3.3 A.35.1, TID 2000) and an Encapsulated PDF (A.45.1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from extensions.radiology.report_pdf import pdf
from extensions.radiology.report_sheet import Part, Passage, Sheet, Signature
from extensions.radiology.report_states import ReportStatus

if TYPE_CHECKING:
    from pydicom import Dataset

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

_Code = tuple[str, str, str]
# PS3.16 CID 7000, 7001 and 7002.
_TITLE: _Code = ("18748-4", "LN", "Diagnostic Imaging Report")
_ADDENDUM: _Code = ("55107-7", "LN", "Addendum")
_HEADINGS: dict[str, _Code] = {
    "clinical_history": ("11329-0", "LN", "History"),
    "technique": ("55111-9", "LN", "Current Procedure Descriptions"),
    "comparison": ("18834-2", "LN", "Previous Findings"),
    "findings": ("59776-5", "LN", "Findings"),
    "impression": ("19005-8", "LN", "Impressions"),
    "recommendations": ("18783-1", "LN", "Recommendations"),
}
_ELEMENTS: dict[str, _Code] = {
    "clinical_history": ("11329-0", "LN", "History"),
    "technique": ("121065", "DCM", "Procedure Description"),
    "comparison": ("121069", "DCM", "Previous Finding"),
    "findings": ("121071", "DCM", "Finding"),
    "impression": ("121073", "DCM", "Impression"),
    "recommendations": ("121075", "DCM", "Recommendation"),
}
# TID 1204 and 1002: the language, who observed.
_LANGUAGE: _Code = ("121049", "DCM", "Language of Content Item and Descendants")
_ENGLISH: _Code = ("en", "RFC5646", "English")
_OBSERVER_TYPE: _Code = ("121005", "DCM", "Observer Type")
_PERSON: _Code = ("121006", "DCM", "Person")
_OBSERVER_NAME: _Code = ("121008", "DCM", "Person Observer Name")


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a document goes: its UIDs and numbers."""

    sop_uid: str
    series_uid: str
    series_number: int
    instance_number: int


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance that a document names."""

    sop_class: str
    sop_uid: str
    series_uid: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a document says beside the report: about patient and study, which images, which SRs.

    `facts` are elements of the Patient and Study modules; `predecessors` the documents that this
    one contains or replaces.
    """

    facts: "Dataset"
    evidence: Sequence[Reference] = ()
    predecessors: Sequence[Reference] = ()


def structured_report(sheet: Sheet, identity: Identity, context: Context) -> bytes:
    """The report as a Basic Text SR, a Part 10 file."""
    dataset = _document(sheet, identity, context, BASIC_TEXT_SR, "SR")
    report = sheet.report
    done = report.finalized_at is not None
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.PreliminaryFlag = "FINAL" if done else "PRELIMINARY"
    dataset.CompletionFlag = "PARTIAL" if report.status == ReportStatus.DRAFT else "COMPLETE"
    dataset.VerificationFlag = "VERIFIED" if report.verified_at else "UNVERIFIED"
    if report.verified_at:
        dataset.VerifyingObserverSequence = [
            _verifying(sheet, str(dataset.get("InstitutionName") or ""))
        ]
    dataset.AuthorObserverSequence = [_author(sheet)]
    dataset.ReferencedRequestSequence = [_request(sheet)]
    if context.predecessors:
        own = str(dataset.StudyInstanceUID)
        dataset.PredecessorDocumentsSequence = _referenced(own, context.predecessors)
    if context.evidence:
        own = str(dataset.StudyInstanceUID)
        dataset.CurrentRequestedProcedureEvidenceSequence = _referenced(own, context.evidence)
    _root(dataset, sheet)
    return _file(dataset)


def encapsulated_pdf(sheet: Sheet, identity: Identity, context: Context) -> bytes:
    """The report as an Encapsulated PDF, a Part 10 file."""
    dataset = _document(sheet, identity, context, ENCAPSULATED_PDF, "DOC")
    document = pdf(sheet)
    dataset.ConversionType = "WSD"
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = sheet.title
    dataset.ConceptNameCodeSequence = [_code(_TITLE)]
    dataset.AcquisitionDateTime = ""
    dataset.VerificationFlag = "VERIFIED" if sheet.report.verified_at else "UNVERIFIED"
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(document)
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return _file(dataset)


def _document(
    sheet: Sheet, identity: Identity, context: Context, sop_class: str, modality: str
) -> "Dataset":
    """Patient, study, series, equipment and SOP common."""
    from copy import deepcopy

    from dicomweb import __version__

    report = sheet.report
    dataset = deepcopy(context.facts)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = identity.sop_uid
    dataset.Modality = modality
    dataset.SeriesInstanceUID = identity.series_uid
    dataset.SeriesNumber = identity.series_number
    dataset.SeriesDescription = sheet.title
    dataset.InstanceNumber = identity.instance_number
    dataset.InstanceCreationDate = dataset.ContentDate = _date(report.updated_at)
    dataset.InstanceCreationTime = dataset.ContentTime = _time(report.updated_at)
    dataset.Manufacturer = "Lightbox"
    dataset.ManufacturerModelName = "Lightbox"
    dataset.SoftwareVersions = __version__
    return dataset


def _root(dataset: "Dataset", sheet: Sheet) -> None:
    """The content tree of TID 2000."""
    from pydicom import Dataset

    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = "2000"
    dataset.ValueType = "CONTAINER"
    dataset.ConceptNameCodeSequence = [_code(_TITLE)]
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentTemplateSequence = [template]
    main, *addenda = sheet.parts
    items = [
        _coded("HAS CONCEPT MOD", _LANGUAGE, _ENGLISH),
        _coded("HAS OBS CONTEXT", _OBSERVER_TYPE, _PERSON),
        _named("HAS OBS CONTEXT", _OBSERVER_NAME, _signed_by(main)),
        *(_section(passage) for passage in main.passages),
    ]
    for addendum in addenda:
        inside = [
            _coded("HAS OBS CONTEXT", _OBSERVER_TYPE, _PERSON),
            _named("HAS OBS CONTEXT", _OBSERVER_NAME, _signed_by(addendum)),
            *(_section(passage) for passage in addendum.passages),
        ]
        items.append(_container(_ADDENDUM, inside))
    dataset.ContentSequence = items


def _section(passage: Passage) -> "Dataset":
    item = _item("CONTAINS", "TEXT", _ELEMENTS[passage.field])
    item.TextValue = passage.text.replace("\n", "\r\n")  # PS3.5 6.1.3
    return _container(_HEADINGS[passage.field], [item])


def _container(name: _Code, items: "list[Dataset]") -> "Dataset":
    found = _item("CONTAINS", "CONTAINER", name)
    found.ContinuityOfContent = "SEPARATE"
    found.ContentSequence = items
    return found


def _coded(relation: str, name: _Code, value: _Code) -> "Dataset":
    found = _item(relation, "CODE", name)
    found.ConceptCodeSequence = [_code(value)]
    return found


def _named(relation: str, name: _Code, value: str) -> "Dataset":
    found = _item(relation, "PNAME", name)
    found.PersonName = person_name(value)
    return found


def _item(relation: str, kind: str, name: _Code) -> "Dataset":
    from pydicom import Dataset

    found = Dataset()
    found.RelationshipType = relation
    found.ValueType = kind
    found.ConceptNameCodeSequence = [_code(name)]
    return found


def _code(code: _Code) -> "Dataset":
    from pydicom import Dataset

    found = Dataset()
    found.CodeValue, found.CodingSchemeDesignator, found.CodeMeaning = code
    return found


def _signed_by(part: Part) -> str:
    signature: Signature = part.signatures[0]
    return signature.name


def _verifying(sheet: Sheet, organisation: str) -> "Dataset":
    from pydicom import Dataset

    found = Dataset()
    found.VerifyingObserverName = person_name(sheet.report.verified_by)
    found.VerifyingObserverIdentificationCodeSequence = []
    found.VerifyingOrganization = _short(organisation or "Not specified", 64)
    found.VerificationDateTime = _date_time(sheet.report.verified_at or "")
    return found


def _author(sheet: Sheet) -> "Dataset":
    from pydicom import Dataset

    found = Dataset()
    found.ObserverType = "PSN"
    found.PersonName = person_name(sheet.report.finalized_by or sheet.report.updated_by)
    found.PersonIdentificationCodeSequence = []
    found.InstitutionName = ""
    found.InstitutionCodeSequence = []
    return found


def _request(sheet: Sheet) -> "Dataset":
    """What the report answers, as far as it is known (PS3.3 Table C.17-2)."""
    from pydicom import Dataset

    study = sheet.study
    found = Dataset()
    found.StudyInstanceUID = study.study_uid
    found.ReferencedStudySequence = []
    found.AccessionNumber = _short(study.accession_number, 16)
    found.PlacerOrderNumberImagingServiceRequest = _short(study.order_id, 64)
    found.FillerOrderNumberImagingServiceRequest = ""
    found.RequestedProcedureID = ""
    found.RequestedProcedureDescription = _short(study.study_description, 64)
    found.RequestedProcedureCodeSequence = []
    return found


def _referenced(study: str, references: Iterable[Reference]) -> "list[Dataset]":
    """Instances by study and series (PS3.3 Table C.17-3)."""
    from pydicom import Dataset

    series: dict[str, Any] = {}
    for each in references:
        own = series.get(each.series_uid)
        if own is None:
            own = series[each.series_uid] = Dataset()
            own.SeriesInstanceUID = each.series_uid
            own.ReferencedSOPSequence = []
        instance = Dataset()
        instance.ReferencedSOPClassUID = each.sop_class
        instance.ReferencedSOPInstanceUID = each.sop_uid
        own.ReferencedSOPSequence.append(instance)
    found = Dataset()
    found.StudyInstanceUID = study
    found.ReferencedSeriesSequence = list(series.values())
    return [found]


def _file(dataset: "Dataset") -> bytes:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    dataset.file_meta = meta
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def person_name(name: str) -> str:
    """A name as a PN takes it: of an account, the characters that DICOM gives a meaning apart."""
    return _short(name.replace("^", " ").replace("=", " "), 64)


def _short(text: str, most: int) -> str:
    return text.replace("\\", "/")[:most]


def _date(at: str) -> str:
    return at[:10].replace("-", "")


def _time(at: str) -> str:
    return at[11:26].replace(":", "").rstrip("Z")


def _date_time(at: str) -> str:
    return f"{_date(at)}{_time(at)}+0000"
