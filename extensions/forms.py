"""Forms with files: they stream to the disk as they arrive, up to the limit of the settings."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from dicomweb.errors import (
    BadRequest,
    Refusal,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from extensions.json_api import has_no_body

PIECE = 1024 * 1024
MAX_FILES = 1_000
MAX_FIELDS = 100
MAX_FIELD_BYTES = 100_000
# What a form has beside its files, all in all: fields, boundaries, names.
MAX_BESIDE = 1_000_000


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
    UnsupportedMediaType for what is no form, BadRequest for one that is broken or cut off,
    TooLarge for files of more than DICOMWEB_MAX_UPLOAD_MB in all, Unavailable where the disk is
    full.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" or (not kind and has_no_body(request)):
        yield Form({}, [])
        return
    if kind != "multipart/form-data":
        raise UnsupportedMediaType("The body must be multipart/form-data with the file in it.")
    limit = int(request.state.settings.max_upload_mb) * 1_000_000
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit + MAX_BESIDE:
        raise _too_large(limit)
    try:
        parsed = await _Parser(request, limit).parse()
    except (MultiPartException, KeyError) as wrong:
        raise _refusal(wrong) from None
    except OSError:  # of the folder for temporary files
        raise Unavailable("The server has no room for this request now.") from None
    try:
        items = parsed.multi_items()
        files = [_uploaded(name, value) for name, value in items if isinstance(value, UploadFile)]
        if sum(file.size for file in files) > limit:
            raise _too_large(limit)
        yield Form({name: value for name, value in items if isinstance(value, str)}, files)
    finally:
        await parsed.close()


class _Parser(MultiPartParser):
    """Reads no more than it may, and takes no form for whole whose end did not come."""

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(
            request.headers,
            self._checked(request.stream(), limit),
            max_files=MAX_FILES,
            max_fields=MAX_FIELDS,
            max_part_size=MAX_FIELD_BYTES,
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _checked(
        self, stream: AsyncIterator[bytes], limit: int
    ) -> AsyncGenerator[bytes, None]:
        count = 0
        async for chunk in stream:
            count += len(chunk)
            if count > limit + MAX_BESIDE:
                raise _too_large(limit)
            yield chunk
        if not self._ended:  # else the files before the cut were all there is, and nobody knew
            raise MultiPartException("")


def _refusal(wrong: Exception) -> Refusal:
    """Of what the parser says, the sentences about too much of something are told."""
    said = wrong.message if isinstance(wrong, MultiPartException) else ""
    if said.startswith(("Too many", "Part exceeded")):
        return TooLarge(said)
    return BadRequest("The form is broken or cut off: its parts cannot be told apart.")


def _uploaded(field: str, file: UploadFile) -> Uploaded:
    return Uploaded(field, file.filename or "", file.content_type or "", file.size or 0, file.file)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"An upload may have {limit // 1_000_000} MB in all (DICOMWEB_MAX_UPLOAD_MB); "
        "STOW-RS has no such limit."
    )
