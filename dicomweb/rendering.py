"""Pictures of what is stored: the pixel room's pure functions over the archive, each made once."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dicomweb import metrics
from dicomweb.archive import Archive, Location
from dicomweb.cache import ByteCache
from dicomweb.conversion import Conversion, pixel_syntax
from dicomweb.errors import NotAcceptable, NotFound, Refusal, TooLarge
from dicomweb.part10 import FrameTable
from dicomweb.pixels.codecs import SYNTAXES
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.presentation import (
    ORDERING,
    is_presentation_state,
    references_of,
    targets_of,
)
from dicomweb.resources import Resource

if TYPE_CHECKING:
    from dicomweb.pixels.source import Source

# A lookup table, an overlay or a profile that a picture needs; what is larger is none.
MAX_BULK = 64 * 1024 * 1024
# The side of a thumbnail when nobody says another.
THUMBNAIL_BOX = (128, 128)
# A thumbnail of a segmentation looks for the most marks in so many frames around its middle.
TRIED = 8
# … and takes what it has found when it has looked at so many pixels.
LOOKED_PIXELS = 1 << 24
# What is wrong with an image itself; everything else is no reason to pass it over.
UNSHOWABLE = (NotAcceptable, TooLarge)
# So many images are tried for the thumbnail of a series before it becomes an icon.
STAND_INS = 3
# More images than any presentation state is made for: the first ones are shown.
MAX_REFERENCED = 2000


class Rendering:
    """Rendered frames, animations, presentation states and thumbnails of an archive.

    All methods may wait and compute: call them outside the event loop.
    """

    def __init__(
        self, archive: Archive, conversion: Conversion, *, cache_bytes: int = 64_000_000
    ) -> None:
        self.archive = archive
        self.conversion = conversion
        self._cache: ByteCache[bytes] = ByteCache(cache_bytes, len)

    def finished(self, location: Location, frame: int, options: RenderOptions) -> bytes | None:
        """The picture as it was last made; microseconds."""
        return self._cache.get((location.key, frame, options))

    def picture(self, location: Location, frame: int, options: RenderOptions) -> bytes:
        """One frame, counted from 1 (PS3.18 10.4.1.1.4). NotFound, NotAcceptable, TooLarge."""
        return self._cache.computed(
            (location.key, frame, options), lambda: self._timed(location, frame, options)
        )

    def _timed(self, location: Location, frame: int, options: RenderOptions) -> bytes:
        from dicomweb.pixels.render import render

        stored = self.conversion.stored_frame(location, frame)
        attributes = self.archive.attributes(location)
        began = time.perf_counter()
        rendered = render(
            stored, attributes, pixel_syntax(location), options, frame, self.bulk(location)
        )
        metrics.RENDERING.observe(time.perf_counter() - began)
        return rendered.body

    def animation(
        self, location: Location, options: RenderOptions, numbers: tuple[int, ...] = ()
    ) -> bytes:
        """These frames, or all, as an animated GIF. TooLarge beyond what a browser would bear."""
        return self._cache.computed(
            (location.key, "animation", numbers, options),
            lambda: self._animate(location, options, numbers),
        )

    def _animate(
        self, location: Location, options: RenderOptions, numbers: tuple[int, ...]
    ) -> bytes:
        from dicomweb.pixels.render import render_animation

        shown = numbers or range(1, self.archive.frames(location).count + 1)
        read = partial(self.conversion.stored_frame, location)
        attributes = self.archive.attributes(location)
        syntax, bulk = pixel_syntax(location), self.bulk(location)
        return render_animation(shown, read, attributes, syntax, options, bulk).body

    def presented(self, state: Location, options: RenderOptions) -> Iterator[bytes]:
        """Every frame that a presentation state references and that is here, in its manner.

        In the order of PS3.18 8.3.5, which `targets_of` knows.
        """
        here = self._referenced(state)
        images = {
            instance: {tag: found[tag] for tag in ORDERING if tag in found}
            for instance, location in here.items()
            if (found := self.archive.attributes(location))
        }
        for instance, frame in targets_of(self.archive.attributes(state), images):
            yield from self._in_manner_of(state, here[instance], [frame], options)

    def _referenced(self, state: Location) -> dict[str, Location]:
        """The images that a presentation state references and that are here, by their UID."""
        found = {}
        for reference in references_of(self.archive.attributes(state))[:MAX_REFERENCED]:
            location = self.archive.find_instance(
                Resource(state.study, reference.series, reference.instance)
            )
            if location is not None and is_image(location):
                found[reference.instance] = location
        return found

    def first_presented(self, state: Location, options: RenderOptions) -> bytes:
        """The first of them. NotFound when none is here."""
        found = next(self.presented(state, options), None)
        if found is None:
            raise NotFound("None of the images that this presentation state references is here.")
        return found

    def presented_one(
        self, state: Location, location: Location, options: RenderOptions
    ) -> bytes | None:
        """The first frame of this image that the state references; None when there is none."""
        for reference in references_of(self.archive.attributes(state)):
            if reference.instance == location.instance:
                frames = self._in_manner_of(state, location, reference.frames, options)
                return next(frames, None)
        return None

    def _in_manner_of(
        self, state: Location, location: Location, frames: Sequence[int], options: RenderOptions
    ) -> Iterator[bytes]:
        from dicomweb.pixels.presented import State, render_presented

        manner = State(self.archive.attributes(state), self.bulk(state))
        count = self.archive.frames(location).count
        for frame in frames or range(1, count + 1):
            if frame <= count:
                yield render_presented(self.source(location, frame), manner, options).body

    def source(self, location: Location, frame: int) -> "Source":
        """One stored frame with all that its meaning depends on."""
        from dicomweb.pixels.source import Source

        return Source.of(
            self.conversion.stored_frame(location, frame),
            self.archive.attributes(location),
            pixel_syntax(location),
            frame,
            self.bulk(location),
        )

    def _shrink(self, location: Location, frame: int, options: RenderOptions) -> bytes:
        from dicomweb.pixels.icons import draw_icon, icon_for
        from dicomweb.pixels.thumbnail import thumbnail

        box = (options.width, options.height) if options.width else THUMBNAIL_BOX
        if not frame:
            return draw_icon(icon_for(location.sop_class), min(box), options.media_type)
        return thumbnail(
            self.conversion.stored_frame(location, frame),
            self.archive.attributes(location),
            pixel_syntax(location),
            frame,
            box=box,
            filled=bool(options.width),
            media_type=options.media_type,
            bulk=self.bulk(location),
        ).body

    def finished_thumbnail(self, key: str) -> bytes | None:
        """What `thumbnail` last made for this key; microseconds."""
        return self._cache.get(("thumbnail", key))

    def thumbnail(
        self, key: str, locations: Sequence[Location], frame: int, options: RenderOptions
    ) -> bytes:
        """A small picture without any text (PS3.18 10.4.1.1.5): of a frame, or 0 for our choice.

        `key` names all of it, with its version. Where none of several images can be decoded, and
        for what has no picture, it is the icon of the kind.
        """
        return self._cache.computed(
            ("thumbnail", key), lambda: self._thumbnail(locations, frame, options)
        )

    def _thumbnail(
        self, locations: Sequence[Location], frame: int, options: RenderOptions
    ) -> bytes:
        for location, middle in self._representatives(locations):
            try:
                return self._shrink(location, frame if frame and middle else middle, options)
            except UNSHOWABLE:
                if len(locations) == 1:
                    raise
        return self._shrink(locations[0], 0, options)

    def picture_of(
        self, locations: Sequence[Location], options: RenderOptions
    ) -> tuple[Location, bytes]:
        """The picture that stands for several images, and which of them it shows."""
        refusal: Refusal | None = None
        for location, frame in self._representatives(locations):
            try:
                return location, self.picture(location, frame, options)
            except UNSHOWABLE as found:
                refusal = refusal or found
        raise refusal or NotFound("There is no image.")

    def _representatives(self, locations: Sequence[Location]) -> Iterator[tuple[Location, int]]:
        """One that cannot be decoded does not speak for many: the next one after it."""
        left = list(locations)
        while left and len(locations) - len(left) < STAND_INS:
            chosen = self.representative(left)
            yield chosen
            left.remove(chosen[0])

    def representative(self, locations: Sequence[Location]) -> tuple[Location, int]:
        """The instance and frame that stand for all of them; frame 0 when none is an image."""
        from dicomweb.pixels.segments import is_marks
        from dicomweb.pixels.thumbnail import Candidate, representative

        candidates = [
            Candidate(
                sop_class=each.sop_class,
                series=each.series,
                frames=self.archive.frames(each).count if each.frames else 1,
                size=each.size,
                number=number,
                is_image=is_image(each),
            )
            for number, each in enumerate(locations)
        ]
        chosen = representative(candidates)
        if chosen is None:
            return locations[0], 0
        location, frame = locations[chosen[0]], chosen[1]
        return location, self._marked(location, frame) if is_marks(location.sop_class) else frame

    def _marked(self, location: Location, frame: int) -> int:
        """Of the frames of a segmentation around this one that with most marks."""
        count = self.archive.frames(location).count
        tried = range(max(1, frame - TRIED), min(count, frame + TRIED) + 1)
        chosen, most, looked = frame, 0, 0
        for number in sorted(tried, key=lambda number: abs(number - frame)):
            try:
                values = self.source(location, number).values()
            except UNSHOWABLE:
                continue
            marks = int((values != 0).sum())
            if marks > most:
                chosen, most = number, marks
            looked += values.size
            if most and looked > LOOKED_PIXELS:
                break
        return chosen

    def bulk(self, location: Location) -> Callable[[str], bytes]:
        """A reader of the BulkDataURIs in the attributes of an instance."""

        def read(uri: str) -> bytes:
            bulk = self.archive.bulk(location, uri.rpartition("/bulkdata/")[2])
            if bulk.length > MAX_BULK:
                raise TooLarge("A table of this image is larger than any that has a meaning.")
            content = self.conversion.value(location, bulk)
            return b"".join(content.open(0, content.length))

        return read

    def part(self, location: Location) -> Callable[[str, int, int], bytes]:
        """A reader of pieces of such a value: URI, offset, length."""

        def read(uri: str, offset: int, length: int) -> bytes:
            bulk = self.archive.bulk(location, uri.rpartition("/bulkdata/")[2])
            length = min(length, max(bulk.length - offset, 0), MAX_BULK)
            return b"".join(self.conversion.value(location, bulk).open(offset, length))

        return read


def is_image(location: Location) -> bool:
    """Whether an instance has frames that can be decoded; video has not."""
    decodable = bool(location.frames) and location.transfer_syntax in SYNTAXES
    return decodable and FrameTable.unpack(location.frames).count > 0


def is_state(location: Location) -> bool:
    """Whether rendering it shows other instances."""
    return is_presentation_state(location.sop_class)
