"""The Store Instances Response Module: Table I.1-1, and what clients read of it."""

import json

import pydicom
import pytest

from dicomweb.wire.store_response import (
    FailedInstance,
    StoredInstance,
    store_response,
    store_response_json,
)


def test_all_stored() -> None:
    response = store_response(
        [StoredInstance("1.2", "1.3", "http://h/studies/1/series/2/instances/1.3")],
        retrieve_url="http://h/studies/1",
    )
    assert json.loads(store_response_json(response)) == {
        "00081190": {"vr": "UR", "Value": ["http://h/studies/1"]},
        "00081199": {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": {"vr": "UI", "Value": ["1.2"]},
                    "00081155": {"vr": "UI", "Value": ["1.3"]},
                    "00081190": {
                        "vr": "UR",
                        "Value": ["http://h/studies/1/series/2/instances/1.3"],
                    },
                }
            ],
        },
    }


def test_pydicom_reads_every_kind_of_outcome() -> None:
    modified = {"04000563": {"vr": "LO", "Value": ["Lightbox"]}}
    response = store_response(
        [StoredInstance("1.2", "1.3", "u", 0xB000, [modified])],
        [FailedInstance("1.2", "1.4", 0x0111, "It is kept."), FailedInstance("", "", 0xC000)],
    )
    dataset = pydicom.Dataset.from_json(response)
    assert "Value" not in response["00081190"]
    assert dataset.ReferencedSOPSequence[0].WarningReason == 0xB000
    original = dataset.ReferencedSOPSequence[0].OriginalAttributesSequence[0]
    assert original.ModifyingSystem == "Lightbox"
    assert dataset.FailedSOPSequence[0].FailureReason == 0x0111
    assert dataset.FailedSOPSequence[0].ReferencedSOPInstanceUID == "1.4"
    assert dataset.FailedSOPSequence[0][0x00000902].value == "It is kept."
    assert dataset.OtherFailuresSequence[0].FailureReason == 0xC000


@pytest.mark.parametrize(
    ("sentence", "comment"),
    [
        ("a" * 64, "a" * 64),
        ("a" * 65, "a" * 60 + " ..."),
        ("word " * 13, "word " * 11 + "word ..."),
    ],
)
def test_a_comment_has_whole_words_as_many_as_fit(sentence: str, comment: str) -> None:
    response = store_response([], [FailedInstance("1.2", "1.4", 0x0110, sentence)])
    assert response["00081198"]["Value"][0]["00000902"]["Value"] == [comment]
    assert len(comment) <= 64


def test_each_warning_is_said_in_words() -> None:
    one = StoredInstance("1.2", "1.3", "u", 0xB007, comments=["No preamble."])
    two = StoredInstance("1.2", "1.4", "u", 0xB007, comments=["No preamble.", "An odd length."])
    found = pydicom.Dataset.from_json(store_response([one, two])).ReferencedSOPSequence
    assert [item[0x00000902].value for item in found] == ["No preamble."] * 2
    assert "FailedAttributesSequence" not in found[0]
    listed = [item[0x00000902].value for item in found[1].FailedAttributesSequence]
    assert listed == ["No preamble.", "An odd length."]


@pytest.mark.parametrize("uids", [("1.2", ""), ("", "1.4"), ("", "")])
def test_a_failure_without_its_uids_is_another_failure(uids: tuple[str, str]) -> None:
    response = store_response([], [FailedInstance(*uids, 0xC000)])
    assert "00081198" not in response
    assert response["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]


def test_sequences_without_items_are_left_out() -> None:
    assert store_response([]) == {"00081190": {"vr": "UR"}}


def test_tags_are_sorted_at_every_level() -> None:
    failed = [FailedInstance("1.2", "1.4", 0x0110, "why"), FailedInstance("", "", 0x0110)]
    response = store_response([StoredInstance("1", "2", "u", 1, [{}], ["a", "b"])], failed)
    levels = [response, *(item for each in response.values() for item in each.get("Value", ()))]
    assert all([*level] == sorted(level) for level in levels if isinstance(level, dict))
