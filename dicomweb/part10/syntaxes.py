"""Transfer syntaxes, as far as finding one's way through a file depends on them."""

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"

# PS3.5 A.5; the two JPIP syntaxes wrap their data set the same way.
DEFLATED = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
# Pixel Data, where there is any, are not encapsulated.
NATIVE = DEFLATED | {IMPLICIT, EXPLICIT, BIG_ENDIAN}

_JPEG_FAMILY = "1.2.840.10008.1.2.4."
_KNOWN_TAILS = (
    *range(50, 67),  # JPEG, the retired processes too
    70,
    80,
    81,  # JPEG-LS
    *range(90, 96),  # JPEG 2000 and JPIP
    *range(100, 109),  # MPEG-2, H.264, H.265
    *range(110, 113),  # JPEG XL
    *range(201, 206),  # HTJ2K and its JPIP
)
VIDEO = frozenset(
    f"{_JPEG_FAMILY}{tail}{fragmentable}" for tail in range(100, 109) for fragmentable in ("", ".1")
)
KNOWN = (
    NATIVE
    | VIDEO
    | {f"{_JPEG_FAMILY}{tail}" for tail in _KNOWN_TAILS}
    | {
        RLE,
        "1.2.840.10008.1.2.1.98",  # Encapsulated Uncompressed
        "1.2.840.10008.1.2.6.1",  # RFC 2557 MIME
        "1.2.840.10008.1.2.8.1",  # Deflated Image Frame
        "1.2.840.10008.1.2.7.1",  # SMPTE ST 2110
        "1.2.840.10008.1.2.7.2",
        "1.2.840.10008.1.2.7.3",
    }
)
# A frame of these ends with the JPEG marker EOI, or JPEG 2000's EOC, which is the same.
MARKED = frozenset(f"{_JPEG_FAMILY}{tail}" for tail in (*range(50, 67), 70, 80, 81))
