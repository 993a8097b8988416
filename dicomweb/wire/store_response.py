"""The answer to a store: the Store Instances Response Module (PS3.18 Table I.1-1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from dicomweb.wire.json_model import JsonObject

_MAX_COMMENT = 64  # characters of an LO


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One that is stored; a warning reason (Table I.2-1) if it was with doubts, else 0.

    `original_attributes` are items of the Original Attributes Sequence, as DICOM JSON;
    `comments` say each doubt in a sentence.
    """

    sop_class: str
    sop_instance: str
    retrieve_url: str = ""
    warning_reason: int = 0
    original_attributes: Sequence[JsonObject] = field(default=())
    comments: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FailedInstance:
    """One that is not stored: its failure reason (Table I.2-2) and a sentence, perhaps.

    Where a UID could not be read, it belongs in the Other Failures Sequence and is put there.
    """

    sop_class: str
    sop_instance: str
    failure_reason: int
    comment: str = ""


def store_response(
    stored: Iterable[StoredInstance],
    failed: Iterable[FailedInstance] = (),
    *,
    retrieve_url: str = "",
) -> JsonObject:
    """The module as one DICOM JSON object; sequences without items are left out.

    `retrieve_url` is that of the study, empty when there are several or nothing is stored.
    """
    failures: list[JsonObject] = []
    others: list[JsonObject] = []
    for each in failed:
        (failures if each.sop_class and each.sop_instance else others).append(_failure(each))
    sequences = {
        "00081198": failures,
        "00081199": [_success(each) for each in stored],
        "0008119A": others,
    }
    response: JsonObject = {"00081190": _text("UR", retrieve_url)}
    response.update(
        (tag, {"vr": "SQ", "Value": items}) for tag, items in sequences.items() if items
    )
    return response


def store_response_json(response: JsonObject) -> bytes:
    """The module in bytes: a single object, as the Standard's example and all clients have it."""
    return orjson.dumps(response)


def _success(instance: StoredInstance) -> JsonObject:
    item: JsonObject = {
        "00081150": _text("UI", instance.sop_class),
        "00081155": _text("UI", instance.sop_instance),
        "00081190": _text("UR", instance.retrieve_url),
    }
    if instance.comments:
        item = {"00000902": _comment(instance.comments[0]), **item}
    if instance.warning_reason:
        item["00081196"] = {"vr": "US", "Value": [instance.warning_reason]}
    if len(instance.comments) > 1:
        # (0074,1048) Failed Attributes Sequence: Microsoft's server lists its warnings there.
        each = [{"00000902": _comment(comment)} for comment in instance.comments]
        item["00741048"] = {"vr": "SQ", "Value": each}
    if instance.original_attributes:
        item["04000561"] = {"vr": "SQ", "Value": list(instance.original_attributes)}
    return item


def _failure(instance: FailedInstance) -> JsonObject:
    item: JsonObject = {}
    if instance.comment:
        # (0000,0902) Error Comment: what dcm4chee and Microsoft's server say it with.
        item["00000902"] = _comment(instance.comment)
    if instance.sop_class and instance.sop_instance:
        item["00081150"] = _text("UI", instance.sop_class)
        item["00081155"] = _text("UI", instance.sop_instance)
    item["00081197"] = {"vr": "US", "Value": [instance.failure_reason]}
    return item


def _comment(sentence: str) -> JsonObject:
    """As many words as an LO has room for."""
    if len(sentence) > _MAX_COMMENT:
        words, _, _ = sentence[: _MAX_COMMENT - 3].rpartition(" ")
        sentence = f"{words or sentence[: _MAX_COMMENT - 4]} ..."
    return _text("LO", sentence)


def _text(vr: str, value: str) -> JsonObject:
    return {"vr": vr, "Value": [value]} if value else {"vr": vr}
