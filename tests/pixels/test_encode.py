"""Files of pictures: what a strict reader gets back from each media type."""

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.encode import MEDIA_TYPES, encode, encode_gif
from dicomweb.pixels.icc_profiles import grey_profile, rgb_profile

GREY = (np.indices((33, 57)).sum(0) * 2).astype(np.uint8)
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=2)


def read(body: bytes) -> Any:
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize("picture", [GREY, COLOUR, GREY[:1, :1], COLOUR[::-1, ::2]])
def test_png_loses_nothing(picture: np.ndarray) -> None:
    body = encode(picture, "image/png", 1)
    assert np.array_equal(np.asarray(read(body)), picture)
    assert np.array_equal(imagecodecs.png_decode(body).reshape(picture.shape), picture)


def test_png_chunks_have_right_checksums() -> None:
    body, at, kinds = encode(GREY, "image/png", profile=grey_profile()), 8, []
    while at < len(body):
        length, kind = struct.unpack_from(">L4s", body, at)
        end = at + 8 + length
        assert struct.unpack_from(">L", body, end)[0] == zlib.crc32(body[at + 4 : end])
        kinds.append(kind)
        at = end + 4
    assert kinds == [b"IHDR", b"iCCP", b"IDAT", b"IEND"]


@pytest.mark.parametrize(("picture", "off"), [(GREY, 1), (COLOUR, 3)])
def test_jpeg_at_quality_100_is_near(picture: np.ndarray, off: int) -> None:
    back = np.asarray(read(encode(picture, "image/jpeg", 100))).astype(int)
    assert np.abs(back - picture).max() <= off


@pytest.mark.parametrize(("picture", "components"), [(GREY, 1), (COLOUR, 3)])
def test_jpeg_is_baseline_with_the_fewest_components(picture: np.ndarray, components: int) -> None:
    body = encode(picture, "image/jpeg", 75)
    at = body.index(b"\xff\xc0")
    precision, rows, columns, found = struct.unpack_from(">BHHB", body, at + 4)
    assert (precision, rows, columns, found) == (8, 33, 57, components)


def test_quality_counts_for_jpeg() -> None:
    sizes = [len(encode(COLOUR, "image/jpeg", quality)) for quality in (10, 60, 95)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("picture", [GREY, COLOUR])
def test_jp2_at_quality_100_loses_nothing(picture: np.ndarray) -> None:
    body = encode(picture, "image/jp2", 100)
    assert body[4:12] == b"jP  \r\n\x87\n"
    assert np.array_equal(np.asarray(read(body)), picture)
    assert np.array_equal(imagecodecs.jpeg2k_decode(body), picture)


def test_jp2_below_is_smaller_and_near() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (128, 128), np.uint8)
    lossy = encode(noise, "image/jp2", 50)
    assert len(lossy) < len(encode(noise, "image/jp2", 100))
    assert np.abs(np.asarray(read(lossy)).astype(int) - noise).mean() < 8


@pytest.mark.parametrize("picture", [GREY, COLOUR])
@pytest.mark.parametrize("quality", [1, 100])
def test_high_throughput_jpeg_2000_loses_nothing(picture: np.ndarray, quality: int) -> None:
    body = encode(picture, "image/jph", quality)
    assert body[4:24] == b"jP  \r\n\x87\n\0\0\0\x14ftypjph "
    assert np.array_equal(imagecodecs.htj2k_decode(body), picture)
    assert np.array_equal(imagecodecs.jpeg2k_decode(body), picture)


@pytest.mark.parametrize("picture", [GREY, COLOUR])
def test_jpeg_xl_at_quality_100_loses_nothing_and_below_little(picture: np.ndarray) -> None:
    exact, lossy = (encode(picture, "image/jxl", quality) for quality in (100, 90))
    assert np.array_equal(imagecodecs.jpegxl_decode(exact), picture)
    assert np.abs(imagecodecs.jpegxl_decode(lossy).astype(int) - picture).mean() < 4


def test_quality_counts_for_jpeg_xl() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (64, 64), np.uint8)
    sizes = [len(encode(noise, "image/jxl", quality)) for quality in (1, 50, 90, 100)]
    assert sizes == sorted(set(sizes))


def test_gif_of_grey_loses_nothing() -> None:
    assert np.array_equal(np.asarray(read(encode(GREY, "image/gif")).convert("L")), GREY)


def test_gif_of_colour_is_near() -> None:
    back = np.asarray(read(encode(COLOUR, "image/gif")).convert("RGB")).astype(int)
    assert np.abs(back - COLOUR).mean() < 10


def test_an_animation_has_its_frames_times_and_no_end() -> None:
    frames = [np.roll(GREY, step, axis=0) for step in range(5)]
    animation = read(encode_gif(frames, [50, 50, 100, 50, 70]))
    assert (animation.n_frames, animation.info["loop"]) == (5, 0)
    for number, frame in enumerate(frames):
        animation.seek(number)
        assert animation.info["duration"] == (100 if number == 2 else 70 if number == 4 else 50)
        assert np.array_equal(np.asarray(animation.convert("L")), frame)


def test_frames_that_are_alike_all_keep_their_time() -> None:
    animation = read(encode_gif([GREY, GREY, GREY], 40))
    total = 0
    for number in range(animation.n_frames):
        animation.seek(number)
        total += animation.info["duration"]
    assert total == 120


@pytest.mark.parametrize("media_type", ["image/webp", "image/tiff", "", "text/html"])
def test_another_media_type_is_refused_with_those_that_are(media_type: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        encode(GREY, media_type)
    assert all(each in refused.value.sentence for each in MEDIA_TYPES)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png"])
@pytest.mark.parametrize(("picture", "name"), [(GREY, "grey"), (COLOUR, "adobergb")])
def test_a_profile_is_embedded(media_type: str, picture: np.ndarray, name: str) -> None:
    profile = grey_profile() if name == "grey" else rgb_profile(name)
    image = read(encode(picture, media_type, 90, profile))
    assert image.info["icc_profile"] == profile
    assert image.size == picture.shape[1::-1]


def test_a_large_profile_is_cut_into_chunks() -> None:
    profile = rgb_profile("srgb") + bytes(200_000)
    assert read(encode(COLOUR, "image/jpeg", 90, profile)).info["icc_profile"] == profile


def test_jp2_carries_the_profile_in_its_colour_box() -> None:
    profile = rgb_profile("rommrgb")
    body = encode(COLOUR, "image/jp2", 90, profile)
    at = body.index(b"colr")
    assert body[at + 4 : at + 7] == b"\2\0\0"
    assert body[at + 7 : at + 7 + len(profile)] == profile
    assert np.asarray(read(body)).shape == COLOUR.shape


@pytest.mark.parametrize("name", ["srgb", "adobergb", "rommrgb"])
def test_our_profiles_are_profiles(name: str) -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile(name)))
    assert profile.profile.xcolor_space.strip() == "RGB"
    assert ImageCms.getProfileDescription(profile).strip()
    assert profile.profile.media_white_point is not None


def test_our_srgb_is_that_of_littlecms() -> None:
    ours = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile("srgb")))
    theirs = ImageCms.createProfile("sRGB")
    colours = np.random.default_rng(4).integers(0, 256, (50, 50, 3), np.uint8)
    transform = ImageCms.buildTransform(ours, theirs, "RGB", "RGB")
    converted = ImageCms.applyTransform(Image.fromarray(colours), transform)
    assert np.abs(np.asarray(converted).astype(int) - colours).max() <= 1
