"""What a hostile or a huge file may cost: memory and time stay bounded."""

import struct
import tracemalloc
import zlib

import pytest

from dicomweb.errors import InstanceRefused
from dicomweb.part10 import scan
from dicomweb.part10.limits import MAX_DEPTH
from dicomweb.part10.memo import MEMORY
from tests import samples
from tests.part10 import oracle

MEGABYTE = 2**20
ITEM = b"\xfe\xff\x00\xe0"


class Endless:
    """A file of `size` bytes: a beginning, and one unit over and over; it is never in memory."""

    def __init__(self, begin: bytes, unit: bytes, size: int) -> None:
        self.begin, self.unit, self.size = begin, unit, size

    def read(self, offset: int, length: int) -> bytes:
        length = max(min(length, self.size - offset), 0)
        found = self.begin[offset : offset + length]
        rest = length - len(found)
        skip = (offset + len(found) - len(self.begin)) % len(self.unit)
        return found + (self.unit * (rest // len(self.unit) + 2))[skip : skip + rest]

    def scan(self):
        return scan(self.read(0, 2**18), self.size, self.read)


def header_only(syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    return samples.encode(samples.make_dataset(), syntax)


def cost(file: Endless) -> tuple[int, InstanceRefused | None]:
    """The most memory that a scan held, and the refusal if there was one."""
    MEMORY.forget()
    refused = None
    tracemalloc.start()
    try:
        file.scan()
    except InstanceRefused as refusal:
        refused = refusal
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak, refused


def nested(levels: int, *, defined: bool) -> bytes:
    inner = b"\x08\x00\x60\x00CS\x02\x00AB"
    for _ in range(levels):
        if defined:
            item = ITEM + struct.pack("<I", len(inner)) + inner
            inner = b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(item)) + item
        else:
            inner = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff" + ITEM + b"\xff\xff\xff\xff" + inner
            inner += b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    return header_only() + inner


@pytest.mark.parametrize("defined", [True, False])
def test_sequences_nest_as_deep_as_json_can_be_read(defined):
    header = oracle.scan_bytes(nested(MAX_DEPTH, defined=defined))
    item = oracle.metadata(header)
    for _ in range(MAX_DEPTH):
        (item,) = item["0040A730"]["Value"]
    assert item["00080060"]["Value"] == ["AB"]


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 5000])
@pytest.mark.parametrize("defined", [True, False])
def test_deeper_sequences_are_refused(levels, defined):
    with pytest.raises(InstanceRefused) as refused:
        oracle.scan_bytes(nested(levels, defined=defined))
    assert refused.value.reason == InstanceRefused.NO_RESOURCES


def test_two_gigabytes_of_pixels_are_not_read():
    pixels = b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", 2**31)
    begin = header_only() + pixels
    peak, refused = cost(Endless(begin, b"\0", len(begin) + 2**31))
    assert refused is None
    assert peak < 2 * MEGABYTE


@pytest.mark.parametrize("vr", ["OB", "UT", "UN", "OD"])
def test_a_gigabyte_in_one_value_is_not_read(vr):
    begin = header_only() + b"\x29\x00\x10\x10" + vr.encode() + b"\0\0" + struct.pack("<I", 2**30)
    peak, refused = cost(Endless(begin, b"x", len(begin) + 2**30))
    assert refused is None
    assert peak < 2 * MEGABYTE


def test_a_gigabyte_in_a_big_endian_header_is_refused():
    begin = (
        header_only("1.2.840.10008.1.2.2") + b"\x00\x29\x10\x10OB\0\0" + struct.pack(">I", 2**30)
    )
    peak, refused = cost(Endless(begin, b"\0", len(begin) + 2**30))
    assert refused.reason == InstanceRefused.NO_RESOURCES
    assert peak < 4 * MEGABYTE


ENDLESS = {
    "elements": (b"", b"\xe1\x7f\x10\x10LO\x02\x00AB"),
    "doubts": (b"", b"\x08\x00\x60\x00CS\x02\x00ab"),
    "lengths": (b"", b"\x08\x00\x00\x00UL\x04\x00\0\0\0\0"),
    "bulk": (b"", b"\x00\x54\x10\x10OB\0\0\x02\0\0\0ab"),
    "items": (b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff", ITEM + bytes(4)),
    "fragments": (b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff", ITEM + bytes(4)),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_file_of_nothing_but_little_things_is_refused(what, monkeypatch):
    # The limits stand in limits.py; here they are much less, since tracing memory takes time.
    monkeypatch.setattr("dicomweb.part10.tokens.MAX_HEADER", MEGABYTE // 4)
    monkeypatch.setattr("dicomweb.part10.limits.MAX_WORK", 2**15)
    monkeypatch.setattr("dicomweb.part10.fragments.MAX_FRAGMENTS", 2**14)
    first, unit = ENDLESS[what]
    begin = header_only() + first
    peak, refused = cost(Endless(begin, unit, 2**30))
    assert refused.reason == InstanceRefused.NO_RESOURCES
    assert peak < 8 * MEGABYTE


def test_a_deflate_bomb_is_refused_within_a_megabyte_or_two():
    data = (samples.folder() / "synthetic/malformed/deflate_bomb_200MB.dcm").read_bytes()
    peak, refused = cost(Endless(data, b"\0", len(data)))
    assert refused.reason == InstanceRefused.NO_RESOURCES
    assert peak < 3 * MEGABYTE


def test_what_compresses_well_is_no_bomb():
    file = samples.make_instance("1.2.840.10008.1.2.1.99", rows=512, columns=512)
    assert oracle.scan_bytes(file).frames.count == 1


def test_a_deflated_data_set_may_have_the_header_of_zlib():
    dataset = samples.make_dataset()
    plain = samples.encode(dataset)
    offset = oracle.scan_bytes(plain).dataset_offset
    meta = samples.encode(dataset, "1.2.840.10008.1.2.1.99")
    meta = meta[: oracle.scan_bytes(meta).dataset_offset]
    assert oracle.scan_bytes(meta + zlib.compress(plain[offset:])).doubts == ()


def test_a_deflated_data_set_that_breaks_off_is_doubted():
    file = samples.make_instance("1.2.840.10008.1.2.1.99", rows=64, columns=64)
    sentences = [doubt.sentence for doubt in oracle.scan_bytes(file[:-200]).doubts]
    assert "The deflated data set is broken at its end." in sentences


def test_a_fault_of_the_disk_is_not_a_fault_of_the_file():
    def read(offset: int, length: int) -> bytes:
        raise OSError("the disk is gone")

    for syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"):
        file = samples.make_instance(syntax)
        with pytest.raises(OSError, match="the disk is gone"):
            scan(file[:400], len(file), read)
