"""Pictures, files and tags of one instance: forms, parameters, ranges, and what has none."""

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from clients import store
from files_server import Files
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit
from samples import compress, encode, make_dataset, make_image, pydicom_files

PICTURES = ["/dicom/{}/png", "/image?id={}", "/dicom/instances/{}/preview"]


def _picture(files: Files, path: str) -> np.ndarray:
    answer = files.get(path)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(BytesIO(answer.content)))


def test_a_png_is_the_rendered_instance(files: Files) -> None:
    ct = pydicom.dcmread(next(p for p in pydicom_files() if p.name == "CT_small.dcm"))
    store(files.server, encode(ct, ct.file_meta.TransferSyntaxUID))
    path = (
        f"/dicom-web/studies/{ct.StudyInstanceUID}/series/{ct.SeriesInstanceUID}"
        f"/instances/{ct.SOPInstanceUID}/rendered"
    )
    rendered = files.get(path, headers={"Accept": "image/png"}).content
    wanted = np.asarray(Image.open(BytesIO(rendered)))
    for shown in PICTURES[:2]:
        assert np.array_equal(_picture(files, shown.format(ct.SOPInstanceUID)), wanted)
    files.delete(f"/dicom/{ct.SOPInstanceUID}")


@pytest.mark.parametrize("path", PICTURES)
def test_of_several_frames_the_first_is_shown_or_the_one_asked_for(files: Files, path: str) -> None:
    frames = np.zeros((3, 16, 16), np.uint16)
    frames[1:] = [[[40000]], [[65535]]]
    id = files.new(
        rows=16,
        columns=16,
        frames=3,
        PixelData=frames.tobytes(),
        WindowCenter=32768,
        WindowWidth=65536,
    )["id"]
    path = path.format(id)
    more = "&" if "?" in path else "?"
    found = [_picture(files, path + more + f"frame={n}").mean() for n in (1, 2, 3)]
    assert found == sorted(found)
    assert _picture(files, path).mean() == found[0]
    assert files.get(path + more + "frame=4").status_code == 404


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("query", ["frame=0", "frame=x", "quality=0", "quality=101", "quality=a"])
def test_a_malformed_parameter_is_400(files: Files, path: str, query: str) -> None:
    path = path.format(files.new()["id"])
    more = "&" if "?" in path else "?"
    assert files.get(path + more + query).status_code == 400


