"""The URI service (PS3.18 9): one instance, named by query parameters."""

import io

import pydicom
import pytest

from conformance import images, multipart
from conformance.client import expect
from conformance.instances import EXPLICIT, RLE, uid

BAD = {
    "frame 0": "frameNumber=0",
    "a negative frame": "frameNumber=-1",
    "no number": "frameNumber=x",
    "beyond the last": "frameNumber=4",
    "two frames": "frameNumber=1&frameNumber=2",
    "rows 0": "rows=0&columns=10",
    "rows no number": "rows=x&columns=10",
    "negative columns": "rows=10&columns=-10",
    "a centre without width": "windowCenter=100",
    "a width without centre": "windowWidth=100",
    "a centre that is none": "windowCenter=x&windowWidth=100",
    "width 0": "windowCenter=100&windowWidth=0",
    "quality 0": "imageQuality=0",
    "quality 101": "imageQuality=101",
    "quality no number": "imageQuality=high",
    "a region of three": "region=0,0,1",
    "a region of five": "region=0,0,1,1,1",
    "a region turned over": "region=0.5,0,0.2,1",
    "a region outside": "region=0,0,2,1",
    "a region of words": "region=a,b,c,d",
    "a state without its series": "presentationUID=1.2.3",
    "a series without its state": "presentationSeriesUID=1.2.3",
}


def of(instance, more="", **instead):
    uids = {
        "studyUID": instance.StudyInstanceUID,
        "seriesUID": instance.SeriesInstanceUID,
        "objectUID": instance.SOPInstanceUID,
    }
    uids.update(instead)
    query = "&".join(f"{name}={value}" for name, value in uids.items() if value is not None)
    return f"{query}&{more}" if more else query


def kind(response):
    return multipart.media_type(response.headers["Content-Type"])[0]


@pytest.mark.clause("PS3.18 9.4")
@pytest.mark.parametrize("accept", ["*/*", "application/dicom", None], ids=str)
def test_an_instance_is_given_as_dicom(server, stored, accept):
    query = of(stored.single, "contentType=application/dicom")
    response = expect(server.wado_uri(query, accept), 200)
    assert kind(response) == "application/dicom"
    back = pydicom.dcmread(io.BytesIO(response.content))
    assert back.SOPInstanceUID == stored.single.SOPInstanceUID
    assert back.PixelData == stored.single.PixelData


@pytest.mark.clause("PS3.18 9.4.1.2.3")
@pytest.mark.parametrize(
    ("more", "syntax"),
    [("", EXPLICIT), (f"&transferSyntax={EXPLICIT}", EXPLICIT), (f"&transferSyntax={RLE}", RLE)],
    ids=["default", "explicit", "as stored"],
)
def test_the_transfer_syntax_is_explicit_vr_little_endian_or_as_asked(server, stored, more, syntax):
    query = of(stored.rle, f"contentType=application/dicom{more}")
    response = expect(server.wado_uri(query), 200)
    back = pydicom.dcmread(io.BytesIO(response.content))
    assert str(back.file_meta.TransferSyntaxUID) == syntax


@pytest.mark.clause("PS3.18 9.4.1.2.3")
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("no-uid", 400),
        ("1.2.840.10008.1.2.1,1.2.840.10008.1.2.5", 400),
        ("1.2.840.10008.1.2.4.102", 406),
    ],
)
def test_a_transfer_syntax_that_is_none_is_400_and_an_impossible_one_406(
    server, stored, value, status
):
    query = of(stored.single, f"contentType=application/dicom&transferSyntax={value}")
    expect(server.wado_uri(query), status)


@pytest.mark.clause("PS3.18 9.3")
@pytest.mark.parametrize("accept", ["*/*", "image/*", "image/jpeg"])
def test_without_a_content_type_an_image_comes_as_jpeg(server, stored, accept):
    response = expect(server.wado_uri(of(stored.single), accept), 200)
    assert kind(response) == "image/jpeg"
    assert images.kind(response.content) == "jpeg"


@pytest.mark.clause("PS3.18 9.1.2.2.1")
@pytest.mark.parametrize(
    "content_type", ["image/jpeg", "image%2Fjpeg", "image/jpeg,image/png;q=0.1"]
)
def test_the_content_type_chooses_jpeg(server, stored, content_type):
    response = expect(server.wado_uri(of(stored.single, f"contentType={content_type}")), 200)
    assert kind(response) == "image/jpeg"


