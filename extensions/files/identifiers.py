"""The names of an instance: UUID, short id, Orthanc's id; each is computed, none is given twice."""

import hashlib
import re
from uuid import UUID, uuid5

# Of ours alone: other programs that name SOP Instance UIDs so do not come upon the same UUIDs.
NAMESPACE = UUID("5f0d1c3e-8a52-4d0b-9a66-3f1f7a1f6d2b")
# Digits and letters without those that look like others (0 and O, 1, l and I), in their order.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
SHORT_LENGTH = 22  # of 57 letters: the fewest that hold 128 bits

_PLACES = {letter: place for place, letter in enumerate(ALPHABET)}
_HEX = "[0-9a-fA-F]"
_UUID = re.compile(f"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}")
_ORTHANC = re.compile(f"{_HEX}{{8}}(-{_HEX}{{8}}){{4}}")


def uuid_of(sop_instance: str) -> str:
    """The UUID of an instance: the same in every archive (RFC 9562 5.5)."""
    return str(uuid5(NAMESPACE, sop_instance))


def short_of(uuid: str) -> str:
    """The same 128 bits in 22 letters."""
    number = UUID(uuid).int
    letters = []
    for _ in range(SHORT_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(reversed(letters))


def orthanc_of(*parts: str) -> str:
    """Orthanc's id of a patient, study, series or instance.

    `parts` are Patient ID, Study, Series and SOP Instance UID, as many as the level has: SHA-1 of
    them, joined by bars, in five groups. Blanks around them do not count.
    """
    digest = hashlib.sha1(
        "|".join(part.strip() for part in parts).encode(), usedforsecurity=False
    ).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def read_uuid(text: str) -> str | None:
    """The UUID that a text spells, in full or short; None where it spells none."""
    if _UUID.fullmatch(text):
        return text.lower()
    if len(text) != SHORT_LENGTH or not all(letter in _PLACES for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * len(ALPHABET) + _PLACES[letter]
    return str(UUID(int=number)) if number < 1 << 128 else None


def read_orthanc(text: str) -> str | None:
    """The Orthanc id that a text spells, or None."""
    return text.lower() if _ORTHANC.fullmatch(text) else None
