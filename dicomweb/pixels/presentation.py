"""Presentation states: what they reference, which of their items count for a frame (PS3.3 A.33)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, integer, items, numbers, text
from dicomweb.pixels.functional_groups import PER_FRAME, SHARED, either, macro

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


# What `targets_of` looks at in an image; the rest of its data set may be large.
ORDERING = ("00280008", "00200032", "00200037", SHARED, PER_FRAME)


def targets_of(state: Metadata, images: Mapping[str, Metadata]) -> list[tuple[str, int]]:
    """Every frame that the state shows: SOP Instance UID and frame number, in order (PS3.18 8.3.5).

    By Dimension Index Values, else by place along the normal of the slices, else as referenced.
    `images` holds the data sets of the instances that are there; others are left out, and so are
    frames beyond the last.
    """
    counts = {instance: _frame_count(image) for instance, image in images.items()}
    targets = [
        (reference.instance, number)
        for reference in references_of(state)
        if reference.instance in images
        for number in reference.frames or range(1, counts[reference.instance] + 1)
        if 1 <= number <= counts[reference.instance]
    ]
    for key in (_dimension_indices, _place_along_normal):
        keys = {target: key(images[target[0]], target[1]) for target in targets}
        if targets and all(found is not None for found in keys.values()):
            return sorted(targets, key=lambda target: keys[target] or ())
    return targets


def _frame_count(image: Metadata) -> int:
    return max(1, integer(image, "00280008", 1) or 1)


def _dimension_indices(image: Metadata, frame_number: int) -> tuple[float, ...] | None:
    content = macro(image, frame_number, "00209111")
    return tuple(numbers(content, "00209157")) or None if content is not None else None


def _place_along_normal(image: Metadata, frame_number: int) -> tuple[float, ...] | None:
    """Image Position (Patient) times the normal of Image Orientation (Patient)."""
    position = numbers(either(image, frame_number, "00209113", "00200032"), "00200032")
    axes = numbers(either(image, frame_number, "00209116", "00200037"), "00200037")
    if len(position) != 3 or len(axes) != 6:
        return None
    (a, b, c), (d, e, f) = axes[:3], axes[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    return (sum(part * along for part, along in zip(position, normal, strict=True)),)
