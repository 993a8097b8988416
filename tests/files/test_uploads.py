"""What comes in by the forms: several files, duplicates, names, and everything that is wrong."""

from typing import Any
from urllib.parse import unquote

import pytest
import requests
from files_server import Files
from samples import encode, make_dataset, make_image

UPLOADS = [
    ("/api/dicom/upload", "dicomFile"),
    ("/api/dicom/upload", "file"),
    ("/dicom/upload", "file"),
    ("/dicom", "file"),
]


def _send(files: Files, path: str, field: str, *sent: tuple[str, bytes]) -> requests.Response:
    return files.post(path, files=[(field, each) for each in sent])


def _is_error(answer: requests.Response, status: int) -> bool:
    body = answer.json()
    kind = body["error"]["type"]
    assert (kind == "DICOM_API_ERROR") is answer.request.path_url.startswith("/api/dicom")
    assert body["error"]["code"] == answer.status_code == status
    assert body["message"] == body["error"]["message"]
    return True


def _bad_files() -> dict[str, bytes]:
    whole = encode(make_image(rows=32, columns=32))
    many = make_image(rows=8, columns=8, frames=4)
    many.NumberOfFrames = 9
    small = make_image(rows=8, columns=8)
    small.Rows = 64
    return {
        "empty": b"",
        "text": b"patient,name\n" * 100,
        "no prefix": whole[132:],
        "preamble only": whole[:132],
        "in file meta": whole[:200],
        "in data set": whole[: len(whole) // 3],
        "in pixels": whole[:-100],
        "one byte short": whole[:-1],
        "fewer frames": encode(many),
        "fewer rows": encode(small),
        "no study": encode(make_dataset(StudyInstanceUID="")),
        "no instance": encode(make_dataset()).replace(b"1.2.826.0.1.3680043.8.498", b"x" * 25),
        "garbage": b"\0" * 128 + b"DICM" + bytes(range(256)) * 4,
    }


@pytest.mark.parametrize(("path", "field"), UPLOADS)
@pytest.mark.parametrize("name", _bad_files())
def test_what_is_no_whole_dicom_file_is_400(files: Files, name: str, path: str, field: str) -> None:
    before = files.get("/dicom").json()["count"]
    answer = _send(files, path, field, ("bad.dcm", _bad_files()[name]))
    assert _is_error(answer, 400)
    assert answer.json()["message"].startswith("Invalid DICOM file: ")
    assert files.get("/dicom").json()["count"] == before


@pytest.mark.parametrize(("path", "field"), UPLOADS)
def test_another_file_under_a_stored_uid_is_409(files: Files, path: str, field: str) -> None:
    dataset = make_image()
    files.upload(encode(dataset))
    dataset.PatientName = "Somebody^Else"
    assert _is_error(_send(files, path, field, ("other.dcm", encode(dataset))), 409)
    kept = files.get(f"/dicom/{dataset.SOPInstanceUID}").json()
    assert kept["dicom_info"]["PatientName"] == "Doe^Jane"


@pytest.mark.parametrize(("path", "field"), UPLOADS)
def test_the_same_file_twice_is_stored_once(files: Files, path: str, field: str) -> None:
    file = ("scan.dcm", encode(make_image()))
    first = _send(files, path, field, file)
    count = files.get("/dicom").json()["count"]
    again = _send(files, path, field, file)
    assert first.status_code == 201
    assert again.ok
    assert files.get("/dicom").json()["count"] == count


def test_several_files_are_stored_each_with_its_result(files: Files) -> None:
    sent = [(f"{number}.dcm", encode(make_image())) for number in range(3)]
    answer = _send(files, "/api/dicom/upload", "dicomFile", *sent)
    assert answer.status_code == 201
    assert [each["originalName"] for each in answer.json()["data"]] == ["0.dcm", "1.dcm", "2.dcm"]
    answer = _send(files, "/dicom/upload", "file", *sent)
    assert {each["Status"] for each in answer.json()["data"]} == {"AlreadyStored"}
    answer = _send(files, "/dicom", "file", *sent)
    assert [each["filename"] for each in answer.json()["files"]] == ["0.dcm", "1.dcm", "2.dcm"]


def test_one_bad_file_of_several_does_not_keep_the_others_out(files: Files) -> None:
    good = encode(make_image())
    sent = [("bad.dcm", b"nothing"), ("good.dcm", good), ("again.dcm", good)]
    answer = _send(files, "/api/dicom/upload", "dicomFile", *sent)
    assert answer.status_code == 207
    bad, stored, again = answer.json()["data"]
    assert answer.json()["success"] is False
    assert bad["error"]["code"] == 400
    assert stored["id"] == again["id"]
    assert files.get(f"/api/dicom/{stored['id']}").content == good


def test_where_no_file_of_several_can_be_stored_the_answer_is_an_error(files: Files) -> None:
    answer = _send(files, "/dicom", "file", ("a", b"nothing"), ("b", b""))
    assert _is_error(answer, 400)
    assert [each["error"]["code"] for each in answer.json()["files"]] == [400, 400]


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/api/dicom/upload", {"data": {"dicomFile": "text"}}, 400),
        ("/api/dicom/upload", {}, 400),
        ("/dicom/upload", {}, 400),
        ("/dicom", {}, 400),
        ("/api/dicom/upload", {"files": {"other": ("a.dcm", b"x")}}, 400),
        ("/api/dicom/upload", {"files": {"note": (None, "text")}}, 400),
        ("/dicom/upload", {"files": {"dicomFile": ("a.dcm", b"x")}}, 400),
        ("/dicom/upload", {"json": {"path": "a"}}, 400),
        ("/api/dicom/upload", {"json": {"dicomFile": "a"}}, 400),
        ("/dicom", {"files": {"note": (None, "text")}}, 400),
        ("/dicom", {"data": b"DICM"}, 400),
        ("/examens-medicaux/images", {"data": b"{}", "headers": {"Content-Type": "text/a"}}, 400),
        ("/dicom", {"data": b"--", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        (
            "/dicom",
            {
                "data": b"--b\r\nbroken",
                "headers": {"Content-Type": "multipart/form-data;boundary=b"},
            },
            400,
        ),
        ("/dicom", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("/dicom", {"json": []}, 400),
        ("/dicom", {"json": {}}, 400),
        ("/dicom", {"json": {"path": 1}}, 400),
        ("/dicom", {"json": {"path": ""}}, 400),
        ("/dicom", {"json": {"path": "a\0b"}}, 400),
    ],
)
def test_a_request_without_a_file_says_what_would_be_right(
    files: Files, path: str, options: dict[str, Any], status: int
) -> None:
    assert _is_error(files.post(path, **options), status)


@pytest.mark.parametrize(("path", "field"), UPLOADS)
def test_more_than_the_limit_is_413(files: Files, path: str, field: str) -> None:
    answer = _send(files, path, field, ("big.dcm", bytes(102_000_000)))
    if path == "/api/dicom/upload":  # which field it was is not known yet
        assert answer.json()["error"]["type"] == "DICOM_API_ERROR"
    assert answer.status_code == 413
    assert "100 MB" in answer.json()["message"]


def test_the_limit_is_that_of_the_files_whatever_the_form_adds(files: Files) -> None:
    parts = [("a.dcm", bytes(50_000_000)), ("b.dcm", bytes(50_000_000))]
    answer = _send(files, "/dicom", "file", *parts)
    assert _is_error(answer, 400)
    assert answer.json()["message"] == "Invalid DICOM file: missing DICM prefix"
    assert _is_error(_send(files, "/dicom", "file", *parts, ("c.dcm", b"x")), 413)


def test_a_form_that_never_ends_is_read_no_further_than_the_limit(files: Files) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pieces = (head, *[bytes(1_000_000)] * 101, b"\r\n--b--\r\n")
    answer = files.post(
        "/dicom", data=iter(pieces), headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert _is_error(answer, 413)


def test_of_too_many_files_it_is_said_how_many_may_come(files: Files) -> None:
    answer = _send(files, "/dicom", "file", *[("a", b"x")] * 1001)
    assert _is_error(answer, 413)
    assert "1000" in answer.json()["message"]


@pytest.mark.parametrize(("path", "field"), UPLOADS)
def test_of_a_form_that_is_cut_off_nothing_is_stored(files: Files, path: str, field: str) -> None:
    whole = make_image()
    names = {"first.dcm": encode(whole), "cut.dcm": encode(make_image())[:400]}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + sent
        for name, sent in names.items()
    ]
    answer = files.post(
        path,
        data=b"\r\n".join(parts),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert _is_error(answer, 400)
    assert "cut off" in answer.json()["message"]
    assert files.get(f"/dicom/{whole.SOPInstanceUID}").status_code == 404


@pytest.mark.parametrize(
    "name", ["scan.dcm", "Röntgen Müller.dcm", "胸部 CT.dcm", "a;b'c.dcm", "100%.dcm", "no_end"]
)
def test_a_file_keeps_its_name(files: Files, name: str) -> None:
    found = files.upload(encode(make_image()), name)
    assert found["originalName"] == name
    header = files.get(f"/api/dicom/{found['id']}").headers["Content-Disposition"]
    exact = header.partition("filename*=UTF-8''")[2]
    assert (unquote(exact) if exact else header.partition('filename="')[2][:-1]) == name


def test_a_name_cannot_break_a_header(files: Files) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="dicomFile"; '
        b'filename="x\\"; filename=evil.sh"\r\n\r\n' + encode(make_image()) + b"\r\n--b--\r\n"
    )
    answer = files.post(
        "/api/dicom/upload", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    header = files.get(f"/api/dicom/{answer.json()['data']['id']}").headers["Content-Disposition"]
    assert header.count('"') == 2


def test_metadata_in_a_header_is_ascii_on_one_line(files: Files) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    id = files.new(
        SpecificCharacterSet="ISO_IR 192", PatientName=name, StudyDescription="é\U0001f600"
    )["id"]
    answer = files.get(f"/api/dicom/{id}")
    header = answer.headers["X-DICOM-Metadata"]
    assert header.isascii()
    body = files.get(f"/api/dicom/{id}/metadata").json()["data"]["metadata"]
    assert requests.models.complexjson.loads(header) == body
    assert body["patientName"] == name


def test_all_keys_are_there_where_the_file_has_no_values(files: Files) -> None:
    dataset = make_dataset(PatientName="", StudyDate="")
    for keyword in ("PatientID", "StudyTime", "Modality", "InstanceNumber"):
        delattr(dataset, keyword)
    found = files.upload(encode(dataset))
    metadata = found["metadata"]
    assert len(metadata) == 11
    uids = {name for name in metadata if name.endswith("UID")}
    assert {name for name, value in metadata.items() if value is not None} == uids
    info = files.get(f"/dicom/{found['id']}").json()["dicom_info"]
    assert info["ImageDimensions"] == {"rows": None, "columns": None}
    assert info["PatientName"] is None
    told = files.post("/dicom/upload", files={"file": ("a", encode(dataset))}).json()["data"]
    assert (told["acquisitionDate"], told["modality"]) == (None, None)
