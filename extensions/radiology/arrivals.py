"""What becomes of study rows when instances are stored, by whatever door; on the store path.

A new study of the archive (1) is the order with its Study Instance UID, or (2) joins the order with
its accession number and patient, if that has no images yet and was not cancelled: the order takes
over the Study Instance UID of the images, since nothing is stored under its own; or (3) gets a row
of its own, completed. An order that has images keeps its UID: a second study under the same
accession number stands beside it. Statements here are SQL without objects, for speed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, SQLModel, bindparam, insert, literal_column, text, update

from dicomweb.actor import Actor
from dicomweb.archive import Record, Stored
from extensions.prepared import Prepared
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.tables import (
    PRIORITIES,
    ROUTINE,
    TABLES,
    new_id,
    utc_now,
)
from extensions.radiology.wording import clock_of, day_of, element, moment_of, words_of
from extensions.radiology.workflow import Status

_STUDY, _, _, _STEP = TABLES
_REPORT = SQLModel.metadata.tables[str(RadiologyReport.__tablename__)]
# What the files tell of a study: column → tag.
_TOLD = {
    "accession_number": "00080050",
    "patient_id": "00100020",
    "patient_name": "00100010",
    "patient_sex": "00100040",
    "modality": "00080060",
    "body_part": "00180015",
    "study_description": "00081030",
    "referring_physician": "00080090",
}

# Modalities of documents about images, and of what is drawn on them (PS3.3 C.7.3.1.1.1).
_NO_IMAGES = ("SR", "DOC", "KO", "PR", "SEG", "REG", "RTSTRUCT", "RTPLAN", "RTRECORD", "FID", "")

_OF_STUDY = Prepared(
    _STUDY.select().where(_STUDY.c.study_uid == bindparam("study")).with_for_update()
)
# The condition is spelt out for the index of orders: any number of studies that came as images may
# carry one accession number, but a single order.
ORDERED = (
    _STUDY.select()
    .where(_STUDY.c.accession_number == bindparam("accession"), text("origin = 'order'"))
    .with_for_update()
)
_ORDERED = Prepared(ORDERED)
_COLUMNS = [column.name for column in _STUDY.columns]
_NEW = Prepared(insert(_STUDY).values({name: bindparam(name) for name in _COLUMNS}))
_NAME_MODALITY = Prepared(
    update(_STUDY)
    .where(
        _STUDY.c.study_uid == bindparam("study"),
        _STUDY.c.modality.in_([literal_column(f"'{name}'") for name in _NO_IMAGES]),
    )
    .values(modality=bindparam("images"))
)


def on_stored(session: Session, stored: Sequence[Stored]) -> None:
    """Callback of the archive, for each group of stored instances."""
    # Of the instances of one study (series), all new in one group, the first tells what it is.
    studies: dict[str, Record] = {}
    series: dict[tuple[str, str], Record] = {}
    for one in stored:
        if one.new_study:
            studies.setdefault(one.record.study, one.record)
        if one.new_series:
            series.setdefault((one.record.study, one.record.series), one.record)
    if studies:
        appear(session, [(_facts(record), record.actor) for record in studies.values()])
    for record in series.values():
        if studies.get(record.study) is not record:
            _name_modality(session, record)


def _name_modality(session: Session, record: Record) -> None:
    """A study whose first instance was no image is named after its first series of images."""
    modality = element(record.elements, _TOLD["modality"])
    if modality and modality not in _NO_IMAGES:
        _NAME_MODALITY.run(session, [{"study": record.study, "images": modality}])


def appear(session: Session, studies: Sequence[tuple[dict[str, str], Actor]]) -> None:
    """New studies of the archive, as columns that are told of them, find their rows or get them."""
    new = []
    # Rows are locked in one order, so that no two transactions wait for each other.
    for told, actor in sorted(studies, key=lambda study: study[0]["study_uid"]):
        row = _row_of(session, told)
        if row is None:
            new.append(_row(told, actor))
        elif row["images_since"] is None:
            _join(session, row, told, actor)
    if new:
        _NEW.run(session, new)


def _row_of(session: Session, told: Mapping[str, str]) -> dict[str, Any] | None:
    """The row of a study, or of the order that waits for its images; locked."""
    for row in _OF_STUDY.rows(session, {"study": told["study_uid"]}):
        return row
    accession = told["accession_number"]
    for row in _ORDERED.rows(session, {"accession": accession}) if accession else ():
        if _waits(row) and is_of(row, accession, told["patient_id"]):
            return row
    return None


def _waits(row: Mapping[str, Any]) -> bool:
    """Whether an order may still take over the UID of images."""
    return (
        row["images_since"] is None
        and row["deleted_at"] is None
        and row["status"] != Status.CANCELLED
    )


def is_of(row: Mapping[str, Any], accession: str, patient: str) -> bool:
    """Whether images with this accession number and Patient ID are those of an order."""
    return bool(accession and row["accession_number"] == accession and row["patient_id"] == patient)


def _facts(record: Record) -> dict[str, str]:
    """The columns that the first instance of a study tells."""
    return told_by(record.study, lambda tag: element(record.elements, tag))


def told_by(study_uid: str, value: Callable[[str], str]) -> dict[str, str]:
    """The columns that the attributes of a study tell; `value` gives one by its tag."""
    return {
        "study_uid": study_uid,
        **{column: value(tag) for column, tag in _TOLD.items()},
        "patient_birth_date": day_of(value("00100030")),
        "study_date": day_of(value("00080020")),
        "study_time": clock_of(value("00080030")),
    }


def _row(told: dict[str, str], actor: Actor) -> dict[str, Any]:
    """The row of a study that nobody ordered."""
    now = utc_now()
    return {
        **told,
        "id": new_id(),
        "origin": "images",
        "order_id": "",
        "status": str(Status.COMPLETED),
        "priority": PRIORITIES[ROUTINE],
        "urgency": ROUTINE,
        "assigned_to": "",
        "clinical_history": "",
        "performing_technician": "",
        "moment": moment_of(told["study_date"], told["study_time"]),
        "words": words_of(told),
        "images_since": now,
        "created_at": now,
        "created_by": actor.name,
        "updated_at": now,
        "updated_by": actor.name,
        "version": 1,
        "deleted_at": None,
        "deleted_by": "",
    }


def _join(session: Session, row: dict[str, Any], told: dict[str, str], actor: Actor) -> None:
    """Images come to their order, or come again to a study that was deleted.

    The order stays what it said; what it left open the images tell, and when they were made.
    """
    now = utc_now()
    changed: dict[str, Any] = {name: told[name] for name in told if told[name] and not row[name]}
    changed["study_uid"] = told["study_uid"]
    if told["study_date"]:
        changed |= {"study_date": told["study_date"], "study_time": told["study_time"]}
    waits = row["status"] in (Status.SCHEDULED, Status.ARRIVED)
    if waits and told["modality"] not in _NO_IMAGES:  # a report alone is no work of a scanner
        changed["status"] = str(Status.IN_PROGRESS)
    whole = {**row, **changed}
    changed |= {
        "moment": moment_of(whole["study_date"], whole["study_time"]),
        "words": words_of(whole),
        "images_since": now,
        "deleted_at": None,
        "deleted_by": "",
        "updated_at": now,
        "updated_by": actor.name,
        "version": row["version"] + 1,
    }
    run = session.connection().execute
    run(update(_STUDY).where(_STUDY.c.id == row["id"]).values(changed))
    if whole["study_uid"] != row["study_uid"]:  # drafts that were begun without images name it
        own = _REPORT.c.study_id == row["id"]
        run(update(_REPORT).where(own).values(study_uid=whole["study_uid"]))
    if whole["status"] != row["status"]:
        step = {"id": new_id(), "study_id": row["id"], "from_status": row["status"]}
        step |= {"to_status": whole["status"], "reason": "images arrived", "at": now}
        run(insert(_STEP), [{**step, "by": actor.name}])
