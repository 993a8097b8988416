"""ICC profiles of the well-known colour spaces, made here: no files, no licences (ICC.1:2010)."""

import struct
from functools import lru_cache

# Colorants adapted to D50, and the transfer curve as the numbers g a b c d of a parametric curve:
# y = (a x + b)^g above d, c x below it (ICC.1:2010 10.16, function type 3).
_SPACES = {
    "srgb": (
        "sRGB",
        ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)),
        (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    ),
    "adobergb": (
        "Compatible with Adobe RGB (1998)",
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        (563 / 256, 1.0, 0.0, 0.0, 0.0),
    ),
    "rommrgb": (
        "ROMM RGB (ISO 22028-2)",
        ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)),
        (1.8, 1.0, 0.0, 1 / 16, 0.031248),
    ),
}
_D50 = (0.9642, 1.0, 0.8249)


@lru_cache(maxsize=len(_SPACES))
def rgb_profile(name: str) -> bytes:
    """A display profile: `srgb`, `adobergb` or `rommrgb`."""
    description, colorants, curve = _SPACES[name]
    tags = {b"desc": _text(description), b"cprt": _text("No copyright"), b"wtpt": _xyz(_D50)}
    tags |= {
        tag: _xyz(xyz) for tag, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(curve))
    return _assemble(b"RGB ", tags)


@lru_cache(maxsize=1)
def grey_profile() -> bytes:
    """Grey with the transfer curve of sRGB: what a browser takes a picture without profile for."""
    tags = {b"desc": _text("Grey with the sRGB curve"), b"cprt": _text("No copyright")}
    tags |= {b"wtpt": _xyz(_D50), b"kTRC": _curve(_SPACES["srgb"][2])}
    return _assemble(b"GRAY", tags)


def _assemble(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header, tag table and tag data; equal data are stored once."""
    offset = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    body = b""
    for data in tags.values():
        if data not in places:
            places[data] = offset + len(body)
            body += data
    table = struct.pack(">L", len(tags)) + b"".join(
        tag + struct.pack(">2L", places[data], len(data)) for tag, data in tags.items()
    )
    header = struct.pack(
        ">L4sL4s4s4s6H4s4sLL4sQL3L4s16s28s",
        128 + len(table) + len(body),
        b"\0\0\0\0",
        0x04200000,
        b"mntr",
        space,
        b"XYZ ",
        *(2024, 1, 1, 0, 0, 0),
        b"acsp",
        b"\0\0\0\0",
        *(0, 0),
        b"\0\0\0\0",
        *(0, 0),
        *(_fixed(part) for part in _D50),
        b"\0\0\0\0",
        bytes(16),
        bytes(28),
    )
    return header + table + body


def _fixed(number: float) -> int:
    return round(number * 65536)


def _xyz(xyz: tuple[float, float, float]) -> bytes:
    return struct.pack(">4sL3l", b"XYZ ", 0, *(_fixed(part) for part in xyz))


def _curve(numbers: tuple[float, ...]) -> bytes:
    return struct.pack(">4sLHH5l", b"para", 0, 3, 0, *(_fixed(number) for number in numbers))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    head = struct.pack(">4sLLL2s2sLL", b"mluc", 0, 1, 12, b"en", b"US", len(encoded), 28)
    return head + encoded + bytes(-len(encoded) % 4)
