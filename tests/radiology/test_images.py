"""Uploads: DICOM as it is, JPEG and PNG as Secondary Capture; the file comes back byte for byte."""

import io
import uuid
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from clients import get, parts, store
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from samples import encode, make_image, pydicom_files
from servers import running

from tests.radiology.radiology_api import Api, picture, saved, sentence

PATIENT = {
    "patientName": "Müller, Jürgen",
    "patientBirthDate": "1975-03-09",
    "patientSex": "M",
    "studyDescription": "CT Schädel",
    "referringPhysician": "Dr. Smith",
}


def instance(api: Api, image: dict[str, Any]) -> Dataset:
    """The DICOM file that the archive gives for an image."""
    path = (
        f"/studies/{image['studyInstanceUID']}/series/{image['seriesInstanceUID']}"
        f"/instances/{image['id']}"
    )
    answer = get(api.server, path, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    ((_, data),) = parts(answer)
    return pydicom.dcmread(io.BytesIO(data))


def file_of(api: Api, image: dict[str, Any], **headers: str) -> requests.Response:
    return requests.get(image["fileUrl"], headers=headers, timeout=60)


def test_a_jpeg_becomes_a_secondary_capture_of_its_study(api: Api) -> None:
    study = api.study(**PATIENT)
    dataset = instance(api, api.upload(study["id"], picture("JPEG"), "x.jpg"))
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert dataset.StudyInstanceUID == study["studyInstanceUID"]
    assert dataset.PatientID == study["patientId"]
    assert str(dataset.PatientName) == "Müller^Jürgen"
    assert dataset.PatientBirthDate == "19750309"
    assert dataset.PatientSex == "M"
    assert dataset.AccessionNumber == study["accessionNumber"]
    assert dataset.StudyDescription == "CT Schädel"
    assert dataset.Modality == "CT"
    assert (dataset.SeriesNumber, dataset.InstanceNumber) == (1, 1)
    assert dataset.LossyImageCompression == "01"


def test_a_baseline_jpeg_stays_the_stream_that_it_is(api: Api) -> None:
    data = picture("JPEG", quality=90)
    image = api.upload(api.study()["id"], data, "x.jpg")
    dataset = instance(api, image)
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert data in dataset.PixelData
    assert dataset.PhotometricInterpretation == "YBR_FULL_422"
    expected = np.asarray(Image.open(io.BytesIO(data)), int)
    assert np.abs(dataset.pixel_array.astype(int) - expected).max() <= 3
    assert image["rows"], image["columns"] == (16, 24)


@pytest.mark.parametrize(
    ("options", "photometric"),
    [
        ({"subsampling": 0}, "YBR_FULL"),
        ({"subsampling": 1}, "YBR_FULL_422"),
        ({"subsampling": 2}, "YBR_FULL_422"),
        ({"keep_rgb": True, "subsampling": 0}, "RGB"),
    ],
)
def test_the_samples_of_a_jpeg_are_called_what_they_are(
    api: Api, options: dict[str, Any], photometric: str
) -> None:
    data = picture("JPEG", quality=95, **options)
    image = api.upload(api.study()["id"], data, "x.jpg")
    assert image["photometricInterpretation"] == photometric
    rendered = requests.get(image["renderedUrl"], headers={"Accept": "image/png"}, timeout=60)
    shown = np.asarray(Image.open(io.BytesIO(rendered.content)).convert("RGB"), int)
    assert np.abs(shown - np.asarray(Image.open(io.BytesIO(data)), int)).max() <= 4


def _modes() -> list[tuple[str, Image.Image]]:
    """One picture of each kind of PNG."""
    grey = Image.fromarray(np.arange(384, dtype=np.uint8).reshape(16, 24))
    deep = Image.fromarray((np.arange(384, dtype=np.uint16) * 170).reshape(16, 24))
    colour = Image.open(io.BytesIO(picture()))
    seen = colour.convert("RGBA")
    seen.putalpha(grey)
    return [
        ("1", grey.convert("1")),
        ("L", grey),
        ("I;16", deep),
        ("RGB", colour),
        ("P", colour.convert("P", palette=Image.Palette.ADAPTIVE)),
        ("RGBA", seen),
        ("LA", seen.convert("LA")),
    ]


@pytest.mark.parametrize(("mode", "image"), _modes(), ids=[mode for mode, _ in _modes()])
def test_every_kind_of_png_keeps_its_pixels(api: Api, mode: str, image: Image.Image) -> None:
    dataset = instance(api, api.upload(api.study()["id"], saved(image, "PNG"), "x.png"))
    if mode in ("RGBA", "LA"):
        black = Image.new("RGBA", image.size, "black")
        black.alpha_composite(image.convert("RGBA"))
        expected = black.convert("RGB" if mode == "RGBA" else "L")
    else:
        expected = image.convert({"1": "L", "P": "RGB"}.get(mode, mode))
    assert dataset.BitsStored == (16 if mode == "I;16" else 8)
    assert dataset.LossyImageCompression == "00"
    difference = dataset.pixel_array.astype(int) - np.asarray(expected).astype(int)
    assert np.abs(difference).max() <= (1 if mode == "LA" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_camera_is_honoured(api: Api, orientation: int) -> None:
    picture_ = Image.open(io.BytesIO(picture()))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(picture_, "JPEG", exif=exif, quality=100, subsampling=0)
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"), int)
    image = api.upload(api.study()["id"], data, "x.jpg")
    dataset = instance(api, image)
    assert (dataset.Rows, dataset.Columns) == expected.shape[:2]
    assert np.abs(dataset.pixel_array.astype(int) - expected).max() <= 3
    assert file_of(api, image).content == data


@pytest.mark.parametrize("kind", ["progressive", "cmyk", "grey"])
def test_other_jpegs_are_taken_too(api: Api, kind: str) -> None:
    colour = Image.open(io.BytesIO(picture()))
    modes = {"cmyk": "CMYK", "grey": "L"}
    data = saved(colour.convert(modes.get(kind, "RGB")), "JPEG", progressive=kind == "progressive")
    dataset = instance(api, api.upload(api.study()["id"], data, "x.jpg"))
    expected = Image.open(io.BytesIO(data)).convert("L" if kind == "grey" else "RGB")
    difference = dataset.pixel_array.astype(int) - np.asarray(expected).astype(int)
    assert np.abs(difference).max() <= 3
    assert dataset.LossyImageCompression == "01"


@pytest.mark.parametrize(
    ("kind", "name", "media_type"),
    [("JPEG", "Bild ä.jpg", "image/jpeg"), ("PNG", "x.png", "image/png")],
)
def test_the_file_comes_back_as_it_was(api: Api, kind: str, name: str, media_type: str) -> None:
    data = picture(kind)
    image = api.upload(api.study()["id"], data, name)
    answer = file_of(api, image)
    assert answer.content == data
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    tag = answer.headers["ETag"]
    assert file_of(api, image, **{"If-None-Match": tag}).status_code == 304
    ranged = file_of(api, image, Range="bytes=5-9")
    assert (ranged.status_code, ranged.content) == (206, data[5:10])
    assert file_of(api, image, Range="bytes=99999999-").status_code == 416
    saved_ = requests.get(image["fileUrl"] + "?download", timeout=60)
    assert saved_.headers["Content-Disposition"].startswith("attachment; ")
    head = requests.head(image["fileUrl"], timeout=60)
    assert head.headers["Content-Length"] == str(len(data))


def _own(study: dict[str, Any], **values: Any) -> Dataset:
    """A DICOM image of this study."""
    return make_image(
        StudyInstanceUID=study["studyInstanceUID"], PatientID=study["patientId"], **values
    )


@pytest.mark.parametrize("group", ["shared", "per frame"])
def test_a_multi_frame_image_has_the_window_and_spacing_of_its_frames(api: Api, group: str) -> None:
    study = api.study()
    window, measures, of_frame = Dataset(), Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = [40, 50], [400, 90]
    measures.PixelSpacing = [0.5, 0.25]
    of_frame.FrameVOILUTSequence, of_frame.PixelMeasuresSequence = [window], [measures]
    keyword = "SharedFunctionalGroupsSequence"
    if group == "per frame":
        keyword = "PerFrameFunctionalGroupsSequence"
    dataset = _own(study, frames=2, **{keyword: [of_frame, Dataset()]})
    image = api.upload(study["id"], encode(dataset))
    (listed,) = api.get(f"/studies/{study['id']}/images")
    for told in (image, listed):
        assert (told["windowCenter"], told["windowWidth"]) == (40, 400)
        assert told["pixelSpacing"] == [0.5, 0.25]


def test_a_dicom_file_is_stored_and_given_back_exactly(api: Api) -> None:
    study = api.study()
    dataset = _own(study, WindowCenter=40, WindowWidth=400, PixelSpacing=[0.5, 0.25])
    data = encode(dataset)
    image = api.upload(study["id"], data, "a.dcm")
    assert image["id"] == dataset.SOPInstanceUID
    assert (image["rows"], image["columns"], image["numberOfFrames"]) == (4, 6, 1)
    assert (image["windowCenter"], image["windowWidth"]) == (40, 400)
    assert image["pixelSpacing"] == [0.5, 0.25]
    assert image["warnings"] == []
    answer = file_of(api, image)
    assert answer.content == data
    assert answer.headers["Content-Type"] == "application/dicom"
    again = api.upload(study["id"], data, "a.dcm")
    assert again["id"] == image["id"]
    assert "stored before" in again["warnings"][0]
    assert api.get(f"/studies/{study['id']}")["numberOfImages"] == 1


def test_a_file_of_another_study_is_409_and_names_both(api: Api) -> None:
    study, dataset = api.study(), make_image()
    answer = api.post_file(f"/studies/{study['id']}/upload", encode(dataset))
    assert answer.status_code == 409
    assert study["studyInstanceUID"] in sentence(answer)
    assert dataset.StudyInstanceUID in sentence(answer)
    assert get(api.server, f"/studies/{dataset.StudyInstanceUID}").status_code == 404
    assert list(api.get(f"/studies/{study['id']}/images")) == []


def test_a_file_of_another_patient_is_stored_with_a_warning(api: Api) -> None:
    study = api.study()
    dataset = _own(study)
    dataset.PatientID = "SOMEBODY"
    image = api.upload(study["id"], encode(dataset))
    assert "Patient ID" in image["warnings"][0]
    assert "SOMEBODY" not in image["warnings"][0]
    assert instance(api, image).PatientID == "SOMEBODY"


def test_another_data_set_under_a_stored_uid_is_409(api: Api) -> None:
    study = api.study()
    dataset = _own(study)
    api.upload(study["id"], encode(dataset))
    dataset.Rows, dataset.Columns = 6, 4
    assert api.post_file(f"/studies/{study['id']}/upload", encode(dataset)).status_code == 409


def test_numbers_that_a_file_has_otherwise_are_told(api: Api) -> None:
    study = api.study()
    image = api.upload(study["id"], encode(_own(study)), seriesNumber=5, instanceNumber=1)
    assert [warning.split()[0] for warning in image["warnings"]] == ["seriesNumber"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"This is no image.",
        b"GIF89a" + bytes(100),
        b"%PDF-1.7\n" + bytes(200),
        b"\xff\xd8\xff\xe0 broken",
        picture("JPEG")[:300],
        picture("JPEG")[:-200] + b"\xff\xd9",
        picture("PNG")[:60],
        picture("PNG")[:33] + bytes(100),
        bytes(128) + b"DICM" + bytes(100),
        encode(make_image())[:200],
    ],
    ids=range(11),
)
def test_what_is_no_whole_image_is_refused(api: Api, data: bytes) -> None:
    study = api.study()
    answer = api.post_file(f"/studies/{study['id']}/upload", data, "x.bin")
    assert (answer.status_code, sentence(answer)[:7]) == (400, "image: ")
    assert api.get(f"/studies/{study['id']}/images") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seriesNumber", "x"),
        ("seriesNumber", "-1"),
        ("seriesNumber", "99999999999"),
        ("instanceNumber", "1.5"),
        ("bodyPart", "LEFT/RIGHT"),
        ("seriesDescription", "x" * 65),
    ],
)
def test_a_wrong_form_field_is_400_and_named(api: Api, field: str, value: str) -> None:
    path = f"/studies/{api.study()['id']}/upload"
    answer = api.post_file(path, picture(), **{field: value})
    assert answer.status_code == 400
    assert sentence(answer).startswith(f"{field}: ")


