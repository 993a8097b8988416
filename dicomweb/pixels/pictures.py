"""PNG and GIF, which no transfer syntax has, as native samples (PS3.18 10.5.2)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dicomweb.errors import NotAcceptable, TooLarge
from dicomweb.pixels.pixel_array import Pixels
from dicomweb.pixels.streams import description

MEDIA_TYPES = ("image/png", "image/gif")
MAX_FILE = 256 * 1024 * 1024
MAX_NATIVE = 1024**3  # of all frames together

_PNG, _GIFS = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_GREY_MODES = ("1", "L", "LA", "I", "I;16")


@dataclass(frozen=True, slots=True)
class Pictures:
    """A file as frames of native samples, little endian, colour by pixel.

    Each frame is made when it is asked for. Alpha is dropped, palettes become RGB, grey stays grey.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    count: int
    frames: Iterator[bytes]

    def attributes(self) -> dict[str, Any]:
        """The Image Pixel Description, as DICOM JSON."""
        photometric = "MONOCHROME2" if self.samples == 1 else "RGB"
        found = description(self.rows, self.columns, self.samples, photometric, self.bits)
        if self.count > 1:
            found["00280008"] = {"vr": "IS", "Value": [self.count]}
        return found


def read_pictures(file: bytes, media_type: str, *, grey: bool = False) -> Pictures:
    """The frames of a PNG or GIF file; all of them grey if `grey`.

    NotAcceptable when the file is none, TooLarge over 178 million pixels or 1 GB of samples.
    """
    if not file.startswith(_PNG if media_type == "image/png" else _GIFS):
        raise NotAcceptable("A part is not what its media type says.")
    if media_type == "image/png" and file[24:25] == b"\x10":
        return _deep(file, grey)
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(file), formats=("PNG", "GIF"))
        count = getattr(image, "n_frames", 1) if media_type == "image/gif" else 1
    except Image.DecompressionBombError:
        raise _too_large() from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise _damaged() from None
    columns, rows = image.size
    grey = grey or (count == 1 and image.mode in _GREY_MODES)
    if rows * columns * (1 if grey else 3) * count > MAX_NATIVE:
        raise _too_large()
    frames = _frames(image, count, "L" if grey else "RGB")
    return Pictures(rows, columns, 1 if grey else 3, 8, count, frames)


def _frames(image: Any, count: int, mode: str) -> Iterator[bytes]:
    for number in range(count):
        try:
            image.seek(number)
            yield image.convert(mode).tobytes()
        except (OSError, ValueError, SyntaxError, EOFError, IndexError):
            raise _damaged() from None


def _deep(file: bytes, grey: bool) -> Pictures:
    """A PNG of 16 bits a sample, which Pillow would give 8 of."""
    columns, rows = int.from_bytes(file[16:20], "big"), int.from_bytes(file[20:24], "big")
    if not rows * columns * 8 <= MAX_NATIVE // 2:
        raise _too_large()
    from imagecodecs import png_decode

    try:
        array: Pixels = png_decode(file)
    except (RuntimeError, ValueError):
        raise _damaged() from None
    if array.shape[:2] != (rows, columns) or array.dtype != np.uint16:
        raise _damaged()
    if array.ndim == 3:
        array = array[:, :, 0] if array.shape[2] < 3 else array[:, :, :3]
    if grey and array.ndim == 3:
        array = np.rint(array @ np.array([0.299, 0.587, 0.114])).astype(np.uint16)
    samples = 1 if array.ndim == 2 else 3
    data = np.ascontiguousarray(array).astype("<u2", copy=False).tobytes()
    return Pictures(rows, columns, samples, 16, 1, iter([data]))


def _damaged() -> NotAcceptable:
    return NotAcceptable("A picture is damaged or cut short.")


def _too_large() -> TooLarge:
    return TooLarge("A picture is too large to be transformed: send native pixels instead.")
