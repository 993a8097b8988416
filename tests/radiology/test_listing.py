"""Lists of studies: each filter, pages and totals, the worklist, with 100,000 studies, too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import running
from sqlmodel import Session, col, insert, select, text

from dicomweb.access.permissions import ANONYMOUS_ADMIN
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.extension import load
from dicomweb.settings import Settings
from extensions.radiology.listing import _NEWEST, _WORK, _conditions
from extensions.radiology.shapes import StudyQuery
from extensions.radiology.tables import TABLES, RadiologyStudy
from tests.radiology.radiology_api import Api, sentence

MANY = 100_000


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, list[dict[str, Any]]]]:
    """A server with five studies, the oldest first."""
    with running(tmp_path_factory.mktemp("listing")) as server:
        api = Api(server)
        rows = [
            {"patientId": "A", "modality": "CT", "studyDate": "2026-01-01", "orderId": "O1"},
            {"patientId": "A", "modality": "MR", "studyDate": "2026-01-02", "priority": "stat"},
            {"patientId": "B", "modality": "CT", "studyDate": "2026-01-03", "assignedTo": "x"},
            {"patientId": "C", "modality": "US", "studyDate": "2026-01-04", "bodyPart": "ABDOMEN"},
            {"patientId": "D", "modality": "CT", "studyDate": "2026-01-05"},
        ]
        more = {"patientName": "Müller^Zoë", "studyDescription": "Kopf 100% nativ"}
        made = [api.study(**row) for row in [*rows[:4], rows[4] | more]]
        api("PUT", f"/studies/{made[3]['id']}/status", {"status": "arrived"})
        yield api, made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("?modality=CT", [4, 2, 0]),
        ("?modality=ct", [4, 2, 0]),
        ("?modality=SR", []),
        ("?modality=MR,us", [3, 1]),
        ("?modality=MR&modality=US", [3, 1]),
        ("?modality=MR&modality=US,CT&patientId=A", [1, 0]),
        ("?modality=,", [4, 3, 2, 1, 0]),
        ("?priority=stat,urgent", [1]),
        ("?status=arrived&status=read", [3]),
        ("?patientId=A", [1, 0]),
        ("?status=arrived", [3]),
        ("?status=arrived,scheduled", [4, 3, 2, 1, 0]),
        ("?status=cancelled", []),
        ("?orderId=O1", [0]),
        ("?priority=stat", [1]),
        ("?assignedTo=x", [2]),
        ("?unassigned=true", [4, 3, 1, 0]),
        ("?bodyPart=abdomen", [3]),
        ("?hasImages=true", []),
        ("?dateFrom=2026-01-03", [4, 3, 2]),
        ("?dateTo=2026-01-03", [2, 1, 0]),
        ("?dateFrom=2026-01-02&dateTo=20260103", [2, 1]),
        ("?startDate=2026-01-05&endDate=2026-01-05", [4]),
        ("?studyDate=2026-01-05", [4]),
        ("?q=muller", [4]),
        ("?q=ZOE%20kopf", [4]),
        ("?search=100%25", [4]),
        ("?patientName=M%C3%BCller^Zo%C3%AB", [4]),
        ("?patient=muller&q=kopf", [4]),
        ("?patientName=M%C3%BCl*", [4]),
        ("?patientName=muller&q=fuss", []),
        ("?studyDate=20260102-20260103", [2, 1]),
        ("?studyDate=-20260102", [1, 0]),
        ("?studyDate=20260104-", [4, 3]),
        ("?q=%25", [4]),
        ("?q=_", []),
        ("?modality=CT&patientId=A&q=", [0]),
        ("?unknown=1&page=1", [4, 3, 2, 1, 0]),
    ],
)
def test_filters_hold_together(
    five: tuple[Api, list[dict[str, Any]]], query: str, found: list[int]
) -> None:
    api, made = five
    answer = api("GET", f"/studies{query}")
    assert [row["id"] for row in answer.json()["data"]] == [made[n]["id"] for n in found]
    assert answer.json()["pagination"]["total"] == len(found)


def test_an_accession_number_finds_its_study(five: tuple[Api, list[dict[str, Any]]]) -> None:
    api, made = five
    for query in ("accessionNumber=", "q="):
        (row,) = api.get(f"/studies?{query}{made[2]['accessionNumber']}")
        assert row["id"] == made[2]["id"]


def test_pages_do_not_overlap(five: tuple[Api, list[dict[str, Any]]]) -> None:
    api, made = five
    pages = [api("GET", f"/studies?page={page}&limit=2").json() for page in (1, 2, 3, 4)]
    rows = [row["id"] for page in pages for row in page["data"]]
    assert rows == [each["id"] for each in reversed(made)]
    assert pages[1]["pagination"] == {"page": 2, "limit": 2, "total": 5}
    assert pages[3]["data"] == []
    assert pages[3]["pagination"]["total"] == 5


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("status=done", "status"),
        ("priority=high", "priority"),
        ("modality=C-T", "modality"),
        ("dateFrom=today", "dateFrom"),
        ("studyDate=today", "studyDate"),
        ("endDate=1.1.2026", "dateTo"),
        ("hasImages=maybe", "hasImages"),
        ("dateFrom=2026-02-01&dateTo=2026-01-01", "dateFrom"),
        ("q=%00", "q"),
    ],
)
def test_a_wrong_filter_is_400_and_named(api: Api, query: str, named: str) -> None:
    answer = api("GET", f"/studies?{query}")
    assert answer.status_code == 400
    assert named in sentence(answer)


def test_a_worklist_begins_with_the_most_urgent_then_the_oldest(
    five: tuple[Api, list[dict[str, Any]]],
) -> None:
    api, made = five
    assert [row["id"] for row in api.get("/worklist")] == [made[n]["id"] for n in (1, 0, 2, 3, 4)]
    assert len(api.get("/worklist?stage=acquisition&modality=CT")) == 3
    assert api.get("/worklist?stage=reading") == []
    assert [row["id"] for row in api.get("/worklist?assignedTo=x")] == [made[2]["id"]]
    assert api("GET", "/worklist?stage=other").status_code == 400


def test_mine_are_those_assigned_to_me(api: Api) -> None:
    created = api.study(assignedTo="anonymous")
    assert created["id"] in [row["id"] for row in api.get("/worklist?assignedTo=me")]


def _many() -> Iterator[dict[str, Any]]:
    """Rows of ten years and a thousand patients."""
    blank = RadiologyStudy(study_uid="").model_dump()
    for number in range(MANY):
        day = f"{2016 + number % 10}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        yield {
            **blank,
            "id": f"00000000-0000-4000-8000-{number:012}",
            "study_uid": f"1.2.{number}",
            "accession_number": f"A{number}",
            "patient_id": f"P{number % 1000}",
            "modality": ("CT", "MR", "US", "DX")[number % 4],
            "status": "verified" if number % 50 else "scheduled",
            "study_description": "CT Chest with Contrast",
            "study_date": day,
            "moment": f"{day}T{number % 24:02}:00:00",
            "words": f"doe jane{number} p{number % 1000} a{number} ct chest with contrast smith",
        }


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive with 100,000 study rows."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("many"))
    archive = open_archive(settings, load(["extensions.audit", "extensions.radiology"]))
    with archive.session() as session:
        session.connection().execute(insert(TABLES[0]), list(_many()))
    yield archive
    archive.close()


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "radiology_study_newest"),
        ({"patient_id": "P7"}, "radiology_study_patient"),
        ({"status": ["scheduled"]}, "radiology_study_status"),
        ({"modality": "CT"}, "radiology_study_modality"),
        ({"assigned_to": "x"}, "radiology_study_assigned"),
        ({"accession_number": "A77"}, "radiology_study_accession"),
        ({"date_from": "2025-01-01"}, "radiology_study_newest"),
    ],
)
def test_a_page_is_read_by_an_index_without_sorting(
    crowded: Archive, filters: dict[str, Any], index: str
) -> None:
    conditions = _conditions(ANONYMOUS_ADMIN, StudyQuery(**filters))
    with crowded.reading() as session:
        plan = _plan(
            session, select(RadiologyStudy).where(*conditions).order_by(*_NEWEST).limit(50)
        )
    assert index in plan
    assert "TEMP B-TREE" not in plan or index == "radiology_study_accession"


def _plan(session: Session, statement: Any) -> str:
    sql = str(statement.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    return " ".join(
        row[3] for row in session.connection().execute(text(f"EXPLAIN QUERY PLAN {sql}"))
    )


def test_the_worklist_is_read_in_the_order_of_an_index(crowded: Archive) -> None:
    wanted = select(*_WORK).where(
        col(RadiologyStudy.deleted_at).is_(None), col(RadiologyStudy.status) == "verified"
    )
    with crowded.reading() as session:
        plan = _plan(session, wanted.order_by(*_WORK).limit(50))
    assert "USING INDEX radiology_study_stage" in plan
    assert "TEMP B-TREE" not in plan


def test_of_a_hundred_thousand_studies_the_right_ones_are_listed(crowded: Archive) -> None:
    rows = {row["id"]: row for row in _many()}

    def listed(path: str) -> list[dict[str, Any]]:
        return [rows[told["id"]] for told in api.get(path)]

    def newest(row: dict[str, Any]) -> tuple[str, str]:
        return row["moment"], row["id"]

    waiting = sorted((row for row in rows.values() if row["status"] == "scheduled"), key=newest)
    with running(_served(crowded)) as started:
        api = Api(started)
        everything = sorted(rows.values(), key=newest, reverse=True)
        assert listed("/studies?limit=50") == everything[:50]
        assert listed("/studies?limit=50&page=1000") == everything[49_950:50_000]
        assert (
            listed("/studies?limit=50&status=scheduled&modality=CT")
            == [row for row in reversed(waiting) if row["modality"] == "CT"][:50]
        )
        named = [row for row in everything if "jane4711" in row["words"]]
        assert listed("/studies?q=JANE4711") == named
        for page in (1, 2, 40):
            path = f"/worklist?stage=acquisition&limit=50&page={page}"
            assert listed(path) == waiting[50 * page - 50 : 50 * page]


def _served(archive: Archive) -> Path:
    database = archive.index._database.engine.path  # type: ignore[attr-defined]
    return Path(database).parent
