"""Request ids, headers of pages, and a log without tokens, queries and names."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.accounts.people import House, make_accounts


def test_every_answer_has_a_request_id_of_its_own(house: House) -> None:
    ids = {house.ask("GET", "/health/live").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3
    assert house.ask("GET", "/nowhere", house.admin).headers["X-Request-Id"]
    assert house.ask("GET", "/dicom-web/studies").headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abc-123", True), ("a b", False), ("x" * 101, False), ("<script>", False), ("", False)],
)
def test_a_trusted_proxy_may_give_the_id(house: House, given: str, taken: bool) -> None:
    answer = house.ask("GET", "/health/live", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) == taken


def test_of_two_requests_under_way_only_one_has_an_id(house: House) -> None:
    """Or the one could pass for the other in the audit trail."""
    answers = []

    def ask(_: int) -> None:
        answers.append(house.grant("doctor", **{"X-Request-Id": "twin"}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(8)))
    ids = [each.headers["X-Request-Id"] for each in answers]
    assert "twin" in ids
    assert len({each for each in ids if each != "twin"}) == 8 - ids.count("twin")
    assert house.grant("doctor", **{"X-Request-Id": "twin"}).headers["X-Request-Id"] == "twin"


def test_pages_make_browsers_careful(house: House) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    answer = house.ask("GET", "/viewer", house.admin, headers=headers)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src ")
    assert "Strict-Transport-Security" not in house.ask("GET", "/viewer", house.admin).headers


@pytest.mark.parametrize(
    "path",
    [
        *("/dicom-web/studies", "/dicom", "/api/auth/me", "/api/radiology/studies", "/nowhere"),
        *("/viewer", "/login", "/openapi.json", "/health/live", "/share/x", "/api/audit"),
    ],
)
def test_no_answer_is_taken_for_what_it_does_not_say(house: House, path: str) -> None:
    raw = house.ask("GET", path, house.admin, stream=True).raw.headers
    assert raw.getlist("x-content-type-options") == ["nosniff"]


def test_the_log_has_no_query_no_token_and_no_name(tmp_path: Path) -> None:
    make_accounts(tmp_path, "admin")
    command = [sys.executable, "-m", "dicomweb.cli", "serve", "--port", "0"]
    environment = {
        **os.environ,
        "DICOMWEB_AUTH": "local",
        "DICOMWEB_LOG": "json",
        "DICOMWEB_LOG_REQUESTS": "true",
        "DICOMWEB_DATA_DIR": str(tmp_path),
    }
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines = iter(process.stdout.readline, "Stop it with Ctrl+C.\n")
    (root,) = (line.split()[-1] for line in lines if "DICOMweb root" in line)
    address = f"http://{urlsplit(root).netloc}"
    paths = ("/dicom-web/studies?PatientName=Secret", "/share/Secret", "/x?token=Secret")
    for path in (*paths, "/prefix/share/Secret/", "/x%0aERROR forged"):
        requests.get(address + path, headers={"X-Request-Id": "known-1"}, timeout=30)
    form = {"grant_type": "password", "username": "Secret", "password": "Secret"}
    requests.post(f"{address}/api/auth/token", data=form, timeout=30)
    process.terminate()
    process.wait(20)
    process.stdout.close()
    text = process.stderr.read()
    process.stderr.close()
    told = [json.loads(line) for line in text.splitlines()]
    assert "Secret" not in text
    assert told[0]["request"] == "known-1"
    assert [each["message"] for each in told] == [
        "GET /dicom-web/studies 401",
        "GET /share/… 401",
        "GET /x 404",
        "GET /prefix/share/… 404",
        "GET /x?ERROR forged 404",
        "POST /api/auth/token 401",
    ]
