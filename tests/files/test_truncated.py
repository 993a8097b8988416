"""A file that is cut anywhere is not stored, and nothing of it stays: in one process, quickly."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from files_archive import Place, opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit
from samples import compress, encode, make_image

from dicomweb.errors import BadRequest
from extensions.files.uploads import File


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened(tmp_path_factory.mktemp("data")) as place:
        yield place


def _compressed() -> bytes:
    dataset = make_image(rows=16, columns=16, BitsAllocated=8, BitsStored=8, HighBit=7)
    compress(dataset, [b"\xff\xd8\xff\xe0" + bytes(200) + b"\xff\xd9"] * 3)
    return encode(dataset, JPEGBaseline8Bit)


WHOLE = {
    "explicit": encode(make_image(rows=16, columns=16, frames=2)),
    "implicit": encode(make_image(rows=16, columns=16), ImplicitVRLittleEndian),
    "deflated": encode(make_image(rows=16, columns=16), DeflatedExplicitVRLittleEndian),
    "compressed": _compressed(),
    "text behind": encode(make_image(rows=16, columns=16, DataSetTrailingPadding=bytes(64))),
}


def _file(data: bytes) -> File:
    return File("scan.dcm", len(data), lambda: iter([data[:1000], data[1000:]]))


def _pixels_at(name: str) -> int:
    tag = b"\xe0\x7f\x10\x00"
    return WHOLE[name].find(tag) if name != "deflated" else 400


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_stored(place: Place, name: str) -> None:
    (taken,) = place.counter.take([_file(WHOLE[name])])
    assert taken.refusal is None
    assert taken.is_new
    assert place.archive.find_uid(taken.entry.sop if taken.entry else "") == taken.location
    place.archive.remove(place.resource(taken))


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_ends_in_its_pixel_data_is_refused(place: Place, name: str) -> None:
    whole = WHOLE[name]
    begin = _pixels_at(name) + 1
    end = len(whole) - {"text behind": 76, "deflated": 1}.get(name, 0)  # there it is whole again
    for cut in sorted({*range(begin, begin + 14), *range(begin, end, 79), begin, end - 1}):
        (taken,) = place.counter.take([_file(whole[:cut])])
        assert isinstance(taken.refusal, BadRequest), cut
    assert place.archive.statistics().instances == 0
    place.only_damaged_files_are_kept()


def test_a_file_is_cut_off_also_where_much_else_is_wrong_with_it(place: Place) -> None:
    image = make_image(rows=16, columns=16)
    block = image.private_block(0x0009, "lightbox", create=True)
    for number in range(40):
        element = DataElement(block.get_tag(number), "DA", "no date", validation_mode=IGNORE)
        image.add(element)
    whole = encode(image)
    place.archive.remove(place.resource(place.counter.take([_file(whole)])[0]))
    (taken,) = place.counter.take([_file(whole[:-100])])
    assert isinstance(taken.refusal, BadRequest)
    place.only_damaged_files_are_kept()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_what_is_broken_in_any_way_has_an_answer(place: Place, data: some.DataObject) -> None:
    """400 or 409, or stored: never an exception, never something that is half there."""
    whole = bytearray(WHOLE[data.draw(some.sampled_from(sorted(WHOLE)))])
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(132, len(whole) - 1))
        whole[at : at + data.draw(some.integers(0, 3))] = data.draw(some.binary(max_size=4))
    before = place.archive.statistics().instances
    (taken,) = place.counter.take([_file(bytes(whole))])
    if taken.refusal is None:
        assert taken.location is not None
        stored = b"".join(bytes(piece) for piece in place.archive.file(taken.location))
        assert stored == bytes(whole) or not taken.is_new
        place.archive.remove(place.resource(taken))
    else:
        assert taken.refusal.status in (400, 409)
    assert place.archive.statistics().instances == before
    place.only_damaged_files_are_kept()


def test_the_truncated_samples_are_refused(place: Place) -> None:
    import samples

    wanted = {
        *("MR_truncated.dcm", "length_beyond_end.dcm", "truncated_in_pixel_data.dcm"),
        *("rtplan_truncated.dcm", "pixel_data_too_short.dcm", "fewer_fragments_than_frames.dcm"),
        "encapsulated_without_delimiter.dcm",
    }
    found = [path for path in samples.files() if path.name in wanted]
    assert {path.name for path in found} == wanted
    for path in found:
        (taken,) = place.counter.take([_file(Path(path).read_bytes())])
        assert isinstance(taken.refusal, BadRequest), path.name


def test_where_reading_fails_nothing_stays(place: Place) -> None:
    good = _file(encode(make_image()))

    def broken() -> Iterator[bytes]:
        yield BytesIO(WHOLE["explicit"]).read(500)
        raise OSError("the disk of the form is gone")

    with pytest.raises(OSError, match="gone"):
        place.counter.take([good, File("x", 1000, broken)])
    assert place.archive.statistics().instances == 0
    place.only_damaged_files_are_kept()
