"""The rendering pipeline: a rendered pixel is what the formulas of PS3.3 say it is."""

import pytest

from conformance import images
from conformance.client import expect
from conformance.instances import path_of
from conformance.rendered import pictures
from conformance.rendered.pictures import IDENTITY, SAME

WINDOWS = {
    "linear": ("1000,1500,linear", lambda values: images.linear(values, 1000, 1500)),
    "linear, narrow": ("1900,10,linear", lambda values: images.linear(values, 1900, 10)),
    "linear, width 1": ("1910,1,linear", lambda values: images.linear(values, 1910, 1)),
    "linear, fraction": ("999.5,1500.5,linear", lambda v: images.linear(v, 999.5, 1500.5)),
    "linear-exact": ("1000,1500,linear-exact", lambda v: images.linear_exact(v, 1000, 1500)),
    "linear-exact, below 1": (
        "1910,0.5,linear-exact",
        lambda values: images.linear_exact(values, 1910, 0.5),
    ),
    "sigmoid": ("1000,1500,sigmoid", lambda values: images.sigmoid(values, 1000, 1500)),
}
REQUIRED = (
    "window of the image", "first of several windows", "rescale", "negative slope", "monochrome1",
    "signed", "unused high bits", "high bit at the top", "rgb", "rgb by plane", "ybr full",
    "palette", "voi lut", "modality lut", "linear exact function", "sigmoid function",
    "monochrome1 that says inverse", "shared functional groups", "per frame functional groups",
    "one bit",
)  # fmt: skip
CODECS = tuple(name for name in pictures.ALL if name not in REQUIRED)


def png(server, path):
    response = expect(server.get(path, "image/png"), 200)
    assert images.kind(response.content) == "png"
    return response.content


@pytest.mark.clause("PS3.4 N.2")
@pytest.mark.parametrize("name", REQUIRED)
def test_every_step_of_the_pipeline_is_taken(server, shown, name):
    picture = shown[name]
    path = f"{path_of(picture.instance)}/rendered?{picture.query}"
    pixels = images.decoded(png(server, path))
    images.close(pixels, picture.wanted, picture.tolerance)


@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("name", CODECS)
def test_images_of_every_transfer_syntax_are_rendered(server, shown, name):
    picture = shown[name]
    path = f"{path_of(picture.instance)}/rendered?{picture.query}"
    pixels = images.decoded(png(server, path))
    images.close(pixels, picture.wanted, picture.tolerance)


@pytest.mark.clause("PS3.18 8.3.5.1.4")
@pytest.mark.parametrize(("window", "formula"), WINDOWS.values(), ids=WINDOWS)
def test_the_window_of_the_request_follows_its_function(server, shown, window, formula):
    instance = shown["window of the image"].instance
    picture = png(server, f"{path_of(instance)}/rendered?window={window}")
    images.close(images.grey(picture), formula(pictures.RAMP), 1)


@pytest.mark.clause("PS3.18 8.3.5.1.4")
def test_the_window_of_the_request_is_in_rescaled_values(server, shown):
    instance = shown["rescale"].instance
    picture = png(server, f"{path_of(instance)}/rendered?window=-500,500,linear")
    wanted = images.linear(pictures.RAMP * 0.5 - 1024, -500, 500)
    images.close(images.grey(picture), wanted, 1)


@pytest.mark.clause("PS3.18 8.3.5.1.4")
def test_a_monochrome1_image_is_inverted_behind_the_window_of_the_request(server, shown):
    instance = shown["monochrome1"].instance
    picture = png(server, f"{path_of(instance)}/rendered?window=1000,1500,linear")
    images.close(images.grey(picture), 255 - images.linear(pictures.RAMP, 1000, 1500), 1)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.5.1.4")
def test_an_image_without_a_window_uses_the_whole_range_of_grey(server):
    instance = pictures.image(pictures.RAMP)
    server.keep(instance)
    pixels = images.grey(png(server, f"{path_of(instance)}/rendered"))
    assert pixels.min() <= 5
    assert pixels.max() >= 250


@pytest.mark.practice
@pytest.mark.clause("PS3.3 C.7.5.1.1.2")
def test_padding_does_not_spoil_the_contrast(server):
    pixels = (pictures.RAMP // 40).astype("i2")
    pixels[0, :] = -30000
    instance = pictures.image(pixels, PixelPaddingValue=-30000)
    instance["PixelPaddingValue"].VR = "SS"
    server.keep(instance)
    shown = images.grey(png(server, f"{path_of(instance)}/rendered"))
    assert shown[1:].max() >= 200
    assert shown[1:].min() <= 50
    assert shown[0].max() <= 5


@pytest.mark.clause("PS3.18 8.3.5.1.2")
@pytest.mark.parametrize("name", ["window of the image", "rescale", "monochrome1"])
def test_a_jpeg_of_full_quality_shows_the_same_values(server, shown, name):
    picture = shown[name]
    path = f"{path_of(picture.instance)}/rendered?quality=100&{picture.query or SAME}"
    response = expect(server.get(path, "image/jpeg"), 200)
    images.close(images.grey(response.content), picture.wanted, 3)


@pytest.mark.clause("PS3.18 8.7.4")
@pytest.mark.parametrize("name", ["window of the image", "monochrome1"])
def test_a_gif_shows_the_same_values(server, shown, name):
    picture = shown[name]
    path = f"{path_of(picture.instance)}/rendered?{picture.query or SAME}"
    response = expect(server.get(path, "image/gif"), 200)
    images.close(images.grey(response.content), picture.wanted, 2)


@pytest.mark.clause("PS3.18 10.4.1.1.3")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_frame_that_was_asked_for_is_shown(server, three_frames, number):
    picture = png(server, f"{path_of(three_frames)}/frames/{number}/rendered?{IDENTITY}")
    assert abs(int(images.grey(picture).mean()) - (40, 120, 200)[number - 1]) <= 1
