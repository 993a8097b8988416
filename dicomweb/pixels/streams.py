"""What compressed frames say of themselves, so that data sets can be completed (PS3.18 10.5.2)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.codecs import jpeg_header
from dicomweb.pixels.codecs.failure import undecodable

# The first `count` bytes of a frame, all of them where it has fewer.
Head = Callable[[int], bytes]

# A head is that long; behind ICC profiles and previews it is looked for in more.
HEAD, LONG_HEAD = 64 * 1024, 8 * 1024 * 1024
MAX_DECODED = 64 * 1024 * 1024

_J = "1.2.840.10008.1.2.4."
_BOX_SIGNATURE = b"\0\0\0\x0cjP"
_CAP, _COD, _SOT = 0xFF50, 0xFF52, 0xFF90


@dataclass(frozen=True, slots=True)
class Stream:
    """One frame: its size, its samples, and how it may be stored.

    `syntaxes` are the transfer syntaxes that it obeys, the one to store it under first. `method` is
    the Lossy Image Compression Method, empty where nothing was lost. `samples` is 0 where only a
    decoder could tell. `span` is the codestream inside the file: up to its end where stop is 0.
    """

    rows: int
    columns: int
    samples: int
    precision: int
    photometric: str
    syntaxes: tuple[str, ...]
    signed: bool = False
    method: str = ""
    span: tuple[int, int] = (0, 0)

    def attributes(self) -> dict[str, Any]:
        """The Image Pixel Description of PS3.18 Table 10.5.2-1, as DICOM JSON."""
        return description(
            self.rows,
            self.columns,
            self.samples,
            self.photometric,
            self.precision,
            signed=self.signed,
        )


def description(
    rows: int, columns: int, samples: int, photometric: str, bits: int, *, signed: bool = False
) -> dict[str, Any]:
    """The attributes that say what `bits` of each of `samples` in a pixel are (PS3.3 C.7.6.3)."""
    numbers = {
        "00280002": samples,
        "00280010": rows,
        "00280011": columns,
        "00280100": 8 if bits <= 8 else 16 if bits <= 16 else 32,
        "00280101": bits,
        "00280102": bits - 1,
        "00280103": int(signed),
    }
    if samples > 1:
        numbers["00280006"] = 0
    found: dict[str, Any] = {tag: {"vr": "US", "Value": [n]} for tag, n in numbers.items()}
    found["00280004"] = {"vr": "CS", "Value": [photometric]}
    return found


def describe(media_type: str, head: Head, *, decode: bool = False) -> Stream | None:
    """What a frame of this media type is; None where the type has no header that says so (RLE).

    `decode` allows to decode a JPEG XL stream: nothing else tells its samples. NotAcceptable when
    the bytes are something else than their media type says.
    """
    reader = _READERS.get(media_type)
    if reader is None:
        return None
    start = head(HEAD)
    try:
        found = reader(start)
    except (NotAcceptable, struct.error, IndexError):
        found = _read_again(reader, head(LONG_HEAD))
    if decode and not found.samples:
        return _decoded(head(MAX_DECODED), found)
    return found


def _read_again(reader: "Callable[[bytes], Stream]", start: bytes) -> Stream:
    """With all that may stand in front of the head: profiles, previews."""
    try:
        return reader(start)
    except (struct.error, IndexError):
        raise undecodable("the head of its stream is damaged") from None


def _jpeg(frame: bytes) -> Stream:
    header = jpeg_header.parse(frame)
    samples, method = len(header.components), "ISO_10918_1"
    syntaxes: tuple[str, ...]
    if header.process == 0xC0:
        syntaxes = (_J + "50", _J + "51")
    elif header.process == 0xC1:
        syntaxes = (_J + "51",)
    elif (
        header.process == 0xC2
    ):  # PS3.5 has retired it; what is sent is kept unchanged all the same
        syntaxes = (_J + "55",)
    elif header.process == jpeg_header.LOSSLESS:
        method = ""
        predictor = _scan(frame, header.end)[0]
        syntaxes = (_J + "70", _J + "57") if predictor == 1 else (_J + "57",)
    else:
        raise undecodable("it is no JPEG of the processes 1, 2, 4, 10 or 14")
    photometric = "MONOCHROME2" if samples == 1 else _jpeg_colour(header)
    return Stream(
        *(header.rows, header.columns, samples, header.precision),
        *(photometric, syntaxes, False, method),
    )


def _jpeg_colour(header: jpeg_header.JpegHeader) -> str:
    names = bytes(component.name for component in header.components)
    if header.adobe == 0 or names == b"RGB":
        return "RGB"
    if header.process == jpeg_header.LOSSLESS and not header.jfif and header.adobe < 0:
        return "RGB"
    full = {(each.across, each.down) for each in header.components}
    return "YBR_FULL" if len(full) == 1 else "YBR_FULL_422"


def _jpeg_ls(frame: bytes) -> Stream:
    header = jpeg_header.parse(frame)
    if header.process != jpeg_header.JPEG_LS:
        raise undecodable("it is a JPEG stream, and its media type says JPEG-LS")
    near = _scan(frame, header.end)[0]
    samples = len(header.components)
    return Stream(
        *(header.rows, header.columns, samples, header.precision),
        "MONOCHROME2" if samples == 1 else "RGB",
        (_J + "81",) if near else (_J + "80", _J + "81"),
        method="ISO_14495_1" if near else "",
    )


def _scan(frame: bytes, at: int) -> bytes:
    """What follows the components in the first scan header: predictor, or NEAR (T.81 B.2.3)."""
    while frame[at : at + 1] == b"\xff" and at + 4 <= len(frame):
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        content = frame[at + 4 : at + 2 + length]
        if marker == jpeg_header.SOS:
            if len(content) >= 4 and len(content) >= 4 + 2 * content[0]:
                return content[1 + 2 * content[0] :]
            break
        at += 2 + length
    raise undecodable("its stream has no scan")


def _jpeg_2000(frame: bytes) -> Stream:
    return _codestream(frame, "90", "91", "ISO_15444_1")


def _jpeg_2000_part_2(frame: bytes) -> Stream:
    return _codestream(frame, "92", "93", "ISO_15444_2")


def _high_throughput(frame: bytes) -> Stream:
    return _codestream(frame, "201", "203", "ISO_15444_15", throughput=True)


def _codestream(
    frame: bytes, lossless: str, lossy: str, method: str, *, throughput: bool = False
) -> Stream:
    """A JPEG 2000 codestream, alone or in the boxes of a file (T.800 A.5, I)."""
    start, stop = _inside_boxes(frame) if frame.startswith(_BOX_SIGNATURE) else (0, 0)
    markers = dict(_markers(frame, start))
    if (_CAP in markers) is not throughput:
        other = "JPEG 2000" if throughput else "High-Throughput JPEG 2000"
        raise undecodable(f"it is {other}, which has a media type of its own")
    try:
        siz, cod = markers[0xFF51], markers[_COD]
        right, lower, left, upper = struct.unpack_from(">4L", siz, 2)
        count, depth = struct.unpack_from(">HB", siz, 34)
        several, reversible = cod[4], cod[9] == 1
    except (KeyError, IndexError, struct.error):
        raise undecodable("the head of its JPEG 2000 codestream is damaged") from None
    colour = ("YBR_RCT" if reversible else "YBR_ICT") if several else "RGB"
    exact = (lossless, "202", lossy) if throughput else (lossless, lossy)
    return Stream(
        *(lower - upper, right - left, count, (depth & 0x7F) + 1),
        "MONOCHROME2" if count == 1 else colour,
        tuple(_J + tail for tail in (exact if reversible else (lossy,))),
        signed=bool(depth & 0x80),
        method="" if reversible else method,
        span=(start, stop),
    )


def _inside_boxes(frame: bytes) -> tuple[int, int]:
    """Where the codestream of a JP2 file lies: DICOM stores it without the boxes (PS3.5 8.2.4)."""
    at = 0
    while at + 16 <= len(frame):
        length, kind = struct.unpack_from(">L4s", frame, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", frame, at + 8)
            head = 16
        if kind == b"jp2c":
            return at + head, at + length if length else 0
        if length < head:
            break
        at += length
    raise undecodable("it does not hold a JPEG 2000 codestream")


def _markers(frame: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The segments of the main header, up to the first tile (T.800 A.2)."""
    if frame[at : at + 4] != b"\xff\x4f\xff\x51":
        raise undecodable("it does not hold a JPEG 2000 codestream")
    at += 2
    while at + 4 <= len(frame):
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker == _SOT:
            return
        if marker < 0xFF00 or length < 2:
            break
        yield marker, frame[at + 4 : at + 2 + length]
        at += 2 + length
    raise undecodable("the head of its JPEG 2000 codestream is cut short")


