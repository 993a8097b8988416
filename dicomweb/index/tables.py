"""The tables of the index, as SQLModel declares them; `migrations` builds them."""

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

# Sorted and compared byte for byte on both engines, whatever the locale of the database.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER = sa.BigInteger()
BYTES = sa.LargeBinary()

# Stands for a Series Number or Instance Number that is absent or no integer: sorted last. An IS is
# below 2**31 (PS3.5 6.2).
NO_NUMBER = 2**31

# No table validates its rows: their validators, 3 ms of a start for each table, also those of
# extensions, are made only if somebody asks for them.
SQLModel.model_config["defer_build"] = True


class Row(SQLModel, registry=registry()):
    """The tables of the archive, apart from those of extensions with metadata of their own."""


class Study(Row, table=True):
    """One study: what its first instance said, and what its members add up to.

    Text columns are empty where nothing is known, so that there is no NULL to sort or compare.
    Dates are `YYYYMMDD`, times `HHMMSS.FFFFFF`, names as `values.folded` spells them, lists
    `\\CT\\SR\\`. `moment` is StudyDate and StudyTime as one number (`values.moment`). `changed`
    is the change counter: microseconds of the clock, and larger at every change.
    """

    __tablename__ = "study"
    __table_args__ = (
        sa.Index("study_newest", sa.text("moment DESC"), "uid"),
        sa.Index("study_patient_id", "patient_id", "moment", "uid"),
        sa.Index("study_accession", "accession", "moment", "uid"),
        sa.Index("study_study_id", "study_id", "moment", "uid"),
        sa.Index("study_name", "patient_name", "moment", "uid"),
        sa.Index("study_referring", "referring_name", "moment", "uid"),
        sa.Index("study_birth_date", "birth_date", "moment", "uid"),
        # Most names have one component group: the others cost nothing where they are not.
        *(
            sa.Index(
                f"study_{column}",
                column,
                sqlite_where=sa.text(f"{column} <> ''"),  # and on PostgreSQL: `engines`
            )
            for column in (
                "patient_ideographic",
                "patient_phonetic",
                "referring_ideographic",
                "referring_phonetic",
            )
        ),
        # A key is never used twice: caches are keyed by it.
        {"sqlite_autoincrement": True},
    )

    pk: int | None = Field(default=None, primary_key=True, sa_type=KEY)
    uid: str = Field(sa_type=TEXT, unique=True)
    created: int = Field(sa_type=NUMBER)
    changed: int = Field(sa_type=NUMBER)
    moment: int = Field(sa_type=NUMBER)
    study_time: str = Field(sa_type=TEXT)
    patient_id: str = Field(sa_type=TEXT)
    patient_name: str = Field(sa_type=TEXT)
    patient_ideographic: str = Field(sa_type=TEXT)
    patient_phonetic: str = Field(sa_type=TEXT)
    patient_words: str = Field(sa_type=TEXT)
    birth_date: str = Field(sa_type=TEXT)
    sex: str = Field(sa_type=TEXT)
    accession: str = Field(sa_type=TEXT)
    study_id: str = Field(sa_type=TEXT)
    description: str = Field(sa_type=TEXT)
    referring_name: str = Field(sa_type=TEXT)
    referring_ideographic: str = Field(sa_type=TEXT)
    referring_phonetic: str = Field(sa_type=TEXT)
    referring_words: str = Field(sa_type=TEXT)
    modalities: str = Field(sa_type=TEXT)
    sop_classes: str = Field(sa_type=TEXT)
    series_count: int = Field(sa_type=NUMBER)
    instance_count: int = Field(sa_type=NUMBER)
    size: int = Field(sa_type=NUMBER)
    # The search result of the study, as DICOM JSON; \x01 stands for the service root.
    fragment: bytes = Field(sa_type=BYTES)


class StudyDetail(Row, table=True):
    """Every attribute at study level of the first instance, as DICOM JSON, packed; written once."""

    __tablename__ = "study_detail"

    study_pk: int = Field(foreign_key="study.pk", primary_key=True, sa_type=KEY)
    attributes: bytes = Field(sa_type=BYTES)


class StudyModality(Row, table=True):
    """One modality of one study, in the order of results: a rare one is found without a scan."""

    __tablename__ = "study_modality"
    __table_args__ = (
        sa.Index("study_modality_newest", "modality", sa.text("moment DESC"), "uid"),
        {"sqlite_with_rowid": False},
    )

    study_pk: int = Field(foreign_key="study.pk", primary_key=True, sa_type=KEY)
    modality: str = Field(primary_key=True, sa_type=TEXT)
    moment: int = Field(sa_type=NUMBER)
    uid: str = Field(sa_type=TEXT)


