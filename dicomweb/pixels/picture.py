"""One stored frame to one 8-bit picture in grey or colour, before anything is cropped or drawn."""

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.colour import to_rgb
from dicomweb.pixels.grayscale import BLOCK_PIXELS, Span, paint, span_of
from dicomweb.pixels.image import ImagePixel, Kind
from dicomweb.pixels.interpret import grayscale_of, pixel_presentation
from dicomweb.pixels.options import Window
from dicomweb.pixels.palette import colour, read_palette, supplement
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.segments import is_label_map, label_palette
from dicomweb.pixels.source import Source

Picture = NDArray[np.uint8]


def picture_of(source: Source, window: Window | None = None) -> Picture:
    """(rows, columns) of grey or (rows, columns, 3) of red, green, blue, as the image says itself.

    A window has no meaning for colour and is left aside there.
    """
    return paint_values(source.values(), source, window)


def paint_values(values: Pixels, source: Source, window: Window | None = None) -> Picture:
    """The same from decoded values, which may be fewer than the image has."""
    metadata, image, bulk = source.metadata, source.image, source.bulk
    if image.samples > 1:
        return eight_bits(to_rgb(values, image), image)
    if image.photometric == "PALETTE COLOR":
        palette = read_palette(metadata, bulk, signed=image.signed)
        if palette is None:
            raise NotAcceptable("The image cannot be rendered: its palette is absent or damaged.")
        return colour(values, palette)
    if image.kind is Kind.INTEGER and window is None and is_label_map(metadata):
        return colour(values, label_palette(metadata))
    grey = paint(values, grayscale_of(source, window), image.bits_stored)
    if image.kind is Kind.INTEGER and pixel_presentation(metadata) in ("COLOR", "MIXED"):
        palette = read_palette(metadata, bulk, signed=image.signed)
        if palette is not None:
            return supplement(values, grey, palette)
    return grey


def window_applied(source: Source, window: Window | None = None) -> Window | None:
    """The window by which `picture_of` paints; None for colour, tables and what has none."""
    if _is_coloured(source, window):
        return None
    voi = grayscale_of(source, window).voi
    return voi if isinstance(voi, Window) else None


def span_without_window(source: Source) -> Span | None:
    """Where the pixels themselves say what is black and what is white, these; None elsewhere."""
    if _is_coloured(source):
        return None
    grayscale = grayscale_of(source)
    return span_of(source.values(), grayscale) if grayscale.voi is None else None


def _is_coloured(source: Source, window: Window | None = None) -> bool:
    """Whether windows have no meaning for this picture."""
    image = source.image
    labels = image.kind is Kind.INTEGER and window is None and is_label_map(source.metadata)
    return image.samples > 1 or image.photometric == "PALETTE COLOR" or labels


def eight_bits(values: Pixels, image: ImagePixel) -> Picture:
    """Samples of Bits Stored, 1 to 64, as 0 … 255."""
    if values.dtype == np.uint8 and image.bits_stored == 8:
        return values
    top = float((1 << image.bits_stored) - 1)
    flat = values.reshape(-1)
    painted = np.empty(flat.size, np.uint8)
    for start in range(0, flat.size, BLOCK_PIXELS):
        part = slice(start, start + BLOCK_PIXELS)
        light = flat[part] * (255.0 / top)
        painted[part] = np.clip(np.floor(light + 0.5), 0, 255)
    return painted.reshape(values.shape)
