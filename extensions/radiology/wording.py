"""Texts of people and files as study rows keep them, and as the free text search compares them."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, time

import orjson

from extensions.radiology.tables import PRIORITIES, RadiologyStudy

# What the free text search looks in.
SEARCHED = (
    "patient_name",
    "patient_id",
    "accession_number",
    "study_description",
    "referring_physician",
    "order_id",
)

# Other ways to end a line, as word processors paste them. (Compiled at the first use: 10 ms.)
_LINE_ENDS = "\r\n?|[\v\f\x85\u2028\u2029]"
# What neither XML nor DICOM lets into a text (PS3.5 6.1.3, XML 1.0 2.2).
_UNPRINTABLE = "[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]"
# A printed report of so many lines is a hundred pages.
MAX_LINES = 5_000


def cleaned(text: str) -> str:
    """Text as it is kept: lines end with LF, nothing stands behind the last letter."""
    text = re.sub(_LINE_ENDS, "\n", text)
    if re.search(_UNPRINTABLE, text):
        raise ValueError("it holds a control character, which no text does")
    if text.count("\n") > MAX_LINES:
        raise ValueError(f"it has more than {MAX_LINES} lines")
    return text.rstrip()


def folded(text: str) -> str:
    """Without case, accents and width; the carets of a name are spaces."""
    bare = text.replace("^", " ").replace("=", " ")
    if bare.isascii():
        return " ".join(bare.lower().split())
    decomposed = unicodedata.normalize("NFKD", bare).casefold()
    kept = "".join(one for one in decomposed if not unicodedata.combining(one))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def words_of(row: Mapping[str, str]) -> str:
    """The column `words` of a study row with these columns."""
    return " ".join(filter(None, (folded(row.get(name) or "") for name in SEARCHED)))


def moment_of(study_date: str, study_time: str) -> str:
    """The column `moment`; empty for an unknown date, so that it sorts last."""
    return f"{study_date}T{study_time or '00:00:00'}" if study_date else ""


def settle(study: RadiologyStudy) -> None:
    """The columns that follow from others, after a change of those."""
    study.words = words_of({name: getattr(study, name) for name in SEARCHED})
    study.moment = moment_of(study.study_date, study.study_time)
    study.urgency = PRIORITIES.index(study.priority)


def element(elements: Mapping[str, bytes], tag: str) -> str:
    """The first value of an element of DICOM JSON as text; of a name, its groups joined by `=`."""
    found = elements.get(tag)
    if not found:
        return ""
    return value_text(orjson.loads(found.replace(b"\x01", b"")))


def value_text(parsed: Mapping[str, object]) -> str:
    """The same of a parsed element; empty where it has no value."""
    values = parsed.get("Value")
    first = values[0] if isinstance(values, list) and values else None
    if isinstance(first, dict):
        groups = (str(first.get(one, "")) for one in ("Alphabetic", "Ideographic", "Phonetic"))
        first = "=".join(groups).rstrip("=")
    return "" if first is None else str(first).replace("\0", "").strip()


def day_of(value: str) -> str:
    """`YYYY-MM-DD` of a DA, `YYYY.MM.DD` included; empty where it is no date."""
    digits = value.replace(".", "") if len(value) == 10 else value
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return ""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return ""


def clock_of(value: str) -> str:
    """`HH:MM:SS` of a TM, `HH:MM:SS` included; empty where it is no time."""
    digits = value.replace(":", "").partition(".")[0]
    if len(digits) not in (2, 4, 6) or not (digits.isascii() and digits.isdigit()):
        return ""
    hours, minutes, seconds = (int(digits[n : n + 2] or 0) for n in (0, 2, 4))
    try:
        return time(hours, minutes, min(seconds, 59)).isoformat()
    except ValueError:
        return ""
