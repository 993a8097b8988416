"""Every image at hand renders, and those whose colours are known have them."""

import time
from pathlib import Path

import numpy as np
import pytest
import samples

from dicomweb.errors import NotAcceptable
from tests.pixels.rendering import read

# What is broken on purpose, and what is no picture that can be decoded.
BROKEN = {
    "JPEG2000-embedded-sequence-delimiter.dcm",
    "MR_truncated.dcm",
    "pixel_data_too_short.dcm",
    "truncated_in_pixel_data.dcm",
    "truncated_jpeg_frame.dcm",
    "h264_bd.dcm",
    "h264_hp41.dcm",
    "mpeg2_mp_ml.dcm",
}
# Ten bars from the top: colours full and half, then greys (pydicom's SC_rgb family).
BARS = [
    *[(255, 0, 0), (255, 128, 128), (0, 255, 0), (128, 255, 128), (0, 0, 255), (128, 128, 255)],
    *[(0, 0, 0), (64, 64, 64), (192, 192, 192), (255, 255, 255)],
]
WITH_BARS = """
    SC_rgb_dcmtk_+eb+cr SC_rgb_dcmtk_+eb+cy+n1 SC_rgb_dcmtk_+eb+cy+n2 SC_rgb_dcmtk_+eb+cy+np
    SC_rgb_dcmtk_+eb+cy+s2 SC_rgb_dcmtk_+eb+cy+s4 SC_rgb_gdcm_KY SC_rgb_jls_lossy_line
    SC_rgb_jls_lossy_sample SC_rgb_jpeg_dcmtk SC_rgb_jpeg_gdcm SC_rgb_jpeg_lossy_gdcm SC_rgb_rle
    SC_rgb_rle_16bit SC_rgb_rle_16bit_2frame SC_rgb_rle_2frame SC_rgb_rle_32bit
    SC_rgb_rle_32bit_2frame SC_ybr_full_422_uncompressed
"""
PARTS = 4


def every_file(part: int) -> list[Path]:
    files = [*samples.files(), *samples.pydicom_files()]
    return files[part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_image_renders(part: int) -> None:
    rendered = 0
    for path in every_file(part):
        instance = read(path)
        if instance is None:
            continue
        middle = (len(instance.frames) + 1) // 2
        if path.name in BROKEN:
            with pytest.raises(NotAcceptable):
                instance.png(middle)
            continue
        assert instance.picture("image/jpeg", middle, width=64, height=64).max() >= 0, path
        rendered += 1
    assert rendered > 50


@pytest.mark.parametrize("name", WITH_BARS.split())
def test_bars_of_every_syntax_have_their_colours(name: str) -> None:
    (path,) = (path for path in samples.pydicom_files() if path.stem == name)
    instance = read(path)
    assert instance is not None
    picture = instance.png().astype(int)
    rows = picture.shape[0]
    for number, bar in enumerate(BARS):
        middle = picture[rows * (2 * number + 1) // 20, picture.shape[1] // 2]
        assert np.abs(middle - bar).max() <= 6, (number, middle)


def test_one_slice_looks_the_same_in_every_syntax() -> None:
    folder = samples.folder() / "transfer-syntaxes" / "one-ct-slice"
    found = {path: read(path) for path in sorted(folder.glob("*.dcm"))}
    pictures = {path: i.png() for path, i in found.items() if i is not None}
    first = next(iter(pictures.values())).astype(int)
    assert len(pictures) >= 10
    for path, picture in pictures.items():
        assert np.abs(picture - first).mean() < 6, path


def test_the_test_pattern_looks_the_same_in_every_form() -> None:
    folder = samples.folder() / "transfer-syntaxes" / "test-pattern"
    found = {path.stem: read(path) for path in sorted(folder.glob("*.dcm"))}
    pictures = {name: i.png().astype(int) for name, i in found.items() if i is not None}
    reference = pictures["TestPattern_RGB"]
    assert len(pictures) >= 8
    for name, picture in pictures.items():
        assert np.abs(picture - reference).mean() < 3, name


def test_the_words_red_green_blue_stand_in_their_colours() -> None:
    (path,) = (path for path in samples.pydicom_files() if path.stem == "GDCMJ2K_TextGBR")
    instance = read(path)
    assert instance is not None
    picture = instance.png().astype(int)
    strong = np.ptp(picture, axis=2) > 200
    rows = [np.nonzero(strong & (picture.argmax(axis=2) == channel))[0] for channel in range(3)]
    assert rows[0].max() < rows[1].min()
    assert rows[1].max() < rows[2].min()


def test_a_ct_slice_is_rendered_within_its_budget() -> None:
    instance = read(samples.folder() / "ct-series" / "I310.dcm")
    assert instance is not None
    best = {}
    for media_type in ("image/jpeg", "image/png"):
        instance.picture(media_type)
        times = []
        for _ in range(20):
            start = time.thread_time()
            instance.picture(media_type)
            times.append(time.thread_time() - start)
        best[media_type] = min(times)
    # Ten times the goal of 0.5 ms: what else runs on the machine must not fail a test.
    assert max(best.values()) < 0.01
