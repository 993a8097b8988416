"""Streams that lie, end early or are damaged: a refusal in good time, never a crash."""

import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import NotAcceptable, TooLarge
from dicomweb.pixels.codecs import SYNTAXES, jpeg_xl
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.targets import TARGETS, image_after
from dicomweb.pixels.transcode import transcode_frame
from tests.pixels import damage
from tests.pixels.stored_images import make_image, make_samples

HERE = Path(__file__).parents[2]
JPEG = "1.2.840.10008.1.2.4."
COMPRESSED = [uid for uid in TARGETS if uid != "1.2.840.10008.1.2.1"]
WITH_HEADER = [uid for uid in COMPRESSED if uid.startswith(JPEG)]


def compressed(target: str) -> tuple[bytes, ImagePixel]:
    """A stream in `target` with the description of its pixels."""
    bits = {"50": 8, "51": 12}.get(target.removeprefix(JPEG), 16)
    image = make_image(bits)
    native = make_samples(image).tobytes()
    return transcode_frame(native, image, target), image_after(image, target)


def test_every_transfer_syntax_of_pictures_has_a_family() -> None:
    tails = (50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 92, 93, 110, 111, 112, 201, 202, 203)
    others = {
        f"1.2.840.10008.1.2{tail}" for tail in ("", ".1", ".1.98", ".1.99", ".2", ".5", ".8.1")
    }
    assert set(SYNTAXES) == others | {f"{JPEG}{tail}" for tail in tails}


@pytest.mark.parametrize("target", WITH_HEADER)
@pytest.mark.parametrize(("rows", "columns"), [(36, 42), (37, 43), (42, 37), (9000, 9000)])
def test_a_stream_of_another_size_than_the_image_is_refused(
    target: str, rows: int, columns: int
) -> None:
    stream, image = compressed(target)
    with pytest.raises(NotAcceptable, match="37 x 42"):
        decode(stream, replace(image, rows=rows, columns=columns))


@pytest.mark.parametrize("target", ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1"])
@pytest.mark.parametrize(("rows", "columns"), [(38, 42), (37, 43), (9000, 9000)])
def test_a_stream_of_fewer_bytes_than_the_image_is_refused(
    target: str, rows: int, columns: int
) -> None:
    stream, image = compressed(target)
    with pytest.raises(NotAcceptable):
        decode(stream, replace(image, rows=rows, columns=columns))


@pytest.mark.parametrize("target", COMPRESSED)
def test_a_stream_cut_short_is_refused(target: str) -> None:
    stream, image = compressed(target)
    for length in (0, 1, 2, 10, 64, 70, len(stream) // 2, len(stream) * 9 // 10):
        with pytest.raises(NotAcceptable, match="cannot be decoded"):
            decode(stream[:length], image)


@pytest.mark.parametrize("target", WITH_HEADER)
def test_a_stream_of_more_samples_per_pixel_than_the_image_is_refused(target: str) -> None:
    stream, image = compressed(target)
    with pytest.raises(NotAcceptable):
        decode(stream, replace(image, samples=3, photometric="RGB"))


@pytest.mark.parametrize("target", [uid for uid in WITH_HEADER if uid != f"{JPEG}50"])
def test_a_stream_of_more_bits_than_the_image_allocates_is_refused(target: str) -> None:
    stream, image = compressed(target)
    with pytest.raises(NotAcceptable):
        decode(stream, replace(image, bits_allocated=8, bits_stored=8, high_bit=7))


@pytest.mark.parametrize("target", COMPRESSED)
def test_padding_behind_a_stream_does_no_harm(target: str) -> None:
    stream, image = compressed(target)
    assert np.array_equal(decode(stream + b"\0", image), decode(stream, image))


@pytest.mark.parametrize("target", [f"{JPEG}{tail}" for tail in ("50", "90", "201")])
def test_a_stream_without_its_end_marker_is_decoded_when_nothing_else_is_missing(
    target: str,
) -> None:
    stream, image = compressed(target)
    assert stream.endswith(b"\xff\xd9")
    assert np.array_equal(decode(stream[:-2], image), decode(stream, image))


@pytest.mark.parametrize("target", COMPRESSED)
@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=300))
def test_noise_is_refused(target: str, noise: bytes) -> None:
    image = image_after(make_image(16), target)
    with pytest.raises(NotAcceptable):
        decode(noise, replace(image, rows=3000))


@pytest.mark.parametrize("family", damage.FAMILIES)
def test_a_damaged_stream_gives_a_picture_or_a_refusal(family: str) -> None:
    command = [sys.executable, "-m", "tests.pixels.damage", family, "400"]
    ended = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout[-100:] + ended.stderr[-1000:]


