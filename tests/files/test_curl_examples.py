"""Every curl example of the four documents, with our host and ids put in: the documented answer."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from files_curl import curl
from files_server import Files
from samples import encode, make_image

CT = Path(__file__).parents[1] / "data" / "ct.dcm"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ORTHANC = re.compile("[0-9a-f]{8}(-[0-9a-f]{8}){4}")
METADATA = {
    *("patientName", "patientId", "studyDate", "studyTime", "modality", "studyDescription"),
    *("seriesDescription", "instanceNumber", "sopInstanceUID", "studyInstanceUID"),
    "seriesInstanceUID",
}
FILE = {"id", "filename", "originalName", "fileSize", "uploadedAt"}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A folder with the file of the examples, an image of its own."""
    dataset = make_image(
        PatientName="SMITH^JOHN",
        PatientID="12345",
        StudyDate="20240115",
        StudyTime="103000",
        StudyDescription="Chest CT",
        SeriesDescription="Axial images",
        Modality="CT",
        AcquisitionDate="19960308",
    )
    (tmp_path / "sample.dcm").write_bytes(encode(dataset))
    return tmp_path


def _upload(files: Files, sample: Path) -> dict[str, Any]:
    return files.upload((sample / "sample.dcm").read_bytes(), "sample.dcm")


# The PACS DICOM API


def test_upload_of_the_first_document(files: Files, sample: Path) -> None:
    answer = curl(
        f"curl -X POST {files.host}/api/dicom/upload "
        f'-F "dicomFile=@{sample}/sample.dcm" '
        '-H "Content-Type: multipart/form-data"'
    )
    assert answer.status == 201
    assert answer.json["success"] is True
    data = answer.json["data"]
    assert set(data) == FILE | {"metadata"}
    assert UUID.fullmatch(data["id"])
    assert data["originalName"] == "sample.dcm"
    assert data["fileSize"] == (sample / "sample.dcm").stat().st_size
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data["uploadedAt"])
    assert set(data["metadata"]) == METADATA
    assert data["metadata"]["patientName"] == "SMITH^JOHN"
    assert data["metadata"]["studyTime"] == "103000"
    assert data["metadata"]["instanceNumber"] == "1"


def test_download_of_the_first_document(files: Files, sample: Path) -> None:
    id = _upload(files, sample)["id"]
    answer = curl(f"curl -X GET {files.host}/api/dicom/{id} -o downloaded-file.dcm", sample)
    assert (answer.status, answer.content_type) == (200, "application/dicom")
    assert (sample / "downloaded-file.dcm").read_bytes() == (sample / "sample.dcm").read_bytes()


def test_metadata_of_the_first_document(files: Files, sample: Path) -> None:
    uploaded = _upload(files, sample)
    answer = curl(f"curl -X GET {files.host}/api/dicom/{uploaded['id']}/metadata")
    assert answer.status == 200
    assert answer.json == {"success": True, "data": uploaded}


def test_list_of_the_first_document(own_files: Files, sample: Path) -> None:
    uploaded = _upload(own_files, sample)
    answer = curl(f"curl -X GET {own_files.host}/api/dicom")
    assert answer.status == 200
    data = answer.json["data"]
    assert data["total"] == 1
    wanted = {name: uploaded[name] for name in FILE}
    told = {"patientName": "SMITH^JOHN", "studyDate": "20240115", "modality": "CT"}
    assert data["dicomFiles"] == [{**wanted, **told}]


# The parser of local files


