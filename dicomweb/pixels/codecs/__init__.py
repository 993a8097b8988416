"""The transfer syntaxes whose frames can be decoded, and the family module that does each."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from dicomweb.pixels.image import ImagePixel
    from dicomweb.pixels.pixel_array import Pixels


class Family(Protocol):
    """A module of this package: one way of packing samples."""

    def decode(self, frame: bytes, image: "ImagePixel") -> "tuple[Pixels, int]":
        """The frame as (rows, columns[, samples]) and the width of its words in bits."""
        ...


@dataclass(frozen=True, slots=True)
class Syntax:
    """A transfer syntax: its family module and, when it can lose something, the loss's name.

    `method` is the Defined Term of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1).
    """

    family: str
    method: str = ""


_J = "1.2.840.10008.1.2.4."

SYNTAXES = {
    "1.2.840.10008.1.2": Syntax("native"),
    "1.2.840.10008.1.2.1": Syntax("native"),
    "1.2.840.10008.1.2.1.98": Syntax("native"),
    "1.2.840.10008.1.2.1.99": Syntax("native"),
    "1.2.840.10008.1.2.2": Syntax("native"),
    "1.2.840.10008.1.2.8.1": Syntax("deflated"),
    "1.2.840.10008.1.2.5": Syntax("rle"),
    _J + "50": Syntax("jpeg", "ISO_10918_1"),
    _J + "51": Syntax("jpeg", "ISO_10918_1"),
    _J + "53": Syntax("jpeg", "ISO_10918_1"),
    _J + "55": Syntax("jpeg", "ISO_10918_1"),
    _J + "57": Syntax("jpeg"),
    _J + "70": Syntax("jpeg"),
    _J + "80": Syntax("jpeg_ls"),
    _J + "81": Syntax("jpeg_ls", "ISO_14495_1"),
    _J + "90": Syntax("jpeg_2000"),
    _J + "91": Syntax("jpeg_2000", "ISO_15444_1"),
    _J + "92": Syntax("jpeg_2000"),
    _J + "93": Syntax("jpeg_2000", "ISO_15444_2"),
    _J + "201": Syntax("jpeg_2000"),
    _J + "202": Syntax("jpeg_2000"),
    _J + "203": Syntax("jpeg_2000", "ISO_15444_15"),
    _J + "110": Syntax("jpeg_xl"),
    _J + "111": Syntax("jpeg_xl", "ISO_10918_1"),
    _J + "112": Syntax("jpeg_xl", "ISO_18181_1"),
}


def can_decode(transfer_syntax: str) -> bool:
    """Whether frames of this transfer syntax are pictures that can be read; video is not."""
    return transfer_syntax in SYNTAXES


def family(transfer_syntax: str) -> Family:
    """The module for a transfer syntax of SYNTAXES; its libraries load with it."""
    return cast(Family, import_module(f"{__name__}.{SYNTAXES[transfer_syntax].family}"))
