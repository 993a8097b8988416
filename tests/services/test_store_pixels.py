"""STOW-RS of metadata with pixels of every kind: kept, transformed, described, refused."""

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
from clients import get, path_of
from metadata_stores import DESCRIPTION, OCTETS, Part, bulk, model, send, stored, undescribed
from PIL import Image
from pydicom.encaps import generate_frames
from samples import make_image
from servers import Server

J = "1.2.840.10008.1.2.4."
GREY = (np.arange(12 * 16).reshape(12, 16) % 251).astype(np.uint8)
DEEP = (GREY.astype(np.uint16) * 16) % 4096
COLOUR = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], -1)


def _saved(array: np.ndarray, name: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, name, **options)
    return stream.getvalue()


def _jpeg_ls(array: np.ndarray, near: int = 0) -> bytes:
    found = bytes(imagecodecs.jpegls_encode(array, near))
    return b"\xff\xd8" + found[found.index(b"\xff\xf7") :]


def _htj2k(array: np.ndarray) -> bytes:
    return bytes(imagecodecs.htj2k_encode(array, reversible=True))


def _jpeg_2000(array: np.ndarray, **options: Any) -> bytes:
    return _saved(array, "JPEG2000", no_jp2=True, **options)


LOSSLESS_JPEG = bytes(imagecodecs.ljpeg_encode(DEEP, bitspersample=12))
# media type, stream, the transfer syntax that follows, and the pixels where nothing is lost.
KEPT = {
    "JPEG baseline": ("image/jpeg", _saved(GREY, "JPEG"), J + "50", None),
    "JPEG baseline colour": ("image/jpeg", _saved(COLOUR, "JPEG"), J + "50", None),
    "JPEG lossless": ("image/jpeg", LOSSLESS_JPEG, J + "57", DEEP),
    "JPEG-LS": ("image/jls", _jpeg_ls(GREY), J + "80", GREY),
    "JPEG-LS near": ("image/jls", _jpeg_ls(GREY, 3), J + "81", None),
    "JPEG 2000": ("image/jp2", _jpeg_2000(COLOUR), J + "90", COLOUR),
    "JPEG 2000 lossy": ("image/jp2", _jpeg_2000(GREY, irreversible=True), J + "91", None),
    "HTJ2K": ("image/jphc", _htj2k(GREY), J + "201", GREY),
    "HTJ2K, as Table 10.5.2-1 spells it": ("image/jph", _htj2k(DEEP), J + "201", None),
    "JPEG XL": ("image/jxl", bytes(imagecodecs.jpegxl_encode(GREY)), J + "112", GREY),
}


@pytest.mark.parametrize(("media_type", "frame", "syntax", "pixels"), KEPT.values(), ids=KEPT)
def test_a_compressed_image_is_kept_and_described(
    server: Server, media_type: str, frame: bytes, syntax: str, pixels: np.ndarray | None
) -> None:
    image = undescribed(make_image())
    answer = send(server, [model(image, PixelData="p")], bulk(media_type, "p", frame))
    assert answer.status == 200, answer.module
    back = stored(server, image)
    assert back.file_meta.TransferSyntaxUID == syntax
    kept = next(generate_frames(back.PixelData, number_of_frames=1))
    assert kept[: len(frame)] == frame
    assert (back.Rows, back.Columns) == (12, 16)
    assert all(keyword in back for keyword in DESCRIPTION)
    plain = stored(server, image, "transfer-syntax=1.2.840.10008.1.2.1")
    assert plain.pixel_array.shape[:2] == (12, 16)
    if pixels is not None:
        assert (plain.pixel_array == pixels).all()


@pytest.mark.parametrize("name", ["JPEG baseline", "JPEG-LS near", "JPEG 2000 lossy"])
def test_what_was_lost_is_told(server: Server, name: str) -> None:
    media_type, frame, *_ = KEPT[name]
    image = undescribed(make_image())
    send(server, [model(image, PixelData="p")], bulk(media_type, "p", frame))
    back = stored(server, image)
    assert back.LossyImageCompression == "01"
    assert back.LossyImageCompressionMethod.startswith("ISO_1")
    assert float(back.LossyImageCompressionRatio) > 0


def test_the_boxes_around_a_jpeg_2000_codestream_are_left_out(server: Server) -> None:
    image = undescribed(make_image())
    file = _saved(GREY, "JPEG2000")
    assert b"jp2c" in file
    assert send(server, [model(image, PixelData="p")], bulk("image/jp2", "p", file)).status == 200
    frame = next(generate_frames(stored(server, image).PixelData, number_of_frames=1))
    assert frame[:4] == b"\xff\x4f\xff\x51"
    assert (stored(server, image, "transfer-syntax=1.2.840.10008.1.2.1").pixel_array == GREY).all()


