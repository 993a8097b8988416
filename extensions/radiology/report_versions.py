"""Versions of reports: every one is kept, any two can be compared."""

from sqlmodel import Session, col, select
from starlette.requests import Request

from dicomweb.access.permissions import Permission
from dicomweb.errors import NotFound
from extensions.json_api import api
from extensions.radiology.report_diff import difference
from extensions.radiology.report_rows import find_report
from extensions.radiology.report_shapes import Diff, DiffQuery, VersionAnswer, VersionLine
from extensions.radiology.report_tables import RadiologyReport, RadiologyReportVersion
from extensions.radiology.report_telling import version_line, version_told, versions_of


def versions(request: Request) -> list[VersionLine]:
    """Every version of a report, the newest first."""
    with request.state.archive.reading() as session:
        report = find_report(session, request.scope["principal"], request.path_params["id"])
        return [version_line(row) for row in versions_of(session, report)]


def version(request: Request) -> VersionAnswer:
    """A report as one of its changes left it."""
    with request.state.archive.reading() as session:
        report = find_report(session, request.scope["principal"], request.path_params["id"])
        return version_told(_version(session, report, request.path_params["version"]))


def compare(request: Request, query: DiffQuery) -> Diff:
    """What differs between two versions."""
    with request.state.archive.reading() as session:
        report = find_report(session, request.scope["principal"], request.path_params["id"])
        newer = query.to or report.version
        older = query.from_ or max(newer - 1, 1)
        return difference(_until(session, report, older), _version(session, report, newer))


def _version(
    session: Session, report: RadiologyReport, number: int | str
) -> RadiologyReportVersion:
    """Raises NotFound for what is no version of the report."""
    digits = str(number)
    found = None
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        found = session.get(RadiologyReportVersion, (report.id, int(digits)))
    if found is None:
        raise NotFound(
            f"This report has versions from 1 to {report.version}, and not this one: what an "
            "editor saves by itself is replaced by what it saves next."
        )
    return found


def _until(session: Session, report: RadiologyReport, number: int) -> RadiologyReportVersion:
    """The version with this number, or the one before it where it was replaced."""
    if not 1 <= number <= report.version:
        return _version(session, report, number)
    own = col(RadiologyReportVersion.report_id) == report.id
    earlier = col(RadiologyReportVersion.version) <= number
    newest = col(RadiologyReportVersion.version).desc()
    return session.exec(
        select(RadiologyReportVersion).where(own, earlier).order_by(newest).limit(1)
    ).one()


_REPORT = "/api/radiology/reports/{id}"

routes = [
    api(
        "GET",
        _REPORT + "/versions",
        versions,
        Permission.VIEW,
        gives=list[VersionLine],
        refusals=(404,),
        summary="Every version of a report, the newest first",
    ),
    api(
        "GET",
        _REPORT + "/versions/{version}",
        version,
        Permission.VIEW,
        gives=VersionAnswer,
        refusals=(404,),
        summary="A report as one of its changes left it",
    ),
    api(
        "GET",
        _REPORT + "/diff",
        compare,
        Permission.VIEW,
        asks=DiffQuery,
        gives=Diff,
        refusals=(404,),
        summary="What differs between two versions",
    ),
]
