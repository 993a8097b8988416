"""Display shutters: what lies outside of them is covered (PS3.3 C.7.6.11, C.7.6.15)."""

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, integer, number, numbers, values
from dicomweb.pixels.cielab import Rgb, grey_of, rgb_of
from dicomweb.pixels.overlay import packed_plane
from dicomweb.pixels.tables import BulkReader

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# A shutter with more corners is nobody's collimator.
MAX_CORNERS = 4096


def cover(picture: Picture, state: Metadata, bulk: BulkReader) -> Picture:
    """The picture with everything outside of all its shutters in the shutter's own shade."""
    visible = _visible(state, picture.shape[0], picture.shape[1], bulk)
    if visible is None:
        return picture
    ink = _ink(state)
    covered = picture.copy()
    if picture.ndim == 2 and len(set(ink)) > 1:
        covered = np.repeat(covered[:, :, np.newaxis], 3, axis=2)
    covered[~visible] = ink[0] if covered.ndim == 2 else ink
    return covered


def _visible(state: Metadata, rows: int, columns: int, bulk: BulkReader) -> Mask | None:
    """What all shapes leave open; None without any shape."""
    shapes = {str(shape).strip().upper() for shape in values(state, "00181600")}
    visible = np.ones((rows, columns), bool)
    if "RECTANGULAR" in shapes:
        visible &= _rectangle(state, rows, columns)
    if "CIRCULAR" in shapes:
        visible &= _circle(state, rows, columns)
    if "POLYGONAL" in shapes:
        visible &= _polygon(state, rows, columns)
    if "BITMAP" in shapes:
        visible &= _bitmap(state, rows, columns, bulk)
    return None if visible.all() else visible


def _rectangle(state: Metadata, rows: int, columns: int) -> Mask:
    """Edges are columns and rows from 1, and belong to what is seen."""
    left, right = integer(state, "00181602", 1) or 1, integer(state, "00181604", columns)
    upper, lower = integer(state, "00181606", 1) or 1, integer(state, "00181608", rows)
    mask = np.zeros((rows, columns), bool)
    mask[max(0, upper - 1) : max(0, lower or 0), max(0, left - 1) : max(0, right or 0)] = True
    return mask


def _circle(state: Metadata, rows: int, columns: int) -> Mask:
    center, radius = numbers(state, "00181610"), number(state, "00181612")
    if len(center) != 2 or radius is None:
        return np.ones((rows, columns), bool)
    y, x = np.ogrid[1 : rows + 1, 1 : columns + 1]
    inside: Mask = (y - center[0]) ** 2 + (x - center[1]) ** 2 <= radius**2
    return inside


def _polygon(state: Metadata, rows: int, columns: int) -> Mask:
    """Corners are row\\column pairs; the last is joined to the first."""
    corners = numbers(state, "00181620")[: 2 * MAX_CORNERS]
    if len(corners) < 6:
        return np.ones((rows, columns), bool)
    from PIL import Image, ImageDraw

    mask = Image.new("1", (columns, rows))
    points = [
        (column - 1, row - 1) for row, column in zip(corners[::2], corners[1::2], strict=False)
    ]
    ImageDraw.Draw(mask).polygon(points, fill=1, outline=1)
    return np.asarray(mask)


def _bitmap(state: Metadata, rows: int, columns: int, bulk: BulkReader) -> Mask:
    """An overlay of the state, whose ones are covered."""
    group = integer(state, "00181623")
    plane = None if group is None else packed_plane(state, f"{group:04X}", bulk)
    visible = np.ones((rows, columns), bool)
    if plane is not None:
        high, wide = min(rows, plane.shape[0]), min(columns, plane.shape[1])
        visible[:high, :wide] = ~plane[:high, :wide]
    return visible


def _ink(state: Metadata) -> Rgb:
    """Shutter Presentation Color CIELab Value, else Shutter Presentation Value, else black."""
    return rgb_of(numbers(state, "00181624")) or grey_of(number(state, "00181622", 0.0) or 0.0)
