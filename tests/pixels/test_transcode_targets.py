"""Which transfer syntaxes an image can be given in, and what its data set says afterwards."""

from typing import Any

import pytest

from dicomweb.pixels.image import ImagePixel, Kind
from dicomweb.pixels.targets import (
    TARGETS,
    changes_after,
    compression_ratio,
    image_after,
    is_lossy,
    pixel_data_vr,
    targets_for,
)
from tests.pixels.stored_images import make_image

EXPLICIT = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."
LOSSY = [uid for uid in TARGETS if is_lossy(uid)]


def test_a_palette_is_never_given_with_loss() -> None:
    image = make_image(8, photometric="PALETTE COLOR")
    assert not {*targets_for(image)} & {*LOSSY}
    assert f"{JPEG}90" in targets_for(image)


@pytest.mark.parametrize(
    ("source", "photometric", "target", "after"),
    [
        (f"{JPEG}50", "YBR_FULL_422", EXPLICIT, "RGB"),
        (f"{JPEG}90", "YBR_RCT", EXPLICIT, "RGB"),
        (f"{JPEG}90", "YBR_RCT", f"{JPEG}201", "YBR_RCT"),
        (f"{JPEG}91", "YBR_ICT", RLE, "RGB"),
        (EXPLICIT, "YBR_FULL_422", RLE, "YBR_FULL"),
        (EXPLICIT, "YBR_FULL", f"{JPEG}90", "YBR_FULL"),
        (EXPLICIT, "YBR_PARTIAL_422", f"{JPEG}80", "RGB"),
        (EXPLICIT, "YBR_FULL", f"{JPEG}81", "RGB"),
        (EXPLICIT, "YBR_FULL", f"{JPEG}91", "YBR_ICT"),
        (EXPLICIT, "RGB", f"{JPEG}90", "YBR_RCT"),
        (EXPLICIT, "RGB", f"{JPEG}91", "YBR_ICT"),
        (EXPLICIT, "RGB", f"{JPEG}50", "YBR_FULL_422"),
        (EXPLICIT, "RGB", f"{JPEG}70", "RGB"),
    ],
)
def test_photometric_interpretation_says_what_the_codec_did(
    source: str, photometric: str, target: str, after: str
) -> None:
    image = make_image(8, samples=3, photometric=photometric, transfer_syntax=source)
    assert image_after(image, target).photometric == after


def metadata_of(image: ImagePixel, **more: Any) -> dict[str, Any]:
    """The description as the data set has it."""
    values = {
        "00280002": image.samples,
        "00280004": image.photometric,
        "00280010": image.rows,
        "00280011": image.columns,
        "00280100": image.bits_allocated,
        "00280101": image.bits_stored,
        "00280102": image.high_bit,
    }
    if image.samples > 1:
        values["00280006"] = image.planar
    return {tag: {"vr": "US", "Value": [value]} for tag, value in values.items()} | more


def test_nothing_changes_when_nothing_is_transcoded() -> None:
    image = make_image(12)
    assert changes_after(metadata_of(image), image, EXPLICIT) == {}
    assert changes_after(metadata_of(image), image, RLE) == {}


def test_a_lossy_target_is_added_to_what_was_lost_before() -> None:
    image = make_image(8, samples=3)
    before = {
        "00282110": {"vr": "CS", "Value": ["01"]},
        "00282112": {"vr": "DS", "Value": [5]},
        "00282114": {"vr": "CS", "Value": ["ISO_10918_1"]},
    }
    assert changes_after(metadata_of(image, **before), image, f"{JPEG}91", 9.5) == {
        "00280004": {"vr": "CS", "Value": ["YBR_ICT"]},
        "00282112": {"vr": "DS", "Value": [5, 9.5]},
        "00282114": {"vr": "CS", "Value": ["ISO_10918_1", "ISO_15444_1"]},
    }


def test_a_decoded_jpeg_stays_marked_as_lossy() -> None:
    image = make_image(8, samples=3, photometric="YBR_FULL_422", transfer_syntax=f"{JPEG}50")
    changes = changes_after(metadata_of(image), image, EXPLICIT)
    assert changes["00280004"]["Value"] == ["RGB"]
    assert changes["00282110"]["Value"] == ["01"]
    assert changes["00282114"]["Value"] == ["ISO_10918_1"]


def test_offsets_and_overlays_that_no_longer_hold_are_removed() -> None:
    image = make_image(12)
    gone = {
        "7FE00001": {"vr": "OV"},
        "60000102": {"vr": "US", "Value": [12]},
        "60000010": {"vr": "US"},
    }
    kept = {"60020102": {"vr": "US", "Value": [0]}, "60023000": {"vr": "OW"}}
    metadata = metadata_of(image, **gone, **kept)
    assert changes_after(metadata, image, f"{JPEG}90") == dict.fromkeys(gone)
    assert changes_after(metadata, image, RLE) == {"7FE00001": None}


def test_bits_change_with_a_codec_that_knows_others() -> None:
    image = make_image(10)
    changes = changes_after(metadata_of(image), image, f"{JPEG}51", 4.0)
    assert {tag: each["Value"] for tag, each in changes.items() if tag < "0028200"} == {
        "00280101": [12],
        "00280102": [11],
    }


def test_the_compression_ratio_is_that_of_all_frames() -> None:
    assert compression_ratio(make_image(12, rows=10, columns=10, frames=3), 60) == 10.0
    assert compression_ratio(make_image(8, samples=3, rows=10, columns=10), 7) == 42.86


@pytest.mark.parametrize(
    ("image", "vr"),
    [
        (make_image(8), "OB"),
        (make_image(12), "OW"),
        (make_image(12, transfer_syntax=RLE), "OB"),
        (make_image(12, transfer_syntax="1.2.840.10008.1.2.1.98"), "OB"),
        (make_image(12, kind=Kind.FLOAT), "OF"),
        (make_image(12, kind=Kind.DOUBLE), "OD"),
    ],
)
def test_the_vr_of_pixel_data(image: ImagePixel, vr: str) -> None:
    assert pixel_data_vr(image) == vr


@pytest.mark.parametrize("stored", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2"])
def test_implicit_vr_and_big_endian_are_never_offered(stored: str) -> None:
    found = targets_for(make_image(12, transfer_syntax=stored))
    assert stored not in found
    assert found[0] == EXPLICIT
