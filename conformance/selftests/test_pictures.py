"""What the suite expects of renderings, against an independent oracle: pydicom."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_windowing

from conformance import codestreams, images
from conformance.instances import gradient, part10
from conformance.rendered import pictures
from conformance.retrieve import samples

WINDOWED = (
    "window of the image", "first of several windows", "linear exact function", "sigmoid function",
    "signed", "rle",
)  # fmt: skip


def stored(instance):
    return pydicom.dcmread(io.BytesIO(part10(instance)))


@pytest.mark.parametrize("name", WINDOWED)
def test_windows_are_those_of_pydicom(name):
    picture = pictures.ALL[name]()
    dataset = stored(picture.instance)
    shown = apply_windowing(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    low = -(2**15) if dataset.PixelRepresentation else 0
    images.close((shown - low) / 65535 * 255, picture.wanted, 0.1)


@pytest.mark.parametrize("name", ["rescale", "negative slope", "modality lut"])
def test_modality_values_are_those_of_pydicom(name):
    picture = pictures.ALL[name]()
    dataset = stored(picture.instance)
    values = apply_modality_lut(dataset.pixel_array, dataset)
    window = float(dataset.WindowCenter), float(dataset.WindowWidth)
    images.close(images.linear(values, *window), picture.wanted, 0.1)


def test_the_palette_is_that_of_pydicom():
    picture = pictures.palette()
    dataset = stored(picture.instance)
    images.close(apply_color_lut(dataset.pixel_array, dataset) / 257, picture.wanted, 0.5)


def test_every_window_covers_black_grey_and_white():
    for name, make in pictures.ALL.items():
        wanted = make().wanted
        assert wanted.min() < 64, name
        assert wanted.max() > 150, name


@pytest.mark.parametrize("name", ["JPEG-LS", "JPEG 2000", "JPEG lossless", "HTJ2K"])
def test_the_codestreams_are_the_gradient(name):
    imagecodecs = pytest.importorskip("imagecodecs")
    decode = {
        "JPEG-LS": imagecodecs.jpegls_decode,
        "JPEG 2000": imagecodecs.jpeg2k_decode,
        "JPEG lossless": imagecodecs.jpeg8_decode,
        "HTJ2K": imagecodecs.jpeg2k_decode,
    }[name]
    assert (decode(samples.compressed(name).frames[0]) == gradient()).all()


def test_the_one_bit_sample_does_not_begin_at_bytes():
    sample = samples.one_bit()
    assert sample.pixels[0].size % 8
    assert (stored(sample.instance).pixel_array == sample.pixels).all()


@pytest.mark.parametrize("name", ["planes", "old"])
def test_samples_hold_the_pixels_that_they_say(name):
    sample = samples.planes() if name == "planes" else samples.old("1.2.840.10008.1.2.2")
    assert (stored(sample.instance).pixel_array == sample.pixels).all()


def test_a_jpeg_of_the_suite_is_baseline():
    assert b"\xff\xc0" in codestreams.jpeg(gradient())
    assert images.decoded(codestreams.jpeg(np.full((8, 8), 77, "u1"))).mean() == 77
