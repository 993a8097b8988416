"""Text on pictures in the one typeface that is always there: Pillow's own, which knows ASCII."""

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

Rgb = tuple[int, int, int]

# Letters that no decomposition takes apart.
# A line of more letters leaves every picture.
MAX_LETTERS = 500

_FROM = ("ß", "æ", "Æ", "œ", "Œ", "ø", "Ø", "đ", "Đ", "ð", "Ð", "þ", "Þ", "ł", "Ł", "°")
_TO = ("ss", "ae", "AE", "oe", "OE", "o", "O", "d", "D", "d", "D", "th", "Th", "l", "L", "deg")
# Dotless i, the two dashes, the apostrophe, micro and mu.
_MARKS = {"\u0131": "i", "\u2013": "-", "\u2014": "-", "\u2019": "'", "\xb5": "u", "\u03bc": "u"}
_SPELT = str.maketrans(dict(zip(_FROM, _TO, strict=True)) | _MARKS)


def legible(text: str) -> str:
    """The text in letters that the typeface has: without accents, `?` for the other scripts."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPELT))
    kept = (char for char in decomposed if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in kept)


@lru_cache(maxsize=16)
def typeface(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)


def write(
    draw: "ImageDraw.ImageDraw",
    at: tuple[float, float],
    lines: list[str],
    size: int,
    *,
    anchor: str = "la",
    ink: Rgb = (255, 255, 255),
) -> None:
    """Lines of text with a dark edge around the letters, so that they show on any ground.

    `anchor` as Pillow has it, of the whole block: l, m or r, and a for its top, d for its bottom.
    """
    from PIL import Image, ImageDraw, ImageFilter

    legibles = [legible(line) for line in lines]
    if not any(legibles):
        return
    face, margin = typeface(size), max(1, size // 12)
    # Never larger than the picture: how much is written is somebody else's idea.
    longest = max(face.getlength(line[:MAX_LETTERS]) for line in legibles)
    width = min(round(longest), draw.im.size[0])
    height = min(line_height(size) * len(lines), draw.im.size[1])
    block = (width + 2 * margin, height + 2 * margin)
    part = {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]]
    letters = Image.new("L", block)
    pen = ImageDraw.Draw(letters)
    for number, line in enumerate(legibles):
        place = (margin + part * width, margin + number * line_height(size))
        if place[1] > height:
            break
        pen.text(place, line[:MAX_LETTERS], fill=255, font=face, anchor=f"{anchor[0]}a")
    # One dilated mask takes a tenth of the time of FreeType's own outlines.
    edge = letters.filter(ImageFilter.MaxFilter(2 * margin + 1))
    left = round(at[0] - margin - part * width)
    top = round(at[1] - margin) - (height if anchor[1] == "d" else 0)
    coloured = draw.mode == "RGB"
    draw.bitmap((left, top), edge, fill=(0, 0, 0) if coloured else 0)
    draw.bitmap((left, top), letters, fill=ink if coloured else round(sum(ink) / 3))


def line_height(size: int) -> int:
    return round(size * 1.25)
