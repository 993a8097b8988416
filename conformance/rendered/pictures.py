"""Instances whose rendering is known: each with the grey or colour values that must come out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from conformance import codestreams, images, instances
from conformance.instances import encapsulated, gradient, image

RAMP = gradient(12, 16, "u2", step=20)  # 0 to 3820
IDENTITY = "window=128,256,linear"  # of 8 bits: every value stays what it is
SAME = "window=1500,2000,linear"  # what most of these images say themselves
COLOURS = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]],
     [[0, 255, 255], [255, 0, 255], [0, 0, 0], [255, 255, 255]],
     [[128, 128, 128], [64, 32, 16], [200, 100, 50], [10, 20, 230]]], "u1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """An instance, what its rendering must show, and how far a pixel may be off.

    `query` asks for the window of the image by name where the test is about another step, so that
    a server that shows images without their window fails the tests of the window only.
    """

    instance: Dataset
    wanted: np.ndarray
    tolerance: float = 1
    query: str = ""


def _windowed(pixels: np.ndarray, centre: float, width: float, **elements: object) -> Dataset:
    return image(pixels, WindowCenter=centre, WindowWidth=width, **elements)


def window_of_the_image() -> Picture:
    return Picture(_windowed(RAMP, 1500, 2000), images.linear(RAMP, 1500, 2000))


def first_of_several_windows() -> Picture:
    instance = _windowed(RAMP, [1500, 40], [2000, 400])
    return Picture(instance, images.linear(RAMP, 1500, 2000))


def linear_exact_function() -> Picture:
    instance = _windowed(RAMP, 1500, 2000, VOILUTFunction="LINEAR_EXACT")
    return Picture(instance, images.linear_exact(RAMP, 1500, 2000))


def sigmoid_function() -> Picture:
    instance = _windowed(RAMP, 1500, 2000, VOILUTFunction="SIGMOID")
    return Picture(instance, images.sigmoid(RAMP, 1500, 2000))


def rescale() -> Picture:
    instance = _windowed(RAMP, 40, 2000, RescaleSlope="0.5", RescaleIntercept="-1024")
    return Picture(
        instance, images.linear(RAMP * 0.5 - 1024, 40, 2000), query="window=40,2000,linear"
    )


def negative_slope() -> Picture:
    instance = _windowed(RAMP, -1500, 2000, RescaleSlope="-1", RescaleIntercept="0")
    return Picture(
        instance, images.linear(-RAMP.astype(float), -1500, 2000), query="window=-1500,2000,linear"
    )


def monochrome1() -> Picture:
    instance = _windowed(RAMP, 1500, 2000, PhotometricInterpretation="MONOCHROME1")
    return Picture(instance, 255 - images.linear(RAMP, 1500, 2000), query=SAME)


def signed() -> Picture:
    pixels = (RAMP.astype("i2") - 2000).astype("i2")
    return Picture(
        _windowed(pixels, 0, 2000), images.linear(pixels, 0, 2000), query="window=0,2000,linear"
    )


def unused_high_bits() -> Picture:
    instance = _windowed(RAMP | 0xF000, 1500, 2000, BitsStored=12, HighBit=11)
    return Picture(instance, images.linear(RAMP, 1500, 2000), query=SAME)


def high_bit_at_the_top() -> Picture:
    instance = _windowed(RAMP << 4, 1500, 2000, BitsStored=12, HighBit=15)
    return Picture(instance, images.linear(RAMP, 1500, 2000), query=SAME)


def _lut(keyword: str, entries: np.ndarray, first: int = 0) -> dict[str, object]:
    table = Dataset()
    table.add_new(0x00283002, "US", [len(entries), first, 16])
    if keyword == "ModalityLUTSequence":
        table.ModalityLUTType = "US"
    table.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return {keyword: [table]}


def voi_lut() -> Picture:
    entries = np.linspace(65535, 0, 4096)
    instance = image(RAMP, BitsStored=12, HighBit=11, **_lut("VOILUTSequence", entries))
    return Picture(instance, entries.astype(int)[RAMP] / 257)


def modality_lut() -> Picture:
    entries = np.arange(4096) // 4
    lut = _lut("ModalityLUTSequence", entries)
    instance = _windowed(RAMP, 400, 800, BitsStored=12, HighBit=11, **lut)
    return Picture(instance, images.linear(entries[RAMP], 400, 800), query="window=400,800,linear")


def monochrome1_that_says_inverse() -> Picture:
    instance = _windowed(RAMP, 1500, 2000, PhotometricInterpretation="MONOCHROME1")
    instance.PresentationLUTShape = "INVERSE"  # the same once more, not inverted again
    return Picture(instance, 255 - images.linear(RAMP, 1500, 2000), query=SAME)


def _groups(centre: float, width: float, slope: float, intercept: float) -> Dataset:
    voi, transformation, group = Dataset(), Dataset(), Dataset()
    voi.WindowCenter, voi.WindowWidth = centre, width
    transformation.RescaleSlope, transformation.RescaleIntercept = slope, intercept
    transformation.RescaleType = "US"
    group.FrameVOILUTSequence = [voi]
    group.PixelValueTransformationSequence = [transformation]
    return group


def shared_functional_groups() -> Picture:
    instance = image(RAMP[None], SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    instance.SharedFunctionalGroupsSequence = [_groups(500, 2000, 1, -1000)]
    instance.PerFrameFunctionalGroupsSequence = [Dataset()]
    return Picture(instance, images.linear(RAMP.astype(float) - 1000, 500, 2000))


def per_frame_functional_groups() -> Picture:
    instance = image(RAMP[None], SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    instance.SharedFunctionalGroupsSequence = [Dataset()]
    instance.PerFrameFunctionalGroupsSequence = [_groups(500, 2000, 1, -1000)]
    return Picture(instance, images.linear(RAMP.astype(float) - 1000, 500, 2000))


def rgb() -> Picture:
    return Picture(image(COLOURS, photometric="RGB"), COLOURS)


def rgb_by_plane() -> Picture:
    instance = image(COLOURS, photometric="RGB")
    instance.PlanarConfiguration = 1
    instance.PixelData = np.moveaxis(COLOURS, -1, 0).tobytes()
    return Picture(instance, COLOURS)


def ybr_full() -> Picture:
    red, green, blue = np.moveaxis(COLOURS.astype(float), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [luma, (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128]
    stored = np.stack(planes, -1).round().clip(0, 255).astype("u1")
    return Picture(image(stored, photometric="YBR_FULL"), COLOURS, tolerance=3)


def palette() -> Picture:
    indices = gradient(12, 16)
    instance = image(indices, PhotometricInterpretation="PALETTE COLOR")
    steps = np.arange(256)
    tables = (steps, 255 - steps, (steps * 7) % 256)
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        setattr(instance, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        data = (table * 257).astype("<u2").tobytes()
        setattr(instance, f"{name}PaletteColorLookupTableData", data)
    return Picture(instance, np.stack([table[indices] for table in tables], -1))


def one_bit() -> Picture:
    instance, pixels = instances.bits(frames=1, rows=8, columns=8)
    return Picture(instance, pixels[0] * 255)


def rle() -> Picture:
    return Picture(
        instances.rle(_windowed(RAMP, 1500, 2000)), images.linear(RAMP, 1500, 2000), query=SAME
    )


def jpeg_ls() -> Picture:
    like = _windowed(gradient(), 128, 256)
    frames = [codestreams.JPEG_LS]
    return Picture(
        encapsulated(frames, codestreams.JPEG_LS_LOSSLESS, like), gradient(), query=IDENTITY
    )


def jpeg_lossless() -> Picture:
    like = _windowed(gradient(), 128, 256)
    frames = [codestreams.JPEG_LOSSLESS]
    return Picture(
        encapsulated(frames, codestreams.JPEG_LOSSLESS_SV1, like), gradient(), query=IDENTITY
    )


def jpeg_2000() -> Picture:
    like = _windowed(gradient(), 128, 256)
    frames = [codestreams.jpeg2000(gradient())]
    return Picture(
        encapsulated(frames, codestreams.JPEG_2000_LOSSLESS, like), gradient(), query=IDENTITY
    )


def htj2k() -> Picture:
    like = _windowed(gradient(), 128, 256)
    return Picture(
        encapsulated([codestreams.HTJ2K], codestreams.HTJ2K_LOSSLESS, like),
        gradient(),
        query=IDENTITY,
    )


def jpeg_grey() -> Picture:
    like = _windowed(gradient(16, 16), 128, 256)
    frames = [codestreams.jpeg(gradient(16, 16), quality=100)]
    return Picture(
        encapsulated(frames, codestreams.JPEG_BASELINE, like),
        gradient(16, 16),
        tolerance=4,
        query=IDENTITY,
    )


def jpeg_colour() -> Picture:
    blocks = COLOURS.repeat(16, 0).repeat(16, 1)
    like = image(blocks, photometric="RGB")
    frames = [codestreams.jpeg(blocks, quality=100)]
    instance = encapsulated(frames, codestreams.JPEG_BASELINE, like)
    instance.PhotometricInterpretation = "YBR_FULL"
    return Picture(instance, blocks, tolerance=6)


def big_endian() -> Picture:
    instance = _windowed(RAMP, 1500, 2000, syntax=instances.BIG_ENDIAN)
    return Picture(instance, images.linear(RAMP, 1500, 2000), query=SAME)


ALL: dict[str, Callable[[], Picture]] = {
    make.__name__.replace("_", " "): make
    for make in (
        window_of_the_image, first_of_several_windows, linear_exact_function, sigmoid_function,
        rescale, negative_slope, monochrome1, signed, unused_high_bits, high_bit_at_the_top,
        voi_lut, modality_lut, monochrome1_that_says_inverse, shared_functional_groups,
        per_frame_functional_groups, rgb, rgb_by_plane, ybr_full, palette, one_bit,
        rle, jpeg_ls, jpeg_lossless, jpeg_2000, htj2k, jpeg_grey, jpeg_colour, big_endian,
    )
}  # fmt: skip
