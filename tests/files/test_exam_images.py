"""Images of exams: what may be registered, and how it comes back."""

from typing import Any

import pytest
import requests
from files_exams import make_exam
from files_server import Files

UNKNOWN = "6f670fcb-6356-4c15-9b9f-a3886c75e430"
PATH = "/examens-medicaux/images"


def _image(exam: str, **values: Any) -> dict[str, Any]:
    return {
        "examenID": exam,
        "studyInstanceUID": "1.2.3",
        "seriesInstanceUID": "1.2.3.4",
        "sopInstanceUID": "1.2.3.4.5",
        "dateAcquisition": "1996-03-08T00:00:00.000Z",
        "modalite": "CT",
        "description": "Chest CT scan",
        **values,
    }


def _register(files: Files, image: Any, path: str = PATH) -> requests.Response:
    return files.post(path, json=image)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"description": ""},
        {"description": "<b>Thorax</b>\nzwei Zeilen, 胸部"},
        {"url": "/dicom/wado/1.2.3"},
        {"url": "dicom/wado/1.2.3"},
        {"url": "images/a:b.dcm?x=y#z"},
        {"url": "https://pacs.example/wado/1.2.3"},
        {"url": "http://[::1]:8042/x"},
        {"url": None, "orthancInstanceId": None},
        {"orthancInstanceId": "2991c996-62ba403e-96d27bfe-33d472ee-f2b96e17"},
        {"dateAcquisition": "1996-03-08"},
        {"dateAcquisition": "1996-03-08T10:00:00+02:00"},
        {"modalite": "UNKNOWN"},
    ],
)
def test_every_field_comes_back_as_it_was_sent(
    files: Files, exam: str, values: dict[str, Any]
) -> None:
    sent = _image(exam, **values)
    answer = _register(files, sent)
    assert answer.status_code == 201
    image = answer.json()
    assert image == {"url": None, "orthancInstanceId": None, **sent, "imageID": image["imageID"]}
    assert files.get(f"{PATH}/{image['imageID']}").json() == image
    assert files.get(f"/api{PATH}/{image['imageID']}").json() == image


@pytest.mark.parametrize(
    "values",
    [
        {"studyInstanceUID": ""},
        {"studyInstanceUID": "1.2.x"},
        {"seriesInstanceUID": None},
        {"sopInstanceUID": 5},
        {"sopInstanceUID": "1" * 200},
        {"dateAcquisition": "yesterday"},
        {"dateAcquisition": ""},
        {"modalite": ""},
        {"modalite": "x" * 51},
        {"description": None},
        {"description": "a\0b"},
        {"url": ""},
        {"url": "javascript:alert(1)"},
        {"url": "JAVASCRIPT:alert(1)"},
        {"url": "java\nscript:alert(1)"},
        {"url": " javascript:alert(1)"},
        {"url": "data:text/html,x"},
        {"url": "file:///etc/passwd"},
        {"url": "//evil.example/x"},
        {"url": "/\\evil.example/x"},
        {"url": "https://"},
        {"url": "http://[::1"},
        {"url": "/" + "x" * 500},
        {"orthancInstanceId": "x" * 256},
        {"examenID": ""},
    ],
)
def test_a_wrong_field_is_400_and_named(files: Files, exam: str, values: dict[str, Any]) -> None:
    answer = _register(files, _image(exam, **values))
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(next(iter(values)))


@pytest.mark.parametrize(
    "field",
    [
        *("examenID", "studyInstanceUID", "seriesInstanceUID", "sopInstanceUID"),
        *("dateAcquisition", "modalite", "description"),
    ],
)
def test_a_missing_field_is_400_and_named(files: Files, exam: str, field: str) -> None:
    image = _image(exam)
    del image[field]
    answer = _register(files, image)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(field)


@pytest.mark.parametrize("path", [PATH, f"/api{PATH}"])
@pytest.mark.parametrize("exam", [UNKNOWN, "nonsense", "1.2.3"])
def test_an_unknown_exam_is_404(files: Files, exam: str, path: str) -> None:
    for answer in (
        _register(files, _image(exam), path),
        files.get(path, params={"examenID": exam}),
    ):
        assert answer.status_code == 404
        assert answer.json()["message"] == "Medical exam not found."


def test_the_images_of_an_exam_are_listed_in_pages(files: Files, exam: str) -> None:
    made = [_register(files, _image(exam, modalite=f"M{n}")).json() for n in range(3)]
    whole = files.get(PATH, params={"examenID": exam}).json()
    assert whole["data"][-3:] == made
    total = whole["pagination"]["total"]
    page = files.get(PATH, params={"examenID": exam, "page": total, "limit": 1}).json()
    assert page["data"] == made[-1:]
    assert page["pagination"] == {"page": total, "limit": 1, "total": total}


@pytest.mark.parametrize("path", [PATH, f"{PATH}?examenID=", f"/api{PATH}"])
def test_without_an_exam_the_images_of_all_exams_are_listed(files: Files, path: str) -> None:
    exams = [make_exam(files.server) for _ in range(3)]
    made = [_register(files, _image(exam)).json() for exam in exams]
    files.delete(f"/api/radiology/studies/{exams[1]}")
    listed = files.get(path).json()
    assert listed["pagination"]["total"] == len(listed["data"])
    assert [each for each in listed["data"] if each in made] == [made[0], made[2]]


@pytest.mark.parametrize("query", ["?page=0", "?examenID=x&page=0", "?examenID=x&limit=a"])
def test_a_list_needs_a_page_that_can_be(files: Files, query: str) -> None:
    assert files.get(PATH + query).status_code == 400


@pytest.mark.parametrize("id", [UNKNOWN, "x", "%00", "a%2Fb"])
def test_an_unknown_image_is_404(files: Files, id: str) -> None:
    assert files.get(f"{PATH}/{id}").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_400(files: Files, body: bytes) -> None:
    answer = files.post(PATH, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_an_image_is_an_entry_of_the_exam_it_was_sent_for(files: Files, exam: str) -> None:
    """The whole way of the document's client: upload, registration, preview, download."""
    from samples import encode, make_image

    sent = encode(make_image(AcquisitionDate="20240301", Modality="MR"))
    data = files.post("/api/dicom/upload", files={"file": ("a.dcm", sent)}).json()["data"]
    image = _register(
        files,
        _image(
            exam,
            studyInstanceUID=data["StudyInstanceUID"],
            seriesInstanceUID=data["SeriesInstanceUID"],
            sopInstanceUID=data["SOPInstanceUID"],
            dateAcquisition=data["acquisitionDate"],
            modalite=data["modality"],
            url=f"/dicom/wado/{data['SOPInstanceUID']}",
            orthancInstanceId=data["ID"],
        ),
        f"/api{PATH}",
    ).json()
    preview = files.get(f"/api/dicom/instances/{image['orthancInstanceId']}/preview?quality=90")
    assert preview.headers["Content-Type"] == "image/jpeg"
    assert files.get(image["url"]).content == sent
