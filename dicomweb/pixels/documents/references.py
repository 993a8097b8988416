"""What a report or a key object selection refers to, in the order of its content."""

from collections.abc import Iterator

from dicomweb.pixels.attributes import Metadata, items, text
from dicomweb.pixels.documents.content_tree import Item, frames_of, read_tree
from dicomweb.pixels.presentation import Reference

_EVIDENCE = ("0040A375", "0040A385")


def key_references(metadata: Metadata) -> tuple[Reference, ...]:
    """Each referenced instance once, with its frames; its series as the evidence says it.

    Without references in its content those of the evidence count.
    """
    series = _series(metadata)
    found: dict[str, Reference] = {}
    for reference in _referenced(read_tree(metadata).root):
        instance = text(reference, "00081155")
        frames = tuple(frames_of(reference))
        before = found.get(instance)
        if before is not None:
            # A reference without frames means them all.
            frames = (
                tuple(dict.fromkeys(before.frames + frames)) if before.frames and frames else ()
            )
        found[instance] = Reference(
            series=series.get(instance, ("", ""))[0],
            instance=instance,
            sop_class=text(reference, "00081150"),
            frames=frames,
        )
    found.pop("", None)
    if found:
        return tuple(found.values())
    return tuple(Reference(uid, instance, cls) for instance, (uid, cls) in series.items())


def _referenced(item: Item) -> Iterator[Metadata]:
    if item.value_type in ("IMAGE", "COMPOSITE", "WAVEFORM"):
        yield from items(item.found, "00081199")
    for child in item.children:
        yield from _referenced(child)


def _series(metadata: Metadata) -> dict[str, tuple[str, str]]:
    """Instance -> its series and SOP class."""
    return {
        text(instance, "00081155"): (text(series, "0020000E"), text(instance, "00081150"))
        for sequence in _EVIDENCE
        for study in items(metadata, sequence)
        for series in items(study, "00081115")
        for instance in items(series, "00081199")
    }
