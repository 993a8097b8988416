"""Neutral icons for what has no picture: a report, a document, a video, a waveform, a plan."""

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dicomweb.pixels.encode import encode

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


class Icon(StrEnum):
    """The kinds that a person tells apart in a list of series."""

    REPORT = "report"
    DOCUMENT = "document"
    VIDEO = "video"
    WAVEFORM = "waveform"
    PLAN = "plan"
    OTHER = "other"


_GROUND, _INK, _PAPER = (38, 44, 52), (150, 162, 176), (206, 214, 222)
_LEAST, _MOST = 16, 1024
_STORAGE = "1.2.840.10008.5.1.4.1.1."
# The first prefix that fits, so that longer ones stand first.
_KINDS = (
    (_STORAGE + "88.", Icon.REPORT),
    (_STORAGE + "104.", Icon.DOCUMENT),
    (_STORAGE + "9.", Icon.WAVEFORM),
    (_STORAGE + "77.1.1.1", Icon.VIDEO),
    (_STORAGE + "77.1.2.1", Icon.VIDEO),
    (_STORAGE + "77.1.4.1", Icon.VIDEO),
    (_STORAGE + "481.", Icon.PLAN),
    ("1.2.840.10008.5.1.4.34.", Icon.PLAN),
)


def icon_for(sop_class: str) -> Icon:
    """The icon of an instance without a picture, by its SOP class."""
    return next((icon for prefix, icon in _KINDS if sop_class.startswith(prefix)), Icon.OTHER)


@lru_cache(maxsize=64)
def draw_icon(icon: Icon, side: int = 128, media_type: str = "image/jpeg") -> bytes:
    """A square picture of it; drawn large and made smaller, so that edges are soft."""
    from PIL import Image, ImageDraw

    side = min(max(side, _LEAST), _MOST)
    image = Image.new("RGB", (256, 256), _GROUND)
    _DRAWN[icon](ImageDraw.Draw(image))
    small = image.resize((side, side), Image.Resampling.LANCZOS)
    return encode(np.asarray(small), media_type)


def _sheet(draw: "ImageDraw") -> None:
    draw.polygon([(72, 40), (156, 40), (188, 72), (188, 216), (72, 216)], fill=_PAPER)
    draw.polygon([(156, 40), (156, 72), (188, 72)], fill=_INK)


def _report(draw: "ImageDraw") -> None:
    _sheet(draw)
    for row, end in zip(range(96, 200, 22), (170, 160, 172, 150, 130), strict=True):
        draw.rectangle((90, row, end, row + 8), fill=_GROUND)


def _document(draw: "ImageDraw") -> None:
    _sheet(draw)
    draw.rectangle((90, 92, 170, 146), fill=_INK)
    draw.rectangle((90, 160, 170, 168), fill=_GROUND)
    draw.rectangle((90, 182, 140, 190), fill=_GROUND)


def _video(draw: "ImageDraw") -> None:
    draw.rounded_rectangle((40, 64, 216, 192), 16, fill=_INK)
    draw.polygon([(106, 92), (106, 164), (166, 128)], fill=_PAPER)


def _waveform(draw: "ImageDraw") -> None:
    for line in range(48, 224, 32):
        draw.line((32, line, 224, line), fill=(60, 68, 80), width=2)
        draw.line((line, 32, line, 224), fill=(60, 68, 80), width=2)
    beat = [(32, 144), (80, 144), (94, 124), (108, 144), (118, 156), (130, 60), (144, 188)]
    beat += [(154, 144), (176, 144), (192, 116), (208, 144), (224, 144)]
    draw.line(beat, fill=_PAPER, width=7, joint="curve")


def _plan(draw: "ImageDraw") -> None:
    draw.ellipse((60, 60, 196, 196), outline=_INK, width=7)
    draw.ellipse((96, 96, 160, 160), outline=_PAPER, width=7)
    draw.line((128, 28, 128, 228), fill=_INK, width=5)
    draw.line((28, 128, 228, 128), fill=_INK, width=5)


def _other(draw: "ImageDraw") -> None:
    draw.rounded_rectangle((56, 56, 200, 200), 18, outline=_INK, width=8)
    for row in (104, 128, 152):
        draw.ellipse((120, row - 8, 136, row + 8), fill=_PAPER)


_DRAWN = {
    Icon.REPORT: _report,
    Icon.DOCUMENT: _document,
    Icon.VIDEO: _video,
    Icon.WAVEFORM: _waveform,
    Icon.PLAN: _plan,
    Icon.OTHER: _other,
}
