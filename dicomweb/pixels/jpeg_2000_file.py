"""JP2 and JPH files: boxes around a codestream, with an ICC profile (ISO 15444-1 annex I, -15)."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_jp2(picture: NDArray[np.uint8], quality: int, profile: bytes = b"") -> bytes:
    """Lossless at quality 100; else the signal to noise ratio in decibels follows the quality."""
    import imagecodecs

    level: dict[str, Any] = {} if quality == 100 else {"level": 25 + quality / 4}
    codestream = imagecodecs.jpeg2k_encode(
        picture, codecformat="j2k", reversible=quality == 100, mct=picture.ndim == 3, **level
    )
    return _file(b"jp2 ", picture, bytes(codestream), profile)


def encode_jph(picture: NDArray[np.uint8]) -> bytes:
    """Lossless, whatever the quality: high throughput is for speed."""
    import imagecodecs

    coded = imagecodecs.htj2k_encode(picture, rgb=picture.ndim == 3, reversible=True)
    return _file(b"jph ", picture, bytes(coded), b"")


def _file(brand: bytes, picture: NDArray[np.uint8], codestream: bytes, profile: bytes) -> bytes:
    rows, columns = picture.shape[:2]
    components = 1 if picture.ndim == 2 else 3
    image_header = struct.pack(">2LH4B", rows, columns, components, 7, 7, 0, 0)
    boxes = _box(b"ihdr", image_header) + _box(b"colr", _colour(components, profile))
    return b"".join(
        (
            _box(b"jP  ", b"\r\n\x87\n"),
            _box(b"ftyp", brand + bytes(4) + brand),
            _box(b"jp2h", boxes),
            _box(b"jp2c", codestream),
        )
    )


def _colour(components: int, profile: bytes) -> bytes:
    """Method 2, a profile, or method 1, an enumerated space: 16 is sRGB, 17 is grey."""
    if profile:
        return b"\2\0\0" + profile
    return b"\1\0\0" + struct.pack(">L", 16 if components == 3 else 17)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", 8 + len(body)) + kind + body
