"""Our JSON and frames against pydicom's, over every file of its wheel and of the shared samples."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from dicomweb.errors import InstanceRefused
from dicomweb.part10 import Header
from dicomweb.part10.bulk import read_frame
from tests import samples
from tests.part10 import oracle

# Where we differ on purpose, and why.
KNOWN = {
    "rtplan_truncated.dcm": "pydicom keeps half a value at the end of the file",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "pydicom reads nothing without the delimiter",
    "encapsulated_without_delimiter.dcm": "pydicom reads nothing without the delimiter",
    "gb2312_iso2022.dcm": "pydicom leaves the escape sequences in",
    "latin9.dcm": "pydicom does not know ISO_IR 203",
    "h264_bd.dcm": "video is left out of our JSON",
    "h264_hp41.dcm": "video is left out of our JSON",
    "mpeg2_mp_ml.dcm": "video is left out of our JSON",
}
SERIES = ("ct-series", "mr-fmri", "mr-series")  # every eighth file of these is enough


def sample_files() -> list[Path]:
    found = [path for path in samples.files() if path.suffix not in {".ts", ".txt", ".csv"}]
    few = [path for path in found if path.parent.name not in SERIES]
    many = [path for path in found if path.parent.name in SERIES]
    return few + many[::8]


def scanned(path: Path) -> tuple[bytes, Header] | None:
    data = path.read_bytes()
    try:
        return data, oracle.scan_bytes(data, 4096)
    except InstanceRefused:
        return None


def json_differences(paths: list[Path]) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        if path.name not in KNOWN and (read := scanned(path)):
            mine = oracle.ours(*read)
            if different := oracle.differences(mine, oracle.theirs(read[0])):
                found[path.name] = different
    return found


def frame_differences(paths: list[Path]) -> list[str]:
    return [path.name for path in paths if (read := scanned(path)) and not same_frames(*read)]


def same_frames(data: bytes, header: Header) -> bool:
    table = header.frames
    if table is None or header.doubts:
        return True
    dataset = oracle.read_with_pydicom(data)
    frames = [
        read_frame(
            table, number, header.bulk, header.transfer_syntax, 0, len(data), oracle.reader(data)
        )
        for number in range(1, table.count + 1)
    ]
    if not table.native:
        count = dataset.get("NumberOfFrames", 1) if header.transfer_syntax[18:21] != "4.1" else 1
        pads = [frame.rstrip(b"\0") for frame in frames]
        expected = generate_frames(dataset.PixelData, number_of_frames=int(count or 1))
        return pads == [frame.rstrip(b"\0") for frame in expected]
    return same_native(dataset, frames)


def same_native(dataset: pydicom.Dataset, frames: list[bytes]) -> bool:
    if dataset.get("BitsAllocated") == 1:
        area = dataset.Rows * dataset.Columns
        bits = [np.unpackbits(np.frombuffer(f, "u1"), bitorder="little")[:area] for f in frames]
        return np.array_equal(dataset.pixel_array.ravel(), np.concatenate(bits))
    word = {8: "u1", 16: "u2", 32: "u4", 64: "u8"}[dataset.BitsAllocated]
    order = "<" if dataset.original_encoding[1] else ">"
    value = next(
        dataset[tag].value for tag in (0x7FE00010, 0x7FE00008, 0x7FE00009) if tag in dataset
    )
    if order == ">" and word == "u1":
        return True  # pydicom does not turn OW around; SC_rgb_small_odd_big_endian has its own test
    expected = np.frombuffer(value[: len(value) // int(word[1]) * int(word[1])], order + word)
    mine = np.frombuffer(b"".join(frames), "<" + word)
    return np.array_equal(expected[: len(mine)], mine)


def test_the_json_of_pydicoms_files_is_what_pydicom_makes_of_them():
    assert json_differences(list(samples.pydicom_files())) == {}


def test_the_json_of_the_shared_samples_is_what_pydicom_makes_of_them():
    assert json_differences(sample_files()) == {}


def test_the_frames_of_pydicoms_files_are_pydicoms():
    assert frame_differences(list(samples.pydicom_files())) == []


def test_the_frames_of_the_shared_samples_are_pydicoms():
    assert frame_differences(sample_files()) == []


@pytest.mark.parametrize("name", ["SC_rgb_small_odd.dcm", "SC_rgb_small_odd_big_endian.dcm"])
def test_big_endian_words_of_bytes_come_out_in_order(name):
    path = next(path for path in samples.pydicom_files() if path.name == name)
    data = path.read_bytes()
    header = oracle.scan_bytes(data)
    frame = read_frame(
        header.frames, 1, header.bulk, header.transfer_syntax, 0, len(data), oracle.reader(data)
    )
    assert frame == pydicom.dcmread(path).pixel_array.tobytes()
