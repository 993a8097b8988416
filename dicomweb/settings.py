"""Every DICOMWEB_ setting, typed, in one place: the environment, or a TOML file (`--config`)."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dicomweb.access.permissions import GRANTED, ROLES

PREFIX = "DICOMWEB_"
DEFAULT_EXTENSIONS = (
    "extensions.accounts",
    "extensions.audit",
    "extensions.deletion",
    "extensions.files",
    "extensions.openapi",
    "extensions.pages",
    "extensions.radiology",
    "extensions.viewer",
)

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
    auth: Literal["none", "local", "oidc"] = Field(
        default="none",
        description="Who may come in. none: everybody who reaches a loopback address; local: "
        "accounts in the database; oidc: tokens of an OpenID provider.",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Listen on any address although auth is none (as --allow-anonymous).",
    )
    secret: str = Field(
        default="",
        repr=False,
        description="What tokens are signed with, 32 characters or more; several servers of one "
        "database need the same. By default made at the first start, in the data folder.",
    )
    secret_file: str = Field(default="", description="The file that holds DICOMWEB_SECRET.")
    admin_password: str = Field(
        default="",
        repr=False,
        description="Password of the account `admin`, made at a start without any account.",
    )
    admin_password_file: str = Field(
        default="", description="The file that holds DICOMWEB_ADMIN_PASSWORD."
    )
    oidc_issuer: str = Field(
        default="",
        validate_default=True,
        description="The OpenID provider, as its tokens name it in `iss`.",
    )
    oidc_audience: str = Field(
        default="",
        validate_default=True,
        description="What tokens for this server name in `aud`.",
    )
    oidc_client_id: str = Field(
        default="",
        description="What the provider calls this server: people log in there, and come back to "
        "/api/auth/oidc/callback. Without it pages are opened by a token alone.",
    )
    oidc_client_secret: str = Field(
        default="",
        repr=False,
        description="What this server proves that by, where the provider has given it a secret.",
    )
    oidc_client_secret_file: str = Field(
        default="", description="The file that holds DICOMWEB_OIDC_CLIENT_SECRET."
    )
    oidc_login_scopes: Words = Field(
        default=(),
        description="What is asked for at a person's login besides openid; by default profile, and "
        "roles and groups of a provider that has them. Comma-separated.",
    )
    oidc_claims: Words = Field(
        default=("roles", "groups", "realm_access.roles"),
        description="Dotted paths of the claims that hold a person's roles. Comma-separated.",
    )
    oidc_roles: Words = Field(
        default=tuple(f"{role}={role}" for role in ROLES),
        description="Which values of these claims are which of our roles, as "
        "pacs-admins=admin. Comma-separated.",
    )
    oidc_scopes: Words = Field(
        default=(
            "dicom:read=radiology:view",
            "dicom:write=radiology:upload+radiology:create+radiology:edit+radiology:annotate",
            "dicom:delete=radiology:manage",
        ),
        description="Which scopes are which of our permissions, joined by +; a permission's own "
        "name is one, too. Comma-separated.",
    )
    log: Literal["text", "json"] = Field(
        default="text", description="How the lines of the log are written."
    )
    log_requests: bool = Field(
        default=False,
        description="A line of the log for each request: method, path, status; never its query.",
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
    import_dir: str = Field(
        default="",
        description="The only folder that `POST /dicom` with a path may read; unset: off.",
    )
    require_if_match: bool = Field(
        default=False,
        description="Changes through our own APIs need If-Match with the ETag that was read (428).",
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

    @field_validator(
        *("trusted_proxies", "cors_origins", "extensions"),
        *("oidc_claims", "oidc_roles", "oidc_scopes", "oidc_login_scopes"),
        mode="before",
    )
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

    @field_validator("secret")
    @classmethod
    def _long(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("it has 32 characters or more")
        return value

    @field_validator("oidc_issuer", "oidc_audience")
    @classmethod
    def _needed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("auth") == "oidc" and not value:
            raise ValueError("DICOMWEB_AUTH=oidc needs it")
        if value and info.field_name == "oidc_issuer" and "://" not in value:
            raise ValueError("it begins with https:// (http:// only on a network that you trust)")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [word for word in value if word.rpartition("=")[2] not in ROLES]:
            raise ValueError(f"{wrong[0][:60]} names none of {', '.join(ROLES)}")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            named = word.rpartition("=")[2].split("+")
            if wrong := [name for name in named if name not in GRANTED]:
                raise ValueError(f"{wrong[0][:60]} is no permission, as radiology:view is")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it begins with http:// or https://")
        return value.rstrip("/")

    @property
    def oidc_flow(self) -> bool:
        """Whether people log in to our pages at the provider."""
        return self.auth == "oidc" and self.oidc_client_id != ""

    @property
    def index_url(self) -> str:
        """The database's URL, SQLite in the data folder by default."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'index.sqlite'}"

    def make_data_dir(self) -> None:
        """The data folder, where it is not there yet: nobody else on this machine may look in."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

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
