"""Key Object Selections: what they refer to, and a contact sheet of it (PS3.3 A.35.4)."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotFound, Refusal
from dicomweb.pixels.attributes import Metadata, integer, text
from dicomweb.pixels.documents.links import OpenImage, no_image
from dicomweb.pixels.documents.references import key_references
from dicomweb.pixels.documents.sketch import GROUND, INK, finish, in_colour
from dicomweb.pixels.geometry import apply, fit, pixel_aspect, place
from dicomweb.pixels.lettering import legible, line_height, typeface
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.picture import picture_of
from dicomweb.pixels.presentation import Reference
from dicomweb.pixels.render import Rendered
from dicomweb.pixels.source import Source

Picture = NDArray[np.uint8]

MAX_PICTURES = 24
TILE = 240
_GAP = 8
_LETTERS = 13

DEFAULT_OPTIONS = RenderOptions()


def contact_sheet(
    metadata: Metadata,
    open_image: OpenImage = no_image,
    options: RenderOptions = DEFAULT_OPTIONS,
) -> Rendered:
    """The first MAX_PICTURES of the referenced pictures, in their order, on one sheet.

    What is not here or cannot be decoded leaves an empty place. NotFound when nothing can be
    shown.
    """
    wanted = key_references(metadata)
    frames = list(_frames(wanted))
    shown = frames[:MAX_PICTURES]
    tiles = [_tile(open_image, instance, frame) for instance, frame in shown]
    if not any(tile is not None for tile, _ in tiles):
        raise NotFound("None of the pictures that these key objects refer to can be shown.")
    captions = [caption for _, caption in tiles]
    pictures = [tile for tile, _ in tiles]
    left = len(frames) - len(shown)
    return finish(_sheet(pictures, captions, left), options, metadata)


def _frames(references: Sequence[Reference]) -> Iterator[tuple[str, int]]:
    """One picture for each frame that is named, and one for an instance as a whole."""
    for reference in references:
        for frame in reference.frames or (1,):
            yield reference.instance, frame


def _tile(open_image: OpenImage, instance: str, frame: int) -> tuple[Picture | None, str]:
    """A small picture and the words below it: no patient, but where to find it."""
    try:
        source = open_image(instance, frame)
        if source is None:
            return None, "not here"
        return _small(source), _caption(source)
    except Refusal:
        return None, "cannot be shown"


def _small(source: Source) -> Picture:
    rows, columns = source.image.rows, source.image.columns
    width, height = fit(columns, rows * pixel_aspect(source), TILE, TILE)
    exact = RenderOptions(width=width, height=height)
    placement = place(rows, columns, height * columns / (width * rows), exact)
    return in_colour(apply(picture_of(source), placement))


def _caption(source: Source) -> str:
    series, number = text(source.metadata, "00200011"), text(source.metadata, "00200013")
    parts = [text(source.metadata, "00080060")]
    parts += [f"series {series}"] if series else []
    parts += [f"image {number}"] if number else []
    parts += (
        [f"frame {source.number}"] if (integer(source.metadata, "00280008", 1) or 1) > 1 else []
    )
    return " ".join(filter(None, parts))


def _sheet(pictures: Sequence[Picture | None], captions: Sequence[str], left: int) -> Picture:
    from PIL import Image, ImageDraw

    across = min(len(pictures), 6 if len(pictures) > 12 else 4 if len(pictures) > 4 else 3)
    down = -(-len(pictures) // across)
    step = TILE + _GAP, TILE + _GAP + line_height(_LETTERS)
    foot = line_height(_LETTERS) + _GAP if left else 0
    size = (across * step[0] + _GAP, down * step[1] + _GAP + foot)
    image = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(image)
    face = typeface(_LETTERS)
    for n, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = _GAP + n % across * step[0], _GAP + n // across * step[1]
        if picture is not None:
            rows, columns = picture.shape[:2]
            corner = (x + (TILE - columns) // 2, y + (TILE - rows) // 2)
            image.paste(Image.fromarray(np.ascontiguousarray(picture)), corner)
        else:
            pen.rectangle((x, y, x + TILE - 1, y + TILE - 1), outline=(70, 78, 88))
        pen.text((x + TILE / 2, y + TILE + 2), legible(caption), fill=INK, font=face, anchor="ma")
    if left:
        pen.text((_GAP, size[1] - foot), f"and {left} more", fill=INK, font=face)
    return np.asarray(image)
