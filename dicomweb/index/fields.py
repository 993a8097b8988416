"""Which attributes have columns: these are matched by the database, all others by `residue`."""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from dicomweb.attributes import PROCEDURE_ID, STEP_ID
from dicomweb.index.tables import INSTANCE, SERIES, SERIES_REQUEST, STUDY, STUDY_MODALITY
from dicomweb.resources import Level

Columns = tuple[sa.Column[str], ...]


class Kind(StrEnum):
    """How a column holds the values of its attribute."""

    UID = "uid"
    TEXT = "text"
    NAME = "name"  # columns of the three groups and of the words, folded
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"  # the date of a column that holds date and time as one number
    NUMBER = "number"
    LISTED = "listed"  # \A\B\
    MODALITIES = "modalities"
    REQUEST = "request"  # in an item of the Request Attributes Sequence


@dataclass(frozen=True, slots=True)
class Field:
    """The columns of an attribute; `indexed` ones can lead a search, `unique` ones to one row.

    `searched` columns are found by substrings too (`engines.HasText`).
    """

    level: Level
    kind: Kind
    columns: tuple[sa.Column[str], ...]
    indexed: bool = False
    unique: bool = False
    searched: bool = False


def _names(person: str) -> tuple[sa.Column[str], ...]:
    parts = ("name", "ideographic", "phonetic", "words")
    return tuple(STUDY.c[f"{person}_{part}"] for part in parts)


_study, _series, _instance = STUDY.c, SERIES.c, INSTANCE.c
_REQUEST = "00400275"

# By the path of the attribute.
FIELDS: dict[tuple[str, ...], Field] = {
    ("0020000D",): Field(Level.STUDY, Kind.UID, (_study.uid,), indexed=True, unique=True),
    ("00080020",): Field(Level.STUDY, Kind.MOMENT, (_study.moment,)),
    ("00080030",): Field(Level.STUDY, Kind.TIME, (_study.study_time,)),
    ("00080050",): Field(Level.STUDY, Kind.TEXT, (_study.accession,), indexed=True, searched=True),
    ("00080061",): Field(
        Level.STUDY, Kind.MODALITIES, (STUDY_MODALITY.c.modality, _study.modalities), indexed=True
    ),
    ("00080062",): Field(Level.STUDY, Kind.LISTED, (_study.sop_classes,)),
    ("00080090",): Field(Level.STUDY, Kind.NAME, _names("referring"), indexed=True, searched=True),
    ("00081030",): Field(Level.STUDY, Kind.TEXT, (_study.description,), searched=True),
    ("00100010",): Field(Level.STUDY, Kind.NAME, _names("patient"), indexed=True, searched=True),
    ("00100020",): Field(Level.STUDY, Kind.TEXT, (_study.patient_id,), indexed=True, searched=True),
    ("00100030",): Field(Level.STUDY, Kind.DATE, (_study.birth_date,), indexed=True),
    ("00100040",): Field(Level.STUDY, Kind.TEXT, (_study.sex,)),
    ("00200010",): Field(Level.STUDY, Kind.TEXT, (_study.study_id,), indexed=True, searched=True),
    ("00201206",): Field(Level.STUDY, Kind.NUMBER, (_study.series_count,)),
    ("00201208",): Field(Level.STUDY, Kind.NUMBER, (_study.instance_count,)),
    ("0020000E",): Field(Level.SERIES, Kind.UID, (_series.uid,), indexed=True, unique=True),
    ("00080060",): Field(Level.SERIES, Kind.TEXT, (_series.modality,)),
    ("0008103E",): Field(Level.SERIES, Kind.TEXT, (_series.description,)),
    ("00180015",): Field(Level.SERIES, Kind.TEXT, (_series.body_part,)),
    ("00200011",): Field(Level.SERIES, Kind.NUMBER, (_series.number,)),
    ("00201209",): Field(Level.SERIES, Kind.NUMBER, (_series.instance_count,)),
    ("00400244",): Field(
        Level.SERIES, Kind.DATE, (_series.started_date, _series.started_time), indexed=True
    ),
    ("00400245",): Field(Level.SERIES, Kind.TIME, (_series.started_time,)),
    (_REQUEST, STEP_ID): Field(
        Level.SERIES, Kind.REQUEST, (SERIES_REQUEST.c.step_id,), indexed=True
    ),
    (_REQUEST, PROCEDURE_ID): Field(
        Level.SERIES, Kind.REQUEST, (SERIES_REQUEST.c.procedure_id,), indexed=True
    ),
    ("00080018",): Field(Level.INSTANCE, Kind.UID, (_instance.uid,), indexed=True, unique=True),
    ("00080016",): Field(Level.INSTANCE, Kind.UID, (_instance.sop_class,), indexed=True),
    ("00200013",): Field(Level.INSTANCE, Kind.NUMBER, (_instance.number,)),
}

# What results can be ordered by, each with its level.
SORTED: dict[str, tuple[Level, sa.Column[str]]] = {
    path[0]: (field.level, field.columns[0])
    for path, field in FIELDS.items()
    if field.kind not in (Kind.MODALITIES, Kind.LISTED, Kind.REQUEST)
}
