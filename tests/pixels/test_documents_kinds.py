"""Kinds of instances: by SOP class, what they can be given as, without loading anything."""

import subprocess
import sys

import pytest
from pydicom.uid import UID_dictionary

from dicomweb.pixels.documents.kinds import (
    Category,
    Kind,
    category_of,
    is_as_stored,
    kind_of,
    media_types,
)
from tests.pixels.documents_shared import sample

STORAGE = "1.2.840.10008.5.1.4.1.1."
MPEG4 = "1.2.840.10008.1.2.4.102"


@pytest.mark.parametrize(
    ("sop_class", "pixels", "kind"),
    [
        ("2", True, Kind.IMAGE),
        ("2", False, Kind.OTHER),
        ("66.4", True, Kind.SEGMENTATION),
        ("66.7", True, Kind.SEGMENTATION),
        ("66.4", False, Kind.OTHER),
        ("481.2", True, Kind.IMAGE),
        ("481.3", False, Kind.STRUCTURE_SET),
        ("481.5", False, Kind.OTHER),
        ("88.11", False, Kind.REPORT),
        ("88.67", False, Kind.REPORT),
        ("79.1", False, Kind.REPORT),
        ("88.59", False, Kind.KEY_OBJECTS),
        ("104.1", False, Kind.PDF),
        ("104.2", False, Kind.CDA),
        ("104.3", False, Kind.MODEL),
        ("9.1.1", False, Kind.WAVEFORM),
        ("9.100.1", False, Kind.OTHER),
        ("11.1", False, Kind.PRESENTATION_STATE),
        ("11.8", False, Kind.OTHER),
        ("66", False, Kind.OTHER),
        ("91.1", False, Kind.OTHER),
    ],
)
def test_a_sop_class_tells_the_kind(sop_class: str, pixels: bool, kind: Kind) -> None:
    assert kind_of(STORAGE + sop_class, has_pixels=pixels) is kind


def test_every_sr_class_that_pydicom_knows_is_a_report() -> None:
    classes = [
        uid
        for uid, entry in UID_dictionary.items()
        if entry[1] == "SOP Class" and " SR Storage" in entry[0]
    ]
    assert len(classes) > 20
    assert {kind_of(uid) for uid in classes} == {Kind.REPORT}


def test_mpeg_is_a_video_and_jpeg_in_a_video_class_is_an_image() -> None:
    assert kind_of(STORAGE + "77.1.4.1", has_pixels=True, transfer_syntax=MPEG4) is Kind.VIDEO
    jpeg = "1.2.840.10008.1.2.4.50"
    assert kind_of(STORAGE + "77.1.4.1", has_pixels=True, transfer_syntax=jpeg) is Kind.IMAGE
    assert media_types(Kind.VIDEO, transfer_syntax=MPEG4) == ("video/mp4",)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.REPORT, "text/html"),
        (Kind.PDF, "application/pdf"),
        (Kind.CDA, "text/html"),
        (Kind.IMAGE, "image/jpeg"),
        (Kind.SEGMENTATION, "image/png"),
        (Kind.WAVEFORM, "image/svg+xml"),
        (Kind.STRUCTURE_SET, "image/png"),
        (Kind.OTHER, "text/html"),
    ],
)
def test_what_a_browser_shows_best_comes_first(kind: Kind, first: str) -> None:
    assert media_types(kind)[0] == first


@pytest.mark.parametrize("kind", list(Kind))
def test_texts_are_given_as_the_table_of_the_standard_wants_them(kind: Kind) -> None:
    given = media_types(kind)
    assert len(set(given)) == len(given) > 0
    if category_of(kind) is Category.TEXT:
        assert {"text/html", "text/plain", "text/xml"} <= set(given)


def test_only_values_of_the_instance_are_given_as_stored() -> None:
    assert is_as_stored(Kind.PDF, "application/pdf")
    assert is_as_stored(Kind.CDA, "text/xml")
    assert is_as_stored(Kind.MODEL, "model/stl")
    assert not is_as_stored(Kind.PDF, "text/xml")
    assert not is_as_stored(Kind.REPORT, "text/xml")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("synthetic/derived/kos.dcm", Kind.KEY_OBJECTS),
        ("synthetic/derived/seg.dcm", Kind.SEGMENTATION),
        ("synthetic/video/h264_bd.dcm", Kind.VIDEO),
        ("synthetic/modalities/encapsulated_stl.dcm", Kind.MODEL),
        ("pydicom/rtdose.dcm", Kind.IMAGE),
        ("highdicom/sm_annotations.dcm", Kind.OTHER),
    ],
)
def test_the_samples_are_what_they_are(name: str, kind: Kind) -> None:
    assert sample(name).kind is kind


def test_asking_costs_neither_numpy_nor_pydicom() -> None:
    program = (
        "import sys, dicomweb.pixels.documents.kinds, dicomweb.pixels.documents.rendering;"
        "sys.exit(bool({'numpy', 'pydicom', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
