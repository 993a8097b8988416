"""In by each door, out by every other: one archive, whatever the id."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from clients import get, path_of, store
from files_server import Files
from pydicom.dataset import Dataset
from samples import encode, make_image

from extensions.files.identifiers import orthanc_of, short_of, uuid_of


def _by_path(files: Files, file: bytes) -> requests.Response:
    (files.folder / "door.dcm").write_bytes(file)
    return files.post("/dicom", json={"path": "door.dcm"})


DOORS: dict[str, Callable[[Files, bytes], Any]] = {
    "first": lambda files, file: files.post("/api/dicom/upload", files={"dicomFile": ("a", file)}),
    "path": _by_path,
    "workflow": lambda files, file: files.post("/dicom/upload", files={"file": ("a", file)}),
    "last": lambda files, file: files.post("/dicom", files={"file": ("a", file)}),
    "stow": lambda files, file: store(files.server, file),
}


def _ids(dataset: Dataset) -> list[str]:
    uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    uuid = uuid_of(uids[2])
    return [uuid, short_of(uuid), orthanc_of(dataset.PatientID, *uids), uids[2], uuid.upper()]


@pytest.mark.parametrize("door", DOORS)
def test_what_came_in_goes_out_by_every_door_and_id(files: Files, door: str) -> None:
    dataset = make_image(PatientID="äöü", SpecificCharacterSet="ISO_IR 192")
    file = encode(dataset)
    DOORS[door](files, file)
    for id in reversed(_ids(dataset)):
        assert files.get(f"/api/dicom/{id}").content == file
        for path in (
            *(f"/api/dicom/{id}/metadata", f"/dicom/{id}", f"/dicom/{id}/attributes"),
            *(f"/dicom/{id}/png", f"/image?id={id}", f"/tags?id={id}", f"/dicom/wado/{id}"),
            *(f"/dicom/instances/{id}/preview", f"/api/dicom/instances/{id}/preview"),
        ):
            assert files.get(path).status_code == 200, path
    assert get(files.server, path_of(dataset)).status_code == 200


@pytest.mark.parametrize("number", range(4))
def test_every_kind_of_id_is_found_at_the_first_look_after_a_store(
    files: Files, number: int
) -> None:
    dataset = make_image()
    store(files.server, encode(dataset))
    assert files.get(f"/api/dicom/{_ids(dataset)[number]}").status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_what_came_in_is_the_first_of_every_list(files: Files, door: str) -> None:
    dataset = make_image()
    DOORS[door](files, encode(dataset))
    id = uuid_of(dataset.SOPInstanceUID)
    assert id in [each["id"] for each in files.get("/dicom?limit=3").json()["files"]]
    listed = files.get("/api/dicom?limit=3").json()["data"]["dicomFiles"]
    assert id in [each["id"] for each in listed]


def test_what_is_deleted_by_one_door_is_gone_from_all(files: Files) -> None:
    dataset = make_image()
    files.upload(encode(dataset))
    requests.delete(f"{files.server.root}/studies/{dataset.StudyInstanceUID}", timeout=60)
    for id in _ids(dataset):
        for path in (f"/api/dicom/{id}", f"/dicom/{id}", f"/dicom/{id}/png", f"/tags?id={id}"):
            assert files.get(path).status_code == 404
        assert files.delete(f"/dicom/{id}").status_code == 404
    assert _ids(dataset)[0] not in files.get("/dicom").text


def test_what_is_deleted_here_is_gone_there(files: Files) -> None:
    dataset = make_image()
    found = files.upload(encode(dataset))
    assert files.delete(f"/api/dicom/{found['id']}").status_code == 204
    assert get(files.server, path_of(dataset)).status_code == 410


def test_what_is_stored_again_with_another_patient_has_new_ids(files: Files) -> None:
    dataset = make_image()
    found = files.upload(encode(dataset), "first.dcm")
    files.delete(f"/dicom/{found['id']}")
    dataset.PatientID = "another"
    store(files.server, encode(dataset))
    assert files.get(f"/dicom/{_ids(dataset)[2]}").json()["id"] == found["id"]
    assert files.get(f"/dicom/{found['id']}").json()["filename"] == f"{dataset.SOPInstanceUID}.dcm"


def test_a_file_of_the_radiology_form_comes_out_here(files: Files) -> None:
    first = make_image()
    files.upload(encode(first))
    dataset = make_image(StudyInstanceUID=first.StudyInstanceUID)
    path = f"/api/radiology/studies/{first.StudyInstanceUID}/upload"
    answer = files.post(path, files={"image": ("door.dcm", encode(dataset))})
    assert answer.status_code == 201, answer.text
    for id in _ids(dataset):
        assert files.get(f"/api/dicom/{id}").content == encode(dataset)


def test_a_file_of_ours_is_a_study_of_radiology(files: Files) -> None:
    dataset = make_image(Modality="CT")
    files.upload(encode(dataset))
    answer = files.get(f"/api/radiology/studies/{dataset.StudyInstanceUID}")
    assert answer.status_code == 200
