"""Images of known pixels in the syntaxes that a retrieval must cope with."""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from conformance import codestreams, instances
from conformance.instances import encapsulated, gradient, image, rle


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored instance, its pixels once decoded, and its compressed frames if it has any."""

    instance: Dataset
    pixels: np.ndarray
    frames: tuple[bytes, ...] = ()
    media_type: str = "application/octet-stream"

    @property
    def syntax(self) -> str:
        return str(self.instance.file_meta.TransferSyntaxUID)


def native(name: str) -> Sample:
    """Native pixels of each kind by name."""
    pixels = {
        "8 bits": gradient(),
        "16 bits": gradient(dtype="u2", step=300),
        "signed 16 bits": (gradient(dtype="i2", step=300) - 20000).astype("i2"),
        "32 bits": gradient(dtype="u4", step=20_000_000),
        "colour": np.stack([gradient(), gradient() // 2, 255 - gradient()], -1),
        "three frames": np.stack([gradient() // (n + 1) for n in range(3)]),
        "odd length": np.stack([gradient(3, 5) + 7 * n for n in range(3)]),
    }[name]
    photometric = "RGB" if name == "colour" else "MONOCHROME2"
    return Sample(image(pixels, photometric=photometric), pixels)


def old(syntax: str) -> Sample:
    """16-bit pixels in Implicit VR, big endian, or deflated."""
    pixels = gradient(dtype="u2", step=300)
    return Sample(image(pixels, syntax=syntax), pixels)


def planes() -> Sample:
    """Colour by plane."""
    pixels = native("colour").pixels
    instance = image(pixels, photometric="RGB")
    instance.PlanarConfiguration = 1
    instance.PixelData = np.moveaxis(pixels, -1, 0).tobytes()
    return Sample(instance, pixels)


def one_bit() -> Sample:
    """Three one-bit frames that do not begin at a byte."""
    instance, pixels = instances.bits()
    return Sample(instance, pixels)


def compressed(name: str) -> Sample:
    """The gradient in a lossless codec, three frames of JPEG, or RLE."""
    if name == "RLE":
        return _rle()
    if name == "JPEG baseline":
        return _jpeg()
    syntax, media_type, frame = {
        "JPEG lossless": (
            codestreams.JPEG_LOSSLESS_SV1,
            "image/jpeg",
            codestreams.JPEG_LOSSLESS,
        ),
        "JPEG-LS": (codestreams.JPEG_LS_LOSSLESS, "image/jls", codestreams.JPEG_LS),
        "JPEG 2000": (
            codestreams.JPEG_2000_LOSSLESS,
            "image/jp2",
            codestreams.jpeg2000(gradient()),
        ),
        "HTJ2K": (codestreams.HTJ2K_LOSSLESS, "image/jphc", codestreams.HTJ2K),
    }[name]
    instance = encapsulated([frame], syntax, image(gradient()))
    return Sample(instance, gradient(), (frame,), media_type)


def _rle() -> Sample:
    pixels = np.stack([gradient(dtype="u2", step=n + 1) for n in range(3)])
    instance = rle(image(pixels))
    frames = tuple(instances.frames_of(instance))
    return Sample(instance, pixels, frames, "image/dicom-rle")


def _jpeg() -> Sample:
    smooth = np.stack([np.full((16, 24), 40 * (n + 1), "u1") for n in range(3)])
    frames = [codestreams.jpeg(frame) for frame in smooth]
    instance = encapsulated(frames, codestreams.JPEG_BASELINE, image(smooth))
    instance.LossyImageCompression = "01"
    return Sample(instance, smooth, tuple(frames), "image/jpeg")


def film() -> Sample:
    """What looks like a film in MP4."""
    shape = np.stack([gradient()] * 2)
    instance = encapsulated([codestreams.MP4_STREAM], codestreams.MP4, image(shape))
    instance.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
    return Sample(instance, shape, (codestreams.MP4_STREAM,), "video/mp4")
