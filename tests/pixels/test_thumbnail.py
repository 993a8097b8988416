"""Thumbnails: size, silence about the patient, and the choice of the image."""

import io
import time

import numpy as np
import pytest
import samples
from PIL import Image

from dicomweb.pixels.icons import Icon, draw_icon, icon_for
from dicomweb.pixels.thumbnail import Candidate, representative, thumbnail
from tests.pixels.rendering import Instance, instance_of, read

CT, SEG, SR = (f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("2", "66.4", "88.11"))


def stored(rows: int, columns: int, **attributes: object) -> Instance:
    dataset = samples.make_image(rows=rows, columns=columns, **attributes)
    dataset.WindowCenter, dataset.WindowWidth = 32768, 65536
    return instance_of(dataset)


def small(instance: Instance, box: tuple[int, int] = (200, 200)) -> Image.Image:
    body = thumbnail(instance.frames[0], instance.metadata, instance.transfer_syntax, box=box).body
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize(
    ("rows", "columns", "size"),
    [
        (512, 512, (200, 200)),
        (1000, 2000, (200, 100)),
        (3, 4000, (200, 1)),
        (4000, 3, (1, 200)),
        (50, 60, (60, 50)),
        (1, 1, (1, 1)),
        (401, 399, (199, 200)),
    ],
)
def test_a_thumbnail_fits_its_box_and_is_not_enlarged(
    rows: int, columns: int, size: tuple[int, int]
) -> None:
    image = small(stored(rows, columns))
    assert (image.size, image.format) == (size, "JPEG")


def test_a_thumbnail_looks_like_its_image() -> None:
    y, x = np.mgrid[0:1024, 0:768]
    pixels = (y * 40 + x * 20).astype(np.uint16)
    instance = stored(1024, 768, PixelData=pixels.tobytes())
    picture = np.asarray(small(instance)).astype(int)
    whole = Image.fromarray(instance.png()).resize((150, 200), Image.Resampling.BOX)
    assert np.abs(picture - np.asarray(whole).astype(int)).mean() < 3


def test_pixels_that_are_not_square_become_so() -> None:
    assert small(stored(100, 200, PixelSpacing=[2, 1])).size == (200, 200)
    assert small(stored(40, 40, PixelSpacing=[2, 1])).size == (40, 80)
    assert small(stored(40, 40, PixelSpacing=[1, 2])).size == (80, 40)


def test_a_box_that_is_to_be_filled_is_filled() -> None:
    instance = stored(40, 40, PixelSpacing=[1, 2])
    body = thumbnail(
        instance.frames[0], instance.metadata, instance.transfer_syntax, filled=True
    ).body
    assert Image.open(io.BytesIO(body)).size == (200, 100)


def test_a_thumbnail_has_neither_words_nor_overlays() -> None:
    plain = stored(64, 64, PatientName="Somebody")
    assert np.array_equal(np.asarray(small(plain)), np.asarray(small(stored(64, 64))))


def test_a_thumbnail_of_a_ct_slice_takes_few_milliseconds() -> None:
    instance = read(samples.folder() / "ct-series" / "I310.dcm")
    assert instance is not None
    small(instance)
    start = time.thread_time()
    for _ in range(10):
        thumbnail(instance.frames[0], instance.metadata, instance.transfer_syntax)
    assert (time.thread_time() - start) / 10 < 0.02


NOTHING = Candidate(SR, "report", is_image=False)


def images(count: int, **more: object) -> list[Candidate]:
    return [Candidate(CT, "A", 1, 524288, number) for number in range(count, 0, -1)]


def test_the_middle_by_number_speaks_for_a_series() -> None:
    chosen = representative(images(9))
    assert chosen is not None
    assert (images(9)[chosen[0]].number, chosen[1]) == (5, 1)


def test_the_middle_frame_speaks_for_an_instance() -> None:
    assert representative([Candidate(CT, "A", 100)]) == (0, 51)
    two = [Candidate(CT, "A", 10, number=1), Candidate(CT, "A", 90, number=2)]
    assert representative(two) == (1, 41)
    assert representative([Candidate(CT, "A", 0)]) == (0, 1)


def test_the_largest_series_speaks_for_a_study() -> None:
    study = [Candidate(CT, "localizer", 1, 8000000), *images(5), NOTHING]
    chosen = representative(study)
    assert chosen is not None
    assert study[chosen[0]].series == "A"


def test_images_stand_before_segmentations_and_video() -> None:
    mixed = [
        Candidate(SEG, "S", 500),
        Candidate(CT, "V", 900, is_image=False),
        Candidate(CT, "A", 1),
    ]
    assert representative(mixed) == (2, 1)
    assert representative(mixed[:2]) == (0, 251)


def test_what_has_no_image_has_no_representative() -> None:
    assert representative([]) is None
    assert representative([NOTHING, NOTHING]) is None


@pytest.mark.parametrize(
    ("sop_class", "icon"),
    [
        (SR, Icon.REPORT),
        ("1.2.840.10008.5.1.4.1.1.104.1", Icon.DOCUMENT),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", Icon.WAVEFORM),
        ("1.2.840.10008.5.1.4.1.1.77.1.4.1", Icon.VIDEO),
        ("1.2.840.10008.5.1.4.1.1.481.5", Icon.PLAN),
        ("1.2.3", Icon.OTHER),
        ("", Icon.OTHER),
    ],
)
def test_every_kind_has_its_icon(sop_class: str, icon: Icon) -> None:
    assert icon_for(sop_class) is icon


@pytest.mark.parametrize("icon", list(Icon))
def test_icons_are_pictures_that_differ(icon: Icon) -> None:
    body = draw_icon(icon, 96)
    assert Image.open(io.BytesIO(body)).size == (96, 96)
    assert sum(draw_icon(other, 96) == body for other in Icon) == 1


def test_an_icon_is_never_larger_than_an_icon() -> None:
    assert Image.open(io.BytesIO(draw_icon(Icon.OTHER, 10**9))).size == (1024, 1024)
