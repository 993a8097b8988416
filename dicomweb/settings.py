"""Every DICOMWEB_ setting, typed, in one place: the environment, or a TOML file (`--config`)."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "DICOMWEB_"
DEFAULT_EXTENSIONS = ("extensions.deletion", "extensions.viewer")

Words = Annotated[tuple[str, ...], NoDecode]


class WrongSetting(Exception):
    """A setting's value is wrong: one sentence that names the variable."""


class Settings(BaseSettings):
    """What an operator may set. A field is the variable DICOMWEB_ + its name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path("data"), description="Folder of the index and the stored files."
    )
    database_url: str = Field(
        default="",
        description="Where the index is; by default SQLite in the data folder. "
        "postgresql+psycopg://user:password@host/name is the other choice.",
    )
    storage_url: str = Field(
        default="", description="Where the bytes are; by default a folder in the data folder."
    )
    auth: Literal["none"] = Field(
        default="none",
        description="Who may come in. none: everybody who reaches a loopback address.",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Listen on any address although auth is none (as --allow-anonymous).",
    )
    public_url: str = Field(
        default="",
        description="The address that clients use, when the server cannot see it itself.",
    )
    trusted_proxies: Words = Field(
        default=("127.0.0.0/8", "::1"),
        description="Whose Forwarded and X-Forwarded-* headers count: addresses or networks, "
        "comma-separated.",
    )
    cors_origins: Words = Field(
        default=(),
        description="Origins whose pages may call the server; * for all. Comma-separated.",
    )
    max_store_mb: int = Field(
        default=0,
        ge=0,
        description="Largest STOW request in MB (10^6 bytes); 0: unlimited, it streams.",
    )
    max_upload_mb: int = Field(
        default=100, ge=1, description="Largest form upload in MB (10^6 bytes), all its files."
    )
    extensions: Words = Field(
        default=DEFAULT_EXTENSIONS,
        description="Dotted names of the extensions to load. Comma-separated.",
    )
    viewer_dir: str = Field(
        default="",
        description="Folder of the OHIF build; by default where `make viewer` puts it.",
    )
    cache_mb: int = Field(
        default=64,
        ge=0,
        description="Memory for finished metadata and transcoded images, each, in MB.",
    )

    @field_validator("trusted_proxies", "cors_origins", "extensions", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            ipaddress.ip_network(word, strict=False)
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("it begins with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("storage_url")
    @classmethod
    def _storage(cls, value: str) -> str:
        if value and not value.startswith("file:///"):
            raise ValueError("it is a folder, file:///absolute/path")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it begins with http:// or https://")
        return value.rstrip("/")

    @property
    def index_url(self) -> str:
        """The database's URL, SQLite in the data folder by default."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'index.sqlite'}"

    @property
    def blob_dir(self) -> Path:
        """The folder of the stored files."""
        if self.storage_url:
            return Path(self.storage_url.removeprefix("file://"))
        return self.data_dir / "objects"


def load(config: Path | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, then the TOML file, then the defaults; `overrides` win.

    Raises WrongSetting with one sentence that names the variable.
    """
    values: dict[str, Any] = {}
    if config is not None:
        values.update(_from_toml(config))
    try:
        environment = Settings().model_dump(exclude_unset=True)
        return Settings(**{**values, **environment, **overrides})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise WrongSetting(f"{name} is wrong: {first['msg']}.") from None


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise WrongSetting(f"The file given to --config cannot be read: {fault}.") from None
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for name in table:
        if name not in known:
            raise WrongSetting(f"{name} in the --config file is no setting of this program.")
    return {known[name]: value for name, value in table.items()}
