"""Uploads: a form with one file in `image`, which becomes an instance of the study."""

from contextlib import AbstractContextManager, nullcontext, suppress
from threading import BoundedSemaphore

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.errors import (
    BadRequest,
    Conflict,
    Fault,
    InstanceRefused,
    Refusal,
    Unavailable,
    UnsupportedMediaType,
)
from dicomweb.incoming import Arrived, Outcome
from dicomweb.resources import Resource
from extensions.forms import Form, Uploaded, received
from extensions.json_api import api, validated
from extensions.radiology import coming
from extensions.radiology.arrivals import is_of
from extensions.radiology.contents import StoredImage
from extensions.radiology.identifiers import new_uid, series_uid
from extensions.radiology.lookup import find_study
from extensions.radiology.numbering import reserved
from extensions.radiology.secondary_capture import Place, encoded
from extensions.radiology.series import FoundSeries, find_series, ordered_uid
from extensions.radiology.shapes import Image, ImageFields
from extensions.radiology.tables import RadiologyStudy, RadiologyUpload
from extensions.radiology.telling import answered, image_told
from extensions.radiology.wording import element
from extensions.radiology.workflow import Status

_FIELD = "image"
# An image that is being decoded takes up to 200 MB.
_decoding = BoundedSemaphore(2)
_HEAD = 132
_NOT_AN_IMAGE = "image: the file is neither DICOM nor JPEG nor PNG."


async def to_study(request: Request) -> Response:
    """One image of a study; its series is made when it is needed."""
    async with received(request) as form:
        return await in_thread(_to_study, request, form)


async def to_series(request: Request) -> Response:
    """One image of a series."""
    async with received(request) as form:
        return await in_thread(_to_series, request, form)


def _to_study(request: Request, form: Form) -> Response:
    archive: Archive = request.state.archive
    with archive.reading() as session:
        study = find_study(session, request.scope["principal"], request.path_params["study_id"])
    return _taken(request, form, study, None)


def _to_series(request: Request, form: Form) -> Response:
    archive: Archive = request.state.archive
    with archive.reading() as session:
        principal = request.scope["principal"]
        series = find_series(session, archive, principal, request.path_params["id"])
    return _taken(request, form, series.study, series)


def _taken(
    request: Request, form: Form, study: RadiologyStudy, series: FoundSeries | None
) -> Response:
    if study.status == Status.CANCELLED:
        raise Conflict("The study was cancelled: it takes no images.")
    given = {name: value for name, value in form.fields.items() if value != ""}
    fields = validated(ImageFields, given)
    file = _one_file(form)
    work = _Upload(request, study, series, fields, file)
    from dicomweb.pixels.foreign import media_type_of  # NumPy and Pillow, when they are needed

    first = file.first(_HEAD)
    kind = media_type_of(first)
    sop_uid, warnings = work.capture(kind) if kind else work.store_dicom(first)
    return work.answer(sop_uid, warnings)


def _one_file(form: Form) -> Uploaded:
    files = [file for file in form.files if file.field == _FIELD]
    if not files:
        raise BadRequest(f"{_FIELD}: the form has to have a file in this field.")
    if len(files) > 1:
        raise BadRequest(f"{_FIELD}: one file at a time.")
    if not files[0].size:
        raise BadRequest(f"{_FIELD}: the file is empty.")
    return files[0]


