"""Whatever the bytes are: a header, or a refusal; never anything else, and never for long."""

from functools import cache

import orjson
import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomweb.errors import InstanceRefused
from dicomweb.part10 import Header
from dicomweb.part10.bulk import read_bulk, read_frame
from tests import samples
from tests.part10 import oracle

IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED, JPEG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50"
LIMITED = settings(max_examples=150, deadline=20_000)  # ms: nothing hangs

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\\^=", min_codepoint=32), max_size=20
)
numbers = st.floats(allow_nan=True, allow_infinity=True)
VALUES = {
    "PatientName": st.lists(texts, min_size=1, max_size=3).map("^".join),
    "PatientComments": st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])),
    "OtherPatientNames": st.lists(texts, max_size=3),
    "ImageType": st.lists(st.text("ABC_ 1", max_size=16), max_size=4),
    "WindowCenter": st.lists(st.integers(-(10**14), 10**14).map(str), max_size=4),
    "SliceLocation": st.floats(-1e6, 1e6).map(lambda number: f"{number:.6f}"[:16]),
    "InstanceNumber": st.integers(-(2**31), 2**31 - 1),
    "PixelPaddingValue": st.integers(0, 65535),
    "RecommendedDisplayFrameRateInFloat": st.floats(width=32),
    "TagThickness": numbers,
    "SelectorSVValue": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
    "FrameIncrementPointer": st.lists(st.integers(0, 2**32 - 1), max_size=3),
    "EncapsulatedDocument": st.binary(min_size=2, max_size=3000).map(
        lambda b: b + b"\1" * (len(b) % 2)
    ),
    "ICCProfile": st.binary(max_size=20).map(lambda b: b + b"\1" * (len(b) % 2)),
    "StudyDate": st.dates().map(lambda day: day.strftime("%4Y%m%d")),
    "RetrieveURL": st.just("http://a/b"),
}


@st.composite
def elements(draw, depth: int = 2) -> Dataset:
    dataset = Dataset()
    for keyword in draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=6)):
        setattr(dataset, keyword, draw(VALUES[keyword]))
    if depth and draw(st.booleans()):
        items = Sequence(draw(st.lists(elements(depth - 1), max_size=3)))
        dataset.ContentSequence = items
        dataset["ContentSequence"].is_undefined_length = draw(st.booleans())
        for item in items:
            item.is_undefined_length_sequence_item = draw(st.booleans())
    return dataset


@LIMITED
@given(elements())
def test_a_data_set_is_the_same_json_however_it_is_written(dataset):
    dataset.SpecificCharacterSet = "ISO_IR 192"
    with oracle.lenient():
        dataset.update(samples.make_dataset(PatientName=dataset.get("PatientName", "")))
        files = [samples.encode(dataset, syntax) for syntax in (IMPLICIT, BIG_ENDIAN, DEFLATED)]
        explicit = samples.encode(dataset)
    header = oracle.scan_bytes(explicit)
    mine = oracle.ours(explicit, header)
    assert oracle.differences(mine, oracle.theirs(explicit)) == []
    for file in files:
        assert oracle.differences(oracle.ours(file, oracle.scan_bytes(file)), mine) == []


@cache
def seeds() -> list[bytes]:
    jpeg = samples.make_image()
    samples.compress(jpeg, [b"\xff\xd8\xff" + bytes(40) + b"\xff\xd9"] * 3, fragments=2)
    nested = samples.make_image(ReferencedImageSequence=Sequence([Dataset(), Dataset()]))
    nested.ReferencedImageSequence[0].PurposeOfReferenceCodeSequence = Sequence([Dataset()])
    nested["ReferencedImageSequence"].is_undefined_length = True
    made = [samples.make_instance(s, frames=2) for s in (IMPLICIT, BIG_ENDIAN, DEFLATED)]
    made += [samples.encode(jpeg, JPEG), samples.encode(nested), samples.encode(nested, IMPLICIT)]
    small = [path for path in samples.pydicom_files() if path.stat().st_size < 20_000]
    return made + [path.read_bytes() for path in small]


@st.composite
def broken_files(draw) -> bytes:
    data = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["set", "cut", "insert", "drop", "copy"]))
        if kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 64))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=32))
        elif kind == "copy":
            begin = draw(st.integers(0, len(data)))
            data[at:at] = data[begin : begin + draw(st.integers(1, 200))]
        else:
            data[at : at + 1] = draw(st.sampled_from([b"\0", b"\xff", b"\x7f", b"S"]))
    return bytes(data)


def scanned(data: bytes, window: int) -> Header | None:
    try:
        return oracle.scan_bytes(data, window)
    except InstanceRefused:
        return None


def all_sorted(item) -> bool:
    inner = [i for e in item.values() if e["vr"] == "SQ" for i in e.get("Value", [])]
    return list(item) == sorted(item) and all(map(all_sorted, inner))


@LIMITED
@given(broken_files(), st.sampled_from([200, 1000, 2**18]))
def test_broken_bytes_give_a_header_or_a_refusal(data, window):
    header = scanned(data, window)
    if header is None:
        return
    assert all_sorted(oracle.metadata(header))
    assert all(orjson.loads(f.replace(b"\x01", b"/"))["vr"] for f in header.elements.values())
    read = oracle.reader(data)
    for bulk in header.bulk:
        value = b"".join(read_bulk(bulk, header.transfer_syntax, 0, len(data), read))
        assert len(value) <= bulk.length
        assert bulk.offset + bulk.length <= len(data) or bulk.offset == -1
    for number in {1, header.frames.count} if header.frames and header.frames.count else ():
        spans = header.frames.spans(number)
        assert all(offset >= 0 and length >= 0 for offset, length in spans)
        assert header.frames.inside or all(sum(span) <= len(data) for span in spans)
        read_frame(header.frames, number, header.bulk, header.transfer_syntax, 0, len(data), read)


@LIMITED
@given(broken_files())
def test_broken_files_leave_nothing_behind_in_the_memo(data):
    whole = seeds()[4]
    before = oracle.scan_bytes(whole).json
    scanned(data, 2**18)
    assert oracle.scan_bytes(whole).json == before


@LIMITED
@given(st.binary(max_size=400))
def test_noise_is_refused(noise):
    assert scanned(noise, 2**18) is None
    assert scanned(bytes(128) + b"DICM" + noise, 2**18) is None


def test_a_header_is_the_same_through_windows_of_any_size():
    for path in samples.pydicom_files()[::3]:
        data = path.read_bytes()
        headers = [scanned(data, window) for window in (150, 700, 5000, 2**18)]
        assert all(header == headers[0] for header in headers)


def test_pydicom_itself_is_still_itself():
    assert pydicom.config.settings.reading_validation_mode == pydicom.config.WARN
