"""A sheet of waveforms as SVG, in millimetres: printed at 100 % it can be measured with a ruler."""

import numpy as np

from dicomweb.pixels.documents.markup import Markup, element, join
from dicomweb.pixels.documents.waveform_sheet import Points, Sheet, strokes

FINE, COARSE, INK, GROUND = "#f6d5d5", "#e9a9a9", "#111", "#fffdfc"


def svg(sheet: Sheet, *, inline: bool = False) -> Markup:
    """The picture; `inline` for a part of an HTML page, which scales it to its own width."""
    width, height = f"{sheet.width:g}", f"{sheet.height:g}"
    size: dict[str, str | None] = {"width": f"{width}mm", "height": f"{height}mm"}
    return element(
        "svg",
        element("title", "Waveform"),
        element("defs", _pattern("fine", 1, FINE, 0.1), _pattern("coarse", 5, COARSE, 0.2)),
        element("rect", width=width, height=height, fill=GROUND),
        element("rect", width=width, height=height, fill="url(#fine)"),
        element("rect", width=width, height=height, fill="url(#coarse)"),
        element(
            "g",
            *(element("path", d=path(points)) for points in (*sheet.pulses, *sheet.traces)),
            fill="none",
            stroke=INK,
            stroke_width="25",
            stroke_linejoin="round",
            transform="scale(0.01)",
        ),
        element("g", _words(sheet), fill=INK, font_family="Arial, Helvetica, sans-serif"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        class_="sheet" if inline else None,
        **({} if inline else size),
    )


def _pattern(name: str, side: int, ink: str, width: float) -> Markup:
    lines = element(
        "path", d=f"M{side} 0H0V{side}", fill="none", stroke=ink, stroke_width=f"{width:g}"
    )
    length = str(side)
    return element(
        "pattern", lines, id=name, width=length, height=length, patternUnits="userSpaceOnUse"
    )


def path(points: Points) -> str:
    """Straight lines in hundredths of a millimetre, each point by its way from the one before."""
    parts = []
    for stroke in strokes(points):
        whole = np.rint(stroke * 100).astype(np.int64)
        x, y = whole[0].tolist()
        ways = " ".join(map(str, np.diff(whole, axis=0).ravel().tolist()))
        parts.append(f"M{x} {y}l{ways}")
    return "".join(parts)


def _words(sheet: Sheet) -> Markup:
    return join(
        [
            element(
                "text", each.text, x=f"{each.x:.4g}", y=f"{each.y:.5g}", font_size=f"{each.size:g}"
            )
            for each in sheet.words
            if each.text
        ]
    )
