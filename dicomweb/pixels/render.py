"""Rendered images: a stored frame as the JPEG, PNG, GIF or JPEG 2000 that a request asks for.

The steps are PS3.18 8.3.5: the image's own transforms, then crop, scale and flip, then words.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotFound, TooLarge
from dicomweb.pixels.annotate import annotate
from dicomweb.pixels.attributes import Metadata, number, numbers
from dicomweb.pixels.encode import encode, encode_gif
from dicomweb.pixels.geometry import Placement, apply, pixel_aspect, place
from dicomweb.pixels.icc import managed, profile_of
from dicomweb.pixels.options import RenderOptions, Window
from dicomweb.pixels.overlay import burn, planes
from dicomweb.pixels.picture import picture_of, span_without_window, window_applied
from dicomweb.pixels.segments import is_segmentation
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader, no_bulk

Picture = NDArray[np.uint8]

DEFAULT_OPTIONS = RenderOptions()
# An animation is held whole while it is written: this many pixels, this many frames.
MAX_ANIMATION_PIXELS = 1 << 26
MAX_ANIMATION_FRAMES = 2000
# As many speak for all when an animation comes without a window.
WINDOW_FRAMES = 8
DEFAULT_FRAME_MILLISECONDS = 100.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file that a person can look at."""

    body: bytes
    media_type: str


def render(
    frame: bytes,
    metadata: Metadata,
    transfer_syntax: str,
    options: RenderOptions = DEFAULT_OPTIONS,
    frame_number: int = 1,
    bulk: BulkReader = no_bulk,
) -> Rendered:
    """One frame as `options.media_type`.

    `frame` is what is stored of that frame (1-based `frame_number`), `metadata` the instance in
    DICOM JSON, `bulk` reads a BulkDataURI of it: only lookup tables, overlays and profiles are
    read. BadRequest for what cannot be asked of this image, NotAcceptable for a frame that cannot
    be decoded or has no meaning, TooLarge for one beyond the limits.
    """
    source = Source.of(frame, metadata, transfer_syntax, frame_number, bulk)
    picture = shaped(source, options)
    picture, profile = managed(picture, options, lambda: profile_of(source))
    return written(_worded(picture, source, options), options, profile)


def shaped(source: Source, options: RenderOptions) -> Picture:
    """The picture in its final shape, without words."""
    placement = _placement(source, options)
    picture = picture_of(source, options.window)
    if options.overlays:
        picture = burn(picture, planes(source))
    return apply(picture, placement, smooth=not is_segmentation(source.metadata))


def _worded(picture: Picture, source: Source, options: RenderOptions) -> Picture:
    technique = "technique" in options.annotation
    window = window_applied(source, options.window) if technique else None
    return annotate(picture, source.metadata, options.annotation, source.number, window)


def written(picture: Picture, options: RenderOptions, profile: bytes = b"") -> Rendered:
    """The finished picture as a file."""
    body = encode(picture, options.media_type, options.quality, profile)
    return Rendered(body, options.media_type)


def drawn(picture: Picture, options: RenderOptions) -> Rendered:
    """A drawing of ours, whose colours are those of sRGB, in the space that was asked for."""
    picture, profile = managed(picture, options, bytes)
    return written(picture, options, profile)


def render_animation(
    numbers: Sequence[int],
    read: Callable[[int], bytes],
    metadata: Metadata,
    transfer_syntax: str,
    options: RenderOptions = DEFAULT_OPTIONS,
    bulk: BulkReader = no_bulk,
) -> Rendered:
    """The frames of these numbers, in their order, as one GIF at the speed that the instance names.

    `read` gives what is stored of a frame; some are read twice, for the window that all share.
    TooLarge beyond MAX_ANIMATION_PIXELS and MAX_ANIMATION_FRAMES, NotFound without any frame.
    """
    if not numbers:
        raise NotFound("The instance has none of these frames.")

    def source(frame: int) -> Source:
        found = Source.of(read(frame), metadata, transfer_syntax, frame, bulk)
        _check_animation(found, options, len(numbers))
        return found

    window = options.window or _shared_window(map(source, _some(numbers)))
    pictures: list[Picture] = []
    for frame in numbers:
        shown = source(frame)
        picture = shaped(shown, replace(options, window=window))
        pictures.append(_worded(picture, shown, options))
    return Rendered(encode_gif(pictures, frame_times(metadata, numbers)), "image/gif")


def _shared_window(sources: Iterable[Source]) -> Window | None:
    """One window for frames that come without: each by itself would be as bright as the others.

    None where frames have theirs, or colours.
    """
    low, high = inf, -inf
    for source in sources:
        span = span_without_window(source)
        if span is None:
            return None
        low, high = min(low, span.low), max(high, span.high)
    return Window((low + high) / 2, high - low, "LINEAR_EXACT") if low < high else None


def _some(numbers: Sequence[int]) -> list[int]:
    """The first, the last, and some between."""
    last = len(numbers) - 1
    places = {last * step // (WINDOW_FRAMES - 1) for step in range(WINDOW_FRAMES)}
    return [numbers[place] for place in sorted(places)]


def frame_times(metadata: Metadata, frame_numbers: Sequence[int]) -> list[int]:
    """How long each frame is shown, in milliseconds (PS3.3 C.7.6.5): vector, time, or rate."""
    vector = numbers(metadata, "00181065")
    if len(vector) > 1:
        # The increment before frame n + 1 is the time that frame n stands; the first entry is 0.
        after = [*vector[1:], vector[-1]]
        return [_sane(after[min(n, len(after)) - 1]) for n in frame_numbers]
    every = number(metadata, "00181063")
    rate = number(metadata, "00082144") or number(metadata, "00180040")
    if every is None or every <= 0:
        every = 1000 / rate if rate and rate > 0 else DEFAULT_FRAME_MILLISECONDS
    return [_sane(every)] * len(frame_numbers)


def _sane(milliseconds: float) -> int:
    """GIF counts hundredths of a second, and browsers take less than 2 of them for 10."""
    return int(min(max(milliseconds, 20.0), 60_000.0))


def _placement(source: Source, options: RenderOptions) -> Placement:
    aspect = pixel_aspect(source) if options.width or options.height else 1.0
    return place(source.image.rows, source.image.columns, aspect, options)


def _check_animation(source: Source, options: RenderOptions, count: int) -> None:
    columns, rows = _placement(source, options).size
    if count > MAX_ANIMATION_FRAMES or count * columns * rows > MAX_ANIMATION_PIXELS:
        raise TooLarge(
            "The animation would be too large: ask for fewer frames or for a smaller viewport."
        )
