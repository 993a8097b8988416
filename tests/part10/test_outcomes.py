"""What becomes of each broken file of the shared samples: decided by hand, one by one."""

import pytest

from dicomweb.errors import InstanceRefused
from tests import samples
from tests.part10 import oracle

NOT_UNDERSTOOD, NO_ROOM, NO_MATCH, NOT_SUPPORTED = 0xC000, 0xA700, 0xA900, 0x0122

# Stored without a doubt.
CLEAN = [
    # Its file meta was meant to differ, but was written from the data set: it does not.
    "synthetic/malformed/meta_uid_differs.dcm",
    "synthetic/oddities/type2_all_empty.dcm",
    "synthetic/oddities/nested_50_levels.dcm",
    "synthetic/oddities/uid_64_chars.dcm",
    "synthetic/oddities/number_of_frames_zero.dcm",
    "synthetic/oddities/image_without_pixel_data.dcm",
    "synthetic/oddities/retired_group_length.dcm",
    "synthetic/oddities/trailing_padding_element.dcm",
    "synthetic/oddities/unknown_sop_class.dcm",
    "synthetic/modalities/mr_implicit.dcm",
    "synthetic/modalities/mr_bigendian.dcm",
    "synthetic/modalities/mr_deflated.dcm",
]

# Stored, with these doubts.
DOUBTED = {
    "synthetic/malformed/bad_vr.dcm": ["(0008,0060) has a VR that does not exist."],
    "synthetic/malformed/declared_jpeg_but_native.dcm": [
        "The transfer syntax is missing or unreadable."
    ],
    "synthetic/malformed/duplicate_tag.dcm": [
        "Elements are not in the order of their tags.",
        "Elements are given twice: the last of each counts.",
    ],
    "synthetic/malformed/encapsulated_without_delimiter.dcm": [
        "The pixel data end without a sequence delimiter."
    ],
    "synthetic/malformed/fewer_fragments_than_frames.dcm": ["There are 2 fragments for 5 frames."],
    "synthetic/malformed/invalid_dates.dcm": [
        "(0008,0020) is not a date.",
        "(0008,0030) is not a time.",
        "(0010,0030) is not a date.",
    ],
    "synthetic/malformed/length_beyond_end.dcm": ["The file ends inside its pixel data."],
    "synthetic/malformed/no_meta_dataset_only.dcm": [
        "The file has no preamble.",
        "The file has no file meta information.",
    ],
    "synthetic/malformed/no_preamble.dcm": ["The file has no preamble."],
    "synthetic/malformed/odd_length_value.dcm": ["(0008,0060) has an odd length."],
    "synthetic/malformed/pixel_data_too_short.dcm": [
        "The pixel data are shorter than Rows, Columns and Number of Frames say."
    ],
    "synthetic/malformed/tags_out_of_order.dcm": ["Elements are not in the order of their tags."],
    "synthetic/malformed/truncated_in_pixel_data.dcm": ["The file ends inside its pixel data."],
    "synthetic/malformed/truncated_jpeg_frame.dcm": [
        "The last compressed frame does not end as its format says."
    ],
    "synthetic/malformed/uid_leadzero.dcm": ["(0008,0018) is not a UID."],
    "synthetic/malformed/uid_toolong.dcm": ["(0008,0018) is longer than 64 characters."],
    "synthetic/malformed/wrong_meta_length.dcm": [
        "The length of the file meta information is wrong or missing."
    ],
    "synthetic/oddities/unknown_transfer_syntax.dcm": ["The transfer syntax is not known."],
    "synthetic/charsets/unknown_term.dcm": [
        "Specific Character Set holds a term that is not defined."
    ],
    "synthetic/charsets/latin1_bytes_declared_utf8.dcm": [
        "(0010,0010) has bytes without a meaning in its character set."
    ],
    "synthetic/charsets/latin1_bytes_no_charset.dcm": [
        "(0010,0010) has bytes without a meaning in its character set."
    ],
    "pydicom/MR_truncated.dcm": ["The file ends inside its pixel data."],
    "pydicom/rtplan_truncated.dcm": [
        "The file ends inside an element.",
        "The UIDs of the file meta information are not those of the data set.",
    ],
    "pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm": [
        "The pixel data end without a sequence delimiter."
    ],
    "pydicom/rtstruct.dcm": [
        "The file has no preamble.",
        "The file has no file meta information.",
    ],
}

