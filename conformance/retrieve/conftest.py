"""What is retrieved; stored once per run and xdist worker, all in one request for each fixture."""

from types import SimpleNamespace

import pytest

from conformance import instances
from conformance.instances import copy, gradient, image, plain, uid
from conformance.retrieve import samples

NATIVE = (
    "8 bits", "16 bits", "signed 16 bits", "32 bits", "colour", "three frames", "odd length",
)  # fmt: skip
COMPRESSED = ("RLE", "JPEG baseline", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K")
OLD = {
    "Implicit VR LE": instances.IMPLICIT,
    "Explicit VR BE": instances.BIG_ENDIAN,
    "Deflated": instances.DEFLATED,
}


@pytest.fixture(scope="session")
def study(server):
    """A study of two series: two native images, and a compressed one."""
    first = image(gradient(dtype="u2", step=300), Modality="CT", InstanceNumber=1)
    second = copy(first, InstanceNumber=2, PixelData=first.PixelData[::-1])
    third = instances.rle(copy(first, SeriesInstanceUID=uid(), SeriesNumber=2))
    server.keep(first, second, third)
    return SimpleNamespace(first=first, second=second, third=third, all=(first, second, third))


@pytest.fixture(scope="session")
def stored(server):
    """Every sample by its name."""
    made = {name: samples.native(name) for name in NATIVE}
    made |= {name: samples.compressed(name) for name in COMPRESSED}
    made |= {name: samples.old(syntax) for name, syntax in OLD.items()}
    made |= {"planes": samples.planes(), "1 bit": samples.one_bit(), "MP4": samples.film()}
    server.keep(*(sample.instance for sample in made.values()))
    return made


@pytest.fixture(scope="session")
def without_pixels(server):
    """An instance that has no pixels."""
    instance = plain(sop_class=instances.BASIC_TEXT_SR, Modality="SR")
    server.keep(instance)
    return instance
