"""Frames as one GIF: order, times, limits."""

import io
from typing import Any

import numpy as np
import pytest
import samples
from PIL import Image

from dicomweb.errors import NotFound, TooLarge
from dicomweb.pixels import render as rendering
from dicomweb.pixels.options import RenderOptions, Window
from dicomweb.pixels.render import frame_times, render_animation
from tests.pixels.rendering import Instance, instance_of


def cine(frames: int = 4, **attributes: Any) -> Instance:
    dataset = samples.make_image(rows=8, columns=8, frames=frames)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = b"".join(bytes([40 * number]) * 64 for number in range(frames))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return instance_of(dataset)


def animated(stored: Instance, numbers: list[int], **options: Any) -> Any:
    asked = RenderOptions(media_type="image/gif", **options)

    def read(number: int) -> bytes:
        return stored.frames[number - 1]

    rendered = render_animation(numbers, read, stored.metadata, stored.transfer_syntax, asked)
    assert rendered.media_type == "image/gif"
    return Image.open(io.BytesIO(rendered.body))


def test_frames_come_in_the_order_asked() -> None:
    animation = animated(cine(FrameTime=50), [3, 1, 2])
    levels = []
    for number in range(3):
        animation.seek(number)
        levels.append(int(np.asarray(animation.convert("L"))[0, 0]))
        assert animation.info["duration"] == 50
    assert levels == [80, 0, 40]


def test_the_viewport_counts_for_every_frame() -> None:
    assert animated(cine(), [1, 2], width=4, height=4).size == (4, 4)


@pytest.mark.parametrize(
    ("attributes", "times"),
    [
        ({}, [100, 100, 100]),
        ({"FrameTime": 33.3}, [33, 33, 33]),
        ({"RecommendedDisplayFrameRate": 25}, [40, 40, 40]),
        ({"CineRate": 10}, [100, 100, 100]),
        ({"FrameTime": 0, "CineRate": 20}, [50, 50, 50]),
        ({"FrameTimeVector": [0, 30, 60, 90]}, [30, 60, 90]),
        ({"FrameTime": 1}, [20, 20, 20]),
        ({"FrameTime": 1e9}, [60000, 60000, 60000]),
        ({"FrameTimeVector": ["0", "30"]}, [30, 30, 30]),
    ],
)
def test_times_come_from_vector_time_or_rate(attributes: dict[str, Any], times: list[int]) -> None:
    assert frame_times(cine(**attributes).metadata, [1, 2, 3]) == times


def test_no_frame_is_not_found() -> None:
    with pytest.raises(NotFound):
        animated(cine(), [])


def test_too_many_pixels_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering, "MAX_ANIMATION_PIXELS", 64 * 3)
    stored, taken = cine(), []

    def read(number: int) -> bytes:
        taken.append(number)
        return stored.frames[0]

    with pytest.raises(TooLarge, match="viewport"):
        render_animation(range(1, 5), read, stored.metadata, stored.transfer_syntax)
    assert len(taken) == 1


def brightening(frames: int = 20, **attributes: Any) -> Instance:
    """Frames of 16 bits without a window, each brighter than the one before."""
    ramp = np.arange(64, dtype=np.uint16).reshape(8, 8)
    values = np.stack([ramp * (number + 1) for number in range(frames)])
    dataset = samples.make_image(rows=8, columns=8, frames=frames, PixelData=values.tobytes())
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return instance_of(dataset)


def brightest(animation: Any) -> list[int]:
    found = []
    for number in range(animation.n_frames):
        animation.seek(number)
        found.append(int(np.asarray(animation.convert("L")).max()))
    return found


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_frames_without_a_window_share_one(photometric: str) -> None:
    stored = brightening(PhotometricInterpretation=photometric)
    animation = animated(stored, list(range(1, 21)))
    darkest = 0 if photometric == "MONOCHROME2" else 255
    shades = []
    for number in range(20):
        animation.seek(number)
        shades.append(abs(int(np.asarray(animation.convert("L"))[7, 7]) - darkest))
    expected = [round(63 * (number + 1) / (63 * 20) * 255) for number in range(20)]
    assert np.abs(np.array(shades) - expected).max() <= 1


def test_frames_keep_the_window_that_they_have() -> None:
    stored = brightening(WindowCenter=32, WindowWidth=64)
    assert brightest(animated(stored, [1, 20])) == [255, 255]


def test_a_window_that_is_asked_for_is_that_of_every_frame() -> None:
    window = Window(1000, 2000, "LINEAR_EXACT")
    assert brightest(animated(brightening(), [1, 20], window=window)) == [8, 161]
