"""What the bytes of a frame mean: the Image Pixel module (PS3.3 C.7.6.3) of one instance."""

from dataclasses import dataclass
from enum import StrEnum

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, integer, text
from dicomweb.pixels.codecs import SYNTAXES

# PS3.5 8.1.1: 1 or a multiple of 8; of those NumPy has a type for these.
BITS_ALLOCATED = (1, 8, 16, 32, 64)
# The forms in which two columns share their chroma: Y Y Cb Cr, two samples a pixel when native.
HALF_CHROMA = ("YBR_FULL_422", "YBR_PARTIAL_422")
_DCT = tuple(f"1.2.840.10008.1.2.4.{process}" for process in (50, 51, 53, 55))


class Kind(StrEnum):
    """Which element holds the pixels, and so what a sample is."""

    INTEGER = "7FE00010"
    FLOAT = "7FE00008"
    DOUBLE = "7FE00009"


@dataclass(frozen=True, slots=True)
class ImagePixel:
    """The description of an image's pixels.

    `bits_stored` bits that end at `high_bit` are the sample, two's complement when `signed`.
    `word_vr` is OB or OW (other VRs of broken files stay as they are): it matters in big endian.
    """

    rows: int
    columns: int
    samples: int = 1
    photometric: str = "MONOCHROME2"
    planar: int = 0
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    frames: int = 1
    transfer_syntax: str = "1.2.840.10008.1.2.1"
    kind: Kind = Kind.INTEGER
    word_vr: str = "OW"

    @classmethod
    def of(cls, metadata: Metadata, transfer_syntax: str) -> "ImagePixel":
        """Read it from a data set in DICOM JSON; NotAcceptable when it describes no image."""
        kind = next((kind for kind in (Kind.FLOAT, Kind.DOUBLE) if kind in metadata), Kind.INTEGER)
        samples = _within(metadata, "00280002", "Samples per Pixel", 1, 4, default=1)
        allocated = _bits_allocated(metadata, kind)
        stored = _within(metadata, "00280101", "Bits Stored", 1, allocated, default=allocated)
        fallback = "MONOCHROME2" if samples == 1 else "RGB"
        element = metadata.get(kind)
        image = cls(
            rows=_within(metadata, "00280010", "Rows", 1, 65535),
            columns=_within(metadata, "00280011", "Columns", 1, 65535),
            samples=samples,
            photometric=text(metadata, "00280004").upper() or fallback,
            planar=int(integer(metadata, "00280006") == 1),
            bits_allocated=allocated,
            bits_stored=stored if kind is Kind.INTEGER else allocated,
            high_bit=_high_bit(metadata, stored, allocated),
            signed=integer(metadata, "00280103") == 1,
            frames=max(1, integer(metadata, "00280008", 1) or 1),
            transfer_syntax=transfer_syntax,
            kind=kind,
            word_vr=str(element.get("vr", "OW")) if isinstance(element, dict) else "OW",
        )
        if samples > 1 and (allocated == 1 or kind is not Kind.INTEGER):
            raise _impossible("several samples of 1 bit or of floating point numbers in a pixel")
        return image

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a decoded frame: (rows, columns), or (rows, columns, samples)."""
        plane = (self.rows, self.columns)
        return plane if self.samples == 1 else (*plane, self.samples)

    @property
    def half_chroma(self) -> bool:
        """Whether native pixels hold two samples of chroma for two columns (PS3.3 C.7.6.3.1.2)."""
        return self.samples == 3 and self.photometric in HALF_CHROMA and self.bits_allocated == 8

    @property
    def native_bytes(self) -> int:
        """The length of one native frame; its last byte is partly used when 1-bit."""
        samples = 2 if self.half_chroma else self.samples
        return (self.rows * self.columns * samples * self.bits_allocated + 7) // 8


def photometric_after(image: ImagePixel) -> str:
    """The Photometric Interpretation of what `decode.decode` returns.

    The codec undoes the colour transform that belongs to it: JPEG's DCT processes, JPEG 2000 and
    JPEG XL give RGB. Elsewhere YBR_FULL stays YBR_FULL, and chroma shared by two columns is given
    to each: YBR_FULL_422 becomes YBR_FULL; YBR_PARTIAL_422 keeps its name, there is none for it.
    """
    if image.samples == 3:
        syntax = SYNTAXES.get(image.transfer_syntax)
        if image.transfer_syntax in _DCT or (syntax and syntax.family == "jpeg_xl"):
            return "RGB"
        if image.photometric in ("YBR_ICT", "YBR_RCT"):
            return "RGB"
        if image.photometric == "YBR_FULL_422":
            return "YBR_FULL"
    return image.photometric


def _within(
    metadata: Metadata, tag: str, name: str, least: int, most: int, default: int | None = None
) -> int:
    found = integer(metadata, tag, default)
    if found is None:
        raise _impossible(f"{name} is absent")
    if not least <= found <= most:
        raise _impossible(f"{name} is {found}, where {least} to {most} is possible")
    return found


def _bits_allocated(metadata: Metadata, kind: Kind) -> int:
    if kind is not Kind.INTEGER:
        return 32 if kind is Kind.FLOAT else 64
    allocated = _within(metadata, "00280100", "Bits Allocated", 1, 64)
    if allocated not in BITS_ALLOCATED:
        raise _impossible(f"Bits Allocated is {allocated}, where 1, 8, 16, 32 or 64 is possible")
    return allocated


def _high_bit(metadata: Metadata, stored: int, allocated: int) -> int:
    """High Bit, where it leaves room for the sample; PS3.5 8.1.1 wants Bits Stored - 1."""
    found = integer(metadata, "00280102", stored - 1) or 0
    return found if stored - 1 <= found < allocated else stored - 1


def _impossible(what: str) -> NotAcceptable:
    return NotAcceptable(f"The instance holds no image that can be decoded: {what}.")
