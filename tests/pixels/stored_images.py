"""What the tests of decoding share: frames out of files, read by pydicom, and images made here."""

import logging
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.pixels import iter_pixels

from dicomweb.pixels.image import ImagePixel, Kind
from tests.engines import program

Array = NDArray[Any]
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99")
BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True)
class Stored:
    """One file: its data set, the description of its pixels, its frames as they are stored."""

    dataset: FileDataset
    image: ImagePixel
    frames: list[bytes]


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings and logs that pydicom has for odd files."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def metadata_of(dataset: FileDataset) -> dict[str, Any]:
    """Group 0028 and the pixel data elements as DICOM JSON, bulk data left out."""
    found = {
        f"{element.tag:08X}": element.to_json_dict(None, 1)
        for element in dataset.group_dataset(0x0028)
    }
    kinds = (kind for kind in Kind if int(kind, 16) in dataset)
    return found | {str(kind): {"vr": dataset[int(kind, 16)].VR} for kind in kinds}


def stored(path: Path, most: int = 4) -> Stored:
    """At most the first `most` frames of a file; ValueError or a Refusal when it has none."""
    with quiet():
        dataset = pydicom.dcmread(path, force=True)
        syntax = str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", ""))
        kind = next((kind for kind in Kind if int(kind, 16) in dataset), None)
        if kind is None or not syntax:
            raise ValueError("no pixels")
        image = ImagePixel.of(metadata_of(dataset), syntax)
        value = dataset[int(kind, 16)].value
        if syntax in (*NATIVE, BIG_ENDIAN):
            return Stored(dataset, image, native_frames(value, image)[:most])
        frames = generate_frames(value, number_of_frames=image.frames)
        return Stored(
            dataset, image, [frame for frame, _ in zip(frames, range(most), strict=False)]
        )


def native_frames(value: bytes, image: ImagePixel) -> list[bytes]:
    """The frames of native pixel data; 1-bit frames moved to the beginning of a byte."""
    if image.bits_allocated == 1:
        pixels = image.rows * image.columns
        bits = np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little")
        cut = (bits[at * pixels : (at + 1) * pixels] for at in range(image.frames))
        return [np.packbits(frame, bitorder="little").tobytes() for frame in cut]
    size = image.native_bytes
    # In big endian words the last byte of an odd frame lies one behind its end.
    extra = size % 2 if image.transfer_syntax == BIG_ENDIAN else 0
    return [value[at * size : (at + 1) * size + extra] for at in range(image.frames)]


def by_pydicom(found: Stored) -> list[Array]:
    """The same frames by pydicom, without its conversion of colour; [] where it has no decoder."""
    with quiet():
        try:
            pixels = iter_pixels(found.dataset, raw=True)
            return [next(pixels) for _ in found.frames]
        except Exception:
            return []


def by_dcmtk(path: Path, folder: Path, colour: str = "+cn") -> Stored:
    """The file decompressed by dcmdjpeg, colour left alone by +cn, made RGB by +cp; or skipped."""
    target = folder / "decompressed.dcm"
    subprocess.run(
        [program("dcmdjpeg", "dcmtk"), colour, str(path), str(target)],
        check=True,
        capture_output=True,
    )
    return stored(target)


def make_samples(image: ImagePixel, seed: int = 0) -> Array:
    """A slope with noise that uses the whole range of the samples, both ends included."""
    rng = np.random.default_rng(seed)
    low = -(1 << (image.bits_stored - 1)) if image.signed else 0
    span = (1 << image.bits_stored) - 1
    slope = np.linspace(0, span, image.rows * image.columns * image.samples).reshape(image.shape)
    noise = rng.normal(0, span / 50, image.shape)
    values = np.clip(np.rint(slope + noise), 0, span).astype(np.int64) + low
    values.reshape(-1)[:2] = low, low + span
    return values.astype(f"{'i' if image.signed else 'u'}{image.bits_allocated // 8}")


def make_image(bits: int, *, signed: bool = False, samples: int = 1, **more: Any) -> ImagePixel:
    """A small image of odd sides in the fewest whole bytes, native unless `more` says otherwise."""
    allocated = 8 * ((bits + 7) // 8) if bits <= 16 else 32
    settings: dict[str, Any] = {
        "rows": 37,
        "columns": 42,
        "samples": samples,
        "photometric": "MONOCHROME2" if samples == 1 else "RGB",
        "bits_allocated": allocated,
        "bits_stored": bits,
        "high_bit": bits - 1,
        "signed": signed,
    }
    return ImagePixel(**settings | more)
