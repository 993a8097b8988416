"""The OpenAPI document: it says what the routes do, and Swagger UI shows it from our own files."""

import re

import pytest
import requests
from servers import Server

from dicomweb import extension
from dicomweb.app import all_routes
from dicomweb.settings import DEFAULT_EXTENSIONS
from extensions.json_api import Operation


@pytest.fixture(scope="module")
def document(server: Server) -> dict:
    return requests.get(f"{server.address}/openapi.json", timeout=30).json()


def test_every_documented_route_is_in_it(document: dict) -> None:
    routes = all_routes(extension.load(DEFAULT_EXTENSIONS))
    documented = {
        (method.lower(), re.sub(r"{(\w+):\w+}", r"{\1}", each.path))
        for each in routes
        if isinstance(getattr(each, "operation", None), Operation)
        for method in each.methods - {"HEAD"}
    }
    listed = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert listed == documented
    assert len(listed) > 40


def test_every_route_of_our_own_json_apis_is_documented() -> None:
    routes = all_routes(extension.load(DEFAULT_EXTENSIONS))
    ours = [each for each in routes if each.path.startswith("/api/")]
    # A browser is led through these by redirects; no program asks for them.
    ours = [each for each in ours if not each.path.startswith("/api/auth/oidc/")]
    silent = {each.path for each in ours if not isinstance(each.operation, Operation)}
    assert silent == set()


def test_a_path_that_takes_a_form_or_json_says_so(document: dict) -> None:
    operation = document["paths"]["/dicom"]["post"]
    assert set(operation["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
    assert {"200", "201", "207", "400", "403", "413"} <= set(operation["responses"])


@pytest.mark.parametrize(
    ("path", "required"),
    [
        ("/api/radiology/studies/{study_id}/upload", ["image"]),
        ("/dicom/upload", ["file"]),
        ("/api/dicom/upload", None),  # one of two
    ],
)
def test_a_form_says_which_file_it_needs(
    document: dict, path: str, required: list[str] | None
) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"].get("required") == required


def test_a_parameter_that_takes_several_values_says_so(document: dict) -> None:
    parameters = document["paths"]["/api/radiology/studies"]["get"]["parameters"]
    (modality,) = [each for each in parameters if each["name"] == "modality"]
    assert "array" in str(modality["schema"])


def test_every_reference_leads_somewhere(document: dict) -> None:
    named = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert named <= set(document["components"]["schemas"])


def test_paths_do_not_differ_by_names_of_parameters_alone(document: dict) -> None:
    """They would be the same path (OpenAPI 3.1, 4.8.8)."""
    bare = [re.sub(r"{\w+}", "{}", path) for path in document["paths"]]
    assert len(bare) == len(set(bare))


def test_operation_ids_are_unique(document: dict) -> None:
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))


def test_an_unchanged_document_is_not_sent_again(server: Server) -> None:
    url = f"{server.address}/openapi.json"
    etag = requests.get(url, timeout=30).headers["ETag"]
    assert requests.get(url, headers={"If-None-Match": etag}, timeout=30).status_code == 304


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_swagger_ui_comes_from_this_server(server: Server, coding: str) -> None:
    page = requests.get(f"{server.address}/api-docs", timeout=30)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert re.findall(r"https?://", page.text) == [] or server.address in page.text
    for name in re.findall(r'(?:src|href)="(api-docs/[^"]+)"', page.text):
        headers = {"Accept-Encoding": coding}
        file = requests.get(f"{server.address}/{name}", headers=headers, timeout=30)
        assert file.status_code == 200
        assert file.headers.get("Content-Encoding", "identity") in (coding, "identity")


def test_no_other_file_is_given(server: Server) -> None:
    for name in ("README.md", "..%2Fserving.py", "swagger-ui-bundle.js.gz"):
        answer = requests.get(f"{server.address}/api-docs/{name}", timeout=30)
        assert answer.status_code == 404
