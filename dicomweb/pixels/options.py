"""What a request asks of a rendered image: window, viewport, quality, annotation, ICC profile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dicomweb.errors import BadRequest

# The larger of these bounds the memory of a picture: 8192 x 8192 in colour takes 192 MB.
MAX_SIDE = 8192
DEFAULT_QUALITY = 90

FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
ANNOTATIONS = ("patient", "technique")
PROFILES = ("no", "yes", "srgb", "adobergb", "rommrgb")
# GIF has an extension for profiles that no browser reads.
WITH_PROFILE = ("image/jpeg", "image/png", "image/jp2")

_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """A window on values behind the Modality LUT; `function` as in VOI LUT Function (0028,1056)."""

    center: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the image that is shown, in pixels, or in 0 to 1 of its sides when `normalised`.

    `width` and `height` None reach to the far edge; `mirrored` and `flipped` turn the picture
    around its vertical and its horizontal axis (PS3.18 8.3.5.1.3).
    """

    left: float = 0.0
    top: float = 0.0
    width: float | None = None
    height: float | None = None
    mirrored: bool = False
    flipped: bool = False
    normalised: bool = False


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Everything a request may ask of the picture; all of it has a default.

    `width` and `height` are the box into which the region is scaled, keeping its aspect; one of
    them may be 0 (WADO-URI), both are 0 without a viewport. `profile` is one of PROFILES, or ""
    for our own choice. `warnings` are sentences for the Warning header.
    """

    media_type: str = "image/jpeg"
    window: Window | None = None
    width: int = 0
    height: int = 0
    region: Region | None = None
    quality: int = DEFAULT_QUALITY
    annotation: tuple[str, ...] = ()
    profile: str = ""
    overlays: bool = False
    warnings: tuple[str, ...] = ()


def parse_options(
    params: Mapping[str, str],
    media_type: str = "image/jpeg",
    *,
    presentation_state: bool = False,
) -> RenderOptions:
    """The query parameters of a rendered resource (PS3.18 8.3.5.1); BadRequest with a sentence.

    `media_type` is the one that has been chosen. Unknown parameters are ignored (PS3.18 8.3).
    `overlays=yes` is ours: it burns in the overlay planes of the image.
    """
    if presentation_state and "window" in params:
        raise BadRequest("A presentation state has windows of its own: leave window out.")
    width, height, region = _viewport(params, plain=presentation_state)
    annotation, warnings = parse_annotation(params.get("annotation"))
    return RenderOptions(
        media_type=media_type,
        window=_window(params["window"]) if "window" in params else None,
        width=width,
        height=height,
        region=region,
        quality=parse_quality(params["quality"], "quality")
        if "quality" in params
        else DEFAULT_QUALITY,
        annotation=annotation,
        profile=_profile(params["iccprofile"], media_type) if "iccprofile" in params else "",
        overlays=_overlays(params.get("overlays", "no")),
        warnings=warnings,
    )


def parse_thumbnail_options(params: Mapping[str, str]) -> tuple[int, int]:
    """The box of a thumbnail, `viewport=vw,vh` and nothing else (PS3.18 10.4.1.2.5), else 0, 0."""
    width, height, _ = _viewport(params, plain=True)
    return width, height


def decimal(text: str, sentence: str) -> float:
    """A decimal number of a query parameter, or BadRequest with the sentence."""
    stripped = text.strip()
    if len(stripped) > 32 or not _DECIMAL.fullmatch(stripped):
        raise BadRequest(sentence)
    found = float(stripped)
    if abs(found) > 1e30:
        raise BadRequest(sentence)
    return found


def whole(text: str, most: int, sentence: str) -> int:
    """A positive integer up to `most`, or BadRequest with the sentence."""
    stripped = text.strip()
    if not re.fullmatch("0*[1-9][0-9]{0,8}", stripped, re.ASCII) or int(stripped) > most:
        raise BadRequest(sentence)
    return int(stripped)


def checked_window(center: float, width: float, function: str = "LINEAR") -> Window:
    """PS3.3 C.11.2.1.2: the width of LINEAR is at least 1, of the others more than 0."""
    if width < 1 if function == "LINEAR" else width <= 0:
        raise BadRequest("A linear window is at least 1 wide; others are wider than 0.")
    return Window(center, width, function)


def parse_quality(text: str, name: str) -> int:
    """1 to 100, 100 the best; ignored later where the media type loses nothing."""
    return whole(text, 100, f"{name} is a whole number from 1 to 100.")


def parse_annotation(text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The annotations that we know, and a warning that names the others (PS3.18 8.3.5.1.1)."""
    if text is None:
        return (), ()
    words = [word.strip() for word in text.split(",")]
    if not all(_KEYWORD.fullmatch(word) for word in words):
        raise BadRequest("annotation is a list of keywords: patient, technique, or both.")
    unknown = [word for word in words if word.lower() not in ANNOTATIONS]
    known = {word.lower() for word in words}
    warning = "The following annotation values are not supported: " + ", ".join(unknown)
    return tuple(a for a in ANNOTATIONS if a in known), (warning,) if unknown else ()


def _window(text: str) -> Window:
    sentence = (
        "window is center,width,function with function one of linear, linear-exact, sigmoid,"
        " as in window=40,400,linear."
    )
    parts = text.split(",")
    function = FUNCTIONS.get(parts[-1].strip().lower().replace("_", "-"))
    if len(parts) != 3 or function is None:
        raise BadRequest(sentence)
    return checked_window(decimal(parts[0], sentence), decimal(parts[1], sentence), function)


def _viewport(params: Mapping[str, str], *, plain: bool) -> tuple[int, int, Region | None]:
    """PS3.18 8.3.5.1.3: vw,vh[,[sx],[sy],[sw],[sh]]; `plain` allows the first two only."""
    if "viewport" not in params:
        return 0, 0, None
    parts = [part.strip() for part in params["viewport"].split(",")]
    if plain and len(parts) != 2:
        raise BadRequest("viewport is vw,vh here: the size of the box, two positive integers.")
    if not 2 <= len(parts) <= 6:
        raise BadRequest("viewport is vw,vh or vw,vh,sx,sy,sw,sh, as in viewport=512,512.")
    sentence = f"The first two numbers of viewport are whole, from 1 to {MAX_SIDE}."
    width, height = (whole(part, MAX_SIDE, sentence) for part in parts[:2])
    return width, height, _region(parts[2:]) if any(parts[2:]) else None


def _region(parts: list[str]) -> Region:
    sentence = "The numbers sx, sy, sw and sh of viewport are decimals or empty; no side is 0."
    left, top, width, height = (
        decimal(part, sentence) if part else None for part in (*parts, "", "", "", "")[:4]
    )
    if width == 0 or height == 0:
        raise BadRequest(sentence)
    return Region(
        left=abs(left or 0.0),
        top=abs(top or 0.0),
        width=None if width is None else abs(width),
        height=None if height is None else abs(height),
        mirrored=width is not None and width < 0,
        flipped=height is not None and height < 0,
    )


def _profile(text: str, media_type: str) -> str:
    """PS3.18 8.3.5.1.5: a media type that carries no profile allows `no` alone."""
    profile = text.strip().lower()
    if profile not in PROFILES:
        raise BadRequest(f"iccprofile is one of {', '.join(PROFILES)}.")
    if profile != "no" and media_type not in WITH_PROFILE:
        raise BadRequest(f"{media_type} carries no ICC profile: iccprofile=no is possible.")
    return profile


def _overlays(text: str) -> bool:
    if text not in ("yes", "no"):
        raise BadRequest("overlays is yes or no.")
    return text == "yes"
