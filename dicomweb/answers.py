"""Answers in the pieces that they are made of: nothing large is ever joined or copied."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from dicomweb.content import Content, Piece, content_of
from dicomweb.errors import PreconditionFailed
from dicomweb.wire.byte_ranges import ByteRange, parse_range
from dicomweb.wire.conditional import if_range_holds, is_not_modified, precondition_holds
from dicomweb.wire.media_types import RELATED, content_type
from dicomweb.wire.multipart import boundary_for, closing, multipart_length, part_head, range_head
from dicomweb.wire.negotiation import Choice
from dicomweb.wire.query_string import joined, parse_query

Result = TypeVar("Result")

# Work of more than a millisecond, and reads that may wait for a disk, happen in these threads.
_WORKERS = ThreadPoolExecutor(8, thread_name_prefix="work")
# Up to so many parts are read before the answer begins, where none waits for a disk.
FEW = 4
BYTE_RANGES = "multipart/byteranges"
# A longer answer watches whether its client is still there.
WATCHED = 8 * 1024 * 1024


# Decoding holds up to six times a frame in memory, and two at once use two cores.
_DECODERS = ThreadPoolExecutor(max(2, (os.cpu_count() or 2)), thread_name_prefix="decode")


async def decoded(work: Callable[..., Result], *arguments: object) -> Result:
    """Run `work`, which decodes, encodes or renders, in one of few threads."""
    return await asyncio.get_running_loop().run_in_executor(_DECODERS, partial(work, *arguments))


async def in_thread(work: Callable[..., Result], *arguments: object) -> Result:
    """Run `work` outside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, partial(work, *arguments))


@dataclass(frozen=True, slots=True)
class Part:
    """One representation: its Content-Type, its URL (empty: it has none), its bytes."""

    content_type: str
    location: str
    content: Content


def part_of(content_type: str, location: str, data: Piece) -> Part:
    """A representation that is in memory."""
    return Part(content_type, location, content_of(data))


class Streamed:
    """An answer of known length, sent piece by piece: pieces in memory, or made as they go."""

    def __init__(
        self,
        pieces: list[Piece] | AsyncIterator[Piece],
        length: int,
        headers: dict[str, str],
        status: int = 200,
    ) -> None:
        self.pieces = pieces
        self.length = length
        self.status_code = status
        self.raw_headers = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
        ]
        self.raw_headers.append((b"content-length", b"%d" % length))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        last: Piece = b""
        if scope["method"] != "HEAD":
            if isinstance(self.pieces, list):
                *first, last = self.pieces
                for piece in first:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            elif not await self._stream(receive, send):
                return
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _stream(self, receive: Receive, send: Send) -> bool:
        """Send what is made as it goes; false when the client has left meanwhile."""
        assert not isinstance(self.pieces, list)
        watch = asyncio.create_task(_disconnected(receive)) if self.length > WATCHED else None
        try:
            async for piece in self.pieces:
                if watch is not None and watch.done():
                    return False
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            if watch is not None:
                watch.cancel()
        return True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def whole(body: bytes, headers: dict[str, str], status: int = 200) -> Streamed:
    """An answer that is in memory."""
    return Streamed([body], len(body), headers, status)


def single_part(part: Part, headers: dict[str, str] | None = None, status: int = 200) -> Streamed:
    """One representation as the whole answer (PS3.18 8.6.1.1)."""
    all_headers = {"Content-Type": part.content_type, **(headers or {})}
    if part.location:
        all_headers["Content-Location"] = part.location
    at_once = part.content.read()
    pieces = [at_once] if at_once is not None else pieces_of(part.content)
    return Streamed(pieces, part.content.length, all_headers, status)


def multipart(
    request: Request,
    choice: Choice,
    parts: Sequence[Part],
    seed: str,
    headers: dict[str, str] | None = None,
    status: int = 200,
) -> Streamed:
    """Several representations, or one that may be several (PS3.18 8.6.1.2).

    The boundary is a function of `seed`, so that the same resource gives the same bytes again,
    and of this server's secret, so that nobody can store what contains it.
    """
    boundary = boundary_for(seed, request.state.secret)
    heads = [
        part_head(
            boundary, part.content_type, part.location, part.content.length, first=number == 0
        )
        for number, part in enumerate(parts)
    ]
    length = multipart_length(boundary, heads, (part.content.length for part in parts))
    types = {part.content_type for part in parts}
    syntax = choice.transfer_syntax if len(types) == 1 else ""
    outer = content_type(RELATED, choice.inner, transfer_syntax=syntax, boundary=boundary)
    return Streamed(
        _pieces(heads, parts, closing(boundary, first=not parts)),
        length,
        {"Content-Type": outer, **(headers or {})},
        status,
    )


