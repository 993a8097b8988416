"""The rows of the trail: its entries, the batches that seal them, and a row to stand in line at."""

from typing import Any

from sqlmodel import (
    BigInteger,
    Column,
    Field,
    Index,
    Integer,
    LargeBinary,
    SQLModel,
    Table,
    Text,
    insert,
    text,
)

_Number = BigInteger().with_variant(Integer, "sqlite")

_OPEN = text("batch IS NULL")


def _text() -> Column[str]:
    return Column(Text, nullable=False)


class AuditEntry(SQLModel, table=True):
    """One line. `time` in microseconds since 1970, UTC; `batch` is empty until it is sealed.

    Until the second `closes` (since 1970) its writer may still count it up.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_time", "time"),
        Index("audit_entry_study", "study"),
        Index("audit_entry_unsealed", "closes", sqlite_where=_OPEN),
    )

    pk: int | None = Field(default=None, sa_column=Column(_Number, primary_key=True))
    time: int = Field(sa_column=Column(BigInteger, nullable=False))
    action: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    outcome: str = Field(sa_column=_text())
    actor: str = Field(sa_column=_text())
    address: str = Field(sa_column=_text())
    request: str = Field(sa_column=_text())
    study: str = Field(sa_column=_text())
    series: str = Field(sa_column=_text())
    instance: str = Field(sa_column=_text())
    instances: str = Field(sa_column=_text())
    patient: str = Field(sa_column=_text())
    object: str = Field(sa_column=_text())
    detail: str = Field(sa_column=_text())
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    closes: int = Field(sa_column=Column(BigInteger, nullable=False))
    batch: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class AuditBatch(SQLModel, table=True):
    """A link of the chain: `hash` goes over the entries of the batch and `previous`.

    `first` and `last` are numbers of entries: between them are those of the batch, among others.
    """

    __tablename__ = "audit_batch"

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    time: int = Field(sa_column=Column(BigInteger, nullable=False))
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    first: int = Field(sa_column=Column(BigInteger, nullable=False))
    last: int = Field(sa_column=Column(BigInteger, nullable=False))
    previous: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditLine(SQLModel, table=True):
    """One row, locked by whoever seals: workers of all machines stand in line at it."""

    __tablename__ = "audit_line"

    pk: int = Field(sa_column=Column(Integer, primary_key=True))


ENTRY: Table = SQLModel.metadata.tables["audit_entry"]
BATCH: Table = SQLModel.metadata.tables["audit_batch"]
LINE: Table = SQLModel.metadata.tables["audit_line"]


def create(connection: Any) -> None:
    """The first step of the schema; `connection` is SQLAlchemy's."""
    SQLModel.metadata.create_all(connection, tables=[ENTRY, BATCH, LINE])
    connection.execute(insert(LINE).values(pk=1))
