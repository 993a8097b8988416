"""What a report says, once for all its representations: facts, sections, addenda, signatures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from extensions.radiology.report_states import ReportStatus
from extensions.radiology.report_tables import SECTIONS, TITLES, RadiologyReport
from extensions.radiology.tables import RadiologyStudy

_MARKS = {ReportStatus.DRAFT: "DRAFT", ReportStatus.PRELIMINARY: "PRELIMINARY"}


@dataclass(frozen=True, slots=True)
class Passage:
    """One section: its field, its title, its text."""

    field: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed how, and when (`2026-11-21T10:00:00.000000Z`)."""

    word: str
    name: str
    at: str

    def __str__(self) -> str:
        by = f" by {self.name}" if self.name else ""
        return f"{self.word}{by}, {spelt_time(self.at)}"


@dataclass(frozen=True, slots=True)
class Part:
    """A report, or an addendum to it: `title` is empty for the report itself."""

    report: RadiologyReport
    title: str
    passages: tuple[Passage, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole report: the parts are the report itself and its addenda, the oldest first.

    `report` is the one that was asked for: the report itself, or one of its addenda, which is
    then the last part. `mark` stands large on what is not final. `facts` are labels and values.
    """

    report: RadiologyReport
    study: RadiologyStudy
    title: str
    mark: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    @property
    def notice(self) -> str:
        """A sentence that nobody may miss: that more follows below."""
        count = len(self.parts) - 1
        if not count:
            return ""
        return f"This report has {'an addendum' if count == 1 else f'{count} addenda'}, see below."


def sheet_of(session: Session, report: RadiologyReport, study: RadiologyStudy) -> Sheet:
    """The sheet of a report, which need not be written yet, and of what belongs to it."""
    root = report
    if report.addendum_to:
        root = session.get(RadiologyReport, report.addendum_to) or report
    parts = [_part(root, "")]
    for number, each in enumerate(_addenda(session, root, report), 1):
        parts.append(_part(each, f"Addendum {number}"))
    mark = _MARKS.get(ReportStatus(report.status), "")
    if mark and report is not root:
        mark = f"{mark} ADDENDUM"
    return Sheet(report, study, "Radiology report", mark, tuple(_facts(study)), tuple(parts))


def _addenda(
    session: Session, root: RadiologyReport, report: RadiologyReport
) -> Iterable[RadiologyReport]:
    """The addenda that are no drafts; where one of them was asked for, those up to it."""
    found: Sequence[RadiologyReport] = session.exec(
        select(RadiologyReport)
        .where(
            col(RadiologyReport.addendum_to) == root.id,
            col(RadiologyReport.status) != ReportStatus.DRAFT,
        )
        .order_by(col(RadiologyReport.finalized_at), col(RadiologyReport.id))
    ).all()
    if report is root:
        return found
    until = report.finalized_at
    earlier = (each for each in found if each.id != report.id)
    return [*(each for each in earlier if not until or (each.finalized_at or "") < until), report]


def _part(report: RadiologyReport, title: str) -> Part:
    passages = (
        Passage(field, TITLES[field], text)
        for field in SECTIONS
        if (text := getattr(report, field))
    )
    return Part(report, title, tuple(passages), tuple(_signatures(report)))


def _signatures(report: RadiologyReport) -> Iterable[Signature]:
    if report.finalized_at:
        yield Signature("Final", report.finalized_by, report.finalized_at)
    else:
        word = {"draft": "Draft", "preliminary": "Preliminary"}[report.status]
        yield Signature(word, report.updated_by, report.updated_at)
    if report.verified_at:
        yield Signature("Verified", report.verified_by, report.verified_at)


def _facts(study: RadiologyStudy) -> Iterable[tuple[str, str]]:
    date = " ".join(filter(None, (study.study_date, study.study_time[:5])))
    for label, value in (
        ("Patient", person(study.patient_name)),
        ("Patient ID", study.patient_id),
        ("Born", study.patient_birth_date),
        ("Sex", study.patient_sex),
        ("Study", study.study_description),
        ("Date", date),
        ("Modality", study.modality),
        ("Body part", study.body_part),
        ("Accession number", study.accession_number),
        ("Referred by", person(study.referring_physician)),
    ):
        if value:
            yield label, value


def person(name: str) -> str:
    """A name as people write it: DICOM's `Doe^Jane^^Dr` is `Doe, Jane (Dr)`."""
    groups = name.split("=")
    if "^" not in name:
        return groups[0] or next(filter(None, groups), "")
    written = next((group for group in groups if group.strip("^ ")), "")
    family, given, middle, prefix, suffix = [*written.split("^"), "", "", "", "", ""][:5]
    whole = ", ".join(filter(None, (family, " ".join(filter(None, (given, middle))))))
    titles = " ".join(filter(None, (prefix, suffix)))
    return f"{whole} ({titles})" if titles else whole


def spelt_time(at: str) -> str:
    """`2026-11-21 10:00 UTC` of `2026-11-21T10:00:00.000000Z`."""
    return f"{at[:10]} {at[11:16]} UTC"
