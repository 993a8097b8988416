"""Multipart bodies (RFC 2046 5.1, RFC 2387; PS3.18 8.6.1.2): reading a stream, writing one."""

from dicomweb.wire.multipart.reading import (
    Event,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
)
from dicomweb.wire.multipart.writing import (
    boundary_for,
    closing,
    multipart_length,
    part_head,
    range_head,
)

__all__ = [
    "Event",
    "MultipartReader",
    "PartBegin",
    "PartData",
    "PartEnd",
    "boundary_for",
    "boundary_of",
    "closing",
    "multipart_length",
    "part_head",
    "range_head",
]
