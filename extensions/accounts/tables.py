"""The tables of accounts, logins, API keys, share links, and of failed attempts to get in.

Times are whole seconds since 1970, UTC; 0 stands for never.
"""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlmodel import BigInteger, Column, Field, Session, SQLModel, Text, col, insert, update


def now() -> int:
    return int(time.time())


def moment(seconds: int) -> datetime:
    """A time of these tables as JSON shows it."""
    return datetime.fromtimestamp(seconds, UTC)


def new_id() -> str:
    return str(uuid4())


def _time() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False))


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False))


class Account(SQLModel, table=True):
    """A person or a program of DICOMWEB_AUTH=local. `key` is the name as it is looked up."""

    __tablename__ = "accounts_account"

    id: str = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True)
    name: str
    role: str
    password: str = _text()  # its Argon2id hash
    disabled: bool = False
    created: int = _time()


class Login(SQLModel, table=True):
    """What somebody logged in to: a family of refresh tokens ("token"), or a browser ("page").

    `turn` counts the refresh tokens that were given; only the last is good. `account` is empty for
    somebody of an OpenID provider, who is then `name` with these `permissions`.
    """

    __tablename__ = "accounts_login"

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str
    account: str = Field(default="", index=True)
    name: str = _text()
    role: str = ""
    permissions: str = _text()
    turn: int = 0
    created: int = _time()
    expires: int = _time()
    ended: int = _time()


class ApiKey(SQLModel, table=True):
    """A key for scripts; `digest` is the SHA-256 of its secret half, which has 256 random bits."""

    __tablename__ = "accounts_key"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    digest: str
    permissions: str
    creator: str
    created: int = _time()
    expires: int = _time()
    ended: int = _time()


class Share(SQLModel, table=True):
    """A link that opens one study; its token is signed, and not kept."""

    __tablename__ = "accounts_share"

    id: str = Field(default_factory=new_id, primary_key=True)
    study: str = Field(index=True)
    label: str = _text()
    creator: str
    created: int = _time()
    expires: int = _time()
    ended: int = _time()


class Attempt(SQLModel, table=True):
    """How often somebody, or an address, has tried in vain; `subject` is a digest of which."""

    __tablename__ = "accounts_attempt"

    subject: str = Field(primary_key=True)
    count: int = 0
    until: int = _time()  # no attempt before this
    seen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, index=True))


class Change(SQLModel, table=True):
    """One row: how often something was taken away from anybody. Every worker watches it."""

    __tablename__ = "accounts_change"

    id: int = Field(primary_key=True)
    number: int = _time()


class ProviderLogin(SQLModel, table=True):
    """What an OpenID provider has given for a browser's login, which has the same id.

    `sealed` holds its tokens, encrypted. They are good `until`; from `due` on they are renewed, 0
    where that is not possible; `tried` is when somebody last began to.
    """

    __tablename__ = "accounts_provider"

    id: str = Field(primary_key=True)
    sealed: str = _text()
    due: int = _time()
    until: int = _time()
    tried: int = _time()


_TABLES = (Account, Login, ApiKey, Share, Attempt, Change)


def create(connection: Any) -> None:
    """The first step of the schema."""
    tables = [SQLModel.metadata.tables[str(each.__tablename__)] for each in _TABLES]
    SQLModel.metadata.create_all(connection, tables=tables)
    connection.execute(insert(Change).values(id=1, number=0))


def create_provider(connection: Any) -> None:
    """The second step: logins at a provider."""
    table = SQLModel.metadata.tables[ProviderLogin.__tablename__]
    SQLModel.metadata.create_all(connection, tables=[table])


def announce(session: Session) -> None:
    """Let all workers forget what they remember of tokens, once the transaction is committed."""
    session.exec(update(Change).where(col(Change.id) == 1).values(number=Change.number + 1))
