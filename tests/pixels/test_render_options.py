"""The query parameters of a rendered resource (PS3.18 8.3.5.1) and of WADO-URI (PS3.18 9.5.1.2)."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest
from dicomweb.pixels.options import (
    Region,
    RenderOptions,
    Window,
    parse_options,
    parse_thumbnail_options,
)
from dicomweb.pixels.wado_uri_options import UriOptions, parse_wado_uri_options


def test_without_parameters_everything_has_its_default() -> None:
    assert parse_options({}) == RenderOptions()
    assert parse_options({"unknown": "x", "accept": "image/png"}) == RenderOptions()


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("40,400,linear", Window(40, 400, "LINEAR")),
        ("-600.5, 1e3 ,linear-exact", Window(-600.5, 1000, "LINEAR_EXACT")),
        ("40,400,SIGMOID", Window(40, 400, "SIGMOID")),
        ("40,400,LINEAR_EXACT", Window(40, 400, "LINEAR_EXACT")),
        ("40,1,linear", Window(40, 1, "LINEAR")),
        ("0.5,0.1,linear-exact", Window(0.5, 0.1, "LINEAR_EXACT")),
    ],
)
def test_a_window_has_center_width_and_function(text: str, window: Window) -> None:
    assert parse_options({"window": text}).window == window


@pytest.mark.parametrize(
    "text",
    [
        *("", "40", "40,400", "40,400,", "40,400,cubic", "a,400,linear", "40,0.5,linear"),
        *("40,0,sigmoid", "40,-1,linear-exact", "nan,400,linear", "inf,1,linear"),
        *("40,400,linear,1", "1_0,2,linear", "1e99,400,linear", "40,400linear"),
    ],
)
def test_a_window_without_sense_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="window"):
        parse_options({"window": text})


@pytest.mark.parametrize(
    ("text", "box", "region"),
    [
        ("512,256", (512, 256), None),
        ("512,256,,,,", (512, 256), None),
        ("512,512,,,512,512", (512, 512), Region(width=512, height=512)),
        ("64,64,10.5,20", (64, 64), Region(left=10.5, top=20)),
        ("64,64,-10,-20", (64, 64), Region(left=10, top=20)),
        ("64,64,,,-30", (64, 64), Region(width=30, mirrored=True)),
        ("64,64,,,,-30", (64, 64), Region(height=30, flipped=True)),
        ("64, 64, 1, 2, -3, -4", (64, 64), Region(1, 2, 3, 4, True, True)),
    ],
)
def test_a_viewport_is_a_box_and_a_region(
    text: str, box: tuple[int, int], region: Region | None
) -> None:
    options = parse_options({"viewport": text})
    assert ((options.width, options.height), options.region) == (box, region)


@pytest.mark.parametrize(
    "text",
    [
        *("", "512", "512,", ",512", "0,512", "512,-1", "1.5,2", "a,b", "100000,100000", "8193,1"),
        *("1,1,x", "1,1,,,0", "1,1,,,,0", "1,1,1,1,1,1,1", "99999999999999999999,1", "\u0661,1"),
    ],
)
def test_a_viewport_without_sense_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="viewport"):
        parse_options({"viewport": text})


@pytest.mark.parametrize(("text", "quality"), [("1", 1), ("100", 100), (" 85 ", 85)])
def test_quality_goes_from_1_to_100(text: str, quality: int) -> None:
    assert parse_options({"quality": text}).quality == quality


@pytest.mark.parametrize("text", ["", "0", "101", "-1", "90.0", "high"])
def test_any_other_quality_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="quality"):
        parse_options({"quality": text})


def test_an_annotation_that_we_do_not_know_is_a_warning() -> None:
    options = parse_options({"annotation": "technique,birthmark,Patient,x-y"})
    assert options.annotation == ("patient", "technique")
    assert options.warnings == (
        "The following annotation values are not supported: birthmark, x-y",
    )


@pytest.mark.parametrize("text", ["", ",", "patient,", "patient technique", "1", "<b>"])
def test_an_annotation_that_is_no_keyword_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="annotation"):
        parse_options({"annotation": text})


@pytest.mark.parametrize("profile", ["no", "yes", "srgb", "adobergb", "rommrgb", "sRGB"])
def test_a_profile_is_one_of_five(profile: str) -> None:
    assert parse_options({"iccprofile": profile}).profile == profile.lower()


@pytest.mark.parametrize(
    ("profile", "media_type"), [("", "image/jpeg"), ("cmyk", "image/png"), ("yes", "image/gif")]
)
def test_a_profile_that_cannot_be_given_is_refused(profile: str, media_type: str) -> None:
    with pytest.raises(BadRequest):
        parse_options({"iccprofile": profile}, media_type)


def test_a_media_type_without_profiles_allows_none() -> None:
    assert parse_options({"iccprofile": "no"}, "image/gif").profile == "no"


def test_overlays_are_drawn_when_asked() -> None:
    assert parse_options({"overlays": "yes"}).overlays
    with pytest.raises(BadRequest, match="overlays"):
        parse_options({"overlays": "maybe"})


@pytest.mark.parametrize("params", [{"window": "40,400,linear"}, {"viewport": "64,64,1,1"}])
def test_a_presentation_state_allows_neither_window_nor_crop(params: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        parse_options(params, presentation_state=True)
    assert parse_options({"viewport": "64,32"}, presentation_state=True).width == 64


def test_a_thumbnail_has_a_box_or_none() -> None:
    assert parse_thumbnail_options({"viewport": "64,32"}) == (64, 32)
    assert parse_thumbnail_options({}) == (0, 0)
    with pytest.raises(BadRequest, match="viewport"):
        parse_thumbnail_options({"viewport": "64,32,1,1"})


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["window", "viewport", "quality", "annotation"]), st.text()))
def test_any_text_is_understood_or_refused(params: dict[str, str]) -> None:
    with contextlib.suppress(BadRequest):
        assert parse_options(params).quality in range(1, 101)


def test_wado_uri_has_its_own_names() -> None:
    params = {"rows": "256", "columns": "128", "imageQuality": "70", "windowCenter": "40"}
    params |= {"windowWidth": "400", "region": "0.25,0,0.75,1", "imageAnnotation": "patient"}
    assert parse_wado_uri_options(params, "image/png", frames=3) == UriOptions(
        RenderOptions(
            media_type="image/png",
            window=Window(40, 400),
            width=128,
            height=256,
            region=Region(0.25, 0, 0.5, 1, normalised=True),
            quality=70,
            annotation=("patient",),
        )
    )


def test_wado_uri_takes_one_side_of_the_box() -> None:
    options = parse_wado_uri_options({"rows": "256"}).render
    assert (options.width, options.height) == (0, 256)


@pytest.mark.parametrize(
    "params",
    [
        {"rows": "0"},
        {"columns": "wide"},
        {"columns": "100000"},
        {"windowCenter": "40"},
        {"windowWidth": "400"},
        {"windowCenter": "40", "windowWidth": "0"},
        {"windowCenter": "a", "windowWidth": "1"},
        {"imageQuality": "0"},
        {"region": "0,0,1"},
        {"region": "0,0,1,1,1"},
        {"region": "0.5,0,0.5,1"},
        {"region": "0,0,1.1,1"},
        {"region": "-0.1,0,1,1"},
        {"region": "0,,1,1"},
        {"frameNumber": "0"},
        {"frameNumber": "4"},
        {"frameNumber": "-1"},
        {"frameNumber": "x"},
        {"annotation": ""},
        {"presentationUID": "1.2"},
        {"presentationSeriesUID": "1.2"},
        {"presentationUID": "1.2", "presentationSeriesUID": "x"},
        {"presentationUID": "1.2", "presentationSeriesUID": "1.3", "frameNumber": "1"},
        {
            "presentationUID": "1.2",
            "presentationSeriesUID": "1.3",
            "windowCenter": "1",
            "windowWidth": "2",
        },
    ],
)
def test_wado_uri_refuses_what_has_no_sense(params: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_wado_uri_options(params, frames=3)
    assert refused.value.sentence.endswith(".")


def test_wado_uri_names_a_frame_and_a_presentation_state() -> None:
    assert parse_wado_uri_options({"frameNumber": "3"}, frames=3).frame == 3
    assert parse_wado_uri_options({"frameNumber": "1"}).frame == 1
    named = {"presentationUID": "1.2", "presentationSeriesUID": "1.3", "region": "0,0,1,0.5"}
    options = parse_wado_uri_options(named)
    assert (options.presentation, options.presentation_series) == ("1.2", "1.3")
