"""Who may do what, in the shapes of the documents: refusals that no handler ever sees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import Server, running

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with accounts named as their roles."""
    folder = tmp_path_factory.mktemp("guarded")
    _make_accounts(folder, "admin", "radiologist", "radiology_tech", "doctor")
    with running(folder, DICOMWEB_AUTH="local") as server:
        yield server


def _make_accounts(folder: Path, *roles: str) -> None:
    from dicomweb.app import open_archive
    from dicomweb.extension import load
    from dicomweb.settings import Settings
    from extensions.accounts import commands

    settings = Settings(data_dir=folder)
    archive = open_archive(settings, load(settings.extensions))
    for role in roles:
        commands.add(archive, role, role, PASSWORD)
    archive.close()


def _ask(server: Server, role: str, method: str, path: str, **more: Any) -> requests.Response:
    headers = {}
    if role:
        form = {"grant_type": "password", "username": role, "password": PASSWORD}
        token = requests.post(f"{server.address}/api/auth/token", data=form, timeout=60)
        headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    return requests.request(method, server.address + path, headers=headers, timeout=60, **more)


LINES = [
    ("GET", "/api/dicom", "view"),
    ("GET", "/api/dicom/1.2.3", "view"),
    ("GET", "/api/dicom/1.2.3/metadata", "view"),
    ("DELETE", "/api/dicom/1.2.3", "manage"),
    ("POST", "/api/dicom/upload", "upload"),
    ("GET", "/api/dicom/damaged", "manage"),
    ("GET", "/api/dicom/wado/1.2.3", "view"),
    ("GET", "/api/dicom/instances/1.2.3/preview", "view"),
    ("POST", "/api/examens-medicaux/images", "upload"),
    ("GET", "/dicom", "view"),
    ("POST", "/dicom", "upload"),
    ("POST", "/dicom/upload", "upload"),
    ("DELETE", "/dicom/1.2.3", "manage"),
    ("GET", "/dicom/1.2.3/attributes", "view"),
    ("GET", "/image?id=1.2.3", "view"),
    ("GET", "/tags?id=1.2.3", "view"),
    ("GET", "/examens-medicaux/images?examenID=x", "view"),
]


