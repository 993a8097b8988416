"""A sheet of waveforms as pixels: the grid exact, the traces with soft edges."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.documents.links import PartReader
from dicomweb.pixels.documents.waveform_sheet import (
    DEFAULT_PAPER,
    Paper,
    Sheet,
    lay_out,
    strokes,
)
from dicomweb.pixels.geometry import apply, place
from dicomweb.pixels.lettering import legible, typeface
from dicomweb.pixels.options import MAX_SIDE, RenderOptions
from dicomweb.pixels.render import Rendered, drawn

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = NDArray[np.uint8]

# 8 pixels a millimetre are 203 dots an inch: a ten-second ECG is 2,200 pixels wide.
PIXELS_A_MM = 8.0
MAX_PIXELS = 1 << 25
DEFAULT_OPTIONS = RenderOptions(media_type="image/png")

_GROUND, _FINE, _COARSE, _INK = (255, 253, 252), (246, 221, 221), (233, 169, 169), (17, 17, 17)
# Below this a millimetre is too narrow for a line of its own.
_FINE_FROM = 3.0
_OVERSAMPLING = 2


def render_waveform(
    metadata: Metadata,
    part: PartReader,
    options: RenderOptions = DEFAULT_OPTIONS,
    paper: Paper = DEFAULT_PAPER,
) -> Rendered:
    """The sheet as large as the viewport, or at PIXELS_A_MM; words as `annotation` asks for."""
    sheet = lay_out(metadata, part, paper, options.annotation)
    if options.region is None:
        return drawn(picture(sheet, (options.width, options.height)), options)
    whole = picture(sheet)
    placed = apply(whole, place(whole.shape[0], whole.shape[1], 1.0, options))
    return drawn(placed, options)


def picture(sheet: Sheet, box: tuple[int, int] = (0, 0)) -> Picture:
    """(rows, columns, 3), as large as fits the box; a side of 0 sets no limit."""
    from PIL import Image

    scale = scale_of(sheet, box)
    size = max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale))
    image = Image.fromarray(_grid(size, scale))
    ink = Image.new("RGB", size, _INK)
    image.paste(ink, (0, 0), _traces(sheet, size, scale))
    _write(image, sheet, scale)
    return np.asarray(image)


def scale_of(sheet: Sheet, box: tuple[int, int]) -> float:
    """Pixels for a millimetre."""
    limits = [MAX_SIDE / max(sheet.width, sheet.height)]
    limits.append((MAX_PIXELS / (sheet.width * sheet.height)) ** 0.5)
    if not any(box):
        limits.append(PIXELS_A_MM)
    limits += [
        side / length for side, length in zip(box, (sheet.width, sheet.height), strict=True) if side
    ]
    return min(limits)


def _grid(size: tuple[int, int], scale: float) -> Picture:
    columns, rows = size
    ground = np.empty((rows, columns, 3), np.uint8)
    ground[:] = _GROUND
    for spacing, ink in ((1, _FINE), (5, _COARSE)):
        if spacing == 1 and scale < _FINE_FROM:
            continue
        width = max(1, round(scale / 8)) if spacing == 5 else 1
        for shift in range(width):
            ground[_lines(rows, spacing * scale, shift)] = ink
            ground[:, _lines(columns, spacing * scale, shift)] = ink
    return ground


def _lines(length: int, spacing: float, shift: int) -> NDArray[np.intp]:
    found = np.rint(np.arange(0, length / spacing + 1) * spacing).astype(np.intp) + shift
    return found[found < length]


def _traces(sheet: Sheet, size: tuple[int, int], scale: float) -> "Image":
    """A mask of all lines, drawn larger and made smaller."""
    from PIL import Image, ImageDraw

    fine = scale * _OVERSAMPLING
    mask = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    draw = ImageDraw.Draw(mask)
    width = max(_OVERSAMPLING, round(0.25 * fine))
    for points in (*sheet.pulses, *sheet.traces):
        for stroke in strokes(points * fine):
            draw.line(
                stroke.ravel().tolist(), fill=255, width=width, joint="curve" if width > 4 else None
            )
    return mask.reduce(_OVERSAMPLING)


def _write(image: "Image", sheet: Sheet, scale: float) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    for each in sheet.words:
        face = typeface(max(7, round(each.size * scale)))
        place = (each.x * scale, each.y * scale)
        draw.text(place, legible(each.text), fill=_INK, font=face, anchor="ls")