def _jpeg_xl(frame: bytes) -> Stream:
    """Without decoding: whether something was lost it does not tell, so that 4.112 is said."""
    from dicomweb.pixels.codecs.jpeg_xl import size

    rows, columns = size(frame)
    syntaxes = (_J + "112", _J + "110", _J + "111")
    return Stream(rows, columns, 0, 0, "", syntaxes)


def _decoded(frame: bytes, found: Stream) -> Stream:
    if found.rows * found.columns > MAX_DECODED:
        raise undecodable("it is too large to be decoded for its description")
    from imagecodecs import jpegxl_decode

    try:
        array = jpegxl_decode(frame, index=0, keeporientation=True, numthreads=1)
    except (RuntimeError, ValueError, IndexError) as error:
        raise undecodable("its JPEG XL stream is damaged or cut short") from error
    samples = 1 if array.ndim == 2 else int(array.shape[2])
    if array.dtype.kind != "u" or samples not in (1, 3):
        raise undecodable("its JPEG XL stream holds other samples than grey or RGB integers")
    return Stream(
        *(found.rows, found.columns, samples, 8 * array.dtype.itemsize),
        *("MONOCHROME2" if samples == 1 else "RGB", found.syntaxes),
    )


_READERS: dict[str, Callable[[bytes], Stream]] = {
    "image/jpeg": _jpeg,
    "image/jls": _jpeg_ls,
    "image/jp2": _jpeg_2000,
    "image/jpx": _jpeg_2000_part_2,
    "image/jphc": _high_throughput,
    "image/jph": _high_throughput,
    "image/jxl": _jpeg_xl,
}
