"""Every stored image that somebody else can decode too, compared sample by sample."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import samples
from engines import program

from dicomweb.errors import Refusal
from dicomweb.pixels.decode import decode
from dicomweb.pixels.image import photometric_after
from tests.pixels.stored_images import Stored, by_dcmtk, by_pydicom, stored


def differences(found: Stored) -> list[str]:
    """What differs from pydicom's frames, nothing where pydicom has none."""
    expected = by_pydicom(found)
    said = []
    for ours, theirs in zip(
        [decode(frame, found.image) for frame in found.frames], expected, strict=False
    ):
        if photometric_after(found.image) == "RGB" and found.image.photometric.startswith("YBR_F"):
            theirs = full_to_rgb(theirs)
            same = ours.shape == theirs.shape and np.abs(ours.astype(int) - theirs).max() <= 1
        else:
            same = np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f")
            same &= ours.dtype == theirs.dtype.newbyteorder("=")
        if not same:
            said.append(f"{found.image}: {ours.dtype}{ours.shape} {theirs.dtype}{theirs.shape}")
    return said


def full_to_rgb(array: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The formulas of PS3.3 C.7.6.3.1.2."""
    y, cb, cr = np.moveaxis(array.astype(float), -1, 0)
    cb, cr = cb - 128, cr - 128
    rgb = (y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb)
    return np.clip(np.rint(np.stack(rgb, -1)), 0, 255).astype(int)


@pytest.mark.parametrize("path", samples.pydicom_files(), ids=lambda path: path.name)
def test_a_file_of_pydicoms_wheel_decodes_as_pydicom_decodes_it(path: Path) -> None:
    try:
        found = stored(path)
        expected = by_pydicom(found)
    except (ValueError, Refusal):
        pytest.skip("holds no image")
    if not expected:
        pytest.skip("pydicom cannot decode it")
    assert differences(found) == []


def test_the_shared_samples_decode_as_pydicom_decodes_them() -> None:
    compared = 0
    said = []
    for path in samples.files():
        try:
            found = stored(path, most=2)
        except Exception:
            continue
        if by_pydicom(found):
            compared += 1
            said += [f"{path.name}: {each}" for each in differences(found)]
    assert said == []
    assert compared > 600


def jpeg_files() -> list[str]:
    """Files whose JPEG process pydicom leaves alone, below the shared samples."""
    slice_ = "transfer-syntaxes/one-ct-slice/CTImage.dcm_JPEGProcess"
    return [
        f"{slice_}14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm",
        f"{slice_}14TransferSyntax_1.2.840.10008.1.2.4.57.dcm",
        f"{slice_}2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
        f"{slice_}6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
        f"{slice_}10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
        f"{slice_}1TransferSyntax_1.2.840.10008.1.2.4.50.dcm",
        "transfer-syntaxes/test-pattern/TestPattern_JPEG-Lossless_RGB.dcm",
        "pydicom/JPEG-lossy.dcm",
        "pydicom/JPGExtended.dcm",
        "pydicom/SC_rgb_jpeg_gdcm.dcm",
        "pydicom-data/JPEG-LL.dcm",
        "pydicom-data/bad_sequence.dcm",
        "encapsulation/CT0012.fragmented_no_bot_jpeg_lossless.57.dcm",
        "encapsulation/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm",
    ]


@pytest.mark.parametrize("name", jpeg_files(), ids=lambda name: Path(name).name)
def test_a_jpeg_decodes_as_dcmtk_decodes_it(name: str, tmp_path: Path) -> None:
    path = samples.folder() / name
    found, expected = stored(path, most=1), by_dcmtk(path, tmp_path)
    ours = decode(found.frames[0], found.image)
    theirs = decode(expected.frames[0], expected.image)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    "source",
    ["ct-series/I310.dcm", "pydicom/CT_small.dcm", "synthetic/modalities/sc_rgb_planar1.dcm"],
)
@pytest.mark.parametrize(
    "options",
    [
        "+el +sv 1",
        "+el +sv 4",
        "+el +sv 7",
        "+el +sv 2 +pt 2",
        "+eb +cr",
        "+eb +cy +s2",
        "+ee",
        "+es",
        "+ep",
    ],
)
def test_a_jpeg_written_by_dcmtk_decodes_as_dcmtk_decodes_it(
    source: str, options: str, tmp_path: Path
) -> None:
    path = tmp_path / "jpeg.dcm"
    command = [
        program("dcmcjpeg", "dcmtk"),
        *options.split(),
        str(samples.folder() / source),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True)
    found = stored(path)
    as_rgb = photometric_after(found.image) != found.image.photometric
    expected = by_dcmtk(path, tmp_path, "+cp" if as_rgb else "+cn")
    theirs = decode(expected.frames[0], expected.image)
    assert np.array_equal(decode(found.frames[0], found.image), theirs)
