"""Every transfer syntax that is read, in every transfer syntax that is written."""

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
import samples

from dicomweb.pixels.codecs import SYNTAXES
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.targets import TARGETS, can_transcode, image_after, is_lossy, targets_for
from dicomweb.pixels.transcode import transcode_frame
from tests.pixels.stored_images import make_image, make_samples, stored

JPEG = "1.2.840.10008.1.2.4."
IMPLICIT, EXPLICIT, BIG_ENDIAN = (f"1.2.840.10008.1.2{tail}" for tail in ("", ".1", ".2"))
NATIVE = (IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1.98")
# Under these a stream of another one of the family is stored: nobody writes them any more.
SAME_STREAM = {f"{JPEG}92": f"{JPEG}90", f"{JPEG}93": f"{JPEG}91"}
RETIRED = {
    f"{JPEG}53": "JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53",
    f"{JPEG}55": "JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55",
}
KINDS = {
    "grey of 8 bits": make_image(8),
    "grey of 12 bits": make_image(12),
    "signed grey of 16 bits": make_image(16, signed=True),
    "colour": make_image(8, samples=3),
}


def source(syntax: str, kind: str) -> tuple[bytes, ImagePixel] | None:
    """A frame stored in this transfer syntax; None where it has no room for such samples."""
    image = KINDS[kind]
    native = make_samples(image).tobytes()
    if syntax in NATIVE:
        return native, replace(image, transfer_syntax=syntax)
    if syntax == BIG_ENDIAN:
        swapped = make_samples(image).byteswap().tobytes()
        word_vr = "OW" if image.bits_allocated > 8 else "OB"
        return swapped, replace(image, transfer_syntax=syntax, word_vr=word_vr)
    if syntax in RETIRED:
        if kind != "grey of 12 bits":
            return None
        name = f"transfer-syntaxes/one-ct-slice/CTImage.dcm_{RETIRED[syntax]}.dcm"
        found = stored(samples.folder() / name, most=1)
        return found.frames[0], found.image
    if syntax in (f"{JPEG}111", f"{JPEG}112"):
        return _jpeg_xl(syntax, image)
    written = SAME_STREAM.get(syntax, syntax)
    if not can_transcode(image, written):
        return None
    after = image_after(image, written)
    return transcode_frame(native, image, written), replace(after, transfer_syntax=syntax)


def _jpeg_xl(syntax: str, image: ImagePixel) -> tuple[bytes, ImagePixel] | None:
    """A JPEG in JPEG XL's coding, or one with loss."""
    if image.bits_stored != 8:
        return None
    values = make_samples(image)
    if syntax.endswith("111"):
        stream = imagecodecs.jpegxl_encode_jpeg(imagecodecs.jpeg8_encode(values, 90))
    else:
        stream = imagecodecs.jpegxl_encode(values, distance=1.0)
    return bytes(stream), replace(image, transfer_syntax=syntax)


def off_by(frame: bytes, image: ImagePixel, target: str) -> np.ndarray:
    """How far each sample is from the stored one once the frame is in `target`."""
    found = decode(transcode_frame(frame, image, target), image_after(image, target))
    return np.abs(found.astype(np.int64) - decode(frame, image).astype(np.int64))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_syntax_becomes_every_target(syntax: str) -> None:
    sources = [made for kind in KINDS if (made := source(syntax, kind))]
    assert sources
    for frame, image in sources:
        for target in targets_for(image):
            off = off_by(frame, image, target)
            if target == image.transfer_syntax or not is_lossy(target):
                assert off.max() == 0, target
            else:
                assert off.mean() < (1 << image.bits_stored) / 8, target


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_reached_from_some_source(target: str) -> None:
    assert any(target in targets_for(image) for image in KINDS.values())
