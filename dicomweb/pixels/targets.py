"""Which transfer syntaxes a stored image can be given in, and what its data set says afterwards.

No NumPy here: negotiation asks these questions before anything is decoded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, integer, text, values
from dicomweb.pixels.codecs import SYNTAXES
from dicomweb.pixels.image import ImagePixel, Kind, photometric_after

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_NATIVE = ("1.2.840.10008.1.2", EXPLICIT_LITTLE_ENDIAN, "1.2.840.10008.1.2.1.99")
_NEVER = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
_J = "1.2.840.10008.1.2.4."
_KEEPING_WORDS = ("native", "rle", "deflated")


@dataclass(frozen=True, slots=True)
class Target:
    """A transfer syntax that we write: for which images, and whether something is lost."""

    fits: Callable[[ImagePixel], bool]
    lossy: bool = False


def _always(image: ImagePixel) -> bool:
    return True


def _bytes(image: ImagePixel) -> bool:
    """RLE has room for 15 segments, one for each byte of a pixel (PS3.5 G.4)."""
    return _integers(image, (8, 16, 32)) and image.samples * image.bits_allocated // 8 <= 15


def _integers(image: ImagePixel, allocated: tuple[int, ...] = (8, 16)) -> bool:
    return image.kind is Kind.INTEGER and image.bits_allocated in allocated


def _any_width(image: ImagePixel) -> bool:
    """PS3.5 A.4 wants Pixel Data in its frames, not floating point numbers."""
    return image.kind is Kind.INTEGER


def _unsigned(image: ImagePixel) -> bool:
    """JPEG XL knows no sign, and no luminance and chroma but its own."""
    return _integers(image) and not image.signed and photometric_after(image)[:3] != "YBR"


def _graded(image: ImagePixel) -> bool:
    """Values of which a neighbour will do, unlike entries of a palette or the few of a mask."""
    return _integers(image) and image.photometric != "PALETTE COLOR" and image.bits_stored >= 8


def _baseline(image: ImagePixel) -> bool:
    return _graded(image) and image.bits_stored == 8 and not image.signed


def _extended(image: ImagePixel) -> bool:
    return _graded(image) and 8 < image.bits_stored <= 12 and not image.signed


TARGETS: Mapping[str, Target] = {
    EXPLICIT_LITTLE_ENDIAN: Target(_always),
    "1.2.840.10008.1.2.5": Target(_bytes),
    _J + "70": Target(_integers),
    _J + "57": Target(_integers),
    _J + "80": Target(_integers),
    _J + "90": Target(_integers),
    _J + "201": Target(_integers),
    _J + "202": Target(_integers),
    _J + "203": Target(_integers),
    _J + "110": Target(_unsigned),
    "1.2.840.10008.1.2.8.1": Target(_any_width),
    _J + "50": Target(_baseline, lossy=True),
    _J + "51": Target(_extended, lossy=True),
    _J + "81": Target(_graded, lossy=True),
    _J + "91": Target(_graded, lossy=True),
}
"""In the order in which a refusal names them. HTJ2K 4.203 may lose something; ours does not."""


def can_transcode(image: ImagePixel, target: str) -> bool:
    """Whether `transcode.transcode_frame` can give this image in `target`; as stored, always."""
    if target == image.transfer_syntax:
        return True
    found = TARGETS.get(target)
    decodable = image.transfer_syntax in SYNTAXES and image.samples in (1, 3)
    return found is not None and decodable and found.fits(image)


def targets_for(image: ImagePixel) -> tuple[str, ...]:
    """The transfer syntaxes in which this image can be given, the stored one first.

    Implicit VR and big endian never leave a web service, stored or not (PS3.18 8.7.3).
    """
    found = dict.fromkeys((image.transfer_syntax, *TARGETS))
    return tuple(uid for uid in found if uid not in _NEVER and can_transcode(image, uid))


def refusal(image: ImagePixel, target: str) -> NotAcceptable:
    """The 406 for a target that cannot be given; it names those that can (PS3.18 8.5)."""
    given = ", ".join(targets_for(image))
    return NotAcceptable(f"The image cannot be given as {target}. It can be given as: {given}.")


def is_lossy(target: str) -> bool:
    """Whether transcoding to `target` loses something."""
    return target in TARGETS and TARGETS[target].lossy


def keeps_words(image: ImagePixel, target: str) -> bool:
    """Whether the words stay as they are, bits beside the sample included."""
    return (
        image.transfer_syntax in SYNTAXES
        and SYNTAXES[image.transfer_syntax].family in _KEEPING_WORDS
        and target in SYNTAXES
        and SYNTAXES[target].family in _KEEPING_WORDS
        and not photometric_after(image).startswith("YBR_PARTIAL")
    )


def becomes_rgb(image: ImagePixel, target: str) -> bool:
    """Whether luminance and chroma are given to the encoder of `target` as red, green and blue.

    Lossy codecs have a colour transform of their own; no codec says that a range is partial.
    """
    return is_lossy(target) or photometric_after(image).startswith("YBR_PARTIAL")


def keeps_bytes(image: ImagePixel, target: str) -> bool:
    """Whether the frame is the same in `target`, byte for byte."""
    little_endian = (*_NATIVE, ENCAPSULATED_UNCOMPRESSED)
    return target == image.transfer_syntax or {image.transfer_syntax, target} <= {*little_endian}


def image_after(image: ImagePixel, target: str) -> ImagePixel:
    """The description of the pixels once they are in `target`, colour by pixel."""
    if keeps_bytes(image, target):
        return replace(image, transfer_syntax=target)
    after = replace(
        image, transfer_syntax=target, planar=0, photometric=_photometric(image, target)
    )
    if keeps_words(image, target) or image.kind is not Kind.INTEGER:
        return after
    if target == _J + "50":
        return replace(after, bits_allocated=8, bits_stored=8, high_bit=7)
    if target == _J + "51":
        return replace(after, bits_allocated=16, bits_stored=12, high_bit=11)
    return replace(after, high_bit=image.bits_stored - 1)


def compression_ratio(image: ImagePixel, compressed: int) -> float:
    """Bytes of all frames without compression, over `compressed` bytes (PS3.3 C.7.6.1.1.5.2)."""
    bits = image.rows * image.columns * image.samples * image.bits_allocated * image.frames
    return round(bits / 8 / max(1, compressed), 2)


def pixel_data_vr(image: ImagePixel) -> str:
    """The VR of the pixel data element in explicit VR (PS3.5 A.2 and A.4)."""
    if image.kind is not Kind.INTEGER:
        return "OF" if image.kind is Kind.FLOAT else "OD"
    return "OW" if image.transfer_syntax in _NATIVE and image.bits_allocated > 8 else "OB"


def changes_after(
    metadata: Metadata, image: ImagePixel, target: str, ratio: float = 0.0
) -> dict[str, Any]:
    """The attributes that differ once the pixels are in `target`: tag -> element in DICOM JSON.

    None stands for an attribute to be removed. `ratio` is `compression_ratio` of the result and
    needed for lossy targets only. PS3.3 C.7.6.1.1.5 and C.7.6.3.1.
    """
    if target == image.transfer_syntax:
        return {}
    after = image_after(image, target)
    wanted = _description(after) | _loss(metadata, image, target, ratio)
    changes: dict[str, Any] = {
        tag: element for tag, element in wanted.items() if values(metadata, tag) != element["Value"]
    }
    # Extended offsets and lengths are those of the frames as they were stored.
    gone = [tag for tag in ("7FE00001", "7FE00002") if tag in metadata]
    if not keeps_words(image, target):
        gone += _embedded_overlays(metadata)
    return changes | dict.fromkeys(gone)


def _photometric(image: ImagePixel, target: str) -> str:
    space = photometric_after(image)
    if image.samples != 3:
        return space
    if becomes_rgb(image, target):
        space = "RGB"
    if target in (_J + "50", _J + "51"):
        return "YBR_FULL_422"
    if space == "RGB" and target in SYNTAXES and SYNTAXES[target].family == "jpeg_2000":
        return "YBR_ICT" if is_lossy(target) else "YBR_RCT"
    return space


def _description(after: ImagePixel) -> dict[str, Any]:
    found: dict[str, Any] = {"00280004": {"vr": "CS", "Value": [after.photometric]}}
    if after.samples > 1:
        found["00280006"] = {"vr": "US", "Value": [after.planar]}
    if after.kind is Kind.INTEGER:
        bits = (after.bits_allocated, after.bits_stored, after.high_bit)
        for tag, value in zip(("00280100", "00280101", "00280102"), bits, strict=True):
            found[tag] = {"vr": "US", "Value": [value]}
    return found


def _loss(metadata: Metadata, image: ImagePixel, target: str, ratio: float) -> dict[str, Any]:
    """Lossy Image Compression with its ratio and method, added to what was lost before."""
    if is_lossy(target):
        return {
            "00282110": {"vr": "CS", "Value": ["01"]},
            "00282112": {"vr": "DS", "Value": [*values(metadata, "00282112"), ratio]},
            "00282114": {
                "vr": "CS",
                "Value": [*values(metadata, "00282114"), SYNTAXES[target].method],
            },
        }
    # A DCT always lost something, whether or not its data set said so.
    if _is_dct(image) and text(metadata, "00282110") != "01":
        methods = values(metadata, "00282114") or [SYNTAXES[image.transfer_syntax].method]
        return {
            "00282110": {"vr": "CS", "Value": ["01"]},
            "00282114": {"vr": "CS", "Value": methods},
        }
    return {}


def _is_dct(image: ImagePixel) -> bool:
    syntax = SYNTAXES.get(image.transfer_syntax)
    return syntax is not None and syntax.method == "ISO_10918_1"


def _embedded_overlays(metadata: Metadata) -> list[str]:
    """The groups of overlays in bits of the pixel words, retired in 2004 (PS3.3 C.9.2)."""
    groups = {
        tag[:4]
        for tag in metadata
        if tag.startswith("60")
        and tag.endswith("0102")
        and (integer(metadata, tag) or 0) > 0
        and f"{tag[:4]}3000" not in metadata
    }
    return sorted(tag for tag in metadata if tag[:4] in groups)
