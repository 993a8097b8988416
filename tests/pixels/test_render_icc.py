"""Colour management: `iccprofile` as PS3.18 8.3.5.1.5 has it."""

import io

import numpy as np
import pytest
import samples
from PIL import Image
from pydicom.dataset import Dataset

from dicomweb.pixels.encode import encode
from dicomweb.pixels.icc import MAX_UNASKED, convert, usable
from dicomweb.pixels.icc_profiles import grey_profile, rgb_profile
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.render import render
from tests.pixels.rendering import Instance, instance_of

ADOBE = rgb_profile("adobergb")
GREEN = np.full((4, 4, 3), (10, 200, 30), np.uint8)


def instance(profile: bytes = b"", *, grey: bool = False) -> Instance:
    dataset = samples.make_image(rows=4, columns=4)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    if not grey:
        dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
        dataset.PhotometricInterpretation = "RGB"
    dataset.PixelData = GREEN[..., 0].tobytes() if grey else GREEN.tobytes()
    if profile:
        dataset.ICCProfile = profile
    return instance_of(dataset)


def embedded(stored: Instance, asked: str, media_type: str = "image/png") -> bytes:
    options = RenderOptions(media_type=media_type, profile=asked)
    body = render(stored.frames[0], stored.metadata, stored.transfer_syntax, options).body
    return Image.open(io.BytesIO(body)).info.get("icc_profile", b"")


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg"])
@pytest.mark.parametrize(
    ("profile", "asked", "expected"),
    [
        (ADOBE, "yes", ADOBE),
        (ADOBE, "", ADOBE),
        (ADOBE, "no", b""),
        (b"", "yes", rgb_profile("srgb")),
        (b"", "", b""),
        (b"", "rommrgb", rgb_profile("rommrgb")),
        (ADOBE, "srgb", rgb_profile("srgb")),
        (ADOBE + b"\0", "yes", ADOBE),
        (b"nonsense" * 99, "yes", rgb_profile("srgb")),
        (b"nonsense" * 99, "", b""),
    ],
)
def test_the_profile_that_is_asked_for(
    profile: bytes, asked: str, expected: bytes, media_type: str
) -> None:
    assert embedded(instance(profile), asked, media_type) == expected


def test_a_large_profile_travels_only_when_asked() -> None:
    large = bytearray(ADOBE + bytes(MAX_UNASKED))
    large[:4] = len(large).to_bytes(4, "big")
    assert embedded(instance(bytes(large)), "") == b""
    assert embedded(instance(bytes(large)), "yes") == large


def test_pixels_are_converted_into_the_space() -> None:
    converted = instance(ADOBE).png(profile="srgb")
    assert np.array_equal(converted, convert(GREEN, ADOBE, rgb_profile("srgb")))
    # The same green is nearer to the edge of the smaller space.
    assert converted[0, 0, 0] < GREEN[0, 0, 0]
    assert np.array_equal(instance(ADOBE).png(profile="adobergb"), GREEN)


def test_grey_has_a_profile_of_its_own_or_becomes_colour() -> None:
    assert embedded(instance(grey=True), "yes") == grey_profile()
    assert embedded(instance(grey=True), "") == b""
    assert instance(grey=True).png(profile="srgb").tolist() == np.full((4, 4, 3), 10).tolist()


def test_the_profile_of_the_optical_path_counts() -> None:
    stored, path = instance(), Dataset()
    path.ICCProfile = ADOBE
    stored.metadata["00480105"] = {"vr": "SQ", "Value": [path.to_json_dict()]}
    assert embedded(stored, "yes") == ADOBE


def test_the_profile_of_the_compressed_frame_counts_last() -> None:
    stored = instance()
    frame = encode(GREEN, "image/jpeg", 95, ADOBE)
    metadata = stored.metadata | {"00280004": {"vr": "CS", "Value": ["YBR_FULL_422"]}}
    jpeg = Instance(metadata, "1.2.840.10008.1.2.4.50", [frame])
    assert embedded(jpeg, "yes") == ADOBE


def test_gif_carries_none() -> None:
    assert embedded(instance(ADOBE), "", "image/gif") == b""


@pytest.mark.parametrize("broken", [b"", bytes(200), ADOBE[:100], b"\xff" * 300, ADOBE[:400]])
def test_what_is_no_profile_is_none(broken: bytes) -> None:
    assert usable(broken) == b""


def test_a_profile_that_littlecms_refuses_leaves_the_pixels() -> None:
    broken = bytearray(ADOBE)
    broken[128:132] = b"\xff\xff\xff\xff"
    assert np.array_equal(convert(GREEN, bytes(broken), rgb_profile("srgb")), GREEN)