def test_the_file_has_to_be_in_the_field_image(api: Api) -> None:
    path = f"/studies/{api.study()['id']}/upload"
    answer = api.post_file(path, picture(), field="file")
    assert (answer.status_code, sentence(answer)[:6]) == (400, "image:")
    assert api("POST", path, {"image": "x"}).status_code == 415


def test_an_upload_over_the_limit_is_413(tmp_path: Any) -> None:
    with running(tmp_path, DICOMWEB_MAX_UPLOAD_MB="1") as server:
        api = Api(server)
        path = f"/studies/{api.study()['id']}/upload"
        assert api.post_file(path, bytes(1_100_000)).status_code == 413
        assert api.post_file(path, picture()).status_code == 201


def test_a_picture_of_too_many_pixels_is_413(api: Api) -> None:
    huge = saved(Image.new("1", (30_000, 4_000)), "PNG")
    assert api.post_file(f"/studies/{api.study()['id']}/upload", huge).status_code == 413


def test_uploads_with_one_number_share_a_series(api: Api) -> None:
    study = api.study()["id"]
    images = [api.upload(study, picture(), "x.png", seriesNumber=3) for _ in range(3)]
    assert len({image["seriesInstanceUID"] for image in images}) == 1
    assert [image["instanceNumber"] for image in images] == [1, 2, 3]
    (series,) = api.get(f"/studies/{study}/series")
    assert (series["seriesNumber"], series["numberOfImages"]) == (3, 3)


