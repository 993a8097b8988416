"""The first schema: studies, series, instances, tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT_COLUMNS = (
    "patient_words",
    "referring_words",
    "description",
    "patient_id",
    "accession",
    "study_id",
)


def upgrade() -> None:
    _studies()
    _details_of_studies()
    _series()
    _instances()
    _others()
    if op.get_bind().dialect.name == "sqlite":
        _trigrams_of_sqlite()
    else:
        _trigrams_of_postgresql()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _bytes(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _studies() -> None:
    op.create_table(
        "study",
        sa.Column("pk", KEY, primary_key=True),
        *_text("uid"),
        *_numbers("created", "changed", "moment"),
        *_text("study_time", "patient_id", "patient_name", "patient_ideographic"),
        *_text("patient_phonetic", "patient_words", "birth_date", "sex", "accession", "study_id"),
        *_text("description", "referring_name", "referring_ideographic", "referring_phonetic"),
        *_text("referring_words", "modalities", "sop_classes"),
        *_numbers("series_count", "instance_count", "size"),
        *_bytes("fragment"),
        sa.UniqueConstraint("uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("study_newest", "study", [sa.text("moment DESC"), "uid"])
    for name, column in {
        "study_patient_id": "patient_id",
        "study_accession": "accession",
        "study_study_id": "study_id",
        "study_name": "patient_name",
        "study_referring": "referring_name",
        "study_birth_date": "birth_date",
    }.items():
        op.create_index(name, "study", [column, "moment", "uid"])
    for person in ("patient", "referring"):
        for group in ("ideographic", "phonetic"):
            column = f"{person}_{group}"
            filled = sa.text(f"{column} <> ''")
            op.create_index(
                f"study_{column}",
                "study",
                [column],
                sqlite_where=filled,
                postgresql_where=filled,
            )


def _details_of_studies() -> None:
    op.create_table(
        "study_detail",
        sa.Column("study_pk", KEY, sa.ForeignKey("study.pk"), primary_key=True),
        *_bytes("attributes"),
    )
    op.create_table(
        "study_modality",
        sa.Column("study_pk", KEY, sa.ForeignKey("study.pk"), primary_key=True),
        sa.Column("modality", TEXT, primary_key=True),
        *_numbers("moment"),
        *_text("uid"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "study_modality_newest", "study_modality", ["modality", sa.text("moment DESC"), "uid"]
    )


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("pk", KEY, primary_key=True),
        sa.Column("study_pk", KEY, sa.ForeignKey("study.pk"), nullable=False),
        *_text("uid"),
        *_numbers("created", "changed", "number"),
        *_text("modality", "description", "body_part", "started_date", "started_time"),
        *_text("sop_classes"),
        *_numbers("instance_count", "size"),
        *_bytes("fragment"),
        sa.UniqueConstraint("study_pk", "uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("series_uid", "series", ["uid"])
    op.create_index("series_study", "series", ["study_pk", "number", "uid"])
    op.create_index("series_started", "series", ["started_date"])
    op.create_table(
        "series_detail",
        sa.Column("series_pk", KEY, sa.ForeignKey("series.pk"), primary_key=True),
        *_bytes("attributes", "dictionary"),
    )
    op.create_table(
        "series_request",
        sa.Column("pk", KEY, primary_key=True),
        sa.Column("series_pk", KEY, sa.ForeignKey("series.pk"), nullable=False),
        *_text("step_id", "procedure_id"),
    )
    op.create_index("series_request_series", "series_request", ["series_pk"])
    op.create_index("series_request_step", "series_request", ["step_id"])
    op.create_index("series_request_procedure", "series_request", ["procedure_id"])


def _instances() -> None:
    op.create_table(
        "instance",
        sa.Column("pk", KEY, primary_key=True),
        *_text("uid"),
        sa.Column("series_pk", KEY, sa.ForeignKey("series.pk"), nullable=False),
        *_numbers("number"),
        *_text("sop_class", "transfer_syntax", "key"),
        *_numbers("size"),
        *_bytes("sha256"),
        *_numbers("dataset_offset"),
        *_bytes("fragment", "dataset", "frames", "bulk"),
        sa.UniqueConstraint("uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("instance_series", "instance", ["series_pk", "number"])
    op.create_index("instance_class", "instance", ["sop_class"])


def _others() -> None:
    op.create_table(
        "tombstone",
        sa.Column("study", TEXT, primary_key=True),
        sa.Column("series", TEXT, primary_key=True),
        sa.Column("instance", TEXT, primary_key=True),
        *_numbers("deleted"),
    )
    op.create_table(
        "extension_revision", sa.Column("name", TEXT, primary_key=True), *_numbers("steps")
    )


def _trigrams_of_sqlite() -> None:
    """A full text index over trigrams, kept by triggers; builds of SQLite without it do without."""
    names = ", ".join(TEXT_COLUMNS)
    new, old = (", ".join(f"{row}.{name}" for name in TEXT_COLUMNS) for row in ("new", "old"))
    add = f"INSERT INTO study_text(rowid, {names}) VALUES (new.pk, {new})"
    drop = f"INSERT INTO study_text(study_text, rowid, {names}) VALUES ('delete', old.pk, {old})"
    try:
        op.execute(
            f"CREATE VIRTUAL TABLE study_text USING fts5({names},"
            " content='study', content_rowid='pk', tokenize='trigram')"
        )
    except sa.exc.OperationalError:
        return
    op.execute(f"CREATE TRIGGER study_text_insert AFTER INSERT ON study BEGIN {add}; END")
    op.execute(f"CREATE TRIGGER study_text_delete AFTER DELETE ON study BEGIN {drop}; END")
    op.execute(
        f"CREATE TRIGGER study_text_update AFTER UPDATE OF {names} ON study"
        f" BEGIN {drop}; {add}; END"
    )


def _trigrams_of_postgresql() -> None:
    """The same by pg_trgm, where the server has it and lets us."""
    bind = op.get_bind()
    try:
        with bind.begin_nested():
            bind.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return
    operators = ", ".join(f"{name} gin_trgm_ops" for name in TEXT_COLUMNS)
    op.execute(f"CREATE INDEX study_text ON study USING gin ({operators})")
