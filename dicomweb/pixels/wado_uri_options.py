"""The rendering parameters of WADO-URI (PS3.18 9.1.2.2, 9.5.1.2): other names, other rules."""

from collections.abc import Mapping
from dataclasses import dataclass

from dicomweb.errors import BadRequest
from dicomweb.pixels.options import (
    DEFAULT_QUALITY,
    MAX_SIDE,
    Region,
    RenderOptions,
    Window,
    checked_window,
    decimal,
    parse_annotation,
    parse_quality,
    whole,
)
from dicomweb.resources import is_uid

# What may come with a presentation state, beside those that name things (PS3.18 9.5.1.2.8).
_NOT_WITH_PRESENTATION = ("windowCenter", "windowWidth", "frameNumber")


@dataclass(frozen=True, slots=True)
class UriOptions:
    """What a WADO-URI request asks of the picture; `frame` 0 and empty UIDs were not given."""

    render: RenderOptions
    frame: int = 0
    presentation_series: str = ""
    presentation: str = ""


def parse_wado_uri_options(
    params: Mapping[str, str], media_type: str = "image/jpeg", *, frames: int = 1
) -> UriOptions:
    """The parameters of a rendered WADO-URI request; BadRequest with a sentence.

    `frames` is the Number of Frames of the instance. A parameter that is given twice is for the
    caller to refuse: a mapping holds one value for a name.
    """
    series, presentation = _presentation(params)
    if presentation:
        _refuse(params, _NOT_WITH_PRESENTATION)
    width, height = (
        whole(params[name], MAX_SIDE, f"{name} is a whole number from 1 to {MAX_SIDE}.")
        if name in params
        else 0
        for name in ("columns", "rows")
    )
    annotation, warnings = parse_annotation(params.get("annotation", params.get("imageAnnotation")))
    quality = params.get("imageQuality")
    return UriOptions(
        render=RenderOptions(
            media_type=media_type,
            window=_window(params),
            width=width,
            height=height,
            region=_region(params["region"]) if "region" in params else None,
            quality=DEFAULT_QUALITY if quality is None else parse_quality(quality, "imageQuality"),
            annotation=annotation,
            warnings=warnings,
        ),
        frame=_frame(params["frameNumber"], frames) if "frameNumber" in params else 0,
        presentation_series=series,
        presentation=presentation,
    )


def _presentation(params: Mapping[str, str]) -> tuple[str, str]:
    """PS3.18 9.5.1.2.8: both UIDs or neither."""
    series, instance = params.get("presentationSeriesUID"), params.get("presentationUID")
    if series is None and instance is None:
        return "", ""
    if not series or not instance or not is_uid(series) or not is_uid(instance):
        raise BadRequest("presentationSeriesUID and presentationUID come together, each a UID.")
    return series, instance


def _refuse(params: Mapping[str, str], names: tuple[str, ...]) -> None:
    found = [name for name in names if name in params]
    if found:
        raise BadRequest(f"{', '.join(found)} cannot be combined with a presentation state.")


def _window(params: Mapping[str, str]) -> Window | None:
    """PS3.18 9.5.1.2.6: both or neither; always the linear function."""
    center, width = params.get("windowCenter"), params.get("windowWidth")
    if center is None and width is None:
        return None
    sentence = "windowCenter and windowWidth come together, each a decimal number."
    if center is None or width is None:
        raise BadRequest(sentence)
    return checked_window(decimal(center, sentence), decimal(width, sentence))


def _region(text: str) -> Region:
    """PS3.18 9.5.1.2.5: xmin,ymin,xmax,ymax of the image's sides, 0.0 to 1.0."""
    sentence = "region is xmin,ymin,xmax,ymax, decimals from 0.0 to 1.0, each min below its max."
    parts = text.split(",")
    if len(parts) != 4:
        raise BadRequest(sentence)
    left, top, right, bottom = (decimal(part, sentence) for part in parts)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadRequest(sentence)
    return Region(left, top, right - left, bottom - top, normalised=True)


def _frame(text: str, frames: int) -> int:
    """PS3.18 9.5.1.2.7; we take frameNumber=1 of an image that has one frame."""
    return whole(text, frames, f"frameNumber is a whole number from 1 to {frames} for this image.")
