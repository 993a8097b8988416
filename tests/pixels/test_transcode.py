"""Frames in another transfer syntax: nothing lost that need not be, and the data set says so."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import samples
from numpy.typing import NDArray
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.codecs import native
from dicomweb.pixels.colour import to_rgb
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel, Kind
from dicomweb.pixels.targets import (
    TARGETS,
    can_transcode,
    image_after,
    is_lossy,
    pixel_data_vr,
    targets_for,
)
from dicomweb.pixels.transcode import native_value, transcode_frame
from tests.pixels.stored_images import (
    Stored,
    by_dcmtk,
    by_pydicom,
    make_image,
    make_samples,
    stored,
)

EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
DEFLATED = "1.2.840.10008.1.2.8.1"
JPEG = "1.2.840.10008.1.2.4."
LOSSLESS = [uid for uid in TARGETS if not is_lossy(uid)]
LOSSY = [uid for uid in TARGETS if is_lossy(uid)]
# (bits stored, signed, samples per pixel)
KINDS = [
    *((bits, signed, 1) for bits in (7, 8, 10, 12, 16) for signed in (False, True)),
    *((bits, signed, 3) for bits in (8, 12, 16) for signed in (False, True)),
]


def given(
    bits: int, signed: bool = False, colours: int = 1, **more: Any
) -> tuple[bytes, ImagePixel, NDArray[Any]]:
    """A native frame, its description and its samples."""
    image = make_image(bits, signed=signed, samples=colours, **more)
    values = make_samples(image)
    return values.tobytes(), image, values


@pytest.mark.parametrize("target", LOSSLESS)
@pytest.mark.parametrize(("bits", "signed", "colours"), KINDS)
def test_a_lossless_target_gives_back_every_sample(
    target: str, bits: int, signed: bool, colours: int
) -> None:
    frame, image, values = given(bits, signed, colours)
    if not can_transcode(image, target):
        assert target == f"{JPEG}110"
        assert signed
        return
    found = decode(transcode_frame(frame, image, target), image_after(image, target))
    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


def as_file(frame: bytes, image: ImagePixel, path: Path) -> None:
    """One frame as a Part 10 file, written by pydicom."""
    dataset = samples.make_dataset(
        Rows=image.rows,
        Columns=image.columns,
        SamplesPerPixel=image.samples,
        PhotometricInterpretation=image.photometric,
        BitsAllocated=image.bits_allocated,
        BitsStored=image.bits_stored,
        HighBit=image.high_bit,
        PixelRepresentation=int(image.signed),
    )
    if image.samples > 1:
        dataset.PlanarConfiguration = image.planar
    encapsulated = image.transfer_syntax not in (EXPLICIT, BIG_ENDIAN)
    value = encapsulate([frame]) if encapsulated else native_value([frame], image)
    dataset.add_new(0x7FE00010, pixel_data_vr(image), value)
    dataset["PixelData"].is_undefined_length = encapsulated
    path.write_bytes(samples.encode(dataset, UID(image.transfer_syntax)))


@pytest.mark.parametrize("target", [EXPLICIT, RLE, f"{JPEG}80", f"{JPEG}90"])
@pytest.mark.parametrize(("bits", "signed", "colours"), KINDS)
def test_pydicom_reads_what_was_transcoded(
    target: str, bits: int, signed: bool, colours: int, tmp_path: Path
) -> None:
    if target.endswith("90") and colours == 3 and bits > 8:
        pytest.skip("pydicom's J2K decoder here, Pillow, has 8 bits for colour")
    frame, image, values = given(bits, signed, colours)
    as_file(transcode_frame(frame, image, target), image_after(image, target), tmp_path / "x.dcm")
    (found,) = by_pydicom(stored(tmp_path / "x.dcm"))
    assert np.array_equal(found, values)


@pytest.mark.parametrize("target", [f"{JPEG}57", f"{JPEG}70"])
@pytest.mark.parametrize(("bits", "signed", "colours"), KINDS)
def test_dcmtk_reads_a_lossless_jpeg(
    target: str, bits: int, signed: bool, colours: int, tmp_path: Path
) -> None:
    frame, image, values = given(bits, signed, colours)
    as_file(transcode_frame(frame, image, target), image_after(image, target), tmp_path / "x.dcm")
    found = by_dcmtk(tmp_path / "x.dcm", tmp_path)
    assert np.array_equal(decode(found.frames[0], found.image), values)


def test_dcmtk_reads_lossless_luminance_and_chroma(tmp_path: Path) -> None:
    frame, image, values = given(8, colours=3, photometric="YBR_FULL")
    after = image_after(image, f"{JPEG}70")
    as_file(transcode_frame(frame, image, f"{JPEG}70"), after, tmp_path / "x.dcm")
    found = by_dcmtk(tmp_path / "x.dcm", tmp_path)
    assert np.array_equal(decode(found.frames[0], found.image), values)


@pytest.mark.parametrize("target", [f"{JPEG}{tail}" for tail in (90, 201, 202, 203)])
@pytest.mark.parametrize(("bits", "signed", "colours"), KINDS)
def test_openjpeg_and_openjph_read_a_codestream_with_its_true_precision(
    target: str, bits: int, signed: bool, colours: int
) -> None:
    import openjpeg
    from imagecodecs import htj2k_decode

    frame, image, values = given(bits, signed, colours)
    stream = transcode_frame(frame, image, target)
    said = openjpeg.get_parameters(stream)
    assert (said["precision"], said["is_signed"], said["samples_per_pixel"]) == (
        bits,
        signed,
        colours,
    )
    assert np.array_equal(openjpeg.decode(stream), values)
    if target != f"{JPEG}90":
        assert np.array_equal(htj2k_decode(stream), values)


def test_a_progressive_codestream_is_as_the_standard_wants_it() -> None:
    frame, image, _ = given(12, rows=1500, columns=300)
    stream = transcode_frame(frame, image, f"{JPEG}202")
    coding = stream.index(b"\xff\x52")
    assert stream[coding + 5] == 2, "the order is RPCL"
    assert 1500 >> stream[coding + 9] <= 64, "the smallest resolution is a thumbnail"
    assert b"\xff\x55" in stream, "the lengths of its tile-parts stand in TLM"


@pytest.mark.parametrize("target", LOSSY)
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(("allocated", "bits"), [(8, 8), (16, 8), (16, 12), (16, 16)])
def test_a_lossy_target_resembles_the_image(
    target: str, colours: int, allocated: int, bits: int
) -> None:
    image = make_image(bits, samples=colours, rows=96, columns=96, bits_allocated=allocated)
    if not can_transcode(image, target):
        pytest.skip("it knows 8 or 12 bits only")
    across, down = np.meshgrid(np.linspace(0, 3, 96), np.linspace(0, 3, 96))
    wave = (np.sin(across) * np.cos(down) + 1) / 2 * ((1 << bits) - 1)
    values = wave if colours == 1 else np.stack([wave, wave / 2, wave.max() - wave], -1)
    values = np.rint(values).astype(f"u{image.bits_allocated // 8}")
    after = image_after(image, target)
    stream = transcode_frame(values.tobytes(), image, target)
    found = decode(stream, after)
    assert len(stream) < values.nbytes / 3
    assert np.abs(found.astype(int) - values).mean() < (1 << bits) / 100
    assert (after.bits_stored, after.high_bit) == (bits, bits - 1)


def test_a_browser_can_show_a_baseline_jpeg() -> None:
    values = np.zeros((16, 16, 3), np.uint8) + np.array([220, 40, 90], np.uint8)
    image = make_image(8, samples=3, rows=16, columns=16)
    stream = transcode_frame(values.tobytes(), image, f"{JPEG}50")
    shown = np.asarray(Image.open(io.BytesIO(stream)).convert("RGB"))
    assert np.abs(shown.astype(int) - values).max() <= 3


def test_near_lossless_is_off_by_little_and_never_leaves_the_range() -> None:
    for signed in (False, True):
        frame, image, values = given(12, signed)
        target = f"{JPEG}81"
        found = decode(transcode_frame(frame, image, target), image_after(image, target))
        assert np.abs(found.astype(int) - values).max() <= 4


@pytest.mark.parametrize("source", [EXPLICIT, BIG_ENDIAN, RLE, DEFLATED])
@pytest.mark.parametrize("target", [EXPLICIT, RLE, DEFLATED])
def test_bits_beside_the_sample_stay_where_words_are_kept(source: str, target: str) -> None:
    words = np.array([[0xF123, 0x0FFF, 0x8000]], np.uint16)
    image = ImagePixel(1, 3, bits_stored=12, high_bit=11, transfer_syntax=BIG_ENDIAN)
    frame = words.byteswap().tobytes()
    if source != BIG_ENDIAN:
        frame, image = transcode_frame(frame, image, source), image_after(image, source)
    found = transcode_frame(frame, image, target)
    assert transcode_frame(found, image_after(image, target), EXPLICIT) == words.tobytes()


def test_a_sample_away_from_the_low_bits_moves_there_for_a_codec() -> None:
    image = ImagePixel(1, 2, bits_stored=12, high_bit=15)
    frame = np.array([0xABC7, 0x1230], np.uint16).tobytes()
    after = image_after(image, f"{JPEG}80")
    assert after.high_bit == 11
    assert decode(transcode_frame(frame, image, f"{JPEG}80"), after).tolist() == [[0xABC, 0x123]]


@pytest.mark.parametrize("target", [EXPLICIT, DEFLATED])
def test_one_bit_frames_stay_packed(target: str) -> None:
    image = ImagePixel(3, 5, bits_allocated=1, bits_stored=1, high_bit=0, transfer_syntax=DEFLATED)
    bits = np.random.default_rng(0).integers(0, 2, (3, 5)).astype(np.uint8)
    stream = transcode_frame(
        native.encode(bits, image), replace(image, transfer_syntax=EXPLICIT), DEFLATED
    )
    found = transcode_frame(stream, image, target)
    assert np.array_equal(decode(found, image_after(image, target)), bits)


def test_one_bit_frames_follow_one_another_without_a_gap() -> None:
    image = ImagePixel(3, 3, bits_allocated=1, bits_stored=1, high_bit=0, frames=2)
    value = native_value([b"\xff\x01", b"\x00\x01"], image)
    assert value == b"\xff\x01\x02\x00"
    assert native_value([b"abc", b"de"], make_image(8)) == b"abcde\0"


@pytest.mark.parametrize("kind", [Kind.FLOAT, Kind.DOUBLE])
def test_floating_point_pixels_are_given_natively_only(kind: Kind) -> None:
    image = ImagePixel(
        1, 2, bits_allocated=32 if kind is Kind.FLOAT else 64, kind=kind, transfer_syntax=BIG_ENDIAN
    )
    values = np.array([[1.5, -2.25]], "f4" if kind is Kind.FLOAT else "f8")
    assert targets_for(image) == (EXPLICIT,)
    assert transcode_frame(values.byteswap().tobytes(), image, EXPLICIT) == values.tobytes()


def test_a_refusal_names_what_can_be_given() -> None:
    frame, image, _ = given(16)
    with pytest.raises(NotAcceptable, match=r"4\.50\. It can be given as: .*1\.2\.1,.*4\.90"):
        transcode_frame(frame, image, f"{JPEG}50")


def test_a_video_is_given_only_as_it_is_stored() -> None:
    image = make_image(8, samples=3, transfer_syntax=f"{JPEG}102")
    assert targets_for(image) == (f"{JPEG}102",)
    assert transcode_frame(b"video", image, f"{JPEG}102") == b"video"


@pytest.mark.parametrize("source", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"])
def test_a_native_frame_is_given_natively_byte_for_byte(source: str) -> None:
    image = make_image(8, samples=3, planar=1, transfer_syntax=source)
    frame = make_samples(image).tobytes()
    assert transcode_frame(frame, image, EXPLICIT) is frame
    assert image_after(image, EXPLICIT).planar == 1


@pytest.mark.parametrize("target", LOSSLESS)
@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_luminance_and_chroma_come_through_without_loss(target: str, photometric: str) -> None:
    image = make_image(8, samples=3, photometric=photometric, rows=8, columns=8)
    frame = np.random.default_rng(0).integers(0, 256, image.native_bytes).astype(np.uint8).tobytes()
    if can_transcode(image, target):
        found = decode(transcode_frame(frame, image, target), image_after(image, target))
        assert np.array_equal(found, decode(frame, image))


@pytest.mark.parametrize("target", LOSSY)
@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"])
def test_a_colour_is_the_same_colour_after_a_loss(target: str, photometric: str) -> None:
    image = make_image(8, samples=3, photometric=photometric, rows=16, columns=16)
    if not can_transcode(image, target):
        pytest.skip("it is for more than 8 bits")
    pixel = (90, 90, 200, 60) if image.half_chroma else (90, 200, 60)
    frame = np.resize(np.array(pixel, np.uint8), image.native_bytes).tobytes()
    after = image_after(image, target)
    found = to_rgb(decode(transcode_frame(frame, image, target), after), after)
    stored_colour = to_rgb(decode(frame, image), image)
    assert np.abs(found.astype(int) - stored_colour).max() <= 4


def _sources() -> list[str]:
    slice_ = "transfer-syntaxes/one-ct-slice"
    return [
        f"{slice_}/CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm",
        f"{slice_}/CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm",
        f"{slice_}/CTImage.dcm_JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm",
        f"{slice_}/CTImage.dcm_BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2.dcm",
        "pydicom/SC_rgb_rle_16bit.dcm",
        "pydicom/examples_ybr_color.dcm",
        "transfer-syntaxes/htj2k/HTJ2KLossless_08_RGB.dcm",
        "us/no-pixel-spacing.dcm",
        "us/US-YBR_FULL_422-EVRLE.dcm",
    ]


@pytest.mark.parametrize("name", _sources(), ids=lambda name: Path(name).name[-40:])
def test_a_real_image_comes_through_every_lossless_target(name: str) -> None:
    found: Stored = stored(samples.folder() / name, most=1)
    frame, image = found.frames[0], found.image
    expected = decode(frame, image)
    for target in LOSSLESS:
        if can_transcode(image, target):
            after = image_after(image, target)
            assert np.array_equal(decode(transcode_frame(frame, image, target), after), expected)
