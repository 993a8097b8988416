"""From rows and files to the answers of the API."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.archive import Archive, resource_of
from dicomweb.resources import Resource
from extensions.json_api import Shape, check_match, enveloped
from extensions.radiology import contents
from extensions.radiology.contents import Counts, StoredImage, StoredSeries
from extensions.radiology.shapes import FullSeries, Image, Series, Study
from extensions.radiology.tables import RadiologySeries, RadiologyStudy, RadiologyUpload

_CHUNK = 500
# Fields of an answer that are columns of the same name.
_COLUMNS = [name for name in Study.model_fields if name in RadiologyStudy.model_fields]


def etag(row: RadiologyStudy | RadiologySeries) -> str:
    """What If-Match has to name."""
    return f'"{row.version}"'


def check_version(request: Request, tag: str) -> None:
    """Before a change: PreconditionFailed where what is changed is not what was read.

    PreconditionRequired without If-Match, where DICOMWEB_REQUIRE_IF_MATCH asks for it.
    """
    check_match(request, tag, demanded=request.state.settings.require_if_match)


def answered(
    shape: Shape, tag: str = "", status: int = 200, location: str = "", **more: Any
) -> Response:
    """`shape` as the data of an answer, with its ETag, and where it is from now on."""
    headers = {name: value for name, value in {"ETag": tag, "Location": location}.items() if value}
    data = shape.model_dump(mode="json", by_alias=True)
    return enveloped({"success": True, "data": data, **more}, status, headers)


def study_told(row: RadiologyStudy, counts: Counts = Counts()) -> Study:  # noqa: B008 - a value
    """A row as lists show it."""
    fields = {name: getattr(row, name) for name in _COLUMNS}
    return Study(
        **fields,
        study_instance_uid=row.study_uid,
        number_of_series=counts.series,
        number_of_images=counts.images,
    )


def studies_told(archive: Archive, rows: Iterable[RadiologyStudy]) -> list[Study]:
    """The same of many, with the counts of the archive and the series that wait for images."""
    found = list(rows)
    counts = contents.counts(archive, [row.study_uid for row in found if row.images_since])
    waiting = _waiting_series(archive, found)
    return [
        study_told(row, counts.get(row.study_uid, Counts()).and_series(waiting[row.id]))
        for row in found
    ]


def _waiting_series(archive: Archive, studies: Iterable[RadiologyStudy]) -> Counter[str]:
    """How many series each study (by id) has that were ordered and have no images yet."""
    uids = {study.id: study.study_uid for study in studies}
    ids = list(uids)
    with archive.reading() as session:
        ordered: list[tuple[str, str]] = []
        for start in range(0, len(ids), _CHUNK):
            some = col(RadiologySeries.study_id).in_(ids[start : start + _CHUNK])
            wanted = select(RadiologySeries.study_id, RadiologySeries.series_uid).where(some)
            ordered += session.exec(wanted)
    stored = contents.places_of(archive, [uid for _, uid in ordered])
    return Counter(id for id, uid in ordered if (uids[id], uid) not in stored)


def uploads_of(session: Session, images: Iterable[StoredImage]) -> dict[str, RadiologyUpload]:
    """What came through our form, by SOP Instance UID."""
    uids = [image.location.instance for image in images]
    found: dict[str, RadiologyUpload] = {}
    for start in range(0, len(uids), _CHUNK):
        some = col(RadiologyUpload.sop_uid).in_(uids[start : start + _CHUNK])
        for row in session.exec(select(RadiologyUpload).where(some)):
            found[row.sop_uid] = row
    return found


def image_told(
    request: Request, image: StoredImage, upload: RadiologyUpload | None = None
) -> Image:
    """An image as its file tells it."""
    location, told = image.location, image.attributes
    below = request.state.addresses.root(request.scope) + resource_of(location).path
    window, spacing = contents.of_first_frame(request.state.archive, image)
    return Image(
        id=location.instance,
        series_id=location.series,
        sop_instance_uid=location.instance,
        series_instance_uid=location.series,
        study_instance_uid=location.study,
        sop_class_uid=location.sop_class,
        transfer_syntax_uid=location.transfer_syntax,
        instance_number=contents.number(told, "00200013"),
        rows=contents.number(told, "00280010"),
        columns=contents.number(told, "00280011"),
        number_of_frames=_frames(image),
        bits_stored=contents.number(told, "00280101"),
        photometric_interpretation=contents.text(told, "00280004") or None,
        window_center=window[0] if window else None,
        window_width=window[1] if window else None,
        pixel_spacing=spacing if len(spacing) == 2 else None,
        file_size=upload.size if upload and upload.key else location.size,
        media_type=upload.media_type if upload else "application/dicom",
        filename=(upload.filename or None) if upload else None,
        uploaded_at=upload.created_at if upload else None,
        uploaded_by=upload.created_by if upload else None,
        file_url=_address(request, f"images/{quote(location.instance)}/file"),
        rendered_url=f"{below}/rendered",
        thumbnail_url=f"{below}/thumbnail",
        metadata_url=f"{below}/metadata",
    )


def _frames(image: StoredImage) -> int | None:
    """Number of Frames, 1 where a file with pixels does not say."""
    if not image.location.frames:
        return None
    return contents.number(image.attributes, "00280008") or 1


def _address(request: Request, path: str) -> str:
    origin: str = request.state.addresses.origin(request.scope)
    return f"{origin}/api/radiology/{path}"


def stored_series_told(study: RadiologyStudy, found: StoredSeries) -> Series:
    """A series that has images."""
    return Series(
        id=found.uid,
        series_instance_uid=found.uid,
        study_id=study.id,
        study_instance_uid=found.study,
        series_number=found.number,
        modality=found.modality,
        series_description=found.description,
        body_part=found.body_part,
        number_of_images=found.images,
    )


def ordered_series_told(study: RadiologyStudy, row: RadiologySeries) -> Series:
    """A series that has none yet."""
    return Series(
        id=row.series_uid,
        series_instance_uid=row.series_uid,
        study_id=study.id,
        study_instance_uid=study.study_uid,
        series_number=row.series_number,
        modality=row.modality,
        series_description=row.series_description,
        body_part=row.body_part,
        number_of_images=0,
        version=row.version,
    )


def series_told(session: Session, archive: Archive, study: RadiologyStudy) -> list[Series]:
    """All series of a study by number: those with images, and those that wait for them."""
    stored = contents.series_of(archive, study.study_uid) if study.images_since else []
    known = {each.uid for each in stored}
    ordered = session.exec(
        select(RadiologySeries).where(col(RadiologySeries.study_id) == study.id)
    ).all()
    told = [stored_series_told(study, each) for each in stored]
    told += [ordered_series_told(study, row) for row in ordered if row.series_uid not in known]
    return sorted(told, key=lambda each: (each.series_number is None, each.series_number or 0))


def full_series_told(request: Request, session: Session, study: RadiologyStudy) -> list[FullSeries]:
    """All series of a study with their images."""
    archive: Archive = request.state.archive
    images = contents.images_of(archive, Resource(study.study_uid)) if study.images_since else []
    uploads = uploads_of(session, images)
    members: dict[str, list[Image]] = {}
    for image in images:
        told = image_told(request, image, uploads.get(image.location.instance))
        members.setdefault(image.location.series, []).append(told)
    return [
        FullSeries(**_fields(each), images=members.get(each.series_instance_uid, []))
        for each in series_told(session, archive, study)
    ]


def _fields(series: Series) -> Mapping[str, Any]:
    return {name: getattr(series, name) for name in Series.model_fields}
