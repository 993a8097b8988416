"""Instances and frames in other transfer syntaxes: samples, and what the data set says after."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pydicom
import pytest
import requests
from clients import get, parts, path_of, store
from imagecodecs import jpeg2k_encode
from pydicom.dataset import Dataset
from samples import compress, encode, make_image
from servers import Server

from dicomweb.pixels.targets import TARGETS, is_lossy

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4."
LOSSLESS = [
    *(EXPLICIT, "1.2.840.10008.1.2.5", f"{JPEG}57", f"{JPEG}70", f"{JPEG}80", f"{JPEG}90"),
    *(f"{JPEG}201", f"{JPEG}202"),
]
FRAMES = np.random.default_rng(5).integers(0, 4096, (3, 20, 30), np.uint16)


@pytest.fixture(scope="module")
def image(server: Server) -> Dataset:
    """Three frames of 12 bits."""
    dataset = make_image(rows=20, columns=30, frames=3, BitsStored=12, HighBit=11)
    dataset.PixelData = FRAMES.tobytes()
    assert store(server, encode(dataset)).status == 200
    return dataset


def instance(server: Server, dataset: Dataset, syntax: str) -> Dataset:
    accept = f'multipart/related; type="application/dicom"; transfer-syntax={syntax}'
    answer = get(server, path_of(dataset), accept)
    assert answer.status_code == 200, answer.text
    ((_, body),) = parts(answer)
    return pydicom.dcmread(BytesIO(body))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_an_instance_comes_whole_in_every_lossless_syntax(
    server: Server, image: Dataset, syntax: str
) -> None:
    found = instance(server, image, syntax)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert "LossyImageCompression" not in found
    stored = Dataset()
    stored.update({element.tag: element for element in image if element.tag != 0x7FE00010})
    del found[0x7FE00010]
    assert found == stored


@pytest.mark.parametrize("syntax", [EXPLICIT, "1.2.840.10008.1.2.5", f"{JPEG}80", f"{JPEG}90"])
def test_pydicom_reads_the_samples_again(server: Server, image: Dataset, syntax: str) -> None:
    assert np.array_equal(instance(server, image, syntax).pixel_array, FRAMES)


@pytest.mark.parametrize("syntax", [uid for uid in TARGETS if is_lossy(uid) and uid[-2:] != "50"])
def test_what_lost_something_says_so(server: Server, image: Dataset, syntax: str) -> None:
    found = instance(server, image, syntax)
    assert found.LossyImageCompression == "01"
    assert found.LossyImageCompressionRatio > 0
    assert found.LossyImageCompressionMethod.startswith("ISO_")


def test_overlays_in_the_bits_of_the_pixels_go_with_those_bits(server: Server) -> None:
    words = FRAMES[0] | (FRAMES[0] & 1) << 12
    dataset = make_image(rows=20, columns=30, BitsStored=12, HighBit=11)
    dataset.PixelData = words.astype(np.uint16).tobytes()
    for group in (0x6000, 0x6002):
        dataset.add_new((group, 0x0010), "US", 20)
        dataset.add_new((group, 0x0011), "US", 30)
        dataset.add_new((group, 0x0040), "CS", "G")
        dataset.add_new((group, 0x0050), "SS", [1, 1])
        dataset.add_new((group, 0x0100), "US", 16 if group == 0x6000 else 1)
        dataset.add_new((group, 0x0102), "US", 12 if group == 0x6000 else 0)
    dataset.add_new(0x60023000, "OW", bytes(76))
    assert store(server, encode(dataset)).status == 200
    kept, gone = (instance(server, dataset, syntax) for syntax in (EXPLICIT, f"{JPEG}80"))
    assert {element.tag.group for element in kept} >= {0x6000, 0x6002}
    assert {element.tag.group for element in gone} & {0x6000, 0x6002} == {0x6002}
    assert np.array_equal(gone.pixel_array, FRAMES[0])


def test_a_frame_needs_none_of_its_siblings(server: Server) -> None:
    """The second of three RLE frames is damaged; the others are given, and the whole is not."""
    dataset = make_image(rows=20, columns=30, frames=3, BitsStored=12, HighBit=11)
    dataset.PixelData = FRAMES.tobytes()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT
    dataset.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=3))
    frames[1] = bytes(len(frames[1]))
    dataset.PixelData = pydicom.encaps.encapsulate(frames)
    assert store(server, encode(dataset, "1.2.840.10008.1.2.5")).status == 200
    path, octets = path_of(dataset), "application/octet-stream"
    for number in (1, 3):
        answer = get(server, f"{path}/frames/{number}", octets)
        assert answer.content == FRAMES[number - 1].tobytes()
    assert get(server, f"{path}/frames/2", octets).status_code == 406
    accept = f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'
    assert get(server, path, accept).status_code == 406


def test_one_damaged_image_keeps_no_study_back(server: Server) -> None:
    image, damaged = make_image(), make_image()
    damaged.StudyInstanceUID = image.StudyInstanceUID
    damaged.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xc0 no JPEG "])
    file = encode(damaged, f"{JPEG}50")
    assert store(server, encode(image), file).status in (200, 202)
    study = f"/studies/{image.StudyInstanceUID}"
    lossless = f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'
    whole = get(server, study)
    assert (whole.status_code, len(parts(whole))) == (200, 2)
    assert get(server, path_of(damaged), "application/dicom").content == file
    some = get(server, study, lossless)
    assert (some.status_code, len(parts(some))) == (206, 1)
    for values in ("bulkdata", "pixeldata"):
        answer = get(server, f"{study}/{values}")
        assert (answer.status_code, len(parts(answer))) == (206, 1)


def test_what_cannot_be_given_is_406_with_what_can(server: Server, image: Dataset) -> None:
    accept = f'multipart/related; type="application/dicom"; transfer-syntax={JPEG}100'
    answer = get(server, path_of(image), accept)
    assert answer.status_code == 406
    assert f"{JPEG}90" in answer.json()["message"]


def _slow(server: Server) -> Dataset:
    """A radiograph in JPEG 2000, which takes a quarter of a second to decode."""
    values = np.random.default_rng(9).integers(0, 4096, (1500, 1500), np.uint16)
    dataset = make_image(rows=1500, columns=1500, BitsStored=12, HighBit=11)
    compress(dataset, [bytes(jpeg2k_encode(values, codecformat="J2K", bitspersample=12))])
    assert store(server, encode(dataset, f"{JPEG}90")).status == 200
    return dataset


def _renderings(server: Server) -> float:
    text = requests.get(f"{server.address}/metrics", timeout=60).text
    (line,) = (line for line in text.splitlines() if line.startswith("dicomweb_render_seconds_cou"))
    return float(line.split()[1])


def test_identical_requests_in_flight_are_rendered_once(own_server: Server) -> None:
    path = path_of(_slow(own_server)) + "/rendered"
    before = _renderings(own_server)
    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda _: get(own_server, path, "image/png").content, range(6)))
    assert len(set(answers)) == 1
    assert _renderings(own_server) == before + 1


def test_decoding_does_not_hold_up_other_requests(own_server: Server) -> None:
    """Four decodings take a second and more; what asks meanwhile is answered between them."""
    path = path_of(_slow(own_server)) + "/rendered"
    with ThreadPoolExecutor(4) as clients:
        slow = [
            clients.submit(get, own_server, f"{path}?window={center},4000,linear", "image/png")
            for center in range(1000, 1004)
        ]
        answered = 0
        while not all(each.done() for each in slow):
            assert requests.get(f"{own_server.address}/health/live", timeout=10).ok
            answered += 1
    assert all(each.result().status_code == 200 for each in slow)
    assert answered >= 5
