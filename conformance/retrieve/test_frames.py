"""Frames (PS3.18 10.4.1.1.1): which are given, in which media type, with which bytes."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate

from conformance import codestreams, images, multipart
from conformance.client import OCTETS, expect
from conformance.instances import encapsulated, gradient, image, path_of
from conformance.retrieve.conftest import NATIVE, OLD

AS_STORED = f"{OCTETS}; transfer-syntax=*"
MAGIC = {"image/jpeg": b"\xff\xd8", "image/jp2": b"\xff\x4f", "image/jls": b"\xff\xd8"}
LOSSLESS = ("RLE", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K")
# The syntaxes that each media type may carry (PS3.18 Table 8.7.3-5).
LEGAL = {
    "application/octet-stream": {"", "1.2.840.10008.1.2.1"},
    "image/jpeg": {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)},
    "image/dicom-rle": {"1.2.840.10008.1.2.5"},
    "image/jls": {f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)},
    "image/jp2": {f"1.2.840.10008.1.2.4.{n}" for n in (90, 91)},
    "image/jphc": {f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203)},
}


def raw(pixels):
    """The bytes of one native frame, little endian."""
    return pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def unpacked(body, count):
    """The bits of a frame; what fills the last byte means nothing."""
    return np.unpackbits(np.frombuffer(body, "u1"), count=count, bitorder="little").tolist()


@pytest.mark.clause("PS3.18 10.4.1.1.1")
@pytest.mark.parametrize("numbers", ["1", "2", "3", "1,2", "1,3", "1,2,3", "2%2C3"])
def test_the_frames_of_a_list_are_given_one_part_each(server, stored, numbers):
    sample = stored["three frames"]
    parts = server.parts(f"{path_of(sample.instance)}/frames/{numbers}", OCTETS)
    wanted = [int(number) for number in numbers.replace("%2C", ",").split(",")]
    assert [part.body for part in parts] == [raw(sample.pixels[n - 1]) for n in wanted]


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.1.1")
@pytest.mark.parametrize("numbers", [(3, 1), (2, 2)], ids=str)
def test_frames_out_of_order_are_given_as_asked_or_refused(server, stored, numbers):
    sample = stored["three frames"]
    path = f"{path_of(sample.instance)}/frames/{numbers[0]},{numbers[1]}"
    response = expect(server.get(path, OCTETS), 200, 400)
    if response.status_code == 200:
        parts = multipart.read(response.headers["Content-Type"], response.content)
        assert [part.body for part in parts] == [raw(sample.pixels[n - 1]) for n in numbers]


@pytest.mark.clause("PS3.18 8.7.3.3.1")
@pytest.mark.parametrize("name", [one for one in NATIVE if one != "colour"])
def test_a_native_frame_is_its_pixels_without_padding(server, stored, name):
    sample = stored[name]
    frames = sample.pixels if sample.pixels.ndim == 3 else sample.pixels[None]
    for number, frame in enumerate(frames, 1):
        (part,) = server.parts(f"{path_of(sample.instance)}/frames/{number}", OCTETS)
        assert part.media_type == "application/octet-stream"
        assert part.body == raw(frame)


@pytest.mark.clause("PS3.18 8.7.3.3.1")
def test_a_colour_frame_is_given_as_its_planar_configuration_says(server, stored):
    for name in ("colour", "planes"):
        sample = stored[name]
        (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", OCTETS)
        assert part.body == sample.instance.PixelData, name


@pytest.mark.clause("PS3.18 8.7.3.3.1")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_one_bit_frame_begins_at_its_first_bit(server, stored, number):
    sample = stored["1 bit"]
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/{number}", OCTETS)
    frame = sample.pixels[number - 1]
    assert len(part.body) == (frame.size + 7) // 8
    assert unpacked(part.body, frame.size) == frame.reshape(-1).tolist()


@pytest.mark.clause("PS3.18 8.7.3.3.1")
@pytest.mark.parametrize("name", OLD)
def test_frames_of_old_transfer_syntaxes_are_little_endian(server, stored, name):
    sample = stored[name]
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", OCTETS)
    assert part.body == raw(sample.pixels)


@pytest.mark.clause("PS3.18 8.7.3.4")
@pytest.mark.parametrize("name", LOSSLESS)
def test_a_compressed_frame_is_decoded_for_octets(server, stored, name):
    sample = stored[name]
    first = sample.pixels[0] if sample.pixels.ndim == 3 else sample.pixels
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", OCTETS)
    assert part.media_type == "application/octet-stream"
    assert part.body == raw(first)


@pytest.mark.clause("PS3.18 8.7.3.4")
def test_a_lossy_frame_is_decoded_for_octets_or_refused(server, stored):
    sample = stored["JPEG baseline"]
    response = expect(server.get(f"{path_of(sample.instance)}/frames/2", OCTETS), 200, 406)
    if response.status_code == 200:
        (part,) = multipart.read(response.headers["Content-Type"], response.content)
        pixels = np.frombuffer(part.body, "u1").reshape(sample.pixels.shape[1:])
        assert abs(pixels.astype(int) - sample.pixels[1]).max() <= 2


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.3.3.2")
@pytest.mark.parametrize("name", ["RLE", "JPEG baseline", *LOSSLESS[1:]])
@pytest.mark.parametrize("syntax", ["by name", "any"])
def test_a_compressed_frame_is_given_as_it_is_stored(server, stored, name, syntax):
    sample = stored[name]
    wanted = sample.syntax if syntax == "by name" else "*"
    accept = f'multipart/related; type="{sample.media_type}"; transfer-syntax={wanted}'
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", accept)
    assert part.media_type == sample.media_type
    assert part.body.rstrip(b"\0") == sample.frames[0].rstrip(b"\0")


@pytest.mark.clause("PS3.18 8.7.9")
@pytest.mark.parametrize("name", ["RLE", "JPEG baseline", *LOSSLESS[1:], "16 bits", "1 bit"])
def test_any_transfer_syntax_is_answered_by_the_real_one_under_its_own_type(server, stored, name):
    sample = stored[name]
    accept = 'multipart/related; type="*/*"; transfer-syntax=*'
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", accept)
    assert part.transfer_syntax in LEGAL[part.media_type]
    if part.media_type != "application/octet-stream":
        assert part.transfer_syntax == sample.syntax


@pytest.mark.clause("PS3.18 8.7.9")
@pytest.mark.parametrize("name", ["RLE", "JPEG baseline", *LOSSLESS[1:], "16 bits"])
def test_octets_of_any_transfer_syntax_are_never_compressed_in_silence(server, stored, name):
    sample = stored[name]
    response = expect(server.get(f"{path_of(sample.instance)}/frames/1", AS_STORED), 200, 406)
    if response.status_code == 200:
        (part,) = multipart.read(response.headers["Content-Type"], response.content)
        compressed = sample.frames and part.body.rstrip(b"\0") == sample.frames[0].rstrip(b"\0")
        assert part.transfer_syntax == sample.syntax if compressed else part.body


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.7.3.7")
@pytest.mark.parametrize("media_type", MAGIC)
def test_a_native_frame_is_encoded_when_asked_and_is_what_it_says(server, stored, media_type):
    sample = stored["8 bits"]
    accept = f'multipart/related; type="{media_type}"; transfer-syntax=*'
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", accept)
    assert part.transfer_syntax in LEGAL[media_type]
    assert part.body.startswith(MAGIC[media_type])


@pytest.mark.clause("PS3.18 8.7.8.2")
@pytest.mark.parametrize(
    ("media_type", "syntax"),
    [("image/jp2", "1.2.840.10008.1.2.4.50"), ("image/jpeg", "1.2.840.10008.1.2.4.90")],
)
def test_a_media_type_with_a_syntax_of_another_is_406(server, stored, media_type, syntax):
    accept = f'multipart/related; type="{media_type}"; transfer-syntax={syntax}'
    expect(server.get(f"{path_of(stored['8 bits'].instance)}/frames/1", accept), 406)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.3.3.2")
@pytest.mark.parametrize(
    ("name", "old"),
    [("RLE", "image/x-dicom-rle"), ("JPEG-LS", "image/x-jls"), ("JPEG 2000", "image/dicom+jp2")],
)
def test_media_types_of_older_editions_are_understood(server, stored, name, old):
    sample = stored[name]
    accept = f'multipart/related; type="{old}"; transfer-syntax=*'
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", accept)
    assert part.body.rstrip(b"\0") == sample.frames[0].rstrip(b"\0")


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_each_part_says_which_frame_it_is(server, stored):
    path = path_of(stored["three frames"].instance)
    parts = server.parts(f"{path}/frames/1,3", OCTETS)
    assert [part.location.rpartition("/")[2] for part in parts] == ["1", "3"]
    assert all(path in part.location for part in parts)


@pytest.mark.clause("PS3.18 8.6.1.2")
def test_each_part_says_its_length(server, stored):
    path = path_of(stored["three frames"].instance)
    for part in server.parts(f"{path}/frames/1,3", OCTETS):
        assert part.headers.get("content-length") == str(len(part.body))


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("accept", ["*/*", "multipart/related", "multipart/*"])
def test_a_wildcard_gives_octets_in_multipart(server, stored, accept):
    sample = stored["8 bits"]
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/1", accept)
    assert part.body == raw(sample.pixels)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize(
    "accept", ["application/octet-stream", "application/octet-stream; transfer-syntax=*"]
)
def test_one_frame_may_come_as_a_single_part(server, stored, accept):
    sample = stored["three frames"]
    response = expect(server.get(f"{path_of(sample.instance)}/frames/2", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "application/octet-stream"
    assert response.content == raw(sample.pixels[1])


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.4")
@pytest.mark.parametrize("name", ["JPEG baseline", "JPEG-LS", "JPEG 2000"])
def test_one_compressed_frame_may_come_as_a_single_part(server, stored, name):
    sample = stored[name]
    accept = f"{sample.media_type}; transfer-syntax=*"
    response = expect(server.get(f"{path_of(sample.instance)}/frames/1", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == sample.media_type
    assert response.content.rstrip(b"\0") == sample.frames[0].rstrip(b"\0")


@pytest.mark.clause("PS3.18 10.4.4")
def test_several_frames_are_never_a_single_part(server, stored):
    path = f"{path_of(stored['three frames'].instance)}/frames/1,2"
    expect(server.get(path, "application/octet-stream"), 406)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("numbers", ["4", "1,4", "99999"])
def test_a_frame_beyond_the_last_is_404(server, stored, numbers):
    expect(server.get(f"{path_of(stored['three frames'].instance)}/frames/{numbers}", OCTETS), 404)


@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("numbers", ["0", "-1", "one", "1-2", "1.5", "1,", ",1", "1,x", "0,1"])
def test_a_list_that_is_no_list_of_frames_is_400(server, stored, numbers):
    expect(server.get(f"{path_of(stored['three frames'].instance)}/frames/{numbers}", OCTETS), 400)


@pytest.mark.clause("PS3.18 10.4.3.1")
def test_an_instance_without_pixels_has_no_frames(server, without_pixels):
    expect(server.get(f"{path_of(without_pixels)}/frames/1", OCTETS), 404)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.3.1")
def test_frames_of_a_film_are_refused_clearly(server, stored):
    response = server.get(f"{path_of(stored['MP4'].instance)}/frames/1", OCTETS)
    expect(response, 400, 404, 406)


@pytest.mark.clause("PS3.5 A.4")
@pytest.mark.parametrize("table", [True, False], ids=["with offsets", "without offsets"])
def test_frames_in_several_fragments_are_joined(server, table):
    noise = np.random.default_rng(7).integers(0, 255, (3, 32, 32)).astype("u1")
    frames = [codestreams.jpeg(frame) for frame in noise]
    instance = encapsulated(frames, codestreams.JPEG_BASELINE, image(noise))
    instance.PixelData = encapsulate(frames, fragments_per_frame=3, has_bot=table)
    server.keep(instance)
    accept = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
    for number, frame in enumerate(frames, 1):
        (part,) = server.parts(f"{path_of(instance)}/frames/{number}", accept)
        assert part.body.rstrip(b"\0") == frame.rstrip(b"\0")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.1")
def test_every_frame_of_many_is_the_right_one(server):
    pixels = np.stack([np.full((4, 4), n % 256, "u1") for n in range(300)])
    instance = image(pixels)
    server.keep(instance)
    for number in (1, 2, 150, 299, 300):
        (part,) = server.parts(f"{path_of(instance)}/frames/{number}", OCTETS)
        assert part.body == bytes([(number - 1) % 256]) * 16


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.7.3.3.2")
def test_a_jpeg_frame_can_be_decoded_by_any_viewer(server, stored):
    sample = stored["JPEG baseline"]
    accept = 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
    (part,) = server.parts(f"{path_of(sample.instance)}/frames/3", accept)
    assert images.kind(part.body) == "jpeg"
    with Image.open(io.BytesIO(part.body)) as opened:
        assert opened.size == (24, 16)


@pytest.mark.clause("PS3.18 8.7.3.3.1")
def test_frames_of_a_single_frame_image_are_one(server):
    instance = image(gradient())
    server.keep(instance)
    (part,) = server.parts(f"{path_of(instance)}/frames/1", OCTETS)
    assert part.body == instance.PixelData
    expect(server.get(f"{path_of(instance)}/frames/2", OCTETS), 404)