def test_a_frame_that_would_fill_the_memory_is_refused_before_it_is_read() -> None:
    image = make_image(16, samples=3, rows=65535, columns=65535)
    with pytest.raises(TooLarge):
        decode(b"", image)


def test_a_progressive_jpeg_of_endless_scans_is_refused() -> None:
    scan = b"\xff\xda\0\x08\1\1\0\1\x3f\0"
    head = b"\xff\xd8\xff\xc2\0\x0b\x08" + struct.pack(">HH", 37, 42) + b"\1\1\x11\0"
    image = make_image(8, transfer_syntax=f"{JPEG}55")
    with pytest.raises(NotAcceptable, match="progressive scans"):
        decode(head + scan * 500 + b"\xff\xd9", image)


def _codestream(side: int, tile: int, **style: int) -> bytes:
    """A JPEG 2000 stream of one small tile that claims to be larger, cut into small pieces."""
    blank = np.zeros((64, 64), np.uint8)
    stream = bytearray(imagecodecs.jpeg2k_encode(blank, codecformat="J2K", reversible=True))
    struct.pack_into(">8L", stream, 8, side, side, 0, 0, tile, tile, 0, 0)
    cod = stream.index(b"\xff\x52")
    if "block" in style:
        stream[cod + 10 : cod + 12] = bytes([style["block"]] * 2)
    if "layers" in style:
        struct.pack_into(">H", stream, cod + 6, style["layers"])
    if "precinct" in style:
        levels = stream[cod + 9]
        stream[cod + 4] |= 1
        struct.pack_into(">H", stream, cod + 2, 13 + levels)
        stream[cod + 14 : cod + 14] = bytes([style["precinct"] * 17] * (levels + 1))
    return bytes(stream)


@pytest.mark.parametrize(
    ("stream", "side"),
    [
        (_codestream(16384, 16), 16384),
        (_codestream(16384, 16384, block=0), 16384),
        (_codestream(16384, 16384, precinct=3), 16384),
        (_codestream(16384, 16384, precinct=7, layers=65535), 16384),
    ],
    ids=["tiles", "code-blocks", "precincts", "layers"],
)
def test_a_jpeg_2000_stream_cut_into_too_many_pieces_is_refused(stream: bytes, side: int) -> None:
    image = make_image(8, rows=side, columns=side, transfer_syntax=f"{JPEG}90")
    with pytest.raises(NotAcceptable, match="more pieces"):
        decode(stream, image)


def test_a_jpeg_2000_stream_that_lacks_tiles_is_refused() -> None:
    whole = imagecodecs.htj2k_encode(np.zeros((64, 64), np.uint8), reversible=True, tile=(32, 32))
    image = make_image(8, rows=64, columns=64, transfer_syntax=f"{JPEG}90")
    assert decode(bytes(whole), image).shape == (64, 64)
    with pytest.raises(NotAcceptable, match="cut short"):
        decode(bytes(whole[: whole.rindex(b"\xff\x90\0\x0a")]) + b"\xff\xd9", image)


def test_rle_segments_of_different_lengths_are_refused() -> None:
    image = make_image(8, samples=3, rows=2, columns=100, transfer_syntax="1.2.840.10008.1.2.5")
    short, exact, long = (bytes([257 - count, 7]) * 2 for count in (90, 100, 110))
    offsets = (64, 64 + len(exact), 64 + len(exact) + len(short))
    head = struct.pack("<16L", 3, *offsets, *[0] * 12)
    with pytest.raises(NotAcceptable, match="too short"):
        decode(head + exact + short + long, image)


def test_what_an_rle_segment_holds_beyond_the_image_is_left_out() -> None:
    image = make_image(8, rows=2, columns=100, transfer_syntax="1.2.840.10008.1.2.5")
    head = struct.pack("<16L", 1, 64, *[0] * 14)
    long = bytes([257 - 110, 7]) * 2
    assert np.array_equal(decode(head + long, image), np.full((2, 100), 7, np.uint8))


def test_a_deflate_bomb_inflates_no_further_than_the_frame() -> None:
    image = make_image(8, transfer_syntax="1.2.840.10008.1.2.8.1")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(bytes(100_000_000)) + deflate.flush()
    assert not decode(bomb, image).any()


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(1, 1), (8, 8), (256, 256), (264, 8), (300, 400), (768, 1024), (9000, 9), (37, 42)],
)
@pytest.mark.parametrize("container", [False, True])
def test_the_size_of_a_jpeg_xl_stream_is_read_from_its_head(
    rows: int, columns: int, container: bool
) -> None:
    blank = np.zeros((rows, columns), np.uint8)
    stream = imagecodecs.jpegxl_encode(blank, effort=1, lossless=True, usecontainer=container)
    assert jpeg_xl.size(bytes(stream)) == (rows, columns)
