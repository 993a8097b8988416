"""What kind of thing an instance is, and as which media types it can be rendered.

No NumPy and no pydicom here: negotiation asks before anything is opened.
"""

from enum import StrEnum

from dicomweb.pixels.presentation import is_presentation_state

_STORAGE = "1.2.840.10008.5.1.4.1.1."


class Kind(StrEnum):
    """The kinds that are rendered in different ways."""

    IMAGE = "image"
    VIDEO = "video"
    SEGMENTATION = "segmentation"
    PRESENTATION_STATE = "presentation state"
    REPORT = "report"
    KEY_OBJECTS = "key objects"
    PDF = "PDF document"
    CDA = "CDA document"
    MODEL = "model"
    WAVEFORM = "waveform"
    STRUCTURE_SET = "structure set"
    OTHER = "other"


class Category(StrEnum):
    """The resource categories of PS3.18 Table 8.7.2-1."""

    SINGLE_FRAME = "single frame image"
    MULTI_FRAME = "multi-frame image"
    VIDEO = "video"
    TEXT = "text"
    OTHER = "other"


PICTURES = ("image/jpeg", "image/png", "image/gif", "image/jp2", "image/jph", "image/jxl")
TEXTS = ("text/html", "text/plain", "text/xml")
# A drawing loses its lines as JPEG, so that PNG stands first.
DRAWINGS = ("image/png", "image/jpeg", "image/gif", "image/jp2", "image/jph", "image/jxl")

_BY_CLASS = {
    _STORAGE + "66.4": Kind.SEGMENTATION,
    _STORAGE + "66.7": Kind.SEGMENTATION,
    _STORAGE + "88.59": Kind.KEY_OBJECTS,
    _STORAGE + "104.1": Kind.PDF,
    _STORAGE + "104.2": Kind.CDA,
    _STORAGE + "104.3": Kind.MODEL,
    _STORAGE + "104.4": Kind.MODEL,
    _STORAGE + "104.5": Kind.MODEL,
    _STORAGE + "481.3": Kind.STRUCTURE_SET,
    # A report that stands apart from the other SR classes; states of waveforms among those.
    _STORAGE + "79.1": Kind.REPORT,
    _STORAGE + "9.100.1": Kind.OTHER,
    _STORAGE + "9.100.2": Kind.OTHER,
}
_MODELS = {
    _STORAGE + "104.3": "model/stl",
    _STORAGE + "104.4": "model/obj",
    _STORAGE + "104.5": "model/mtl",
}
_MPEG = "1.2.840.10008.1.2.4."
_VIDEO = {
    **{_MPEG + number: "video/mpeg" for number in ("100", "100.1", "101", "101.1")},
    **{
        _MPEG + number + fragmentable: "video/mp4"
        for number in ("102", "103", "104", "105", "106")
        for fragmentable in ("", ".1")
    },
    **{_MPEG + number: "video/H265" for number in ("107", "108")},
}
# The best for a browser first: `*/*` gets it (PS3.18 8.7.7; Table 8.7.4-1 for texts).
_MEDIA_TYPES = {
    Kind.IMAGE: PICTURES,
    Kind.SEGMENTATION: DRAWINGS,
    Kind.PRESENTATION_STATE: (*PICTURES, "text/html", "text/plain"),
    Kind.REPORT: TEXTS,
    Kind.KEY_OBJECTS: (*TEXTS, "image/jpeg", "image/png"),
    Kind.PDF: ("application/pdf", *TEXTS),
    Kind.CDA: ("text/html", "text/xml", "text/plain"),
    Kind.MODEL: TEXTS,
    Kind.WAVEFORM: ("image/svg+xml", "image/png", "image/jpeg", "text/html", "text/plain"),
    Kind.STRUCTURE_SET: (*DRAWINGS, "text/html", "text/plain"),
    Kind.OTHER: ("text/html", "text/plain"),
}
_TEXT_KINDS = (Kind.REPORT, Kind.KEY_OBJECTS, Kind.PDF, Kind.CDA, Kind.MODEL)


def kind_of(sop_class: str, *, has_pixels: bool = False, transfer_syntax: str = "") -> Kind:
    """By SOP class, and for images whether there are pixels, and whether those are a video."""
    known = _BY_CLASS.get(sop_class)
    if known is Kind.SEGMENTATION:
        return known if has_pixels else Kind.OTHER
    if known is not None:
        return known
    if has_pixels:
        return Kind.VIDEO if transfer_syntax in _VIDEO else Kind.IMAGE
    if is_presentation_state(sop_class):
        return Kind.PRESENTATION_STATE
    # All SR classes, CAD and dose reports included, and every waveform, have a root of their own.
    if sop_class.startswith(_STORAGE + "88."):
        return Kind.REPORT
    return Kind.WAVEFORM if sop_class.startswith(_STORAGE + "9.") else Kind.OTHER


def media_types(kind: Kind, sop_class: str = "", transfer_syntax: str = "") -> tuple[str, ...]:
    """What an instance of this kind can be rendered as, what a browser shows best first.

    A video in its own transfer syntax and the bytes of an encapsulated document, which are among
    them, are served as they are stored.
    """
    if kind is Kind.VIDEO:
        return (_VIDEO.get(transfer_syntax, "video/mp4"),)
    if kind is Kind.MODEL and sop_class in _MODELS:
        return (*TEXTS, _MODELS[sop_class])
    return _MEDIA_TYPES[kind]


def is_as_stored(kind: Kind, media_type: str) -> bool:
    """Whether this form of it is a value of the instance, byte for byte: no rendering is needed."""
    if kind is Kind.CDA:
        return media_type == "text/xml"
    if kind is Kind.MODEL:
        return media_type.startswith("model/")
    return kind is Kind.VIDEO or media_type == "application/pdf"


def category_of(kind: Kind, frames: int = 1) -> Category:
    """The resource category that the Standard negotiates by (PS3.18 Table 8.7.2-1)."""
    if kind in _TEXT_KINDS:
        return Category.TEXT
    if kind is Kind.VIDEO:
        return Category.VIDEO
    if kind in (Kind.IMAGE, Kind.SEGMENTATION):
        return Category.SINGLE_FRAME if frames <= 1 else Category.MULTI_FRAME
    return Category.OTHER
