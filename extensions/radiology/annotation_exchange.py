"""A study's annotations as a DICOM report: made, stored in the study, and imported from one."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from uuid import NAMESPACE_OID, UUID, uuid5

from pydantic import Field
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission, Principal
from dicomweb.archive import Archive, Location
from dicomweb.errors import Conflict, Fault, Refusal
from extensions.audit import Action, Entry, enter
from extensions.json_api import Line, Shape, api, enveloped, validated
from extensions.radiology import coming
from extensions.radiology.annotation_fields import DEFAULT_COLOR, MAX_LABEL, Drawing, Wanted
from extensions.radiology.annotation_rules import check_frame, entry_of, filters, withdraw
from extensions.radiology.annotation_tables import (
    RadiologyAnnotation,
    add,
    packed,
    packed_measurements,
    replace,
)
from extensions.radiology.lookup import find_image, find_study

if TYPE_CHECKING:
    from extensions.radiology.measuring import Ruler
    from extensions.radiology.sr_export import Report
    from extensions.radiology.sr_import import Drawn

# The largest report that is read; it holds text and numbers only.
MAX_REPORT = 64 * 1024 * 1024
# Two places this far apart in pixels are the same one: reports have single precision.
NEAR = 0.01
_AUTHOR = 1_000
# Total Pixel Matrix Columns: only images in tiles have it.
TOTAL_COLUMNS = "00480006"


class ImportFrom(Shape):
    """Which report to import."""

    sop_instance: Line = Field(
        alias="sopInstanceUID", description="Of a report that is stored in the study."
    )


class Stored(Shape):
    """The report that now is in the study."""

    study_uid: str = Field(alias="studyInstanceUID")
    series_uid: str = Field(alias="seriesInstanceUID")
    sop_instance: str = Field(alias="sopInstanceUID")
    more: list[str] = Field(
        default=[], description="SOP Instance UIDs of further ones: each takes 500 annotations."
    )


class Skipped(Shape):
    reason: str
    count: int


class Imported(Shape):
    """What became of the annotations of a report, by their ids here."""

    imported: list[str] = Field(description="New here.")
    restored: list[str] = Field(description="Had been deleted here, and are back.")
    existing: list[str] = Field(description="Are here already, and stay as they are here.")
    skipped: list[Skipped] = Field(description="What could not be imported, and why.")


def export(request: Request, query: Wanted) -> Response:
    """GET …/studies/{id}/annotations/sr"""
    from extensions.radiology.sr_export import report_of

    _, study, rows = _rows(request, query)
    report = report_of(_archive(request), study, rows)
    headers = {
        "Content-Disposition": f'attachment; filename="{report.sop_instance}.dcm"',
        "Cache-Control": "private, no-cache",
    }
    return Response(report.file, 200, headers, "application/dicom")


def store(request: Request, query: Wanted) -> Response:
    """POST …/studies/{id}/annotations/sr: 201, or 200 where nothing has changed since the last

    Annotations that are more than a report takes go into several.
    """
    from extensions.radiology.sr_export import MAX_ANNOTATIONS, report_of

    archive = _archive(request)
    id, study, rows = _rows(request, query)
    found: list[Stored] = []
    is_new = False
    for start in range(0, len(rows) or 1, MAX_ANNOTATIONS):
        report = report_of(archive, study, rows[start : start + MAX_ANNOTATIONS])
        if not report.stored:
            is_new = True
            arrived = coming.arrive(archive, report.file, study)
            outcome = coming.store(archive, arrived, actor_of(request.scope), id)
            if outcome.reason:
                raise Fault(f"The report could not be stored: {outcome.sentence}")
        found.append(_stored(archive, report))
    first = found[0]
    first.more = [each.sop_instance for each in found[1:]]
    path = f"/studies/{study}/series/{first.series_uid}/instances/{first.sop_instance}"
    return enveloped(
        {"success": True, "data": first.model_dump(by_alias=True)},
        201 if is_new else 200,
        {"Location": f"/dicom-web{path}"},
    )


def _stored(archive: Archive, report: "Report") -> Stored:
    location = archive.find_uid(report.sop_instance)
    if location is None:
        raise Conflict("The study was deleted while its report was made.")
    return Stored(
        studyInstanceUID=location.study,
        seriesInstanceUID=location.series,
        sopInstanceUID=location.instance,
    )


def take_in(request: Request, body: ImportFrom) -> Imported:
    """POST …/studies/{id}/annotations/import; a second time changes nothing"""
    from extensions.radiology.sr_import import contents_of
    from extensions.radiology.sr_space import Space

    archive, principal = _archive(request), _principal(request)
    with archive.reading() as session:
        study = find_study(session, principal, request.path_params["id"])
        id, uid = study.id, study.study_uid
    report = find_image(archive, principal, body.sop_instance)
    if report.study != uid:
        raise Conflict(f"The report is of the study {report.study}, not of {uid}.")
    if report.size > MAX_REPORT:
        raise Conflict("The instance is larger than any report: it is none.")
    bulk = request.state.rendering.bulk(report)
    contents = contents_of(archive.attributes(report), bulk, Space(archive, uid).placed)
    reasons = Counter(contents.passed)
    rows = _prepared(request, report, contents.drawn, reasons)
    outcome = Imported(imported=[], restored=[], existing=[], skipped=[])
    entries: list[Entry] = []
    with archive.session() as session:
        find_study(session, principal, id, locked=True)  # imports into a study wait for each other
        for row in rows:
            entries += _settled(request, session, row, outcome)
        enter(session, *entries)
    for image in {row.image_uid for row in rows}:
        withdraw(archive, image)
    outcome.skipped = [Skipped(reason=text, count=count) for text, count in reasons.items()]
    return outcome


def _archive(request: Request) -> Archive:
    return cast(Archive, request.state.archive)


def _principal(request: Request) -> Principal:
    return cast(Principal, request.scope["principal"])


def _rows(request: Request, query: Wanted) -> tuple[str, str, Sequence[RadiologyAnnotation]]:
    """Id and UID of the study, and the annotations that the query wants, the oldest first."""
    with _archive(request).reading() as session:
        found = find_study(session, _principal(request), request.path_params["id"])
        id, study = found.id, found.study_uid
        wanted = query.model_copy(update={"include_deleted": False})
        order = (col(RadiologyAnnotation.created_at), col(RadiologyAnnotation.id))
        rows = session.exec(
            select(RadiologyAnnotation)
            .where(RadiologyAnnotation.study_uid == study, *filters(wanted, _principal(request)))
            .order_by(*order)
            .offset(query.offset)
            .limit(query.limit)
        ).all()
    return id, study, rows


def _prepared(
    request: Request, report: Location, drawn: "Sequence[Drawn]", reasons: Counter[str]
) -> list[RadiologyAnnotation]:
    """Rows of what can be drawn here, measured; the reasons of the rest are counted."""
    from extensions.radiology.measuring import Ruler

    ruler = Ruler(request.state.rendering)
    rows = []
    for each in sorted(drawn, key=lambda one: (one.image, one.frame)):
        try:
            rows.append(_row(request, report, each, ruler))
        except Refusal as reason:
            reasons[reason.sentence] += 1
    return rows


def _row(request: Request, report: Location, drawn: "Drawn", ruler: "Ruler") -> RadiologyAnnotation:
    archive, name = _archive(request), _principal(request).name
    location = archive.find_uid(drawn.image)
    if location is None:
        raise Conflict("The image is not stored here.")
    if location.study != report.study:
        raise Conflict("The image is of another study.")
    if drawn.whole and TOTAL_COLUMNS in archive.attributes(location):
        raise Conflict("The coordinates are of a whole slide, not of a frame.")
    drawing = _drawing(drawn)
    check_frame(archive, location, drawing.frame)
    measured = ruler.measured(location, drawing.type, drawing.frame, drawing.points)
    row = RadiologyAnnotation(
        id=_id(drawn, location.study),
        study_uid=location.study,
        series_uid=location.series,
        image_uid=location.instance,
        type=drawing.type.value,
        frame=drawing.frame,
        points=packed(drawing.points),
        label=drawing.label,
        color=drawing.color,
        key_image=drawing.key_image,
        author=drawn.author.replace("\0", "")[:_AUTHOR] or name,
        measurements=packed_measurements(measured),
        tracking=drawn.tracking[:64],
        source=report.instance,
        created_by=name,
        updated_by=name,
    )
    row.updated_at = row.created_at
    return row


def _drawing(drawn: "Drawn") -> Drawing:
    """Checked as what is drawn through the API. Raises BadRequest."""
    said = {
        "type": drawn.kind,
        "coordinates": {"points": [{"x": float(x), "y": float(y)} for x, y in drawn.points]},
        "label": drawn.label.replace("\0", "")[:MAX_LABEL],
        "color": drawn.color or DEFAULT_COLOR,
        "frame": drawn.frame,
        "keyImage": drawn.key_image,
    }
    return validated(Drawing, said)


def _id(drawn: "Drawn", study: str) -> str:
    """Ours where the report says it; else always the same for the same drawing in a study."""
    try:
        return str(UUID(drawn.id))
    except ValueError:
        said = (study, drawn.image, drawn.frame, drawn.kind, drawn.points, drawn.label)
        return str(uuid5(NAMESPACE_OID, repr((*said, drawn.tracking))))


def _settled(
    request: Request, session: Session, row: RadiologyAnnotation, outcome: Imported
) -> list[Entry]:
    """One annotation is new, is back, or is here already."""
    present = session.get(RadiologyAnnotation, row.id)
    if present is not None and present.image_uid != row.image_uid:  # a copy of a report elsewhere
        row.id = str(uuid5(NAMESPACE_OID, f"{row.image_uid} {row.id}"))
        present = session.get(RadiologyAnnotation, row.id)
    if present is None:
        present = _twin(session, row)
    if present is None:
        outcome.imported.append(row.id)
        add(session, row, "imported")
        session.flush()
        return [entry_of(request, Action.CREATE, row)]
    if present.deleted_at is None:
        outcome.existing.append(present.id)
        return []
    outcome.restored.append(present.id)
    session.expunge(present)
    row.created_at, row.created_by = present.created_at, present.created_by
    replace(session, present.version, row, "restored", row.updated_by)
    return [entry_of(request, Action.CHANGE, row)]


def _twin(session: Session, row: RadiologyAnnotation) -> RadiologyAnnotation | None:
    """One that says the same under another id: OHIF gives new UIDs to what it saves again."""
    found = session.exec(
        select(RadiologyAnnotation).where(
            RadiologyAnnotation.image_uid == row.image_uid,
            RadiologyAnnotation.frame == row.frame,
            RadiologyAnnotation.type == row.type,
            RadiologyAnnotation.label == row.label,
            col(RadiologyAnnotation.deleted_at).is_(None),
        )
    )
    own = row.places
    return next((each for each in found if _near(each.places, own)), None)


def _near(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> bool:
    return len(one) == len(other) and all(
        math.dist(*pair) < NEAR for pair in zip(one, other, strict=True)
    )


_SR = "/api/radiology/studies/{id}/annotations/sr"

routes = [
    api(
        *("GET", _SR, export, Permission.VIEW),
        asks=Wanted,
        media_types=("application/dicom",),
        refusals=(404, 409),
        summary="The annotations of a study as a TID 1500 report",
    ),
    api(
        *("POST", _SR, store, Permission.ANNOTATE),
        asks=Wanted,
        gives=Stored,
        status=201,
        also=((200, Stored),),
        refusals=(404, 409),
        summary="Store that report in the study, for every viewer",
    ),
    api(
        *("POST", "/api/radiology/studies/{id}/annotations/import", take_in, Permission.ANNOTATE),
        takes=ImportFrom,
        gives=Imported,
        refusals=(404, 409),
        summary="Import the annotations of a stored TID 1500 report",
    ),
]