def test_an_image_is_told_alone_and_among_those_of_its_study(api: Api) -> None:
    study = api.study()["id"]
    image = api.upload(study, picture("JPEG"), "dir\\..\\x.jpg")
    assert image["filename"] == "x.jpg"
    alone = api.get(f"/images/{image['id']}")
    (among,) = api.get(f"/studies/{study}/images")
    assert alone == among == {**image, "warnings": []}
    page = api("GET", f"/studies/{study}/images?page=2&limit=1").json()
    assert (page["data"], page["pagination"]["total"]) == ([], 1)


@pytest.mark.parametrize("path", ["/images/1.2.3", "/images/abc", "/images/1.2.3/file"])
def test_an_unknown_image_is_404(api: Api, path: str) -> None:
    assert api("GET", path).status_code == 404


def test_an_upload_to_an_unknown_study_is_404(api: Api) -> None:
    assert api.post_file(f"/studies/{uuid.uuid4()}/upload", picture()).status_code == 404
    assert api.post_file(f"/series/{generate_uid()}/images", picture()).status_code == 404


def test_a_deleted_image_takes_its_file_along(own_server: Any) -> None:
    api = Api(own_server)
    study = api.study()["id"]
    first, second = (api.upload(study, picture(), "x.png") for _ in range(2))
    assert len(list((own_server.data_dir / "objects").rglob("*.dcm"))) == 4
    assert api("DELETE", f"/images/{first['id']}").status_code == 204
    assert len(list((own_server.data_dir / "objects").rglob("*.dcm"))) == 2
    assert [image["id"] for image in api.get(f"/studies/{study}/images")] == [second["id"]]
    api("DELETE", f"/images/{second['id']}")
    assert list((own_server.data_dir / "objects").rglob("*.dcm")) == []
    told = api.get(f"/studies/{study}")
    assert (told["numberOfImages"], told["imagesSince"]) == (0, None)


def test_files_of_pydicom_are_taken_as_they_are(api: Api) -> None:
    seen = set()
    for path in pydicom_files()[:12]:
        dataset = pydicom.dcmread(path, force=True)
        if "StudyInstanceUID" not in dataset or dataset.SOPInstanceUID in seen:
            continue
        seen.add(dataset.SOPInstanceUID)
        if api("GET", f"/images/{dataset.SOPInstanceUID}").ok:
            continue  # another test has stored its own under this UID
        uid = str(dataset.StudyInstanceUID)
        study = uid if api("GET", f"/studies/{uid}").ok else api.study(studyInstanceUID=uid)["id"]
        image = api.upload(study, path.read_bytes(), path.name)
        assert file_of(api, image).content == path.read_bytes()


def test_stow_shows_the_same_images(api: Api) -> None:
    study = api.study()
    dataset = _own(study)
    assert store(api.server, encode(dataset)).status == 200
    (image,) = api.get(f"/studies/{study['id']}/images")
    assert image["id"] == dataset.SOPInstanceUID
    assert image["uploadedAt"] is None
    assert file_of(api, image).content == encode(dataset)
