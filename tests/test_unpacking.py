"""Packed bodies, whole, in pieces, and damaged: what is wrong is refused, nothing else happens."""

import gzip
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest, InstanceRefused, Refusal
from dicomweb.unpacking import Gunzip, open_zip, read_member


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"folder/{number}.dcm", bytes(range(256)) * 20)
    return stream.getvalue()


ZIP = _zip()


@given(st.binary(max_size=3000), st.integers(1, 200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_gzip_in_pieces_of_any_size_is_unpacked(data: bytes, step: int, twice: bool) -> None:
    packed = gzip.compress(data) * (2 if twice else 1)
    gunzip = Gunzip()
    found = [
        piece
        for start in range(0, len(packed), step)
        for piece in gunzip.feed(packed[start : start + step])
    ]
    gunzip.close()
    assert b"".join(found) == data * (2 if twice else 1)


def test_pieces_are_short() -> None:
    gunzip = Gunzip()
    pieces = gunzip.feed(gzip.compress(bytes(5 * 1024 * 1024)))
    gunzip.close()
    assert sum(map(len, pieces)) == 5 * 1024 * 1024
    assert max(map(len, pieces)) <= 1024 * 1024


def test_gzip_that_ends_too_early_is_refused() -> None:
    gunzip = Gunzip()
    gunzip.feed(gzip.compress(bytes(1000))[:-3])
    with pytest.raises(BadRequest, match="ends too early"):
        gunzip.close()


def test_a_file_without_a_name_is_a_file() -> None:
    data = bytearray(ZIP)
    listed = data.index(zipfile.stringCentralDir)
    name = data[listed + 28]
    data[listed + 28], data[listed + 32] = 0, name  # what was its name is its comment
    _, members = open_zip(io.BytesIO(bytes(data)), len(data))
    assert [member.filename for member in members] == ["", "folder/1.dcm", "folder/2.dcm"]


@given(st.lists(st.tuples(st.integers(0, len(ZIP) - 1), st.integers(0, 255)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_damaged_zip_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    data = bytearray(ZIP)
    for place, value in damage:
        data[place] = value
    with suppress(Refusal):
        archive, members = open_zip(io.BytesIO(bytes(data)), len(data))
        for member in members:
            with suppress(InstanceRefused):
                assert sum(map(len, read_member(archive, member))) <= member.file_size
