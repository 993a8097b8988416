"""Frames as one GIF: order, times, limits."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import samples
from PIL import Image

from dicomweb.errors import NotFound, TooLarge
from dicomweb.pixels import render as rendering
from dicomweb.pixels.options import RenderOptions
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
    frames = ((number, stored.frames[number - 1]) for number in numbers)
    asked = RenderOptions(media_type="image/gif", **options)
    rendered = render_animation(frames, stored.metadata, stored.transfer_syntax, asked)
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

    def frames() -> Iterator[tuple[int, bytes]]:
        for number in range(1, 1_000_000):
            taken.append(number)
            yield 1, stored.frames[0]

    with pytest.raises(TooLarge, match="viewport"):
        render_animation(frames(), stored.metadata, stored.transfer_syntax)
    assert len(taken) == 4
