"""The 12 x 16 gradient of `instances.gradient()` in every codec, so that no encoder is needed."""

import base64
import io

import numpy as np
from PIL import Image

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
MP4 = "1.2.840.10008.1.2.4.102"

# Written once by CharLS, by libjpeg-turbo (process 14, first-order prediction), and by OpenJPH.
JPEG_LS = base64.b64decode(
    "/9j/9wALCAAMABABAREA/9oACAEBAAAAAK22/b/+ATSv/wAn/3j3/3nP/3Nf/2x//y3/fqf/el//aH//e/98/9k="
)
JPEG_LOSSLESS = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/wwALCAAMABABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAQUI/9oACAEBAAEAAM"
    "/qqqqq0FVVVVaCqqqqtBVVVVWgqqqqrQVVVVVoKqqqq0FVVVVaCqqqqtBVVVVWgqqqqrQVVVVV/9k="
)
HTJ2K = base64.b64decode(
    "/0//UQApQAAAAAAQAAAADAAAAAAAAAAAAAAAEAAAAAwAAAAAAAAAAAABBwEB/1AACAACAAAAAv9SAAwAAgABAAUEBE"
    "AB/1wAEyBIUFBQUFBQUFBQUFBQSEhI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAF0AAf+TwCXvAId0"
    "AADAEsASgPAAx3QAEAGHdADAEsARgMAAQnQACjMAwBLAFUD4rHJ0AEaj0fjAEIG+tgDAJoBWAMDngUvlAN7d3d36cn"
    "v3yey4AP/Z"
)
# Not a film, but an ISO base media file type box and a payload: servers must not look inside.
MP4_STREAM = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(range(256)) * 8


def jpeg(pixels: np.ndarray, quality: int = 95) -> bytes:
    """A baseline JPEG: one component of (rows, columns), or YCbCr 4:4:4 of RGB pixels."""
    return _saved(pixels, "JPEG", quality=quality, subsampling=0)


def jpeg2000(pixels: np.ndarray) -> bytes:
    """A reversible JPEG 2000 codestream without the JP2 box."""
    return _saved(pixels, "JPEG2000", no_jp2=True, irreversible=False)


def png(pixels: np.ndarray) -> bytes:
    """A PNG."""
    return _saved(pixels, "PNG")


def gif(frames: list[np.ndarray]) -> bytes:
    """A GIF; more than one frame makes it animated."""
    images = [Image.fromarray(frame) for frame in frames]
    stream = io.BytesIO()
    images[0].save(stream, "GIF", save_all=True, append_images=images[1:])
    return stream.getvalue()


def _saved(pixels: np.ndarray, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, name, **options)
    return stream.getvalue()
