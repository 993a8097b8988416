"""What the radiology extension knows of studies, where it is there: their state, their report."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from dicomweb.archive import Archive

RADIOLOGY = "extensions.radiology"
_FURTHEST = ("draft", "preliminary", "final", "verified")


@dataclass(frozen=True, slots=True)
class Known:
    """State and report of one study, in words for people; empty where there is none."""

    state: str
    report: str = ""


def known(request: Request, uids: Sequence[str]) -> dict[str, Known]:
    """By Study Instance UID; empty without the extension. In a thread."""
    if RADIOLOGY not in request.state.settings.extensions or not uids:
        return {}
    from sqlmodel import col, select

    from extensions.radiology.report_tables import RadiologyReport
    from extensions.radiology.tables import RadiologyStudy

    archive: Archive = request.state.archive
    states = select(RadiologyStudy.study_uid, RadiologyStudy.status).where(
        col(RadiologyStudy.study_uid).in_(uids), col(RadiologyStudy.deleted_at).is_(None)
    )
    reports = select(RadiologyReport.study_uid, RadiologyReport.status).where(
        col(RadiologyReport.study_uid).in_(uids)
    )
    with archive.reading() as session:
        found = {uid: Known(state.replace("_", " ")) for uid, state in session.exec(states)}
        for uid, status in session.exec(reports):
            before = found.get(uid, Known(""))
            rank = _FURTHEST.index
            if not before.report or rank(status) > rank(before.report):
                found[uid] = Known(before.state, status)
    return found
