"""Colour management: which ICC profile a picture has, and pixels from one profile to another."""

import io
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, binary, items
from dicomweb.pixels.icc_profiles import grey_profile, rgb_profile
from dicomweb.pixels.options import WITH_PROFILE, RenderOptions
from dicomweb.pixels.source import Source
from dicomweb.pixels.tables import BulkReader

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

# The profiles of slide scanners take megabytes; a tile of 20 KB carries no more than this unasked.
MAX_UNASKED = 1 << 16
MAX_BYTES = 1 << 24

Picture = NDArray[np.uint8]


def managed(
    picture: Picture, options: RenderOptions, own_profile: Callable[[], bytes]
) -> tuple[Picture, bytes]:
    """The picture and the profile to embed, none being empty (PS3.18 8.3.5.1.5).

    `no`; `yes`, the picture's own profile or a well-known one; a colour space, into which the
    pixels are converted; without a wish a small profile of its own goes along.
    """
    asked = options.profile
    if asked == "no" or options.media_type not in WITH_PROFILE:
        return picture, b""
    own = own_profile() if picture.ndim == 3 else b""
    if asked == "":
        return picture, own if len(own) <= MAX_UNASKED else b""
    if asked == "yes":
        return picture, own or (rgb_profile("srgb") if picture.ndim == 3 else grey_profile())
    target = rgb_profile(asked)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    return convert(picture, own or rgb_profile("srgb"), target), target


def profile_of(source: Source) -> bytes:
    """The RGB profile of the instance, else of its optical path, else of the compressed frame."""
    frame = source.frame
    return dataset_profile(source.metadata, source.bulk) or usable(
        _from_jpeg(frame) if frame[:2] == b"\xff\xd8" else b""
    )


def dataset_profile(dataset: Metadata, bulk: BulkReader) -> bytes:
    """ICC Profile (0028,2000) of an image, its Optical Path Sequence, or a presentation state."""
    places = (dataset, *items(dataset, "00480105"))
    return next(filter(None, (usable(binary(place, "00282000", bulk)) for place in places)), b"")


def usable(profile: bytes) -> bytes:
    """The profile without padding, or nothing when it is no RGB profile of a sane size."""
    if not 128 < len(profile) <= MAX_BYTES or profile[36:40] != b"acsp":
        return b""
    length = struct.unpack_from(">L", profile)[0]
    if profile[16:20] != b"RGB " or not 128 < length <= len(profile):
        return b""
    return profile[:length]


def convert(picture: Picture, source: bytes, target: bytes) -> Picture:
    """Pixels of one RGB space in another, relative colorimetric; as they are if that fails."""
    if source == target:
        return picture
    from PIL import Image, ImageCms

    try:
        converted = ImageCms.applyTransform(Image.fromarray(picture), _transform(source, target))
    except (ImageCms.PyCMSError, OSError):
        return picture
    return np.asarray(converted)


@lru_cache(maxsize=4)
def _transform(source: bytes, target: bytes) -> "ImageCmsTransform":
    """Kept, because the tiles of a slide share a profile of megabytes."""
    from PIL import ImageCms

    before, after = (ImageCms.ImageCmsProfile(io.BytesIO(each)) for each in (source, target))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.buildTransform(before, after, "RGB", "RGB", intent)


def _from_jpeg(frame: bytes) -> bytes:
    """The chunks of APP2 segments ICC_PROFILE, joined (ICC.1:2010 annex B.4)."""
    chunks: dict[int, bytes] = {}
    at = 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], struct.unpack_from(">H", frame, at + 2)[0]
        if marker == 0xDA or length < 2:
            break
        body = frame[at + 4 : at + 2 + length]
        if marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
            chunks[body[12]] = body[14:]
        at += 2 + length
    return b"".join(chunks[number] for number in sorted(chunks))
