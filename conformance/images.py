"""Rendered images read back, and the formulas that say what their grey values must be."""

import io

import numpy as np
from PIL import Image


def decoded(picture: bytes) -> np.ndarray:
    """(rows, columns) of grey or (rows, columns, 3) of RGB, 8 bits."""
    with Image.open(io.BytesIO(picture)) as opened:
        grey = opened.mode in ("1", "L", "I", "I;16")
        if opened.mode == "P":
            rgb = np.asarray(opened.convert("RGB"))
            same = (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all()
            return rgb[..., 0] if same else rgb
        return np.asarray(opened.convert("L" if grey else "RGB"))


def grey(picture: bytes) -> np.ndarray:
    """(rows, columns), also of a picture that says grey in RGB."""
    pixels = decoded(picture)
    if pixels.ndim == 3:
        spread = pixels.max(axis=-1).astype(int) - pixels.min(axis=-1)
        assert spread.max() <= 2, "a grey image came out coloured"
        pixels = pixels[..., 0]
    return pixels


def kind(picture: bytes) -> str:
    """jpeg, png, gif, jpeg2000, jph, jxl … by the bytes, not by what was said."""
    if picture[4:8] == b"jP  " and picture[20:24] == b"jph ":  # ISO 15444-15: the brand tells
        return "jph"
    if picture[:2] == b"\xff\x0a" or picture[4:8] == b"JXL ":  # ISO 18181-2; not all read it
        return "jxl"
    with Image.open(io.BytesIO(picture)) as opened:
        return str(opened.format).lower()


def frames(picture: bytes) -> int:
    """How many frames an image file has."""
    with Image.open(io.BytesIO(picture)) as opened:
        return getattr(opened, "n_frames", 1)


def linear(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """VOI LUT Function LINEAR, 0 to 255 (PS3.3 C.11.2.1.2.1)."""
    if width == 1:
        return np.where(values <= centre - 0.5, 0.0, 255.0)
    return (((values.astype(float) - (centre - 0.5)) / (width - 1) + 0.5) * 255).clip(0, 255)


def linear_exact(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """VOI LUT Function LINEAR_EXACT, 0 to 255 (PS3.3 C.11.2.1.3.2)."""
    return (((values.astype(float) - centre) / width + 0.5) * 255).clip(0, 255)


def sigmoid(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """VOI LUT Function SIGMOID, 0 to 255 (PS3.3 C.11.2.1.3.1)."""
    return 255 / (1 + np.exp(-4.0 * (values.astype(float) - centre) / width))


def close(actual: np.ndarray, wanted: np.ndarray, tolerance: float) -> None:
    """Every pixel is within the tolerance; the message names the worst."""
    assert actual.shape == wanted.shape, f"{actual.shape} instead of {wanted.shape}"
    apart = np.abs(actual.astype(float) - wanted)
    worst = np.unravel_index(apart.argmax(), apart.shape)
    assert apart.max() <= tolerance, (
        f"pixel {tuple(int(i) for i in worst)} is {actual[worst]}, not {wanted[worst]:.1f}; "
        f"{(apart > tolerance).mean():.0%} of the pixels are off by more than {tolerance}"
    )


def rotated(pixels: np.ndarray, degrees: int) -> np.ndarray:
    """Turned clockwise."""
    return np.rot90(pixels, -degrees // 90)
