"""Writing multipart bodies in pieces: heads and an end, between which the payloads go unjoined.

The same resource gives the same bytes every time, so that a Range of a multipart means something
(PS3.18 8.6.1.2), and the length is known before the first byte is sent.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

# 48 hex digits: within RFC 2046's 70, and long enough that clients search for it quickly.
_BOUNDARY_BYTES = 24
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


def boundary_for(seed: str | bytes, key: bytes = b"") -> str:
    """The boundary for a seed, as the ETag of the answer: 48 hex digits.

    With a `key` (up to 64 bytes) that only the server knows, nobody can store an object that holds
    the boundary with which it will be sent.
    """
    data = seed.encode() if isinstance(seed, str) else seed
    return blake2b(data, digest_size=_BOUNDARY_BYTES, key=key).hexdigest()


def part_head(
    boundary: str, content_type: str, location: str, length: int | None, *, first: bool = False
) -> bytes:
    """Delimiter and headers of a part, up to its first byte; an empty `location` is left out.

    Content-Type, Content-Length and Content-Location are what PS3.18 8.6.1.2.1 wants of a part;
    without `length` (None) there is no Content-Length.
    """
    head = f"--{boundary}\r\nContent-Type: {_value(content_type)}\r\n"
    if length is not None:
        head += f"Content-Length: {length}\r\n"
    if location:
        head += f"Content-Location: {_value(location)}\r\n"
    return (head if first else "\r\n" + head).encode() + b"\r\n"


def range_head(
    boundary: str, content_type: str, content_range: str, *, first: bool = False
) -> bytes:
    """The same for a part of `multipart/byteranges` (RFC 9110 14.6): `bytes 0-99/1234`."""
    head = (
        f"--{boundary}\r\nContent-Type: {_value(content_type)}\r\n"
        f"Content-Range: {_value(content_range)}\r\n"
    )
    return (head if first else "\r\n" + head).encode() + b"\r\n"


def _value(text: str) -> str:
    """A header value without what could end it: types may come out of stored data sets."""
    return text if text.isprintable() else _UNPRINTABLE.sub(" ", text)


def closing(boundary: str, *, first: bool = False) -> bytes:
    """The closing delimiter; `first` when there was no part at all."""
    delimiter = f"--{boundary}--\r\n".encode()
    return delimiter if first else b"\r\n" + delimiter


def multipart_length(boundary: str, heads: Iterable[bytes], lengths: Iterable[int]) -> int:
    """The length of a body: heads from `part_head`, lengths of the payloads, then `closing`."""
    count = 0
    total = 0
    for head in heads:
        count += 1
        total += len(head)
    return total + sum(lengths) + len(closing(boundary, first=not count))
