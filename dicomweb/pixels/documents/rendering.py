"""One door to everything here: an instance that is not a single image, as the media type asked for.

What `kinds` offers for a kind is given; NumPy and Pillow load with the first picture only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomweb.errors import NotAcceptable, NotFound
from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.documents.document import UTF_8, Document
from dicomweb.pixels.documents.html_page import html
from dicomweb.pixels.documents.kinds import Kind, media_types
from dicomweb.pixels.documents.links import (
    BulkReader,
    OpenImage,
    PartReader,
    UrlOf,
    Ways,
    bounded,
    no_bulk,
    no_image,
    no_url,
    part_of,
)
from dicomweb.pixels.documents.page import Page
from dicomweb.pixels.documents.plain_page import plain_text
from dicomweb.pixels.documents.xml_page import xml
from dicomweb.pixels.options import RenderOptions

if TYPE_CHECKING:
    from dicomweb.pixels.documents.waveform_sheet import Paper

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


# Kinds whose pictures are made here; those of others are made by `render` and `presented`.
_PICTURED = (Kind.WAVEFORM, Kind.STRUCTURE_SET, Kind.SEGMENTATION, Kind.KEY_OBJECTS)


def no_frame(number: int) -> bytes:
    raise NotFound("The instance has no frames.")


@dataclass(frozen=True, slots=True)
class Instance:
    """What is rendered: its DICOM JSON, and ways to what is not in it.

    `frame` gives a stored frame (from 1), `bulk` a value behind a BulkDataURI, `part` a piece of
    one (without it `bulk` is read and cut); `document_url` is where an encapsulated document is
    served as it is.
    """

    metadata: Metadata
    kind: Kind
    transfer_syntax: str = EXPLICIT_LITTLE_ENDIAN
    frame: Callable[[int], bytes] = no_frame
    bulk: BulkReader = no_bulk
    part: PartReader | None = None
    document_url: str = ""

    @property
    def parts(self) -> PartReader:
        return self.part or part_of(self.bulk)


@dataclass(frozen=True, slots=True)
class Others:
    """The other instances of the archive: where they can be looked at, and their frames."""

    url_of: UrlOf = no_url
    open_image: OpenImage = no_image


NO_OTHERS = Others()


def render(
    instance: Instance,
    options: RenderOptions,
    others: Others = NO_OTHERS,
    *,
    frame_number: int = 0,
    charset: str = UTF_8,
    paper: "Paper | None" = None,
) -> bytes:
    """The instance as `options.media_type`; texts in `charset` (`document.known_charset`).

    `frame_number` chooses the place of a segmentation, which else is that of the largest area;
    `paper` the speed, gain and part of a waveform.

    NotAcceptable for a media type that this kind is not given as, and for what cannot be drawn;
    NotFound where key objects refer to nothing that is here.
    """
    media_type = options.media_type
    if media_type.startswith("text/"):
        return document(instance, media_type, others).encode(charset)
    if media_type == "image/svg+xml" and instance.kind is Kind.WAVEFORM:
        return _drawn(instance, paper, options).encode(UTF_8)
    if media_type.startswith("image/"):
        return _picture(instance, options, others, frame_number, paper)
    raise _not_given(instance.kind, media_type)


def document(instance: Instance, media_type: str, others: Others = NO_OTHERS) -> Document:
    """The instance as text/html, text/plain or text/xml."""
    metadata, kind = instance.metadata, instance.kind
    if media_type == "text/xml" and kind in (Kind.REPORT, Kind.KEY_OBJECTS):
        from dicomweb.pixels.documents.report_xml import report_xml

        return Document(
            report_xml(metadata, Ways(bounded(instance.bulk), others.url_of)), media_type
        )
    written = {"text/html": html, "text/plain": plain_text, "text/xml": xml}.get(media_type)
    if written is None:
        raise _not_given(kind, media_type)
    return Document(written(page_of(instance, others)), media_type)


def page_of(instance: Instance, others: Others = NO_OTHERS) -> Page:
    """The instance as a page, whatever it is."""
    metadata, ways = instance.metadata, Ways(bounded(instance.bulk), others.url_of)
    if instance.kind in (Kind.REPORT, Kind.KEY_OBJECTS):
        from dicomweb.pixels.documents.report import report_page

        return report_page(metadata, ways)
    if instance.kind in (Kind.PDF, Kind.CDA, Kind.MODEL):
        from dicomweb.pixels.documents.encapsulated import encapsulated_page

        return encapsulated_page(metadata, instance.kind, instance.document_url, ways)
    if instance.kind is Kind.WAVEFORM:
        from dicomweb.pixels.documents.waveform_page import waveform_page

        return waveform_page(metadata, instance.parts)
    from dicomweb.pixels.documents.facts_page import facts_page

    return facts_page(metadata, ways)


def _picture(
    instance: Instance,
    options: RenderOptions,
    others: Others,
    frame_number: int,
    paper: "Paper | None",
) -> bytes:
    match instance.kind:
        case Kind.WAVEFORM:
            from dicomweb.pixels.documents.waveform_png import render_waveform
            from dicomweb.pixels.documents.waveform_sheet import DEFAULT_PAPER

            drawn = render_waveform(
                instance.metadata, instance.parts, options, paper or DEFAULT_PAPER
            )
        case Kind.STRUCTURE_SET:
            from dicomweb.pixels.documents.contour_picture import render_contours

            drawn = render_contours(instance.metadata, others.open_image, options, instance.bulk)
        case Kind.SEGMENTATION:
            from dicomweb.pixels.documents.segment_frames import segmentation_of
            from dicomweb.pixels.documents.segment_picture import render_segments

            found = segmentation_of(
                instance.metadata, instance.transfer_syntax, instance.frame, instance.bulk
            )
            drawn = render_segments(found, others.open_image, options, frame_number)
        case Kind.KEY_OBJECTS:
            from dicomweb.pixels.documents.key_objects import contact_sheet

            drawn = contact_sheet(instance.metadata, others.open_image, options)
        case _:
            raise _not_given(instance.kind, options.media_type)
    return drawn.body


def _drawn(instance: Instance, paper: "Paper | None", options: RenderOptions) -> str:
    from dicomweb.pixels.documents.waveform_sheet import DEFAULT_PAPER, lay_out
    from dicomweb.pixels.documents.waveform_svg import svg

    metadata, asked = instance.metadata, options.annotation
    return svg(lay_out(metadata, instance.parts, paper or DEFAULT_PAPER, asked))


def _not_given(kind: Kind, media_type: str) -> NotAcceptable:
    given = [each for each in media_types(kind) if each.startswith("text/") or kind in _PICTURED]
    return NotAcceptable(
        f"This instance (a {kind}) is not given as {media_type}, but as {', '.join(given)}."
    )
