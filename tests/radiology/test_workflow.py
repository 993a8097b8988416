"""The workflow of a study: the steps of the document, others, and who took them."""

import pytest

from extensions.radiology.workflow import ORDER, Status, is_back, possible
from tests.radiology.radiology_api import Api, picture, sentence


def _step(api: Api, study: str, status: str, reason: str | None = None) -> int:
    body = {"status": status, "reason": reason}
    code: int = api("PUT", f"/studies/{study}/status", body).status_code
    return code


def test_the_steps_of_the_document_are_taken_in_turn(api: Api) -> None:
    study = api.study()["id"]
    for status in ("in_progress", "completed", "reported"):
        assert _step(api, study, status) == 200
    history = api.get(f"/studies/{study}/history")
    assert [step["toStatus"] for step in history] == ["in_progress", "completed", "reported"]
    assert history[0]["fromStatus"] == "scheduled"
    assert {step["by"] for step in history} == {"anonymous"}
    assert history[0]["at"] < history[2]["at"]
    assert api.get(f"/studies/{study}")["status"] == "reported"


def test_every_status_can_be_reached_one_by_one(api: Api) -> None:
    study = api.study()["id"]
    for status in ORDER[1:]:
        assert _step(api, study, str(status)) == 200


def test_the_same_status_again_changes_nothing(api: Api) -> None:
    study = api.study()
    assert _step(api, study["id"], "scheduled") == 200
    assert api.get(f"/studies/{study['id']}")["version"] == study["version"]
    assert api.get(f"/studies/{study['id']}/history") == []


def test_a_step_back_needs_a_reason(api: Api) -> None:
    study = api.study()["id"]
    _step(api, study, "completed")
    answer = api("PUT", f"/studies/{study}/status", {"status": "arrived"})
    assert answer.status_code == 400
    assert sentence(answer).startswith("reason: ")
    assert _step(api, study, "arrived", "  ") == 400
    assert _step(api, study, "arrived", "The wrong patient was marked.") == 200
    assert api.get(f"/studies/{study}/history")[-1]["reason"] == "The wrong patient was marked."


def test_what_is_cancelled_comes_back_with_a_reason_only(api: Api) -> None:
    study = api.study()["id"]
    assert _step(api, study, "cancelled") == 200
    assert _step(api, study, "completed") == 400
    assert api.post_file(f"/studies/{study}/upload", picture()).status_code == 409
    assert api("POST", f"/studies/{study}/series", {}).status_code == 409
    assert _step(api, study, "scheduled", "It was another patient's.") == 200


def test_an_impossible_step_is_409_and_says_what_is_possible(api: Api) -> None:
    study = api.study()["id"]
    _step(api, study, "reported")
    answer = api("PUT", f"/studies/{study}/status", {"status": "cancelled"})
    assert answer.status_code == 409
    assert "verified" in sentence(answer)


@pytest.mark.parametrize("body", [{}, {"status": "done"}, {"status": None}, {"status": ["read"]}])
def test_a_wrong_status_is_400_and_named(api: Api, body: dict[str, object]) -> None:
    answer = api("PUT", f"/studies/{api.study()['id']}/status", body)
    assert answer.status_code == 400
    assert "status" in sentence(answer)


def test_images_take_a_scheduled_study_in_progress(api: Api) -> None:
    study = api.study()["id"]
    api.upload(study, picture(), "a.png")
    told = api.get(f"/studies/{study}")
    assert told["status"] == "in_progress"
    assert told["history"][0]["reason"] == "images arrived"
    assert told["nextStatuses"][0] == "completed"


def test_a_study_is_assigned_and_ranked(api: Api) -> None:
    path = f"/studies/{api.study()['id']}"
    assigned = api("PUT", path + "/assignment", {"assignedTo": "dr.ü"})
    assert assigned.json()["data"]["assignedTo"] == "dr.ü"
    ranked = api("PUT", path + "/priority", {"priority": "stat"})
    assert ranked.json()["data"]["priority"] == "stat"
    nobody = api("PUT", path + "/assignment", {"assignedTo": None})
    assert nobody.json()["data"]["assignedTo"] is None
    assert nobody.json()["data"]["version"] == 4


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/assignment", {}, "assignedTo"),
        ("/assignment", {"assignedTo": 1}, "assignedTo"),
        ("/priority", {"priority": "now"}, "priority"),
        ("/priority", {}, "priority"),
    ],
)
def test_a_wrong_assignment_or_priority_is_named(
    api: Api, path: str, body: dict[str, object], named: str
) -> None:
    answer = api("PUT", f"/studies/{api.study()['id']}{path}", body)
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{named}: ")


def test_every_step_is_forward_back_or_a_cancellation() -> None:
    for current in Status:
        for to in Status:
            if current is not to and to not in possible(current) and not is_back(current, to):
                assert to is Status.CANCELLED
