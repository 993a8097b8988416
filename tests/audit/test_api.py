"""/api/audit: who may read it, filters, pages, bad input."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from servers import Server

from tests.audit.trails import lines, stored


def _ask(server: Server, **filters: str) -> requests.Response:
    return requests.get(f"{server.address}/api/audit", params=filters, timeout=60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "yesterday"},
        {"to": "2026-13-45"},
        {"from": "9" * 5000},
        {"action": "dance"},
        {"outcome": "maybe"},
        {"page": "0"},
        {"limit": "-1"},
        {"limit": "1000000000"},
        {"actor": "x" * 1001},
        {"study": "1.2\0"},
    ],
)
def test_a_wrong_filter_is_400_with_a_sentence(server: Server, wrong: dict[str, str]) -> None:
    answer = _ask(server, **wrong)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["message"]


def _ids(server: Server, **filters: str) -> list[int]:
    """Which lines fit; all else of one may change meanwhile: it is sealed a few seconds later."""
    return [each["id"] for each in lines(server, **filters)]


def test_filters_narrow_together(server: Server) -> None:
    dataset = stored(server, PatientID="FILTER-1")
    study = dataset.StudyInstanceUID
    (found,) = lines(server, patient="FILTER-1")
    for name, value in {
        "study": study,
        "request": found["requestId"],
        "actor": "anonymous",
        "address": "127.0.0.1",
        "action": "store",
        "outcome": "success",
    }.items():
        assert found["id"] in _ids(server, **{name: value})
    assert lines(server, study=study, action="view") == []
    assert lines(server, study=study, actor="somebody") == []
    assert lines(server, study=study, outcome="refused") == []


def test_times_cut_a_range(server: Server) -> None:
    study = stored(server).StudyInstanceUID
    (found,) = lines(server, study=study)
    moment = datetime.fromisoformat(found["time"])
    behind = (moment + timedelta(microseconds=1)).isoformat()
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert _ids(server, study=study, **{"from": found["time"], "to": behind}) == [found["id"]]
    assert lines(server, study=study, to=found["time"]) == []
    assert lines(server, study=study, **{"from": behind}) == []
    today = moment.date().isoformat()
    assert _ids(server, study=study, **{"from": today, "to": today}) == [found["id"]]
    assert lines(server, study=study, to="2020-01-01") == []


def test_pages_are_told_apart_and_counted(server: Server) -> None:
    for _ in range(5):
        stored(server, PatientID="PAGED")
    whole = lines(server, patient="PAGED", action="store")
    answer = _ask(server, patient="PAGED", action="store", page="2", limit="2").json()
    assert answer["pagination"] == {"page": 2, "limit": 2, "total": 5}
    assert [each["id"] for each in answer["data"]] == [each["id"] for each in whole[2:4]]
    assert [each["time"] for each in whole] == sorted((x["time"] for x in whole), reverse=True)


def test_a_sql_fragment_is_only_text(server: Server) -> None:
    assert lines(server, actor="' OR 1=1 --") == []


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit.xml"])
def test_nobody_changes_the_trail_by_http(server: Server, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert requests.request(method, server.address + path, timeout=60).status_code == 405


def test_a_huge_or_odd_header_harms_nothing(server: Server) -> None:
    for agent in ("x" * 20_000, "\x7f\x01 odd"):
        headers = {"User-Agent": agent}
        answer = requests.get(f"{server.root}/studies", headers=headers, timeout=60)
        assert answer.status_code in (200, 400, 431)
    assert "odd" not in _ask(server).text
