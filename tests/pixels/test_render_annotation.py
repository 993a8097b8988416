"""Words on pictures: which, where, and that they stay out of what asks for none."""

from typing import Any

import numpy as np
import pytest
import samples
from PIL import features
from pydicom.dataset import Dataset
from reportlab.pdfbase.ttfonts import TTFont

from dicomweb.pixels.annotate import annotate, patient_lines, person_name, technique_lines
from dicomweb.pixels.lettering import FACE, covered, legible, typeface
from dicomweb.pixels.options import Window
from tests.pixels.rendering import instance_of, metadata_of

BLACK = np.zeros((256, 256), np.uint8)


def described() -> dict[str, Any]:
    dataset = samples.make_dataset(
        InstitutionName="Clinic",
        SeriesDescription="Thin slices",
        SeriesNumber=3,
        InstanceNumber=7,
        KVP=120,
        SliceThickness=1.5,
        WindowCenter=40,
        WindowWidth=400,
        NumberOfFrames=9,
    )
    return metadata_of(dataset)


def test_the_patient_is_named_with_what_tells_him_from_others() -> None:
    assert patient_lines(described()) == [
        "Doe, Jane",
        "ID P1",
        "1980-01-01  F",
        "Clinic",
        "Acc A1",
        "2024-01-02 03:04",
    ]


def test_the_technique_names_series_exposure_and_window() -> None:
    assert technique_lines(described(), 4, Window(-600, 1500)) == [
        "OT Thin slices",
        "Se 3  Im 7",
        "Frame 4/9",
        "120 kV",
        "T 1.5 mm",
        "W 1500  C -600",
    ]
    assert technique_lines(described())[-1] == "T 1.5 mm"


def windowed(**attributes: Any) -> Dataset:
    found = Dataset()
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    group = Dataset()
    group.FrameVOILUTSequence = [found]
    return group


def test_the_window_that_is_written_is_that_of_the_frame() -> None:
    dataset = samples.make_image(rows=128, columns=128, frames=2, WindowCenter=1, WindowWidth=1)
    dataset.PerFrameFunctionalGroupsSequence = [
        windowed(WindowCenter=100, WindowWidth=200),
        windowed(WindowCenter=300, WindowWidth=400),
    ]
    stored = instance_of(dataset)
    words = annotate(stored.png(2), stored.metadata, ["technique"], 2, Window(300, 400))
    assert np.array_equal(stored.png(2, annotation=("technique",)), words)


def test_no_window_is_written_where_none_counts() -> None:
    colours = samples.make_image(rows=128, columns=128, WindowCenter=40, WindowWidth=400)
    colours.SamplesPerPixel, colours.PhotometricInterpretation = 3, "RGB"
    colours.PlanarConfiguration, colours.BitsAllocated, colours.BitsStored = 0, 8, 8
    colours.HighBit, colours.PixelData = 7, bytes(128 * 128 * 3)
    stored = instance_of(colours)
    words = annotate(stored.png(), stored.metadata, ["technique"])
    assert np.array_equal(stored.png(annotation=("technique",)), words)


def test_an_empty_data_set_gives_no_lines() -> None:
    assert patient_lines({}) == []
    assert technique_lines({}) == []
    assert np.array_equal(annotate(BLACK, {}, ("patient", "technique")), BLACK)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}, "Yamada, Tarou"),
        ({"Ideographic": "山田^太郎"}, "山田, 太郎"),
        ({"Alphabetic": "Doe^John^B^Dr^Jr"}, "Doe, John B Dr Jr"),
        ("Doe^John", "Doe, John"),
        ({"Alphabetic": "^John"}, "John"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_name_is_written_as_people_write_it(found: Any, name: str) -> None:
    assert person_name(found) == name


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Müller Łukasz, 5 µm", "Müller Łukasz, 5 µm"),
        ("Иванов Ἀθῆναι", "Иванов Ἀθῆναι"),
        ("כהן أحمد", "כהן أحمد"),
        ("Mu\u0308ller", "Müller"),
        ("\uff21\uff22", "AB"),
        ("山田 ไทย", "?? ???"),
        ("a\0b", "a?b"),
        ("x\U0001f9e0y", "x?y"),
        ("z\u2066w", "zw"),
    ],
)
def test_letters_that_the_typeface_lacks_are_spelt(text: str, written: str) -> None:
    assert legible(text) == written


def test_the_patient_stands_above_and_the_technique_below() -> None:
    above = np.nonzero(annotate(BLACK, described(), ["patient"]))[0]
    below = np.nonzero(annotate(BLACK, described(), ["technique"]))[0]
    assert above.max() < 128 < below.min()


def test_words_show_on_white_and_on_colour() -> None:
    assert annotate(255 - BLACK, described(), ["patient"]).min() < 100
    coloured = annotate(np.zeros((256, 256, 3), np.uint8), described(), ["patient"])
    assert coloured.any()
    assert coloured.shape == (256, 256, 3)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (3000, 20), (16, 2000), (2000, 2000)])
def test_words_fit_pictures_of_every_size(size: tuple[int, int]) -> None:
    picture = annotate(np.zeros(size, np.uint8), described(), ["patient", "technique"])
    assert picture.shape == size


def test_words_come_after_scaling_and_only_when_asked() -> None:
    stored = instance_of(samples.make_image(rows=64, columns=64))
    stored.metadata.update(described() | {"00280008": {"vr": "IS", "Value": [1]}})
    plain, words = (stored.png(width=300, height=300, annotation=a) for a in ((), ("patient",)))
    assert plain.shape == words.shape == (300, 300)
    changed = np.nonzero(plain != words)[0]
    assert 0 < changed.size < 20_000


def test_a_novel_is_cut() -> None:
    metadata = {"00100020": {"vr": "LO", "Value": ["x" * 100_000]}}
    assert annotate(BLACK, metadata, ["patient"]).any()


def test_the_face_has_what_another_reader_of_its_table_finds() -> None:
    other = TTFont("other", str(FACE)).face.charToGlyph
    assert covered() == {code for code, glyph in other.items() if glyph}


@pytest.mark.parametrize(
    "name", ["Иванов", "Παπαδόπουλος", "כהן", "أحمد", "Łukasz", "e\u0323\u0301"]
)
def test_names_of_other_scripts_are_drawn_and_no_two_alike(name: str) -> None:
    def drawn(words: str) -> Any:
        metadata = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": words}]}}
        return annotate(BLACK, metadata, ["patient"])

    assert not np.array_equal(drawn(name), drawn("?" * len(name)))
    assert not np.array_equal(drawn(name), drawn(name[:-1]))


def test_right_to_left_words_begin_on_the_right() -> None:
    if not features.check("raqm"):
        pytest.skip("This Pillow has no Raqm: such words stand in the order of their letters.")
    face = typeface(32)
    assert bytes(face.getmask("אב")) != bytes(face.getmask("בא"))
    # In a left-to-right frame the first letter of a Hebrew word is the rightmost.
    assert bytes(face.getmask("\u202dבא")) == bytes(face.getmask("אב"))
