"""viewport, quality, window, annotation, iccprofile (PS3.18 8.3.5.1), right and wrong."""

import io

import numpy as np
import pytest
from PIL import Image

from conformance import images
from conformance.client import expect
from conformance.instances import path_of
from conformance.rendered import pictures
from conformance.rendered.conftest import WIDE

SIZES = {
    "20,20": (15, 20),
    "20,15": (15, 20),
    "100,100": (75, 100),
    "400,30": (30, 40),
    "10,100": (7.5, 10),
    "100,15": (15, 20),
}
REGIONS = {
    "lower right quarter": ("20,15,20,15,20,15", WIDE[15:, 20:]),
    "upper left quarter": ("20,15,0,0,20,15", WIDE[:15, :20]),
    "upper left, defaults": ("20,15,,,20,15", WIDE[:15, :20]),
    "right half, defaults": ("20,30,20", WIDE[:, 20:]),
    "lower half, defaults": ("40,15,,15", WIDE[15:]),
    "decimals": ("20,15,20.0,15.0,20.0,15.0", WIDE[15:, 20:]),
    "flipped horizontally": ("40,30,0,0,-40,30", WIDE[:, ::-1]),
    "flipped vertically": ("40,30,0,0,40,-30", WIDE[::-1]),
    "flipped both ways": ("40,30,,,-40,-30", WIDE[::-1, ::-1]),
    "a quarter, flipped": ("20,15,20,15,-20,15", WIDE[15:, 20:][:, ::-1]),
}
BAD_VIEWPORTS = (
    "", "10", "a,b", "-10,10", "10.5,10", "10,10,x", "10,10,0,0,0,5",
    "10,10,0,0,5,5,5", "10,10,100,0",
)  # fmt: skip
BAD_WINDOWS = (
    "", "100", "100,200", "a,200,linear", "100,b,linear", "100,200,cubic", "100,0,linear",
    "100,0,linear-exact", "100,-5,sigmoid", "100,,linear", "100,200,linear,1", "nan,200,linear",
)  # fmt: skip
BAD_QUALITIES = ("", "0", "101", "-1", "high", "50.5")


def rendered(server, instance, query, accept="image/png"):
    return server.get(f"{path_of(instance)}/rendered?{query}", accept)


def shown(server, instance, query):
    query = f"{pictures.IDENTITY}&{query}" if query else pictures.IDENTITY
    return images.grey(expect(rendered(server, instance, query), 200).content)


@pytest.mark.clause("PS3.18 8.3.5.1.3")
@pytest.mark.parametrize(("viewport", "size"), SIZES.items())
def test_a_viewport_is_filled_as_far_as_the_aspect_ratio_allows(server, wide, viewport, size):
    rows, columns = shown(server, wide, f"viewport={viewport}").shape
    assert abs(rows - size[0]) <= 0.5
    assert abs(columns - size[1]) <= 0.5


@pytest.mark.clause("PS3.18 8.3.5.1.3")
@pytest.mark.parametrize(("viewport", "wanted"), REGIONS.values(), ids=REGIONS)
def test_a_viewport_cuts_out_a_region_and_flips_it(server, wide, viewport, wanted):
    images.close(shown(server, wide, f"viewport={viewport}"), wanted, 1)


@pytest.mark.clause("PS3.18 8.3.5.1.3")
def test_without_a_viewport_the_picture_has_the_size_of_the_image(server, wide):
    assert shown(server, wide, "").shape == WIDE.shape


@pytest.mark.clause("PS3.18 8.3.5.1.3")
def test_scaling_keeps_the_picture_what_it_is(server, wide):
    large = shown(server, wide, "viewport=80,60").astype(float)
    small = large.reshape(30, 2, 40, 2).mean((1, 3))
    assert np.abs(small - WIDE)[2:-2, 2:-2].max() <= 4


@pytest.mark.clause("PS3.18 8.3.5.1.3")
@pytest.mark.parametrize("viewport", BAD_VIEWPORTS)
def test_an_ill_formed_viewport_is_400(server, wide, viewport):
    expect(rendered(server, wide, f"viewport={viewport}"), 400)


@pytest.mark.harmful
@pytest.mark.clause("PS3.18 8.3.5.1.3")
@pytest.mark.parametrize("viewport", ["0,10", "10,0", "0,0"])
def test_a_viewport_without_an_area_is_400(server, wide, viewport):
    expect(rendered(server, wide, f"viewport={viewport}"), 400)


