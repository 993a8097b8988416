"""Rendered resources, thumbnails and WADO-URI through their own doors: numbers, not files."""

from io import BytesIO

import numpy as np
import pydicom
import pytest
from clients import get, path_of, store
from PIL import Image
from pydicom.uid import JPEGLSLossless, generate_uid
from samples import compress, encode, files, folder, make_dataset, make_image
from servers import Server

PICTURE_KINDS = {"image/jpeg", "image/png", "image/gif", "image/jp2", "image/svg+xml"}


def _put(server: Server, **values: object) -> pydicom.Dataset:
    dataset = make_image(**values)
    assert store(server, encode(dataset)).status == 200
    return dataset


def _pixels(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(body)))


def test_a_window_gives_the_grey_values_of_the_formula(server: Server) -> None:
    dataset = _put(server, rows=64, columns=64, RescaleSlope=2, RescaleIntercept=-1000)
    answer = get(server, path_of(dataset) + "/rendered?window=1000,4000,linear", "image/png")
    values = np.arange(64 * 64).reshape(64, 64) * 2.0 - 1000
    expected = np.clip(((values - 999.5) / 3999 + 0.5) * 255, 0, 255)
    assert np.abs(_pixels(answer.content) - expected).max() <= 0.51


@pytest.mark.parametrize("accept", ["image/jpeg", "image/png", "image/gif", "image/jp2"])
def test_a_frame_is_given_as_each_of_its_types(server: Server, accept: str) -> None:
    dataset = _put(server, rows=16, columns=24)
    answer = get(server, path_of(dataset) + "/frames/1/rendered", accept)
    assert answer.headers["Content-Type"] == accept
    assert _pixels(answer.content).shape[:2] == (16, 24)


@pytest.mark.parametrize(("accept", "begin"), [("image/jph", 20), ("image/jxl", 0)])
def test_newer_types_are_given_to_who_asks_for_them(
    server: Server, accept: str, begin: int
) -> None:
    dataset = _put(server, rows=16, columns=24)
    answer = get(server, path_of(dataset) + "/rendered?quality=100", accept)
    assert answer.headers["Content-Type"] == accept
    assert answer.content[begin:].startswith(b"jph " if begin else b"\xff\x0a")


def test_several_frames_of_an_instance_move_in_a_gif(server: Server) -> None:
    noise = np.random.default_rng(1).integers(0, 4096, 5 * 64, np.uint16)
    dataset = _put(server, rows=8, columns=8, frames=5, PixelData=noise.tobytes())
    for path, frames in (("/rendered", 5), ("/frames/1,3/rendered", 2), ("/frames/2/rendered", 1)):
        answer = get(server, path_of(dataset) + path, "image/gif")
        assert Image.open(BytesIO(answer.content)).n_frames == frames


def test_a_viewport_crops_and_scales(server: Server) -> None:
    dataset = _put(server, rows=100, columns=200)
    answer = get(server, path_of(dataset) + "/rendered?viewport=50,50,100,0,100,100", "image/png")
    assert _pixels(answer.content).shape == (50, 50)


@pytest.mark.parametrize(
    "query", ["window=1,2", "viewport=0,1", "viewport=100000,100000", "quality=0", "annotation="]
)
def test_a_wrong_parameter_is_refused_with_a_sentence(server: Server, query: str) -> None:
    dataset = _put(server)
    answer = get(server, path_of(dataset) + f"/rendered?{query}", "image/jpeg")
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


