"""What the data set of an image says about its pixels: the steps that its author meant."""

from typing import TypeGuard

from dicomweb.pixels.attributes import Metadata, items, number, numbers, text, value
from dicomweb.pixels.functional_groups import either, macro
from dicomweb.pixels.grayscale import HUGE, Grayscale, Rescale, Span, whole_span
from dicomweb.pixels.image import ImagePixel, Kind
from dicomweb.pixels.options import Window
from dicomweb.pixels.segments import fraction
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader, Table, read_table

FRAME_VOI_LUT = "00289132"
PIXEL_VALUE_TRANSFORMATION = "00289145"

_XRAY = ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2")
_FLOAT_PADDING = {Kind.FLOAT: ("00280122", "00280124"), Kind.DOUBLE: ("00280123", "00280125")}


def grayscale_of(source: Source, window: Window | None = None) -> Grayscale:
    """The grayscale steps of one frame; `window` stands before everything that the image says.

    Windows are preferred to VOI LUTs where both are there: they are alternatives (PS3.3 C.11.2.1).
    Presentation LUT Shape is not looked at: Photometric Interpretation says the same, and is
    right where the two disagree.
    """
    metadata, image = source.metadata, source.image
    modality = modality_of(source)
    voi = window or _window_of(source) or voi_table(metadata, image, modality, source.bulk)
    presentation = presentation_table(metadata, source.bulk)
    return Grayscale(
        modality=modality,
        voi=voi or _plain_span(metadata, image, modality),
        presentation=presentation,
        # The Presentation LUT gives P-Values, which are never inverted (PS3.3 C.11.4.1).
        inverse=image.photometric == "MONOCHROME1" and presentation is None,
        padding=padding_of(metadata, image),
    )


def modality_of(source: Source) -> Rescale | Table:
    """Of the frame, of all frames, or of the classic image; the identity when there is none."""
    transformation = macro(source.metadata, source.number, PIXEL_VALUE_TRANSFORMATION)
    if transformation is not None:
        return rescale_of(transformation)
    table = modality_table(source.metadata, source.image, source.bulk)
    if table is not None and not _is_for_measuring(source.metadata):
        return table
    return rescale_of(source.metadata)


def rescale_of(dataset: Metadata) -> Rescale:
    """Rescale Slope and Intercept; a slope of 0 would leave no image, and means 1."""
    slope, intercept = number(dataset, "00281053", 1.0), number(dataset, "00281052", 0.0)
    return Rescale(slope if _usable(slope) else 1.0, intercept if _usable(intercept) else 0.0)


def modality_table(dataset: Metadata, image: ImagePixel, bulk: BulkReader) -> Table | None:
    """The first item of Modality LUT Sequence (0028,3000)."""
    for item in items(dataset, "00283000")[:1]:
        return read_table(item, "00283002", "00283006", bulk, signed=image.signed)
    return None


def windows_of(dataset: Metadata, image: ImagePixel) -> list[Window]:
    """All windows of an image, a functional group or a softcopy VOI LUT, those without sense apart.

    LINEAR counts whole numbers. Writers of floating point pixels, and of windows narrower than 1,
    mean LINEAR_EXACT.
    """
    function = text(dataset, "00281056", "LINEAR").upper().replace("-", "_")
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR"
    if function == "LINEAR" and image.kind is not Kind.INTEGER:
        function = "LINEAR_EXACT"
    pairs = zip(numbers(dataset, "00281050"), numbers(dataset, "00281051"), strict=False)
    return [
        Window(center, width, "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function)
        for center, width in pairs
        if width > 0 and _usable(width) and abs(center) < HUGE
    ]


def voi_table(
    dataset: Metadata, image: ImagePixel, modality: Rescale | Table, bulk: BulkReader
) -> Table | None:
    """The first table of VOI LUT Sequence (0028,3010) that can be used."""
    signed = not isinstance(modality, Table) and whole_span(*stored_range(image), modality).low < 0
    for item in items(dataset, "00283010"):
        table = read_table(item, "00283002", "00283006", bulk, signed=signed)
        if table is not None:
            return table
    return None


def presentation_table(dataset: Metadata, bulk: BulkReader) -> Table | None:
    """The first item of Presentation LUT Sequence (2050,0010)."""
    for item in items(dataset, "20500010")[:1]:
        return read_table(item, "00283002", "00283006", bulk, signed=False)
    return None


def stored_range(image: ImagePixel) -> tuple[int, int]:
    """The least and the greatest value that Bits Stored can hold."""
    if image.signed:
        return -(1 << (image.bits_stored - 1)), (1 << (image.bits_stored - 1)) - 1
    return 0, (1 << image.bits_stored) - 1


def padding_of(metadata: Metadata, image: ImagePixel) -> tuple[float, float] | None:
    """Pixel Padding Value and Range Limit as a closed range of stored values (C.7.5.1.1.2)."""
    value_tag, limit_tag = _FLOAT_PADDING.get(image.kind, ("00280120", "00280121"))
    first = number(metadata, value_tag)
    if first is None:
        return None
    last = number(metadata, limit_tag, first)
    assert last is not None
    if image.kind is Kind.INTEGER:
        first, last = _as_stored(first, image), _as_stored(last, image)
    return min(first, last), max(first, last)


def pixel_presentation(metadata: Metadata) -> str:
    """Pixel Presentation (0008,9205): COLOR and MIXED have a supplemental palette (C.8.16.2)."""
    return str(value(metadata, "00089205", "")).strip().upper()


def _usable(given: float | None) -> TypeGuard[float]:
    """Whether multiplying and dividing by it in double precision stays away from infinity."""
    return given is not None and 1 / HUGE < abs(given) < HUGE


def _window_of(source: Source) -> Window | None:
    dataset = either(source.metadata, source.number, FRAME_VOI_LUT, "00281050")
    found = windows_of(dataset, source.image)
    return found[0] if found else None


def _plain_span(metadata: Metadata, image: ImagePixel, modality: Rescale | Table) -> Span | None:
    """Without window or table: 8 bits and fewer as they are, more by what the pixels hold."""
    white = fraction(metadata)
    if white:
        return Span(0.0, float(white))
    if image.kind is Kind.INTEGER and image.bits_stored <= 8 and not isinstance(modality, Table):
        return whole_span(*stored_range(image), modality)
    return None


def _is_for_measuring(metadata: Metadata) -> bool:
    """An X-ray table that leads back to intensity is not for display (PS3.3 C.8.7.1.1.2)."""
    return text(metadata, "00080016") in _XRAY and text(metadata, "00281040").upper() in (
        "LOG",
        "DISP",
    )


def _as_stored(padding: float, image: ImagePixel) -> float:
    """The value in the sign of the pixels: its VR, US or SS, is often the wrong one."""
    width = 1 << image.bits_allocated
    if image.signed and padding >= width // 2:
        return padding - width
    return padding + width if not image.signed and padding < 0 else padding
