"""Reports under roles: who may write and verify them, and whose names stand in them."""

from collections.abc import Iterator
from typing import Any

import pytest
from servers import running
from sqlmodel import Session, SQLModel, create_engine

from dicomweb.access.permissions import Permission, Principal
from dicomweb.errors import NotFound
from extensions.radiology import report_tables, tables
from extensions.radiology.report_rows import find_report
from extensions.radiology.report_tables import RadiologyReport
from extensions.radiology.tables import RadiologyStudy
from tests.accounts.people import House, make_accounts
from tests.radiology.radiology_api import Api, sentence

ROLES = ("admin", "radiologist", "radiology_tech", "doctor")
People = dict[str, Api]
TABLES = [*tables.TABLES, *report_tables.TABLES]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A client for each role, of a server on which every change needs If-Match."""
    folder = tmp_path_factory.mktemp("roles")
    make_accounts(folder, *ROLES)
    with running(folder, DICOMWEB_AUTH="local", DICOMWEB_REQUIRE_IF_MATCH="true") as started:
        yield {role: Api(started, House(started).token(role)) for role in ROLES}


def written(api: Api, study: str, **fields: Any) -> dict[str, Any]:
    body = {"reportType": "preliminary", "findings": "Nothing.", **fields}
    answer = api("POST", f"/studies/{study}/report", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_the_technician_drafts_the_radiologist_finishes_the_admin_verifies(people: People) -> None:
    study = people["radiology_tech"].study()["id"]
    id = written(people["radiology_tech"], study, status="draft")["id"]
    for role, method, path, body in (
        ("radiologist", "PUT", "", {"reportType": "final"}),
        ("admin", "POST", "/verify", None),
    ):
        tag = people[role]("GET", f"/reports/{id}").headers["ETag"]
        answer = people[role](method, f"/reports/{id}{path}", body, **{"If-Match": tag})
        assert answer.status_code == 200, answer.text
    told = people["doctor"].get(f"/reports/{id}")
    assert (told["createdBy"], told["finalizedBy"], told["verifiedBy"]) == (
        *("radiology_tech", "radiologist", "admin"),
    )
    versions = people["doctor"].get(f"/reports/{id}/versions")
    assert [each["by"] for each in versions] == ["admin", "radiologist", "radiology_tech"]
    page = people["doctor"]("GET", f"/reports/{id}?format=html").text
    assert "Final by radiologist" in page
    assert "Verified by admin" in page


def test_a_doctor_reads_and_writes_nothing(people: People) -> None:
    study = people["admin"].study()["id"]
    id = written(people["radiologist"], study)["id"]
    doctor = people["doctor"]
    assert doctor.get(f"/studies/{study}/reports")[0]["id"] == id
    for method, path in (
        ("POST", f"/studies/{study}/report"),
        ("PUT", f"/reports/{id}"),
        ("DELETE", f"/reports/{id}"),
        ("POST", f"/reports/{id}/verify"),
        ("POST", f"/reports/{id}/addendum"),
        ("POST", "/report-templates"),
    ):
        answer = doctor(method, path, {})
        assert answer.status_code == 403
        assert "radiology:" in sentence(answer)
    assert Api(doctor.server)("GET", f"/reports/{id}").status_code == 401


def test_templates_are_managed_by_those_who_manage(people: People) -> None:
    body = {"name": "T", "modality": "CT", "content": "Findings: none"}
    assert people["radiologist"]("POST", "/report-templates", body).status_code == 403
    assert people["admin"]("POST", "/report-templates", body).status_code == 201
    assert people["doctor"].get("/report-templates")[0]["name"] == "T"


@pytest.mark.parametrize("call", [("PUT", ""), ("DELETE", ""), ("POST", "/verify")])
def test_a_change_without_if_match_is_refused_where_the_setting_says_so(
    people: People, call: tuple[str, str]
) -> None:
    study = people["admin"].study()["id"]
    id = written(people["radiologist"], study, status="draft")["id"]
    answer = people["radiologist"](call[0], f"/reports/{id}{call[1]}", {"findings": "x"})
    assert answer.status_code == 428
    assert "If-Match" in sentence(answer)


def test_each_change_stands_in_the_trail_without_its_text(people: People) -> None:
    study = people["admin"].study()
    written(people["radiologist"], study["id"], findings="Confidential.")
    server = people["admin"].server
    trail = House(server).ask(
        "GET", f"/api/audit?study={study['studyInstanceUID']}", people["admin"].token
    )
    assert trail.status_code == 200, trail.text
    assert '"report"' in trail.text
    assert "Confidential" not in trail.text


def test_a_share_link_opens_images_and_no_report(people: People) -> None:
    admin = people["admin"]
    house = House(admin.server)
    study = str(house.store().StudyInstanceUID)
    id = written(admin, study)["id"]
    limited = Api(admin.server, house.share(study))
    for path in ("/reports", f"/reports/{id}", f"/reports/{id}?format=pdf"):
        assert limited("GET", path).status_code == 403
    told = limited.get(f"/studies/{study}")
    assert (told["numberOfReports"], told["reports"], told["numberOfImages"]) == (0, [], 1)


def test_who_is_limited_to_studies_finds_the_reports_of_others_nowhere() -> None:
    """The handlers' own check, whichever door lets such a principal in."""
    limited = Principal("somebody", frozenset({Permission.VIEW}), frozenset({"1.2"}))
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        SQLModel.metadata.create_all(session.connection(), tables=TABLES)
        for uid in ("1.2", "1.3"):
            session.add(RadiologyStudy(id=uid, study_uid=uid, accession_number=uid))
            session.flush()
            values = {"report_type": "final", "status": "final"}
            session.add(RadiologyReport(id=uid, study_id=uid, study_uid=uid, **values))
        session.flush()
        assert find_report(session, limited, "1.2").id == "1.2"
        with pytest.raises(NotFound):
            find_report(session, limited, "1.3")
    engine.dispose()
