"""WADO-URI through its own door, clause by clause (PS3.18 9)."""

from io import BytesIO

import numpy as np
import pydicom
import pytest
import requests
from clients import get, path_of, store
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from samples import encode, make_dataset, make_image
from servers import Server

GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
JPEG_LS = "1.2.840.10008.1.2.4.80"
RAMP = np.arange(32 * 48, dtype=np.uint16).reshape(32, 48)


def stored(server: Server, **values: object) -> Dataset:
    wanted = {"rows": 32, "columns": 48, "PixelData": RAMP.tobytes(), **values}
    dataset = make_image(**wanted)
    assert store(server, encode(dataset)).status == 200
    return dataset


def ask(server: Server, dataset: Dataset, query: str = "", **headers: str) -> requests.Response:
    return requests.get(
        f"{server.address}/wado?requestType=WADO&studyUID={dataset.StudyInstanceUID}"
        f"&seriesUID={dataset.SeriesInstanceUID}&objectUID={dataset.SOPInstanceUID}&{query}",
        headers=headers,
        timeout=60,
    )


def picture(answer: requests.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(BytesIO(answer.content)).convert("L")).astype(int)


def state_of(server: Server, image: Dataset, **values: object) -> Dataset:
    """A stored presentation state that shows `image` inverted."""
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedImageSequence = [reference]
    state = make_dataset(
        SOPClassUID=GSPS,
        Modality="PR",
        StudyInstanceUID=image.StudyInstanceUID,
        PresentationLUTShape="INVERSE",
        ReferencedSeriesSequence=[series],
        **values,
    )
    assert store(server, encode(state)).status == 200
    return state


def test_without_a_content_type_a_picture_is_a_jpeg(server: Server) -> None:
    answer = ask(server, stored(server), Accept="*/*")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")


def test_the_answer_says_what_it_is_of_and_how_long_it_is(server: Server) -> None:
    dataset = stored(server)
    answer = ask(server, dataset, "contentType=image/png")
    assert answer.headers["Content-Location"].endswith(f"/instances/{dataset.SOPInstanceUID}")
    assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("types", "given"),
    [
        ("image/png", "image/png"),
        ("image/webp,image/png", "image/png"),
        ("image/jpeg%3Bq%3D0.2,image/png%3Bq%3D0.9", "image/png"),
        ("image/*", "image/jpeg"),
        ("image/jp2", "image/jp2"),
        ("image/jxl", "image/jxl"),
    ],
)
def test_the_best_of_a_list_of_content_types_is_given(
    server: Server, types: str, given: str
) -> None:
    answer = ask(server, stored(server), f"contentType={types}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, given)


@pytest.mark.parametrize("types", ["image/webp", "text/html", "application/pdf"])
def test_a_content_type_that_cannot_be_given_is_406_with_what_can(
    server: Server, types: str
) -> None:
    answer = ask(server, stored(server), f"contentType={types}", Accept=types)
    assert answer.status_code == 406
    assert "image/jpeg" in answer.text


def test_a_content_type_that_cannot_be_given_leaves_what_is_accepted(server: Server) -> None:
    dataset = stored(server)
    for accepted, given in (("*/*", "image/jpeg"), ("image/png", "image/png")):
        answer = ask(server, dataset, "contentType=image/tiff", Accept=accepted)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, given)


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("application/dicom", "application/dicom"),
        ("application/dicom, */*;q=0.1", "application/dicom"),
        ("application/dicom;q=0.5, */*", "image/jpeg"),
        ("application/dicom;q=0", "image/jpeg"),
        ("multipart/related; type=application/dicom, */*;q=0.1", "image/jpeg"),
        ("image/png", "image/png"),
    ],
)
def test_without_a_content_type_the_accept_header_says_what_is_wanted(
    server: Server, accepted: str, given: str
) -> None:
    answer = ask(server, stored(server), Accept=accepted)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, given)


@pytest.mark.parametrize(
    "types",
    [
        f"application/dicom%3Btransfer-syntax%3D{JPEG_LS}",
        "application/dicom%3B transfer-syntax%3D*",
        "text/html%3B charset%3Dutf-8",
    ],
)
def test_media_type_parameters_are_refused(server: Server, types: str) -> None:
    assert ask(server, stored(server), f"contentType={types}").status_code == 400


@pytest.mark.parametrize(
    ("query", "syntax"),
    [
        ("", "1.2.840.10008.1.2.1"),
        (f"&transferSyntax={JPEG_LS}", JPEG_LS),
        ("&transferSyntax=1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.90"),
    ],
)
def test_a_file_is_given_in_the_transfer_syntax_asked_for(
    server: Server, query: str, syntax: str
) -> None:
    answer = ask(server, stored(server), f"contentType=application/dicom{query}")
    found = pydicom.dcmread(BytesIO(answer.content))
    assert (answer.status_code, found.file_meta.TransferSyntaxUID) == (200, syntax)
    assert np.array_equal(found.pixel_array, RAMP)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("transferSyntax=1.2.840.10008.1.2.4.100", 406),
        ("transferSyntax=1.2.3.4", 406),
        ("transferSyntax=nonsense", 400),
        (f"transferSyntax={JPEG_LS},1.2.840.10008.1.2.1", 400),
        (f"transferSyntax={JPEG_LS}&transferSyntax={JPEG_LS}", 400),
        ("windowCenter=1&windowWidth=2", 400),
        ("anonymize=yes", 400),
        ("anonymize=no", 400),
    ],
)
def test_what_is_wrong_with_a_file_is_refused(server: Server, query: str, status: int) -> None:
    answer = ask(server, stored(server), f"contentType=application/dicom&{query}")
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)


