"""Grey pictures by number, through the door: metadata and frame in, PNG out."""

from typing import Any

import numpy as np
import pytest
import samples
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomweb.pixels.options import Window
from dicomweb.pixels.tables import read_table
from tests.pixels.rendering import Instance, instance_of

RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)


def ramp(values: np.ndarray = RAMP, **attributes: Any) -> Dataset:
    """A 12-bit image of all its values, unsigned unless `values` are not."""
    dataset = samples.make_image(rows=values.shape[0], columns=values.shape[1])
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def item(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def table(entries: np.ndarray, first: int = 0, bits: int = 16) -> Dataset:
    dataset = Dataset()
    dataset.add_new(0x00283002, "SS" if first < 0 else "US", [entries.size % 65536, first, bits])
    dataset.add_new(0x00283006, "OW", entries.tobytes())
    return dataset


def linear(values: np.ndarray, center: float, width: float) -> np.ndarray:
    light = (values - (center - 0.5)) / (width - 1) + 0.5
    return np.floor(np.clip(light, 0, 1) * 255 + 0.5)


def test_the_first_of_several_windows_counts_behind_the_rescale() -> None:
    dataset = ramp(WindowCenter=[40, 100], WindowWidth=[400, 10])
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    assert np.array_equal(instance_of(dataset).png(), linear(RAMP - 1024.0, 40, 400))


def test_a_window_of_the_request_stands_before_the_image() -> None:
    picture = instance_of(ramp(WindowCenter=40, WindowWidth=400)).png(window=Window(2000, 500))
    assert np.array_equal(picture, linear(RAMP, 2000, 500))


@pytest.mark.parametrize("center", [[], "", 40])
def test_a_window_without_sense_is_left_aside(center: Any) -> None:
    picture = instance_of(ramp(WindowCenter=center, WindowWidth=0)).png()
    assert np.array_equal(picture, np.floor(RAMP / 4095 * 255 + 0.5))


def test_without_a_window_the_pixels_give_the_range() -> None:
    picture = instance_of(ramp(RAMP // 4 + 100)).png()
    assert (picture.min(), picture.max()) == (0, 255)


def test_a_few_bright_pixels_do_not_make_the_rest_black() -> None:
    values = RAMP // 16
    values[0, :5] = 4095
    picture = instance_of(ramp(values)).png()
    assert picture[0, :5].tolist() == [255] * 5
    assert picture.mean() > 100


def test_eight_bits_without_a_window_stay_what_they_are() -> None:
    values = np.arange(16, 80, dtype=np.uint8).reshape(8, 8)
    dataset = ramp(values, BitsAllocated=8, BitsStored=8, HighBit=7)
    assert np.array_equal(instance_of(dataset).png(), values)


def test_monochrome1_is_inverted_behind_the_window() -> None:
    dataset = ramp(PhotometricInterpretation="MONOCHROME1", WindowCenter=40, WindowWidth=400)
    light = np.clip((RAMP - 39.5) / 399 + 0.5, 0, 1)
    assert np.array_equal(instance_of(dataset).png(), np.floor((1 - light) * 255 + 0.5))


def test_a_presentation_lut_shape_that_contradicts_does_not_count() -> None:
    dataset = ramp(PresentationLUTShape="INVERSE", WindowCenter=40, WindowWidth=400)
    assert np.array_equal(instance_of(dataset).png(), linear(RAMP, 40, 400))


def test_padding_is_black_and_outside_of_the_range() -> None:
    values = RAMP.astype(np.int16) - 2048
    dataset = ramp(values)
    dataset.add_new(0x00280120, "SS", -2048)
    dataset.add_new(0x00280121, "SS", -1001)
    expected = np.floor((values + 1000.0) / 3047 * 255 + 0.5)
    assert np.array_equal(instance_of(dataset).png(), np.where(values < -1000, 0, expected))


@pytest.mark.parametrize("padding", [-2048, 0, 1500, 2047])
def test_the_range_is_that_of_what_is_no_padding(padding: int) -> None:
    values = RAMP.astype(np.int16) // 4 - 512
    values[:40] = padding
    dataset = ramp(values)
    dataset.add_new(0x00280120, "SS", padding)
    kept = values != padding
    low, high = int(values[kept].min()), int(values[kept].max())
    expected = np.where(kept, np.floor((values - low) / (high - low) * 255 + 0.5), 0)
    assert np.array_equal(instance_of(dataset).png(), expected)


def test_padding_between_the_values_may_be_nearly_all_of_the_image() -> None:
    values = np.zeros((256, 256), np.int16)
    values[0, 1], values[0, 3] = -100, 100
    dataset = ramp(values)
    dataset.add_new(0x00280120, "SS", 0)
    assert instance_of(dataset).png()[0, :4].tolist() == [0, 0, 0, 255]


def test_padding_is_black_under_monochrome1_too() -> None:
    dataset = ramp(PhotometricInterpretation="MONOCHROME1", WindowCenter=2048, WindowWidth=4096)
    dataset.add_new(0x00280120, "US", 0)
    picture = instance_of(dataset).png()
    assert picture[0, :2].tolist() == [0, 255]


def test_padding_is_found_when_its_vr_has_the_other_sign() -> None:
    dataset = ramp(RAMP.astype(np.int16) - 2048, WindowCenter=-2000, WindowWidth=1)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.add_new(0x00280120, "US", 65536 - 2048)
    assert instance_of(dataset).png()[0, :2].tolist() == [0, 255]


def test_an_image_of_padding_alone_is_black() -> None:
    dataset = ramp(np.full((4, 4), 7, np.uint16))
    dataset.add_new(0x00280120, "US", 7)
    assert not instance_of(dataset).png().any()


def test_a_modality_lut_stands_before_the_window() -> None:
    entries = (np.arange(4096)[::-1] // 2).astype("<u2")
    dataset = ramp(
        WindowCenter=1000, WindowWidth=500, ModalityLUTSequence=Sequence([table(entries)])
    )
    assert np.array_equal(instance_of(dataset).png(), linear(entries[RAMP], 1000, 500))


def test_a_table_that_leads_back_to_x_ray_intensity_is_not_for_display() -> None:
    entries = np.arange(4096)[::-1].astype("<u2")
    dataset = ramp(
        WindowCenter=1000, WindowWidth=500, ModalityLUTSequence=Sequence([table(entries)])
    )
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    dataset.PixelIntensityRelationship = "LOG"
    assert np.array_equal(instance_of(dataset).png(), linear(RAMP, 1000, 500))


def test_a_voi_lut_is_used_where_no_window_is() -> None:
    entries = (np.sqrt(np.linspace(0, 1, 4096)) * 1023).astype("<u2")
    dataset = ramp(VOILUTSequence=Sequence([table(entries, bits=10)]))
    expected = np.floor(entries[RAMP] / 1023 * 255 + 0.5)
    assert np.array_equal(instance_of(dataset).png(), expected)


def test_a_window_is_preferred_to_a_voi_lut() -> None:
    dataset = ramp(WindowCenter=40, WindowWidth=400)
    dataset.VOILUTSequence = Sequence([table(np.zeros(4096, "<u2"))])
    assert np.array_equal(instance_of(dataset).png(), linear(RAMP, 40, 400))


def test_an_impossible_voi_lut_is_left_aside() -> None:
    dataset = ramp(VOILUTSequence=Sequence([table(np.zeros(0, "<u2"))]))
    picture = instance_of(dataset).png()
    assert (picture.min(), picture.max()) == (0, 255)


def test_a_presentation_lut_comes_last_and_is_never_inverted() -> None:
    entries = np.linspace(65535, 0, 256).astype("<u2")
    dataset = ramp(PhotometricInterpretation="MONOCHROME1", WindowCenter=2048, WindowWidth=4096)
    dataset.PresentationLUTSequence = Sequence([table(entries)])
    picture = instance_of(dataset).png()
    assert (picture[0, 0], picture[-1, -1]) == (255, 0)


def enhanced(per_frame: list[Dataset], shared: Dataset) -> Instance:
    dataset = ramp(NumberOfFrames=len(per_frame))
    dataset.PixelData = RAMP.tobytes() * len(per_frame)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(per_frame)
    return instance_of(dataset)


def group(center: float | None = None, intercept: float | None = None) -> Dataset:
    found = Dataset()
    if center is not None:
        window = item(WindowCenter=center, WindowWidth=500)
        found.FrameVOILUTSequence = Sequence([window])
    if intercept is not None:
        rescale = item(RescaleSlope=2, RescaleIntercept=intercept, RescaleType="US")
        found.PixelValueTransformationSequence = Sequence([rescale])
    return found


def test_an_enhanced_image_has_its_window_and_rescale_in_every_frame() -> None:
    instance = enhanced([group(1000, 0), group(3000, -500)], Dataset())
    assert np.array_equal(instance.png(1), linear(RAMP * 2.0, 1000, 500))
    assert np.array_equal(instance.png(2), linear(RAMP * 2.0 - 500, 3000, 500))


def test_a_frame_stands_before_what_is_shared() -> None:
    instance = enhanced([group(1000), group()], group(3000, 10))
    assert np.array_equal(instance.png(1), linear(RAMP * 2.0 + 10, 1000, 500))
    assert np.array_equal(instance.png(2), linear(RAMP * 2.0 + 10, 3000, 500))


def test_floating_point_pixels_take_linear_for_linear_exact() -> None:
    dataset = ramp(WindowCenter=0.5, WindowWidth=1)
    del dataset.PixelData
    values = np.linspace(0, 1, 4096, dtype=np.float32)
    dataset.FloatPixelData = values.tobytes()
    dataset.BitsAllocated = 32
    expected = np.floor(values.astype(float) * 255 + 0.5).reshape(64, 64)
    assert np.array_equal(instance_of(dataset).png(), expected)


def test_double_precision_pixels_without_a_window_fill_the_range() -> None:
    dataset = ramp()
    del dataset.PixelData
    dataset.DoubleFloatPixelData = np.linspace(-1e-9, 1e-9, 4096).tobytes()
    dataset.BitsAllocated = 64
    picture = instance_of(dataset).png()
    assert (picture[0, 0], picture[-1, -1]) == (0, 255)


@pytest.mark.parametrize("packed", [True, False])
def test_entries_of_eight_bits_lie_in_bytes_or_in_words(packed: bool) -> None:
    entries = np.arange(255, -1, -1, dtype=np.uint8)
    data = entries if packed else entries.astype("<u2")
    metadata = {
        "00283002": {"vr": "US", "Value": [256, 0, 8]},
        "00283006": {"vr": "US", "Value": data.view("<u2").tolist()},
    }
    found = read_table(metadata, "00283002", "00283006", lambda uri: b"", signed=False)
    assert found is not None
    assert found.entries.tolist() == entries.tolist()


def test_a_table_in_bulk_data_is_read_by_the_caller() -> None:
    metadata = {
        "00283002": {"vr": "US", "Value": [2, 0, 16]},
        "00283006": {"vr": "OW", "BulkDataURI": "somewhere"},
    }
    asked: list[str] = []

    def bulk(uri: str) -> bytes:
        asked.append(uri)
        return b"\0\0\xff\xff"

    found = read_table(metadata, "00283002", "00283006", bulk, signed=False)
    assert asked == ["somewhere"]
    assert found is not None
    assert found.top == 65535


@pytest.mark.parametrize(
    "described",
    [None, [], [256], [0, 0, 0], ["a", "b", "c"], [256, 0, 99], [256, -5, 16], [65535, 65535, 1]],
)
def test_an_impossible_descriptor_ends_in_a_picture(described: Any) -> None:
    broken = Dataset()
    broken.add_new(0x00283006, "OW", b"\1\2\3\4\5")
    dataset = ramp(VOILUTSequence=Sequence([broken]), ModalityLUTSequence=Sequence([broken]))
    instance = instance_of(dataset)
    for sequence in ("00283000", "00283010"):
        instance.metadata[sequence]["Value"][0]["00283002"] = {"vr": "US", "Value": described}
    assert instance.png().shape == (64, 64)
