"""Overlay planes: packed, embedded, shifted, of several frames."""

from typing import Any

import numpy as np
import pytest
import samples

from tests.pixels.rendering import Instance, instance_of

MARK = np.random.default_rng(5).random((6, 10)) > 0.5


def overlaid(mark: np.ndarray = MARK, *, frames: int = 1, **elements: Any) -> Instance:
    """A black image of 8 x 12 with one overlay; `elements` by their number in the group."""
    dataset = samples.make_image(rows=8, columns=12, frames=frames)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelData = bytes(2 * 8 * 12 * frames)
    bits = np.packbits(mark.ravel(), bitorder="little").tobytes()
    values = {"0010": ("US", mark.shape[-2]), "0011": ("US", mark.shape[-1])}
    values |= {"0040": ("CS", "G"), "0050": ("SS", [1, 1]), "0100": ("US", 1), "0102": ("US", 0)}
    values |= {"3000": ("OW", bits + bytes(len(bits) % 2))} | elements
    for number, (vr, value) in values.items():
        if value is not None:
            dataset.add_new(int("6000" + number, 16), vr, value)
    return instance_of(dataset)


def drawn(instance: Instance, frame: int = 1) -> np.ndarray:
    return instance.png(frame, overlays=True) == 255


def test_overlays_are_drawn_only_when_asked() -> None:
    assert not overlaid().png().any()
    assert np.array_equal(drawn(overlaid())[:6, :10], MARK)


@pytest.mark.parametrize(("row", "column"), [(3, 2), (-1, -3), (1, 1), (8, 12), (100, 1), (-50, 1)])
def test_the_origin_moves_the_plane(row: int, column: int) -> None:
    large = np.zeros((300, 300), bool)
    large[100 + row - 1 : 106 + row - 1, 100 + column - 1 : 110 + column - 1] = MARK
    expected = large[100:108, 100:112]
    assert np.array_equal(drawn(overlaid(**{"0050": ("SS", [row, column])})), expected)


def test_frames_of_an_overlay_share_bytes() -> None:
    marks = np.random.default_rng(6).random((3, 5, 7)) > 0.5
    several = {"0015": ("IS", 3), "0051": ("US", 2)}
    instance = overlaid(marks, frames=5, **several)
    for frame in range(1, 6):
        found = drawn(instance, frame)[:5, :7]
        expected = marks[frame - 2] if 2 <= frame <= 4 else np.zeros((5, 7), bool)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("signed", [0, 1])
def test_an_overlay_lies_in_the_unused_bits(signed: int) -> None:
    mark = np.random.default_rng(7).random((8, 12)) > 0.5
    dataset = samples.make_image(rows=8, columns=12)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, signed
    dataset.PixelData = (mark.astype("<u2") << 14).tobytes()
    for tag, vr, value in ((0x60000100, "US", 16), (0x60000102, "US", 14), (0x60000040, "CS", "G")):
        dataset.add_new(tag, vr, value)
    instance = instance_of(dataset)
    assert not instance.png().any()
    assert np.array_equal(drawn(instance), mark)


@pytest.mark.parametrize(
    "elements",
    [
        {"3000": ("OW", b"\1\0")},
        {"3000": ("OW", None)},
        {"0010": ("US", 0)},
        {"0010": ("US", 65535), "0011": ("US", 65535)},
        {"0050": ("SS", [1])},
        {"0100": ("US", 16), "3000": ("OW", None)},
    ],
)
def test_an_impossible_overlay_draws_nothing_or_what_it_has(elements: dict[str, Any]) -> None:
    assert drawn(overlaid(**elements)).shape == (8, 12)


def test_an_overlay_lies_on_colour_too() -> None:
    dataset = samples.make_image(rows=6, columns=10)
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation, dataset.BitsAllocated = "RGB", 8
    dataset.BitsStored, dataset.HighBit, dataset.PixelData = 8, 7, bytes(180)
    instance = instance_of(dataset)
    planes = {tag: value for tag, value in overlaid().metadata.items() if tag.startswith("60")}
    instance.metadata.update(planes)
    assert np.array_equal(instance.png(overlays=True), np.repeat(MARK[:, :, None], 3, 2) * 255)