def test_a_transfer_syntax_that_cannot_be_given_is_refused_with_those_that_can(
    server: Server,
) -> None:
    answer = ask(server, stored(server), "contentType=application/dicom&transferSyntax=1.2.3.4")
    assert JPEG_LS in answer.json()["message"]
    assert "multipart" not in answer.json()["message"]


@pytest.mark.parametrize("query", ["", "contentType=application/dicom", "rows=4"])
def test_what_the_client_has_is_not_sent_again(server: Server, query: str) -> None:
    image = stored(server)
    etag = ask(server, image, query).headers["ETag"]
    assert ask(server, image, query, **{"If-None-Match": etag}).status_code == 304
    assert ask(server, image, "rows=2", **{"If-None-Match": etag}).status_code == 200


def test_anonymize_is_refused_with_its_reason(server: Server) -> None:
    answer = ask(server, stored(server), "contentType=application/dicom&anonymize=yes")
    assert "de-identify" in answer.json()["message"]


def test_a_window_gives_the_values_of_the_linear_function(server: Server) -> None:
    query = "contentType=image/png&windowCenter=700&windowWidth=900"
    expected = np.floor(np.clip((RAMP - 699.5) / 899 + 0.5, 0, 1) * 255 + 0.5)
    assert np.array_equal(picture(ask(server, stored(server), query)), expected)


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("rows=64&columns=96", (64, 96)),
        ("rows=64&columns=64", (43, 64)),
        ("rows=16", (16, 24)),
        ("columns=96", (64, 96)),
        ("region=0.5,0,1,0.5", (16, 24)),
        ("region=0.5,0,1,0.5&rows=64&columns=96", (64, 96)),
    ],
)
def test_rows_columns_and_region_give_the_size(
    server: Server, query: str, shape: tuple[int, int]
) -> None:
    assert picture(ask(server, stored(server), f"contentType=image/png&{query}")).shape == shape


def test_a_region_is_that_part_of_the_image(server: Server) -> None:
    dataset = stored(server)
    window = "contentType=image/png&windowCenter=768&windowWidth=1536"
    whole = picture(ask(server, dataset, window))
    part = picture(ask(server, dataset, f"{window}&region=0.25,0.5,0.75,1.0"))
    assert np.array_equal(part, whole[16:, 12:36])


def test_a_frame_is_chosen_by_its_number(server: Server) -> None:
    frames = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
    dataset = stored(server, frames=3, PixelData=frames.tobytes())
    window = "contentType=image/png&windowCenter=768&windowWidth=1536"
    first, third = (picture(ask(server, dataset, f"{window}&frameNumber={n}")) for n in (1, 3))
    assert np.array_equal(first, third[:, ::-1])


def test_without_a_number_the_frame_is_the_one_that_wado_rs_shows(server: Server) -> None:
    values = np.repeat(np.arange(4, dtype=np.uint16) * 60, 64).tobytes()
    dataset = stored(server, rows=8, columns=8, frames=4, PixelData=values)
    by_parameters = ask(server, dataset, "contentType=image/png&windowCenter=128&windowWidth=256")
    path = f"{path_of(dataset)}/rendered?window=128,256,linear"
    assert picture(by_parameters)[0, 0] == picture(get(server, path, "image/png"))[0, 0]


def test_a_gif_of_several_frames_moves(server: Server) -> None:
    frames = np.stack([RAMP, RAMP[::-1]])
    dataset = stored(server, frames=2, PixelData=frames.tobytes())
    answer = ask(server, dataset, "contentType=image/gif")
    assert Image.open(BytesIO(answer.content)).n_frames == 2


@pytest.mark.parametrize("name", ["annotation", "imageAnnotation"])
def test_annotations_are_burnt_in_under_both_names(server: Server, name: str) -> None:
    dataset = stored(server, rows=128, columns=128, PixelData=bytes(2 * 128 * 128))
    plain = picture(ask(server, dataset, "contentType=image/png"))
    words = picture(ask(server, dataset, f"contentType=image/png&{name}=patient,technique"))
    assert plain.max() == 0
    assert words.max() > 200


def test_an_unknown_annotation_is_named_in_a_warning(server: Server) -> None:
    answer = ask(server, stored(server), "contentType=image/png&annotation=patient,shoe")
    assert answer.headers["Warning"].startswith("299 ")
    assert "shoe" in answer.headers["Warning"]


