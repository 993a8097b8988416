"""Grey values of every sample against the formulas of PS3.3, written once more and apart."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import samples
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.pixels.rendering import Instance, read
from tests.pixels.stored_images import by_pydicom, quiet, stored

SERIES = ("ct-series", "mr-fmri", "mr-series", "dicomdir")
Values = NDArray[np.float64]


def chosen() -> list[Path]:
    """Every file, of the long series every sixteenth."""
    found = [*samples.files(), *samples.pydicom_files()]
    many = [path for path in found if path.parent.name in SERIES]
    return [path for path in found if path.parent.name not in SERIES] + many[::16]


def group(dataset: Dataset, sequence: str) -> Dataset:
    """A functional group of the first frame, of all frames, or the data set itself."""
    for holder in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for item in dataset.get(holder, [])[:1]:
            if item.get(sequence):
                return item[sequence].value[0]
    return dataset


def rescaled(values: Values, dataset: Dataset) -> Values:
    """PS3.3 C.11.1, without tables."""
    said = group(dataset, "PixelValueTransformationSequence")
    slope, intercept = said.get("RescaleSlope"), said.get("RescaleIntercept")
    return values * float(1 if slope is None else slope or 1) + float(intercept or 0)


def window(dataset: Dataset) -> tuple[float, float, str] | None:
    said = group(dataset, "FrameVOILUTSequence")
    pair = [said.get(name) for name in ("WindowCenter", "WindowWidth")]
    if any(each in (None, "") for each in pair):
        return None
    center, width = (float(each[0] if hasattr(each, "__len__") else each) for each in pair)
    return center, width, said.get("VOILUTFunction", "LINEAR") or "LINEAR"


def linear(values: Values, center: float, width: float) -> Values:
    """PS3.3 C.11.2.1.2.1 in its own words: three cases."""
    low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    between = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.where(values <= low, 0.0, np.where(values > high, 255.0, between))


def expected(path: Path) -> Values | None:
    """The shades of the first frame; None where the file is not a plain windowed grey image."""
    found = stored(path, most=1)
    dataset: Any = found.dataset
    seen = window(dataset)
    grey = dataset.get("PhotometricInterpretation") in ("MONOCHROME1", "MONOCHROME2")
    tables = ("ModalityLUTSequence", "PresentationLUTSequence", "PixelPaddingValue")
    plain = seen is None and dataset.get("BitsStored") == 8 and "VOILUTSequence" not in dataset
    if (
        not grey
        or dataset.get("Modality") == "SEG"
        or not (plain or (seen and seen[1] >= 2 and seen[2] == "LINEAR"))
    ):
        return None
    if any(name in dataset for name in tables) or dataset.get("PixelPresentation") == "COLOR":
        return None
    if "PixelData" not in dataset:
        return None
    frames = by_pydicom(found)
    if not frames:
        return None
    values = rescaled(frames[0].astype(float), dataset)
    light = linear(values, seen[0], seen[1]) if seen else values
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        light = 255 - light
    return np.floor(light + 0.5)


def compared(path: Path) -> tuple[Instance, Values] | None:
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")
        try:
            instance = read(path)
            shades = expected(path) if instance is not None else None
        except Exception:  # no image, or one that is broken on purpose: other tests have those
            return None
    return None if instance is None or shades is None else (instance, shades)


def test_every_grey_sample_has_the_values_of_the_formulas() -> None:
    found = {path: both for path in chosen() if (both := compared(path))}
    wrong = {}
    for path, (instance, shades) in found.items():
        png = np.abs(instance.png(1) - shades).max()
        jpeg = np.abs(instance.picture("image/jpeg", 1, quality=100) - shades).max()
        if png > 0 or jpeg > 2:
            wrong[str(path)[-60:]] = (float(png), float(jpeg))
    assert wrong == {}
    assert len(found) >= 70


def test_the_formulas_here_are_those_of_pydicom() -> None:
    from pydicom.pixels import apply_windowing

    dataset = pydicom.dcmread(samples.folder() / "pydicom" / "CT_small.dcm")
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    values = rescaled(dataset.pixel_array.astype(float), dataset)
    theirs = apply_windowing(values, dataset)
    ours = linear(values, 40, 400)
    scaled = (theirs - theirs.min()) / (theirs.max() - theirs.min()) * 255
    assert np.allclose(ours, scaled)
