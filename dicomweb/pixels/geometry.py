"""Where a picture goes: the region that is shown, its size on the way out, its turns and flips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import BadRequest
from dicomweb.pixels.attributes import numbers
from dicomweb.pixels.functional_groups import either
from dicomweb.pixels.options import MAX_SIDE, Region, RenderOptions
from dicomweb.pixels.source import Source

Picture = NDArray[np.uint8]

PIXEL_MEASURES = "00289110"
# Spacings are rounded in files; below this ratio of the two a pixel counts as square.
SQUARE = 1.005
# A pixel ten times as high as wide is a mistake in the file.
MAX_ASPECT = 10.0


@dataclass(frozen=True, slots=True)
class Placement:
    """From the image to the picture: a box of image pixels, scaled, then turned, then flipped.

    `left`, `top`, `right`, `bottom` are in pixels of the image, (0, 0) being its top left corner;
    they may lie outside, which shows black. `width` and `height` are of the box after scaling,
    before it is turned by `rotation` (clockwise, in degrees, a multiple of 90).
    """

    left: float
    top: float
    right: float
    bottom: float
    width: int
    height: int
    rotation: int = 0
    mirrored: bool = False
    flipped: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the finished picture."""
        turned = self.rotation % 180 == 90
        return (self.height, self.width) if turned else (self.width, self.height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the image comes to lie in the finished picture."""
        x = (x - self.left) * self.width / (self.right - self.left)
        y = (y - self.top) * self.height / (self.bottom - self.top)
        for _ in range(self.rotation // 90 % 4):
            x, y = -y, x
        columns, rows = self.size
        x += columns if self.rotation in (90, 180) else 0
        y += rows if self.rotation in (180, 270) else 0
        return columns - x if self.mirrored else x, rows - y if self.flipped else y


def place(rows: int, columns: int, aspect: float, options: RenderOptions) -> Placement:
    """The placement that a request asks for: crop, then scale into the box (PS3.18 8.3.5.1.3).

    Without a box every pixel stays as it is. BadRequest when the region lies outside the image.
    """
    left, top, right, bottom, mirrored, flipped = _box(rows, columns, options.region)
    width, height = max(1, round(right - left)), max(1, round(bottom - top))
    if options.width or options.height:
        width, height = fit(right - left, (bottom - top) * aspect, options.width, options.height)
    return Placement(left, top, right, bottom, width, height, mirrored=mirrored, flipped=flipped)


def fit(width: float, height: float, most_wide: int, most_high: int) -> tuple[int, int]:
    """The largest size of this shape inside the box; a side of 0 sets no limit."""
    scale = min(
        most_wide / width if most_wide else float("inf"),
        most_high / height if most_high else float("inf"),
    )
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    if max(fitted) > MAX_SIDE:
        raise BadRequest(f"The picture would be larger than {MAX_SIDE} pixels: ask for both sides.")
    return fitted


def pixel_aspect(source: Source) -> float:
    """The height of a pixel by its width: from Pixel Spacing and its kin, or Pixel Aspect Ratio."""
    metadata = source.metadata
    measures = either(metadata, source.number, PIXEL_MEASURES, "00280030")
    for dataset, tag in (
        (measures, "00280030"),
        (metadata, "00181164"),
        (metadata, "00182010"),
        (metadata, "00280034"),
    ):
        found = numbers(dataset, tag)
        if len(found) == 2:
            return sane_aspect(found[0], found[1])
    return 1.0


def sane_aspect(vertical: float, horizontal: float) -> float:
    """Their ratio, or 1 when it is nearly that or cannot be meant."""
    if vertical <= 0 or horizontal <= 0:
        return 1.0
    ratio = vertical / horizontal
    if 1 / SQUARE < ratio < SQUARE or not 1 / MAX_ASPECT <= ratio <= MAX_ASPECT:
        return 1.0
    return ratio


def apply(picture: Picture, placement: Placement, *, smooth: bool = True) -> Picture:
    """The finished picture; labels are not `smooth`, between two of them lies no third."""
    placed = _turn(_scale(picture, placement, smooth=smooth), placement.rotation)
    if placement.mirrored:
        placed = placed[:, ::-1]
    return placed[::-1] if placement.flipped else placed


def _box(
    rows: int, columns: int, region: Region | None
) -> tuple[float, float, float, float, bool, bool]:
    if region is None:
        return 0.0, 0.0, float(columns), float(rows), False, False
    wide, high = (columns, rows) if region.normalised else (1, 1)
    left, top = region.left * wide, region.top * high
    right = columns if region.width is None else min(columns, left + region.width * wide)
    bottom = rows if region.height is None else min(rows, top + region.height * high)
    if left >= right or top >= bottom:
        raise BadRequest(f"The region lies outside the image, which is {columns} by {rows} pixels.")
    return left, top, float(right), float(bottom), region.mirrored, region.flipped


def _scale(picture: Picture, placement: Placement, *, smooth: bool) -> Picture:
    """The box of the picture at its new size, black where it reaches beyond the picture."""
    rows, columns = picture.shape[:2]
    left, right = max(0.0, placement.left), min(float(columns), placement.right)
    top, bottom = max(0.0, placement.top), min(float(rows), placement.bottom)
    across = placement.width / (placement.right - placement.left)
    down = placement.height / (placement.bottom - placement.top)
    x0, x1 = round((left - placement.left) * across), round((right - placement.left) * across)
    y0, y1 = round((top - placement.top) * down), round((bottom - placement.top) * down)
    shape = (placement.height, placement.width, *picture.shape[2:])
    if left >= right or top >= bottom or x0 >= x1 or y0 >= y1:
        return np.zeros(shape, np.uint8)
    inner = _resize(picture, (left, top, right, bottom), (x1 - x0, y1 - y0), smooth=smooth)
    if inner.shape == shape:
        return inner
    canvas = np.zeros(shape, np.uint8)
    canvas[y0:y1, x0:x1] = inner
    return canvas


def _resize(
    picture: Picture,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    *,
    smooth: bool,
) -> Picture:
    left, top, right, bottom = (round(edge) for edge in box)
    if (right - left, bottom - top) == size:
        # Pixel for pixel: a box between pixels is taken to the next ones, nothing is blurred.
        return picture[top:bottom, left:right]
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    gap = 2.0 if smooth else None
    return np.asarray(image.resize(size, method, box, reducing_gap=gap))


def _turn(picture: Picture, rotation: int) -> Picture:
    return np.rot90(picture, -(rotation // 90) % 4) if rotation else picture