_UNREADABLE = "is unreadable: digits in groups joined by dots are right."
REFUSED = {
    "synthetic/malformed/deflate_bomb_200MB.dcm": (
        NO_ROOM,
        "The deflated data set inflates to too much.",
    ),
    "synthetic/malformed/empty.dcm": (NOT_UNDERSTOOD, "The file is empty."),
    "synthetic/malformed/json_text.dcm": (NOT_UNDERSTOOD, "This is not a DICOM file."),
    "synthetic/malformed/missing_SOPClassUID.dcm": (
        NO_MATCH,
        "SOP Class UID (0008,0016) is missing.",
    ),
    "synthetic/malformed/missing_SOPInstanceUID.dcm": (
        NO_MATCH,
        "SOP Instance UID (0008,0018) is missing.",
    ),
    "synthetic/malformed/missing_SeriesInstanceUID.dcm": (
        NO_MATCH,
        "Series Instance UID (0020,000E) is missing.",
    ),
    "synthetic/malformed/missing_StudyInstanceUID.dcm": (
        NO_MATCH,
        "Study Instance UID (0020,000D) is missing.",
    ),
    "synthetic/malformed/not_dicom.html": (NOT_UNDERSTOOD, "This is not a DICOM file."),
    "synthetic/malformed/not_dicom.png.dcm": (NOT_UNDERSTOOD, "This is not a DICOM file."),
    "synthetic/malformed/preamble_only.dcm": (
        NOT_UNDERSTOOD,
        "The file ends before its data set begins.",
    ),
    "synthetic/malformed/random_after_dicm.dcm": (
        NOT_UNDERSTOOD,
        "The file ends before its UIDs are complete.",
    ),
    "synthetic/malformed/truncated_in_header.dcm": (
        NOT_UNDERSTOOD,
        "The file ends before its UIDs are complete.",
    ),
    "synthetic/malformed/truncated_in_meta.dcm": (
        NOT_UNDERSTOOD,
        "The file ends inside its file meta information.",
    ),
    "synthetic/malformed/uid_empty.dcm": (NO_MATCH, "SOP Instance UID (0008,0018) is missing."),
    **{
        f"synthetic/malformed/uid_{name}.dcm": (
            NO_MATCH,
            f"SOP Instance UID (0008,0018) {_UNREADABLE}",
        )
        for name in ("letters", "slash", "space")
    },
    **{
        f"palettes/{name}.dcm": (
            NOT_SUPPORTED,
            "Instances of this SOP class belong to no study.",
        )
        for name in ("fall", "hotiron", "hotmetalblue", "pet")
    },
    # Its first byte is a stray one.
    "pydicom/no_meta.dcm": (NOT_UNDERSTOOD, "This is not a DICOM file."),
    "pydicom/UN_sequence.dcm": (NO_MATCH, "SOP Class UID (0008,0016) is missing."),
}
DICOMDIRS = (
    "DICOMDIR DICOMDIR-bigEnd DICOMDIR-empty.dcm DICOMDIR-implicit DICOMDIR-nooffset "
    "DICOMDIR-nopatient DICOMDIR-reordered 1_DICOMDIR"
)


def data_of(name: str) -> bytes:
    return (samples.folder() / name).read_bytes()


@pytest.mark.parametrize("name", CLEAN)
def test_a_legal_file_is_stored_without_a_doubt(name):
    assert oracle.scan_bytes(data_of(name)).doubts == ()


@pytest.mark.parametrize("name", DOUBTED)
def test_a_readable_file_is_stored_with_a_doubt_that_says_why(name):
    assert [d.sentence for d in oracle.scan_bytes(data_of(name)).doubts] == DOUBTED[name]


@pytest.mark.parametrize("name", REFUSED)
def test_an_unreadable_file_is_refused_with_the_reason(name):
    with pytest.raises(InstanceRefused) as refused:
        oracle.scan_bytes(data_of(name))
    assert (refused.value.reason, refused.value.sentence) == REFUSED[name]


@pytest.mark.parametrize("name", DICOMDIRS.split())
def test_a_dicomdir_is_refused_and_its_files_are_not(name):
    with pytest.raises(InstanceRefused) as refused:
        oracle.scan_bytes(data_of(f"dicomdir/{name}"))
    assert refused.value.reason == NOT_SUPPORTED


def test_the_files_beside_a_dicomdir_are_stored():
    names = [path.name for path in samples.files() if path.parent.name == "dicomdir"]
    for name in set(names) - set(DICOMDIRS.split()):
        if name != "README":
            assert oracle.scan_bytes(data_of(f"dicomdir/{name}")).doubts == ()


def test_every_malformed_sample_has_its_line_here():
    found = {f"synthetic/malformed/{path.name}" for path in samples.files() if _malformed(path)}
    assert found == {
        name for name in [*CLEAN, *DOUBTED, *REFUSED] if name.startswith("synthetic/malformed")
    }


def _malformed(path):
    return path.parent.name == "malformed"


def test_a_refusal_names_the_uids_that_could_be_read():
    with pytest.raises(InstanceRefused) as refused:
        oracle.scan_bytes(data_of("synthetic/malformed/missing_StudyInstanceUID.dcm"))
    assert refused.value.sop_class == "1.2.840.10008.5.1.4.1.1.7"
    assert refused.value.sop_instance.startswith("2.25.")


def test_no_doubt_repeats_a_value():
    for name in DOUBTED:
        header = oracle.scan_bytes(data_of(name))
        assert not any("unknown" in d.sentence or "2024" in d.sentence for d in header.doubts)
