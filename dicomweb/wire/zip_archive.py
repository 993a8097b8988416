"""Writing ZIP archives in pieces, members stored as they are (PKWARE APPNOTE 6.3).

Everything is ZIP64 and dated alike, so that the same members give the same bytes, and the length
is known before the first byte is sent: only the checksum of a member follows behind it.
"""

import struct
from collections.abc import Iterable

CONTENT_TYPE = "application/zip"

_VERSION = 45  # 4.4.3.2: ZIP64
_FLAGS = 0x0808  # the checksum follows the member; names are UTF-8
_DATE = 0x0021  # the first day that there is: 1980-01-01
_LOCAL, _DESCRIPTOR, _CENTRAL = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
_END_64, _LOCATOR_64, _END = b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"
_LOCAL_HEAD = struct.Struct("<4sHHHHHLLLHH")
_DESCRIPTOR_BODY = struct.Struct("<4sLQQ")
_CENTRAL_HEAD = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_SIZES = struct.Struct("<HHQQ")
_PLACE = struct.Struct("<HHQQQ")
_END_64_BODY = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_BODY = struct.Struct("<4sLQL")
_END_BODY = struct.Struct("<4sHHHHLLH")
_MOST, _MOST_SHORT = 0xFFFFFFFF, 0xFFFF


class ZipWriter:
    """Gives the bytes around the members: `begin`, then the member, `end`; `close` at last."""

    def __init__(self) -> None:
        self._offset = 0
        self._members: list[tuple[bytes, int, int, int]] = []
        self._open = (b"", 0, 0)

    def begin(self, name: str, size: int) -> bytes:
        """The head of a member of `size` bytes."""
        raw = name.encode()
        self._open = (raw, size, self._offset)
        head = _LOCAL_HEAD.pack(
            *(_LOCAL, _VERSION, _FLAGS, 0, 0, _DATE, 0, _MOST, _MOST, len(raw), _SIZES.size)
        )
        piece = head + raw + _SIZES.pack(1, _SIZES.size - 4, size, size)
        self._offset += len(piece) + size
        return piece

    def end(self, checksum: int) -> bytes:
        """What follows the member; `checksum` is its CRC-32."""
        name, size, offset = self._open
        self._members.append((name, size, offset, checksum))
        self._offset += _DESCRIPTOR_BODY.size
        return _DESCRIPTOR_BODY.pack(_DESCRIPTOR, checksum, size, size)

    def close(self) -> bytes:
        """The list of members and the end."""
        listed = b"".join(_listed(*member) for member in self._members)
        count, start, end = len(self._members), self._offset, self._offset + len(listed)
        return (
            listed
            + _END_64_BODY.pack(
                *(_END_64, _END_64_BODY.size - 12, _VERSION, _VERSION, 0, 0),
                *(count, count, len(listed), start),
            )
            + _LOCATOR_BODY.pack(_LOCATOR_64, 0, end, 1)
            + _END_BODY.pack(_END, 0, 0, *(min(count, _MOST_SHORT),) * 2, _MOST, _MOST, 0)
        )


def _listed(name: bytes, size: int, offset: int, checksum: int) -> bytes:
    head = _CENTRAL_HEAD.pack(
        *(_CENTRAL, _VERSION, 3, _VERSION, _FLAGS, 0, 0, _DATE, checksum, _MOST, _MOST),
        *(len(name), _PLACE.size, 0, 0, 0, 0o100644 << 16, _MOST),
    )
    return head + name + _PLACE.pack(1, _PLACE.size - 4, size, size, offset)


def zip_length(members: Iterable[tuple[str, int]]) -> int:
    """The length of an archive of members with these names and sizes."""
    total = _END_64_BODY.size + _LOCATOR_BODY.size + _END_BODY.size
    for name, size in members:
        own = len(name.encode())
        total += _LOCAL_HEAD.size + own + _SIZES.size + size + _DESCRIPTOR_BODY.size
        total += _CENTRAL_HEAD.size + own + _PLACE.size
    return total
