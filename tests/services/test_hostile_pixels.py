"""Broken and malicious pixels over HTTP: a sentence, soon, in bounded memory; all goes on."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import requests
import simplejpeg
from clients import get, path_of, store
from pydicom.dataset import Dataset
from samples import compress, encode, make_image
from servers import Server

from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.transcode import transcode_frame

JPEG = "1.2.840.10008.1.2.4."
EXPLICIT = "1.2.840.10008.1.2.1"
RLE, DEFLATED = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1"
NOISE = np.random.default_rng(7).integers(0, 4096, (64, 64), np.uint16)
BYTES = (NOISE >> 4).astype(np.uint8)
SECONDS = 30.0


def _stream(syntax: str, values: np.ndarray, bits: int) -> bytes:
    allocated = 8 * values.dtype.itemsize
    image = ImagePixel(64, 64, bits_allocated=allocated, bits_stored=bits, high_bit=bits - 1)
    return transcode_frame(values.tobytes(), image, syntax)


STREAMS: dict[str, tuple[bytes, int]] = {
    RLE: (_stream(RLE, NOISE, 12), 12),
    DEFLATED: (_stream(DEFLATED, NOISE, 12), 12),
    **{f"{JPEG}{tail}": (_stream(f"{JPEG}{tail}", NOISE, 12), 12) for tail in (51, 57, 70)},
    **{f"{JPEG}{tail}": (_stream(f"{JPEG}{tail}", NOISE, 12), 12) for tail in (80, 81, 90, 91)},
    **{f"{JPEG}{tail}": (_stream(f"{JPEG}{tail}", NOISE, 12), 12) for tail in (201, 202, 203)},
    f"{JPEG}110": (_stream(f"{JPEG}110", NOISE, 12), 12),
    f"{JPEG}50": (_stream(f"{JPEG}50", BYTES, 8), 8),
    f"{JPEG}111": (bytes(imagecodecs.jpegxl_encode_jpeg(simplejpeg.encode_jpeg(
        np.ascontiguousarray(BYTES[:, :, np.newaxis]), 90, "GRAY", "444"))), 8),
    f"{JPEG}112": (bytes(imagecodecs.jpegxl_encode(BYTES, distance=1.0)), 8),
}  # fmt: skip


def broken(frame: bytes, bits: int = 12, **values: Any) -> Dataset:
    """A data set with one compressed frame."""
    dataset = make_image(rows=64, columns=64)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 + 8 * (bits > 8), bits, bits - 1
    compress(dataset, [frame])
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def stored(server: Server, *datasets: Dataset, syntax: str = EXPLICIT) -> list[str]:
    """The paths of the instances, once they are stored."""
    files = [_file(dataset, syntax) for dataset in datasets]
    assert store(server, *files).status in (200, 202)
    return [path_of(dataset) for dataset in datasets]


def _file(dataset: Dataset, syntax: str) -> bytes:
    """As pydicom writes it; under a UID as long as that of a syntax that it does not know."""
    known = {DEFLATED: f"{JPEG}50"} | {f"{JPEG}{tail}": f"{JPEG}201" for tail in (110, 111, 112)}
    written = known.get(syntax, syntax)
    padded = syntax.encode().ljust(len(written), b"\0")
    return encode(dataset, written).replace(written.encode(), padded, 1)


def ask(server: Server, path: str, accept: str = "image/png") -> requests.Response:
    """The answer, which cost the server little; it still serves others."""
    before = _worked(server)
    answer = get(server, path, accept)
    assert _worked(server) - before < SECONDS
    assert requests.get(f"{server.address}/health/live", timeout=120).ok
    return answer


def _worked(server: Server) -> float:
    """The server's seconds of CPU so far: a busy machine makes them no more."""
    stat = Path(f"/proc/{server.process.pid}/stat").read_text("ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def refused(answer: requests.Response) -> bool:
    """A refusal with a sentence and nothing of our inside."""
    said = answer.json()["message"]
    return 400 <= answer.status_code < 500 and said.endswith(".") and "Traceback" not in said


def resident(server: Server) -> int:
    """Megabytes of memory of the server, at its highest."""
    with open(f"/proc/{server.process.pid}/status") as status:  # noqa: PTH123
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


@pytest.mark.parametrize("syntax", STREAMS)
def test_a_frame_is_refused_unless_it_is_whole(server: Server, syntax: str) -> None:
    frame, bits = STREAMS[syntax]
    garbage = frame[:2] + np.random.default_rng(1).bytes(len(frame))
    cut = [frame[: len(frame) // 50 + 2], frame[: len(frame) // 2]]
    frames = [broken(each, bits) for each in (frame, garbage, *cut)]
    whole, *paths = stored(server, *frames, syntax=syntax)
    assert ask(server, whole + "/rendered").status_code == 200
    assert all(refused(ask(server, path + "/rendered")) for path in paths)


@pytest.mark.parametrize("syntax", STREAMS)
def test_a_frame_cut_short_is_refused_in_every_form(server: Server, syntax: str) -> None:
    frame, bits = STREAMS[syntax]
    (path,) = stored(server, broken(frame[: len(frame) // 2], bits), syntax=syntax)
    for asked, accept in (
        ("/thumbnail", "image/jpeg"),
        ("/frames/1", "application/octet-stream"),
        ("", f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'),
    ):
        assert refused(ask(server, path + asked, accept)), asked


@pytest.mark.parametrize("syntax", STREAMS)
def test_rows_and_columns_that_are_not_the_streams_are_refused(server: Server, syntax: str) -> None:
    frame, bits = STREAMS[syntax]
    sizes = [(65, 64), (64, 128), (60000, 60000), (0, 64)]
    wrong = [broken(frame, bits, Rows=rows, Columns=columns) for rows, columns in sizes]
    for path in stored(server, *wrong, syntax=syntax):
        assert refused(ask(server, path + "/rendered"))


@pytest.mark.parametrize("values", [{"Rows": 60000, "Columns": 60000}, {"Rows": 65}, {"Rows": 0}])
def test_native_pixels_that_do_not_fit_are_refused(server: Server, values: dict[str, int]) -> None:
    dataset = make_image(rows=64, columns=64)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    (path,) = stored(server, dataset)
    assert refused(ask(server, path + "/rendered"))


def _huge_jpeg() -> bytes:
    """A whole JPEG of 60,000 x 60,000 in a hundred bytes: its scan ends at once."""
    small = simplejpeg.encode_jpeg(np.zeros((8, 8, 1), np.uint8), 90, "GRAY", "444")
    at = small.index(b"\xff\xc0")
    return small[: at + 5] + struct.pack(">HH", 60000, 60000) + small[at + 9 :]


def _huge_jpeg_2000() -> bytes:
    small = bytes(imagecodecs.jpeg2k_encode(np.zeros((8, 8), np.uint8), codecformat="J2K"))
    at = small.index(b"\xff\x51") + 6
    sizes = struct.pack(">8L", 60000, 60000, 0, 0, 60000, 60000, 0, 0)
    return small[:at] + sizes + small[at + 32 :]


def _deflate_bomb() -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join([*(squeeze.compress(bytes(1 << 20)) for _ in range(1024)), squeeze.flush()])


def _packed_bomb() -> bytes:
    """PackBits that unpack to 64 times their length, whatever Rows x Columns say."""
    return struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * (4 << 20)


def _many_tiles() -> bytes:
    """A codestream whose 30000 x 30000 pixels lie in tiles of one pixel."""
    huge = bytearray(_huge_jpeg_2000())
    at = huge.index(b"\xff\x51") + 22
    huge[at : at + 8] = struct.pack(">2L", 1, 1)
    return bytes(huge)


BOMBS: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "JPEG of 60,000 x 60,000": (f"{JPEG}50", _huge_jpeg, 60000),
    "JPEG 2000 of 60,000 x 60,000": (f"{JPEG}90", _huge_jpeg_2000, 60000),
    "JPEG 2000 in tiles of a pixel": (f"{JPEG}90", _many_tiles, 60000),
    "RLE of 60,000 x 60,000": (RLE, _packed_bomb, 60000),
    "RLE that goes on": (RLE, _packed_bomb, 64),
    "deflate of a gigabyte": (DEFLATED, _deflate_bomb, 60000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(server: Server, name: str) -> None:
    syntax, make, side = BOMBS[name]
    (path,) = stored(server, broken(make(), 8, Rows=side, Columns=side), syntax=syntax)
    before = resident(server)
    answers = [ask(server, path + "/rendered"), ask(server, path + "/thumbnail", "image/jpeg")]
    answers.append(ask(server, path + "/frames/1", "application/octet-stream"))
    fine = name == "RLE that goes on"  # the frame is there; what follows it is not unpacked for it
    assert all(answer.status_code == 200 if fine else refused(answer) for answer in answers)
    assert resident(server) - before < 700


def test_a_deflated_frame_is_inflated_no_further_than_it_is_large(server: Server) -> None:
    (path,) = stored(server, broken(_deflate_bomb(), 8), syntax=DEFLATED)
    before = resident(server)
    assert ask(server, path + "/rendered").status_code == 200
    assert resident(server) - before < 100


@pytest.mark.parametrize("query", ["viewport=100000,100000", "viewport=8193,1", "viewport=1,1,9e9"])
def test_a_huge_viewport_is_400(server: Server, query: str) -> None:
    (path,) = stored(server, make_image(rows=64, columns=64))
    assert ask(server, f"{path}/rendered?{query}").status_code == 400


def _table(first: int, count: int, bits: int, data: bytes) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [count, first, bits])
    item.add_new(0x00283006, "OW", data)
    return item


@pytest.mark.parametrize(
    ("count", "bits", "data"),
    [(0, 16, b""), (4096, 16, b"\1\2"), (4, 0, b"\0\0\1\0"), (65535, 99, bytes(8))],
)
@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_an_impossible_table_ends_in_a_picture_or_a_sentence(
    server: Server, sequence: str, count: int, bits: int, data: bytes
) -> None:
    dataset = make_image(rows=64, columns=64, **{sequence: [_table(0, count, bits, data)]})
    (path,) = stored(server, dataset)
    answer = ask(server, path + "/rendered")
    assert answer.status_code == 200 or refused(answer)


def test_a_palette_without_entries_is_refused(server: Server) -> None:
    dataset = make_image(rows=64, columns=64, PhotometricInterpretation="PALETTE COLOR")
    for tag in (0x00281101, 0x00281102, 0x00281103):
        dataset.add_new(tag, "US", [256, 0, 16])
    (path,) = stored(server, dataset)
    assert refused(ask(server, path + "/rendered"))