def test_a_path_is_processed_and_its_image_and_tags_are_shown(files: Files) -> None:
    path = "test-xray/DICOM/PA000001/ST000001/SE000001/IM000002"
    (files.folder / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(CT, files.folder / path)
    answer = curl(
        f"curl --location '{files.host}/dicom' --header 'Content-Type: application/json' "
        f'--data \'{{"path": "{path}"}}\''
    )
    assert answer.status == 200
    assert set(answer.json) == {"id"}
    id = answer.json["id"]
    assert len(id) == len("iEfcZk3Vn6H8iyqc3seHrm")
    image = curl(f"curl --location '{files.host}/image?id={id}' -o image.png", files.folder)
    assert (image.status, image.content_type) == (200, "image/png")
    assert (files.folder / "image.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    tags = curl(f"curl --location '{files.host}/tags?id={id}'")
    assert (tags.status, tags.content_type) == (200, "application/json")
    assert tags.json["uuid"] == id
    first, second = tags.json["tags"][:2]
    assert {**first, "ID": 0} == {
        "ID": 0,
        "Tag": "(0002,0000)",
        "VR": "VRUInt32List",
        "Value": "[192]",
        "Name": "FileMetaInformationGroupLength",
    }
    assert second["ID"] == first["ID"] + 1
    assert {**second, "ID": 0} == {
        "ID": 0,
        "Tag": "(0002,0001)",
        "VR": "VRBytes",
        "Value": "[0 1]",
        "Name": "FileMetaInformationVersion",
    }


def test_the_path_of_the_second_document_may_end_with_a_slash(files: Files) -> None:
    shutil.copy(CT, files.folder / "slash.dcm")
    answer = curl(
        f"curl --location '{files.host}/dicom/' --header 'Content-Type: application/json' "
        '--data \'{"path": "slash.dcm"}\''
    )
    assert answer.status == 200


# The medical image workflow


def _workflow(files: Files, sample: Path, base: str) -> dict[str, Any]:
    answer = curl(
        f'curl -X POST -F "file=@sample.dcm" -H "Authorization: Bearer t" '
        f'-H "Content-Type: multipart/form-data" {files.host}{base}/dicom/upload',
        sample,
    )
    assert answer.status in (200, 201)
    assert answer.json["success"] is True
    found: dict[str, Any] = answer.json["data"]
    return found


@pytest.mark.parametrize("base", ["", "/api"])
def test_upload_of_the_workflow(files: Files, sample: Path, base: str) -> None:
    data = _workflow(files, sample, base)
    for name in ("ID", "ParentPatient", "ParentSeries", "ParentStudy"):
        assert ORTHANC.fullmatch(data[name])
    assert data["Path"] == f"/instances/{data['ID']}"
    assert data["Status"] == "Success"
    assert data["acquisitionDate"] == "1996-03-08T00:00:00.000Z"
    assert data["modality"] == "CT"
    assert all(data[name] for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
    assert _workflow(files, sample, base) == {**data, "Status": "AlreadyStored"}


@pytest.mark.parametrize("base", ["", "/api"])
def test_registration_of_the_workflow(files: Files, exam: str, tmp_path: Path, base: str) -> None:
    body = (
        f'{{"examenID": "{exam}", '
        '"studyInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.2.31", '
        '"seriesInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.1.31", '
        '"sopInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.0.31.2.1", '
        '"dateAcquisition": "1996-03-08T00:00:00.000Z", "modalite": "CT", '
        '"description": "Chest CT scan", "url": '
        '"/dicom/wado/1.2.840.113619.2.15.1008000062035011254.825190719.0.31.2.1", '
        '"orthancInstanceId": "2991c996-62ba403e-96d27bfe-33d472ee-f2b96e17"}'
    )
    (tmp_path / "body.json").write_text(body)
    answer = curl(
        f"curl -X POST {files.host}{base}/examens-medicaux/images "
        "-H 'Content-Type: application/json' -H 'Authorization: Bearer t' -d @body.json",
        tmp_path,
    )
    assert answer.status == 201
    image = answer.json
    assert UUID.fullmatch(image["imageID"])
    url = "/dicom/wado/1.2.840.113619.2.15.1008000062035011254.825190719.0.31.2.1"
    assert image == {
        "imageID": image["imageID"],
        "examenID": exam,
        "studyInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.2.31",
        "seriesInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.1.31",
        "sopInstanceUID": "1.2.840.113619.2.15.1008000062035011254.825190719.0.31.2.1",
        "dateAcquisition": "1996-03-08T00:00:00.000Z",
        "modalite": "CT",
        "description": "Chest CT scan",
        "url": url,
        "orthancInstanceId": "2991c996-62ba403e-96d27bfe-33d472ee-f2b96e17",
    }


@pytest.mark.parametrize("base", ["", "/api"])
def test_preview_and_wado_of_the_workflow(files: Files, sample: Path, base: str) -> None:
    data = _workflow(files, sample, base)
    url = f"{files.host}{base}/dicom/instances/{data['ID']}/preview?quality=90"
    preview = curl(f"curl -X GET '{url}' -H 'Authorization: Bearer t' -o p.jpg", sample)
    assert (preview.status, preview.content_type) == (200, "image/jpeg")
    assert (sample / "p.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    url = f"{files.host}{base}/dicom/wado/{data['SOPInstanceUID']}"
    wado = curl(f"curl -X GET '{url}' -o back.dcm", sample)
    assert (wado.status, wado.content_type) == (200, "application/dicom")
    assert (sample / "back.dcm").read_bytes() == (sample / "sample.dcm").read_bytes()


# The take-home API


def test_upload_of_the_last_document(files: Files, sample: Path) -> None:
    answer = curl(f'curl -X POST -F "file=@sample.dcm" {files.host}/dicom', sample)
    assert answer.status == 201
    assert UUID.fullmatch(answer.json["id"])
    assert answer.json == {
        "id": answer.json["id"],
        "filename": "sample.dcm",
        "message": "DICOM file uploaded successfully",
    }


def test_list_and_details_of_the_last_document(own_files: Files, sample: Path) -> None:
    id = _upload(own_files, sample)["id"]
    answer = curl(f"curl -X GET {own_files.host}/dicom")
    assert (answer.status, answer.json["count"]) == (200, 1)
    (file,) = answer.json["files"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", file["created_at"])
    assert file == {
        "id": id,
        "filename": "sample.dcm",
        "size_bytes": (sample / "sample.dcm").stat().st_size,
        "created_at": file["created_at"],
        "modified_at": file["created_at"],
        "dicom_info": {
            "PatientName": "SMITH^JOHN",
            "PatientID": "12345",
            "StudyDate": "20240115",
            "StudyDescription": "Chest CT",
            "Modality": "CT",
            "ImageDimensions": {"rows": 4, "columns": 6},
        },
    }
    one = curl(f"curl -X GET {own_files.host}/dicom/{id}")
    assert one.status == 200
    assert one.json["dicom_info"].items() >= file["dicom_info"].items()


def test_attributes_of_the_last_document(files: Files, sample: Path) -> None:
    id = _upload(files, sample)["id"]
    answer = curl(f"curl -X GET {files.host}/dicom/{id}/attributes")
    assert answer.status == 200
    attributes = answer.json["attributes"]
    assert answer.json["count"] == len(attributes)
    assert attributes["0010,0010"] == {"name": "Patient's Name", "value": "SMITH^JOHN"}
    assert attributes["0010,0020"] == {"name": "Patient ID", "value": "12345"}
    answer = curl(f'curl -X GET "{files.host}/dicom/{id}/attributes?tag=0010,0010"')
    assert answer.status == 200
    assert answer.json == {"tag": "0010,0010", "value": "SMITH^JOHN"}


def test_png_of_the_last_document(files: Files, sample: Path) -> None:
    id = _upload(files, sample)["id"]
    answer = curl(f"curl -X GET {files.host}/dicom/{id}/png --output image.png", sample)
    assert (answer.status, answer.content_type) == (200, "image/png")
    assert (sample / "image.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_delete_of_the_last_document(files: Files, sample: Path) -> None:
    id = _upload(files, sample)["id"]
    answer = curl(f"curl -X DELETE {files.host}/dicom/{id}")
    assert answer.status == 200
    assert answer.json == {"message": "DICOM file deleted successfully"}
    assert curl(f"curl -X GET {files.host}/dicom/{id}").status == 404


def test_delete_of_the_first_document(files: Files, sample: Path) -> None:
    id = _upload(files, sample)["id"]
    answer = curl(f"curl -X DELETE {files.host}/api/dicom/{id}")
    assert (answer.status, answer.text) == (204, "")
    gone = curl(f"curl -X GET {files.host}/api/dicom/{id}/metadata")
    assert (gone.status, gone.json["error"]["type"]) == (404, "DICOM_API_ERROR")


def test_a_file_without_prefix_in_the_words_of_the_first_document(
    files: Files, tmp_path: Path
) -> None:
    (tmp_path / "file.dcm").write_bytes(b"This is no DICOM file.")
    answer = curl(f'curl -X POST {files.host}/api/dicom/upload -F "dicomFile=@file.dcm"', tmp_path)
    assert answer.status == 400
    assert answer.json["error"] == {
        "code": 400,
        "message": "Invalid DICOM file: missing DICM prefix",
        "type": "DICOM_API_ERROR",
    }
