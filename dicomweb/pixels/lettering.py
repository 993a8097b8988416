"""Text on pictures in DejaVu Sans, which comes with us: Latin, Greek, Cyrillic, Hebrew, Arabic."""

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

Rgb = tuple[int, int, int]

# DejaVu Sans: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and many signs.
FACE = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
BOLD_FACE = FACE.with_name("DejaVuSans-Bold.ttf")

# A line of more letters leaves every picture.
MAX_LETTERS = 500
# What says how others are to be drawn, and is not drawn itself: joiners, marks of direction.
_UNSEEN = {"Cf", "Mn", "Me"}


def legible(text: str) -> str:
    """The text as the typeface can write it: `?` for the scripts that it lacks (Han, Thai, …).

    Letters are composed, or taken apart where only the bare letter is there.
    """
    text = text[:MAX_LETTERS]
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    if ord(char) in covered():
        return char
    if unicodedata.category(char) in _UNSEEN:
        return ""
    bare = "".join(each for each in unicodedata.normalize("NFKD", char) if ord(each) in covered())
    return bare or "?"


@cache
def covered() -> frozenset[int]:
    """The characters that the typeface has, as code points."""
    from dicomweb.pixels.coverage import coverage

    return coverage(FACE.read_bytes())


@lru_cache(maxsize=16)
def typeface(size: int) -> "ImageFont.FreeTypeFont":
    """Shapes Arabic and orders right-to-left text where Pillow has Raqm (its wheels do)."""
    from PIL import ImageFont

    return ImageFont.truetype(FACE, size)


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
    longest = max(face.getlength(line) for line in legibles)
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
        pen.text(place, line, fill=255, font=face, anchor=f"{anchor[0]}a")
    # One dilated mask takes a tenth of the time of FreeType's own outlines.
    edge = letters.filter(ImageFilter.MaxFilter(2 * margin + 1))
    left = round(at[0] - margin - part * width)
    top = round(at[1] - margin) - (height if anchor[1] == "d" else 0)
    coloured = draw.mode == "RGB"
    draw.bitmap((left, top), edge, fill=(0, 0, 0) if coloured else 0)
    draw.bitmap((left, top), letters, fill=ink if coloured else round(sum(ink) / 3))


def line_height(size: int) -> int:
    return round(size * 1.25)
