"""What an enhanced multi-frame image says of one frame, or of all of them (PS3.3 C.7.6.16)."""

from dicomweb.pixels.attributes import Metadata, items, values

SHARED = "52009229"
PER_FRAME = "52009230"


def macro(metadata: Metadata, frame_number: int, sequence: str) -> Metadata | None:
    """The first item of a functional group's sequence: of the frame itself, else of all frames.

    Only the item of that frame is touched, whatever the number of frames.
    """
    for group in _groups(metadata, frame_number):
        found = items(group, sequence)
        if found:
            return found[0]
    return None


def either(metadata: Metadata, frame_number: int, sequence: str, tag: str) -> Metadata:
    """The macro if it has the attribute, else the data set itself: where a classic image has it."""
    found = macro(metadata, frame_number, sequence)
    return found if found is not None and tag in found else metadata


def _groups(metadata: Metadata, frame_number: int) -> list[Metadata]:
    per_frame = values(metadata, PER_FRAME)
    own = per_frame[frame_number - 1 : frame_number] if frame_number > 0 else []
    return [group for group in (*own, *values(metadata, SHARED)[:1]) if isinstance(group, dict)]
