"""What is no single image, over the archive: reports, documents, waveforms, contours, segments."""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from dicomweb.archive import Archive, Location, resource_of
from dicomweb.content import Content, content_of
from dicomweb.conversion import Conversion, pixel_syntax
from dicomweb.errors import Refusal
from dicomweb.pixels.documents.kinds import Kind, kind_of
from dicomweb.pixels.options import RenderOptions
from dicomweb.query import parse
from dicomweb.rendering import Rendering
from dicomweb.resources import Level, Resource, is_uid
from dicomweb.wire.charset import encode_text

if TYPE_CHECKING:
    from dicomweb.pixels.source import Source

DOCUMENT = "00420011"


def kind_at(location: Location) -> Kind:
    """What kind of thing an instance is: how it is rendered depends on it."""
    return kind_of(
        location.sop_class,
        has_pixels=bool(location.frames),
        transfer_syntax=location.transfer_syntax,
    )


@dataclass(frozen=True, slots=True)
class Documents:
    """Instances that are no single image, as something that a person understands.

    `root` is the service root as the client knows it: links begin with it. `sees` tells of a Study
    Instance UID whether the client may know of it: what a report references in another study is
    then as what is not here. `write` may wait and compute: call it outside the event loop.
    """

    archive: Archive
    conversion: Conversion
    rendering: Rendering
    root: str
    sees: Callable[[str], bool]

    def write(
        self, location: Location, options: RenderOptions, *, frame: int = 0, charset: str = "utf-8"
    ) -> bytes:
        """The instance as `options.media_type` (PS3.18 Table 8.7.4-1). NotAcceptable, NotFound."""
        from dicomweb.pixels.documents.rendering import Instance, Others, render

        instance = Instance(
            self.archive.attributes(location),
            kind_at(location),
            pixel_syntax(location),
            frame=lambda number: self.conversion.stored_frame(location, number),
            bulk=self.rendering.bulk(location),
            part=self.rendering.part(location),
            document_url=f"{self.root}{resource_of(location).path}/bulkdata/{DOCUMENT}",
        )
        find = lru_cache(maxsize=256)(self._find)

        def url_of(sop_class: str, sop_instance: str) -> str | None:
            found = find(sop_instance)
            return None if found is None else f"{self.root}{resource_of(found).path}/rendered"

        def open_image(sop_instance: str, number: int) -> "Source | None":
            found = find(sop_instance)
            if found is None or not found.frames:
                return None
            try:
                return self.rendering.source(found, number)
            except Refusal:  # a referenced picture that cannot be shown is as one that is not here
                return None

        others = Others(url_of, open_image)
        return render(instance, options, others, frame_number=frame, charset=charset)

    def text(
        self, location: Location, options: RenderOptions, charsets: Sequence[str]
    ) -> tuple[bytes, str]:
        """The instance as a text, and the first of the charsets that holds it (PS3.18 8.8.5).

        What a charset lacks is a character reference in HTML and XML; plain text has none, and
        takes the next charset. NotAcceptable when none is left.
        """
        if options.media_type == "text/plain" or not charsets:
            return encode_text(self.write(location, options), tuple(charsets))
        return self.write(location, options, charset=charsets[0]), charsets[0]

    def stored(self, location: Location) -> Content:
        """An encapsulated document as it was stored, without its padding. NotFound."""
        inline = self.archive.attributes(location).get(DOCUMENT, {}).get("InlineBinary")
        if inline is not None:
            return content_of(b64decode(inline).rstrip(b"\0"))
        return self.conversion.value(location, self.archive.document(location))

    def _find(self, sop_instance: str) -> Location | None:
        """An instance by its UID alone, wherever it is."""
        if not is_uid(sop_instance):
            return None
        query = parse(Level.INSTANCE, Resource(), f"SOPInstanceUID={sop_instance}")
        for fragment in self.archive.search(query).find().fragments:
            found = orjson.loads(fragment.replace(b"\x01", b""))
            study, series = (found[tag]["Value"][0] for tag in ("0020000D", "0020000E"))
            if not self.sees(study):
                return None
            return self.archive.find_instance(Resource(study, series, sop_instance))
        return None
