"""Accession numbers and UIDs of our own."""

import secrets
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid4, uuid5

# Letters and digits that are not taken for one another (Crockford's).
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# ACC, eight digits and these are the 16 characters that an SH may have (PS3.5 6.2).
_RANDOM = 5


def accession_number() -> str:
    """`ACC{YYYYMMDD}{RANDOM}`, the date in UTC; one of 33 million a day."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"ACC{datetime.now(UTC):%Y%m%d}{random}"


def new_uid() -> str:
    """A UID that is made of a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid4().int}"


def series_uid(study_id: str, number: int) -> str:
    """The series of this number among those that are made here: the same whoever asks."""
    return f"2.25.{uuid5(NAMESPACE_OID, f'lightbox:{study_id}:{number}').int}"
