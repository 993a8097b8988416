"""What the tests of rendering share: an instance as the archive gives it, a picture read back."""

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from dicomweb.pixels.image import ImagePixel
from dicomweb.pixels.options import RenderOptions
from dicomweb.pixels.render import render

EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
# What pydicom raises for files that are broken on purpose.
UNREADABLE = (
    *(LookupError, AttributeError, ValueError, TypeError),
    *(OSError, EOFError, NotImplementedError),
)
PIXELS = ("7FE00010", "7FE00008", "7FE00009")


@dataclass(frozen=True)
class Instance:
    metadata: dict[str, Any]
    transfer_syntax: str
    frames: list[bytes]

    def png(self, frame: int = 1, **options: Any) -> NDArray[np.uint8]:
        """The pixels of frame `frame` rendered without loss."""
        return self.picture("image/png", frame, **options)

    def picture(self, media_type: str, frame: int = 1, **options: Any) -> NDArray[np.uint8]:
        asked = RenderOptions(media_type=media_type, **options)
        stored = self.frames[frame - 1]
        rendered = render(stored, self.metadata, self.transfer_syntax, asked, frame)
        return pixels_of(rendered.body)


def pixels_of(body: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(body)))


def instance_of(dataset: Dataset, transfer_syntax: str = EXPLICIT) -> Instance:
    """A data set whose frames are cut by pydicom, its metadata with everything inline."""
    metadata = metadata_of(dataset)
    return Instance(metadata, transfer_syntax, frames_of(dataset, metadata, transfer_syntax))


def metadata_of(dataset: Dataset) -> dict[str, Any]:
    """DICOM JSON by pydicom's own hand; the pixels are represented, not copied."""
    kept = Dataset()
    for element in dataset:
        if element.tag.group != 0x7FE0 and not element.tag.is_private:
            kept.add(element)
    metadata: dict[str, Any] = json.loads(kept.to_json(suppress_invalid_tags=True))
    for tag in PIXELS:
        if int(tag, 16) in dataset:
            metadata[tag] = {"vr": dataset[int(tag, 16)].VR, "BulkDataURI": "pixels"}
    return metadata


def frames_of(dataset: Dataset, metadata: dict[str, Any], transfer_syntax: str) -> list[bytes]:
    data = next(dataset[int(tag, 16)].value for tag in PIXELS if int(tag, 16) in dataset)
    count = int(dataset.get("NumberOfFrames") or 1)
    if pydicom.uid.UID(transfer_syntax).is_encapsulated:
        return list(generate_frames(data, number_of_frames=count))
    image = ImagePixel.of(metadata, transfer_syntax)
    if image.bits_allocated == 1:
        return _bit_frames(data, image, count)
    size = image.native_bytes
    # The last byte of an odd frame of big endian words lies one behind its end.
    more = size % 2 if transfer_syntax == BIG_ENDIAN else 0
    return [data[start : start + size + more] for start in range(0, size * count, size)]


def _bit_frames(data: bytes, image: ImagePixel, count: int) -> list[bytes]:
    """Frames that begin at bit 0, as the reader of a file gives them (1-bit frames share bytes)."""
    pixels = image.rows * image.columns
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return [
        np.packbits(bits[start : start + pixels], bitorder="little").tobytes()
        for start in range(0, pixels * count, pixels)
    ]


def read(path: Path) -> Instance | None:
    """A file's instance, or None when it is no image (or no DICOM) at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            if not any(int(tag, 16) in dataset for tag in PIXELS) or "Rows" not in dataset:
                return None
            syntax = dataset.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2")
            return instance_of(dataset, str(syntax))
        except UNREADABLE:
            return None
