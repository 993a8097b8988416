"""Preamble and file meta information of the files that we write (PS3.10 7.1)."""

import struct

from dicomweb.part10.plain import element_bytes

IMPLEMENTATION_CLASS = "2.25.210899246985243882995378546460169609386"
IMPLEMENTATION_VERSION = "LIGHTBOX"


def file_meta(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """All that stands before the data set."""
    group = b"".join(
        [
            element_bytes("00020001", "OB", b"\0\1"),
            element_bytes("00020002", "UI", sop_class.encode()),
            element_bytes("00020003", "UI", sop_instance.encode()),
            element_bytes("00020010", "UI", transfer_syntax.encode()),
            element_bytes("00020012", "UI", IMPLEMENTATION_CLASS.encode()),
            element_bytes("00020013", "SH", IMPLEMENTATION_VERSION.encode()),
        ]
    )
    length = element_bytes("00020000", "UL", struct.pack("<I", len(group)))
    return bytes(128) + b"DICM" + length + group
