"""What a report may become: draft → preliminary → final → verified; after final, addenda only."""

from enum import StrEnum

from dicomweb.errors import BadRequest, Conflict


class ReportType(StrEnum):
    """What a report is, or is to become."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM = "addendum"


class ReportStatus(StrEnum):
    """How far it has come."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    VERIFIED = "verified"


# What a report of a type is, once it is no draft.
STATUS_OF = {
    ReportType.PRELIMINARY: ReportStatus.PRELIMINARY,
    ReportType.FINAL: ReportStatus.FINAL,
    ReportType.ADDENDUM: ReportStatus.FINAL,
}
# What is never changed again.
FIXED = (ReportStatus.FINAL, ReportStatus.VERIFIED)


def begun(kind: str, asked: str | None) -> ReportStatus:
    """The status of a new report: that of its type, unless a draft is asked for."""
    if asked == ReportStatus.DRAFT:
        return ReportStatus.DRAFT
    status = STATUS_OF[ReportType(kind)]
    _check_fits(kind, status, asked)
    return status


def moved(
    kind: str, status: str, to_kind: str | None, asked: str | None
) -> tuple[ReportType, ReportStatus]:
    """Type and status after a change that sends `reportType` and `status`, or None for either.

    A type moves it forward to the status of that type; `"status": "draft"` keeps a draft one.
    Raises Conflict for every step back, and for any change of what is final.
    """
    if status in FIXED:
        raise Conflict(f"This report is {status} and is not changed any more: write an addendum.")
    if to_kind is None and asked in (ReportStatus.PRELIMINARY, ReportStatus.FINAL):
        to_kind = kind if kind == ReportType.ADDENDUM else asked
    after = ReportType(to_kind or kind)
    if (after is ReportType.ADDENDUM) != (kind == ReportType.ADDENDUM):
        raise Conflict("A report never becomes an addendum, nor an addendum another report.")
    if asked == ReportStatus.DRAFT or (to_kind is None and status == ReportStatus.DRAFT):
        if status != ReportStatus.DRAFT:
            raise Conflict(f"This report is {status}: it does not become a draft again.")
        return after, ReportStatus.DRAFT
    reached = STATUS_OF[after]
    _check_fits(after, reached, asked)
    return after, reached


def check_verifiable(status: str) -> None:
    """Raises Conflict unless a report of this status can be verified."""
    if status == ReportStatus.VERIFIED:
        raise Conflict("This report is verified already.")
    if status != ReportStatus.FINAL:
        raise Conflict(f"Only a final report can be verified; this one is {status}.")


def check_deletable(status: str) -> None:
    """Raises Conflict unless a report of this status may be deleted."""
    if status != ReportStatus.DRAFT:
        raise Conflict(f"Only a draft can be deleted; this report is {status}.")


def _check_fits(kind: str, status: str, asked: str | None) -> None:
    if asked is not None and asked != status:
        raise BadRequest(f"status: a report of the type {kind} is draft or {status}, not {asked}.")
