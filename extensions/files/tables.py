"""The tables of the file APIs: instances by their names, damaged files, images of exams."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlmodel import BigInteger, Field, Index, LargeBinary, SQLModel, Text

# Texts sort and compare byte for byte on both engines.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


class FilesInstance(SQLModel, table=True):
    """One instance of the archive, under the names that the file APIs give to it.

    A row is written when an instance comes by a form, and for all others when somebody asks for
    what the file APIs know (`ledger.catch_up`). `name` is the file's own, empty where it came by
    another door; `stored` is in microseconds since 1970, UTC; `facts` is `Facts.packed`.
    """

    __tablename__ = "files_instance"
    __table_args__ = (
        Index("files_instance_newest", "stored", "uuid"),
        Index("files_instance_orthanc", "orthanc"),
        Index("files_instance_study", "study"),
    )

    uuid: str = Field(primary_key=True, sa_type=TEXT)
    orthanc: str = Field(sa_type=TEXT)
    sop: str = Field(unique=True, sa_type=TEXT)
    study: str = Field(sa_type=TEXT)
    series: str = Field(sa_type=TEXT)
    name: str = Field(default="", sa_type=TEXT)
    size: int = Field(sa_type=BigInteger)
    stored: int = Field(sa_type=BigInteger)
    facts: str = Field(sa_type=TEXT)


class FilesProgress(SQLModel, table=True):
    """How far `ledger.catch_up` has come in the archive; one row.

    Nothing at or below `settled` will appear any more. `reached` is what was seen at `seen_at`
    (microseconds since 1970): transactions that were open then may still put rows below it.
    """

    __tablename__ = "files_progress"

    id: int = Field(default=1, primary_key=True)
    settled: int = Field(default=0, sa_type=BigInteger)
    reached: int = Field(default=0, sa_type=BigInteger)
    seen_at: int = Field(default=0, sa_type=BigInteger)


class FilesDamaged(SQLModel, table=True):
    """A file that was sent and could not be stored, kept aside with the reason."""

    __tablename__ = "files_damaged"

    id: str = Field(default_factory=lambda: str(uuid4()), primary_key=True, sa_type=TEXT)
    name: str = Field(sa_type=TEXT)
    reason: str = Field(sa_type=TEXT)
    size: int = Field(sa_type=BigInteger)
    sha256: bytes = Field(sa_type=LargeBinary, unique=True)
    key: str = Field(sa_type=TEXT)
    received: int = Field(sa_type=BigInteger, index=True)
    sender: str = Field(default="", sa_type=TEXT)


class FilesImage(SQLModel, table=True):
    """One image of an exam, as it was registered; every field as it was sent.

    `description` may be long, the others are short. `registered` in microseconds since 1970.
    """

    __tablename__ = "files_image"
    __table_args__ = (Index("files_image_exam", "exam_id", "registered", "image_id"),)

    image_id: str = Field(default_factory=lambda: str(uuid4()), primary_key=True, sa_type=TEXT)
    exam_id: str = Field(sa_type=TEXT)
    study_uid: str = Field(sa_type=TEXT)
    series_uid: str = Field(sa_type=TEXT)
    sop_uid: str = Field(sa_type=TEXT)
    acquired: str = Field(sa_type=TEXT)
    modality: str = Field(sa_type=TEXT)
    description: str = Field(sa_type=TEXT)
    url: str | None = Field(default=None, sa_type=TEXT)
    orthanc_id: str | None = Field(default=None, sa_type=TEXT)
    registered: int = Field(sa_type=BigInteger)
    registered_by: str = Field(default="", sa_type=TEXT)


_MODELS: list[type[SQLModel]] = [FilesInstance, FilesProgress, FilesDamaged, FilesImage]
TABLES = [SQLModel.metadata.tables[str(model.__tablename__)] for model in _MODELS]
INSTANCE = SQLModel.metadata.tables["files_instance"]


def now() -> int:
    """Microseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1_000_000)


def moment(microseconds: int) -> datetime:
    """The same as a time in UTC."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)