def test_a_preview_of_less_quality_is_smaller(files: Files) -> None:
    noise = np.random.default_rng(1).integers(0, 65535, (64, 64), np.uint16)
    id = files.new(rows=64, columns=64, PixelData=noise.tobytes())["id"]
    sizes = [
        len(files.get(f"/dicom/instances/{id}/preview?quality={quality}").content)
        for quality in (10, 50, 90, 100)
    ]
    assert sizes == sorted(sizes)
    assert len(files.get(f"/dicom/instances/{id}/preview").content) == sizes[2]


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "image/jpeg"),
        ("application/json, text/plain, */*", "image/jpeg"),
        ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/webp", "image/jpeg"),
        ("nonsense;;", "image/jpeg"),
    ],
)
def test_a_preview_is_a_jpeg_but_for_who_takes_only_png(
    files: Files, accept: str, given: str
) -> None:
    path = f"/dicom/instances/{files.new()['id']}/preview?quality=90"
    answer = files.get(path, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == given
    assert answer.headers["Vary"] == "Accept"
    assert Image.open(BytesIO(answer.content)).format == given.removeprefix("image/").upper()


def _without_pixels() -> dict[str, bytes]:
    none = make_image()
    del none.PixelData
    broken = make_image(rows=16, columns=16, BitsAllocated=8, BitsStored=8, HighBit=7)
    compress(broken, [b"\xff\xd8\xff\xe0broken\xff\xd9"])
    unknown = make_image()
    del unknown.Rows, unknown.Columns
    return {
        "none": encode(none),
        "report": encode(make_dataset(Modality="SR")),
        "broken": encode(broken, JPEGBaseline8Bit),
        "no rows": encode(unknown),
    }


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("name", _without_pixels())
def test_a_picture_of_what_has_no_pixels_is_400(files: Files, path: str, name: str) -> None:
    id = files.upload(_without_pixels()[name])["id"]
    answer = files.get(path.format(id))
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_file_is_downloaded_in_ranges_and_not_twice(files: Files) -> None:
    file = encode(make_image(rows=64, columns=64))
    id = files.upload(file)["id"]
    for path in (f"/api/dicom/{id}", f"/dicom/wado/{id}"):
        part = files.get(path, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, file[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(file)}"
        beyond = files.get(path, headers={"Range": f"bytes={len(file)}-"})
        assert beyond.status_code == 416
        etag = files.get(path).headers["ETag"]
        assert files.get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", ["/api/dicom/{}", "/dicom/wado/{}", "/dicom/{}/png", "/dicom/{}"])
def test_head_tells_what_get_would(files: Files, path: str) -> None:
    url = files.host + path.format(files.new()["id"])
    head, get = requests.head(url, timeout=60), requests.get(url, timeout=60)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Content-Disposition"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/dicom"),
        ("application/dicom", "application/dicom"),
        ("image/avif,image/webp,image/*,*/*;q=0.8", "image/jpeg"),
        ("image/png", "image/png"),
        ("text/html", "application/dicom"),
        ("nonsense;;", "application/dicom"),
    ],
)
def test_a_client_that_shows_pictures_gets_one(files: Files, accept: str, given: str) -> None:
    id = files.new()["id"]
    answer = files.get(f"/dicom/wado/{id}", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == given
    assert answer.headers["Vary"] == "Accept"


def _attribute(files: Files, id: str, tag: str) -> Any:
    return files.get(f"/dicom/{id}/attributes", params={"tag": tag})


@pytest.mark.parametrize(
    "tag", ["0010,0010", "00100010", "(0010,0010)", "PatientName", " 0010,0010 "]
)
def test_a_tag_may_be_spelt_in_several_ways(files: Files, tag: str) -> None:
    name = "Doe^Jane=山田"
    id = files.new(PatientName=name, SpecificCharacterSet="ISO_IR 192")["id"]
    assert _attribute(files, id, tag).json() == {"tag": "0010,0010", "value": name}


@pytest.mark.parametrize(
    "tag", ["", "0010", "0010,001", "0010-0010", "gggg,eeee", "patientname", "ÄÖÜ", "0" * 5000]
)
def test_a_malformed_tag_is_400(files: Files, tag: str) -> None:
    assert _attribute(files, files.new()["id"], tag).status_code == 400


@pytest.mark.parametrize("tag", ["0010,4000", "0009,0010", "ffff,ffff", "PatientComments"])
def test_a_tag_that_the_file_lacks_is_404(files: Files, tag: str) -> None:
    assert _attribute(files, files.new()["id"], tag).status_code == 404


def test_values_are_those_of_the_file(files: Files) -> None:
    dataset = make_image(
        ImageType=["DERIVED", "SECONDARY"],
        PixelSpacing=[0.5, 0.25],
        PatientSex="",
        SpecificCharacterSet="ISO_IR 100",
        PatientComments="naïve",
    )
    item = make_dataset()
    dataset.ReferencedStudySequence = [item]
    id = files.upload(encode(dataset))["id"]
    whole = files.get(f"/dicom/{id}/attributes").json()
    values = {tag: each["value"] for tag, each in whole["attributes"].items()}
    assert values["0008,0008"] == ["DERIVED", "SECONDARY"]
    assert values["0028,0030"] == [0.5, 0.25]
    assert values["0028,0010"] == 4
    assert values["0010,0040"] is None
    assert values["0010,4000"] == "naïve"
    assert values["0008,0005"] == "ISO_IR 100"
    assert values["0008,1110"][0]["0010,0010"] == {"name": "Patient's Name", "value": "Doe^Jane"}
    assert whole["count"] == len(dataset)
    assert _attribute(files, id, "0002,0010").json()["value"] == "1.2.840.10008.1.2.1"
    pixels = requests.get(whole["attributes"]["7FE0,0010"]["bulkDataURI"], timeout=60)
    assert dataset.PixelData in pixels.content


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("path", pydicom_files(), ids=lambda path: path.name)
def test_all_tags_of_real_files_are_shown(files: Files, path: Any) -> None:
    sent = path.read_bytes()
    answer = files.post("/dicom", files={"file": (path.name, sent)})
    if answer.status_code == 400:
        return
    id = answer.json()["id"]
    tags = files.get(f"/tags?id={id}").json()["tags"]
    files.delete(f"/dicom/{id}")
    assert [each["ID"] for each in tags] == list(range(1, len(tags) + 1))
    found = {each["Tag"]: each for each in tags}
    dataset = pydicom.dcmread(BytesIO(sent))
    for element in (*dataset.file_meta, *(each for each in dataset if each.tag.element)):
        shown = found[str(element.tag).lower()]
        assert element.keyword in (shown["Name"], "")  # pydicom: overlays have none
        if element.VR in ("UI", "DA", "US", "SH") and not element.is_private:
            values = element.value if element.VM > 1 else [element.value] * element.VM
            assert shown["Value"].split() == f"[{' '.join(map(str, values))}]".split()
