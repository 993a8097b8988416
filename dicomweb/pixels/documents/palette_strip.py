"""A stored colour palette as a strip of its colours (PS3.3 A.58)."""

from dicomweb.pixels.attributes import Metadata
from dicomweb.pixels.documents.links import BulkReader, no_bulk
from dicomweb.pixels.documents.markup import element
from dicomweb.pixels.documents.page import Ready

_STEPS = 128


def palette_strip(metadata: Metadata, bulk: BulkReader = no_bulk) -> tuple[Ready, ...]:
    """One drawing; none when the palette cannot be read."""
    from dicomweb.pixels.palette import read_palette

    palette = read_palette(metadata, bulk, signed=False)
    if palette is None:
        return ()
    count = len(palette)
    shown = [palette.table[step * (count - 1) // (_STEPS - 1)] for step in range(_STEPS)]
    inks = ["#{:02x}{:02x}{:02x}".format(*colour.tolist()) for colour in shown]
    bars = [
        element("rect", x=str(n), y="0", width="1.05", height="12", fill=ink)
        for n, ink in enumerate(inks)
    ]
    strip = element(
        "svg",
        *bars,
        class_="sheet",
        viewBox=f"0 0 {_STEPS} 12",
        role="img",
        aria_label="the colours of the palette",
    )
    return (Ready(strip, f"{count} colours"),)
