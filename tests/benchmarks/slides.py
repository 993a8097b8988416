"""A whole slide image: thousands of JPEG tiles in one object, a functional group for each."""

import io
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit

from tests.benchmarks.instances import Place, encode, make, uid

SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
TILE = 256
DIFFERENT = 16
COLUMNS_OF_TILES = 100


@dataclass(frozen=True, slots=True)
class Slide:
    """The object, its file, and what its frames are made of."""

    place: Place
    file: bytes
    tiles: tuple[bytes, ...]
    frames: int

    def tile(self, number: int) -> bytes:
        """The stored bytes of frame `number`, counted from 1."""
        return self.tiles[(number - 1) % len(self.tiles)]


def slide(frames: int) -> Slide:
    """A slide of `frames` tiles of about 21 KB."""
    place = Place(uid("slide"), uid("slide", 1), uid("slide", 1, 1), 1)
    tiles = tuple(_tiles())
    dataset = _dataset(place, frames)
    dataset.PixelData = encapsulate([tiles[n % DIFFERENT] for n in range(frames)])
    dataset["PixelData"].is_undefined_length = True
    return Slide(place, encode(dataset, JPEGBaseline8Bit), tiles, frames)


def _tiles() -> list[bytes]:
    noise = np.random.default_rng(3)
    found = []
    for _ in range(DIFFERENT):
        coarse = noise.integers(90, 240, (TILE // 8, TILE // 8, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((TILE, TILE), Image.Resampling.BICUBIC)
        grain = noise.integers(-12, 13, (TILE, TILE, 3))
        tile = np.clip(np.asarray(smooth).astype(int) + grain, 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(tile).save(buffer, "JPEG", quality=80, subsampling=1)
        found.append(buffer.getvalue() + b"\0" * (buffer.tell() % 2))
    return found


def _dataset(place: Place, frames: int) -> Dataset:
    rows = -(-frames // COLUMNS_OF_TILES)
    return make(
        SOPClassUID=SLIDE_CLASS,
        SOPInstanceUID=place.instance,
        StudyInstanceUID=place.study,
        SeriesInstanceUID=place.series,
        StudyDate="20200101",
        StudyTime="101112",
        AccessionNumber="A2",
        ReferringPhysicianName="",
        StudyID="1",
        SeriesNumber=1,
        InstanceNumber=1,
        Modality="SM",
        PatientName="SLIDE^BENCH",
        PatientID="BENCH00002",
        PatientBirthDate="",
        PatientSex="",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        NumberOfFrames=frames,
        Rows=TILE,
        Columns=TILE,
        TotalPixelMatrixColumns=COLUMNS_OF_TILES * TILE,
        TotalPixelMatrixRows=rows * TILE,
        SamplesPerPixel=3,
        PhotometricInterpretation="YBR_FULL_422",
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        LossyImageCompression="01",
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=Sequence(_group(n) for n in range(frames)),
    )


def _group(number: int) -> Dataset:
    row, column = divmod(number, COLUMNS_OF_TILES)
    position = make(
        XOffsetInSlideCoordinateSystem=f"{column * 0.064:.4f}",
        YOffsetInSlideCoordinateSystem=f"{row * 0.064:.4f}",
        ZOffsetInSlideCoordinateSystem="0",
        ColumnPositionInTotalImagePixelMatrix=column * TILE + 1,
        RowPositionInTotalImagePixelMatrix=row * TILE + 1,
    )
    content = make(DimensionIndexValues=[column + 1, row + 1])
    return make(
        FrameContentSequence=Sequence([content]), PlanePositionSlideSequence=Sequence([position])
    )


def some_frames(slide: Slide, count: int) -> list[int]:
    """`count` frame numbers from all over the slide, always the same ones."""
    return random.Random(5).sample(range(1, slide.frames + 1), min(count, slide.frames))
