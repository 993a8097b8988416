"""Bodies and answers of /api/auth, as JSON has them in camelCase."""

from datetime import datetime

from pydantic import ConfigDict, Field

from extensions.json_api import Line, Shape


class Me(Shape):
    """Who the caller is. `csrf` is what a page's changes carry as X-CSRF-Token."""

    name: str
    role: str
    permissions: list[str]
    csrf: str
    study_instance_uid: str | None = Field(description="The one study that a link opens.")


class NewPassword(Shape):
    """A change of one's own password."""

    current: str = Field(max_length=1024)
    password: str = Field(max_length=1024, description="8 to 1024 characters.")


class NewUser(Shape):
    """An account to be made."""

    name: Line
    role: str = Field(description="admin, radiologist, radiology_tech or doctor.")
    password: str = Field(max_length=1024, description="8 to 1024 characters.")


class UserChange(Shape):
    """What is sent changes, the rest stays."""

    role: str | None = None
    disabled: bool | None = None
    password: str | None = Field(default=None, max_length=1024)


class User(Shape):
    """An account; nobody is ever told its password."""

    id: str
    name: str
    role: str
    disabled: bool
    created: datetime


class NewKey(Shape):
    """A key to be made: for what it is, what it may, how long."""

    name: Line = Field(min_length=1)
    permissions: list[str] = Field(description="As radiology:view.")
    expires: datetime | None = Field(default=None, description="In a year, if not given.")


class TokenAnswer(Shape):
    """A token, in the words of RFC 6749 5.1."""

    model_config = ConfigDict(alias_generator=None)

    access_token: str
    token_type: str = Field(description="Bearer")
    expires_in: int = Field(description="Seconds.")
    refresh_token: str = Field(description="Good for one renewal.")


class GoOn(Shape):
    """Where a browser goes on to after its login."""

    next: str


class Key(Shape):
    """A key as it is listed."""

    id: str
    name: str
    permissions: list[str]
    creator: str
    created: datetime
    expires: datetime
    revoked: datetime | None


class MadeKey(Key):
    """A key as it is shown once."""

    key: str = Field(description="Shown now and never again: Authorization: Bearer …")


class NewShare(Shape):
    """A link to be made."""

    study_instance_uid: str = Field(min_length=1, max_length=128)
    expires: datetime | None = Field(default=None, description="In a week, if not given.")
    label: Line = ""


class ShareLink(Shape):
    """A link as it is listed."""

    id: str
    study_instance_uid: str
    label: str
    creator: str
    created: datetime
    expires: datetime
    revoked: datetime | None


class MadeShare(ShareLink):
    """A link as it is shown once."""

    url: str = Field(description="Opens the study in the viewer.")
    token: str = Field(description="The same for DICOMweb: Authorization: Bearer …")
