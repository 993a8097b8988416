"""The permissions that routes name, and who has them (the contract's roles)."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a route may demand. PUBLIC demands nothing, KNOWN a valid token, whatever it may do."""

    PUBLIC = "public"
    KNOWN = "known"
    VIEW = "radiology:view"
    CREATE = "radiology:create"
    EDIT = "radiology:edit"
    UPLOAD = "radiology:upload"
    ANNOTATE = "radiology:annotate"
    REPORT = "radiology:report"
    MANAGE = "radiology:manage"


EVERYTHING = frozenset(Permission)
# What roles, keys and scopes give; the other two are nobody's to give.
GRANTED = tuple(Permission)[2:]

ROLES: dict[str, frozenset[Permission]] = {
    "admin": EVERYTHING,
    "radiologist": frozenset(
        {Permission.VIEW, Permission.EDIT, Permission.ANNOTATE, Permission.REPORT}
    ),
    "radiology_tech": EVERYTHING - {Permission.MANAGE},
    "doctor": frozenset({Permission.VIEW}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request, and what they may; `studies` are all they see, None: every study.

    `role` is empty where permissions were given one by one. `account` is the id of an account of
    ours, `session` that of what they logged in to, `csrf` what their forms carry; each may be
    empty.
    """

    name: str
    permissions: frozenset[Permission]
    studies: frozenset[str] | None = None
    role: str = ""
    account: str = ""
    session: str = ""
    csrf: str = ""

    def may(self, permission: Permission) -> bool:
        return (
            permission in self.permissions
            or permission is Permission.PUBLIC
            or (permission is Permission.KNOWN and self.name != "")
        )

    def sees(self, study: str) -> bool:
        """Whether the study of this Study Instance UID exists for them."""
        return self.studies is None or study in self.studies

    @property
    def granted(self) -> list[str]:
        """Their permissions by name, in the order of the contract."""
        return [each.value for each in GRANTED if each in self.permissions]


def is_ours(name: str) -> bool:
    """Whether a name stands for nobody, or for what is no person: the trail must not mix them up.

    Of people at a provider some may choose how they are called.
    """
    return name.casefold() in ("", "anonymous", "lightbox") or name.startswith(
        ("key:", "share:", "shell:")
    )


ANONYMOUS_ADMIN = Principal("anonymous", EVERYTHING, role="admin")
NOBODY = Principal("", frozenset())
