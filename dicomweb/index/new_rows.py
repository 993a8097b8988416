"""New rows of studies, series and instances, from the elements of the instance that came first."""

from typing import Any

from dicomweb.attributes import PROCEDURE_ID, STEP_ID
from dicomweb.index import fragments
from dicomweb.index.values import (
    Elements,
    clock,
    day,
    element,
    groups,
    moment,
    number,
    text,
    texts,
    words,
)

_REQUEST = "00400275"


def study(elements: Elements, uid: str, time: int) -> dict[str, Any]:
    """The row of a new study without members; `time` is that of the clock in microseconds."""
    date_, clock_ = day(_first(elements, "00080020")), clock(_first(elements, "00080030"))
    return {
        "uid": uid,
        "created": time,
        "changed": time,
        "moment": moment(date_, clock_),
        "study_time": clock_,
        "patient_id": text(elements, "00100020"),
        **_name(elements, "patient", "00100010"),
        "birth_date": day(_first(elements, "00100030")),
        "sex": text(elements, "00100040"),
        "accession": text(elements, "00080050"),
        "study_id": text(elements, "00200010"),
        "description": text(elements, "00081030"),
        **_name(elements, "referring", "00080090"),
        "modalities": "",
        "sop_classes": "",
        "series_count": 0,
        "instance_count": 0,
        "size": 0,
        "fragment": fragments.study(elements, uid),
    }


def series(elements: Elements, study_uid: str, uid: str, time: int) -> dict[str, Any]:
    """The row of a new series without members and without its study's key."""
    return {
        "uid": uid,
        "created": time,
        "changed": time,
        "number": number(elements, "00200011"),
        "modality": text(elements, "00080060"),
        "description": text(elements, "0008103E"),
        "body_part": text(elements, "00180015"),
        "started_date": day(_first(elements, "00400244")),
        "started_time": clock(_first(elements, "00400245")),
        "sop_classes": "",
        "instance_count": 0,
        "size": 0,
        "fragment": fragments.series(elements, study_uid, uid),
    }


def requests(elements: Elements) -> list[dict[str, str]]:
    """One row for each item of the Request Attributes Sequence."""
    items = element(elements, _REQUEST).get("Value") or ()
    return [
        {"step_id": _item(item, STEP_ID), "procedure_id": _item(item, PROCEDURE_ID)}
        for item in items
        if isinstance(item, dict)
    ]


def _item(item: dict[str, Any], tag: str) -> str:
    return "\\".join(texts(item.get(tag) or {}))


def _first(elements: Elements, tag: str) -> str:
    values = texts(element(elements, tag))
    return values[0] if values else ""


def _name(elements: Elements, person: str, tag: str) -> dict[str, str]:
    """The columns of a person's name (see `tables.Study`)."""
    name = _first(elements, tag)
    alphabetic, ideographic, phonetic = groups(name)
    found = words(name)
    return {
        f"{person}_name": alphabetic,
        f"{person}_ideographic": ideographic,
        f"{person}_phonetic": phonetic,
        # A space before each, so that the beginning of a word can be looked for.
        f"{person}_words": f" {' '.join(found)} " if found else "",
    }
