"""Instances as one ZIP, stored and streamed: it is never in memory, nor on the disk."""

from collections.abc import AsyncIterator, Sequence
from zlib import crc32

from dicomweb.answers import Part, Streamed, pieces_of
from dicomweb.content import Piece
from dicomweb.wire.zip_archive import CONTENT_TYPE, ZipWriter, zip_length

Member = tuple[str, Part]


def zipped(
    members: Sequence[Member], name: str, headers: dict[str, str], status: int = 200
) -> Streamed:
    """The members under their names, as a download that is called `name`."""
    length = zip_length((each, part.content.length) for each, part in members)
    disposition = f'attachment; filename="{name}.zip"'
    own = {"Content-Type": CONTENT_TYPE, "Content-Disposition": disposition}
    return Streamed(_pieces(members), length, {**own, **headers}, status)


async def _pieces(members: Sequence[Member]) -> AsyncIterator[Piece]:
    writer = ZipWriter()
    for name, part in members:
        yield writer.begin(name, part.content.length)
        checksum = 0
        async for piece in pieces_of(part.content):
            checksum = crc32(piece, checksum)
            yield piece
        yield writer.end(checksum)
    yield writer.close()
