"""Reports in the database: found as far as the principal sees them, written as whole versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, insert, select, update

from dicomweb.access.permissions import Principal
from dicomweb.actor import Actor
from dicomweb.errors import Conflict, Gone, NotFound, PreconditionFailed
from extensions.audit import Action, Entry, enter
from extensions.radiology import workflow
from extensions.radiology.report_states import FIXED, ReportStatus
from extensions.radiology.report_tables import (
    SECTIONS,
    RadiologyReport,
    RadiologyReportDocument,
    RadiologyReportVersion,
)
from extensions.radiology.tables import RadiologyStudy
from extensions.radiology.wording import folded

# Whoever has written nothing for so long begins a new version.
PAUSE = timedelta(minutes=30)
_VERSIONED = ("report_type", "status", *SECTIONS, "template_id")


@dataclass(frozen=True, slots=True)
class Writing:
    """A report as it shall stand, all its columns; `expected` is the version that it follows.

    `documents` are rows of the instances that are stored in the same transaction. `autosaved`: no
    person has asked for this version.
    """

    report: Mapping[str, Any]
    expected: int
    actor: Actor
    patient: str = ""
    documents: Sequence[Mapping[str, Any]] = ()
    autosaved: bool = False


def find_report(session: Session, principal: Principal, id: str) -> RadiologyReport:
    """The report of this id. Raises NotFound, also for what the principal may not see."""
    found = session.get(RadiologyReport, id) if "\0" not in id else None  # PostgreSQL has no NUL
    if found is None or not principal.sees(found.study_uid):
        raise NotFound("There is no such report.")
    return found


def study_of(session: Session, report: RadiologyReport) -> RadiologyStudy:
    """The study of a report, deleted or not."""
    return session.exec(
        select(RadiologyStudy).where(col(RadiologyStudy.id) == report.study_id)
    ).one()


def changed_columns(report: RadiologyReport, **changes: Any) -> dict[str, Any]:
    """The columns of a report after `changes`, its words and its version with them."""
    columns = {**report.model_dump(), **changes}
    columns["words"] = folded(" ".join(columns[name] for name in SECTIONS if columns[name]))
    return columns


def write(session: Session, writing: Writing) -> None:
    """The report, its version, its documents, the study's status and the trail, together.

    Raises PreconditionFailed where somebody else was faster, Gone where the study was deleted.
    """
    report = writing.report
    study = _locked_study(session, str(report["study_id"]))
    if report["addendum_to"]:
        _check_root(session, str(report["addendum_to"]))
    if writing.expected:
        own = col(RadiologyReport.id) == report["id"]
        same = col(RadiologyReport.version) == writing.expected
        statement = update(RadiologyReport).where(own, same).values(**report)
        if session.exec(statement).rowcount != 1:
            raise PreconditionFailed("It has been changed meanwhile: read it again.")
    else:
        session.exec(insert(RadiologyReport).values(**report))
    if writing.autosaved:
        _replace_autosaved(session, writing)
    version = {**_version(report), "autosaved": writing.autosaved}
    session.exec(insert(RadiologyReportVersion).values(**version))
    for document in writing.documents:
        session.exec(insert(RadiologyReportDocument).values(**document))
    _advance(session, study, report, writing.actor)
    enter(session, _entry(Action.CHANGE if writing.expected else Action.CREATE, writing))


def _version(report: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: report[name] for name in _VERSIONED}
    told = {"at": report["updated_at"], "by": report["updated_by"]}
    return {"report_id": report["id"], "version": report["version"], **kept, **told}


def _replace_autosaved(session: Session, writing: Writing) -> None:
    """Drafts that one author's editor saves by itself are one version, until the author pauses."""
    paused = f"{datetime.now(UTC) - PAUSE:%Y-%m-%dT%H:%M:%S.%f}Z"
    session.exec(
        delete(RadiologyReportVersion).where(
            col(RadiologyReportVersion.report_id) == writing.report["id"],
            col(RadiologyReportVersion.version) == writing.expected,
            col(RadiologyReportVersion.autosaved),
            col(RadiologyReportVersion.by) == writing.actor.name,
            col(RadiologyReportVersion.at) > paused,
        )
    )


def keep_version(session: Session, id: str, version: int) -> None:
    """A person has asked for what the editor has saved already: it is not replaced any more."""
    table = RadiologyReportVersion
    own = (col(table.report_id) == id, col(table.version) == version, col(table.autosaved))
    session.exec(update(table).where(*own).values(autosaved=False))


def _locked_study(session: Session, id: str) -> RadiologyStudy:
    found = session.exec(
        select(RadiologyStudy).where(col(RadiologyStudy.id) == id).with_for_update()
    ).first()
    if found is None or found.deleted_at is not None:
        raise Gone("The study was deleted.")
    return found


def _check_root(session: Session, id: str) -> None:
    """An addendum adds to what is final."""
    root = session.get(RadiologyReport, id)
    if root is None or root.status not in FIXED:
        raise Conflict("addendumTo: only a final report has addenda.")


def _advance(
    session: Session, study: RadiologyStudy, report: Mapping[str, Any], actor: Actor
) -> None:
    if report["status"] == ReportStatus.VERIFIED:
        workflow.verified(session, study, actor)
    elif report["status"] != ReportStatus.DRAFT:
        workflow.reported(session, study, actor)


def _entry(action: Action, writing: Writing) -> Entry:
    report = writing.report
    return Entry(
        action,
        writing.actor,
        "report",
        study=str(report["study_uid"]),
        patient=writing.patient,
        object=str(report["id"]),
        detail=f"{report['report_type']}, {report['status']}, version {report['version']}",
    )


def delete_report(session: Session, report: RadiologyReport, actor: Actor, patient: str) -> None:
    """A draft with its versions. Raises PreconditionFailed where it was changed meanwhile."""
    own = col(RadiologyReportVersion.report_id) == report.id
    session.exec(delete(RadiologyReportVersion).where(own))
    gone = session.exec(
        delete(RadiologyReport).where(
            col(RadiologyReport.id) == report.id,
            col(RadiologyReport.version) == report.version,
            col(RadiologyReport.status) == ReportStatus.DRAFT,
        )
    )
    if gone.rowcount != 1:
        raise PreconditionFailed("It has been changed meanwhile: read it again.")
    writing = Writing(report.model_dump(), report.version, actor, patient)
    enter(session, _entry(Action.DELETE, writing))


def delete_drafts(session: Session, study_id: str) -> None:
    """What goes with the images of a study: drafts; whatever was given to anybody stays."""
    own = (col(RadiologyReport.study_id) == study_id, col(RadiologyReport.status) == "draft")
    drafts = select(RadiologyReport.id).where(*own)
    versions = col(RadiologyReportVersion.report_id).in_(drafts)
    session.exec(delete(RadiologyReportVersion).where(versions))
    session.exec(delete(RadiologyReport).where(*own))
