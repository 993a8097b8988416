"""Forms without a server: what the parser says of them, and a disk that is full."""

import errno
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from loops import finished
from starlette.datastructures import UploadFile
from starlette.requests import Request

from dicomweb.errors import BadRequest, TooLarge, Unavailable
from extensions.forms import MAX_FIELD_BYTES, received

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.dcm"\r\n\r\n'
END = b"\r\n--b--\r\n"


def _received(body: bytes, piece: int = 65_536) -> list[bytes]:
    """The files of a form with the boundary `b`, that comes in pieces."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    messages: list[dict[str, Any]] = [
        *({"type": "http.request", "body": each, "more_body": True} for each in pieces),
        {"type": "http.request", "body": b"", "more_body": False},
    ]
    coming = iter(messages)

    async def receive() -> Any:
        return next(coming)

    scope = {
        "type": "http",
        "headers": [(b"content-type", b"multipart/form-data; boundary=b")],
        "state": {"settings": SimpleNamespace(max_upload_mb=1)},
    }

    async def read() -> list[bytes]:
        async with received(Request(scope, receive)) as form:
            return [b"".join(each.pieces()) for each in form.files]

    return finished(read())


@given(some.lists(some.binary(max_size=50), min_size=1, max_size=3), some.integers(1, 60))
def test_a_whole_form_gives_its_files_however_it_is_cut_into_pieces(
    files: list[bytes], piece: int
) -> None:
    files = [each.replace(b"\r", b"") for each in files]  # so that none holds the boundary
    body = b"\r\n".join(HEAD + each for each in files) + END
    assert _received(body, piece) == files
    assert _received(body.removesuffix(b"\r\n"), piece) == files


@given(some.integers(0, 2 * len(HEAD) + 13), some.integers(1, 60))
def test_a_form_that_is_cut_off_anywhere_is_none(length: int, piece: int) -> None:
    body = HEAD + b"one" + b"\r\n" + HEAD + b"two"
    with pytest.raises(BadRequest, match="cut off"):
        _received(body[:length], piece)


def test_files_may_be_as_large_as_the_limit_together() -> None:
    halves = [bytes(500_000)] * 2
    body = b"\r\n".join(HEAD + each for each in halves)
    assert _received(body + END) == halves
    with pytest.raises(TooLarge, match="1 MB"):
        _received(body + b"x" + END)
    with pytest.raises(TooLarge, match="1 MB"):
        _received(body + bytes(2_000_000))


def test_of_a_field_that_is_too_long_it_is_said_how_long_it_may_be() -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
    with pytest.raises(TooLarge, match="maximum size"):
        _received(field + bytes(MAX_FIELD_BYTES + 1) + END)


def test_a_disk_that_is_full_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    async def write(file: UploadFile, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(UploadFile, "write", write)
    with pytest.raises(Unavailable, match="no room"):
        _received(HEAD + b"one" + END)