def test_the_accept_parameter_wins_over_the_header(server: Server) -> None:
    dataset = _put(server)
    path = path_of(dataset) + "/rendered?accept=image%2Fjpeg"
    answer = get(server, path, 'multipart/related; type="application/octet-stream"')
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_a_picture_is_not_sent_twice_to_who_has_it(server: Server) -> None:
    dataset = _put(server)
    path = path_of(dataset) + "/rendered"
    etag = get(server, path, "image/png").headers["ETag"]
    assert get(server, path, "image/png", **{"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("level", ["study", "series", "instance", "frame"])
def test_a_thumbnail_is_small_at_every_level(server: Server, level: str) -> None:
    dataset = _put(server, rows=300, columns=200)
    path = path_of(dataset)
    parts = path.split("/")
    paths = {
        "study": parts[:3],
        "series": parts[:5],
        "instance": parts,
        "frame": [path, "frames/1"],
    }
    answer = get(server, "/".join(paths[level]) + "/thumbnail", "image/jpeg")
    assert answer.status_code == 200
    assert max(_pixels(answer.content).shape) <= 128


def test_a_thumbnail_fills_the_viewport_that_is_asked_for(server: Server) -> None:
    dataset = make_image(rows=20, columns=40)
    store(server, encode(dataset))
    for query, shape in (("", (20, 40)), ("?viewport=64,64", (32, 64)), ("?viewport=8,8", (4, 8))):
        answer = get(server, f"{path_of(dataset)}/thumbnail{query}", "image/png")
        assert _pixels(answer.content).shape == shape


def test_what_has_no_picture_has_an_icon(server: Server) -> None:
    dataset = make_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    store(server, encode(dataset))
    answer = get(server, path_of(dataset) + "/thumbnail?viewport=64,64", "image/jpeg")
    assert _pixels(answer.content).shape == (64, 64, 3)


def test_a_thumbnail_of_a_segmentation_shows_marks_even_if_its_middle_frame_is_empty(
    server: Server,
) -> None:
    masks = np.zeros((7, 64, 64), np.uint8)
    masks[1, 20:40, 20:40] = 1
    dataset = make_image(rows=64, columns=64, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.NumberOfFrames, dataset.SegmentationType = 0, 7, "BINARY"
    dataset.PixelData = np.packbits(masks.reshape(-1), bitorder="little").tobytes()
    assert store(server, encode(dataset)).status == 200
    answer = get(server, path_of(dataset) + "/thumbnail", "image/png")
    assert (_pixels(answer.content) > 128).sum() == 400


def test_a_thumbnail_of_a_segmentation_shows_the_frame_with_most_marks(server: Server) -> None:
    masks = np.zeros((3, 512, 512), np.uint8)
    masks[1, 100, 100:103] = 1
    masks[2, 200:400, 301] = 1  # a line, a pixel wide
    dataset = make_image(rows=512, columns=512, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.NumberOfFrames, dataset.SegmentationType = 0, 3, "BINARY"
    dataset.PixelData = np.packbits(masks.reshape(-1), bitorder="little").tobytes()
    assert store(server, encode(dataset)).status == 200
    answer = get(server, path_of(dataset) + "/thumbnail", "image/png")
    assert (_pixels(answer.content) > 128).sum() == 50


def _series_with_damage(server: Server, damaged: set[int]) -> list[pydicom.Dataset]:
    """Three images of one series, those named cut short."""
    whole = make_image(rows=16, columns=16)
    same = {name: whole[name].value for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    found = []
    for number in range(3):
        pixels = np.full(256, 1000 * (number + 1), np.uint16).tobytes()
        values = {"PixelData": pixels[:64] if number in damaged else pixels, "BitsStored": 12}
        dataset = make_image(rows=16, columns=16, InstanceNumber=number + 1, **same, **values)
        assert store(server, encode(dataset)).status in (200, 202)
        found.append(dataset)
    return found


def test_a_damaged_image_does_not_speak_for_its_series(server: Server) -> None:
    damaged = _series_with_damage(server, {1})[1]
    series = path_of(damaged).rpartition("/instances/")[0]
    assert get(server, series + "/rendered", "image/png").status_code == 200
    small = get(server, series + "/thumbnail", "image/png")
    assert _pixels(small.content).shape == (16, 16)
    assert get(server, path_of(damaged) + "/thumbnail", "image/png").status_code == 406
    several = get(server, series + "/rendered", 'multipart/related; type="image/png"')
    assert (several.status_code, several.content.count(b"IHDR")) == (206, 2)


def test_a_series_of_nothing_but_damage_has_an_icon(server: Server) -> None:
    series = path_of(_series_with_damage(server, {0, 1, 2})[0]).rpartition("/instances/")[0]
    assert _pixels(get(server, series + "/thumbnail", "image/png").content).shape == (128, 128, 3)
    for accept in ("image/png", 'multipart/related; type="image/png"'):
        assert get(server, series + "/rendered", accept).status_code == 406


@pytest.mark.parametrize("name", ["window=40,400,linear", "quality=50", "viewport=8,8"])
def test_a_parameter_that_comes_twice_is_refused(server: Server, name: str) -> None:
    answer = get(server, path_of(_put(server)) + f"/rendered?{name}&{name}", "image/jpeg")
    assert (answer.status_code, "twice" in answer.json()["message"]) == (400, True)


def test_the_etag_of_a_drawing_changes_when_its_image_arrives(server: Server) -> None:
    parts = [folder() / "synthetic" / "derived" / "seg.dcm", folder() / "ct-series" / "I310.dcm"]
    segments, image = (pydicom.dcmread(path) for path in parts)
    study = generate_uid()
    segments.StudyInstanceUID = image.StudyInstanceUID = study
    for each in (segments, image):
        each.SOPInstanceUID = each.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    found = []
    for each in (segments, image):
        buffer = BytesIO()
        each.save_as(buffer)
        assert store(server, buffer.getvalue()).status == 200
        found.append(get(server, path_of(segments) + "/rendered", "image/png").headers["ETag"])
    assert found[0] != found[1]


@pytest.mark.parametrize("profile", ["yes", "srgb", "adobergb"])
def test_a_drawing_carries_the_profile_that_was_asked_for(server: Server, profile: str) -> None:
    path = folder() / "synthetic" / "modalities" / "ecg_12lead.dcm"
    (stored,) = store(server, path.read_bytes()).items("stored")
    url = stored["00081190"]["Value"][0].removeprefix(server.root)
    answer = get(server, f"{url}/rendered?iccprofile={profile}", "image/png")
    assert Image.open(BytesIO(answer.content)).info["icc_profile"][36:40] == b"acsp"


def test_a_pdf_comes_as_it_was_stored_to_a_browser(server: Server) -> None:
    pdf = b"%PDF-1.7 " + bytes(range(256)) * 40
    dataset = make_dataset(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=pdf + b"\0",
        EncapsulatedDocumentLength=len(pdf),
    )
    store(server, encode(dataset))
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert get(server, path_of(dataset) + "/rendered", "*/*").content == pdf
    assert get(server, path_of(dataset) + "/rendered", browser).status_code == 200


def _report(server: Server, text: str, meaning: str = "Finding") -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.TextValue = text
    name = pydicom.Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = "1", "99X", meaning
    item.ConceptNameCodeSequence = [name]
    dataset = make_dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ContentSequence=[item],
    )
    assert store(server, encode(dataset)).status == 200
    return dataset


def test_script_in_a_report_is_text(server: Server) -> None:
    dataset = _report(server, "<script>alert(1)</script>", "<b>Finding</b>")
    page = get(server, path_of(dataset) + "/rendered", "text/html")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("query", "headers", "charset", "written"),
    [
        ("", {}, "utf-8", "Größe λ"),
        ("?charset=iso-8859-1", {}, "iso-8859-1", "Größe &#955;"),
        ("?charset=ISO_IR%20100", {}, "iso-8859-1", "Größe &#955;"),
        ("", {"Accept-Charset": "iso-8859-7;q=0.5, us-ascii"}, "us-ascii", "Gr&#246;&#223;e"),
        ("?charset=klingon", {}, "utf-8", "Größe λ"),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "text/xml"])
def test_a_report_is_written_in_the_charset_asked_for(
    server: Server, accept: str, query: str, headers: dict[str, str], charset: str, written: str
) -> None:
    path = path_of(_report(server, "Größe λ")) + "/rendered"
    answer = get(server, path + query, accept, **headers)
    assert answer.headers["Content-Type"] == f"{accept}; charset={charset}"
    text = answer.content.decode(charset)
    assert written in text
    assert charset in text[:200].lower()


def test_plain_text_takes_a_charset_that_holds_it_or_none(server: Server) -> None:
    path = path_of(_report(server, "Größe λ")) + "/rendered?charset=iso-8859-1"
    assert get(server, path, "text/plain").status_code == 406
    answer = get(server, path + ",iso-8859-7", "text/plain")
    assert answer.status_code == 406
    answer = get(server, path + ",gb18030", "text/plain")
    assert answer.headers["Content-Type"] == "text/plain; charset=gb18030"
    assert "Größe λ" in answer.content.decode("gb18030")


def _wado(server: Server, dataset: pydicom.Dataset, query: str) -> pydicom.Dataset:
    import requests

    return requests.get(
        f"{server.address}/wado?requestType=WADO&studyUID={dataset.StudyInstanceUID}"
        f"&seriesUID={dataset.SeriesInstanceUID}&objectUID={dataset.SOPInstanceUID}&{query}",
        timeout=60,
    )


def test_wado_uri_gives_files_and_pictures(server: Server) -> None:
    dataset = _put(server, rows=20, columns=30, frames=3)
    whole = _wado(server, dataset, "contentType=application/dicom&transferSyntax=*")
    assert whole.content == encode(dataset)
    picture = _wado(server, dataset, "contentType=image/png&frameNumber=2&rows=40&columns=60")
    assert _pixels(picture.content).shape == (40, 60)


@pytest.mark.parametrize(
    "query", ["frameNumber=9", "windowCenter=1", "region=1,0,0,1", "anonymize=yes", "rows=0"]
)
def test_wado_uri_refuses_wrong_parameters(server: Server, query: str) -> None:
    dataset = _put(server, frames=2)
    assert _wado(server, dataset, f"contentType=image/jpeg&{query}").status_code == 400


def test_a_study_unknown_to_wado_uri_is_404(server: Server) -> None:
    dataset = make_image(StudyInstanceUID=generate_uid())
    assert _wado(server, dataset, "contentType=image/jpeg").status_code == 404


def test_every_sample_that_was_stored_renders_as_something_or_says_why_not(
    own_server: Server,
) -> None:
    folder()
    chosen = [path for path in files() if "series" not in str(path) and "mr-fmri" not in str(path)]
    failed = []
    for path in chosen[::3]:
        for item in store(own_server, path.read_bytes()).items("stored"):
            url = item["00081190"]["Value"][0].removeprefix(own_server.root)
            answer = get(own_server, f"{url}/rendered", "*/*")
            if answer.status_code not in (200, 406) or not answer.content:
                failed.append((path.name, answer.status_code, answer.text[:80]))
            assert get(own_server, f"{url}/thumbnail", "image/*").status_code in (200, 406)
    assert failed == []


@pytest.mark.parametrize("what", ["/rendered", "/frames/1/rendered", "/frames/1", "/thumbnail"])
@pytest.mark.parametrize("count", [0, 1])
def test_pixel_data_without_any_fragment_show_nothing(
    server: Server, what: str, count: int
) -> None:
    dataset = make_image()
    compress(dataset, [])
    dataset.NumberOfFrames = count
    assert store(server, encode(dataset, JPEGLSLossless)).status in (200, 202)
    answer = get(server, path_of(dataset) + what, "*/*")
    assert answer.status_code == (200 if what == "/thumbnail" else 404), answer.text
    study = f"/studies/{dataset.StudyInstanceUID}/rendered"
    assert get(server, study, "image/png").status_code in (404, 406)
