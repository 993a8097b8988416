"""Presentation states by number: tables, shutters, areas, turns; PS3.4 N.2 and PS3.3 A.33."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import samples
from pydicom.data import get_palette_files
from pydicom.dataset import Dataset

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.pixels.annotate import annotate
from dicomweb.pixels.icc_profiles import rgb_profile
from dicomweb.pixels.options import Region, RenderOptions, Window
from dicomweb.pixels.presentation import (
    Reference,
    is_presentation_state,
    references_of,
    targets_of,
)
from dicomweb.pixels.presented import State, render_presented
from dicomweb.pixels.source import Source
from tests.pixels.rendering import Instance, instance_of, metadata_of, pixels_of

GREY, COLOUR, PSEUDO = (f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3))
RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)


def image(pixels: np.ndarray = RAMP, **attributes: Any) -> Instance:
    dataset = samples.make_image(rows=pixels.shape[0], columns=pixels.shape[1])
    dataset.SOPInstanceUID = "1.2.3"
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = min(12, dataset.BitsAllocated)
    dataset.HighBit, dataset.PixelData = dataset.BitsStored - 1, pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return instance_of(dataset)


def item(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def state(sop_class: str = GREY, **attributes: Any) -> State:
    dataset = item(SOPClassUID=sop_class, **attributes)
    return State(metadata_of(dataset))


def presented(stored: Instance, by: State, **options: Any) -> np.ndarray:
    source = Source.of(stored.frames[0], stored.metadata, stored.transfer_syntax)
    asked = RenderOptions(media_type="image/png", **options)
    return pixels_of(render_presented(source, by, asked).body)


def linear(values: np.ndarray, center: float, width: float) -> np.ndarray:
    light = (values - (center - 0.5)) / (width - 1) + 0.5
    return np.floor(np.clip(light, 0, 1) * 255 + 0.5)


def reference(instance: str, *frames: int) -> Dataset:
    dataset = item(ReferencedSOPInstanceUID=instance, ReferencedSOPClassUID="1.2")
    if frames:
        dataset.ReferencedFrameNumber = list(frames)
    return dataset


def softcopy(center: float, width: float, *references: Dataset) -> Dataset:
    dataset = item(WindowCenter=center, WindowWidth=width)
    if references:
        dataset.ReferencedImageSequence = list(references)
    return dataset


def test_the_images_come_in_the_order_of_the_sequences() -> None:
    series = [
        item(SeriesInstanceUID="1.1", ReferencedImageSequence=[reference("1.1.1", 3, 1)]),
        item(SeriesInstanceUID="1.2", ReferencedImageSequence=[reference("5"), reference("4")]),
    ]
    assert references_of(state(ReferencedSeriesSequence=series).metadata) == (
        Reference("1.1", "1.1.1", "1.2", (3, 1)),
        Reference("1.2", "5", "1.2"),
        Reference("1.2", "4", "1.2"),
    )


def shows(*references: Dataset) -> dict[str, Any]:
    series = item(SeriesInstanceUID="1.1", ReferencedImageSequence=list(references))
    return state(ReferencedSeriesSequence=[series]).metadata


def slice_at(z: float) -> dict[str, Any]:
    dataset = item(ImagePositionPatient=[0, 0, z], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    return metadata_of(dataset)


def test_frames_stand_in_the_order_of_their_slices() -> None:
    images = {"1.1": slice_at(30), "1.2": slice_at(-10), "1.3": slice_at(5)}
    named = shows(*(reference(f"1.{n}") for n in (1, 2, 3, 9)))
    assert targets_of(named, images) == [("1.2", 1), ("1.3", 1), ("1.1", 1)]
    assert targets_of(named, images | {"1.3": {}}) == [("1.1", 1), ("1.2", 1), ("1.3", 1)]


def test_frames_stand_in_the_order_of_their_dimensions() -> None:
    indices = ([1, 3], [1, 1], [1, 2])
    groups = [item(FrameContentSequence=[item(DimensionIndexValues=values)]) for values in indices]
    images = {"1.1": metadata_of(item(NumberOfFrames=3, PerFrameFunctionalGroupsSequence=groups))}
    assert targets_of(shows(reference("1.1")), images) == [("1.1", 2), ("1.1", 3), ("1.1", 1)]
    assert targets_of(shows(reference("1.1", 1, 3)), images) == [("1.1", 3), ("1.1", 1)]
    assert targets_of(shows(), images) == []


def test_the_image_s_own_transforms_are_left_aside() -> None:
    stored = image(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=1, WindowWidth=2)
    expected = np.floor(RAMP / 4095 * 255 + 0.5)
    assert np.array_equal(presented(stored, state()), expected)


def test_photometric_interpretation_does_not_count() -> None:
    stored = image(PhotometricInterpretation="MONOCHROME1")
    assert presented(stored, state())[-1, -1] == 255
    inverted = presented(stored, state(PresentationLUTShape="INVERSE"))
    assert (inverted[0, 0], inverted[-1, -1]) == (255, 0)


def test_rescale_and_window_of_the_state_count() -> None:
    by = state(RescaleSlope=1, RescaleIntercept=-1024, SoftcopyVOILUTSequence=[softcopy(40, 400)])
    assert np.array_equal(presented(image(), by), linear(RAMP - 1024.0, 40, 400))


def test_the_window_that_is_written_is_that_of_the_state() -> None:
    stored = image(WindowCenter=1, WindowWidth=1)
    by = state(SoftcopyVOILUTSequence=[softcopy(1000, 500)])
    words = annotate(presented(stored, by), stored.metadata, ["technique"], 1, Window(1000, 500))
    assert np.array_equal(presented(stored, by, annotation=("technique",)), words)


def test_a_window_belongs_to_the_images_that_it_references() -> None:
    several = [
        softcopy(1, 2, reference("9.9")),
        softcopy(10, 20, reference("1.2.3", 2)),
        softcopy(1000, 500, reference("1.2.3", 1)),
    ]
    by = state(SoftcopyVOILUTSequence=several)
    assert np.array_equal(presented(image(), by), linear(RAMP, 1000, 500))


def table(entries: np.ndarray, bits: int) -> Dataset:
    dataset = Dataset()
    dataset.add_new(0x00283002, "US", [entries.size % 65536, 0, bits])
    dataset.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return dataset


def test_the_state_s_tables_follow_each_other() -> None:
    modality = np.arange(4096)[::-1]
    voi = (np.linspace(0, 1, 4096) ** 2 * 1023).astype(int)
    shape = np.linspace(65535, 0, 1024).astype(int)
    by = state(
        ModalityLUTSequence=[table(modality, 16)],
        SoftcopyVOILUTSequence=[item(VOILUTSequence=[table(voi, 10)])],
        PresentationLUTSequence=[table(shape, 16)],
    )
    light = voi[modality[RAMP]] / 1023
    expected = np.floor(shape[np.floor(light * 1023 + 0.5).astype(int)] / 65535 * 255 + 0.5)
    assert np.array_equal(presented(image(), by), expected)


def test_a_window_of_the_request_is_refused() -> None:
    with pytest.raises(BadRequest, match="window"):
        presented(image(), state(), window=Window(1, 2))


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.2", GREY + "1", ""])
def test_what_is_no_such_state_is_refused(sop_class: str) -> None:
    assert not is_presentation_state(sop_class)
    with pytest.raises(NotAcceptable, match="softcopy"):
        presented(image(), state(sop_class))


WHITE = np.full((20, 30), 255, np.uint8)
Y, X = np.mgrid[1:21, 1:31]


@pytest.mark.parametrize(
    ("attributes", "visible"),
    [
        (
            {
                "ShutterShape": "RECTANGULAR",
                "ShutterLeftVerticalEdge": 5,
                "ShutterRightVerticalEdge": 20,
                "ShutterUpperHorizontalEdge": 3,
                "ShutterLowerHorizontalEdge": 10,
            },
            (X >= 5) & (X <= 20) & (Y >= 3) & (Y <= 10),
        ),
        (
            {
                "ShutterShape": "CIRCULAR",
                "CenterOfCircularShutter": [10, 15],
                "RadiusOfCircularShutter": 6,
            },
            (Y - 10) ** 2 + (X - 15) ** 2 <= 36,
        ),
        (
            {
                "ShutterShape": "POLYGONAL",
                "VerticesOfThePolygonalShutter": [3, 5, 3, 20, 10, 20, 10, 5],
            },
            (X >= 5) & (X <= 20) & (Y >= 3) & (Y <= 10),
        ),
    ],
)
@pytest.mark.parametrize(("ink", "level"), [(None, 0), (32768, 128), (65535, 255)])
def test_a_shutter_covers_what_lies_outside(
    attributes: dict[str, Any], visible: np.ndarray, ink: int | None, level: int
) -> None:
    dark = image(np.full((20, 30), 100, np.uint8))
    if ink is not None:
        attributes = attributes | {"ShutterPresentationValue": ink}
    picture = presented(dark, state(**attributes))
    assert np.array_equal(picture, np.where(visible, 100, level))


def test_several_shutters_leave_what_all_leave() -> None:
    by = state(
        ShutterShape=["RECTANGULAR", "CIRCULAR"],
        ShutterLeftVerticalEdge=15,
        ShutterRightVerticalEdge=30,
        ShutterUpperHorizontalEdge=1,
        ShutterLowerHorizontalEdge=20,
        CenterOfCircularShutter=[10, 15],
        RadiusOfCircularShutter=6,
    )
    visible = (X >= 15) & ((Y - 10) ** 2 + (X - 15) ** 2 <= 36)
    assert np.array_equal(presented(image(WHITE), by) > 0, visible)


def overlay(mask: np.ndarray, **attributes: Any) -> State:
    dataset = item(SOPClassUID=GREY, **attributes)
    values = [("0010", "US", mask.shape[0]), ("0011", "US", mask.shape[1]), ("0040", "CS", "G")]
    values += [("0050", "SS", [1, 1]), ("0100", "US", 1), ("0102", "US", 0)]
    values += [("3000", "OW", np.packbits(mask, bitorder="little").tobytes() + b"\0")]
    for number, vr, value in values:
        dataset.add_new(int("6002" + number, 16), vr, value)
    if "GraphicLayerSequence" in attributes:
        dataset.add_new(0x60021001, "CS", "LAYER")
    return State(metadata_of(dataset))


def test_a_bitmap_shutter_covers_its_ones() -> None:
    mask = np.random.default_rng(1).random((20, 30)) > 0.5
    by = overlay(mask, ShutterShape="BITMAP", ShutterOverlayGroup=0x6002)
    assert np.array_equal(presented(image(WHITE), by) == 0, mask)


def test_an_overlay_is_drawn_on_the_layer_that_activates_it() -> None:
    mask = np.random.default_rng(1).random((20, 30)) > 0.5
    layer = item(GraphicLayer="LAYER", GraphicLayerOrder=1)
    layer.GraphicLayerRecommendedDisplayGrayscaleValue = 32768
    by = overlay(mask, GraphicLayerSequence=[layer])
    assert np.array_equal(presented(image(WHITE), by) == 128, mask)
    assert (presented(image(WHITE), overlay(mask)) == 255).all()


TURNS: list[tuple[int, str, Callable[[np.ndarray], np.ndarray]]] = [
    (0, "N", lambda a: a),
    (90, "N", lambda a: np.rot90(a, -1)),
    (180, "N", lambda a: np.rot90(a, 2)),
    (270, "N", lambda a: np.rot90(a, 1)),
    (0, "Y", lambda a: a[:, ::-1]),
    (90, "Y", lambda a: np.rot90(a, -1)[:, ::-1]),
]


@pytest.mark.parametrize(("rotation", "flip", "turn"), TURNS)
def test_the_image_is_turned_clockwise_and_then_flipped(
    rotation: int, flip: str, turn: Callable[[np.ndarray], np.ndarray]
) -> None:
    pixels = np.arange(20 * 30).reshape(20, 30).astype(np.uint8)
    picture = presented(image(pixels), state(ImageRotation=rotation, ImageHorizontalFlip=flip))
    assert np.array_equal(picture, turn(pixels))


def area(first: list[int], last: list[int], **attributes: Any) -> Dataset:
    return item(
        DisplayedAreaTopLeftHandCorner=first,
        DisplayedAreaBottomRightHandCorner=last,
        PresentationSizeMode=attributes.pop("mode", "SCALE TO FIT"),
        **attributes,
    )


PIXELS = np.arange(20 * 30).reshape(20, 30).astype(np.uint8)


@pytest.mark.parametrize(("first", "last"), [([6, 3], [25, 12]), ([25, 12], [6, 3])])
def test_the_displayed_area_counts_from_one(first: list[int], last: list[int]) -> None:
    by = state(DisplayedAreaSelectionSequence=[area(first, last)])
    assert np.array_equal(presented(image(PIXELS), by), PIXELS[2:12, 5:25])


def test_a_displayed_area_beyond_the_image_is_black_there() -> None:
    by = state(DisplayedAreaSelectionSequence=[area([-9, -4], [40, 30])])
    picture = presented(image(WHITE), by)
    assert picture.shape == (35, 50)
    assert np.array_equal(picture[5:25, 10:40], WHITE)
    assert picture.sum() == WHITE.sum()


def test_the_displayed_area_is_scaled_into_the_viewport() -> None:
    by = state(DisplayedAreaSelectionSequence=[area([1, 1], [30, 20])], ImageRotation=90)
    assert presented(image(PIXELS), by, width=100, height=60).shape == (60, 40)
    high = area([1, 1], [30, 20], PresentationPixelAspectRatio=[2, 1])
    by = state(DisplayedAreaSelectionSequence=[high])
    assert presented(image(PIXELS), by, width=120, height=120).shape == (120, 90)
    assert presented(image(PIXELS), by).shape == (40, 30)


def test_a_magnified_area_is_cut_by_the_viewport() -> None:
    magnified = area([1, 1], [30, 20], mode="MAGNIFY", PresentationPixelMagnificationRatio=3.0)
    by = state(DisplayedAreaSelectionSequence=[magnified])
    assert presented(image(PIXELS), by).shape == (60, 90)
    cut = presented(image(PIXELS), by, width=60, height=60)
    assert cut.shape == (60, 60)
    assert np.array_equal(cut, presented(image(PIXELS), by)[:, 15:75])


def test_a_region_is_one_of_what_is_displayed() -> None:
    by = state(DisplayedAreaSelectionSequence=[area([11, 1], [30, 20])])
    region = Region(0.5, 0, 0.5, 0.5, normalised=True)
    assert np.array_equal(presented(image(PIXELS), by, region=region), PIXELS[:10, 20:])


def test_a_pseudo_colour_state_has_the_palette() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    by = state(PSEUDO, PaletteColorLookupTableUID="1.2.840.10008.1.5.1")
    from pydicom import dcmread

    hot = dcmread(get_palette_files("hotiron.dcm")[0])
    red = np.frombuffer(hot.RedPaletteColorLookupTableData, np.uint8)
    assert np.array_equal(presented(image(ramp), by)[..., 0], red[ramp])
    with pytest.raises(NotAcceptable, match="palette"):
        presented(image(ramp), state(PSEUDO))


def test_a_colour_state_says_what_its_colours_mean() -> None:
    colours = np.full((4, 4, 3), (10, 200, 30), np.uint8)
    dataset = samples.make_image(rows=4, columns=4)
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation, dataset.BitsAllocated = "RGB", 8
    dataset.BitsStored, dataset.HighBit, dataset.PixelData = 8, 7, colours.tobytes()
    by = state(COLOUR, ICCProfile=rgb_profile("adobergb"))
    assert np.array_equal(presented(instance_of(dataset), by), colours)
    assert presented(instance_of(dataset), by, profile="srgb")[0, 0, 0] < 10


def test_annotations_of_the_request_come_last() -> None:
    black = image(np.zeros((200, 200), np.uint8))
    assert presented(black, state(), annotation=("patient",)).any()