def test_frames_come_in_parts_of_their_own_and_are_counted(server: Server) -> None:
    frames = [_saved(GREY // n, "JPEG") for n in (1, 2, 3)]
    image = undescribed(make_image())
    image_parts = [bulk("image/jpeg", "p", frame) for frame in frames]
    assert send(server, [model(image, PixelData="p")], *image_parts).status == 200
    back = stored(server, image)
    assert back.NumberOfFrames == 3
    found = generate_frames(back.PixelData, number_of_frames=3)
    assert [each[: len(frame)] for each, frame in zip(found, frames, strict=True)] == frames
    answer = get(server, f"{path_of(image)}/frames/2", "image/jpeg; transfer-syntax=*")
    assert answer.content[: len(frames[1])] == frames[1]


def test_rle_is_kept_and_has_to_be_described(server: Server) -> None:
    rle = make_image(rows=12, columns=16, BitsAllocated=8, BitsStored=8, HighBit=7)
    rle.PixelData = GREY.tobytes()
    rle.compress("1.2.840.10008.1.2.5", GREY, generate_instance_uid=False)
    frame = next(generate_frames(rle.PixelData, number_of_frames=1))
    part = bulk("image/dicom-rle", "p", frame)
    assert send(server, [model(rle, PixelData="p")], part).status == 200
    assert (stored(server, rle).pixel_array == GREY).all()
    answer = send(server, [model(undescribed(make_image()), PixelData="p")], part)
    assert (answer.status, answer.reasons("failed")) == (409, [0xA900])


@pytest.mark.parametrize(
    "pixels",
    [
        GREY,
        COLOUR,
        np.concatenate([COLOUR, COLOUR[..., :1]], -1),
        DEEP * 16,
        (GREY > 100),
    ],
    ids=["grey", "colour", "alpha", "16 bits", "1 bit"],
)
def test_a_png_becomes_native_pixels(server: Server, pixels: np.ndarray) -> None:
    image = undescribed(make_image())
    answer = send(
        server, [model(image, PixelData="p")], bulk("image/png", "p", _saved(pixels, "PNG"))
    )
    assert answer.status == 200, answer.module
    back = stored(server, image)
    expected = pixels[..., :3] if pixels.ndim == 3 else pixels
    expected = expected * np.uint8(255) if expected.dtype == bool else expected
    assert back.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (back.pixel_array == expected).all()


def test_16_bit_colour_stays_16_bits(server: Server) -> None:
    deep = COLOUR.astype(np.uint16) * 257
    image = undescribed(make_image())
    png = bytes(imagecodecs.png_encode(deep))
    assert send(server, [model(image, PixelData="p")], bulk("image/png", "p", png)).status == 200
    assert (stored(server, image).pixel_array == deep).all()


def test_an_animated_gif_becomes_a_multi_frame(server: Server) -> None:
    stream = io.BytesIO()
    frames = [Image.fromarray(each) for each in (GREY, GREY[::-1], GREY[:, ::-1])]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    image = undescribed(make_image())
    part = bulk("image/gif", "p", stream.getvalue())
    assert send(server, [model(image, PixelData="p")], part).status == 200
    back = stored(server, image)
    assert back.NumberOfFrames == 3
    assert back.pixel_array.shape == (3, 12, 16, 3)
    assert (back.pixel_array[1, ..., 0] == GREY[::-1]).all()


def test_a_palette_becomes_colour(server: Server) -> None:
    picture = Image.fromarray(COLOUR).quantize(16)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    image = undescribed(make_image())
    part = bulk("image/png", "p", stream.getvalue())
    assert send(server, [model(image, PixelData="p")], part).status == 200
    assert (stored(server, image).pixel_array == np.asarray(picture.convert("RGB"))).all()


def _mp4(columns: int, rows: int, frames: int) -> bytes:
    """The boxes of a film that has no picture in it."""

    def box(kind: bytes, *content: bytes) -> bytes:
        body = b"".join(content)
        return (len(body) + 8).to_bytes(4, "big") + kind + body

    def number(value: int, size: int = 4) -> bytes:
        return value.to_bytes(size, "big")

    entry = box(b"avc1", bytes(24), number(columns, 2), number(rows, 2), bytes(50))
    table = box(b"stsd", bytes(4), number(1), entry) + box(b"stsz", bytes(8), number(frames))
    media = box(b"mdhd", bytes(12), number(1000), number(40 * frames), bytes(4))
    handler = box(b"hdlr", bytes(8), b"vide", bytes(12))
    track = box(b"trak", box(b"mdia", media, handler, box(b"minf", box(b"stbl", table))))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", bytes(999)) + box(b"moov", track)


def test_a_film_is_one_part_and_tells_its_size(server: Server) -> None:
    film = _mp4(320, 240, 25)
    image = undescribed(make_image())
    part = bulk(f"video/mp4; transfer-syntax={J}102", "p", film)
    answer = send(server, [model(image, PixelData="p")], part)
    assert answer.status == 200, answer.module
    back = stored(server, image)
    assert (back.Rows, back.Columns, back.NumberOfFrames) == (240, 320, 25)
    assert (back.PhotometricInterpretation, float(back.FrameTime)) == ("YBR_PARTIAL_420", 40.0)
    whole = get(server, f"{path_of(image)}/bulkdata/7FE00010", "video/mp4, */*;q=0.1")
    assert film in whole.content


SMALL = dict(zip(DESCRIPTION, (1, 2, 1, "MONOCHROME2", 8, 8, 7, 0), strict=True))
PNG = _saved(GREY, "PNG")
JPEG, SHORT = _saved(GREY, "JPEG"), _saved(GREY[1:], "JPEG")
BAD: dict[str, tuple[dict[str, Any], list[Part]]] = {
    "no PNG": ({}, [bulk("image/png", "p", b"none")]),
    "a PNG cut short": ({}, [bulk("image/png", "p", PNG[:-30])]),
    "a PNG that says JPEG": ({}, [bulk("image/jpeg", "p", PNG)]),
    "a JPEG that says PNG": ({}, [bulk("image/png", "p", JPEG)]),
    "a JPEG that says JPEG-LS": ({}, [bulk("image/jls", "p", JPEG)]),
    "a JPEG that says JPEG 2000": ({}, [bulk("image/jp2", "p", JPEG)]),
    "JPEG 2000 that says HTJ2K": ({}, [bulk("image/jphc", "p", _jpeg_2000(GREY))]),
    "no JPEG XL": ({}, [bulk("image/jxl", "p", JPEG)]),
    "a head cut short": ({}, [bulk("image/jpeg", "p", JPEG[:100])]),
    "empty": ({}, [bulk("image/jpeg", "p", b"")]),
    "another syntax": ({}, [bulk(f"image/jpeg; transfer-syntax={J}70", "p", JPEG)]),
    "a syntax of another type": ({}, [bulk(f"image/jpeg; transfer-syntax={J}90", "p", JPEG)]),
    "an unknown type": ({}, [bulk("image/webp", "p", JPEG)]),
    "no picture": ({}, [bulk("text/html", "p", b"<p>")]),
    "big endian": ({}, [bulk(f"{OCTETS}; transfer-syntax=1.2.840.10008.1.2.2", "p", b"ab")]),
    "other rows": ({"Rows": 99}, [bulk("image/jpeg", "p", JPEG)]),
    "other samples": ({"SamplesPerPixel": 3}, [bulk("image/jpeg", "p", JPEG)]),
    "other frames": ({"NumberOfFrames": 3}, [bulk("image/jpeg", "p", JPEG)]),
    "other native frames": (
        {"NumberOfFrames": 3, **SMALL}, [bulk(OCTETS, "p", each) for each in (b"ab", b"cd")]
    ),
    "frames unlike": ({}, [bulk("image/jpeg", "p", each) for each in (JPEG, SHORT)]),
    "types unlike": ({}, [bulk("image/jpeg", "p", JPEG), bulk("image/png", "p", PNG)]),
    "native without description": ({}, [bulk(OCTETS, "p", GREY.tobytes())]),
    "two films": ({}, [bulk("video/mp4", "p", _mp4(1, 1, 1))] * 2),
    "a film that says nothing": ({}, [bulk("video/mp4", "p", b"nothing")]),
    "base64": ({}, [bulk("image/jpeg", "p", JPEG, **{"Content-Transfer-Encoding": "base64"})]),
    "another part": ({}, [bulk("image/jpeg", "q", JPEG)]),
}  # fmt: skip


@pytest.mark.parametrize(("values", "bulk_parts"), BAD.values(), ids=BAD)
def test_pixels_that_are_not_what_is_said_fail_their_instance(
    server: Server, values: dict[str, Any], bulk_parts: list[Part]
) -> None:
    image = undescribed(make_image())
    for keyword, value in values.items():
        setattr(image, keyword, value)
    answer = send(server, [model(image, PixelData="p")], *bulk_parts)
    assert (answer.status, len(answer.items("failed"))) == (409, 1)
    assert answer.items("failed")[0]["00081155"]["Value"] == [image.SOPInstanceUID]
    assert get(server, path_of(image)).status_code == 404


def test_a_picture_bomb_is_refused_before_it_is_decoded(server: Server) -> None:
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60000).to_bytes(4, "big") * 2
    for depth in (b"\x08\x02", b"\x10\x02"):
        image = undescribed(make_image())
        body = head + depth + bytes(3) + bytes(1000)
        answer = send(server, [model(image, PixelData="p")], bulk("image/png", "p", body))
        assert (answer.status, len(answer.items("failed"))) == (409, 1)


def test_compressed_pixels_inside_a_sequence_are_refused(server: Server) -> None:
    image = make_image()
    found = model(image)
    icon = {"7FE00010": {"vr": "OB", "BulkDataURI": "i"}}
    found["00880200"] = {"vr": "SQ", "Value": [icon]}
    assert send(server, [found], bulk("image/jpeg", "i", JPEG)).status == 409
