"""Forms with files: they stream to the disk as they arrive, up to the limit of the settings."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from dicomweb.errors import BadRequest, TooLarge, UnsupportedMediaType
from extensions.json_api import has_no_body

PIECE = 1024 * 1024
MAX_FILES = 1_000
MAX_FIELDS = 100
MAX_FIELD_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file of a form: its field, the name and type that the client gave it, its bytes."""

    field: str
    filename: str
    content_type: str
    size: int
    file: BinaryIO

    def pieces(self) -> Iterator[bytes]:
        """All its bytes, from the first; in a thread."""
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield piece

    def first(self, length: int) -> bytes:
        """Its first bytes, to see what it is; in a thread."""
        self.file.seek(0)
        return self.file.read(length)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name, of one that is repeated the last; files in their order."""

    fields: dict[str, str]
    files: list[Uploaded]


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Form]:
    """The form of the request; its files are gone when the block ends.

    No body, and a form that cannot hold files, are a form without files. Raises
    UnsupportedMediaType for what is no form, BadRequest for a broken one, TooLarge over
    DICOMWEB_MAX_UPLOAD_MB (of the whole request).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" or (not kind and has_no_body(request)):
        yield Form({}, [])
        return
    if kind != "multipart/form-data":
        raise UnsupportedMediaType("The body must be multipart/form-data with the file in it.")
    limit = int(request.state.settings.max_upload_mb) * 1_000_000
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    parser = MultiPartParser(
        request.headers,
        _limited(request.stream(), limit),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        parsed = await parser.parse()
    except (MultiPartException, KeyError):
        raise BadRequest("The form is broken: its parts cannot be told apart.") from None
    try:
        items = parsed.multi_items()
        yield Form(
            {name: value for name, value in items if isinstance(value, str)},
            [_uploaded(name, value) for name, value in items if isinstance(value, UploadFile)],
        )
    finally:
        await parsed.close()


def _uploaded(field: str, file: UploadFile) -> Uploaded:
    return Uploaded(field, file.filename or "", file.content_type or "", file.size or 0, file.file)


async def _limited(stream: AsyncIterator[bytes], limit: int) -> AsyncGenerator[bytes, None]:
    count = 0
    async for chunk in stream:
        count += len(chunk)
        if count > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"An upload may have {limit // 1_000_000} MB in all (DICOMWEB_MAX_UPLOAD_MB); "
        "STOW-RS has no such limit."
    )