@pytest.mark.parametrize(("method", "path", "permission"), LINES)
def test_without_a_token_it_is_401_in_the_shape_of_the_document(
    guarded: Server, method: str, path: str, permission: str
) -> None:
    answer = _ask(guarded, "", method, path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    body = answer.json()
    assert body["error"]["code"] == 401
    assert (body["error"]["type"] == "DICOM_API_ERROR") is path.startswith("/api/dicom")
    assert body["message"] == body["error"]["message"]


@pytest.mark.parametrize(("method", "path", "permission"), LINES)
@pytest.mark.parametrize("role", ["doctor", "radiology_tech"])
def test_without_the_permission_it_is_403(
    guarded: Server, role: str, method: str, path: str, permission: str
) -> None:
    may = {"doctor": {"view"}, "radiology_tech": {"view", "upload"}}[role]
    status = _ask(guarded, role, method, path).status_code
    assert (status == 403) is (permission not in may)
    assert status < 500


def test_who_may_upload_may_not_delete(guarded: Server) -> None:
    file = {"dicomFile": ("a.dcm", encode(make_image()))}
    stored = _ask(guarded, "radiology_tech", "POST", "/api/dicom/upload", files=file)
    assert stored.status_code == 201
    path = f"/api/dicom/{stored.json()['data']['id']}"
    assert _ask(guarded, "doctor", "GET", path).status_code == 200
    refused = _ask(guarded, "radiology_tech", "DELETE", path)
    assert refused.json()["error"]["type"] == "DICOM_API_ERROR"
    assert refused.status_code == 403
    assert _ask(guarded, "admin", "DELETE", path).status_code == 204


def test_a_share_link_lists_the_images_of_its_own_study_only(guarded: Server) -> None:
    images = {study: _register(guarded, study) for study in (generate_uid(), generate_uid())}
    for study, image in images.items():
        share = {"studyInstanceUid": study}
        token = _ask(guarded, "admin", "POST", "/api/auth/shares", json=share).json()["data"][
            "token"
        ]
        answer = requests.get(
            f"{guarded.address}/examens-medicaux/images",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert [each["imageID"] for each in answer.json()["data"]] == [image]
        assert answer.json()["pagination"]["total"] == 1


def _register(server: Server, study: str) -> str:
    """The id of an image that is registered for the exam of a study."""
    file = {"dicomFile": ("a.dcm", encode(make_image(StudyInstanceUID=study)))}
    assert _ask(server, "admin", "POST", "/api/dicom/upload", files=file).status_code == 201
    exam = _ask(server, "admin", "GET", f"/api/radiology/studies/{study}").json()["data"]["id"]
    image = {
        "examenID": exam,
        "studyInstanceUID": "1.2",
        "seriesInstanceUID": "1.3",
        "sopInstanceUID": "1.4",
        "dateAcquisition": "1996-03-08",
        "modalite": "CT",
        "description": "Chest",
    }
    made = _ask(server, "admin", "POST", "/examens-medicaux/images", json=image)
    found: str = made.json()["imageID"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/dicom", "GET, HEAD, OPTIONS"),
        ("PATCH", "/api/dicom/1.2.3", "DELETE, GET, HEAD, OPTIONS"),
        ("POST", "/api/dicom/1.2.3/metadata", "GET, HEAD, OPTIONS"),
        ("GET", "/api/dicom/upload", "OPTIONS, POST"),
        ("DELETE", "/dicom/upload", "OPTIONS, POST"),
        ("DELETE", "/dicom", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/image", "GET, HEAD, OPTIONS"),
        ("DELETE", "/examens-medicaux/images", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_another_method_is_405_and_told_what_is_possible(
    server: Server, method: str, path: str, allowed: str
) -> None:
    answer = requests.request(method, server.address + path, timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed
    kind = answer.json()["error"]["type"]
    assert (kind == "DICOM_API_ERROR") is path.startswith("/api/dicom")


@pytest.mark.parametrize(
    "id",
    [
        "x",
        "0" * 36,
        "5efb7e40-5880-4a82-88c3-b52644c4f703",
        "iEfcZk3Vn6H8iyqc3seHrm",
        "2991c996-62ba403e-96d27bfe-33d472ee-f2b96e17",
        "1.2.3",
        "%00",
        "%ff",
        "..%2f..",
        "é" * 22,
        "a" * 5000,
        "'; DROP TABLE files_instance; --",
        "metadata",
        "1." * 80,
    ],
)
def test_an_id_that_never_was_is_404(server: Server, id: str) -> None:
    for path in (
        *(f"/api/dicom/{id}", f"/api/dicom/{id}/metadata", f"/dicom/{id}", f"/dicom/{id}/png"),
        *(f"/dicom/{id}/attributes", f"/image?id={id}", f"/tags?id={id}", f"/dicom/wado/{id}"),
        *(f"/dicom/instances/{id}/preview", f"/api/dicom/instances/{id}/preview"),
    ):
        answer = requests.get(server.address + path, timeout=60)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["code"] == 404
    assert requests.delete(f"{server.address}/dicom/{id}", timeout=60).status_code == 404


@pytest.mark.parametrize("path", ["/image", "/tags", "/image?id=", "/tags?id="])
def test_a_missing_id_is_400(server: Server, path: str) -> None:
    assert requests.get(server.address + path, timeout=60).status_code == 400


@pytest.mark.parametrize("path", ["/dicom", "/api/dicom", "/api/dicom/damaged"])
def test_a_page_that_cannot_be_is_400_and_one_behind_the_last_is_empty(
    server: Server, path: str
) -> None:
    url = server.address + path
    for query in ("page=0", "page=-1", "page=x", "limit=0", "limit=10001", "limit=1e3"):
        assert requests.get(f"{url}?{query}", timeout=60).status_code == 400
    body = requests.get(f"{url}?page=1000&limit=5", timeout=60).json()
    rows = body.get("files", body.get("data"))
    assert (rows.get("dicomFiles") if isinstance(rows, dict) else rows) == []
    assert body["pagination"]["page"] == 1000