def test_image_quality_counts(server: Server) -> None:
    noise = np.random.default_rng(1).integers(0, 4096, (32, 48), np.uint16)
    dataset = stored(server, PixelData=noise.tobytes())
    sizes = [
        len(ask(server, dataset, f"contentType=image/jpeg&imageQuality={quality}").content)
        for quality in (10, 60, 100)
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    "query",
    [
        *("rows=0", "rows=-1", "columns=1.5", "rows=100000&columns=100000", "rows=2&rows=2"),
        *("region=0,0,1", "region=0.5,0,0.5,1", "region=0,0,1,1.1", "region=a,b,c,d"),
        *("windowCenter=1", "windowWidth=1", "windowCenter=1&windowWidth=0", "windowCenter=x"),
        *("frameNumber=0", "frameNumber=2", "frameNumber=x", "frameNumber=1&frameNumber=1"),
        *("imageQuality=0", "imageQuality=101", "annotation=", "anonymize=yes"),
        *("presentationUID=1.2.3", "presentationSeriesUID=1.2.3", "presentationUID=x"),
        "presentationUID=1.2.3&presentationSeriesUID=1.2.4",
    ],
)
def test_what_is_wrong_with_a_picture_is_400_with_a_sentence(server: Server, query: str) -> None:
    answer = ask(server, stored(server), f"contentType=image/jpeg&{query}")
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


@pytest.mark.parametrize("left_out", ["requestType", "studyUID", "seriesUID", "objectUID"])
@pytest.mark.parametrize("form", ["absent", "empty", "twice", "lower case"])
def test_what_names_the_instance_is_needed_once(server: Server, left_out: str, form: str) -> None:
    named = {"requestType": "WADO", "studyUID": "1.2", "seriesUID": "1.3", "objectUID": "1.4"}
    query = "&".join(f"{name}={value}" for name, value in named.items() if name != left_out)
    query += {
        "absent": "",
        "empty": f"&{left_out}=",
        "twice": f"&{left_out}={named[left_out]}" * 2,
        "lower case": f"&{left_out.lower()}={named[left_out]}",
    }[form]
    assert requests.get(f"{server.address}/wado?{query}", timeout=60).status_code == 400


def test_an_instance_that_is_not_here_is_404(server: Server) -> None:
    dataset = stored(server)
    dataset.SOPInstanceUID = generate_uid()
    assert ask(server, dataset).status_code == 404


def test_a_presentation_state_shows_the_image_in_its_manner(server: Server) -> None:
    image = stored(server, BitsStored=12, HighBit=11)
    state = state_of(server, image)
    query = (
        f"contentType=image/png&presentationSeriesUID={state.SeriesInstanceUID}"
        f"&presentationUID={state.SOPInstanceUID}"
    )
    expected = np.floor((1 - RAMP / 4095) * 255 + 0.5)
    assert np.array_equal(picture(ask(server, image, query)), expected)
    part = picture(ask(server, image, f"{query}&region=0,0,0.5,0.5&rows=16&columns=24"))
    assert np.array_equal(part, expected[:16, :24])


@pytest.mark.parametrize("query", ["windowCenter=1&windowWidth=2", "frameNumber=1"])
def test_a_presentation_state_stands_without_window_and_frame(server: Server, query: str) -> None:
    image = stored(server)
    state = state_of(server, image)
    named = (
        f"presentationSeriesUID={state.SeriesInstanceUID}&presentationUID={state.SOPInstanceUID}"
    )
    assert ask(server, image, f"contentType=image/png&{named}&{query}").status_code == 400


def test_a_presentation_state_of_another_image_is_404(server: Server) -> None:
    image = stored(server)
    other = stored(server, StudyInstanceUID=image.StudyInstanceUID)
    state = state_of(server, other)
    named = (
        f"presentationSeriesUID={state.SeriesInstanceUID}&presentationUID={state.SOPInstanceUID}"
    )
    assert ask(server, image, f"contentType=image/png&{named}").status_code == 404


def test_a_presentation_state_itself_shows_what_it_references(server: Server) -> None:
    image = stored(server, BitsStored=12, HighBit=11)
    shown = picture(ask(server, state_of(server, image), "contentType=image/png"))
    assert np.array_equal(shown, np.floor((1 - RAMP / 4095) * 255 + 0.5))


@pytest.mark.parametrize(
    ("types", "given"),
    [
        ("", "text/html"),
        ("&contentType=text/plain", "text/plain"),
        ("&contentType=text/xml", "text/xml"),
    ],
)
def test_a_report_is_text_html_by_default(server: Server, types: str, given: str) -> None:
    report = make_dataset(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
    )
    store(server, encode(report))
    answer = ask(server, report, types.lstrip("&"), Accept="*/*")
    assert answer.headers["Content-Type"] == f"{given}; charset=utf-8"


def test_a_report_is_written_in_the_charset_asked_for(server: Server) -> None:
    report = make_dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        PatientName="Größe",
        ValueType="CONTAINER",
    )
    store(server, encode(report))
    answer = ask(server, report, "charset=iso-8859-1", Accept="*/*")
    assert answer.headers["Content-Type"] == "text/html; charset=iso-8859-1"
    assert "Größe" in answer.content.decode("iso-8859-1")
