"""The memo: what repeats is recognised, what changes is read, and memory stays bounded."""

import pytest

from dicomweb.part10.memo import MEMORY, Context, Memory, Run, elements_of, single
from dicomweb.part10.source import Source
from dicomweb.part10.text import DEFAULT
from dicomweb.part10.tokens import Walk
from tests import samples
from tests.part10 import oracle


@pytest.fixture(autouse=True)
def forgotten():
    MEMORY.forget()
    yield
    MEMORY.forget()


def series(count: int, **values) -> list[bytes]:
    """Files of one series: much stays, some changes."""
    uid = samples.make_dataset().SeriesInstanceUID
    return [
        samples.make_instance(
            SeriesInstanceUID=uid, InstanceNumber=n, StudyTime=f"1010{n:02}", **values
        )
        for n in range(count)
    ]


def parts_of(data: bytes, memory: Memory) -> list:
    offset = oracle.scan_bytes(data).dataset_offset
    return Walk(Source(data, len(data), oracle.reader(data)), memory).data_set(
        offset, implicit=False
    )


def test_a_file_seen_before_gives_the_same_header():
    for data in series(5):
        assert oracle.scan_bytes(data) == oracle.scan_bytes(data)


def test_a_header_is_the_same_with_and_without_memories():
    files = series(12)
    fresh = []
    for data in files:
        MEMORY.forget()
        fresh.append(oracle.scan_bytes(data).json)
    MEMORY.forget()
    for _ in range(3):
        assert [oracle.scan_bytes(data).json for data in files] == fresh


def test_what_stays_is_taken_in_runs():
    memory = Memory()
    files = series(6)
    counts = [len(parts_of(data, memory)) for data in files]
    assert counts[-1] < counts[0] / 2
    parts = parts_of(files[2], memory)
    assert any(isinstance(part, Run) for part in parts)
    assert elements_of(parts) == {token.tag: token.value for token in single(parts)}


def test_two_series_by_turns_are_both_right():
    one, other = series(6, PatientID="ONE"), series(6, PatientID="OTHER", PatientSex="M")
    for a, b in zip(one, other, strict=True):
        assert b"ONE" in oracle.scan_bytes(a).elements["00100020"]
        assert b"OTHER" in oracle.scan_bytes(b).elements["00100020"]


def test_the_same_bytes_in_another_character_set_are_another_text():
    files = [
        samples.encode(samples.make_dataset(SpecificCharacterSet=term, PatientComments="X" * 6))
        for term in ("ISO_IR 100", "ISO_IR 144", "ISO_IR 126")
    ]
    found = [
        oracle.metadata(oracle.scan_bytes(data.replace(b"X" * 6, b"\xe1" * 6)))["00104000"]["Value"]
        for data in files
    ]
    assert found == [["á" * 6], ["с" * 6], ["α" * 6]]  # noqa: RUF001 - Cyrillic and Greek letters


def test_the_memory_is_bounded():
    memory = Memory(limit=50_000)
    context = memory.context(DEFAULT, implicit=False, signed=False)
    for number in range(1000):
        context.new(b"\x08\x00\x60\x11LO\x08\x00%08d" % number)
    assert 0 < len(context.tokens) < 200


def test_a_context_is_one_for_each_way_of_writing():
    memory = Memory()
    explicit = memory.context(DEFAULT, implicit=False, signed=True)
    assert isinstance(explicit, Context)
    assert explicit is memory.context(DEFAULT, implicit=False, signed=False)
    assert explicit is not memory.context(DEFAULT, implicit=True, signed=False)


def test_a_truncated_file_is_not_taken_for_the_whole_one():
    data = next(p for p in samples.pydicom_files() if p.name == "rtplan_truncated.dcm").read_bytes()
    whole = next(p for p in samples.pydicom_files() if p.name == "rtplan.dcm").read_bytes()
    before = oracle.scan_bytes(whole).json
    oracle.scan_bytes(data)
    assert oracle.scan_bytes(whole).json == before


def test_group_lengths_do_not_stand_in_the_way_of_what_is_remembered():
    memory = Memory()
    for data in series(4):
        place = data.index(b"\x10\x00\x10\x00PN")
        length = b"\x10\x00\x00\x00UL\x04\x00\x20\0\0\0"
        parts = parts_of(data[:place] + length + data[place:], memory)
    assert "00100010" in elements_of(parts)
    assert any(isinstance(part, Run) and length in part.raw for part in parts)


def test_a_doubt_is_remembered_with_its_element():
    memory = Memory()
    item = samples.make_dataset()
    dataset = samples.make_image(ReferencedImageSequence=[item])
    data = samples.encode(dataset).replace(b"20240102", b"2024.1.2").replace(b"030405", b"030499")
    for _ in range(4):
        walk = Walk(Source(data, len(data), oracle.reader(data)), memory)
        parts = walk.data_set(oracle.scan_bytes(data).dataset_offset, implicit=False)
        assert [doubt.sentence for doubt in walk.doubts.all()] == [
            "(0008,0020) is not a date.",
            "(0008,0030) is not a time.",
        ]
    assert len(parts) < 10
