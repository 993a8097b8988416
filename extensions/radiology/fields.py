"""What the fields of studies, series and images may hold: types that validate and clean."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dicomweb.resources import is_uid
from extensions.json_api import Line
from extensions.radiology.modalities import MODALITIES
from extensions.radiology.wording import clock_of

# Of a filter that takes a list.
SEVERAL = "One, or several: repeated, or with commas."
_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O", "unknown": ""}

# What a DICOM file takes (PS3.5 6.2): a Secondary Capture carries these of its order.
SHORT, LONG, _GROUP = 16, 64, 64


def _line(text: str) -> str:
    """One line without the characters that DICOM gives a meaning of its own."""
    cleaned = " ".join(text.split())
    if "\\" in cleaned or not cleaned.isprintable():
        raise ValueError("no backslash and no control character may stand here")
    return cleaned


def _identifier(text: str) -> str:
    """What other systems know somebody or something by: taken as it is, or not at all."""
    found = text.strip()
    if "\\" in found or not found.isprintable():
        raise ValueError("no backslash and no control character may stand here")
    return found


def required(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _person(text: str) -> str:
    groups = text.split("=")
    if len(groups) > 3 or any(len(group) > _GROUP or group.count("^") > 4 for group in groups):
        raise ValueError("a name has at most 64 characters, as Family^Given or as it is written")
    return text


def _modality(text: str) -> str:
    if text.upper() not in MODALITIES:
        raise ValueError(f"it must be one of {', '.join(MODALITIES)}")
    return text.upper()


def _code(text: str) -> str:
    if not re.fullmatch("[A-Za-z0-9 _]{1,16}", text):
        raise ValueError("it must be the code of a modality, as in CT")
    return text.upper()


def _body_part(text: str) -> str:
    found = text.upper()
    if not re.fullmatch("[A-Z0-9 _]{0,16}", found):
        raise ValueError("at most 16 letters, digits, blanks and underscores, as in CHEST")
    return found


def _birth_date(value: str) -> str:
    if value and _day(value) > date.today().isoformat():
        raise ValueError("it lies in the future")
    return _day(value) if value else ""


def _day(value: str) -> str:
    """`YYYY-MM-DD` of a date, of a DICOM date, or of a date and time."""
    if re.fullmatch("[0-9]{8}", value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date must be spelt YYYY-MM-DD")
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise ValueError("there is no such date, spelt YYYY-MM-DD") from None


def _clock(value: str) -> str:
    found = clock_of(value)
    if not found:
        raise ValueError("a time must be spelt HH:MM or HH:MM:SS")
    return found


def _uid(text: str) -> str:
    if not is_uid(text) or len(text) > 64:
        raise ValueError("a UID is digits in groups joined by dots, 64 characters at most")
    return text


def _optional(value: Any) -> Any:
    """null is what is not known, as is the empty text."""
    return "" if value is None else value


def _sex(value: Any) -> Any:
    """Also as FHIR and people spell it."""
    if not isinstance(value, str):
        return _optional(value)
    return _SEXES.get(value.strip().lower(), value)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def absent(value: Any) -> Any:
    return None if value == "" else value


Cleaned = Annotated[Line, AfterValidator(_line)]
Identifier = Annotated[Line, AfterValidator(_identifier)]
Priority = Annotated[Literal["routine", "urgent", "asap", "stat"], BeforeValidator(_lower)]
Given = BeforeValidator(_optional)
Title = Annotated[Cleaned, Field(max_length=LONG), Given]
Name = Annotated[Cleaned, AfterValidator(_person), Given]
Birth = Annotated[Cleaned, AfterValidator(_birth_date), Given]
Sex = Annotated[Literal["M", "F", "O", ""], BeforeValidator(_sex)]
BodyPart = Annotated[Cleaned, AfterValidator(_body_part), Given]
PatientId = Annotated[Identifier, Field(max_length=LONG), AfterValidator(required)]
OrderId = Annotated[Identifier, Field(max_length=255), Given]
Account = Annotated[Cleaned, Field(max_length=255), Given]
Day = Annotated[Cleaned, AfterValidator(_day)]
Clock = Annotated[Cleaned, AfterValidator(_clock)]
ModalityCode = Annotated[Cleaned, AfterValidator(_modality)]
Code = Annotated[Cleaned, AfterValidator(_code)]
Uid = Annotated[Cleaned, AfterValidator(_uid)]
Maybe = Annotated[str | None, BeforeValidator(absent)]
