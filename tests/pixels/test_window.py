"""Windows and tables by number: the formulas of PS3.3 over all inputs, pydicom beside them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.processing import (
    apply_modality_lut,
    apply_presentation_lut,
    apply_voi_lut,
    apply_windowing,
)
from pydicom.uid import ExplicitVRLittleEndian

from dicomweb.pixels.grayscale import Grayscale, Rescale, Span, paint, shades
from dicomweb.pixels.options import Window
from dicomweb.pixels.tables import Table

UNSIGNED = np.arange(65536, dtype=np.uint16)
SIGNED = np.arange(-32768, 32768, dtype=np.int16)
WINDOWS = [
    (40, 400),
    (128, 256),
    (127.5, 255),
    (2048, 4096),
    (0, 1),
    (0.5, 1),
    (1, 2),
    (-600, 1500),
    (32767.5, 65535),
    (32768, 65536),
    (1e6, 2e6),
    (-1e6, 10),
    (0, 1e9),
    (300.3, 77.7),
    (1000, 3),
]
FUNCTIONS = ["LINEAR", "LINEAR_EXACT", "SIGMOID"]
RESCALES = [Rescale(), Rescale(1, -1024), Rescale(-1, 100), Rescale(0.0317, -7.5)]


def formula(x: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3, in their own words, from 0 to 1."""
    c, w = window.center, window.width
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if window.function == "SIGMOID":
            return 1 / (1 + np.exp(-4 * (x - c) / w))
        if window.function == "LINEAR_EXACT":
            y = (x - c) / w + 0.5
            return np.select([x <= c - w / 2, x > c + w / 2], [0.0, 1.0], y)
        y = (x - (c - 0.5)) / (w - 1) + 0.5
        low, high = c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2
        return np.select([x <= low, x > high], [0.0, 1.0], y)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("center", "width"), WINDOWS)
@pytest.mark.parametrize("inputs", [UNSIGNED, SIGNED], ids=["unsigned", "signed"])
def test_a_window_follows_its_formula_for_every_input(
    inputs: NDArray[np.int16], center: float, width: float, function: str
) -> None:
    window = Window(center, width, function)
    expected = np.floor(formula(inputs.astype(np.float64), window) * 255 + 0.5)
    assert np.array_equal(paint(inputs, Grayscale(voi=window)), expected)


@pytest.mark.parametrize("rescale", RESCALES)
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize(("center", "width"), WINDOWS)
def test_a_window_follows_its_formula_behind_a_rescale(
    center: float, width: float, inverse: bool, rescale: Rescale
) -> None:
    window = Window(center, width)
    light = formula(SIGNED.astype(np.float64) * rescale.slope + rescale.intercept, window)
    expected = np.floor((1 - light if inverse else light) * 255 + 0.5)
    painted = paint(SIGNED, Grayscale(modality=rescale, voi=window, inverse=inverse))
    assert np.array_equal(painted, expected)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("center", "width"), WINDOWS)
def test_a_window_agrees_with_pydicom(center: float, width: float, function: str) -> None:
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsStored, dataset.PixelRepresentation = 16, 0
    dataset.WindowCenter, dataset.WindowWidth = center, width
    dataset.VOILUTFunction = function
    with np.errstate(over="ignore"):
        oracle = apply_windowing(UNSIGNED, dataset) * (255 / 65535)
    painted = paint(UNSIGNED, Grayscale(voi=Window(center, width, function)))
    assert np.abs(painted - oracle).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32])
def test_every_width_of_integer_gives_the_same_shades(dtype: type) -> None:
    values = np.arange(0, 128, dtype=dtype).reshape(8, 16)
    grayscale = Grayscale(Rescale(2, -5), Window(100, 90, "SIGMOID"), padding=(7, 9))
    expected = shades(values.astype(np.float64), grayscale)
    assert np.array_equal(paint(values, grayscale), expected)
    assert not paint(values, grayscale)[0, 7:10].any()


def test_a_large_image_is_painted_block_by_block_alike() -> None:
    values = np.arange(700 * 900, dtype=np.int64).astype(np.int16).reshape(700, 900)
    for window in (Window(0, 40000), Window(0, 40000, "SIGMOID")):
        painted = paint(values, Grayscale(voi=window))
        parts = [paint(row[np.newaxis], Grayscale(voi=window)) for row in values[::97]]
        assert np.array_equal(painted[::97], np.vstack(parts))