@pytest.mark.optional
@pytest.mark.clause("PS3.18 9.1.2.2.1")
@pytest.mark.parametrize("content_type", ["image/png", "image/gif"])
def test_the_content_type_chooses_other_images(server, stored, content_type):
    response = expect(server.wado_uri(of(stored.single, f"contentType={content_type}")), 200)
    assert kind(response) == content_type
    assert images.kind(response.content) == content_type.partition("/")[2]


@pytest.mark.clause("PS3.18 9.1.2.1")
@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
def test_a_missing_uid_is_400(server, stored, name):
    expect(server.wado_uri(of(stored.single, **{name: None})), 400)


@pytest.mark.clause("PS3.18 9.1.2.1.1")
@pytest.mark.parametrize(
    "start", ["", "requestType=XERO&", "requestType=wado&", "requesttype=WADO&"]
)
def test_a_request_type_other_than_wado_is_400(server, stored, start):
    expect(server.get(f"{server.wado_uri_url}?{start}{of(stored.single)}", "*/*"), 400)


@pytest.mark.clause("PS3.18 9.4.3.1")
@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
def test_an_unknown_uid_is_404(server, stored, name):
    expect(server.wado_uri(of(stored.single, **{name: uid()})), 404)


@pytest.mark.clause("PS3.18 9.1.2")
def test_parameters_may_come_in_any_order_beside_unknown_ones(server, stored):
    one = stored.single
    query = (
        f"frame=7&objectUID={one.SOPInstanceUID}&contentType=image/jpeg"
        f"&seriesUID={one.SeriesInstanceUID}&x=y&studyUID={one.StudyInstanceUID}"
    )
    expect(server.wado_uri(query), 200)


@pytest.mark.clause("PS3.18 9.5.2.1")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_frame_is_chosen_by_its_number(server, stored, number):
    response = expect(server.wado_uri(of(stored.multi, f"frameNumber={number}")), 200)
    assert abs(int(images.grey(response.content).mean()) - (40, 120, 200)[number - 1]) <= 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 9.5.2.1")
def test_a_multi_frame_without_a_number_is_one_picture(server, stored):
    response = expect(server.wado_uri(of(stored.multi)), 200)
    assert images.kind(response.content) == "jpeg"


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 9.5.1.2.1")
def test_a_frame_number_of_a_single_frame_is_400(server, stored):
    expect(server.wado_uri(of(stored.single, "frameNumber=1")), 400)


@pytest.mark.leniently
@pytest.mark.practice
@pytest.mark.clause("PS3.18 9.5.1.2.1")
def test_frame_1_of_a_single_frame_is_given(server, stored):
    expect(server.wado_uri(of(stored.single, "frameNumber=1")), 200)


@pytest.mark.clause("PS3.18 9.5.2.2")
@pytest.mark.parametrize(("centre", "width"), [(1000, 1500), (1900, 100), (1000.5, 1500.5)])
def test_the_window_is_applied(server, stored, centre, width):
    more = f"windowCenter={centre}&windowWidth={width}&imageQuality=100"
    response = expect(server.wado_uri(of(stored.ramp, more)), 200)
    values = stored.ramp.pixel_array.astype(float)
    images.close(images.grey(response.content), images.linear(values, centre, width), 4)


@pytest.mark.clause("PS3.18 9.5.2.5")
@pytest.mark.parametrize(
    ("more", "size"),
    [
        ("rows=15&columns=20", (15, 20)),
        ("rows=15&columns=400", (15, 20)),
        ("rows=400&columns=20", (15, 20)),
        ("rows=60&columns=80", (60, 80)),
    ],
)
def test_rows_and_columns_are_a_box_that_keeps_the_aspect(server, stored, more, size):
    response = expect(server.wado_uri(of(stored.single, more)), 200)
    assert images.decoded(response.content).shape[:2] == size


