"""Which media types a rendered resource is given in (PS3.18 8.7.4), and for what."""

import pytest

from conformance import images, multipart
from conformance.client import expect
from conformance.instances import path_of, series_of, study_of

BROWSERS = {
    "Chromium, <img>": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "Firefox, <img>": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "Chromium, page": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    "fetch": "*/*",
}
LEVELS = {"study": study_of, "series": series_of}


def kind_of(response):
    """The media type that was said, after making sure that the bytes are of it."""
    name, _ = multipart.media_type(response.headers["Content-Type"])
    said = {"image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/jp2": "jpeg2000"}
    said |= {"image/jph": "jph", "image/jxl": "jxl"}
    assert images.kind(response.content) == said[name]
    return name


@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("path", ["rendered", "frames/1/rendered"])
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/gif"])
def test_a_single_frame_is_given_in_every_required_type(server, wide, media_type, path):
    response = expect(server.get(f"{path_of(wide)}/{path}", media_type), 200)
    assert kind_of(response) == media_type


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.4")
def test_a_single_frame_is_given_in_jpeg_2000(server, wide):
    response = expect(server.get(f"{path_of(wide)}/rendered", "image/jp2"), 200)
    assert kind_of(response) == "image/jp2"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("media_type", ["image/jph", "image/jxl"])
def test_a_single_frame_in_a_newer_type_is_given_as_such_or_refused(server, wide, media_type):
    response = expect(server.get(f"{path_of(wide)}/rendered", media_type), 200, 406)
    assert response.status_code == 406 or kind_of(response) == media_type


@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", ["*/*", "image/*", "image/nothing, image/*;q=0.1"])
def test_a_wildcard_gives_a_jpeg(server, wide, accept):
    response = expect(server.get(f"{path_of(wide)}/rendered", accept), 200)
    assert kind_of(response) == "image/jpeg"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.7")
@pytest.mark.parametrize("accept", BROWSERS.values(), ids=BROWSERS)
def test_what_a_browser_asks_for_is_an_image_it_shows(server, wide, accept):
    response = expect(server.get(f"{path_of(wide)}/rendered", accept), 200)
    assert kind_of(response) in ("image/jpeg", "image/png")


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("image/jpeg;q=0.2, image/png;q=0.8", "image/png"),
        ("image/png;q=0.2, image/jpeg;q=0.8", "image/jpeg"),
        ("image/jpeg;q=0, image/*", "image/png image/gif image/jp2"),
        ("image/bmp, image/gif", "image/gif"),
    ],
)
def test_the_preferred_type_is_given(server, wide, accept, wanted):
    response = expect(server.get(f"{path_of(wide)}/rendered", accept), 200)
    assert kind_of(response) in wanted.split()


@pytest.mark.clause("PS3.18 8.7.6")
@pytest.mark.parametrize("accept", ["image/png", "image%2Fpng", "image/gif;q=0.1,image/png"])
def test_the_accept_parameter_comes_before_the_header(server, wide, accept):
    response = expect(server.get(f"{path_of(wide)}/rendered?accept={accept}", "image/*"), 200)
    assert kind_of(response) == "image/png"


@pytest.mark.clause("PS3.18 8.7.8.1")
@pytest.mark.parametrize("accept", ["image/bmp", "text/csv", "video/mp4"])
def test_a_type_that_cannot_be_given_is_406(server, wide, accept):
    expect(server.get(f"{path_of(wide)}/rendered", accept), 406)


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 8.7.5")
def test_dicom_and_rendered_types_together_are_400(server, wide):
    expect(server.get(f"{path_of(wide)}/rendered", "application/dicom, image/jpeg"), 400)


@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("number", ["4", "99"])
def test_a_frame_beyond_the_last_is_404(server, three_frames, number):
    expect(server.get(f"{path_of(three_frames)}/frames/{number}/rendered", "image/jpeg"), 404)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_frame_that_is_no_number_is_400(server, three_frames, number):
    expect(server.get(f"{path_of(three_frames)}/frames/{number}/rendered", "image/jpeg"), 400)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.4")
def test_a_multi_frame_is_given_as_an_animation(server, three_frames):
    response = expect(server.get(f"{path_of(three_frames)}/rendered", "image/gif"), 200)
    assert kind_of(response) == "image/gif"
    assert images.frames(response.content) == 3


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("accept", ["image/jpeg", "image/png"])
def test_a_multi_frame_is_given_as_one_picture_too(server, three_frames, accept):
    response = expect(server.get(f"{path_of(three_frames)}/rendered", accept), 200)
    assert kind_of(response) == accept


@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
def test_a_study_or_series_is_rendered_one_part_for_each_instance(server, study, level, media_type):
    count = {"study": 3, "series": 2}[level]
    accept = f'multipart/related; type="{media_type}"'
    parts = server.parts(f"{LEVELS[level](study.first)}/rendered", accept)
    assert len(parts) == count
    for part in parts:
        assert part.media_type == media_type
        assert images.decoded(part.body).shape[:2] == (30, 40)


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_each_rendered_part_says_what_it_was_rendered_from(server, study):
    parts = server.parts(
        f"{study_of(study.first)}/rendered", 'multipart/related; type="image/jpeg"'
    )
    for instance in study.all:
        assert [part for part in parts if path_of(instance) in part.location]


@pytest.mark.leniently
@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", LEVELS)
def test_a_study_or_series_is_one_picture_for_viewers_that_expect_one(server, study, level):
    response = expect(server.get(f"{LEVELS[level](study.first)}/rendered", "image/jpeg"), 200)
    assert kind_of(response) == "image/jpeg"


@pytest.mark.strictly
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("level", LEVELS)
def test_a_study_or_series_is_never_a_single_part(server, study, level):
    expect(server.get(f"{LEVELS[level](study.first)}/rendered", "image/jpeg"), 406)


@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "text/xml"])
def test_a_report_is_given_in_every_required_type(server, report, media_type):
    response = expect(server.get(f"{path_of(report)}/rendered", media_type), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == media_type
    for words in ("Findings", "Finding", "suspicious"):
        assert words in response.text


@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("accept", ["*/*", "text/*"])
def test_a_report_is_html_by_default(server, report, accept):
    response = expect(server.get(f"{path_of(report)}/rendered", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "text/html"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.4")
def test_the_text_of_a_report_cannot_become_markup(server, report):
    response = expect(server.get(f"{path_of(report)}/rendered", "text/html"), 200)
    assert "<b>suspicious</b>" not in response.text
    assert "&lt;b&gt;suspicious" in response.text


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.4")
def test_a_pdf_is_given_as_it_is(server, document):
    response = expect(server.get(f"{path_of(document)}/rendered", "application/pdf"), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/pdf"
    assert response.content.rstrip(b"\0") == document.EncapsulatedDocument.rstrip(b"\0")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.4")
def test_a_pdf_that_a_browser_opens_is_a_pdf(server, document):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    response = expect(server.get(f"{path_of(document)}/rendered", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/pdf"


@pytest.mark.clause("PS3.18 8.7.8.1")
def test_an_image_of_what_is_none_is_refused(server, raw_data):
    expect(server.get(f"{path_of(raw_data)}/rendered", "image/jpeg"), 404, 406)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.8.1")
def test_a_picture_is_never_given_with_the_wrong_name(server, wide):
    for accept in ("image/jp2, image/png;q=0.5", "image/jph, image/jxl, image/jpeg;q=0.1"):
        kind_of(expect(server.get(f"{path_of(wide)}/rendered", accept), 200))
