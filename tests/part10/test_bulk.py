"""Bulk values: read as WADO-RS gives them, from whatever they are stored in."""

import base64

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from dicomweb.errors import Fault
from dicomweb.part10 import Bulk
from dicomweb.part10.bulk import find_bulk, pack_bulk, read_bulk, unpack_bulk
from tests import samples
from tests.part10 import oracle

BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
JPEG, H264 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"


def value_of(data: bytes, path: str, **span) -> bytes:
    header = oracle.scan_bytes(data)
    bulk = find_bulk(pack_bulk(header.bulk), path)
    pieces = read_bulk(
        bulk, header.transfer_syntax, header.dataset_offset, len(data), oracle.reader(data), **span
    )
    return b"".join(pieces)


def test_a_packed_table_comes_back():
    values = (Bulk("7FE00010", "OW", 2**40, 2**35), Bulk("00880200/1/7FE00010", "OB", -1, 3))
    assert unpack_bulk(pack_bulk(values)) == values
    assert find_bulk(pack_bulk(values), "7FE00010") == values[0]
    assert find_bulk(pack_bulk(values), "00420011") is None


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", DEFLATED])
def test_a_value_is_read_from_every_little_endian_syntax(syntax):
    dataset = samples.make_image()
    dataset.add_new(0x00420011, "OB", b"%PDF" * 1000)
    data = samples.encode(dataset, syntax)
    assert value_of(data, "00420011") == b"%PDF" * 1000
    assert value_of(data, "7FE00010") == dataset.PixelData


def test_a_value_in_big_endian_comes_out_in_little_endian():
    item = Dataset()
    item.add_new(0x54001010, "OW", b"\x01\x02\x03\x04")
    item.add_new(0x54001004, "US", 16)
    dataset = samples.make_image(WaveformSequence=Sequence([item]))
    dataset.PixelData = b"\x00\x01" * 24
    data = samples.encode(dataset, BIG_ENDIAN)
    assert value_of(data, "54000100/1/54001010") == b"\x02\x01\x04\x03"
    assert value_of(data, "7FE00010") == b"\x01\x00" * 24


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize("span", [(0, 5), (1, 2), (3, 48), (47, 99), (48, 60)])
def test_a_part_of_a_value_is_that_part(syntax, span):
    data = samples.make_instance(syntax)
    whole = value_of(data, "7FE00010")
    assert value_of(data, "7FE00010", start=span[0], stop=span[1]) == whole[slice(*span)]


def test_a_value_comes_in_pieces_of_a_megabyte():
    data = samples.make_instance(rows=1024, columns=1200)
    header = oracle.scan_bytes(data)
    pieces = list(read_bulk(header.bulk[0], "", 0, len(data), oracle.reader(data)))
    assert [len(piece) for piece in pieces] == [2**20, 2**20, 1024 * 1200 * 2 - 2**21]


def test_a_video_is_its_fragments_without_headers():
    dataset = samples.make_image()
    samples.compress(dataset, [b"0123456789" * 10], fragments=3)
    data = samples.encode(dataset, H264)
    assert value_of(data, "7FE00010") == b"0123456789" * 10
    assert value_of(data, "7FE00010", start=30, stop=45) == (b"0123456789" * 10)[30:45]


def test_an_encapsulated_icon_is_unwrapped():
    icon = Dataset()
    icon.add_new(0x7FE00010, "OB", encapsulate([b"\xff\xd8icon\xff\xd9"], has_bot=False))
    icon["PixelData"].is_undefined_length = True
    dataset = samples.make_image(IconImageSequence=Sequence([icon]))
    samples.compress(dataset, [b"\xff\xd8\xff\xd9"])
    data = samples.encode(dataset, JPEG)
    bulk = find_bulk(pack_bulk(oracle.scan_bytes(data).bulk), "00880200/1/7FE00010")
    assert (bulk.offset, bulk.length) == (-1, 8)
    assert value_of(data, "00880200/1/7FE00010") == b"\xff\xd8icon\xff\xd9"


def test_the_pad_of_a_document_is_left_out_where_its_length_is_told():
    dataset = samples.make_dataset(EncapsulatedDocumentLength=5)
    dataset.EncapsulatedDocument = b"<a/>\n\0"
    assert value_of(samples.encode(dataset), "00420011") == b"<a/>\n"


def test_waveforms_of_a_real_ecg_are_bulk_values():
    data = (samples.folder() / "synthetic/modalities/ecg_12lead.dcm").read_bytes()
    element = oracle.theirs(data)["54000100"]["Value"][0]["54001010"]
    assert value_of(data, "54000100/1/54001010") == base64.b64decode(element["InlineBinary"])


def test_a_value_that_is_gone_is_our_fault():
    data = samples.make_instance(BIG_ENDIAN)
    bulk = Bulk("00420011", "OB", -1, 4)
    with pytest.raises(Fault):
        list(read_bulk(bulk, BIG_ENDIAN, 0, len(data), oracle.reader(data)))
    with pytest.raises(Fault):
        list(read_bulk(bulk, BIG_ENDIAN, 0, 10, oracle.reader(data[:10])))