class _Upload:
    """One file on its way into one study."""

    def __init__(
        self,
        request: Request,
        study: RadiologyStudy,
        series: FoundSeries | None,
        fields: ImageFields,
        file: Uploaded,
    ) -> None:
        self.request = request
        self.archive: Archive = request.state.archive
        self.actor = actor_of(request.scope)
        self.study = study
        self.series = series
        self.fields = fields
        self.file = file

    def answer(self, sop_uid: str, warnings: list[str]) -> Response:
        """What the archive says of the image from now on."""
        location = self.archive.find_uid(sop_uid)
        if location is None:
            raise Conflict("The image was deleted in this moment.")
        image = StoredImage(location, self.archive.attributes(location))
        with self.archive.reading() as session:
            upload = session.get(RadiologyUpload, sop_uid)
            told = image_told(self.request, image, upload)
        told.warnings = warnings
        return answered(told, status=201, location=f"/api/radiology/images/{sop_uid}")

    # DICOM files

    def store_dicom(self, first: bytes) -> tuple[str, list[str]]:
        """A DICOM file of this study, exactly as it is: its UID, and what looked wrong."""
        try:
            arrived = self.archive.arrive(self.file.pieces())
        except InstanceRefused as refused:
            if refused.reason == InstanceRefused.NO_RESOURCES:
                raise Unavailable(refused.sentence) from None
            if first[128:132] == b"DICM":
                raise BadRequest(f"{_FIELD}: {refused.sentence}") from None
            raise BadRequest(_NOT_AN_IMAGE) from None
        try:
            warnings = self._checked(arrived)
        except Refusal:
            self.archive.discard([arrived])
            raise
        upload = self._row(arrived.header.sop_instance, "application/dicom")
        outcome = self._store(arrived, upload)
        return upload.sop_uid, [*warnings, *(doubt.sentence for doubt in outcome.doubts)]

    def _checked(self, arrived: Arrived) -> list[str]:
        """Raises Conflict for a file of another study or series; else what only differs."""
        header, study = arrived.header, self.study
        patient = element(header.elements, "00100020")
        accession = element(header.elements, "00080050")
        if header.study != study.study_uid and not self._takes_over(accession, patient):
            raise Conflict(
                f"The file is of the study {header.study}, this is the study {study.study_uid}."
            )
        if self.series is not None and header.series != self.series.uid:
            raise Conflict(
                f"The file is of the series {header.series}, this is the series {self.series.uid}."
            )
        warnings = []
        if self.archive.find_uid(header.sop_instance) is not None:
            warnings.append("The image was stored before; the file that came first was kept.")
        if patient != study.patient_id:
            warnings.append("The Patient ID of the file differs from that of the study; it stays.")
        given = {
            "seriesNumber": (self.fields.series_number, "00200011"),
            "instanceNumber": (self.fields.instance_number, "00200013"),
        }
        for name, (number, tag) in given.items():
            if number is not None and element(header.elements, tag) != str(number):
                warnings.append(f"{name} differs from that of the file; the file's stays.")
        return warnings

    def _takes_over(self, accession: str, patient: str) -> bool:
        """Whether the order takes the Study Instance UID of its first images (see `arrivals`)."""
        waits = self.study.origin == "order" and self.study.images_since is None
        return waits and is_of(self.study.model_dump(), accession, patient)

    # JPEG and PNG

    def capture(self, media_type: str) -> tuple[str, list[str]]:
        """A JPEG or PNG as Secondary Capture; the file itself is kept beside it."""
        from dicomweb.pixels.foreign import read_foreign

        data = b"".join(self.file.pieces())
        try:
            with _decoding:
                image = read_foreign(data)
        except (BadRequest, UnsupportedMediaType) as refused:
            raise BadRequest(f"{_FIELD}: {refused.sentence}") from None
        kept = self.archive.keep([data])
        upload = self._row(new_uid(), media_type)
        upload.key, upload.size, upload.sha256 = kept.key, kept.size, kept.sha256
        try:
            place = self._place(upload.sop_uid)
            with self._numbered(place) as number:
                file = encoded(self.study, place.numbered(number), image)
                arrived = coming.arrive(self.archive, file, self.study.study_uid)
                self._store(arrived, upload)
        except BaseException:
            with suppress(OSError):
                self.archive.drop([kept.key])
            raise
        return upload.sop_uid, []

    def _store(self, arrived: Arrived, upload: RadiologyUpload) -> Outcome:
        outcome = coming.store(self.archive, arrived, self.actor, self.study.id, upload)
        _raise(outcome)
        return outcome

    def _numbered(self, place: Place) -> AbstractContextManager[int]:
        """The number that was asked for, or the next one of the series."""
        if self.fields.instance_number is not None:
            return nullcontext(self.fields.instance_number)
        series = Resource(self.study.study_uid, place.series_uid)
        principal = self.request.scope["principal"]
        return reserved(self.archive, principal, self.study.id, series, place.sop_uid)

    def _place(self, sop_uid: str) -> Place:
        """The series by its number, as it is already or as it was ordered."""
        study, fields = self.study, self.fields
        found = self.series or self._of_number()
        if found is not None and (stored := found.stored) is not None:
            return Place(
                sop_uid=sop_uid,
                series_uid=stored.uid,
                series_number=stored.number,
                modality=stored.modality or "OT",
                series_description=stored.description,
                body_part=stored.body_part,
            )
        if found is not None and (ordered := found.ordered) is not None:
            return Place(
                sop_uid=sop_uid,
                series_uid=ordered.series_uid,
                series_number=ordered.series_number,
                modality=ordered.modality or "OT",
                series_description=ordered.series_description,
                body_part=ordered.body_part,
            )
        number = 1 if fields.series_number is None else fields.series_number
        return Place(
            sop_uid=sop_uid,
            series_uid=series_uid(study.id, number),
            series_number=number,
            modality=study.modality or "OT",
            series_description=fields.series_description,
            body_part=fields.body_part or study.body_part,
        )

    def _of_number(self) -> FoundSeries | None:
        """The series that uploads with this number share; scanners' series stay their own."""
        number = 1 if self.fields.series_number is None else self.fields.series_number
        study = self.study.id
        with self.archive.reading() as session:
            uid = ordered_uid(session, study, number) or series_uid(study, number)
            try:
                principal = self.request.scope["principal"]
                return find_series(session, self.archive, principal, uid)
            except Refusal:
                return None

    def _row(self, sop_uid: str, media_type: str) -> RadiologyUpload:
        return RadiologyUpload(
            sop_uid=sop_uid,
            study_uid=self.study.study_uid,
            size=self.file.size,
            media_type=media_type,
            filename=_plain_name(self.file.filename),
            created_by=self.actor.name,
        )


