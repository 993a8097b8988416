"""ZIP archives in pieces: Python's zipfile is the oracle."""

import io
import zipfile
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.wire.zip_archive import ZipWriter, zip_length


def _archive(members: list[tuple[str, bytes]]) -> bytes:
    writer, out = ZipWriter(), []
    for name, content in members:
        out += [writer.begin(name, len(content)), content, writer.end(crc32(content))]
    return b"".join([*out, writer.close()])


names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=20)


@given(st.dictionaries(names, st.binary(max_size=500), max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_goes_in_comes_out(members: dict[str, bytes]) -> None:
    data = _archive(list(members.items()))
    assert len(data) == zip_length((name, len(content)) for name, content in members.items())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members


def test_there_may_be_more_members_than_16_bits_count() -> None:
    data = _archive([(str(number), b"") for number in range(70_000)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 70_000


def test_members_may_be_longer_than_32_bits_tell() -> None:
    writer = ZipWriter()
    head = writer.begin("long", 5 * 1024**3)
    writer.end(0)
    end = writer.close()
    assert zip_length([("long", 5 * 1024**3)]) == len(head) + 5 * 1024**3 + 24 + len(end)
