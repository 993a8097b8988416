"""The annotations of a study as one TID 1500 report (Comprehensive SR) that OHIF opens.

Each annotation is a measurement group (TID 1501). Its first measurement is inferred from the
graphic; text and arrow, which measure nothing, are regions (TID 1410) without measurements. The
label is a Comment (121106, DCM), the author the group's Person Observer Name (121008, DCM).

What TID 1500 has no place for stands in one TEXT item (ANNOTATION, 99LIGHTBOX, "Lightbox
annotation"): JSON with `id`, `type`, `points` (SCOORD has single precision), `label` (UT drops
trailing spaces), `color`, `keyImage`, `author`. Readers that do not know it lose only that.

The same annotations make the same report under the same SOP Instance UID, whenever it is made.
Imported lazily: highdicom.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import highdicom as hd
import numpy as np
import orjson
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID

from dicomweb import __version__
from dicomweb.archive import Archive, Location
from dicomweb.errors import Conflict, Refusal
from dicomweb.pixels.attributes import values
from dicomweb.resources import Resource
from extensions.radiology.annotation_fields import Annotation, Kind, Quantity
from extensions.radiology.annotation_tables import RadiologyAnnotation, answer_of
from extensions.radiology.sr_graphics import ANNOTATION, SCHEME, TOOLS, TRACKER, graphic_of

# Each takes about 10 ms and, for that time, half a megabyte.
MAX_ANNOTATIONS = 500
# Building is Python through and through: two at once take twice as long each.
_ONE_AT_A_TIME = threading.Lock()
SERIES_NUMBER = 9901
_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
# Of the patient and the study, as the images have them.
_INHERITED = (
    *("00080020", "00080030", "00080050", "00080090", "00081030", "00100010", "00100020"),
    *("00100021", "00100030", "00100040", "00101010", "0020000D", "00200010"),
)
_REFERENCED = ("00080016", "00080018", "0020000D", "0020000E")
_EMPTY = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber")
_IMAGING = Code("363679005", "SCT", "Imaging procedure")
_UNITS = {
    "": Code("1", "UCUM", "no units"),
    "px": Code("1", "UCUM", "px"),
    "px2": Code("1", "UCUM", "px2"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "deg": Code("deg", "UCUM", "degree"),
    "HU": Code("[hnsf'U]", "UCUM", "Hounsfield unit"),
}
_CONCEPTS = {
    "length": codes.SCT.Length,
    "angle": codes.SCT.Angle,
    "area": codes.SCT.Area,
    "perimeter": codes.SCT.Perimeter,
    "radius": codes.SCT.Radius,
    "mean": codes.SCT.Mean,
    "standard_deviation": codes.SCT.StandardDeviation,
    "minimum": codes.SCT.Minimum,
    "maximum": codes.SCT.Maximum,
}


@dataclass(frozen=True, slots=True)
class Report:
    """A report as a Part 10 file; `stored` says that the archive has it already."""

    sop_instance: str
    file: bytes
    stored: bool


def report_of(archive: Archive, study: str, rows: Sequence[RadiologyAnnotation]) -> Report:
    """The report of these annotations of one study. Raises Conflict where there are none.

    One that is stored already is answered as it is stored.
    """
    located = [(row, archive.find_uid(row.image_uid)) for row in rows]
    found = [(row, location) for row, location in located if location is not None]
    if not found:
        raise Conflict("The study has no annotations: there is nothing to report.")
    if len(found) > MAX_ANNOTATIONS:
        raise Conflict(
            f"A report has at most {MAX_ANNOTATIONS} annotations: ask for some of them, "
            "by `type`, `author` or `image`, or with `limit` and `page`; POST stores all of them, "
            "in several reports."
        )
    instance = _uid(study, *(f"{row.id} {row.version}" for row, _ in found))
    stored = archive.find_uid(instance)
    if stored is not None and stored.study == study:
        return Report(instance, archive.read(stored, 0, stored.size), True)
    with _ONE_AT_A_TIME:
        return Report(instance, _file(archive, study, instance, found), False)


Found = Sequence[tuple[RadiologyAnnotation, Location]]


def _file(archive: Archive, study: str, instance: str, found: Found) -> bytes:
    """The report as a Part 10 file.

    highdicom copies and searches the content tree several times: it gets one group of each image,
    which is all that it takes from the groups, and the others are put beside them afterwards.
    """
    rows = [row for row, _ in found]
    groups = _groups(rows, _images(archive, found))
    first = {row.image_uid: group for row, group in zip(rows[::-1], groups[::-1], strict=True)}
    series = _uid(study, "annotations")
    document = hd.sr.ComprehensiveSR(
        evidence=_evidence(archive, [location for _, location in found]),
        content=_content(rows, list(first.values())),
        series_instance_uid=series,
        series_number=SERIES_NUMBER,
        sop_instance_uid=instance,
        instance_number=_count(archive, Resource(study, series)) + 1,
        manufacturer="Lightbox",
        is_complete=True,
        series_description="Annotations",
        manufacturer_model_name="Lightbox",
        software_versions=__version__,
        specific_character_set="ISO_IR 192",
    )
    document.ContentSequence[-1].ContentSequence = [group[0] for group in groups]
    _finish(document, archive, found[0][1], max(row.updated_at for row in rows))
    buffer = BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def tracking_of(annotation: str) -> str:
    """The Tracking Unique Identifier of an annotation of ours: its UUID as a UID (PS3.5 B.2)."""
    return f"2.25.{UUID(annotation).int}"


def _count(archive: Archive, series: Resource) -> int:
    try:
        return len(archive.locations(series))
    except Refusal:  # not yet there, or deleted
        return 0


def _uid(*parts: str) -> str:
    return f"2.25.{uuid5(NAMESPACE_OID, chr(10).join(('lightbox annotations', *parts))).int}"


@dataclass(frozen=True, slots=True)
class _Image:
    sop_class: str
    frames: int


def _images(archive: Archive, found: Found) -> dict[str, _Image]:
    located = {location.instance: location for _, location in found}
    return {
        uid: _Image(each.sop_class, archive.frames(each).count if each.frames else 1)
        for uid, each in located.items()
    }


def _evidence(archive: Archive, locations: Sequence[Location]) -> list[Dataset]:
    """The images, as far as a reference needs them; what is of the patient comes later."""
    found = []
    for location in {each.instance: each for each in locations}.values():
        dataset = _part(archive, location, _REFERENCED)
        for keyword in (*_EMPTY, "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"):
            setattr(dataset, keyword, None)
        found.append(dataset)
    return found


def _part(archive: Archive, location: Location, tags: Sequence[str]) -> Dataset:
    attributes = archive.attributes(location)
    found = Dataset()
    for tag in tags:
        if tag in attributes:
            # Right or wrong it is as it came, and pydicom is to tell nobody of it.
            said = "\\".join(_spelt(each) for each in values(attributes, tag))
            vr = str(attributes[tag]["vr"])
            found.add(DataElement(int(tag, 16), vr, said, validation_mode=IGNORE))
    return found


def _spelt(value: Any) -> str:
    """A text, or a name in the DICOM JSON Model, as DICOM has it."""
    if isinstance(value, dict):
        groups = (value.get(each, "") for each in ("Alphabetic", "Ideographic", "Phonetic"))
        return "=".join(groups).rstrip("=")
    return "" if value is None else str(value)


def _finish(document: Dataset, archive: Archive, image: Location, moment: str) -> None:
    """Patient and study as the image has them, right or wrong; times of the last change."""
    inherited = _part(archive, image, _INHERITED)
    for element in inherited:
        document[element.tag] = element
    date, time = moment[:10].replace("-", ""), moment[11:26].replace(":", "")
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(document, f"{name}Date", date)
        setattr(document, f"{name}Time", time)
    for equipment in document.get("ContributingEquipmentSequence", []):
        equipment.ContributionDateTime = date + time
    scheme = Dataset()
    scheme.CodingSchemeDesignator = SCHEME
    scheme.CodingSchemeName = "Lightbox annotations"
    scheme.CodingSchemeResponsibleOrganization = "Lightbox"
    document.CodingSchemeIdentificationSequence = [scheme]


def _groups(rows: Sequence[RadiologyAnnotation], images: dict[str, _Image]) -> list[Any]:
    """A measurement group for each annotation."""
    tracked = Counter(row.tracking for row in rows)
    groups = []
    for row in rows:
        own = not row.tracking or tracked[row.tracking] > 1
        tracking = tracking_of(row.id) if own else row.tracking
        groups.append(_group(answer_of(row), tracking, images[row.image_uid]))
    return groups


def _content(rows: Sequence[RadiologyAnnotation], groups: Sequence[Any]) -> Dataset:
    """The content tree of these groups."""
    authors = {row.author for row in rows}
    return hd.sr.MeasurementReport(
        observation_context=_observers(authors.pop() if len(authors) == 1 else ""),
        procedure_reported=_IMAGING,
        imaging_measurements=groups,
    )[0]


def _observers(author: str) -> Any:
    """The program, and the person where one alone has drawn everything."""
    device = hd.sr.DeviceObserverIdentifyingAttributes(uid=_uid("device"), name="Lightbox")
    person = None
    if author:
        person = hd.sr.ObserverContext(
            codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(name=_person(author))
        )
    return hd.sr.ObservationContext(
        observer_person_context=person,
        observer_device_context=hd.sr.ObserverContext(
            codes.DCM.Device, observer_identifying_attributes=device
        ),
    )


def _person(name: str) -> str:
    """The name of an account as a PN: one component of at most 64 characters."""
    plain = "".join(" " if each in "\\^=\n\r\t" else each for each in _printable(name)).strip()
    return f"{plain[:62] or '?'}^"  # the caret says that there is one component only


def _printable(text: str) -> str:
    """Without control characters, lines apart."""
    return "".join(each for each in text if each.isprintable() or each in "\n\r\t")


def _group(annotation: Annotation, tracking: str, image: _Image) -> Any:
    """One measurement group, whose first measurement has the graphic."""
    identifier = hd.sr.TrackingIdentifier(
        uid=UID(tracking), identifier=f"{TRACKER}:{TOOLS[annotation.type]}"
    )
    points = [(point.x, point.y) for point in annotation.coordinates.points]
    graphic, places = graphic_of(annotation.type, points)
    measured = _values(annotation)
    frames = [annotation.frame] if image.frames > 1 else None
    origin = "FRAME" if image.sop_class == _WHOLE_SLIDE else None
    drawn: dict[str, Any] = {
        "graphic_type": graphic,
        "graphic_data": np.array(places, np.float64),
        "pixel_origin_interpretation": origin,
    }
    reference: dict[str, Any] = {
        "referenced_sop_class_uid": image.sop_class,
        "referenced_sop_instance_uid": annotation.image_id,
        "referenced_frame_numbers": frames,
    }
    if measured:
        group: Any = hd.sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=identifier, measurements=_measurements(measured, drawn, reference)
        )
    else:
        region = hd.sr.ImageRegion(**drawn, source_image=hd.sr.SourceImageForRegion(**reference))
        group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=identifier, referenced_region=region
        )
    _describe(group[0].ContentSequence, annotation, points)
    return group


def _values(annotation: Annotation) -> list[tuple[str, Quantity]]:
    measured = annotation.measurements
    found = [(name, getattr(measured, name, None)) for name in _CONCEPTS]
    return [(name, value) for name, value in found if value is not None]


def _measurements(
    measured: Sequence[tuple[str, Quantity]], drawn: dict[str, Any], reference: dict[str, Any]
) -> list[Any]:
    source = hd.sr.SourceImageForRegion(**reference)
    origin = drawn.pop("pixel_origin_interpretation")
    graphic = hd.sr.CoordinatesForMeasurement(**drawn, source_image=source)
    if origin:
        graphic.PixelOriginInterpretation = origin
    return [
        hd.sr.Measurement(
            name=_CONCEPTS[name],
            value=value.value,
            unit=_unit(value.unit),
            referenced_coordinates=None if number else [graphic],
        )
        for number, (name, value) in enumerate(measured)
    ]


def _unit(unit: str) -> Code:
    """A UCUM code; units that are none, or too long for a code, are said in words only."""
    if unit in _UNITS:
        return _UNITS[unit]
    if unit.isascii() and len(unit) <= 16 and unit in ("Bq/ml", "g/ml", "{counts}"):
        return Code(unit, "UCUM", unit)
    return Code("1", "UCUM", unit[:64])


def _describe(items: Any, annotation: Annotation, points: Sequence[tuple[float, float]]) -> None:
    """Author, label and what only we read: in this order, the author with the observers."""
    person = hd.sr.PnameContentItem(
        name=codes.DCM.PersonObserverName,
        value=_person(annotation.author),
        relationship_type="HAS OBS CONTEXT",
    )
    items.insert(2, person)
    label = _printable(annotation.label).strip()
    if label:
        items.append(_text(codes.DCM.Comment, label))
    only_ours = {
        "id": annotation.id,
        "type": annotation.type.value,
        "points": points,
        "label": annotation.label,
        "color": annotation.color,
        "keyImage": annotation.key_image,
        "author": annotation.author,
    }
    name = Code(ANNOTATION, SCHEME, "Lightbox annotation")
    items.append(_text(name, orjson.dumps(only_ours).decode()))


def _text(name: Any, value: str) -> Any:
    return hd.sr.TextContentItem(name=name, value=value, relationship_type="CONTAINS")


__all__ = ["MAX_ANNOTATIONS", "Kind", "Report", "report_of", "tracking_of"]
