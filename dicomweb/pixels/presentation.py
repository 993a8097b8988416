"""Presentation states: what they reference, which of their items count for a frame (PS3.3 A.33)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, items, numbers, text

_SOFTCOPY = "1.2.840.10008.5.1.4.1.1.11."


class Kind(StrEnum):
    """What a presentation state makes of its images."""

    GREY = "grey"
    COLOUR = "colour"
    PSEUDO_COLOUR = "pseudo colour"


KINDS = {
    _SOFTCOPY + "1": Kind.GREY,
    _SOFTCOPY + "2": Kind.COLOUR,
    _SOFTCOPY + "3": Kind.PSEUDO_COLOUR,
    # X-ray angiography: as grey; its mask subtraction is not done.
    _SOFTCOPY + "5": Kind.GREY,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """An image that a presentation state shows; `frames` empty are all of them."""

    series: str
    instance: str
    sop_class: str
    frames: tuple[int, ...] = ()


def is_presentation_state(sop_class: str) -> bool:
    """Whether rendering an instance of this class shows other instances in its manner."""
    return sop_class in KINDS


def kind_of(state: Metadata) -> Kind:
    """NotAcceptable for a class that is no presentation state, or one of volumes or blending."""
    kind = KINDS.get(text(state, "00080016"))
    if kind is None:
        raise NotAcceptable(
            "Presentation states are rendered when they are grayscale, color or pseudo-color"
            " softcopy presentation states."
        )
    return kind


def references_of(state: Metadata) -> tuple[Reference, ...]:
    """The images in the order of the sequences (PS3.3 C.11.11); the study is that of the state."""
    return tuple(
        Reference(
            series=text(series, "0020000E"),
            instance=text(image, "00081155"),
            sop_class=text(image, "00081150"),
            frames=_frames(image),
        )
        for series in items(state, "00081115")
        for image in items(series, "00081140")
        if text(image, "00081155")
    )


def item_for(state: Metadata, sequence: str, instance: str, frame_number: int) -> Metadata | None:
    """The item of a sequence that counts for this frame, for one that gives each image its own."""
    found = items_for(state, sequence, instance, frame_number)
    return found[0] if found else None


def items_for(
    state: Metadata, sequence: str, instance: str, frame_number: int
) -> Sequence[Metadata]:
    """All items that count: those that reference this frame, and those that reference nothing."""
    return [item for item in items(state, sequence) if _counts(item, instance, frame_number)]


def _counts(item: Metadata, instance: str, frame_number: int) -> bool:
    referenced = items(item, "00081140")
    return not referenced or any(
        text(image, "00081155") == instance and frame_number in (_frames(image) or (frame_number,))
        for image in referenced
    )


def _frames(image: Metadata) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers(image, "00081160"))
