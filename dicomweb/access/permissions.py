"""The permissions that routes name, and who has them (the contract's roles)."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a route may demand. PUBLIC demands nothing, not even a token."""

    PUBLIC = "public"
    VIEW = "radiology:view"
    CREATE = "radiology:create"
    EDIT = "radiology:edit"
    UPLOAD = "radiology:upload"
    ANNOTATE = "radiology:annotate"
    REPORT = "radiology:report"
    MANAGE = "radiology:manage"


EVERYTHING = frozenset(Permission)

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
    """Who sends a request, and what they may; `studies` are all they see, None: every study."""

    name: str
    permissions: frozenset[Permission]
    studies: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        return permission is Permission.PUBLIC or permission in self.permissions

    def sees(self, study: str) -> bool:
        """Whether the study of this Study Instance UID exists for them."""
        return self.studies is None or study in self.studies


ANONYMOUS_ADMIN = Principal("anonymous", EVERYTHING)
