"""Pictures to files: JPEG, PNG, GIF, JPEG 2000, High-Throughput JPEG 2000, JPEG XL."""

import io
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable

Picture = NDArray[np.uint8]
"""(rows, columns) of grey or (rows, columns, 3) of red, green and blue."""

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/jp2", "image/jph", "image/jxl")

# From this quality on colour keeps its full resolution: red text on black stays legible.
FULL_CHROMA_QUALITY = 90
# An APP2 segment holds 65,533 bytes, of which 14 name the profile and number the chunk.
_CHUNK = 65519


def encode(picture: Picture, media_type: str, quality: int = 90, profile: bytes = b"") -> bytes:
    """A file of the media type; `quality` counts where something is lost, `profile` is ICC.

    NotAcceptable for any other media type than those of MEDIA_TYPES.
    """
    picture = np.ascontiguousarray(picture)
    if media_type == "image/jpeg":
        return _jpeg(picture, quality, profile)
    if media_type == "image/png":
        from dicomweb.pixels.png import encode_png

        return encode_png(picture, profile)
    if media_type == "image/jp2":
        from dicomweb.pixels.jpeg_2000_file import encode_jp2

        return encode_jp2(picture, quality, profile)
    if media_type == "image/jph":
        from dicomweb.pixels.jpeg_2000_file import encode_jph

        return encode_jph(picture)
    if media_type == "image/jxl":
        return _jpeg_xl(picture, quality)
    if media_type == "image/gif":
        return encode_gif([picture], 0)
    raise NotAcceptable(f"Rendered images are given as {', '.join(MEDIA_TYPES)}.")


def encode_gif(pictures: Sequence[Picture], milliseconds: int | Sequence[int]) -> bytes:
    """One picture, or an animation that begins again for ever; times are of each picture."""
    images = [_indexed(picture) for picture in pictures]
    buffer = io.BytesIO()
    if len(images) == 1:
        images[0].save(buffer, "GIF")
    else:
        images[0].save(
            buffer,
            "GIF",
            save_all=True,
            append_images=images[1:],
            duration=milliseconds if isinstance(milliseconds, int) else list(milliseconds),
            loop=0,
            optimize=False,
        )
    return buffer.getvalue()


def _indexed(picture: Picture):  # type: ignore[no-untyped-def]
    from PIL import Image

    image = Image.fromarray(picture)
    return image if picture.ndim == 2 else image.quantize(256, Image.Quantize.MEDIANCUT)


def _jpeg(picture: Picture, quality: int, profile: bytes) -> bytes:
    """Baseline sequential, 8 bits, one component for grey (PS3.18 8.7.4)."""
    import simplejpeg

    if picture.ndim == 2:
        picture, space, chroma = picture[:, :, np.newaxis], "GRAY", "444"
    else:
        space, chroma = "RGB", "444" if quality >= FULL_CHROMA_QUALITY else "420"
    encoded = simplejpeg.encode_jpeg(picture, quality, space, chroma, fastdct=False)
    return _with_profile(encoded, profile) if profile else bytes(encoded)


def _jpeg_xl(picture: Picture, quality: int) -> bytes:
    """Lossless at quality 100; below it as far from the picture as cjxl goes for that number."""
    from imagecodecs import jpegxl_encode

    return bytes(
        jpegxl_encode(
            picture,
            effort=3,
            lossless=quality == 100,
            distance=None if quality == 100 else min(0.1 + (100 - quality) * 0.09, 15.0),
            numthreads=1,
        )
    )


def _with_profile(encoded: bytes, profile: bytes) -> bytes:
    """The chunks of the profile behind the JFIF segment, which must come first (ICC.1 B.4)."""
    at = 2
    if encoded[2:4] == b"\xff\xe0":
        at += 2 + struct.unpack_from(">H", encoded, 4)[0]
    chunks = [profile[start : start + _CHUNK] for start in range(0, len(profile), _CHUNK)]
    if len(chunks) > 255:
        return bytes(encoded)
    segments = [
        b"\xff\xe2"
        + struct.pack(">H", 16 + len(chunk))
        + b"ICC_PROFILE\0"
        + bytes((number, len(chunks)))
        + chunk
        for number, chunk in enumerate(chunks, 1)
    ]
    return b"".join((encoded[:at], *segments, encoded[at:]))
