"""Whether two files say the same, however they are written."""

import pytest

from dicomweb.part10.same import Stored, same_dataset
from tests import samples
from tests.part10 import oracle

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"


def stored(data: bytes) -> Stored:
    header = oracle.scan_bytes(data)
    return Stored(header.transfer_syntax, header.dataset_offset, len(data), oracle.reader(data))


def same(one: bytes, other: bytes) -> bool:
    return same_dataset(stored(one), stored(other))


def test_preamble_and_file_meta_do_not_count():
    data = samples.make_instance()
    other = b"x" * 128 + data[128:].replace(b"PYDICOM", b"SOMEONE")
    assert same(data, other)


@pytest.mark.parametrize("syntax", [IMPLICIT, DEFLATED])
def test_the_way_of_writing_does_not_count(syntax):
    dataset = samples.make_image()
    assert same(samples.encode(dataset), samples.encode(dataset, syntax))


def test_big_endian_pixels_are_compared_as_numbers():
    dataset = samples.make_image()
    little = samples.encode(dataset)
    pixels = dataset.PixelData
    dataset.PixelData = b"".join(pixels[i + 1 : i + 2] + pixels[i : i + 1] for i in range(0, 48, 2))
    assert same(little, samples.encode(dataset, BIG_ENDIAN))
    assert not same(samples.encode(dataset), samples.encode(dataset, BIG_ENDIAN))


def test_undefined_lengths_do_not_count():
    data = (samples.folder() / "synthetic/oddities/undefined_length_sequence.dcm").read_bytes()
    from dicomweb.part10.rewrite import explicit

    assert same(data, explicit(len(data), oracle.reader(data)).whole())


@pytest.mark.parametrize("change", [{"PatientID": "P2"}, {"PatientAge": "001Y"}, {"Rows": 5}])
def test_another_value_makes_another_data_set(change):
    dataset = samples.make_image()
    one = samples.encode(dataset)
    for keyword, value in change.items():
        setattr(dataset, keyword, value)
    assert not same(one, samples.encode(dataset))
    assert not same(one, samples.encode(dataset, IMPLICIT))


def test_other_pixels_make_another_data_set():
    dataset = samples.make_image()
    one = samples.encode(dataset)
    dataset.PixelData = bytes(48)
    assert not same(one, samples.encode(dataset))
    assert not same(one, samples.encode(dataset, IMPLICIT))
    del dataset.PixelData
    assert not same(one, samples.encode(dataset, IMPLICIT))


def test_compressed_files_are_the_same_by_their_bytes():
    dataset = samples.make_image()
    samples.compress(dataset, [b"\xff\xd8\xff\xd9"])
    data = samples.encode(dataset, JPEG)
    assert same(data, bytes(128) + data[128:])
    samples.compress(dataset, [b"\xff\xd8x\xff\xd9"])
    assert not same(data, samples.encode(dataset, JPEG))


def test_the_two_versions_of_the_samples_differ():
    folder = samples.folder() / "synthetic/oddities"
    one, other = ((folder / f"same_uid_version{k}.dcm").read_bytes() for k in (0, 1))
    assert same(one, one)
    assert not same(one, other)