class Series(Row, table=True):
    """One series of a study. The same Series Instance UID in another study is another series."""

    __tablename__ = "series"
    __table_args__ = (
        sa.UniqueConstraint("study_pk", "uid"),
        sa.Index("series_uid", "uid"),
        sa.Index("series_study", "study_pk", "number", "uid"),
        sa.Index("series_started", "started_date"),
        {"sqlite_autoincrement": True},
    )

    pk: int | None = Field(default=None, primary_key=True, sa_type=KEY)
    study_pk: int = Field(foreign_key="study.pk", sa_type=KEY)
    uid: str = Field(sa_type=TEXT)
    created: int = Field(sa_type=NUMBER)
    changed: int = Field(sa_type=NUMBER)
    number: int = Field(sa_type=NUMBER)
    modality: str = Field(sa_type=TEXT)
    description: str = Field(sa_type=TEXT)
    body_part: str = Field(sa_type=TEXT)
    # Performed Procedure Step Start Date and Time
    started_date: str = Field(sa_type=TEXT)
    started_time: str = Field(sa_type=TEXT)
    sop_classes: str = Field(sa_type=TEXT)
    instance_count: int = Field(sa_type=NUMBER)
    size: int = Field(sa_type=NUMBER)
    fragment: bytes = Field(sa_type=BYTES)


class SeriesDetail(Row, table=True):
    """What belongs to a series and is written once.

    `attributes`: those at series level of the first instance, as DICOM JSON. `dictionary`: what
    they and the metadata of instances are compressed against (`compression`), itself packed.
    """

    __tablename__ = "series_detail"

    series_pk: int = Field(foreign_key="series.pk", primary_key=True, sa_type=KEY)
    attributes: bytes = Field(sa_type=BYTES)
    dictionary: bytes = Field(sa_type=BYTES)


class SeriesRequest(Row, table=True):
    """One item of the Request Attributes Sequence (0040,0275): both keys match in one item."""

    __tablename__ = "series_request"
    __table_args__ = (
        sa.Index("series_request_series", "series_pk"),
        sa.Index("series_request_step", "step_id"),
        sa.Index("series_request_procedure", "procedure_id"),
    )

    pk: int | None = Field(default=None, primary_key=True, sa_type=KEY)
    series_pk: int = Field(foreign_key="series.pk", sa_type=KEY)
    step_id: str = Field(sa_type=TEXT)
    procedure_id: str = Field(sa_type=TEXT)


class Instance(Row, table=True):
    """One instance: where its bytes are, and what is told of it.

    `fragment` is its search result, `dataset` its metadata, both DICOM JSON compressed against the
    dictionary of the series; `frames` and `bulk` are packed by others.
    """

    __tablename__ = "instance"
    __table_args__ = (
        sa.Index("instance_series", "series_pk", "number"),
        sa.Index("instance_class", "sop_class"),
        {"sqlite_autoincrement": True},
    )

    pk: int | None = Field(default=None, primary_key=True, sa_type=KEY)
    uid: str = Field(sa_type=TEXT, unique=True)
    series_pk: int = Field(foreign_key="series.pk", sa_type=KEY)
    number: int = Field(sa_type=NUMBER)
    sop_class: str = Field(sa_type=TEXT)
    transfer_syntax: str = Field(sa_type=TEXT)
    key: str = Field(sa_type=TEXT)
    size: int = Field(sa_type=NUMBER)
    sha256: bytes = Field(sa_type=BYTES)
    dataset_offset: int = Field(sa_type=NUMBER)
    fragment: bytes = Field(sa_type=BYTES)
    dataset: bytes = Field(sa_type=BYTES)
    frames: bytes = Field(sa_type=BYTES)
    bulk: bytes = Field(sa_type=BYTES)


class Tombstone(Row, table=True):
    """A resource that was deleted and is remembered (410); UIDs of lower levels are empty."""

    __tablename__ = "tombstone"

    study: str = Field(primary_key=True, sa_type=TEXT)
    series: str = Field(primary_key=True, sa_type=TEXT)
    instance: str = Field(primary_key=True, sa_type=TEXT)
    deleted: int = Field(sa_type=NUMBER)


class ExtensionRevision(Row, table=True):
    """How many of an extension's migration steps have been taken."""

    __tablename__ = "extension_revision"

    name: str = Field(primary_key=True, sa_type=TEXT)
    steps: int = Field(sa_type=NUMBER)


def table(model: type[SQLModel]) -> sa.Table:
    """The Core table of a model."""
    found = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    assert isinstance(found, sa.Table)
    return found


STUDY = table(Study)
STUDY_DETAIL = table(StudyDetail)
STUDY_MODALITY = table(StudyModality)
SERIES = table(Series)
SERIES_DETAIL = table(SeriesDetail)
SERIES_REQUEST = table(SeriesRequest)
INSTANCE = table(Instance)
TOMBSTONE = table(Tombstone)
EXTENSION_REVISION = table(ExtensionRevision)
