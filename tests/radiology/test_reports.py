"""Reports: from draft to final, verified and added to; versions, lists, concurrent edits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.radiology.radiology_api import Api, sentence
from tests.radiology.reporting import TEXTS, draft, put, report, status_of, verify


def test_the_documents_report_makes_its_study_reported(api: Api) -> None:
    study = api.study()["id"]
    body = {
        "reportType": "final",
        "findings": "Detailed findings...",
        "impression": "Clinical impression...",
        "recommendations": "Follow-up recommendations...",
    }
    made = report(api, study, **{name: body[name] for name in body if name != "reportType"})
    assert made | body | {"status": "final", "version": 1, "createdBy": "anonymous"} == made
    assert api.get(f"/reports/{made['id']}") == made
    assert status_of(api, study) == "reported"


def test_a_report_goes_from_draft_to_preliminary_to_final_to_addendum(api: Api) -> None:
    study = api.study()["id"]
    id = draft(api, study)["id"]
    assert status_of(api, study) == "scheduled"
    assert put(api, id, findings="More.").json()["data"]["status"] == "draft"
    assert put(api, id, reportType="preliminary").json()["data"]["status"] == "preliminary"
    assert status_of(api, study) == "reported"
    final = put(api, id, reportType="final", impression="Well.").json()["data"]
    assert (final["status"], final["reportType"], final["findings"]) == ("final", "final", "More.")
    assert final["finalizedBy"] == "anonymous"
    assert "changed any more" in sentence(put(api, id, findings="Other."))
    added = api("POST", f"/reports/{id}/addendum", {"findings": "One more thing."})
    assert added.status_code == 201
    told = added.json()["data"]
    assert (told["reportType"], told["status"], told["addendumTo"]) == ("addendum", "final", id)
    (line,) = api.get(f"/reports/{id}")["addenda"]
    assert line["id"] == told["id"]


def test_only_a_final_report_is_verified_and_says_by_whom_and_when(api: Api) -> None:
    study = api.study()["id"]
    id = draft(api, study)["id"]
    assert "draft" in sentence(verify(api, id))
    put(api, id, reportType="preliminary")
    assert verify(api, id).status_code == 409
    put(api, id, reportType="final")
    before = datetime.now(UTC).isoformat()
    told = verify(api, id).json()["data"]
    assert (told["status"], told["verifiedBy"]) == ("verified", "anonymous")
    assert before[:19] <= told["verifiedAt"][:19] <= datetime.now(UTC).isoformat()[:19]
    assert status_of(api, study) == "verified"
    assert verify(api, id).status_code == 409


@pytest.mark.parametrize(
    ("kind", "asked", "status"),
    [
        ("preliminary", None, "preliminary"),
        ("final", None, "final"),
        ("final", "final", "final"),
        ("preliminary", "draft", "draft"),
        ("final", "draft", "draft"),
    ],
)
def test_a_new_report_has_the_status_of_its_type(
    api: Api, kind: str, asked: str | None, status: str
) -> None:
    study = api.study()["id"]
    made = report(api, study, kind, **({"status": asked} if asked else {}))
    assert (made["reportType"], made["status"]) == (kind, status)
    assert status_of(api, study) == ("scheduled" if status == "draft" else "reported")


@pytest.mark.parametrize(
    ("start", "change", "status"),
    [
        (("preliminary", "draft"), {"status": "draft", "reportType": "final"}, "draft"),
        (("final", "draft"), {"reportType": "final"}, "final"),
        (("final", "draft"), {"reportType": "preliminary"}, "preliminary"),
        (("preliminary", "draft"), {"status": "final"}, "final"),
        (("preliminary", None), {"findings": "Other."}, "preliminary"),
        (("preliminary", None), {"reportType": "preliminary"}, "preliminary"),
    ],
)
def test_a_change_moves_forward_or_stays(
    api: Api, start: tuple[str, str | None], change: dict[str, Any], status: str
) -> None:
    made = report(api, api.study()["id"], start[0], **({"status": start[1]} if start[1] else {}))
    assert put(api, made["id"], **change).json()["data"]["status"] == status


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("preliminary", {"status": "draft"}),
        ("preliminary", {"reportType": "addendum"}),
        ("final", {"reportType": "preliminary"}),
        ("final", {"findings": "Other."}),
        ("final", {"status": "draft"}),
    ],
)
def test_no_step_back_and_no_change_of_what_is_final(
    api: Api, kind: str, change: dict[str, Any]
) -> None:
    made = report(api, api.study()["id"], kind)
    assert put(api, made["id"], **change).status_code == 409
    assert api.get(f"/reports/{made['id']}") == made


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reportType"),
        ({"reportType": "verified"}, "reportType"),
        ({"reportType": "final", "findings": 5}, "findings"),
        ({"reportType": "final", "findings": "a\x07b"}, "findings"),
        ({"reportType": "final", "findings": "a\x00b"}, "findings"),
        ({"reportType": "final", "findings": "x\n" * 5_001}, "findings"),
        ({"reportType": "final", "impression": "x" * 200_001}, "impression"),
        ({"reportType": "final", "findings": " \n", "impression": ""}, "findings"),
        ({"reportType": "final", "findings": "x", "status": "verified"}, "status"),
        ({"reportType": "final", "findings": "x", "status": "preliminary"}, "status"),
        ({"reportType": "final", "findings": "x", "templateId": "none"}, "templateId"),
        ({"reportType": "final", "findings": "x", "addendumTo": "none"}, "addendumTo"),
        ({"reportType": "addendum", "findings": "x", "addendumTo": "none"}, "addendumTo"),
    ],
)
def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    study = api.study()["id"]
    answer = api("POST", f"/studies/{study}/report", body)
    assert answer.status_code == 400, answer.text
    assert sentence(answer).startswith(f"{field}: ")
    assert api.get(f"/studies/{study}/reports") == []


def test_bodies_that_are_none_and_ids_that_nobody_has_are_refused(api: Api) -> None:
    study = api.study()["id"]
    assert api("POST", f"/studies/{study}/report", [1]).status_code == 400
    assert api("POST", f"/studies/{study}/report").status_code == 400
    assert api("POST", "/studies/none/report", {"reportType": "final"}).status_code == 404
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/verify"),
        ("GET", "/versions"),
        ("GET", "/diff"),
    ):
        assert api(method, f"/reports/none{path}").status_code == 404
    assert put(api, "none", findings="x").status_code == 404
    assert api("POST", "/reports/none/addendum", {"findings": "x"}).status_code == 404


def test_text_is_data_and_comes_back_as_it_was_typed(api: Api) -> None:
    made = report(api, api.study()["id"], "preliminary", **TEXTS)
    assert made | TEXTS == made
    typed = "\u2028one\r\ntwo\x0bthree\tfour \n\n"
    told = put(api, made["id"], findings=typed, impression=None).json()["data"]
    assert (told["findings"], told["impression"]) == ("\none\ntwo\nthree\tfour", "")


def test_an_addendum_needs_a_final_report(api: Api) -> None:
    study = api.study()["id"]
    body = {"reportType": "addendum", "findings": "More."}
    assert api("POST", f"/studies/{study}/report", body).status_code == 409
    first = report(api, study, "preliminary")["id"]
    assert api("POST", f"/reports/{first}/addendum", {"findings": "x"}).status_code == 409
    put(api, first, reportType="final")
    assert report(api, study, "addendum")["addendumTo"] == first
    other = report(api, api.study()["id"])["id"]
    answer = api("POST", f"/studies/{study}/report", body | {"addendumTo": other})
    assert sentence(answer).startswith("addendumTo: ")


def test_an_addendum_begins_as_a_draft_where_that_is_asked_for(api: Api) -> None:
    study = api.study()["id"]
    root = report(api, study)["id"]
    added = api("POST", f"/reports/{root}/addendum", {"status": "draft"}).json()["data"]
    assert added["status"] == "draft"
    assert put(api, added["id"], reportType="final").status_code == 409
    done = put(api, added["id"], reportType="addendum", findings="More.").json()["data"]
    assert (done["status"], done["reportType"]) == ("final", "addendum")
    assert (
        api("POST", f"/reports/{added['id']}/addendum", {"findings": "x"}).json()["data"][
            "addendumTo"
        ]
        == root
    )
    assert verify(api, added["id"]).json()["data"]["status"] == "verified"


def test_only_drafts_are_deleted(api: Api) -> None:
    study = api.study()["id"]
    one, two = draft(api, study)["id"], report(api, study, "preliminary")["id"]
    assert api("DELETE", f"/reports/{one}").status_code == 204
    assert api("GET", f"/reports/{one}").status_code == 404
    assert "draft" in sentence(api("DELETE", f"/reports/{two}"))
    assert [each["id"] for each in api.get(f"/studies/{study}/reports")] == [two]


def test_every_version_is_kept_and_tells_who_and_when(api: Api) -> None:
    id = draft(api, api.study()["id"], findings="One.")["id"]
    put(api, id, findings="Two.")
    put(api, id, findings="Two.")  # nothing changes: no version
    put(api, id, reportType="preliminary")
    lines = api.get(f"/reports/{id}/versions")
    assert [(line["version"], line["status"], line["by"]) for line in lines] == [
        (3, "preliminary", "anonymous"),
        (2, "draft", "anonymous"),
        (1, "draft", "anonymous"),
    ]
    assert [api.get(f"/reports/{id}/versions/{n}")["findings"] for n in (1, 2, 3)] == [
        *("One.", "Two.", "Two.")
    ]
    for number in ("0", "4", "x", "9" * 40):
        assert api("GET", f"/reports/{id}/versions/{number}").status_code == 404


def test_versions_are_compared_field_by_field_and_as_text(api: Api) -> None:
    id = draft(api, api.study()["id"], findings="a\nb\nc")["id"]
    put(api, id, findings="a\nx\nc", impression="new")
    told = api.get(f"/reports/{id}/diff?from=1&to=2")
    assert told == api.get(f"/reports/{id}/diff")
    findings, impression = told["changes"]
    assert (findings["field"], findings["before"], findings["after"]) == (
        *("findings", "a\nb\nc", "a\nx\nc"),
    )
    assert [(each["op"], each["text"]) for each in findings["pieces"]] == [
        *(("equal", "a"), ("delete", "b"), ("insert", "x"), ("equal", "c"))
    ]
    assert impression["pieces"] == [{"op": "insert", "text": "new"}]
    assert (
        "--- findings (version 1)\n+++ findings (version 2)\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c"
        in (told["unified"])
    )
    assert api("GET", f"/reports/{id}/diff?from=1&to=9").status_code == 404
    assert sentence(api("GET", f"/reports/{id}/diff?from=0")).startswith("from: ")


def test_a_lost_update_is_refused(api: Api) -> None:
    id = draft(api, api.study()["id"])["id"]
    tag = api("GET", f"/reports/{id}").headers["ETag"]
    first = api("PUT", f"/reports/{id}", {"findings": "First."}, **{"If-Match": tag})
    assert first.headers["ETag"] not in ("", tag)
    late = api("PUT", f"/reports/{id}", {"findings": "Late."}, **{"If-Match": tag})
    assert (late.status_code, late.headers["ETag"]) == (412, first.headers["ETag"])
    assert api("DELETE", f"/reports/{id}", **{"If-Match": tag}).status_code == 412
    assert api.get(f"/reports/{id}")["findings"] == "First."
    assert api("PUT", f"/reports/{id}", {"findings": "x"}, **{"If-Match": "*"}).status_code == 200


def test_of_many_edits_of_one_version_one_wins(api: Api) -> None:
    id = draft(api, api.study()["id"])["id"]
    tag = api("GET", f"/reports/{id}").headers["ETag"]

    def edit(number: int) -> int:
        body = {"findings": f"Edit {number}.", **({"reportType": "final"} if number % 2 else {})}
        status: int = api("PUT", f"/reports/{id}", body, **{"If-Match": tag}).status_code
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(edit, range(8)))
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
    assert len(api.get(f"/reports/{id}/versions")) == 2


def test_edits_at_once_that_name_no_version_are_all_kept(api: Api) -> None:
    id = draft(api, api.study()["id"])["id"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: put(api, id, findings=f"Edit {n}."), range(6)))
    assert [each.status_code for each in answers] == [200] * 6
    assert len(api.get(f"/reports/{id}/versions")) == 7


def test_of_many_who_verify_at_once_the_others_hear_that_it_is_done(api: Api) -> None:
    id = report(api, api.study()["id"])["id"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: verify(api, id), range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {sentence(each) for each in answers if each.status_code == 409} == {
        "This report is verified already."
    }


def test_lists_are_filtered_and_paged_the_newest_first(api: Api) -> None:
    study = api.study(modality="MR", patientName="Zöe^Ann")
    other = api.study(modality="MR")
    made = [
        draft(api, study["id"], findings="Meniscus torn."),
        report(api, study["id"], "preliminary", impression="Größe normal."),
        report(api, other["id"], "final"),
    ]
    ids = [each["id"] for each in made]

    def found(query: str) -> list[str]:
        rows = api.get(f"/reports?{query}")
        return [row["id"] for row in rows if row["id"] in ids]

    assert found("") == ids[::-1]
    assert found("status=draft") == ids[:1]
    assert found("reportType=final") == ids[2:]
    assert found(f"studyId={study['id']}") == found(f"studyId={study['studyInstanceUID']}")
    assert found(f"patientId={study['patientId']}") == [ids[1], ids[0]]
    assert found("modality=MR&author=anonymous") == found("author=me") == ids[::-1]
    assert found("author=nobody") == []
    assert found("q=MENISCUS torn") == ids[:1]
    assert found("q=große zöe") == found("q=GROSSE zoe") == [ids[1]]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert found(f"dateFrom={today}&dateTo={today}") == ids[::-1]
    assert found("endDate=2020-01-01") == []
    page = api("GET", f"/reports?patientId={study['patientId']}&limit=1&page=2").json()
    assert page["pagination"] == {"page": 2, "limit": 1, "total": 2}
    assert [row["id"] for row in page["data"]] == ids[:1]
    assert [row["id"] for row in api.get(f"/studies/{study['id']}/reports")] == [ids[1], ids[0]]


@pytest.mark.parametrize(
    "query", ["status=done", "reportType=x", "dateFrom=yesterday", "page=0", "limit=10001"]
)
def test_a_wrong_filter_is_named(api: Api, query: str) -> None:
    answer = api("GET", f"/reports?{query}")
    assert answer.status_code == 400
    assert sentence(answer).startswith(query.partition("=")[0])
