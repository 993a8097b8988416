"""The worklist, the page of an order and its form over HTTP: filters, permissions, bad input."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import samples
from clients import store
from servers import Server, running

from extensions.pages.worklist import STAGES
from extensions.radiology.workflow import ORDER, Status

HTML = {"Accept": "text/html"}
TODAY = date.today()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("clinic")) as server:
        for order in (
            {"patientId": "A1", "patientName": "Adams^Amy", "modality": "CT", "priority": "stat"},
            {"patientId": "B2", "patientName": "Brown^Ben", "modality": "MR", "assignedTo": "ann"},
            {
                "patientId": "C3",
                "patientName": "Cole^Cy",
                "modality": "CT",
                "studyDate": f"{TODAY - timedelta(3)}",
                "clinicalHistory": "<script>alert(1)</script>",
            },
        ):
            _ordered(server, **order)
        yield server


def _ordered(server: Server, **order: str) -> dict[str, Any]:
    answer = requests.post(f"{server.address}/api/radiology/studies", json=order, timeout=30)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


def _get(server: Server, path: str) -> requests.Response:
    return requests.get(f"{server.address}{path}", headers=HTML, timeout=30, allow_redirects=False)


def _names(server: Server, query: str) -> list[str]:
    text = _get(server, f"/worklist?{query}").text
    return re.findall(r'<a class="row"[^>]*><bdi>([^<]*)</bdi>', text)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Adams, Amy", "Cole, Cy", "Brown, Ben"]),
        ("stage=all", ["Brown, Ben", "Adams, Amy", "Cole, Cy"]),
        ("stage=read", []),
        ("status=arrived", []),
        ("status=scheduled&modality=ct", ["Adams, Amy", "Cole, Cy"]),
        ("priority=stat", ["Adams, Amy"]),
        ("assigned=nobody", ["Adams, Amy", "Cole, Cy"]),
        ("assigned=ann", ["Brown, Ben"]),
        ("period=last7", ["Adams, Amy", "Cole, Cy", "Brown, Ben"]),
        ("period=tomorrow", []),
        (f"to={TODAY - timedelta(1)}", ["Cole, Cy"]),
        (f"from={TODAY}&to={TODAY - timedelta(9)}&q=cole", ["Cole, Cy"]),
        ("q=brown+b2", ["Brown, Ben"]),
        ("q=%00%00cole", ["Cole, Cy"]),
    ],
)
def test_every_filter_is_in_the_url(clinic: Server, query: str, names: list[str]) -> None:
    found = _names(clinic, query)
    assert (found if "stage" not in query else sorted(found)) == (
        names if "stage" not in query else sorted(names)
    )


@pytest.mark.parametrize(
    "query",
    [
        "stage=x&status=y&priority=z&period=q&from=a&to=2026-99-99&page=-1&rows=7",
        "modality=%00%22%3E",
        "modality=" + "X" * 500,
        "status=reported",
        "assigned=%F0%9F%98%80%00",
        "page=999999",
        "q=" + "%25_" * 100,
    ],
)
def test_what_cannot_be_understood_is_as_if_it_were_not_there(clinic: Server, query: str) -> None:
    assert _get(clinic, f"/worklist?{query}").status_code == 200


def test_the_tabs_count_what_is_behind_them_and_cover_every_status(clinic: Server) -> None:
    text = _get(clinic, "/worklist?modality=CT").text
    counts = re.findall(r'data-stage="(\w+)"[^>]*>[^<]*<span class="many">(\d+)<', text)
    assert counts == [
        ("examine", "2"),
        ("read", "0"),
        ("done", "0"),
        ("cancelled", "0"),
        ("all", "2"),
    ]
    assert {each for _, some in STAGES.values() for each in some} == {str(each) for each in Status}
    assert [each for _, some in STAGES.values() for each in some][: len(ORDER)] == list(ORDER)


def test_a_late_order_says_how_late_it_is(clinic: Server) -> None:
    assert re.search(r'sub late">3 days ago', _get(clinic, "/worklist?q=cole").text)


def test_the_page_of_an_order_shows_it_by_either_of_its_ids(clinic: Server) -> None:
    order = _ordered(
        clinic, patientId="D4", patientName="Dean^Di=丁^蒂", modality="US", bodyPart="KNEE"
    )
    for id in (order["id"], order["studyInstanceUID"]):
        text = _get(clinic, f"/orders/{id}").text
        for said in ("Dean, Di (丁, 蒂)", "knee", "Patient has arrived", order["accessionNumber"]):
            assert said in text
    answer = _get(clinic, f"/studies/{order['studyInstanceUID']}")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/orders/{order['studyInstanceUID']}",
    )


def test_an_order_with_images_leads_to_its_study(clinic: Server) -> None:
    order = _ordered(clinic, patientId="E5", patientName="Evans^Eve", modality="CT")
    uid = order["studyInstanceUID"]
    store(clinic, samples.make_instance(StudyInstanceUID=uid, PatientID="E5", Modality="CT"))
    row = _get(clinic, "/worklist?stage=all&q=evans").text
    assert f'class="row" href="/studies/{uid}"' in row
    assert f'href="/studies/{uid}/report"' in _get(clinic, f"/orders/{uid}").text
    assert f'href="/orders/{uid}"' in _get(clinic, f"/studies/{uid}").text


def test_script_in_an_order_is_text(clinic: Server) -> None:
    order = _ordered(clinic, patientId='"><b>x', patientName="<script>1</script>", modality="CT")
    for path in ("/worklist", f"/orders/{order['id']}", f"/orders/{order['id']}/edit"):
        text = _get(clinic, path).text
        assert "<script>1" not in text
        assert "<b>x" not in text
        assert not re.search(r"<[^>]+\son\w+=|\sstyle=", text)


def test_a_study_that_nobody_ordered_keeps_what_its_files_say(clinic: Server) -> None:
    image = samples.make_image(PatientID="F6")
    store(clinic, samples.encode(image))
    text = _get(clinic, f"/orders/{image.StudyInstanceUID}/edit").text
    assert re.search(r'<input id="patientId"[^>]*readonly', text)
    assert "came without an order" in _get(clinic, f"/orders/{image.StudyInstanceUID}").text


def test_a_cancelled_order_says_why_and_takes_no_images(clinic: Server) -> None:
    order = _ordered(clinic, patientId="G7", modality="CT")
    address = f"{clinic.address}/api/radiology/studies/{order['id']}/status"
    said = {"status": "cancelled", "reason": "Did not come"}
    assert requests.put(address, json=said, timeout=30).status_code == 200
    text = _get(clinic, f"/orders/{order['id']}").text
    assert "Did not come" in text
    assert "Add images" not in text
    assert "Reopen" in text


@pytest.mark.parametrize(
    "path", ["/orders/nothing", "/orders/1.2.3/edit", "/orders/new?like=1.2.3"]
)
def test_an_order_that_is_not_there_is_a_page_that_says_so(clinic: Server, path: str) -> None:
    answer = _get(clinic, path)
    assert answer.status_code == 404
    assert "To the study list" in answer.text


def test_the_form_knows_the_patient_of_another_order(clinic: Server) -> None:
    order = _ordered(clinic, patientId="H8", patientName="Hill^Hal", modality="CT")
    text = _get(clinic, f"/orders/new?like={order['id']}").text
    for said in ('value="H8"', 'value="Hill"', 'value="Hal"'):
        assert said in text
    assert order["accessionNumber"] not in text


def test_every_address_begins_with_the_prefix(clinic: Server) -> None:
    for path in (
        "/worklist",
        "/orders/new",
        f"/orders/{_ordered(clinic, patientId='I', modality='CT')['id']}",
    ):
        headers = {**HTML, "X-Forwarded-Prefix": "/imaging"}
        text = requests.get(f"{clinic.address}{path}", headers=headers, timeout=30).text
        addresses = re.findall(r"""(?:src|href|action)=["'](/[^"']*)""", text)
        assert all(each.startswith("/imaging/") for each in addresses)


def test_what_the_browser_has_is_not_sent_again(clinic: Server) -> None:
    answer = _get(clinic, "/worklist")
    headers = {**HTML, "If-None-Match": answer.headers["ETag"]}
    assert (
        requests.get(f"{clinic.address}/worklist", headers=headers, timeout=30).status_code == 304
    )
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_without_the_extension_there_is_no_worklist(tmp_path: Path) -> None:
    with running(tmp_path / "data", DICOMWEB_EXTENSIONS="extensions.pages") as server:
        for path in ("/worklist", "/orders/new", "/orders/1.2"):
            assert _get(server, path).status_code == 404
        assert "Worklist" not in _get(server, "/").text