@pytest.mark.practice
@pytest.mark.clause("PS3.18 9.5.2.5")
@pytest.mark.parametrize("more", ["rows=15", "columns=20"])
def test_rows_or_columns_alone_scale_by_the_aspect(server, stored, more):
    response = expect(server.wado_uri(of(stored.single, more)), 200)
    assert images.decoded(response.content).shape[:2] == (15, 20)


@pytest.mark.clause("PS3.18 9.5.2.4")
@pytest.mark.parametrize(
    ("region", "rows", "columns"),
    [
        ("0,0,0.5,0.5", slice(0, 15), slice(0, 20)),
        ("0.5,0.5,1,1", slice(15, 30), slice(20, 40)),
        ("0.0,0.0,1.0,1.0", slice(0, 30), slice(0, 40)),
        ("0.25,0,0.75,1", slice(0, 30), slice(10, 30)),
    ],
)
def test_a_region_is_cut_out(server, stored, region, rows, columns):
    response = expect(server.wado_uri(of(stored.single, f"region={region}&imageQuality=100")), 200)
    images.close(images.grey(response.content), stored.single.pixel_array[rows, columns], 6)


@pytest.mark.clause("PS3.18 9.5.1.2.3")
def test_a_lower_quality_makes_a_smaller_jpeg(server, stored):
    more = "rows=300&columns=400&imageQuality="
    small, large = (
        len(expect(server.wado_uri(of(stored.single, f"{more}{n}")), 200).content) for n in (1, 100)
    )
    assert small < large


@pytest.mark.clause("PS3.18 9.5.1.2.2")
@pytest.mark.parametrize("name", ["annotation", "imageAnnotation"])
def test_annotations_are_drawn(server, stored, name):
    more = "rows=300&columns=400"
    without = images.decoded(expect(server.wado_uri(of(stored.single, more)), 200).content)
    query = of(stored.single, f"{more}&{name}=patient,technique")
    with_them = images.decoded(expect(server.wado_uri(query), 200).content)
    assert (without != with_them).any(), "nothing was drawn"


@pytest.mark.clause("PS3.18 9.5.1.2")
@pytest.mark.parametrize("more", BAD.values(), ids=BAD)
def test_an_ill_formed_parameter_is_400(server, stored, more):
    expect(server.wado_uri(of(stored.multi, more)), 400)


@pytest.mark.clause("PS3.18 9.5.1.2.6")
def test_a_window_does_not_go_with_dicom(server, stored):
    more = "contentType=application/dicom&windowCenter=1&windowWidth=2"
    expect(server.wado_uri(of(stored.single, more)), 400)


@pytest.mark.clause("PS3.18 9.1.2.2.1")
def test_a_content_type_with_a_transfer_syntax_parameter_is_400(server, stored):
    more = "contentType=application/dicom;%20transfer-syntax=1.2.840.10008.1.2.1"
    expect(server.wado_uri(of(stored.single, more)), 400)


@pytest.mark.clause("PS3.18 9.1.2.2.1")
@pytest.mark.parametrize("content_type", ["image/bmp", "text/csv"])
def test_a_content_type_that_cannot_be_given_is_406(server, stored, content_type):
    query = of(stored.single, f"contentType={content_type}")
    expect(server.wado_uri(query, content_type), 406)


@pytest.mark.clause("PS3.18 9.5")
def test_a_report_is_html_by_default(server, stored):
    response = expect(server.wado_uri(of(stored.report), "*/*"), 200)
    assert kind(response) == "text/html"


@pytest.mark.optional
@pytest.mark.clause("PS3.18 9.4.1.2.1")
def test_anonymize_gives_another_instance_or_a_clear_refusal(server, stored):
    query = of(stored.single, "contentType=application/dicom&anonymize=yes")
    response = expect(server.wado_uri(query), 200, 400, 403, 406, 501)
    if response.status_code == 200:
        back = pydicom.dcmread(io.BytesIO(response.content))
        assert back.PatientIdentityRemoved == "YES"
        assert back.SOPInstanceUID != stored.single.SOPInstanceUID


@pytest.mark.clause("PS3.18 9.4.1.2.1")
@pytest.mark.parametrize("value", ["maybe", "no"])
def test_anonymize_has_no_other_value_than_yes(server, stored, value):
    query = of(stored.single, f"contentType=application/dicom&anonymize={value}")
    expect(server.wado_uri(query), 400)
