"""What a path names: a study, a series, an instance, or frames of one (PS3.18 10.1.1)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from dicomweb.errors import BadRequest

# PS3.18 5.1.1 wants at most 64 characters and no leading zeros; files in the field break both
# rules, so that a path may carry what the archive had to take (stored with a warning).
MAX_UID_LENGTH = 128


class Level(StrEnum):
    """The three levels of the Study Root information model (PS3.4 C.6.2)."""

    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


def is_uid(text: str) -> bool:
    """Whether `text` may stand in a path as a UID."""
    return (
        0 < len(text) <= MAX_UID_LENGTH
        and not text.strip("0123456789.")
        and text[0] != "."
        and text[-1] != "."
        and ".." not in text
    )


@dataclass(frozen=True, slots=True)
class Resource:
    """A study, a series of it, an instance of that; what is not named is the empty string."""

    study: str = ""
    series: str = ""
    instance: str = ""
    frames: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for uid in (self.study, self.series, self.instance):
            if uid and not is_uid(uid):
                raise BadRequest(
                    "A UID in the path is malformed: digits in groups joined by dots are right."
                )

    @property
    def level(self) -> Level:
        if self.instance:
            return Level.INSTANCE
        return Level.SERIES if self.series else Level.STUDY

    @property
    def path(self) -> str:
        """The path below the service root: `/studies/1.2/series/3.4/instances/5.6`."""
        parts = [f"/studies/{self.study}"]
        if self.series:
            parts.append(f"/series/{self.series}")
        if self.instance:
            parts.append(f"/instances/{self.instance}")
        return "".join(parts)


def parse_frames(text: str) -> tuple[int, ...]:
    """Frame numbers of a path, `1,3,5`: 1-based, in the order asked for (PS3.18 10.1.1)."""
    numbers = text.replace("%2C", ",").replace("%2c", ",").split(",")
    if not all(re.fullmatch("0*[1-9][0-9]{0,8}", number) for number in numbers):
        raise BadRequest("Frame numbers are positive integers joined by commas, as in frames/1,3.")
    return tuple(int(number) for number in numbers)
