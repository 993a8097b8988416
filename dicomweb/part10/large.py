"""Which values stay out of the JSON and are served by a BulkDataURI instead (PS3.18 F.2.2)."""

PIXELS = frozenset({"7FE00008", "7FE00009", "7FE00010"})
# Served by URI whatever their length: clients ask for them as bulk data.
_ALWAYS_BULK = PIXELS | {"00420011", "54001010", "00282000"}
_OVERLAYS = frozenset(f"60{group:02X}3000" for group in range(0, 0x20, 2))
# Viewers look lookup tables up while they draw, so that these stay in the JSON up to some length.
_LOOKUP_TABLES = {f"0028{element}" for element in range(1200, 1205)} | {
    *(f"0028{element}" for element in (1211, 1212, 1213, 1221, 1222, 1223, 1224, 1408, 3006)),
}
_MAX_LOOKUP_TABLE = 16 * 1024
MAX_BINARY = 1024
_MAX_INLINE = 64 * 1024
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
# PS3.18 F.2.2: the VRs that may be given by a BulkDataURI.
MAY_BE_BULK = BINARY | {"DS", "FD", "FL", "IS", "LT", "SL", "SS", "ST", "SV", "UC", "UL", "US"}
MAY_BE_BULK |= {"UT", "UV"}


def is_bulk(tag: str, vr: str, length: int) -> bool:
    """Whether a value of `length` bytes, not empty, stays out of the JSON."""
    if tag in _ALWAYS_BULK or tag in _OVERLAYS:
        return True
    if tag in _LOOKUP_TABLES:
        return length > _MAX_LOOKUP_TABLE
    return length > (MAX_BINARY if vr in BINARY else _MAX_INLINE)