def _pieces(
    heads: Sequence[bytes], parts: Sequence[Part], end: bytes
) -> list[Piece] | AsyncIterator[Piece]:
    """A few parts that can be read at once need no machinery to stream them."""
    if len(parts) > FEW:
        return _related(heads, parts, end)
    pieces: list[Piece] = []
    for head, part in zip(heads, parts, strict=True):
        at_once = part.content.read()
        if at_once is None:
            return _related(heads, parts, end)
        pieces += (head, at_once)
    pieces.append(end)
    return pieces


async def _related(
    heads: Iterable[bytes], parts: Iterable[Part], end: bytes
) -> AsyncIterator[Piece]:
    for head, part in zip(heads, parts, strict=True):
        yield head
        at_once = part.content.read()
        if at_once is not None:
            yield at_once
            continue
        async for piece in pieces_of(part.content):
            yield piece
    yield end


async def pieces_of(content: Content) -> AsyncIterator[Piece]:
    """All of it, at once where it is in memory."""
    pieces = await in_thread(content.open, 0, content.length)
    while (piece := await in_thread(next, pieces, None)) is not None:
        yield piece


def accepted(request: Request) -> tuple[str | None, str | None]:
    """The Accept header and the `accept` parameter (PS3.18 8.3.3.1)."""
    query: bytes = request.scope["query_string"]
    parameter = joined(parse_query(query), "accept") if b"accept=" in query else None
    return ", ".join(request.headers.getlist("accept")) or None, parameter


def unchanged(
    request: Request, etag: str, headers: Mapping[str, str] | None = None
) -> Streamed | None:
    """304 when the client has this already (RFC 9110 13.1.2), else None.

    `headers` are those of the answer that caches have to know (RFC 9110 15.4.5). Raises
    PreconditionFailed when the client insists on another one by If-Match.
    """
    if not precondition_holds(request.headers.get("if-match"), etag):
        raise PreconditionFailed(
            "The resource has another ETag than If-Match names: ask without it for what is there."
        )
    if is_not_modified(request.headers.get("if-none-match"), etag):
        return whole(b"", {"ETag": etag, **(headers or {})}, 304)
    return None


def ranged(request: Request, part: Part, headers: dict[str, str]) -> Streamed:
    """A single part, or the range of it that the client asks for (PS3.18 8.6.1.1, RFC 9110 14)."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    size = part.content.length
    # RFC 9110 14.2: ranges are for GET alone.
    header = request.headers.get("range") if request.method == "GET" else None
    asked = parse_range(header, size)
    if asked is None:
        return single_part(part, headers)
    if not if_range_holds(request.headers.get("if-range"), headers.get("ETag", "")):
        return single_part(part, headers)
    if len(asked) > 1:
        return _byte_ranges(request, part, asked, headers)
    headers["Content-Range"] = asked[0].content_range(size)
    return single_part(
        Part(part.content_type, part.location, _cut(part.content, asked[0])), headers, 206
    )


def _cut(content: Content, asked: ByteRange) -> Content:
    return Content(
        asked.length, lambda: None, lambda _, __: content.open(asked.start, asked.length)
    )


def _byte_ranges(
    request: Request, part: Part, asked: Sequence[ByteRange], headers: dict[str, str]
) -> Streamed:
    """Several ranges at once (RFC 9110 15.3.7.2)."""
    seed = f"{headers.get('ETag', '')} {asked}"
    boundary = boundary_for(seed, request.state.secret)
    size = part.content.length
    heads = [
        range_head(boundary, part.content_type, each.content_range(size), first=number == 0)
        for number, each in enumerate(asked)
    ]
    parts = [Part(part.content_type, "", _cut(part.content, each)) for each in asked]
    length = multipart_length(boundary, heads, (each.length for each in asked))
    named = {**headers, "Content-Type": content_type(BYTE_RANGES, boundary=boundary)}
    return Streamed(_related(heads, parts, closing(boundary)), length, named, 206)