def _plain_name(filename: str) -> str:
    """The last part of a client's path, without what no file name has."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in name if one.isprintable())[:200]


def _raise(outcome: Outcome) -> None:
    """What an instance that was not stored is answered with."""
    if not outcome.reason:
        return
    if outcome.reason == InstanceRefused.DUPLICATE:
        raise Conflict(outcome.sentence)
    if outcome.reason == InstanceRefused.NO_RESOURCES:
        raise Unavailable(outcome.sentence)
    raise Fault(outcome.sentence)


_FORM = (
    (_FIELD, "file", "A DICOM, JPEG or PNG file."),
    ("seriesNumber", "integer", "Of a JPEG or PNG; 1 by default. The series is made if needed."),
    ("instanceNumber", "integer", "Of a JPEG or PNG; the next one by default."),
    ("seriesDescription", "string", "Of a series that is made now."),
    ("bodyPart", "string", "Of a series that is made now, as in CHEST."),
)
_REFUSALS = (404, 409, 410, 413, 415)

routes = [
    api(
        "POST",
        "/api/radiology/studies/{study_id}/upload",
        to_study,
        Permission.UPLOAD,
        form=_FORM,
        gives=Image,
        status=201,
        refusals=_REFUSALS,
        summary="Upload an image to a study",
    ),
    api(
        "POST",
        "/api/radiology/series/{id}/images",
        to_series,
        Permission.UPLOAD,
        form=_FORM,
        gives=Image,
        status=201,
        refusals=_REFUSALS,
        summary="Upload an image to a series",
    ),
]
