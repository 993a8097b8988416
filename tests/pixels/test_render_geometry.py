"""Viewports: crop, scale into the box, flips (PS3.18 8.3.5.1.3); pixels that are not square."""

from typing import Any

import numpy as np
import pytest
import samples
from pydicom.dataset import Dataset

from dicomweb.errors import BadRequest
from dicomweb.pixels.geometry import Placement, apply, fit
from dicomweb.pixels.options import Region, parse_options
from tests.pixels.rendering import Instance, instance_of

PIXELS = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def plain(pixels: np.ndarray = PIXELS, **attributes: Any) -> Instance:
    dataset = samples.make_image(rows=pixels.shape[0], columns=pixels.shape[1])
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelData = 7, pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return instance_of(dataset)


def shown(viewport: str, instance: Instance | None = None) -> np.ndarray:
    options = parse_options({"viewport": viewport})
    box = {"width": options.width, "height": options.height, "region": options.region}
    return (instance or plain()).png(**box)


def test_without_a_viewport_every_pixel_stays() -> None:
    assert np.array_equal(plain().png(), PIXELS)


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        ("8,6", (6, 8)),
        ("80,80", (60, 80)),
        ("80,30", (30, 40)),
        ("4,100", (3, 4)),
        ("1,1", (1, 1)),
        ("100,100,0,0,4,6", (100, 67)),
        ("100,100,6,4", (100, 100)),
    ],
)
def test_the_picture_touches_the_box_and_keeps_its_shape(
    viewport: str, size: tuple[int, int]
) -> None:
    assert shown(viewport).shape == size


def test_a_region_is_cut_out() -> None:
    assert np.array_equal(shown("4,3,2,1,4,3"), PIXELS[1:4, 2:6])


def test_a_region_without_sides_reaches_to_the_edge() -> None:
    assert np.array_equal(shown("6,5,2,1"), PIXELS[1:, 2:])
    assert np.array_equal(shown("6,5,-2,-1"), PIXELS[1:, 2:])


def test_a_region_ends_at_the_image() -> None:
    assert np.array_equal(shown("2,2,6,4,100,100"), PIXELS[4:, 6:])


def test_negative_sides_flip() -> None:
    assert np.array_equal(shown("8,6,,,-8"), PIXELS[:, ::-1])
    assert np.array_equal(shown("8,6,,,,-6"), PIXELS[::-1])
    assert np.array_equal(shown("4,3,2,1,-4,-3"), PIXELS[1:4, 2:6][::-1, ::-1])


@pytest.mark.parametrize("viewport", ["8,6,8", "8,6,,6", "8,6,1e9"])
def test_a_region_outside_is_refused(viewport: str) -> None:
    with pytest.raises(BadRequest, match="outside"):
        shown(viewport)


def test_scaling_keeps_shades() -> None:
    grey = shown("64,64", plain(np.full((8, 8), 77, np.uint8)))
    assert grey.shape == (64, 64)
    assert (grey == 77).all()
    smaller = shown("2,2", plain(np.repeat(np.array([[0, 200]], np.uint8), 4, axis=1).repeat(8, 0)))
    assert smaller[0, 0] < 30
    assert smaller[0, 1] > 170


def test_labels_are_never_mixed() -> None:
    marks = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)
    instance = plain(marks, SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")
    assert set(np.unique(shown("37,37", instance))) == {0, 255}


@pytest.mark.parametrize(
    "attributes",
    [
        {"PixelSpacing": [2, 1]},
        {"ImagerPixelSpacing": [0.4, 0.2]},
        {"NominalScannedPixelSpacing": [1, 0.5]},
        {"PixelAspectRatio": ["2", "1"]},
        {"PixelSpacing": [2, 1], "PixelAspectRatio": ["1", "1"]},
    ],
)
def test_high_pixels_become_square_when_scaled(attributes: dict[str, Any]) -> None:
    assert shown("120,120", plain(**attributes)).shape == (120, 80)
    assert plain(**attributes).png().shape == (6, 8)


@pytest.mark.parametrize(
    "spacing", [[0, 1], [-1, 1], [100, 1], [1.001, 1], [1], ["1", "1", "1"], None]
)
def test_spacings_without_sense_are_square(spacing: Any) -> None:
    instance = plain()
    instance.metadata["00280030"] = {"vr": "DS", "Value": spacing}
    assert shown("80,80", instance).shape == (60, 80)


def test_an_enhanced_image_has_its_spacing_in_its_groups() -> None:
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [1, 2]
    shared.PixelMeasuresSequence = [measures]
    assert shown("80,80", plain(SharedFunctionalGroupsSequence=[shared])).shape == (30, 80)


def test_a_normalised_region_is_a_part_of_the_sides() -> None:
    region = Region(0.25, 0.5, 0.5, 0.5, normalised=True)
    assert np.array_equal(plain().png(region=region), PIXELS[3:, 2:6])


def test_one_side_alone_sets_the_size() -> None:
    assert plain().png(width=80).shape == (60, 80)
    assert plain().png(height=60).shape == (60, 80)


def test_a_picture_beyond_the_limit_is_refused() -> None:
    with pytest.raises(BadRequest, match="larger"):
        fit(10, 10000, 100, 0)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_point_follows_the_picture(rotation: int, mirrored: bool, flipped: bool) -> None:
    image = np.zeros((6, 8), np.uint8)
    image[1, 6] = 255
    placement = Placement(2, 0, 8, 6, 12, 12, rotation, mirrored, flipped)
    picture = apply(image, placement, smooth=False)
    assert picture.shape[::-1] == placement.size
    x, y = placement.point(6.5, 1.5)
    assert picture[int(y), int(x)] == 255


def test_what_lies_outside_the_image_is_black() -> None:
    picture = apply(np.full((4, 4), 200, np.uint8), Placement(-2, -2, 6, 6, 16, 16))
    assert picture.shape == (16, 16)
    assert (picture[4:12, 4:12] == 200).all()
    assert picture.sum() == 64 * 200
