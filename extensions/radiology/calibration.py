"""How large a pixel is: what an image says of its scale at the place of an annotation."""

from collections.abc import Sequence
from dataclasses import dataclass

from dicomweb.pixels.attributes import Metadata, integer, items, number, numbers, text, value
from dicomweb.pixels.functional_groups import either

PIXEL_MEASURES = "00289110"
PIXEL_SPACING = "00280030"
IMAGER_PIXEL_SPACING = "00181164"
NOMINAL_SCANNED_PIXEL_SPACING = "00182010"
PIXEL_ASPECT_RATIO = "00280034"
ULTRASOUND_REGIONS = "00186011"
# Units of ultrasound regions (PS3.3 C.8.5.5.1.3, 1.15, 1.16): code → factor and our unit.
_UNITS: dict[int, tuple[float, str]] = {
    1: (1.0, "%"),
    2: (1.0, "dB"),
    3: (10.0, "mm"),  # stored in cm
    4: (1.0, "s"),
    5: (1.0, "Hz"),
    6: (1.0, "dB/s"),
    7: (1.0, "cm/s"),
    8: (1.0, "cm2"),
    9: (1.0, "cm2/s"),
    10: (1.0, "cm3"),
    11: (1.0, "cm3/s"),
    12: (1.0, "deg"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a pixel: `column` from one column to the next (x), `row` from row to row (y).

    `source` is the attribute that says it; `note` what to know before lengths are believed.
    """

    column: float = 1.0
    row: float = 1.0
    column_unit: str = "px"
    row_unit: str = "px"
    source: str = "none"
    note: str = "The image says nothing of the size of its pixels: lengths are in pixels."

    @property
    def unit(self) -> str:
        """The unit of lengths in any direction; empty where there are none."""
        return self.column_unit if self.column_unit == self.row_unit else ""


def scale_of(metadata: Metadata, frame: int, points: Sequence[tuple[float, float]]) -> Scale:
    """The scale at these points of a frame, from the first that is there.

    An ultrasound region that holds all points; Pixel Spacing of the frame's functional groups or
    of the image; Imager Pixel Spacing; Nominal Scanned Pixel Spacing; Pixel Aspect Ratio, which
    leaves lengths in pixels (as wide as one) but makes angles right.
    """
    return (
        _of_region(metadata, points)
        or _of_spacing(metadata, frame)
        or _of_imager(metadata)
        or _of_scanner(metadata)
        or _of_ratio(metadata)
        or Scale()
    )


def _pair(dataset: Metadata, tag: str) -> tuple[float, float] | None:
    """Two positive numbers: between rows, between columns (PS3.3 10.7.1.3)."""
    found = numbers(dataset, tag)
    if len(found) != 2 or not all(1e-12 < each < 1e12 for each in found):
        return None
    return found[0], found[1]


def _of_spacing(metadata: Metadata, frame: int) -> Scale | None:
    found = _pair(either(metadata, frame, PIXEL_MEASURES, PIXEL_SPACING), PIXEL_SPACING)
    if found is None:
        return None
    if found == _pair(metadata, IMAGER_PIXEL_SPACING) and "00280A02" not in metadata:
        return None  # not calibrated: both are of the detector (PS3.3 10.7.1.2)
    kind = text(metadata, "00280A02").upper()
    note = {
        "GEOMETRY": "Calibrated by the geometry of the exposure: true at the depth assumed then.",
        "FIDUCIAL": "Calibrated by an object of known size: true at its depth.",
    }.get(kind, "")
    return Scale(found[1], found[0], "mm", "mm", "pixelSpacing", note)


def _of_imager(metadata: Metadata) -> Scale | None:
    found = _pair(metadata, IMAGER_PIXEL_SPACING)
    if found is None:
        return None
    factor = number(metadata, "00181114")
    if factor is not None and 1 <= factor < 100:
        note = f"Measured at the detector, and divided by the magnification {factor:g} of the file."
        return Scale(found[1] / factor, found[0] / factor, "mm", "mm", "imagerPixelSpacing", note)
    note = "Measured at the detector: what lies before it is shown larger than it is."
    return Scale(found[1], found[0], "mm", "mm", "imagerPixelSpacing", note)


def _of_scanner(metadata: Metadata) -> Scale | None:
    found = _pair(metadata, NOMINAL_SCANNED_PIXEL_SPACING)
    if found is None:
        return None
    note = "Measured on the film or paper that was scanned."
    return Scale(found[1], found[0], "mm", "mm", "nominalScannedPixelSpacing", note)


def _of_ratio(metadata: Metadata) -> Scale | None:
    found = _pair(metadata, PIXEL_ASPECT_RATIO)
    if found is None or found[0] == found[1]:
        return None
    note = "Only the shape of a pixel is known: lengths are in widths of a pixel."
    return Scale(1.0, found[0] / found[1], "px", "px", "pixelAspectRatio", note)


def _of_region(metadata: Metadata, points: Sequence[tuple[float, float]]) -> Scale | None:
    """Of the smallest region that holds all points (PS3.3 C.8.5.5)."""
    held = [item for item in items(metadata, ULTRASOUND_REGIONS) if _holds(item, points)]
    for item in sorted(held, key=_size):
        column = _axis(item, "00186024", "0018602C")
        row = _axis(item, "00186026", "0018602E")
        if column and row:
            return Scale(column[0], row[0], column[1], row[1], "ultrasoundRegion", "")
    return None


def _bounds(item: Metadata) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom: the first and the last pixel of the region."""
    found = [integer(item, tag) for tag in ("00186018", "0018601A", "0018601C", "0018601E")]
    left, top, right, bottom = found
    if left is None or top is None or right is None or bottom is None:
        return None
    return left, top, right, bottom


def _holds(item: Metadata, points: Sequence[tuple[float, float]]) -> bool:
    bounds = _bounds(item)
    if bounds is None:
        return False
    left, top, right, bottom = bounds
    return all(left <= x <= right + 1 and top <= y <= bottom + 1 for x, y in points)


def _size(item: Metadata) -> int:
    left, top, right, bottom = _bounds(item) or (0, 0, 0, 0)
    return (right - left) * (bottom - top)


def _axis(item: Metadata, unit_tag: str, delta_tag: str) -> tuple[float, str] | None:
    """The size of a pixel in one direction and its unit; None where none is given."""
    unit = _UNITS.get(integer(item, unit_tag) or 0)
    delta = number(item, delta_tag)
    if unit is None or delta is None or not 1e-12 < abs(delta) < 1e12:
        return None
    return abs(delta) * unit[0], unit[1]


def value_unit(metadata: Metadata, frame: int) -> str:
    """The unit of the values after rescale: HU, Bq/ml, …; empty where it is not said."""
    said = text(either(metadata, frame, "00289145", "00281054"), "00281054").upper()
    if said:
        return "" if said == "US" else said  # US: unspecified (PS3.3 C.11.1.1.2)
    if text(metadata, "00080060").upper() == "CT" and "00281052" in metadata:
        return "HU"
    units = str(value(metadata, "00541001", "")).strip().upper()
    return {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "{counts}", "NONE": ""}.get(units, units)