@pytest.mark.parametrize("bits", [1, 5, 8, 11, 12, 13])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [1, 2, 80, 255, 256, 257, 4000, 1e6])
@pytest.mark.parametrize("inverse", [False, True])
def test_samples_of_few_bits_follow_the_formula(
    bits: int, signed: bool, width: float, inverse: bool
) -> None:
    half = 1 << bits >> 1
    values = np.arange(-half, half, dtype=np.int16) if signed else np.arange(2 * half, dtype="u2")
    for center in (-5000.0, 0.0, half / 2, 5000.0):
        grayscale = Grayscale(Rescale(0.7, -3), Window(center, width), inverse=inverse)
        expected = shades(values.astype(np.float64), grayscale)
        assert np.array_equal(paint(values.reshape(1, -1), grayscale, bits)[0], expected)


def test_floating_point_values_follow_the_formula() -> None:
    values = np.linspace(-1, 2, 1000, dtype=np.float32).reshape(10, 100)
    window = Window(0.5, 1.0, "LINEAR_EXACT")
    expected = np.floor(formula(values.astype(np.float64), window) * 255 + 0.5)
    assert np.array_equal(paint(values, Grayscale(voi=window)), expected)


def test_what_is_no_number_is_black() -> None:
    values = np.array([[np.nan, -np.inf, np.inf, 1.0, 3.0]])
    assert paint(values, Grayscale()).tolist() == [[0, 0, 0, 0, 255]]


def test_eight_bits_without_a_window_are_left_alone() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert paint(values, Grayscale(voi=Span(0, 255))) is values


def lut(first: int, entries: NDArray[np.uint16], bits: int) -> tuple[Dataset, Table, Dataset]:
    """A data set for pydicom without the table, the table as we read it, and as an item."""
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [entries.size % 65536, first, bits])
    item.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelRepresentation, dataset.BitsStored, dataset.BitsAllocated = int(first < 0), 16, 16
    dataset.PhotometricInterpretation = "MONOCHROME2"
    return dataset, Table(first, entries.astype("<u2").tobytes(), bits), item


@pytest.mark.parametrize("first", [0, 100, -1000])
def test_a_modality_lut_agrees_with_pydicom(first: int) -> None:
    entries = (np.arange(3000) * 7 % 4096).astype(np.uint16)
    dataset, table, item = lut(first, entries, 16)
    dataset.ModalityLUTSequence = [item]
    # pydicom's subtraction wraps around at the upper end of 16 bits.
    inputs = SIGNED[:-1000] if first < 0 else UNSIGNED
    window = Window(2000, 4000)
    expected = formula(apply_modality_lut(inputs, dataset).astype(np.float64), window)
    painted = paint(inputs, Grayscale(modality=table, voi=window))
    assert np.array_equal(painted, np.floor(expected * 255 + 0.5))


# pydicom's index is as wide as an entry, which breaks its tables of 8 bits.
@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("first", [0, 500, -2000])
def test_a_voi_lut_agrees_with_pydicom(first: int, bits: int) -> None:
    top = (1 << bits) - 1
    entries = (np.sqrt(np.linspace(0, 1, 4096)) * top).astype(np.uint16)
    dataset, table, item = lut(first, entries, bits)
    dataset.VOILUTSequence = [item]
    inputs = SIGNED if first < 0 else UNSIGNED
    expected = apply_voi_lut(inputs, dataset) / top
    painted = paint(inputs, Grayscale(voi=table))
    assert np.array_equal(painted, np.floor(expected * 255 + 0.5))


def test_a_presentation_lut_agrees_with_pydicom() -> None:
    entries = (np.linspace(1, 0, 256) ** 2 * 65535).astype(np.uint16)
    dataset, table, item = lut(0, entries, 16)
    dataset.PresentationLUTSequence = [item]
    inputs = np.arange(256, dtype=np.uint8)
    expected = apply_presentation_lut(inputs, dataset) / 65535
    painted = paint(inputs, Grayscale(voi=Span(0, 255), presentation=table))
    assert np.array_equal(painted, np.floor(expected * 255 + 0.5))
