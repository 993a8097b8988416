"""For operators: health, metrics, and one shape for every failure."""

import re
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from clients import get, path_of, store
from samples import encode, make_image
from servers import Server, running


def _raw(server: Server, request: bytes) -> bytes:
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_http_1_0_without_host_is_answered(server: Server, path: str) -> None:
    assert b" 200 " in _raw(server, f"GET {path} HTTP/1.0\r\n\r\n".encode()).partition(b"\r\n")[0]


def test_searches_without_host_are_answered_too(server: Server) -> None:
    store(server, encode(make_image()))
    answer = _raw(server, b"GET /dicom-web/studies?limit=1 HTTP/1.0\r\n\r\n")
    assert b"http://127.0.0.1:" in answer


def test_a_server_whose_storage_is_gone_is_live_but_not_ready(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        shutil.rmtree(tmp_path / "data" / "objects")
        assert requests.get(f"{server.address}/health/live", timeout=30).status_code == 200
        answer = requests.get(f"{server.address}/health/ready", timeout=30)
        assert answer.status_code == 503
        assert "storage" in answer.json()["message"]
        assert str(tmp_path) not in answer.text


def test_metrics_count_requests_by_route_and_stores_by_outcome(own_server: Server) -> None:
    dataset = make_image(PatientName="Secret^Name")
    store(own_server, encode(dataset), b"no dicom")
    get(own_server, path_of(dataset))
    text = requests.get(f"{own_server.address}/metrics", timeout=30).text
    assert 'dicomweb_stored_instances_total{outcome="stored"} 1.0' in text
    assert 'dicomweb_stored_instances_total{outcome="refused"} 1.0' in text
    route = "/dicom-web/studies/{study}/series/{series}/instances/{instance}"
    assert f'dicomweb_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in text
    assert f"dicomweb_storage_bytes {float(len(encode(dataset)))}" in text
    assert dataset.StudyInstanceUID not in text
    assert "Secret" not in text


def test_unknown_methods_and_paths_do_not_multiply_the_metrics(own_server: Server) -> None:
    for number in range(20):
        requests.request(f"X{number}", f"{own_server.root}/studies", timeout=30)
        requests.get(f"{own_server.address}/nothing/{number}", timeout=30)
    for method in ("PUT", "PATCH", "DELETE"):
        requests.request(method, f"{own_server.address}/health/live", timeout=30)
    text = requests.get(f"{own_server.address}/metrics", timeout=30).text
    assert len(re.findall(r"^dicomweb_requests_total", text, re.MULTILINE)) < 8
    assert 'dicomweb_requests_total{method="other",route="/health/live",status="405"} 3.0' in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/dicom-web/nothing", 404),
        ("GET", "/dicom-web/studies/1.2.3", 404),
        ("GET", "/dicom-web/studies/x", 400),
        ("PUT", "/dicom-web/studies", 405),
        ("POST", "/dicom-web/studies", 400),
        ("GET", "/dicom-web/studies?limit=x", 400),
        ("GET", "/dicom-web/studies/%00", 400),
        ("GET", "/dicom-web/studies/1.2/series/..%2F..", 404),
    ],
)
def test_every_failure_has_the_one_shape(
    server: Server, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, server.address + path, timeout=30)
    body = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert body["error"]["code"] == status
    assert body["error"]["message"] == body["message"]
    assert "Traceback" not in answer.text


def test_a_method_that_is_not_there_is_told_all_that_are(server: Server) -> None:
    answer = requests.delete(f"{server.root}/studies", timeout=30)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_origins_are_let_in_only_when_the_setting_says_so(tmp_path: Path) -> None:
    preflight = {
        "Origin": "https://viewer.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "accept,authorization,content-type,x-requested-with",
    }
    with running(tmp_path / "a", DICOMWEB_CORS_ORIGINS="https://viewer.example") as server:
        answer = requests.options(f"{server.root}/studies", headers=preflight, timeout=30)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://viewer.example"
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
        found = get(server, "/studies", Origin="https://viewer.example")
        exposed = found.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"ETag", "Content-Disposition", "X-DICOM-Metadata"} <= set(exposed)
        assert (
            "Access-Control-Allow-Origin" not in get(server, "/studies", Origin="https://x").headers
        )


def test_a_store_over_the_limit_is_413(tmp_path: Path) -> None:
    with running(tmp_path / "data", DICOMWEB_MAX_STORE_MB="1") as server:
        dataset = make_image(rows=1024, columns=1024)
        reply = store(server, encode(dataset))
        assert reply.status == 413
        assert get(server, path_of(dataset)).status_code == 404