@pytest.mark.harmful
@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.5.1.3")
@pytest.mark.parametrize("viewport", ["100000,100000", "99999999999,1"])
def test_an_enormous_viewport_is_refused(server, wide, viewport):
    expect(rendered(server, wide, f"viewport={viewport}"), 400, 413)


@pytest.mark.clause("PS3.18 8.3.5.1.4")
@pytest.mark.parametrize("window", BAD_WINDOWS)
def test_an_ill_formed_window_is_400(server, wide, window):
    expect(rendered(server, wide, f"window={window}"), 400)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.5.1.4")
@pytest.mark.parametrize("window", ["100,50,LINEAR", "100,50,LINEAR_EXACT", "100,50,Sigmoid"])
def test_the_function_of_a_window_may_be_spelt_as_in_the_data_set(server, wide, window):
    expect(rendered(server, wide, f"window={window}"), 200)


@pytest.mark.clause("PS3.18 8.3.5.1.2")
@pytest.mark.parametrize("quality", BAD_QUALITIES)
def test_an_ill_formed_quality_is_400(server, wide, quality):
    expect(rendered(server, wide, f"quality={quality}", "image/jpeg"), 400)


@pytest.mark.clause("PS3.18 8.3.5.1.2")
def test_a_lower_quality_makes_a_smaller_jpeg(server, wide):
    sizes = [
        len(rendered(server, wide, f"viewport=400,300&quality={n}", "image/jpeg").content)
        for n in (1, 50, 100)
    ]
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.clause("PS3.18 8.3.5.1.2")
def test_quality_does_not_touch_a_png(server, wide):
    images.close(shown(server, wide, "quality=1"), WIDE, 1)


@pytest.mark.clause("PS3.18 8.3.5.1.1")
@pytest.mark.parametrize(
    "words", ["patient", "technique", "patient,technique", "patient%2Ctechnique"]
)
def test_annotations_are_drawn(server, wide, words):
    query = "viewport=400,300"
    without = shown(server, wide, query)
    with_them = shown(server, wide, f"{query}&annotation={words}")
    assert (without != with_them).any(), "nothing was drawn"


@pytest.mark.clause("PS3.18 8.3.5.1.1")
def test_unsupported_annotations_are_ignored_with_a_warning(server, wide):
    response = expect(rendered(server, wide, "annotation=horoscope"), 200)
    warning = response.headers.get("Warning", "")
    assert warning.startswith("299")
    assert "annotation values are not supported: horoscope" in warning


@pytest.mark.clause("PS3.18 8.3.5.1.1")
def test_an_empty_annotation_is_400(server, wide):
    expect(rendered(server, wide, "annotation="), 400)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.5.1.5")
@pytest.mark.parametrize("profile", ["no", "yes", "srgb", "adobergb", "rommrgb"])
def test_an_icc_profile_can_be_asked_for(server, shown_colour, profile):
    response = expect(rendered(server, shown_colour, f"iccprofile={profile}", "image/jpeg"), 200)
    with Image.open(io.BytesIO(response.content)) as opened:
        assert bool(opened.info.get("icc_profile")) == (profile != "no")


@pytest.fixture(scope="session")
def shown_colour(server):
    instance = pictures.rgb().instance
    server.keep(instance)
    return instance


@pytest.mark.clause("PS3.18 8.3.5.1.5")
@pytest.mark.parametrize("profile", ["", "maybe", "sRGB,yes"])
def test_an_ill_formed_icc_profile_is_400(server, wide, profile):
    expect(rendered(server, wide, f"iccprofile={profile}", "image/jpeg"), 400)


@pytest.mark.clause("PS3.18 8.3.5.1.5")
def test_a_media_type_that_holds_no_icc_profile_is_400(server, wide):
    expect(rendered(server, wide, "iccprofile=srgb", "image/gif"), 400)


@pytest.mark.clause("PS3.18 8.3.2")
def test_unknown_parameters_are_ignored(server, wide):
    images.close(shown(server, wide, "colour=blue&_=1"), WIDE, 1)


@pytest.mark.clause("PS3.18 8.3.5.1")
def test_the_parameters_work_on_frames_too(server, three_frames):
    path = f"{path_of(three_frames)}/frames/2/rendered?viewport=15,10&window=120,41,linear"
    pixels = images.grey(expect(server.get(path, "image/png"), 200).content)
    assert pixels.shape == (10, 15)
    assert abs(int(pixels[5, 5]) - 131) <= 1
